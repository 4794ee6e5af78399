"""The tables that scoring reads and writes, as Arrow schemas: one row's meaning, its units and what may be null."""

import pyarrow as pa

FULL = 10_000
"""Basis points of 1: what is paid by is an integer, quantised once, so that no rounding differs between machines."""

SPAN = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("type", pa.string())])
"""Code points [start, end) of a document's text, and the kind of what stands there."""

ANSWERS = pa.schema(
    [
        pa.field("item", pa.string(), nullable=False),
        pa.field("contributor", pa.string(), nullable=False),  # pseudonymous
        pa.field("kind", pa.string(), nullable=False),  # of round; a reviewer's rows have "<kind>/review"
        pa.field("round", pa.string(), nullable=False),
        pa.field("rule_version", pa.string(), nullable=False),
        pa.field("domain", pa.string(), nullable=False),  # "" if none
        pa.field("label", pa.string(), nullable=False),  # class; a reviewer's is accept or reject
        pa.field("spans", pa.list_(SPAN)),  # null: the kind of question has none
        pa.field("stratum", pa.string(), nullable=False),  # reference label Z, shown or not; "" if none
        pa.field("chars", pa.int32(), nullable=False),  # code points of the text
        pa.field("gold", pa.string()),  # true class, where known and in force
        pa.field("gold_revision", pa.int32(), nullable=False),  # 0: no gold
        pa.field("planted", pa.bool_(), nullable=False),  # stands there only as gold
        pa.field("at", pa.timestamp("us"), nullable=False),
        pa.field("server_seconds", pa.float64()),
        pa.field("client_seconds", pa.float64()),
        pa.field("flags", pa.string(), nullable=False),  # words, separated by blanks
    ]
)
"""One row: the latest valid answer of an annotator or reviewer to an item."""

GOLD_CLASS = pa.struct([("name", pa.string()), ("seen", pa.int64()), ("right", pa.int64())])
"""How many golds of a class a person has answered, and how many of them rightly."""

SCORES = pa.schema(
    [
        pa.field("contributor", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("answers", pa.int64(), nullable=False),  # golds included
        pa.field("golds", pa.int64(), nullable=False),
        pa.field("gold_classes", pa.list_(GOLD_CLASS), nullable=False),  # in the order of the classes
        pa.field("j_bp", pa.int32(), nullable=False),  # the payable informedness, 10,000 = 1, never below -10,000
        pa.field("j_low_bp", pa.int32(), nullable=False),  # lower bound of one side, z = 1.28 (90 %)
        pa.field("j_high_bp", pa.int32(), nullable=False),
        pa.field("j_all_bp", pa.int32(), nullable=False),  # of all answers, before caps
        pa.field("j_gold_bp", pa.int32()),  # of golds alone; null without golds
        pa.field("j_peer_bp", pa.int32()),  # of answers that peers also gave; null without peers
        pa.field("gold_cap_bp", pa.int32()),  # the most that the golds allow; null: no golds
        pa.field("peer_cap_bp", pa.int32()),  # the most that the peers allow; null: no peers
        pa.field("cap", pa.string(), nullable=False),  # one of CAPS: which bound decided j_bp
        pa.field("state", pa.string(), nullable=False),  # one of STATES
        pa.field("copy_cluster", pa.int32(), nullable=False),  # 0: none
        pa.field("copy_size", pa.int32(), nullable=False),  # people in the cluster; 1: alone
        pa.field("strata", pa.int32(), nullable=False),  # strata over which j was averaged
        pa.field("scorer_version", pa.string(), nullable=False),
    ]
)
"""One row: a person and a kind of round."""

CAPS = ("none", "gold", "peer", "unanchored", "copies")
"""Which bound decided j; copies: of a cluster only what is certain, until a person has looked."""
STATES = ("anchored", "unanchored", "none")
"""Anchored: golds of two classes or more; unanchored: fewer, so j is capped; none: nothing to measure by."""

LABELS = pa.schema(
    [
        pa.field("item", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("posterior", pa.float64(), nullable=False),  # of the label, 0 to 1
        pa.field("needs_review", pa.bool_(), nullable=False),
    ]
)
"""One row: an item and what is believed of it."""

COPIES = pa.schema(
    [
        pa.field("one", pa.string(), nullable=False),  # contributor, or "=Z": the reference label itself
        pa.field("other", pa.string(), nullable=False),
        pa.field("shared", pa.int64(), nullable=False),  # equal deviations from what the others believe
        pa.field("deviations", pa.int64(), nullable=False),  # items where either deviated
        pa.field("llr", pa.float64(), nullable=False),  # log likelihood ratio of copying, nats
        pa.field("cluster", pa.int32(), nullable=False),  # 0: evidence that is not enough by itself
    ]
)
"""One row: a pair of people who deviate alike."""

TIERS = pa.schema(
    [
        pa.field("contributor", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("tier", pa.int8(), nullable=False),  # 0 probation to 3
        pa.field("golds", pa.int64(), nullable=False),
        pa.field("because", pa.string(), nullable=False),  # one word, of tiers.REASONS
    ]
)
"""One row: a person's standing in a kind of round."""
