"""Judging: who survives in each cluster, and the verdict on every document. Reads what is stored, measures nothing."""

import time
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters.policy import HELD, Policy, broken, decide
from pipeline.clusters import Clusters
from pipeline.election import elect
from pipeline.errors import ShardError
from pipeline.parts import Parts, attribute_table
from pipeline.schema import DEDUP, VERDICTS
from pipeline.store import RunFolder, digest_file, read_range, read_table, withdraw, write_json, write_table

JUDGE_VERSION = "2"


def load_clusters(folder: RunFolder) -> tuple[pa.Table, Clusters]:
    """Read what deduplication stored: the table, and the clusters as numbers."""
    table = read_table(folder.path / "clusters.parquet")
    pairs = read_table(folder.path / "pairs.parquet")
    labels = table["cluster"].combine_chunks().dictionary_encode()
    edges = np.stack([pairs["a"].to_numpy(), pairs["b"].to_numpy()], axis=1)
    clusters = Clusters(
        cluster=labels.indices.to_numpy().astype(np.int64), rank=table["place"].to_numpy(),
        size=table["size"].to_numpy(), exact_group=table["group"].to_numpy(), edges=edges,
        edge_jaccard=pairs["jaccard"].to_numpy(),
    )  # fmt: skip
    return table, clusters


def find_survivors(parts: Parts, policy: Policy) -> pa.Table:
    """Choose the survivors: the best member of each cluster that passes every rule that is not about duplicates.

    Returns:
        The `DEDUP` attributes, a row for every document of the parts, in order.
    """
    table, clusters = load_clusters(parts.folder)
    election = elect(clusters, _passing(parts, policy, clusters))
    ids = table["id"].combine_chunks()
    alone = election.of < 0
    kind = np.where(alone, np.where(clusters.size > 1, "survivor", "unique"), np.where(election.exact, "exact", "near"))
    columns = {
        "dedup.rank": pa.array(election.rank),
        "dedup.kind": pa.array(kind.tolist(), pa.string()),
        "dedup.size": table["size"],
        "dedup.jaccard": pa.array(election.jaccard, mask=alone),
        "dedup.cluster": table["cluster"],
        "dedup.of": ids.take(pa.array(election.of, mask=alone)),
    }
    return pa.table(columns, schema=pa.schema(DEDUP))


def _passing(parts: Parts, policy: Policy, clusters: Clusters) -> NDArray[np.bool_]:
    """bool[n]: which documents with a twin break no rule but those about duplicates; True for all others.

    A document that a person should look at is in the corpus and may stand for its twins; one that is held is not.
    """
    rules = [
        rule for rule in policy.rules
        if rule.action != "review" and not any(name.startswith("dedup.") for name in rule.attributes)
    ]  # fmt: skip
    columns = sorted({name for rule in rules for name in rule.attributes})
    passes = np.ones(len(clusters.size), np.bool_)
    twins = np.flatnonzero(clusters.size > 1)
    if len(twins) and rules:
        arrays = parts.attributes(twins, columns)
        passes[twins] = ~broken(rules, arrays, len(twins)).any(axis=1)
    return passes


def elect_survivors(parts: Parts, policy: Policy, fingerprint: str) -> dict[str, Any]:
    """Write survivors.parquet, the `DEDUP` attributes of all documents, and the receipt."""
    begun = time.process_time()
    path = parts.folder.path / "survivors.parquet"
    withdraw(parts.folder.whole_receipt("elect"))
    write_table(path, find_survivors(parts, policy))
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
