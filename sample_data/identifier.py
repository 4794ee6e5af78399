"""Invented identifiers that are valid by their checksums: nobody's, but a validator cannot tell."""

import random
from collections.abc import Callable

WIDE = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})
"""Printable ASCII to its full-width form."""

_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The 31 characters of a unified social credit code, in order of value (GB 32100-2015)."""


def resident_id(rng: random.Random) -> str:
    """Return a resident ID: region, birthday, sequence and the check character of GB 11643 (ISO 7064 MOD 11-2)."""
    # The provinces exist, but none of their cities has a county 99: the number can belong to nobody.
    region = rng.choice(["330199", "340299", "350199", "360499"])
    birthday = f"{rng.randint(1950, 2004)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}"
    body = f"{region}{birthday}{rng.randint(1, 999):03d}"
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(body))
    return body + "10X98765432"[total % 11]


def mobile(rng: random.Random) -> str:
    """Return a mainland mobile number: eleven digits, a prefix in use."""
    return rng.choice(["138", "139", "150", "158", "166", "177", "186", "191", "199"]) + f"{rng.randrange(10**8):08d}"


def bank_card(rng: random.Random) -> str:
    """Return a card number of nineteen digits that passes Luhn's test."""
    digits = [int(digit) for digit in rng.choice(["622202", "622848", "621700", "623058"])]
    digits += [rng.randrange(10) for _ in range(12)]
    total = sum(digit if place % 2 else digit * 2 - 9 * (digit > 4) for place, digit in enumerate(reversed(digits)))
    return "".join(map(str, [*digits, -total % 10]))


def plate(rng: random.Random) -> str:
    """Return a number plate: an ordinary one, or one time in three that of a new-energy car."""
    head = rng.choice("浙苏皖闽赣") + rng.choice("ABCDEF")
    if rng.random() < 1 / 3:
        return f"{head}{rng.choice('DF')}{rng.randrange(10**5):05d}"
    return head + rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") + f"{rng.randrange(10**4):04d}"


def uscc(rng: random.Random) -> str:
    """Return a unified social credit code; the organisation code inside has its own check (GB 11714-1997)."""
    organisation = "".join(rng.choice(_USCC) for _ in range(8))
    values = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    rest = -sum(values.index(c) * w for c, w in zip(organisation, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    body = f"91{rng.choice(['330199', '340299'])}{organisation}{'X' if rest == 10 else rest}"
    total = sum(_USCC.index(c) * pow(3, place, 31) for place, c in enumerate(body))
    return body + _USCC[-total % 31]


def email(rng: random.Random) -> str:
    """Return an address under a domain that RFC 2606 keeps for examples."""
    name = rng.choice(["beishan_xue", "zhoumo2019", "lantern", "manchuan.y", "qingfeng_07", "yuzhou", "xiaoyu.w"])
    return f"{name}{rng.randint(10, 99)}@{rng.choice(['example.com', 'mail.example.org', 'example.net'])}"


def isbn(rng: random.Random) -> str:
    """Return an ISBN-13 with hyphens; not personal data."""
    body = f"9787{rng.randint(100, 999)}{rng.randint(10000, 99999)}"
    check = -sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body)) % 10
    return f"978-7-{body[4:7]}-{body[7:12]}-{check}"


def order(rng: random.Random) -> str:
    """Return an order number of nineteen digits that fails Luhn's test; not personal data."""
    body = f"2024{rng.randrange(10**14):014d}"
    digits = [int(digit) for digit in body]
    total = sum(digit if place % 2 else digit * 2 - 9 * (digit > 4) for place, digit in enumerate(reversed(digits)))
    return f"{body}{(-total + 3) % 10}"


MAKERS: dict[str, Callable[[random.Random], str]] = {
    "resident_id": resident_id,
    "mobile": mobile,
    "bank_card": bank_card,
    "plate": plate,
    "uscc": uscc,
    "email": email,
    "isbn": isbn,
    "order": order,
}
"""What `{{kind}}` in an original stands for."""

ORDINARY = frozenset({"isbn", "order"})
"""Kinds that are no personal data and must survive."""
