"""Rubbish for training and measuring the quality score: real text damaged in many ways, and own examples of spam.

Everything is drawn from a `random.Random` that the caller seeds, so the same seed makes the same rubbish.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from random import Random

import rjieba

from filters.frequency import character_log_frequency

OWN = Path(__file__).with_name("damage.toml")


@cache
def _segmenter():
    """rjieba as it is: the shipped model's examples were cut so, before what it joins was cut further."""
    return rjieba.Jieba()


def words(text):
    return _segmenter().cut(text)


def content_words(text):
    return [word for word in words(text) if len(word) > 1 and re.fullmatch(r"[\u4e00-\u9fff]+", word)]


@cache
def _alphabet():
    frequency = character_log_frequency()
    return [chr(code) for code in range(0x4E00, 0xA000) if frequency[code] > -11]


def shuffled_characters(text, random):
    """Shuffle the characters of every line, white space staying where it is."""
    lines = []
    for line in text.splitlines():
        characters = list(line)
        random.shuffle(characters)
        lines.append("".join(characters))
    return "\n".join(lines)


def shuffled_words(text, random):
    lines = []
    for line in text.splitlines():
        cut = words(line)
        random.shuffle(cut)
        lines.append("".join(cut))
    return "\n".join(lines)


def swapped_words(text, random):
    """Neighbouring words change places, as in a word-by-word translation."""
    cut = words(text)
    at = 0
    while at < len(cut) - 1:
        if random.random() < 0.45:
            cut[at], cut[at + 1] = cut[at + 1], cut[at]
            at += 1
        at += 1
    return "".join(cut)


def lost_characters(text, random):
    share = random.uniform(0.25, 0.5)
    return "".join(char for char in text if random.random() > share)


def replaced_characters(text, random):
    """Bad recognition: every fourth to second Han character is another one."""
    share = random.uniform(0.25, 0.5)
    alphabet = _alphabet()
    return "".join(
        random.choice(alphabet) if "\u4e00" <= char <= "\u9fff" and random.random() < share else char for char in text
    )


def misdecoded(text, random):
    data = text.encode()
    return data.decode(random.choice(("gb18030", "latin-1", "gbk")), "replace" if random.random() < 0.5 else "ignore")


def keywords(text, random):
    """Words without their sentences, as pages stuffed with keywords have them."""
    found = content_words(text) or ["关键词"]
    few = random.sample(found, min(len(found), 12))
    drawn = random.choices(few if random.random() < 0.4 else found, k=min(len(found), 300))
    return random.choice((" ", "，", "、", "|", "\n", "_", "")).join(drawn)


def headlines(text, random):
    """Pieces of lines, none of them a sentence: lists of links."""
    pieces = [piece[: random.randint(4, 16)] for piece in re.split(r"[，。；：！？\s]+", text) if len(piece) > 3]
    random.shuffle(pieces)
    return random.choice(("\n", "\n", " ", "\n· ")).join(pieces[:80] or ["更多"])


def number_table(text, random):
    names = content_words(text) or ["项目"]
    rows = []
    for _ in range(random.randint(8, 40)):
        cells = [f"{random.uniform(0, 10 ** random.randint(1, 6)):.{random.randint(0, 2)}f}" for _ in range(5)]
        rows.append(random.choice(("\t", " ", "|", ",")).join([random.choice(names), *cells[: random.randint(2, 5)]]))
    return "\n".join(rows)


