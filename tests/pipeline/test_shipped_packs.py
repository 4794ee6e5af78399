"""The shipped packs as data, and what the default one does to texts about harm and to texts that do it."""

import tomllib
from importlib.resources import files
from pathlib import Path

import pyarrow as pa
import pytest

from filters.catalogue import CATALOGUE
from filters.policy import Policy, decide
from filters.risks import RISKS
from filters.texts import Texts
from pipeline.packs import DISCLAIMER, add_packs, assess, load_pack, shipped_packs
from pipeline.policy_file import check_policy, load_policy

CASES = tomllib.loads((Path(__file__).parents[1] / "data/offensive_safety_cases.toml").read_text("utf-8"))["case"]


def verdicts(texts, pack="safety_default"):
    views = Texts(pa.array(texts, pa.large_string()))
    columns = {}
    for name in ("safety", "context", "poison", "lexicon", "personal"):
        batch = CATALOGUE[name]()(views)
        columns |= dict(zip(batch.schema.names, batch.columns, strict=True))
    return decide(load_pack(pack, Path()).rules, columns, len(texts)).to_pylist()


def test_the_shipped_packs_are_these_and_can_be_applied_behind_any_policy():
    assert shipped_packs() == ["gbt45654", "safety_default", "safety_strict"]
    for name in shipped_packs():
        packed = add_packs(load_policy("web", Path()), [name], Path(), set())
        check_policy(packed.policy, [make() for make in CATALOGUE.values()], name)


def test_gbt45654_says_of_each_risk_what_decides_and_what_is_left():
    pack = load_pack("gbt45654", Path())

    assert [entry.risk for entry in pack.risks] == list(RISKS)
    lines = {line.risk: line for line in assess(Policy(pack.rules), pack.risks)}
    assert {line.left_to for line in lines.values()} == {"people", "records", "nobody"}
    assert [line.risk for line in lines.values() if not line.note] == []
    assert lines["A1-f"].drops == ("pornography", "listed_terms")
    assert (lines["A1-a"].drops, lines["A1-a"].reviews, lines["A1-a"].left_to) == ((), (), "people")


def test_no_pack_and_no_page_claims_more_than_a_self_assessment():
    said = [(files("filters.packs") / f"{name}.toml").read_text("utf-8") for name in shipped_packs()]

    for text in (*said, DISCLAIMER):
        for word in ("certified", "compliant", "合规认证通过", "通过认证"):
            assert word not in text
    assert "自评估" in DISCLAIMER


def test_strict_holds_what_the_default_lets_in_for_review():
    strict = {rule.reason: rule for rule in load_pack("safety_strict", Path()).rules}

    for rule in load_pack("safety_default", Path()).rules:
        assert strict[rule.reason].action == {"drop": "drop", "review": "hold"}[rule.action]
        assert strict[rule.reason].at_most <= rule.at_most


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_text_is_dropped_reviewed_or_left_alone_as_meant(case):
    verdict = verdicts([case["text"]])[0]

    found = "drop" if not verdict["verdict.keep"] else "review" if verdict["verdict.review"] else "keep"
    assert found == case["meant"], verdict
