"""One pass over the characters that finds where personal data may stand; everything else is done for those places only.

The gates are strict, for a text of nothing but numbers must cost no more than others: a number passes by length, date
or check digit, or because a word of context stands close before it. What the numbers below stand for is in
`filters.personal_tables`: classes of characters and their bits.
"""
# ruff: noqa: PLR2004

import numpy as np
from numba import njit
from numpy.typing import NDArray

from filters.personal_tables import tables
from filters.texts import Texts

_ROOM = 4096
"""Sights in a batch that one pass has room for; more cost a second one."""


@njit(cache=True, nogil=True)
def _look(  # noqa: C901, PLR0911, PLR0912 - the gates one after another
    buf: NDArray[np.uint8], n: int, groups: int, first: int, begins: NDArray[np.uint8]
) -> bool:
    """Whether n digits in some groups, the first of them `first` long, may be an identifier by themselves."""
    if n == 11 and buf[0] == 1 and buf[1] >= 3:  # mobile
        return bool(groups == 1 or first >= 3)
    if buf[0] == 0:
        if n >= 14 and buf[1] == 0:  # 0086 and a mobile
            return bool(buf[2] == 8 and buf[3] == 6)
        return bool(10 <= n <= 12 and buf[1] != 0 and groups > 1 and first <= 4)  # landline: 010-…
    if buf[0] == 8 and buf[1] == 6 and ((n == 13 and buf[2] == 1) or (n in (12, 13) and first == 2)):
        return True  # 86 and a mobile, 86-10-…
    if n == 18 and 10 * buf[0] + buf[1] >= 10:
        if 18 <= 10 * buf[6] + buf[7] <= 20 and buf[10] <= 1 and buf[12] <= 3:  # resident ID, by its date
            total = 0
            for k in range(18):  # the sum of digits x 2^(17 - place) is 1 modulo 11
                total = (2 * total + buf[k]) % 11
            if total == 1:
                return True
        if groups == 1 and buf[17] < 10 and buf[0] in (1, 5, 9):  # credit code of digits: weights 3^place modulo 31
            total, weight = 0, 1
            for k in range(17):
                total, weight = total + buf[k] * weight, weight * 3 % 31
            if (31 - total % 31) % 31 == buf[17]:
                return True
    union = buf[0] == 6 and buf[1] == 2
    if n >= 16 and (union or (groups == 1 and n in (16, 19) and begins[buf[0] * 100 + buf[1] * 10 + buf[2]] & 1)):
        total = 0
        for k in range(n):
            digit = buf[n - 1 - k] * (1 + k % 2)
            total += digit - 9 * (digit > 9)
        return total % 10 == 0
    return False


@njit(cache=True, nogil=True)
def _opens(first: int, one: int, two: int, begins: NDArray[np.uint8]) -> bool:
    """Whether a group of `first` digits that begins with two of them may be the first of an identifier's groups."""
    if one == 0:
        return first in (3, 4)  # an area code, 0086
    if one == 1 and two >= 3 and first in (3, 4, 5, 7):  # a mobile
        return True
    if one == 8 and two == 6 and first == 2:
        return True
    return first in (4, 6, 14, 17) and begins[(one * 10 + two) * 10] & 2 > 0  # a resident ID, a card


@njit(cache=True, nogil=True)
def _chain(  # noqa: C901, PLR0911 - groups of digits behind one another
    values: NDArray[np.uint32], classes: NDArray[np.uint8], i: int, end: int, buf: NDArray[np.uint8],
    begins: NDArray[np.uint8], wanted: int, run: int,
) -> bool:  # fmt: skip
    """Whether the digits from i on, in groups with a joiner between them, look like an identifier.

    `wanted`: as many digits are enough, because a word of context says so; 0 if none does. `run`: how many stand
    together at i, if there is no character of no width between them.
    """
    total, groups, first, size, gap, lines, k = 0, 1, 0, 0, 0, 0, i
    while k < end:
        d = classes[values[k]]
        if 48 <= d <= 57 or 0x80 <= d < 0xC0 or (d == 120 and total == 17):  # a digit, or X at the end
            if gap:
                if groups == 1 and not wanted and not _opens(first, buf[0], buf[1], begins):
                    return total < 20 and _look(buf, total, 1, first, begins)
                if total < 20 and _look(buf, total, groups, first, begins):
                    return True
                groups, size, gap, lines = groups + 1, 0, 0, 0
            if total == 20:
                return wanted > 0
            buf[total] = 10 if d == 120 else d & 0x0F
            total += 1
            size += 1
            first += groups == 1
            dated = groups > 1 and not wanted and buf[0] > 1 and 10 * buf[0] + buf[1] not in (62, 86)
            if total == 8 and dated and not 18 <= buf[6] * 10 + buf[7] <= 20:
                return False  # no resident ID: these are the digits of the century
        elif d == 1 and size:
            pass
        elif 1 < d <= 9 and d not in (6, 7) and gap < 4 and total and lines + (d == 4) < 2:
            gap += 1
            lines += d == 4
            if run == 1 and not wanted:
                return False
        else:
            break
        k += 1
    if gap == 0 and k < end and 97 <= classes[values[k]] <= 122:  # a letter glued to it
        return wanted > 0
    return (total < 20 and _look(buf, total, groups, first, begins)) or 0 < wanted <= total


