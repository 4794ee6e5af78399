"""What the filter `personal` finds, what it leaves alone, and what that costs.

python -m tests.benchmarks.personal                       own rows: recall by format, ordinary numbers by kind
python -m tests.benchmarks.personal --half                the half of the sentences that was looked at
python -m tests.benchmarks.personal --bench DIR           what shared/tools/bench_corpus.py has planted
python -m tests.benchmarks.personal --real [--show KIND]  real documents: what `web` masks, and CPU-seconds a MB
python -m tests.benchmarks.personal --rows FILE           the rows as JSONL, for personal_peers.py elsewhere
"""

import argparse
import io
import json
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa

from filters.personal import Personal
from filters.personal_lexicon import categories
from filters.texts import Texts
from tests.benchmarks.personal_rows import ordinary, positives
from tests.benchmarks.sources import available, load

BUDGET = 0.015
"""CPU-seconds per MB."""
EACH, ORDINARY_EACH = 200, 180


def find(texts, batch=2_000):
    """Spans of every text: (start, end, kind)."""
    found = []
    for begin in range(0, len(texts), batch):
        for row in Personal()(Texts(pa.array(texts[begin : begin + batch])))["personal.spans"].to_pylist():
            found.append([tuple(span.values()) for span in row])  # noqa: PERF401 - a comprehension of three floors
    return found


def masked(spans):
    return [(start, end, kind) for start, end, kind in spans if not categories()[kind].open]


def own(held_out):
    rows = list(positives(EACH, 2 if held_out else 1, held_out=held_out))
    number, hit, wrong = Counter(), Counter(), {}
    for (form, category, checked, text, start, end), spans in zip(rows, find([row[3] for row in rows]), strict=True):
        key = (checked, form)
        number[key] += 1
        right = any(s <= start and end <= e and kind == category for s, e, kind in masked(spans))
        hit[key] += right
        if not right and key not in wrong:
            wrong[key] = (text[max(0, start - 14) : end + 8], [(text[s:e], kind) for s, e, kind in spans])
    for checked in (True, False):
        forms = [key for key in number if key[0] == checked]
        share = sum(hit[key] for key in forms) / sum(number[key] for key in forms)
        print(f"{'with' if checked else 'without'} a check character: {len(forms)} formats, recall {share:.4f}")
        for key in forms:
            if hit[key] < number[key]:
                print(f"  {key[1]:<28}{hit[key]:>4} of {number[key]}   {wrong[key]}")
    rows = list(ordinary(ORDINARY_EACH, 4 if held_out else 3))
    touched, shown = Counter(), {}
    for (kind, text, start, end), spans in zip(rows, find([row[1] for row in rows]), strict=True):
        over = [(text[s:e], k) for s, e, k in masked(spans) if s < end and start < e]
        touched[kind] += bool(over)
        if over:
            shown[kind] = (text[start:end], over)
    texts = Texts(pa.array([row[1] for row in rows]))
    texts.code_points  # noqa: B018 - shared with other filters
    begun = time.process_time()
    Personal()(texts)
    seconds = time.process_time() - begun
    print(f"{seconds / sum(len(row[1].encode()) for row in rows) * 1e6:.3f} CPU-seconds per MB of these ordinary rows")
    print(f"ordinary numbers untouched: {1 - touched.total() / len(rows):.5f} of {len(rows):,}")
    for kind, count in touched.most_common():
        if count:
            print(f"  {kind:<28}{count:>4} of {ORDINARY_EACH}   {shown[kind]}")


