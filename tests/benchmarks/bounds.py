"""Where the bounds of a policy lie among real documents: quantiles of every bounded attribute, by source.

    python -m tests.benchmarks.bounds RUN

RUN is the folder that `throughput --keep` left, or a run's own. Sources are the first part of an id (`laws_cn/…`), as
bench_corpus names them; what it planted is left out.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.runs import open_run

QUANTILES = (0.001, 0.01, 0.5, 0.99, 0.999)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    run = parser.parse_args().run
    if not (run / "run.json").exists():
        run = next(run.glob("**/run.json")).parent
    rules = [r for r in open_run(str(run), run).policy.rules if not (r.at_least is r.at_most is None)]
    rules = [rule for rule in rules if not rule.attribute.startswith("dedup.")]
    names = sorted({rule.attribute for rule in rules})
    parts = sorted((run / "attributes").glob("part-*.parquet"))
    rows = pa.concat_tables(pq.read_table(part, columns=["id", *names]) for part in parts)
    members = defaultdict(list)
    for row, name in enumerate(rows["id"].to_pylist()):
        members[name.split("/")[0]].append(row)
    members.pop("planted", None)
    for rule in rules:
        values = rows[rule.attribute].to_numpy().astype(float)
        print(f"{rule.reason}: {rule.attribute} {rule.bounds()}")
        print(f"  {'':<14} {'documents':>9} " + " ".join(f"{f'{q:.1%}':>8}" for q in QUANTILES) + "   outside")
        for source, at in sorted(members.items()):
            mine = values[at]
            outside = np.isnan(mine)
            outside |= mine < (-np.inf if rule.at_least is None else rule.at_least)
            outside |= mine > (np.inf if rule.at_most is None else rule.at_most)
            print(f"  {source:<14} {len(mine):>9,} " + " ".join(f"{np.nanquantile(mine, q):>8.3g}" for q in QUANTILES)
                  + f"  {outside.mean():>7.2%}")  # fmt: skip


if __name__ == "__main__":
    main()
