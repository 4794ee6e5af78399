"""Recall and false hits of the search for benchmark questions, and what it costs by the number of questions.

    python -m tests.benchmarks.contamination CORPUS

CORPUS is a folder made by shared/tools/bench_corpus.py. The questions are made here, none comes from a benchmark: from
sentences of a tenth of the statutes (by a hash of the id; those statutes are searched in no more) with a phrase left
out and four options, and from invented facts. Each is planted into a real document in one of eight ways. A hit that was
not planted is a false one; the documents that are not planted into are searched too.
"""

import argparse
import csv
import hashlib
import io
import random
import re
import tempfile
import time
from collections import Counter
from pathlib import Path

import opencc
import orjson
import pyarrow as pa
import zstandard

from filters.contamination import Contamination
from filters.texts import Texts

PLACES = (
    "临溪",
    "青岑",
    "云麓",
    "岚屿",
    "松陵",
    "北渚",
    "鹭湾",
    "石埭",
    "霜口",
    "槐荫",
    "苇塘",
    "雁回",
    "锦汀",
    "乌桥",
)
THINGS = (
    "市花",
    "最高的山",
    "最长的河",
    "传统点心",
    "老城门",
    "渡口",
    "第一所中学",
    "地方戏",
    "名茶",
    "古桥",
    "博物馆",
    "集市",
)
MAKERS = (
    "木",
    "石",
    "云",
    "水",
    "竹",
    "松",
    "鹤",
    "月",
    "霜",
    "雁",
    "梅",
    "桐",
    "兰",
    "藤",
    "鹭",
    "泉",
    "砚",
    "舟",
    "灯",
    "苇",
)


def load(corpus):
    with (corpus / "corpus.jsonl.zst").open("rb") as raw:
        for line in io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(raw), encoding="utf-8"):
            row = orjson.loads(line)
            yield row["id"], row["text"]


def held_out(name):
    return name.startswith("laws_") and int(hashlib.md5(name.encode()).hexdigest()[:8], 16) % 10 == 0


def law_items(texts, rng, number, each=4):
    """Sentences of 25 to 90 characters with a phrase of 4 to 12 left out; the other options are of the same law."""
    items = []
    for text in texts:
        sentences = [s for s in re.split(r"[。；\n]", text) if 25 <= len(s) <= 90 and re.search(r"[，、]", s)]
        phrases = sorted({p for s in sentences for p in re.split(r"[，、：（）《》“”]", s) if 4 <= len(p) <= 12})
        for sentence in rng.sample(sentences, min(each, len(sentences))):
            own = [p for p in phrases if p in sentence]
            others = [p for p in phrases if p not in sentence]
            if own and len(others) >= 3:
                answer = rng.choice(own)
                options = [answer, *rng.sample(others, 3)]
                items.append((sentence.replace(answer, "____", 1), options))
    rng.shuffle(items)
    return items[:number]


def invented_items(rng, number):
    items = {}
    while len(items) < number:
        when = rng.choice(("", "旧时", "如今", "公认"))
        stem = f"{rng.choice(PLACES)}{rng.choice('市县镇区')}{when}的{rng.choice(THINGS)}是"
        items[stem] = [f"{''.join(rng.sample(MAKERS, 2))}{stem[-2]}" for _ in range(4)]
    return list(items.items())


def marks(stem, options, letters="ABCD", dot="．", between="\n"):
    return f"{stem}（  ）{between}" + between.join(f"{x}{dot}{o}" for x, o in zip(letters, options, strict=True))


TRADITIONAL = opencc.OpenCC("s2t")


def ways(stem, options, rng):
    mixed = rng.sample(options, 4)
    wide = str.maketrans({chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)})
    return {
        "as it is": marks(stem, options),
        "shuffled": marks(stem, mixed),
        "Traditional": TRADITIONAL.convert(marks(stem, mixed)),
        "full width": marks(stem, mixed, dot=".").translate(wide),
        "spaces": " ".join(marks(stem, mixed, dot=" )")),
        "line breaks": re.sub("(.{7})", "\\1\n", marks(stem, mixed, between="  ")),
        "other letters": marks(stem, mixed, "①②③④", "", "；"),
        "punctuation": marks(stem.replace("，", ",").replace("____", "(    )"), mixed, "abcd", "、", "\t"),
    }


