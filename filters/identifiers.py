"""Check characters of identifiers: whether a number is one, by its own arithmetic.

Every function takes the identifier in lower-case ASCII without separators, and answers for anything else too.
"""

from calendar import monthrange

EARLIEST_BIRTH, LATEST_BIRTH = 1850, 2035
"""Years of birth that a resident ID can hold; no clock is asked, so that a text measures the same next year."""
_ID_CHECKS = "10x98765432"
_USCC = "0123456789abcdefghjklmnpqrtuwxy"
_USCC_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_ALNUM = "0123456789abcdefghijklmnopqrstuvwxyz"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VIN_VALUES = dict(
    zip("abcdefghjklmnprstuvwxyz0123456789", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10), *range(10)), strict=True)
)
_TAIWAN_LETTERS = dict(zip("abcdefghjklmnpqrstuvxywzio", range(10, 36), strict=True))
_TAIWAN_WEIGHTS = (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)


def is_date(year: int, month: int, day: int) -> bool:
    """Say whether there was such a day."""
    return year >= 1 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]  # noqa: PLR2004


def _digits(value: str) -> bool:
    return value.isascii() and value.isdigit()


def resident_check(value: str) -> bool:
    """Check a resident ID of 18 characters by date of birth and check character (GB 11643-1999, ISO 7064 MOD 11-2)."""
    if len(value) != 18 or not _digits(value[:17]) or value[17] not in _ID_CHECKS:  # noqa: PLR2004
        return False
    year, month, day = int(value[6:10]), int(value[10:12]), int(value[12:14])
    if not (EARLIEST_BIRTH <= year <= LATEST_BIRTH and is_date(year, month, day)):
        return False
    return (
        _ID_CHECKS[sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(value[:17])) % 11] == value[17]
    )


def old_resident_date(value: str) -> bool:
    """Say whether 15 digits hold a date of birth where resident IDs of 15 digits do; these have no check character."""
    return len(value) == 15 and _digits(value) and is_date(1900 + int(value[6:8]), int(value[8:10]), int(value[10:12]))  # noqa: PLR2004


def luhn(value: str) -> bool:
    """Check digits by Luhn's formula (ISO/IEC 7812-1)."""
    if not _digits(value) or set(value) == {"0"}:
        return False
    total = 0
    for place, digit in enumerate(reversed(value)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 * (doubled > 9)  # noqa: PLR2004
    return total % 10 == 0


def organisation_check(value: str) -> bool:
    """Check an organisation code of 9 characters (GB 11714-1997)."""
    if len(value) != 9 or not (value.isascii() and value.isalnum()):  # noqa: PLR2004
        return False
    total = sum(_ALNUM.index(c) * w for c, w in zip(value[:8], _ORGANISATION_WEIGHTS, strict=True))
    return "0123456789x"[-total % 11] == value[8]


def uscc_check(value: str) -> bool:
    """Check a unified social credit code of 18 characters (GB 32100-2015); the organisation code in it is not asked."""
    if len(value) != 18 or any(char not in _USCC for char in value) or not _digits(value[2:8]):  # noqa: PLR2004
        return False
    total = sum(_USCC.index(c) * w for c, w in zip(value[:17], _USCC_WEIGHTS, strict=True))
    return _USCC[-total % 31] == value[17]


def vin_check(value: str) -> bool:
    """Check a vehicle identification number of 17 characters (GB 16735, ISO 3779; check character in place 9)."""
    if len(value) != 17 or any(char not in _VIN_VALUES for char in value):  # noqa: PLR2004
        return False
    total = sum(_VIN_VALUES[char] * weight for char, weight in zip(value, _VIN_WEIGHTS, strict=True))
    return "0123456789x"[total % 11] == value[8]


def hong_kong_check(value: str) -> bool:
    """Check a Hong Kong identity card number: one or two letters, six digits and the check character in brackets."""
    body = value[:-1]
    if not (7 <= len(body) <= 8 and _digits(body[-6:]) and body[:-6].isascii() and body[:-6].isalpha()):  # noqa: PLR2004
        return False
    values = [36] * (8 - len(body)) + [_ALNUM.index(char) for char in body]
    rest = -sum(number * weight for number, weight in zip(values, range(9, 1, -1), strict=True)) % 11
    return "0123456789a"[rest] == value[-1]


def taiwan_check(value: str) -> bool:
    """Check a Taiwan identity card or (new) residence number: a letter, 1, 2, 8 or 9, and eight digits."""
    if len(value) != 10 or value[0] not in _TAIWAN_LETTERS or not _digits(value[1:]) or value[1] not in "1289":  # noqa: PLR2004
        return False
    numbers = [*divmod(_TAIWAN_LETTERS[value[0]], 10), *map(int, value[1:])]
    return sum(number * weight for number, weight in zip(numbers, _TAIWAN_WEIGHTS, strict=True)) % 10 == 0