def repeated(text, random):
    """A phrase or a line over and over."""
    pieces = [piece for piece in re.split(r"[\n。！？]+", text) if len(piece.strip()) > 3] or [text[:20] or "重复"]
    few = random.sample(pieces, min(len(pieces), random.randint(1, 3)))
    line = random.choice(("\n", "", "。", " ")).join(piece[: random.randint(6, 40)] for piece in few)
    return random.choice(("\n", "", "，")).join([line] * max(4, 400 // max(1, len(line))))


def interleaved(text, random):
    """Two columns of a page read across: every few characters the other half of the text goes on."""
    characters = text.replace("\n", "")
    half, width = len(characters) // 2, random.randint(3, 9)
    left, right = characters[:half], characters[half:]
    return "".join(left[i : i + width] + right[i : i + width] for i in range(0, half, width))


def symbols_between(text, random):
    """Symbols between the characters, as written past filters."""
    marks = random.choice(("★", "☆◆", "*", ".", " ", "-", "▲●", "~", "_"))
    share = random.uniform(0.4, 1)
    return "".join(char + random.choice(marks) if random.random() < share else char for char in text)


def torn_markup(text, random):
    tags = ("<div>", "</div>", "&nbsp;", "<br/>", '<a href="#">', "</a>", "{{", "}}", "[[", "]]", "&gt;", "<td>", "|-")
    return "".join(
        char + (random.choice(tags) * random.randint(1, 2) if random.random() < 0.12 else "") for char in text
    )


DAMAGE: Mapping[str, Callable[[str, Random], str]] = {
    "shuffled_characters": shuffled_characters,
    "shuffled_words": shuffled_words,
    "swapped_words": swapped_words,
    "lost_characters": lost_characters,
    "replaced_characters": replaced_characters,
    "misdecoded": misdecoded,
    "keywords": keywords,
    "headlines": headlines,
    "number_table": number_table,
    "repeated": repeated,
    "interleaved": interleaved,
    "symbols_between": symbols_between,
    "torn_markup": torn_markup,
}
"""What can become of a good text; each takes it and a random generator."""


@cache
def _own():
    return tomllib.loads(OWN.read_text("utf-8"))


SPAM = tuple(_own()["kinds"])
"""Kinds of rubbish that nobody wrote for its content."""


def spam(kind, random, chars):
    """Write one document of a kind, at least `chars` characters long."""
    slots, form = _own()["slots"], _own()["kinds"][kind]
    # A page speaks of few things: each slot has a handful of values in one document.
    own = {name: random.sample(values, min(len(values), random.randint(1, 6))) for name, values in slots.items()}
    own |= {name: slots[name] for name in ("menu", "comment")}
    glue = random.choice(form["join"])
    lines, size = [], 0
    while size < chars:
        line = re.sub(r"\{(\w+)\}", lambda slot: random.choice(own[slot[1]]), random.choice(form["lines"]))
        lines.append(line)
        size += len(line) + len(glue)
    return glue.join(lines)


FOREIGN = (
    "$ make install --prefix=/usr/local", "for (int i = 0; i < n; ++i) {", "    return a[i] + b;", "}", "name = value",
    "SELECT id FROM t WHERE x > 10;", "https://docs.example.org/guide/start.html", "$O(n \\log n)$", "$$f(x) = x^2$$",
    "def main(args):", "| a | b |", "|---|---|", "#include <stdio.h>", "-h, --help", "/etc/app/config.yaml",
)  # fmt: skip
TERMS = ("API", "Linux", "Python", "id", "foo()", "v2.1", "x + y", "GUI", "PDF", "--force", "main.c", "3 MB", "TCP/IP")


def dressed(text, random):
    """Good text in another dress: headings, list marks, links, or the terms and code of a manual. It stays good."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return text
    if len(lines) < 3:
        lines = [part for part in re.split(r"(?<=[。！？])", text) if part.strip()]
    technical = random.random() < 0.5
    bullet = random.choice(("- ", "* ", "{}. ", "{}、", "+ ", "　　", "（{}）"))
    out = []
    for number, line in enumerate(lines, 1):
        drawn = random.random()
        if drawn < 0.1:
            out.append(f"{'#' * random.randint(1, 4)} {line[: random.randint(4, 14)]}\n")
        if technical and drawn > 0.8:
            out += ["```", *random.choices(FOREIGN, k=random.randint(1, 4)), "```"]
        mark = bullet.format(number) if drawn < 0.7 else ""
        out.append(mark + line.strip())
    cut = words("\n".join(out))
    for _ in range(len(cut) // 12 if technical else random.randint(0, 4)):
        at = random.randrange(len(cut))
        if len(cut[at]) > 1 and cut[at].isalpha():
            dress = random.choice(("`{}`", "**{}**", "[{}](./page.md)", "“{}”", "{} (a.b)", "{} 10 g"))
            cut[at] = f" {random.choice(TERMS)} " if technical else dress.format(cut[at])
    return "".join(cut)