def bench(folder):
    import zstandard

    truth = {row["id"]: row for row in map(json.loads, (folder / "truth.jsonl").open()) if row["kind"] == "pii"}
    with (folder / "corpus.jsonl.zst").open("rb") as raw:
        lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(raw), encoding="utf-8")
        rows = [row for row in map(json.loads, lines) if row["id"] in truth]
    number, hit, ordinary_number, ordinary_touched = Counter(), Counter(), 0, 0
    for row, spans in zip(rows, find([row["text"] for row in rows]), strict=True):
        for item in truth[row["id"]]["pii"]:
            kind = item["type"].removesuffix("_bad")
            expect = "residence_permit" if item["valid"] and item["value"][:2] in {"81", "83", "８１", "８３"} else kind
            inside = [k for s, e, k in spans if s <= item["start"] and item["end"] <= e]
            number[item["type"]] += 1
            hit[item["type"]] += (expect in inside) == item["valid"]
            if (expect in inside) != item["valid"]:
                print("  wrong:", row["text"][item["start"] - 10 : item["end"] + 10], inside)
        for item in truth[row["id"]]["ordinary"]:
            ordinary_number += 1
            over = [(row["text"][s:e], k) for s, e, k in masked(spans) if s < item["end"] and item["start"] < e]
            ordinary_touched += bool(over)
            if over:
                print("  touched:", item["value"], over)
    for kind in sorted(number):
        print(
            f"{kind:<18}{hit[kind]:>4} of {number[kind]} right ({'left alone' if kind.endswith('_bad') else 'found'})"
        )
    print(f"ordinary          {ordinary_number - ordinary_touched:>4} of {ordinary_number} untouched")


def real(show):
    if not available():
        print("the shared data is not here: set QINGYUAN_DATA")
        return
    find(["联系人：张三，手机13812345678"])  # tables, words and kernels are loaded
    whole = [0, 0.0, 0.0]
    for source in available():
        texts = [row["text"] for row in load(source)]
        kinds, seconds = Counter(), 0.0
        for begin in range(0, len(texts), 1_000):
            views = Texts(pa.array(texts[begin : begin + 1_000], pa.large_string()))
            views.code_points  # noqa: B018 - shared with other filters
            begun = time.process_time()
            column = Personal()(views)["personal.spans"]
            seconds += time.process_time() - begun
            for text, spans in zip(texts[begin : begin + 1_000], column.to_pylist(), strict=True):
                for span in spans:
                    kinds[span["kind"]] += 1
                    if span["kind"] == show or (
                        show == "masked" and span["kind"] != "email" and not categories()[span["kind"]].open
                    ):
                        start, end = span["start"], span["end"]
                        before, behind = text[max(0, start - 24) : start], text[end : end + 12]
                        print(f"    {span['kind']}: {before!r} [{text[start:end]}] {behind!r}")
        chars, megabytes = sum(map(len, texts)), sum(len(text.encode()) for text in texts) / 1e6
        whole = [whole[0] + chars, whole[1] + megabytes, whole[2] + seconds]
        inside = Counter({kind: n for kind, n in kinds.items() if not categories()[kind].open})
        rest = {kind: n for kind, n in kinds.items() if kind not in inside}
        print(f"{source:<15}{chars / 1e6:>6.2f} M chars {seconds / megabytes:>8.4f} CPU-s/MB", end="  ")
        print(f"masked {dict(inside)}  measured {rest}")
    print(f"all: {whole[0] / 1e6:.1f} M characters, {whole[2] / whole[1]:.4f} CPU-seconds per MB (budget {BUDGET})")


def write_rows(path):
    with path.open("w") as out:
        for form, category, checked, text, start, end in positives(60, 2):
            row = {"form": form, "category": category, "checked": checked, "text": text, "start": start, "end": end}
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
        for kind, text, start, end in ordinary(60, 4):
            row = {"form": kind, "category": None, "text": text, "start": start, "end": end}
            out.write(json.dumps(row, ensure_ascii=False) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", action="store_true")
    parser.add_argument("--bench", type=Path)
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--show", help="a category, or `masked` for all that web masks but e-mail")
    parser.add_argument("--rows", type=Path)
    options = parser.parse_args()
    if options.bench:
        bench(options.bench)
    elif options.real:
        real(options.show)
    elif options.rows:
        write_rows(options.rows)
    else:
        own(held_out=not options.half)


if __name__ == "__main__":
    main()
