"""Contributor metrics: against a slow and obvious count, and cases whose answer is known."""

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from annotation.incentive.contributor_tables import ACTIVITY, APPEALS, CONTRIBUTORS, EXAMS
from annotation.incentive.metrics import Evidence, change, contributor_metrics, difference, leave_one_out, norms
from annotation.incentive.tables import ANSWERS, COPIES, SCORES, TIERS

START = datetime(2026, 11, 1)  # noqa: DTZ001 - as the registry keeps it


def answer(number, person, item, label, **more):
    return {
        "item": item, "contributor": person, "kind": "quality", "round": "r", "rule_version": "1", "domain": "",
        "label": label, "spans": None, "stratum": "", "chars": 400, "gold": None, "gold_revision": 0, "planted": False,
        "at": START + timedelta(minutes=number), "server_seconds": 10.0, "client_seconds": None, "flags": "", **more,
    }  # fmt: skip


def sent(number, person, **more):
    return {
        "item": f"i{number}", "contributor": person, "kind": "quality", "round": "r",
        "at": START + timedelta(minutes=number), "outcome": "valid", "chars": 400, "server_seconds": 10.0, "flags": "",
        "rejected": False, **more,
    }  # fmt: skip


def evidence(**tables):
    empty = {"answers": ANSWERS, "activity": ACTIVITY, "scores": SCORES, "tiers": TIERS, "copies": COPIES,
             "appeals": APPEALS, "exams": EXAMS}  # fmt: skip
    return Evidence(**{
        name: pa.Table.from_pylist(tables.get(name, []), schema) for name, schema in empty.items()
    })  # fmt: skip


def metrics(**tables):
    table = contributor_metrics(evidence(**tables), "2026-11")
    assert table.schema.equals(CONTRIBUTORS)
    return {row["contributor"]: row for row in table.to_pylist()}


def obvious(rows):
    """Agreement and difficulty by counting the others one by one."""
    found = []
    for one in rows:
        others = [row["label"] for row in rows if row is not one and row["item"] == one["item"]]
        most = max((others.count(label) for label in others), default=0)
        top = {label for label in others if others.count(label) == most}
        agree = None if not others else (one["label"] in top) / len(top)
        found.append((agree, 1 - most / len(others) if len(others) > 1 else None))
    return found


def test_agreement_and_difficulty_are_of_the_others_alone():
    dice = np.random.default_rng(3)
    rows = [answer(number, f"p{number % 7}", f"i{dice.integers(25)}", "abc"[dice.integers(3)]) for number in range(120)]
    agree, hard = leave_one_out(pa.Table.from_pylist(rows, ANSWERS))
    assert np.isnan(agree).sum() + np.isnan(hard).sum() > 0
    shown = [(None if np.isnan(a) else a, None if np.isnan(h) else h) for a, h in zip(agree, hard, strict=True)]
    assert shown == [pytest.approx(pair) for pair in obvious(rows)]


def test_items_of_two_kinds_are_two_items():
    rows = [answer(0, "p1", "i", "a"), answer(1, "p2", "i", "b", kind="quality/review")]
    assert np.isnan(leave_one_out(pa.Table.from_pylist(rows, ANSWERS))[0]).all()


def test_the_interval_of_a_change_is_the_published_one():
    """Newcombe 1998, table II, (a): 56/70 against 48/80, method 10."""
    found = difference(np.repeat([1.0, 0.0], [56, 14]), np.repeat([1.0, 0.0], [48, 32]))
    assert found == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert change(np.ones(9)) is None
    assert change(np.array([0.0] * 5 + [1.0] + [1.0] * 5)) == difference(np.ones(5), np.zeros(5))


def test_drift_compares_the_last_golds_with_the_first():
    labels = ["a"] * 12 + ["b"] * 12
    rows = [answer(number, "p1", f"i{number}", label, gold="a") for number, label in enumerate(labels)]
    found = metrics(answers=rows[::-1])["p1"]  # whatever the order of the rows
    assert found["drift"] == -1.0
    assert found["drift_high"] < 0
    assert found["flags"] == ["drift"]
    assert found["gold_classes"] == [{"name": "a", "seen": 24, "right": 12}]


