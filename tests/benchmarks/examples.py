"""Good and bad examples for the shipped quality model: pieces of real text, and the same pieces damaged.

Whether a document trains or is held out depends on the md5 of its id: a fifth of each source is held out.
"""

import json
from dataclasses import dataclass
from hashlib import md5
from random import Random

import zstandard

from tests.benchmarks.damage import DAMAGE, SPAM, dressed, spam

TRAINING = {
    "laws_cn": 1800,
    "laws_tw": 1800,
    "chinese_novel": 2400,
    "classical_lzh": 1000,
    "poetry": 2000,
    "howtocook": 1500,
    "lingua_sents": 1500,
    "cantonese": 1000,
}
"""Pieces taken of each source: statutes, public-domain, MIT, Unlicense, CC BY and CC0."""
UNSEEN = {"cmrc_wiki": 256, "oiwiki": 300, "pingcap_docs": 300, "debian_docs": 300}
"""Sources that no model here has ever been trained on, under licences that ask for the same licence."""
SPAM_DOCUMENTS = 300
"""Own examples of each kind."""
HELD_OUT_PERCENT = 20
DRESSED_SHARE = 0.35


@dataclass(frozen=True)
class Example:
    """A text and what is known of it."""

    source: str
    kind: str
    """good, or the kind of rubbish."""
    text: str
    held_out: bool


def read_rows(folder, name):
    """All rows of a source."""
    path = folder / ("lid" if name in {"lingua_sents", "cantonese"} else "docs") / f"{name}.jsonl.zst"
    with path.open("rb") as raw:
        lines = zstandard.ZstdDecompressor().stream_reader(raw).read().splitlines()
    return [json.loads(line) for line in lines]


def _number(key):
    return int(md5(f"quality {key}".encode(), usedforsecurity=False).hexdigest()[:8], 16)


def documents(folder, name):
    """(id, text) of a source; sentences and short poems are put together into documents."""
    rows = read_rows(folder, name)
    if name == "poetry":
        return [(rows[i]["id"], "\n\n".join(row["text"] for row in rows[i : i + 3])) for i in range(0, len(rows), 3)]
    if name in {"lingua_sents", "cantonese"}:
        wanted = [r for r in rows if r["lang"] == "zh"] if name == "lingua_sents" else rows
        wanted = [r for r in wanted if name != "cantonese" or (len(r["text"]) > 15 and "ctcpc" in r["id"])]
        texts = [(row["id"], row["text"].replace(" ", "") if name == "cantonese" else row["text"]) for row in wanted]
        size = 5 if name == "lingua_sents" else 15
        groups = [texts[i : i + size] for i in range(0, len(texts), size)]
        glue = ("", "\n")
        return [(group[0][0], glue[i % 2].join(text for _, text in group)) for i, group in enumerate(groups)]
    if name == "debian_docs":
        rows = [row for row in rows if sum("\u4e00" <= c <= "\u9fff" for c in row["text"][:2000]) > 300]
    return [(row["id"], row["text"]) for row in rows]


def pieces(folder, name, number):
    """(key, held out, text): pieces of 100 to 2,500 characters, as many as asked for, from as many documents."""
    usable = sorted((_number(key), key, text) for key, text in documents(folder, name) if len(text) > 60)
    for count in range(number):
        hashed, key, text = usable[count % len(usable)]
        random = Random(f"{key}#{count}")
        size = int(2 ** random.uniform(6.6, 11.3))
        begin = 0 if random.random() < 0.3 else random.randrange(max(1, len(text) - size))
        yield f"{key}#{count}", hashed % 100 < HELD_OUT_PERCENT, text[begin : begin + size]


def examples(folder, name, number):
    """Each piece as it is (a third of them in another dress), and damaged in one way."""
    for key, held_out, text in pieces(folder, name, number):
        random = Random(key)
        good = dressed(text, random) if random.random() < DRESSED_SHARE else text
        yield Example(name, "good", good, held_out)
        kind = random.choice(list(DAMAGE))
        yield Example(name, kind, DAMAGE[kind](good, random), held_out)


def own_examples():
    """Documents of every kind of spam; a fifth is held out, though made of the same sentences."""
    for kind in SPAM:
        random = Random(kind)
        for count in range(SPAM_DOCUMENTS):
            yield Example("own", kind, spam(kind, random, int(2 ** random.uniform(6.6, 10.5))), count % 5 == 0)


def training_examples(folder):
    """All examples that the shipped model knows of, held-out ones included."""
    found = [example for name, number in TRAINING.items() for example in examples(folder, name, number)]
    return [example for example in (*found, *own_examples()) if example.text.strip()]
