"""Boilerplate lines: how many are found, how many of real good text are taken for one, and what it costs.

    python -m tests.benchmarks.boilerplate [--data DOCS] [--half 0|1] [--show N]

Three measures. Labelled lines: tests/data/boilerplate_lines.jsonl, half of them lines that only look like boilerplate.
Pages: the visible text of every HTML page of sample_data, block by block, and which of the lines that several pages
share are found. Documents: DOCS is a folder of JSONL files (.zst) of good text, where what is found is wrong or was
left over from a page; read it with --show. Phrases were written looking at half 0 of lines and documents (by a hash of
line or id): half 1 is what to report.
"""

import argparse
import hashlib
import io
import json
import random
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa
import zstandard
from lxml import html

from filters.boilerplate import find_batch, find_lines
from filters.texts import Texts
from pipeline.decode import decode

ROOT = Path(__file__).resolve().parents[2]
LABELLED = ROOT / "tests/data/boilerplate_lines.jsonl"
BLOCKS = {
    "p",
    "div",
    "li",
    "ul",
    "ol",
    "h1",
    "h2",
    "h3",
    "h4",
    "tr",
    "td",
    "br",
    "nav",
    "footer",
    "header",
    "section",
    "article",
    "table",
    "aside",
    "main",
}
BATCH = 500


def half_of(name):
    return hashlib.sha256(name.encode()).digest()[0] % 2


def labelled(half):
    rows = [json.loads(line) for line in LABELLED.read_text("utf-8").splitlines()]
    rows = [row for row in rows if half_of(row["line"]) == half]
    found = [next((kind for *_, kind in find_lines(row["line"])), None) for row in rows]
    right = sum(kind is not None and row["kind"] is not None for row, kind in zip(rows, found, strict=True))
    false = sum(kind is not None and row["kind"] is None for row, kind in zip(rows, found, strict=True))
    same = sum(kind is not None and row["kind"] == kind for row, kind in zip(rows, found, strict=True))
    positive = sum(row["kind"] is not None for row in rows)
    print(f"labelled lines: {right} of {positive} found, {same} of them as the right kind; "
          f"{false} of {len(rows) - positive} look-alikes taken for boilerplate")  # fmt: skip


def visible(page):
    """The text that a reader sees, a line for each block."""
    tree = html.fromstring(page.encode(), parser=html.HTMLParser(encoding="utf-8"))
    pieces = []

    def walk(node):
        if not isinstance(node.tag, str) or node.tag in {"script", "style", "head"}:
            return
        feed = "\n" if node.tag in BLOCKS else ""
        pieces.extend([feed, (node.text or "").replace("\n", " ")])
        for child in node:
            walk(child)
            pieces.append((child.tail or "").replace("\n", " "))
        pieces.append(feed)

    walk(tree)
    return "".join(pieces)


def pages():
    shared, found, occurrences = Counter(), Counter(), 0
    for path in sorted((ROOT / "sample_data/sources/web").rglob("*.html")):
        text = visible(decode(path.read_bytes()).text)
        lines = {(s, e) for s, e, _ in find_lines(text)}
        at = 0
        for line in text.split("\n"):
            if line.strip():
                shared[line.strip()] += 1
                found[line.strip()] += (at, at + len(line)) in lines
            at += len(line) + 1
    several = {line: n for line, n in shared.items() if n >= 10}
    hits = sum(found[line] for line in several)
    occurrences = sum(several.values())
    alone = [line for line, n in shared.items() if n < 3 and found[line] and "备" not in line and "©" not in line]
    print(f"pages: of {occurrences} lines that ten pages or more share {hits} are found; of {len(shared)} different "
          f"lines {len(alone)} that stand on one or two pages and show no number are: {alone}")  # fmt: skip


def documents(folder, half, show):
    print(f"\n{'documents':<24} {'chars':>11} {'found':>6} {'per million':>12} {'CPU-s/MB':>9}  kinds")
    read = []
    for path in sorted(folder.glob("*.jsonl.zst")):
        stream = zstandard.ZstdDecompressor().stream_reader(path.open("rb"))
        rows = map(json.loads, io.TextIOWrapper(stream, "utf-8"))
        texts = [row["text"] for row in rows if half_of(row["id"]) == half]
        kinds, cpu = Counter(), 0.0
        for begin in range(0, len(texts), BATCH):
            batch = Texts(pa.array(texts[begin : begin + BATCH], pa.large_string()))
            batch.kinds  # noqa: B018 - shared by all filters
            begun = time.process_time()
            found = find_batch(batch)
            cpu += time.process_time() - begun
            for number, lines in found.items():
                kinds.update(kind for *_, kind in lines)
                read += [(path.name, kind, texts[begin + number][start:end]) for start, end, kind in lines]
        chars = sum(map(len, texts))
        megabytes = sum(len(text.encode()) for text in texts) / 1e6
        print(f"{path.name:<24} {chars:>11,} {kinds.total():>6} {kinds.total() / chars * 1e6:>12.1f} "
              f"{cpu / megabytes:>9.4f}  {dict(kinds.most_common())}")  # fmt: skip
    random.Random(1).shuffle(read)
    for name, kind, line in list({row[2].strip(): row for row in read}.values())[:show]:
        print(f"  {name:<24} {kind:<12} {line.strip()[:100]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared/data/docs")
    parser.add_argument("--half", type=int, default=1)
    parser.add_argument("--show", type=int, default=0)
    options = parser.parse_args()
    find_lines("首页")  # compiles
    labelled(options.half)
    pages()
    if options.data.is_dir():
        documents(options.data, options.half, options.show)
    else:
        print(f"no documents to measure at {options.data}: say --data")


if __name__ == "__main__":
    main()
