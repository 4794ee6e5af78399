"""Evidence of the operator's own: attached it shows nothing, declared by a named person it does, expired no more."""

import json
from datetime import timedelta

import pytest

from flows.cli import main
from pipeline.audit import check_extract
from pipeline.database import check_audit, now, open_registry, record, session
from pipeline.registry import Audit, Exhibit, IntegrityError, Source, select
from pipeline.release.exhibits import lay_down, standing
from pipeline.release.manifest import sha256_of
from pipeline.sources.paper_store import paper_path
from tests.pipeline.test_release_evidence import describe, gate, lines, made

NOTE = "标注人员培训计划与签到"


@pytest.fixture
def registry(tmp_path):
    engine = open_registry(tmp_path)
    with session(engine) as opened:
        opened.add(
            Source(name="crawl", kind="self_crawled", language="zh", domain="mixed", jurisdiction="domestic",
                   personal="none", ip_review="pending", added_at=now())
        )  # fmt: skip
        record(opened, "operator", "source.added", name="crawl")
    yield engine
    engine.dispose()


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "培训 plan.PDF"
    path.write_bytes(b"%PDF-1.7 the plan")
    return path


def evidence(tmp_path, capsys, *arguments):
    code = main(["evidence", "--workspace", str(tmp_path), "--json", *map(str, arguments)])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else err


def add(tmp_path, capsys, plan, row="annotation", *more):
    return evidence(tmp_path, capsys, "add", row, plan, "--note", NOTE, "--by", "hr-2", *more)


def declare(tmp_path, capsys, row="annotation"):
    return evidence(tmp_path, capsys, "declare", row, "--by", "head-1", "--why", "四十人均已培训并通过考核")


def test_a_file_alone_shows_nothing_and_a_declaration_takes_a_name_a_reason_and_a_file(
    tmp_path,
    registry,
    capsys,
    plan,
):
    why = ("--why", "all were trained")
    for refused in (
        ["declare", "annotation", "--by", "head-1", *why], ["add", "annotaton", plan, "--note", NOTE],
        ["add", "annotation", plan], ["add", "annotation", tmp_path / "none.pdf", "--note", NOTE],
        ["add", "annotation", plan, "--note", NOTE, "--until", "2020-01-01"],
        ["add", "annotation", plan, "--note", NOTE, "--by", "13812345678"],
    ):  # fmt: skip
        assert evidence(tmp_path, capsys, *refused)[0] == 2
    assert add(tmp_path, capsys, plan)[0] == 0
    assert add(tmp_path, capsys, plan)[0] == 2  # it is there
    for refused in (["declare", "annotation", *why], ["declare", "annotation", "--by", "operator", *why],
                    ["declare", "annotation", "--by", "head-1"]):  # fmt: skip
        assert evidence(tmp_path, capsys, *refused)[0] == 2
    folder = made(tmp_path, registry, describe("2026.11"), "a")
    row = lines(folder)[0]["annotation"]

    assert (row["result"], row["declared"]) == ("不符合", False)
    assert f"attached by the operator: 培训 plan.PDF: {NOTE}" in row["reason"]


def test_a_declared_file_makes_its_row_conform_and_says_who_declared_it(tmp_path, registry, capsys, plan):
    add(tmp_path, capsys, plan, "annotation", "--until", str(now().date() + timedelta(days=9)))
    code, said = declare(tmp_path, capsys)
    folder = made(tmp_path, registry, describe("2026.11"), "a")
    found, stored = lines(folder)
    row = found["annotation"]

    assert (code, said[0]["declared_by"]) == (0, "head-1")
    assert (row["result"], row["declared"], found["property"]["result"]) == ("符合", True, "不符合")
    assert row["reason"].startswith(
        "由操作者声明，程序未核对内容 declared by operator, unseen by the program: head-1, "
    )
    assert f"{NOTE}（added by hr-2, {now().date()}, until " in row["reason"]
    (artefact,) = row["evidence"]
    assert artefact["path"] == f"evidence/operator/annotation-{sha256_of(plan)[:16]}.pdf"
    assert artefact["sha256"] == sha256_of(plan) == sha256_of(folder / artefact["path"])
    assert [one["declared"] for one in found.values()].count(True) == 1
    assert stored["totals"]["符合"] == sum(one["result"] == "符合" for one in found.values())
    assert artefact["path"] in (folder / "evidence/self_assessment.html").read_text()
    assert {c["verified"] for c in row["clauses"]} == {"V2"}
    told = (folder / "evidence/audit.jsonl").read_text()
    assert ("evidence.added" in told, "evidence.declared" in told, check_extract(folder / "evidence/audit.jsonl")) == (
        True, True, 3,
    )  # fmt: skip
    with session(registry) as opened:
        check_audit(opened)
        (audit,) = opened.scalars(select(Audit).where(Audit.action == "evidence.declared"))
        assert (audit.actor, audit.detail["sha256"]) == ("head-1", [sha256_of(plan)])


