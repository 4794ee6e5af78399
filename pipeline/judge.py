"""Judging: who survives in each cluster, and the verdict on every document. Reads what is stored, measures nothing."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters.policy import HELD, Policy, broken, decide
from pipeline.cluster_table import Grouped, read_clusters
from pipeline.election import Election, elect
from pipeline.errors import ShardError
from pipeline.parts import Parts, attribute_table
from pipeline.schema import DEDUP, VERDICTS
from pipeline.store import (
    PartWriter,
    RunFolder,
    digest_file,
    read_batches,
    read_range,
    read_table,
    withdraw,
    write_json,
    write_table,
)

JUDGE_VERSION = "2"

_KINDS = pa.array(["unique", "survivor", "exact", "near"], pa.string())
_UNIQUE, _SURVIVOR, _EXACT, _NEAR = range(4)


@dataclass(frozen=True, slots=True)
class Survivors:
    """Who survives among the documents that are not alone."""

    folder: RunFolder
    found: Grouped
    election: Election
    ids: pa.Array
    """Of the members."""
    runs: pa.Array
    """Of the members that are of earlier runs; null for the run's own."""

    def tables(self) -> Iterator[pa.Table]:
        """Yield the `DEDUP` attributes of all documents, in order, as many at a time as a row group has."""
        rows, election, begin = self.found.rows, self.election, 0
        for batch in read_batches(self.folder.path / "clusters.parquet", ["cluster", "size"]):
            low, high = np.searchsorted(rows, [begin, begin + batch.num_rows])
            inside = rows[low:high] - begin
            of, rank = np.full(batch.num_rows, -1, np.int64), np.zeros(batch.num_rows, np.int64)
            jaccard, exact = np.full(batch.num_rows, np.nan), np.zeros(batch.num_rows, np.bool_)
            of[inside], rank[inside] = election.of[low:high], election.rank[low:high]
            jaccard[inside], exact[inside] = election.jaccard[low:high], election.exact[low:high]
            alone = of < 0
            several = batch["size"].to_numpy() > 1
            kind = np.where(alone, np.where(several, _SURVIVOR, _UNIQUE), np.where(exact, _EXACT, _NEAR))
            columns = {
                "dedup.rank": pa.array(rank),
                "dedup.kind": _KINDS.take(pa.array(kind)),
                "dedup.size": batch["size"],
                "dedup.jaccard": pa.array(jaccard, mask=alone),
                "dedup.cluster": batch["cluster"],
                "dedup.of": self.ids.take(pa.array(of, mask=alone)),
                "dedup.of_run": self.runs.take(pa.array(of, mask=alone)),
            }
            yield pa.table(columns, schema=pa.schema(DEDUP))
            begin += batch.num_rows


def find_survivors(parts: Parts, policy: Policy) -> Survivors:
    """Choose the survivors: the best member of each cluster that passes every rule that is not about duplicates."""
    found = read_clusters(parts.folder)
    own = found.rows[found.rows < parts.rows]
    others = len(found.rows) - len(own)
    passes = np.concatenate([_passing(parts, policy, own), np.zeros(others, np.bool_)])
    election = elect(found.clusters, passes, found.kept)
    ids = parts.take("documents", own, ["id"])["id"].combine_chunks() if len(own) else _KINDS[:0]
    runs = pa.nulls(len(own), pa.string())
    if others:
        earlier = read_table(parts.folder.path / "earlier.parquet", ["id", "run"])
        earlier = earlier.take(found.rows[len(own) :] - parts.rows).combine_chunks()
        ids = pa.concat_arrays([ids, earlier["id"].combine_chunks()])
        runs = pa.concat_arrays([runs, earlier["run"].combine_chunks()])
    return Survivors(parts.folder, found, election, ids, runs)


def _passing(parts: Parts, policy: Policy, twins: NDArray[np.int64]) -> NDArray[np.bool_]:
    """bool[twins]: which of those rows break no rule but those about duplicates.

    A document that a person should look at is in the corpus and may stand for its twins; one that is held is not.
    """
    rules = [
        rule for rule in policy.rules
        if rule.action != "review" and not any(name.startswith("dedup.") for name in rule.attributes)
    ]  # fmt: skip
    columns = sorted({name for rule in rules for name in rule.attributes})
    if not len(twins) or not rules:
        return np.ones(len(twins), np.bool_)
    arrays = parts.attributes(twins, columns)
    return ~np.asarray(broken(rules, arrays, len(twins)).any(axis=1), np.bool_)


