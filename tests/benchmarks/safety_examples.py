"""What the shipped safety models learn from and are measured on: COLD's posts, own templates, and harmless real text.

Every split is by a salted sha256: of a post, of a template (with all its fillings), of a document's id.
"""

import csv
import tomllib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random

from tests.benchmarks.examples import documents, read_rows

TEMPLATES = Path(__file__).with_name("offensive_safety_templates.toml")
HARMS = ("porn", "gambling", "fraud", "abuse")
FOLDS = 5
PER_TEMPLATE = 40
"""Fillings of a template of harm; of a harmless one half as many, since there are more of these."""
HARMLESS = {
    "laws_cn": 2500, "laws_tw": 1000, "howtocook": 1500, "chinese_novel": 1500, "classical_lzh": 500, "poetry": 500,
    "lingua_sents": 1500,
}  # fmt: skip
"""Passages of harmless text by source, of that half of its documents which trains."""
MACHINE = 2500
FOREIGN = 2000
"""Sentences of other languages, so that letters are no sign of harm."""
CALIBRATE_SHARE = 0.15


@dataclass(frozen=True)
class Example:
    """A text, its label, and the fold that holds it out (-1: none)."""

    text: str
    label: str
    fold: int
    kind: str


def share(salt, text):
    """A number in [0, 1) that splits by."""
    return int(sha256(f"{salt} {text}".encode()).hexdigest()[:8], 16) / 2**32


def reported(name):
    """Whether a harmless document is only reported on: half of each source."""
    return share("safety document", name) >= 0.5


def cold(folder, part):
    """(text, offensive, topic) of COLD's `train` or `dev`."""
    with (folder / "labels" / "COLDataset" / f"{part}.csv").open(encoding="utf-8-sig") as file:
        return [(row["TEXT"], row["label"] == "1", row["topic"]) for row in csv.DictReader(file)]


def calibrates(text):
    """Whether a post of COLD's train calibrates instead of training."""
    return share("cold calibration", text) < CALIBRATE_SHARE


def harmless(folder, salt="passage"):
    """Passages of 40 to 200 characters of real documents that train."""
    found = []
    for name, number in HARMLESS.items():
        kept = [(key, text) for key, text in documents(folder, name) if len(text) > 40 and not reported(key)]
        for count in range(number):
            random = Random(f"{salt} {name} {count}")
            _, text = kept[random.randrange(len(kept))]
            begin = random.randrange(max(1, len(text) - 100))
            found.append(text[begin : begin + random.randint(40, 200)])
    return [text for text in found if text.strip()]


def foreign(folder):
    """Sentences of other languages of lingua's test data, two together, of those that train."""
    rows = [row for row in read_rows(folder, "lingua_sents") if row["lang"] != "zh" and not reported(row["id"])]
    rows.sort(key=lambda row: share("foreign", row["id"]))
    halves = zip(rows[:FOREIGN], rows[FOREIGN : 2 * FOREIGN], strict=False)
    return [f"{one['text']} {two['text']}" for one, two in halves]


def machine_text():
    """Passages as manuals have them: made-up names, numbers and marks of code between words of technology."""
    words = tomllib.loads(TEMPLATES.read_text("utf-8"))["machine"]["words"].split()
    marks = [
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        " = ",
        " < ",
        "; ",
        ": ",
        ", ",
        " | ",
        "/",
        "-",
        "_",
        ".",
        "#",
        "$",
        "`",
        "\\",
        "，",
        "。",
        "：",
        "\n",
        " ",
    ]
    found = []
    for count in range(MACHINE):
        random = Random(f"machine {count}")
        pieces = []
        for _ in range(random.randint(15, 60)):
            kind = random.random()
            if kind < 0.35:
                pieces.append(random.choice(words))
            elif kind < 0.6:
                pieces.append(
                    "".join(random.choice("etaoinsrhldcumfpgwybvkxjqz0123") for _ in range(random.randint(1, 9)))
                )
            elif kind < 0.7:
                pieces.append(str(random.randint(0, 10 ** random.randint(1, 6))))
            else:
                pieces.append(random.choice(marks))
        found.append("".join(pieces))
    return found


def _fill(template, vocabulary, random):
    def contact():
        return "".join(random.choice("abcdefghjkmnpqrstuvwxyz0123456789") for _ in range(random.randint(5, 9)))

    drawn = template
    while "{" in drawn:
        before, _, rest = drawn.partition("{")
        slot, _, after = rest.partition("}")
        made = {
            "contact": contact,
            "money": lambda: str(
                random.choice([5, 8, 18, 50, 99, 188, 300, 588, 800, 1200, 3000, 9800, 20000, 500000])
            ),
            "number": lambda: str(random.randint(2, 98)),
            "person": lambda: (
                random.choice("张王李赵陈杨周吴徐孙") + random.choice(["某", "某某", "同学", "先生", "女士"])
            ),
            "site": lambda: f"www.{contact()}.example",
        }.get(slot) or (lambda slot=slot: random.choice(vocabulary[slot]))
        drawn = before + made() + after
    return drawn


def _decorated(text, random):
    """As spam hides from word lists: symbols or spaces between characters, emoji, full-width letters."""
    way = random.randrange(3)
    if way == 0:
        mark = random.choice(["★", " ", "*", "·", "／", "❤"])
        return "".join(char + mark if random.random() < 0.25 else char for char in text)
    if way == 1:
        mark = random.choice(["🔥", "💰", "👉", "❗", "💋"])
        return mark + text.replace("，", mark) + mark * 2
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


def own():
    """Examples made of the own templates; harm alone, two together, or beside something harmless."""
    data = tomllib.loads(TEMPLATES.read_text("utf-8"))
    vocabulary = data["vocabulary"]
    folded = lambda text: int(share("safety template", text) * FOLDS)  # noqa: E731
    plain = [(text, group["kind"], folded(text)) for group in data["benign"] for text in group["texts"]]
    by_fold = {fold: [text for text, _, own_fold in plain if own_fold == fold] for fold in range(FOLDS)}
    found = []
    for group in data["harm"]:
        for template in group["texts"]:
            fold = folded(template)
            for count in range(PER_TEMPLATE):
                random = Random(f"{template} {count}")
                text = _fill(template, vocabulary, random)
                if random.random() < 0.25:
                    text = _decorated(text, random)
                if random.random() < 0.3:
                    beside = _fill(random.choice(by_fold[fold]), vocabulary, random)
                    text = random.choice([text + "\n" + beside, beside + "\n" + text])
                found.append(Example(text, group["label"], fold, group["label"]))
    for template, kind, fold in plain:
        for count in range(PER_TEMPLATE // 2):
            random = Random(f"{template} {count}")
            text = _fill(template, vocabulary, random)
            if random.random() < 0.5:
                text += random.choice(["", "\n"]) + _fill(random.choice(by_fold[fold]), vocabulary, random)
            found.append(Example(text, "benign", fold, kind))
    return found