def test_the_norm_is_made_by_those_who_know_how_where_there_are_enough():
    rows = [sent(k, "old", server_seconds=20.0) for k in range(20)] + [
        sent(k, "new", server_seconds=5.0) for k in range(60)
    ]
    rows += [sent(k, "new", chars=5000, server_seconds=90.0) for k in range(3)]
    table = pa.Table.from_pylist(rows, ACTIVITY)
    senior = np.array([row["contributor"] == "old" for row in rows])
    assert sorted(set(norms(table, senior))) == [20.0, 90.0]
    assert sorted(set(norms(table, ~senior | senior))) == [5.0, 90.0]
    nobody = pa.Table.from_pylist([{**rows[0], "server_seconds": None}], ACTIVITY)
    assert norms(nobody, senior[:1]).tolist() == [np.inf]


def test_volume_time_and_what_was_refused():
    outcomes = ["valid"] * 5 + ["skipped"] * 2 + ["refused", "forged", "late", "deleted"]
    rows = [sent(number, "p1", outcome=outcome) for number, outcome in enumerate(outcomes)]
    rows[0] |= {"server_seconds": 1000.0, "rejected": True}
    rows[1] |= {"server_seconds": None, "flags": "unwitnessed"}
    found = metrics(activity=rows)["p1"]
    names = ("answers", "skips", "refused", "forged", "late", "rejected")
    assert [found[name] for name in names] == [5, 2, 1, 1, 1, 1]
    assert found["active_seconds"] == 30.0 + 3 * 10.0 + 2 * 10.0  # one lay open over lunch, one was never opened
    assert (found["median_seconds"], found["pace"]) == (10.0, 1.0)
    assert found["flags"] == ["forged", "late", "unwitnessed"]


def test_who_races_or_skips_is_flagged_and_who_does_so_a_few_times_is_not():
    others = [sent(number, "p1", server_seconds=30.0) for number in range(100)]
    fast = [sent(number, "p2", server_seconds=3.0) for number in range(20)]
    skips = [
        sent(number, "p3", outcome="skipped" if number < 5 else "valid", server_seconds=30.0) for number in range(20)
    ]
    found = metrics(activity=others + fast + skips)
    assert {person: row["flags"] for person, row in found.items()} == {"p1": [], "p2": ["fast"], "p3": ["skips"]}
    assert metrics(activity=others + fast[:-1] + skips[:-1])["p2"]["flags"] == []


def test_scores_copies_tiers_appeals_and_exams_stand_beside_the_work():
    score = dict.fromkeys(SCORES.names) | {
        "contributor": "p1", "kind": "quality", "answers": 3, "golds": 0, "gold_classes": [], "j_bp": 4000,
        "j_low_bp": 3000, "j_high_bp": 5000, "j_all_bp": 4000, "cap": "unanchored", "state": "unanchored",
        "copy_cluster": 1, "copy_size": 2, "strata": 1, "scorer_version": "x",
    }  # fmt: skip
    pair = {"one": "p1", "other": "=Z", "shared": 9, "deviations": 9, "llr": 30.0, "cluster": 1}
    exam = {"contributor": "p1", "kind": "quality", "state": "expired", "until": START}
    tier = {"contributor": "p1", "kind": "quality", "tier": 2, "golds": 50, "because": "up"}
    asked = [{"contributor": "p1", "kind": "quality", "decision": said} for said in ("granted", "pending")]
    found = metrics(scores=[score], copies=[pair], exams=[exam], tiers=[tier], appeals=asked)["p1"]
    shown = [found[name] for name in ("j_bp", "tier", "copy_size", "appeals", "appeals_granted", "qualification")]
    assert shown == [4000, 2, 2, 2, 1, "expired"]
    assert found["flags"] == ["copies", "stamps", "unanchored"]