def test_a_clause_that_was_read_nowhere_is_not_printed_as_read_where_it_is_declared(tmp_path, registry, capsys, plan):
    add(tmp_path, capsys, plan, "property")
    declare(tmp_path, capsys, "property")
    row = lines(made(tmp_path, registry, describe("2026.11"), "a"))[0]["property"]

    assert (row["result"], [(c["verified"], c["number"]) for c in row["clauses"]]) == ("符合", [("R", "")])
    assert row["clauses"][0]["cited"].endswith("(clause not verified)")


def test_no_declaration_outdoes_a_gate_or_a_count_or_speaks_of_what_is_not_there(tmp_path, registry, capsys, plan):
    for row in ("filtered", "diversity", "commercial", "manual_sample"):
        add(tmp_path, capsys, plan, row)
        declare(tmp_path, capsys, row)
    gates = [gate(one, passed=one != "filtered", trial="sample" in one)
             for one in ("papers", "filtered", "manual_sample")]  # fmt: skip
    found, _ = lines(made(tmp_path, registry, describe("1-trial", trial=True, gates=gates), "a"))

    assert {name: found[name]["result"] for name in ("filtered", "diversity", "commercial", "manual_sample")} == {
        "filtered": "不符合", "diversity": "不符合", "commercial": "不适用", "manual_sample": "不符合",
    }  # fmt: skip


@pytest.mark.parametrize("how", ["expired", "gone", "changed", "withdrawn"])
def test_what_holds_no_more_shows_nothing(tmp_path, registry, capsys, plan, how):
    add(tmp_path, capsys, plan)
    declare(tmp_path, capsys)
    digest = sha256_of(plan)
    if how == "expired":
        with session(registry) as opened:
            opened.scalars(select(Exhibit)).one().valid_until = now().date() - timedelta(days=1)
    elif how == "withdrawn":
        assert evidence(tmp_path, capsys, "withdraw", "annotation", "zz", "--by", "hr-2")[0] == 2
        assert evidence(tmp_path, capsys, "withdraw", "annotation", digest[:6], "--by", "hr-2")[0] == 0
    elif how == "gone":
        paper_path(tmp_path, digest).unlink()
    else:
        paper_path(tmp_path, digest).write_bytes(b"another")
    folder = made(tmp_path, registry, describe("2026.11"), "a")
    row = lines(folder)[0]["annotation"]

    assert (row["result"], row["evidence"]) == ("不符合", [])
    assert list(folder.glob("evidence/operator/*")) == []
    assert ("已过期" in row["reason"], "文件缺失" in row["reason"]) == (how == "expired", how in {"gone", "changed"})
    listed = evidence(tmp_path, capsys, "list")[1]
    assert [bool(one["fault"]) for one in listed] == ([] if how == "withdrawn" else [True])


def test_a_release_that_is_made_again_shows_what_stood_then(tmp_path, registry, capsys, plan):
    before = now()
    add(tmp_path, capsys, plan)
    between = now()
    declare(tmp_path, capsys)
    with session(registry) as opened:
        assert standing(opened, at=before) == []
        (then,) = lay_down(opened, tmp_path, tmp_path / "f", between)["annotation"]
        (later,) = lay_down(opened, tmp_path, tmp_path / "f", now())["annotation"]

    assert (then["declared_by"], later["declared_by"]) == (None, "head-1")


def test_a_declaration_without_a_name_or_a_reason_is_refused_by_the_database(registry):
    common = {"clause": "quality", "sha256": "a" * 64, "name": "n", "note": "n", "added_by": "a", "added_at": now()}
    for wrong in ({"declared_at": now()}, {"declared_by": "x", "declared_at": now()}, {"sha256": "a"}):
        with pytest.raises(IntegrityError), session(registry) as opened:
            opened.add(Exhibit(**common | wrong))
