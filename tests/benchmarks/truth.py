"""How much of the planted truth a run found, and what it did wrong.

    python -m tests.benchmarks.truth CORPUS RUN

CORPUS is a folder made by shared/tools/bench_corpus.py; RUN the folder that `throughput --keep` left, or a run's own.
"""

import argparse
import json
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from filters.texts import Texts

NEAR = ("exact", "fold", "near1", "near3", "prefix1", "hant")
DUPLICATE = {"duplicate", "near_duplicate"}


def read(run, table, columns):
    parts = sorted((run / table).glob("part-*.parquet"))
    return pa.concat_tables(pq.read_table(part, columns=columns) for part in parts).to_pylist()


def shingles(text):
    folded = Texts(pa.array([text])).folded.values.tolist()
    return {tuple(folded[i : i + 5]) for i in range(len(folded) - 4)}


def jaccard(one, other):
    one, other = shingles(one), shingles(other)
    return len(one & other) / max(1, len(one | other))


def han_share(text):
    """Of letters, in the first 20,000 characters: what bench_corpus calls mostly Han is 0.5 or more."""
    han = sum("\u4e00" <= c <= "\u9fff" or "\u3400" <= c <= "\u4dbf" for c in text[:20_000])
    letters = sum(unicodedata.category(c)[0] == "L" for c in text[:20_000])
    return han / max(1, letters)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("run", type=Path)
    options = parser.parse_args()
    run = options.run
    if not (run / "run.json").exists():
        run = next(run.glob("**/run.json")).parent
    truth = [json.loads(line) for line in (options.corpus / "truth.jsonl").read_text("utf-8").splitlines()]
    verdicts = {row["id"]: row for row in read(run, "verdicts", None)}
    texts = {row["id"]: row["text"] for row in read(run, "documents", ["id", "text"])}
    planted = defaultdict(list)
    for row in truth:
        planted[row["kind"]].append(row)

    print("copies: found = in one cluster with the original, and not both kept")
    for kind in NEAR:
        rows = planted[kind]
        found = 0
        for row in rows:
            copy, original = verdicts[row["id"]], verdicts[row["of"]]
            together = copy["dedup.cluster"] == original["dedup.cluster"]
            found += together and not (copy["verdict.keep"] and original["verdict.keep"])
        print(f"  {kind:<8} {found:5} of {len(rows):5}  {found / max(1, len(rows)):7.2%}")

    dropped = [row for row in verdicts.values() if DUPLICATE & set(row["verdict.failed"])]
    similar = [(jaccard(texts[row["id"]], texts[row["dedup.of"]]), row) for row in dropped]
    wrong = [row["id"] for likeness, row in similar if likeness < 0.7]
    gone = [row["id"] for row in dropped if not verdicts[row["dedup.of"]]["verdict.keep"]]
    lowest = min((likeness for likeness, _ in similar), default=1.0)
    print(f"dropped as duplicates: {len(dropped)}; lowest exact Jaccard with the survivor {lowest:.4f}")
    print(f"  below 0.7: {len(wrong)}; whose survivor was not kept: {len(gone)}")

    print("languages: dropped as not_chinese")
    for kind in ("foreign", "foreign_real", "mixed"):
        reasons = Counter(verdicts[row["id"]]["verdict.reason"] for row in planted[kind])
        share = reasons["not_chinese"] / max(1, len(planted[kind]))
        print(f"  {kind:<13} {share:7.2%} of {len(planted[kind]):5}   {dict(reasons.most_common(4))}")
    kinds = {row["id"]: row["kind"] for row in truth}
    other = {"foreign", "foreign_real", "mixed"}
    real = [row for name, row in verdicts.items() if kinds.get(name) not in other]
    called = [row["id"] for row in real if "not_chinese" in row["verdict.failed"]]
    print(f"real Chinese documents called not_chinese: {len(called)} of {len(real)} ({len(called) / len(real):.2%})")
    for name in called[:5]:
        print(f"  {name}: Han {han_share(texts[name]):.2f} of letters")

    print("kept by source (duplicates apart)")
    by_source = defaultdict(Counter)
    for name, row in verdicts.items():
        if name not in kinds:
            reasons = [reason for reason in row["verdict.failed"] if reason not in DUPLICATE]
            by_source[name.split("/")[0]][reasons[0] if reasons else "kept"] += 1
    for source, counts in sorted(by_source.items()):
        share = counts["kept"] / counts.total()
        print(f"  {source:<14} {share:7.2%} of {counts.total():5}   {dict(counts.most_common(5))}")


if __name__ == "__main__":
    main()