@njit(cache=True, nogil=True)
def _lettered(values: NDArray[np.uint32], classes: NDArray[np.uint8], i: int, n: int, letters: int, after: int) -> bool:
    """Whether n letters and digits from i on look like an identifier with letters in it."""
    digits = n - letters
    if n == 18 and letters == 1 and digits == 17:  # a resident ID with X, a credit code
        return True
    if n in (11, 18) and letters <= 3:  # O and l for 0 and 1
        for k in range(i, i + n):
            d = classes[values[k]]
            if d > 57 and d not in (105, 108, 111, 120):
                return n == 18
        return True
    if n == 18 and digits >= 8:
        return bool(np.all(classes[values[i + 2 : i + 8]] <= 57))
    if n == 17 and letters >= 2 and digits >= 5:  # a VIN
        return bool(np.all(classes[values[i + 13 : i + 17]] <= 57))
    return n in (7, 8) and digits == 6 and after in (2, 8)  # Hong Kong: A123456(


@njit(cache=True, nogil=True)
def _network(values: NDArray[np.uint32], classes: NDArray[np.uint8], i: int, end: int, joint: int) -> int:
    """Return where hexadecimal digits and colons, dashes or dots end that look like an address of a network; else 0."""
    k, joints, letters, digits = i, 0, 0, 0
    while k < end and k < i + 45:
        d = classes[values[k]]
        if d == joint:
            joints += 1
        elif 97 <= d <= 102:
            letters += 1
        elif d < 48 or d > 57:
            break
        else:
            digits += 1
        k += 1
    if digits == 0 or (k < end and 97 <= classes[values[k]] <= 122):
        return 0
    if joint == 5:
        return k if joints in (3, 4) and letters == 0 else 0
    return k if (joint == 6 and joints >= 3) or (joints == 5 and k == i + 17) else 0


@njit(cache=True, nogil=True)
def _door(values: NDArray[np.uint32], classes: NDArray[np.uint8], i: int, begin: int) -> int:
    """Return the place of a road's last character before the number that ends at i; -1 if there is none."""
    j = i - 1
    while j >= begin and j > i - 14:  # 123之4-5
        d = classes[values[j]]
        if (d == 0 or d >= 0xC0 or 4 <= d <= 7) and values[j] not in (0x5341, 0x767E, 0x4E4B, 0x7532, 0x4E59):
            break  # none of 十百之甲乙 either
        j -= 1
    road = j >= begin and j < i - 1 and classes[values[j]] >= 0xC0 and classes[values[j]] & 8
    return j if road else -1


