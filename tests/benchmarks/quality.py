"""What each shipped policy keeps of real good text, by source, and of rubbish of eleven kinds; each filter's cost.

    python -m tests.benchmarks.quality [--policy web …] [--train] [--drops SOURCE] [--number 50]

Reports on the held-out half of the documents (by a hash of the id; bounds were looked for on the other half, --train)
and on rubbish made from them with another seed. Duplicates are left out of account. --drops prints what a policy drops
of one source, for reading: nothing tells better whether a bound is right.
"""

import argparse
import random
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa

from filters.catalogue import CATALOGUE
from filters.policy import decide
from filters.texts import Texts
from pipeline.policy_file import load_policy, shipped_policies
from tests.benchmarks.rubbish import KINDS, rubbish
from tests.benchmarks.sources import FOLDER, available, is_held_out, load

BATCH_CHARS = 2_000_000
RUBBISH_PER_KIND = 300
RUBBISH_FROM = ("cmrc_wiki", "laws_cn", "howtocook", "chinese_novel")
SLICE = 3_000
"""Characters of a real document that rubbish is made from."""


def measure(texts, spent=None):
    """All attributes of all texts as one table; CPU seconds are added to `spent` by filter."""
    spent = {} if spent is None else spent
    tables, batch, chars = [], [], 0

    def flush():
        views = Texts(pa.array(batch, pa.large_string()))
        columns = {}
        for name in ("code_points", "kinds", "folded", "words"):
            begun = time.process_time()
            getattr(views, name)
            spent[f"view {name}"] = spent.get(f"view {name}", 0.0) + time.process_time() - begun
        for name, make in CATALOGUE.items():
            begun = time.process_time()
            found = make()(views)
            spent[name] = spent.get(name, 0.0) + time.process_time() - begun
            columns |= dict(zip(found.schema.names, found.columns, strict=True))
        tables.append(pa.table(columns))

    for text in texts:
        batch.append(text)
        chars += len(text)
        if chars >= BATCH_CHARS:
            flush()
            batch, chars = [], 0
    if batch:
        flush()
    return pa.concat_tables(tables).combine_chunks()


def judge(rules, table):
    """verdict.* of every row by the rules that read nothing of the deduplication."""
    rules = [rule for rule in rules if not any(name.startswith("dedup.") for name in rule.attributes)]
    columns = {name: table[name].combine_chunks() for rule in rules for name in rule.attributes}
    return decide(rules, columns, table.num_rows)


def good_texts(*, held_out):
    return {
        source: [row for row in load(source) if is_held_out(row["id"]) == held_out] for source in available()
    }  # fmt: skip


def bad_texts(good, *, held_out):
    texts = [row["text"] for source in RUBBISH_FROM for row in good[source]]
    random.Random(0).shuffle(texts)
    texts = [text[:SLICE] for text in texts if len(text) > 300]
    return {kind: rubbish(kind, texts, RUBBISH_PER_KIND, 1 + held_out) for kind in KINDS}


def show(title, names, rules_of, tables, *, least=False):
    """One row a source: documents, and the share kept by each policy, with and without what is only too short."""
    print(f"\n{title}\n  {'':<20} {'documents':>9} " + " ".join(f"{name:>12}" for name in rules_of))
    for name in names:
        line = f"  {name:<20} {tables[name].num_rows:>9,} "
        for rules in rules_of.values():
            verdict = judge(rules, tables[name])
            keep = verdict["verdict.keep"].to_numpy(zero_copy_only=False)
            if least:
                reason = np.array([r != "too_short" for r in verdict["verdict.reason"].to_pylist()])
                keep = keep[reason]
            line += f" {keep.mean() if len(keep) else float('nan'):>11.2%} "
        print(line)


def show_reasons(names, rules, tables):
    for name in names:
        verdict = judge(rules, tables[name])
        first = Counter(reason or "kept" for reason in verdict["verdict.reason"].to_pylist())
        print(f"  {name:<20} " + ", ".join(f"{reason} {number}" for reason, number in first.most_common()))


def show_drops(rows, table, rules, number):
    """The beginning and middle of dropped texts, with all reasons and the values they were dropped for."""
    verdict = judge(rules, table)
    by_reason = {rule.reason: rule for rule in rules}
    dropped = [at for at, keep in enumerate(verdict["verdict.keep"].to_pylist()) if not keep]
    dropped = [at for at in dropped if verdict["verdict.reason"][at].as_py() != "too_short"]
    print(f"{len(dropped)} dropped of {len(rows)}, too_short apart")
    for at in random.Random(0).sample(dropped, min(number, len(dropped))):
        failed = verdict["verdict.failed"][at].as_py()
        values = ", ".join(
            f"{r} ({by_reason[r].attribute} {table[by_reason[r].attribute][at].as_py()})" for r in failed
        )
        text = rows[at]["text"]
        print(
            f"── {rows[at]['id']}, {len(text)} characters: {values}\n"
            f"{text[:240]}\n   ⋯\n{text[len(text) // 2 :][:160]}\n"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--policy", nargs="*", default=None)
    parser.add_argument("--train", action="store_true", help="the half that bounds were looked for on")
    parser.add_argument("--drops", metavar="SOURCE")
    parser.add_argument("--number", type=int, default=50)
    options = parser.parse_args()
    if not available():
        raise SystemExit(f"there is no data in {FOLDER}; set QINGYUAN_DATA")
    policies = options.policy or shipped_policies()
    rules_of = {name: load_policy(name, Path()).rules for name in policies}
    good = good_texts(held_out=not options.train)
    if options.drops:
        rows = good[options.drops]
        show_drops(rows, measure([row["text"] for row in rows]), rules_of[policies[0]], options.number)
        return
    spent = {}
    real = {source: measure([row["text"] for row in rows], spent) for source, rows in good.items()}
    megabytes = sum(len(row["text"].encode()) for rows in good.values() for row in rows) / 1e6
    longer = [row for row in good["poetry"] if len(row["text"]) > 40]
    real["poetry > 40"] = measure([row["text"] for row in longer])
    show("kept of real documents", real, rules_of, real)
    show("the same, those apart that are only too short", real, rules_of, real, least=True)
    bad = {kind: measure(texts) for kind, texts in bad_texts(good, held_out=not options.train).items()}
    show("kept of rubbish", bad, rules_of, bad)
    for policy in policies:
        print(f"\nfirst reasons under {policy}")
        show_reasons(real | bad, rules_of[policy], real | bad)
    print(f"\nCPU seconds per MB on {megabytes:.1f} MB")
    for name, seconds in spent.items():
        print(f"  {name:<20} {seconds / megabytes:8.4f}")


if __name__ == "__main__":
    main()
