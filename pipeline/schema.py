"""The tables on disk: their columns, and what each means."""

import pyarrow as pa

from filters.contract import attribute
from filters.policy import VERDICT_SCHEMA

EDIT = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("kind", pa.string()), ("removed", pa.string())])
"""Code points [start, end) of the stored text stand where `removed` stood before; for a removal start == end."""

DOCUMENTS = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("url", pa.string()),
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("meta", pa.map_(pa.string(), pa.string()), nullable=False),
        pa.field("edits", pa.list_(EDIT), nullable=False),
        pa.field("file", pa.string(), nullable=False),
        pa.field("record", pa.int64(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
    ]
)
"""offset: bytes into the decompressed file, -1 where the format has none."""

INPUT_ID = "_input_id"
"""Key in `meta` under which a document keeps the id that it had to give up to an earlier one."""

READING = (
    attribute("reading.encoding", pa.string(), "label", "what the document was decoded from: utf-8, gb18030, …"),
    attribute("reading.repaired_chars", pa.int64(), "chars", "U+FFFD put where bytes were no text in that encoding"),
    attribute("reading.edits", pa.int64(), "count", "changes that decoding and normalisation made to the text"),
)
"""Attributes that reading itself measures."""

DEDUP = (
    attribute(
        "dedup.rank", pa.int64(), "count",
        "0: no better document resembles this one; else its place in its cluster behind the one that stays",
    ),
    attribute(
        "dedup.kind", pa.string(), "label",
        "unique; survivor (others resemble it); exact or near, by how it resembles dedup.of",
    ),
    attribute("dedup.size", pa.int64(), "count", "documents in its cluster"),
    attribute("dedup.jaccard", pa.float64(), "ratio", "exact Jaccard of shingles with dedup.of; else null"),
    attribute("dedup.cluster", pa.string(), "label", "smallest id that the run has in its cluster"),
    attribute("dedup.of", pa.string(), "label", "id of the kept document that it duplicates; else null"),
    attribute("dedup.of_run", pa.string(), "label", "the earlier run that dedup.of is of, by the index; else null"),
)  # fmt: skip
"""Attributes that deduplication gives every document; `dedup.rank` and what follows from it know who survived."""

VERDICTS = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        *VERDICT_SCHEMA,
        *DEDUP,
    ]
)

QUARANTINE = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("file", pa.string(), nullable=False),
        pa.field("record", pa.int64(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("error", pa.string(), nullable=False),
        pa.field("raw", pa.binary(), nullable=False),
        pa.field("records_lost", pa.int64()),
    ]
)
"""records_lost: null where it cannot be known, as behind the break of a truncated archive."""

ACCOUNT = [name for name in QUARANTINE.names if name != "raw"]
"""Columns of the quarantine that say what happened, without the bytes that it happened to."""

CLUSTERS = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("cluster", pa.string(), nullable=False),
        pa.field("rank", pa.int64(), nullable=False),
        pa.field("size", pa.int64(), nullable=False),
        pa.field("of", pa.string()),
        pa.field("jaccard", pa.float64()),
        pa.field("place", pa.int64(), nullable=False),
        pa.field("group", pa.int64(), nullable=False),
    ]
)
"""One row a document, in the order of the parts, as if every document passed every other rule. place: in its cluster,
best first, by which survivors are chosen. group: row of the best document with the same folded text."""

EARLIER = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("run", pa.string(), nullable=False),
        pa.field("kept", pa.bool_(), nullable=False),
    ]
)
"""Documents of earlier runs that are compared with a run's. kept: by their own run."""

EARLIER_CLUSTERS = pa.schema([*EARLIER, *list(CLUSTERS)[1:]])
"""What deduplication found out about them; their rows follow those of `CLUSTERS`."""

PAIRS = pa.schema(
    [
        pa.field("a", pa.int64(), nullable=False),
        pa.field("b", pa.int64(), nullable=False),
        pa.field("jaccard", pa.float64(), nullable=False),
    ]
)
"""Verified resemblances between rows of `CLUSTERS`, a < b."""

CORPUS = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("url", pa.string()),
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("meta", pa.map_(pa.string(), pa.string()), nullable=False),
    ]
)


def signature_schema(permutations: int, header: dict[str, str]) -> pa.Schema:
    """Return the columns of a signatures part; the header says with what else its signatures may be compared."""
    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("exact", pa.binary(16), nullable=False),
            pa.field("signature", pa.binary(4 * permutations), nullable=False),
            pa.field("shingles", pa.int64(), nullable=False),
            pa.field("chars", pa.int64(), nullable=False),
        ],
        metadata=header,
    )
