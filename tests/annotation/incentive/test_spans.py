"""Spans: likeness against a set of characters, and what pays."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.incentive.spans import _marks, score_spans
from annotation.incentive.tables import SPAN

SPANS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 9), st.sampled_from("ab")).map(
        lambda s: {"start": s[0], "end": s[0] + s[1], "type": s[2]}
    ),
    max_size=6,
)


def table(rows):
    """ANSWERS of (item, contributor, spans)."""
    item, contributor, spans = zip(*rows, strict=True)
    return pa.table({"item": item, "contributor": contributor, "kind": ["ner"] * len(rows),
                     "spans": pa.array(spans, pa.list_(SPAN))})  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(SPANS, min_size=2, max_size=5))
def test_likeness_is_f1_of_sets_of_characters(answers):
    marks = _marks(pa.array(answers, pa.list_(SPAN)))
    sets = [{(c, s["type"]) for s in spans for c in range(s["start"], s["end"])} for spans in answers]
    for one in range(len(answers)):
        for other in range(len(answers)):
            whole = len(sets[one]) + len(sets[other])
            f1 = 2 * len(sets[one] & sets[other]) / whole if whole else 1.0
            assert marks.likeness(np.array([one]), np.array([other]))[0] == f1


def world(seed=1, texts=120, gold=True):
    """Six who look (of falling care), one who marks nothing, one who marks at random, one who marks one place."""
    g = np.random.default_rng(seed)
    rows = []
    for number in range(texts):
        starts = g.choice(20, g.integers(0, 4), replace=False) * 5
        true = [{"start": int(s), "end": int(s) + 4, "type": "xy"[g.integers(2)]} for s in starts]
        if gold and number % 5 == 0:
            rows.append((f"t{number}", "=gold", true))
        for care in range(6):
            kept = [s for s in true if g.random() < 0.95 - 0.1 * care]
            extra = [] if g.random() > 0.1 * care else [{"start": int(g.integers(100)), "end": 110, "type": "x"}]
            rows.append((f"t{number}", f"looks{care}", kept + extra))
        rows.append((f"t{number}", "nothing", []))
        at = int(g.integers(96))
        rows.append((f"t{number}", "random", [{"start": at, "end": at + 4, "type": "x"}]))
        rows.append((f"t{number}", "always", [{"start": 10, "end": 14, "type": "x"}]))
    return rows


def j_of(scores):
    return dict(zip(scores["contributor"].to_pylist(), scores["j_bp"].to_pylist(), strict=True))


def test_care_pays_in_its_order_and_marking_without_reading_does_not():
    found = j_of(score_spans(table(world())))
    careful = [found[f"looks{care}"] for care in range(6)]
    assert careful[:4] == sorted(careful, reverse=True)[:4]
    assert careful[0] > 6000  # of what careless peers can confirm
    assert max(abs(found[name]) for name in ("nothing", "random", "always")) < 500


def test_order_and_names_of_spans_people_and_types_change_nothing():
    rows = world(texts=40)
    before = j_of(score_spans(table(rows)))
    order = np.random.default_rng(3).permutation(len(rows))
    other = {"x": "日", "y": "甲"}
    renamed = [
        ("z" + rows[n][0][::-1], rows[n][1] if rows[n][1] == "=gold" else "q" + rows[n][1][::-1],
         [{**span, "type": other[span["type"]]} for span in rows[n][2][::-1]])
        for n in order
    ]  # fmt: skip
    after = j_of(score_spans(table(renamed)))
    assert after == {"q" + name[::-1]: j for name, j in before.items()}


def test_without_gold_no_more_than_half_is_payable():
    scores = score_spans(table(world(gold=False)))
    assert set(scores["state"].to_pylist()) == {"unanchored"}
    assert max(scores["j_bp"].to_pylist()) == 5000
    assert "unanchored" in scores["cap"].to_pylist()


def test_nobody_and_one_alone():
    assert score_spans(table(world()).slice(0, 0)).num_rows == 0
    alone = score_spans(table([("t", "p", [])]))
    assert j_of(alone) == {"p": 0}