def write(path, items):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "question", "A", "B", "C", "D", "answer"])
        writer.writerows([number, stem, *options, "A"] for number, (stem, options) in enumerate(items))
    return str(path)


def seconds(measure, batches):
    """CPU seconds of the filter alone, the folded form being there already."""
    begun = time.process_time()
    results = [row for texts in batches for row in measure(texts).to_pylist()]
    return time.process_time() - begun, results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--items", type=int, default=500, help="of each of the two kinds")
    options = parser.parse_args()
    rng = random.Random(11)
    documents = list(load(options.corpus))
    laws = [text for name, text in documents if held_out(name)]
    others = ((name.split("/")[0], text) for name, text in documents if not held_out(name))
    # What bench_corpus planted or put together from paragraphs may hold a statute that questions were made of.
    sources = [(source, text) for source, text in others if source not in {"planted", "recombined"}]
    items = {"laws": law_items(laws, rng, options.items), "invented": invented_items(rng, options.items)}
    places = rng.sample(range(len(sources)), sum(map(len, items.values())))
    planted, truth = [text for _, text in sources], {}
    for kind, rows in items.items():
        for number, (stem, choices) in enumerate(rows):
            way, plant = rng.choice(sorted(ways(stem, choices, rng).items()))
            at, text = places.pop(), ""
            text = planted[at]
            cut = rng.randint(0, len(text))
            planted[at] = f"{text[:cut]}\n{plant}\n{text[cut:]}"
            truth[at] = (kind, str(number), way)
    folder = Path(tempfile.mkdtemp())
    files = tuple(write(folder / f"{kind}.csv", rows) for kind, rows in items.items())
    measure = Contamination(files)
    batches = [Texts(pa.array(planted[i : i + 500])) for i in range(0, len(planted), 500)]
    megabytes = sum(len(text.encode()) for text in planted) / 1e6
    for texts in batches:
        measure(Texts(texts.column.slice(0, 1)))
        texts.folded  # noqa: B018 - shared with other filters
    _, rows = seconds(measure, batches)
    found, false, ratio, shown = Counter(), Counter(), Counter(), []
    for at, row in enumerate(rows):
        hits = row["contamination.items"]
        if at in truth:
            kind, number, way = truth[at]
            ratio[kind, way] += 1
            right = (row["contamination.benchmark"], row["contamination.item"]) == (kind, number)
            found[kind, way] += right
            hits -= right
        if hits:
            false[sources[at][0], row["contamination.benchmark"]] += 1
            shown.append((sources[at][0], row, items[row["contamination.benchmark"]][int(row["contamination.item"])]))
    print(
        f"{len(truth):,} planted of {measure.index.unfindable} unfindable; {len(planted):,} texts, {megabytes:.1f} MB"
    )
    for key in sorted(ratio):
        print(f"  {key[0]:<9} {key[1]:<14} found {found[key]:>3} of {ratio[key]:>3}")
    print(f"recall {found.total() / len(truth):.4f}")
    print(f"texts with an item that was not planted: {false.total()} of {len(planted):,}", dict(false))
    for source, row, (stem, choices) in shown[:10]:
        print(f"  in {source}, coverage {row['contamination.coverage']:.2f}: {stem} | {' | '.join(choices)}")
    for size in (0, 100, 1_000, 10_000):
        more = law_items(laws, rng, size, 200) if size > 1_000 else [*items["laws"], *items["invented"]][:size]
        measure = Contamination((write(folder / f"{size}.csv", more),) if size else ())
        cost, _ = seconds(measure, batches)
        print(f"{len(more):>6} items: {cost / megabytes:.4f} CPU-seconds per MB")


if __name__ == "__main__":
    main()