@njit(cache=True, nogil=True)
def _scan(  # noqa: C901, PLR0912, PLR0915 - one pass over the characters
    values: NDArray[np.uint32], offsets: NDArray[np.int64], classes: NDArray[np.uint8], plain: NDArray[np.uint32],
    surname: NDArray[np.bool_], keys: NDArray[np.uint64], kinds: NDArray[np.uint8], begins: NDArray[np.uint8],
    found: NDArray[np.int64],
) -> int:  # fmt: skip
    """Fill `found`, [sights, 4], with text, place in it, `Sight` and a place that belongs to it; return how many.

    What finds no room is counted all the same. (Growing an array in here would cost twenty times as much as the whole
    pass: numba would count references at every character.)
    """
    written = 0
    buf = np.empty(24, np.uint8)
    for text in range(len(offsets) - 1):
        begin, end = offsets[text], offsets[text + 1]
        number_until, account_until, numbers_left = begin - 1, begin - 1, 0
        i = begin
        while i < end:
            c = classes[values[i]]
            if c < 48 and c != 7:
                i += 1
                continue
            sight, place, mark, step = 0, i, i, i + 1
            word, heads = np.uint64(0), 0
            if c >= 0xC0:  # a Han character that something may begin or end with
                if c & 2 and i > begin:
                    j = i - 1
                    if 1 <= classes[values[j]] <= 2 and j > begin:
                        j -= 1
                    word = np.uint64(plain[values[j]]) << np.uint64(21) | np.uint64(plain[values[i]])
                if c & 4:
                    mark = _door(values, classes, i, begin)
                    sight = 4 * (mark >= 0)
                if c & 1 and i + 5 < end and classes[values[i + 1]] < 0x80:  # a province of number plates
                    digits, letter = 0, values[i] == 0x4F7F or (i > begin and classes[values[i - 1]] == 106)  # 使, WJ
                    for k in range(i + 1, min(i + 10, end)):
                        digits += 48 <= classes[values[k]] <= 57
                        letter = letter or (k < i + 3 and 97 <= classes[values[k]] <= 122)
                    if digits > 2 and letter:
                        sight = 3
            elif c == 7:  # @
                if i > begin and i + 3 < end and classes[values[i - 1]] >= 48 and classes[values[i + 1]] >= 48:
                    sight = 2
            else:  # a run of digits and letters, or of Chinese digits
                j, letters, heads = i, 0, -1
                if c >= 0x80:
                    while j < end and 0x80 <= classes[values[j]] < 0xC0:
                        j += 1
                else:
                    while j < end:
                        d = classes[values[j]]
                        if d > 57:
                            if d >= 0x80:
                                break
                            letters += 1
                        elif d < 48:
                            break
                        elif heads < 0:
                            heads = letters
                        j += 1
                n = j - i
                step = j
                if heads < 0:
                    heads = letters
                after = classes[values[j]] if j < end else 0
                in_number = i <= number_until and numbers_left > 0
                network = n <= 4 and 3 <= after <= 6 and after != 4 and c < 0x80
                if network and i > begin + 1 and values[i - 1] == values[j]:  # MAC：00:… begins one: another colon
                    network = not 48 <= classes[values[i - 2]] <= 122  # not in the middle of one
                    network = network or (i > begin + 3 and classes[values[i - 4]] == 109)  # MAC:00:…
                stop = _network(values, classes, i, end, after) if network else 0
                if stop == 0 and n == 5 and c == 109 and after == 6 and letters >= 3:  # MACab:cd:…
                    stop = _network(values, classes, i + 3, end, after)
                    place = i + 3 if stop else i
                if stop:
                    sight, step = 6, stop
                elif i <= account_until and (n >= 5 or after == 3):
                    sight = 7
                elif letters == 0:
                    second = classes[values[i + 1]] & 0x0F if n > 1 else 0
                    opens = n >= 10 or in_number or after == 1 or (n > 1 and _opens(n, c & 0x0F, second, begins))
                    wanted, run = 5 * in_number, 2 if after == 1 else n
                    if opens and n <= 20 and _chain(values, classes, i, end, buf, begins, wanted, run):
                        sight = 1
                elif letters < n <= 24 and (
                    (in_number and n >= letters + 4) or _lettered(values, classes, i, n, letters, after)
                ):
                    sight = 1
                if sight in (1, 7) and i <= number_until:
                    numbers_left -= 1
                if 2 <= heads <= 10:
                    for k in range(i, i + heads):
                        word = (word * np.uint64(27) + np.uint64(classes[values[k]] - 96)) & np.uint64(0xFFFFFFFFFFFF)
                    word |= np.uint64(1) << np.uint64(60)
                elif heads == 1 and i > begin:  # 加v
                    word = np.uint64(plain[values[i - 1]]) << np.uint64(21) | np.uint64(plain[values[i]])
            if word:
                slot = (word * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(52)
                while keys[slot] != word and keys[slot] != 0:
                    slot = (slot + np.uint64(1)) & np.uint64(4095)
                if keys[slot] == word:
                    if heads > 0 and step > i + heads and sight in (0, 1):  # digits glued to a Latin word begin a run
                        sight, step = 0, i + heads
                    if kinds[slot] & 4:  # somebody is named behind it
                        for j in range(step, min(step + 5, end)):
                            if classes[values[j]] not in (2, 6) and values[j] not in (0x4E3A, 0x662F, 0x300C, 0x201C):
                                if sight == 0 and surname[values[j]]:
                                    sight, place = 5, j
                                break  # the first behind a space, a colon, 为, 是 or an opening quote
                    if kinds[slot] & 3:
                        number_until, numbers_left = step + 24, 3
                    if kinds[slot] & 2:
                        account_until = step + 10
            if sight:
                if written < len(found):
                    found[written, 0], found[written, 1] = text, place - begin
                    found[written, 2], found[written, 3] = sight, mark - begin
                written += 1
            i = step
    return written


def find_sights(texts: Texts) -> NDArray[np.int64]:
    """Return int64[sights, 4]: text, place in it, `Sight`, and a place that belongs to it; ascending."""
    table = tables()
    found = np.empty((_ROOM, 4), np.int64)
    while True:
        seen = _scan(
            texts.code_points, texts.offsets, table.classes, table.plain, table.surname, table.keys, table.kinds,
            table.begins, found,
        )  # fmt: skip
        if seen <= len(found):
            return found[:seen]
        found = np.empty((seen, 4), np.int64)