def elect_survivors(parts: Parts, policy: Policy, fingerprint: str) -> dict[str, Any]:
    """Write survivors.parquet, the `DEDUP` attributes of all documents, and the receipt."""
    begun = time.process_time()
    path = parts.folder.path / "survivors.parquet"
    withdraw(parts.folder.whole_receipt("elect"))
    repeated = [name for name in pa.schema(DEDUP).names if name != "dedup.cluster"]
    with PartWriter([(path, pa.schema(DEDUP))], dictionaries=repeated) as writer:
        for table in find_survivors(parts, policy).tables():
            for batch in table.combine_chunks().to_batches():
                writer.write(batch)
    receipt = {
        "stage": "elect",
        "fingerprint": fingerprint,
        "outputs": {"survivors": digest_file(path)},
        "cpu_seconds": round(time.process_time() - begun, 3),
    }
    write_json(parts.folder.whole_receipt("elect"), receipt)
    return receipt


def verdicts_of(parts: Parts, number: int, policy: Policy, dedup: pa.Table) -> pa.Table:
    """Judge the documents of one part, given their `DEDUP` attributes: `VERDICTS`, in order."""
    documents = read_table(parts.folder.part("documents", number), ["id", "source"])
    stored = sorted(policy.attributes - set(dedup.column_names))
    arrays: dict[str, pa.Array] = {}
    for name in sorted({"attributes", *map(attribute_table, stored)}):
        columns = [one for one in stored if attribute_table(one) == name]
        attributes = read_table(parts.folder.part(name, number), ["id", *columns])
        if attributes["id"] != documents["id"]:
            raise ShardError(f"part-{number:05d}: its documents and its {name} are not of the same documents")
        arrays |= {one: attributes[one].combine_chunks() for one in columns}
    arrays |= {name: dedup[name].combine_chunks() for name in dedup.column_names}
    verdict = decide(policy.rules, arrays, documents.num_rows)
    columns = [documents["id"], documents["source"], *verdict.columns, *dedup.columns]
    return pa.table(columns, schema=VERDICTS)


def judge_part(parts: Parts, number: int, policy: Policy, fingerprint: str) -> dict[str, Any]:
    """Write the verdicts of one part, and the receipt that says how many were kept and why the others were not."""
    begun = time.process_time()
    folder = parts.folder
    withdraw(folder.receipt("judge", number))
    survivors = read_range(folder.path / "survivors.parquet", *parts.bounds(number))
    table = verdicts_of(parts, number, policy, survivors)
    write_table(folder.part("verdicts", number), table)
    receipt = {
        "stage": "judge",
        "part": number,
        "fingerprint": fingerprint,
        "documents": table.num_rows,
        **tally(table),
        "outputs": {"verdicts": digest_file(folder.part("verdicts", number))},
        "cpu_seconds": round(time.process_time() - begun, 3),
    }
    write_json(folder.receipt("judge", number), receipt)
    return receipt


def tally(verdicts: pa.Table) -> dict[str, Any]:
    """Count what was kept, what was dropped by first reason and by every broken rule, and what people should see.

    `reviewed`: documents, kept or held, that some rule wants seen; `review`: by each such rule, of these documents
    alone: nobody need look at what is dropped for something else.
    """
    reasons = Counter(reason for reason in verdicts["verdict.reason"].to_pylist() if reason is not None)
    failed = Counter(verdicts["verdict.failed"].combine_chunks().flatten().to_pylist())
    kept = int(np.count_nonzero(verdicts["verdict.keep"].to_numpy()))
    open_ones = pc.or_(verdicts["verdict.keep"], pc.equal(verdicts["verdict.reason"], HELD).fill_null(False))
    asked = verdicts["verdict.review"].filter(open_ones).combine_chunks()
    review = Counter(asked.flatten().to_pylist())
    return {
        "kept": kept,
        "reasons": dict(sorted(reasons.items())),
        "failed": dict(sorted(failed.items())),
        "reviewed": int(np.count_nonzero(asked.value_lengths().to_numpy())),
        "review": dict(sorted(review.items())),
    }
