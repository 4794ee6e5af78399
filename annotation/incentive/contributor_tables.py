"""The tables of contributor metrics as Arrow schemas: what they are made of, and one row's meaning, units and nulls."""

import pyarrow as pa

from annotation.incentive.tables import GOLD_CLASS

OUTCOMES = ("valid", "skipped", "refused", "forged", "late", "deleted")
"""Of a submission: it counts; the person passed; it is no answer, or too fast; another sent it; it was changed after
somebody had judged it; it is gone."""

ACTIVITY = pa.schema(
    [
        pa.field("item", pa.string(), nullable=False),
        pa.field("contributor", pa.string(), nullable=False),  # whose task it is
        pa.field("kind", pa.string(), nullable=False),  # as in ANSWERS, also "<kind>/adjudication"
        pa.field("round", pa.string(), nullable=False),
        pa.field("at", pa.timestamp("us"), nullable=False),
        pa.field("outcome", pa.string(), nullable=False),  # one of OUTCOMES
        pa.field("chars", pa.int32(), nullable=False),  # code points of the text; 0 if unknown
        pa.field("server_seconds", pa.float64()),  # from opening to sending; null: never opened
        pa.field("flags", pa.string(), nullable=False),  # words, separated by blanks
        pa.field("rejected", pa.bool_(), nullable=False),  # a reviewer or adjudicator said otherwise
    ]
)
"""One row: a submission that stands, or that was refused as another's or as too late."""

APPEALS = pa.schema([("contributor", pa.string()), ("kind", pa.string()), ("decision", pa.string())])
"""One row: an appeal; pending, granted or refused."""

EXAMS = pa.schema(
    [("contributor", pa.string()), ("kind", pa.string()), ("state", pa.string()), ("until", pa.timestamp("us"))]
)
"""One row: the last exam of a person in a kind and role; valid, expired, revoked or failed."""

CONTRIBUTORS = pa.schema(
    [
        pa.field("period", pa.string(), nullable=False),
        pa.field("contributor", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("answers", pa.int64(), nullable=False),  # valid, golds included
        pa.field("skips", pa.int64(), nullable=False),
        pa.field("refused", pa.int64(), nullable=False),  # invalid or too fast
        pa.field("forged", pa.int64(), nullable=False),  # sent by or for others into this person's tasks
        pa.field("late", pa.int64(), nullable=False),  # changed after they were judged
        pa.field("active_seconds", pa.float64(), nullable=False),  # server's clock, an answer at most 3 norms
        pa.field("median_seconds", pa.float64()),  # of valid answers; null: none was timed
        pa.field("pace", pa.float64()),  # median of seconds over the norm of the text's length; 1 is usual
        pa.field("gold_classes", pa.list_(GOLD_CLASS), nullable=False),
        pa.field("j_bp", pa.int32()),  # informedness that is paid by; null: not measured
        pa.field("j_low_bp", pa.int32()),  # one side, 90 %
        pa.field("j_high_bp", pa.int32()),
        pa.field("cap", pa.string()),
        pa.field("state", pa.string()),  # anchored, unanchored, none
        pa.field("tier", pa.int8()),
        pa.field("agreement", pa.float64()),  # share of answers that most of the others gave; ties in part
        pa.field("difficulty", pa.float64()),  # mean over items of the share of others not with their majority
        pa.field("drift", pa.float64()),  # share of golds right, last half less first half
        pa.field("drift_low", pa.float64()),  # 95 %
        pa.field("drift_high", pa.float64()),
        pa.field("copy_cluster", pa.int32(), nullable=False),  # 0: none
        pa.field("copy_size", pa.int32(), nullable=False),  # 1: alone
        pa.field("rejected", pa.int64(), nullable=False),  # answers that a reviewer or adjudicator turned down
        pa.field("appeals", pa.int64(), nullable=False),  # opened
        pa.field("appeals_granted", pa.int64(), nullable=False),
        pa.field("qualification", pa.string(), nullable=False),  # valid, expired, revoked, failed, none
        pa.field("qualified_until", pa.timestamp("us")),
        pa.field("flags", pa.list_(pa.string()), nullable=False),  # of FLAGS, what a person should look at
    ]
)
"""One row: a person and a kind of round in a period, sorted by kind and person."""

FLAGS = ("copies", "stamps", "fast", "skips", "forged", "late", "overclaimed", "unwitnessed", "unanchored", "drift")
"""What a person should look at. copies: answers like others where both are wrong; stamps: like the filters' suggestion;
fast: in a third of the norm; skips: every fifth task; overclaimed: more time is claimed than passed;
unwitnessed: no session was seen to send it; drift: golds got worse."""
