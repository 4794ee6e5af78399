"""Requests to take documents out: found by what they name, entered, carried out, undone; nothing personal is kept."""

import hashlib
import json
import shutil
from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filters.texts import Texts
from flows.cli import main
from flows.takedown import _beside
from pipeline.database import check_audit, open_registry, session
from pipeline.errors import RecipeError
from pipeline.index import open_index
from pipeline.registry import Audit, select
from pipeline.removed import LIST, removed_ids
from pipeline.request.clock import Clock, load_clock
from pipeline.request.demand import Hashes, Passage, Urls
from pipeline.request.releases import covers
from pipeline.request.subject import Subject, plain_form
from pipeline.salt import FOLDER
from pipeline.segment import name_of
from pipeline.signing import Signing
from pipeline.store import read_json
from tests.pipeline.conftest import OTHER, Desk, text
from tests.pipeline.test_index import INDEXED, NEAR, WEB

MOBILE = "13812345678"
SPELT = "一三八-１２３４ 5678"
PASSAGE = "審計報告指出，三筆支出缺少 原始憑證"
"""Traditional and spaced, of a sentence of the texts."""
URL = "https://Example.org/a/?x=1#top"
PERSONAL = text(5) + f"\n联系电话：{SPELT}，请在工作日来电。"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A workspace with two runs that were never compared with each other, and a release of the first."""
    desk = Desk(tmp_path_factory.mktemp("requests"))
    desk.recipe('name = "web"\npath = "in"')
    rows = [
        {"id": "a", "text": text(3), "url": "http://example.org/a?x=1"},
        {"id": "b", "text": OTHER},
        {"id": "p", "text": PERSONAL},
    ]
    desk.write("in/a.jsonl", rows)
    desk.run()
    desk.recipe('name = "more"\npath = "later"', name="second")
    desk.write("later/a.jsonl", [{"id": "n", "text": text(3).replace("第3篇", "第三篇")}, {"id": "k", "text": text(6)}])
    desk.run()
    release(desk, "2026.11", None, [("web", "a", text(3)), ("web", "b", OTHER)])
    return desk


def release(desk, version, previous, rows, *, trial=False, selection=None):
    folder = desk.path / "ws/releases" / version
    (folder / "data").mkdir(parents=True)
    columns = {"id": [i for _, i, _ in rows], "text": [t for _, _, t in rows], "source": [s for s, _, _ in rows]}
    meta = pa.array([[] for _ in rows], pa.map_(pa.string(), pa.string()))
    table = pa.table(columns | {"url": pa.nulls(len(rows), pa.string()), "meta": meta})
    pq.write_table(table, folder / "data/shard-0.parquet")
    (folder / "manifest.json").write_text(
        json.dumps(
            {
                "previous": previous and {"version": previous},
                "root": "0",
                "trial": trial,
                "selection": {"selection": selection or {}},
            }
        )
    )


@pytest.fixture
def copied(made, tmp_path):
    shutil.copytree(made.path, tmp_path / "desk")
    return Desk(tmp_path / "desk")


def takedown(desk, capsys, *arguments):
    code = main(["takedown", "--workspace", str(desk.path / "ws"), "--json", *arguments])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else err


def file_of(desk, content):
    path = desk.path / "said.txt"
    path.write_text(content, "utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("way", "value", "found"),
    [
        ("--url", lambda _: URL, {("web", "a")}),
        ("--text", lambda desk: file_of(desk, PASSAGE), {("web", "a"), ("more", "n"), ("web", "p")}),
        ("--hash", lambda _: hashlib.sha256(OTHER.encode()).hexdigest(), {("web", "b")}),
        ("--subject", lambda desk: file_of(desk, MOBILE), {("web", "p")}),
        ("--subject", lambda desk: file_of(desk, "+86 138 1234 5678"), {("web", "p")}),
    ],
)
def test_documents_are_found_by_what_names_them_however_it_is_written(made, capsys, way, value, found):
    holders = {(row["source"], row["id"]) for row in all_rows(made) if "审计报告指出" in row["text"]}
    code, said = takedown(made, capsys, way, value(made), "--dry-run")

    assert code == 0
    assert {tuple(one) for one in said["documents"]} == (holders if way == "--text" else found)


def all_rows(desk):
    return [row for path in (desk.path / "ws/runs").glob("*/documents/*") for row in pq.read_table(path).to_pylist()]


def test_what_nothing_has_is_said_and_nothing_is_written(made, capsys):
    before = sorted(
        path.relative_to(made.path) for path in (made.path / "ws").rglob("*") if "registry" not in path.name
    )
    for arguments in (
        ["--id", "typo", "--source", "web"],
        ["--id", "a", "typo", "--source", "web"],
        ["--url", "x.org"],
    ):
        code, said = takedown(made, capsys, *arguments)
        assert (code, "Nothing was changed" in said) == (2, True)
    code, said = takedown(made, capsys, "--id", "a", "--source", "wbe")

    assert "no run has a source wbe, but: more, web" in said
    assert main(["takedown", "--workspace", str(made.path / "nowhere"), "--url", "x"]) == 2
    assert not (made.path / "nowhere").exists()
    after = sorted(path.relative_to(made.path) for path in (made.path / "ws").rglob("*") if "registry" not in path.name)
    assert [path for path in after if path not in before] == [path for path in after if FOLDER in str(path)]
    assert removed_ids(made.path / "ws") == frozenset()


def test_what_comes_next_is_said(copied, capsys):
    said = ["takedown", "--workspace", str(copied.path / "ws"), "--id", "a", "--source", "web"]
    assert main(said) == 0
    assert "Next: run the recipe of small again (qingyuan run RECIPE)" in capsys.readouterr().out


def test_a_person_is_taken_out_and_no_file_holds_the_identifier(copied, capsys):
    code, said = takedown(
        copied, capsys, "--subject", file_of(copied, MOBILE), "--ground", f"我是{MOBILE}的机主", "--ban"
    )
    (copied.path / "said.txt").unlink()

    assert (code, said["documents"], said["request"]["state"]) == (0, [["web", "p"]], "granted")
    assert said["request"]["ground"] == "我是[手机]的机主"
    kept = b"".join(
        path.read_bytes() for path in (copied.path / "ws").rglob("*") if path.is_file() and path.suffix != ".parquet"
    )
    assert [form for form in (MOBILE, SPELT, plain_form(SPELT)) if form.encode() in kept] == []
    desk_again(copied, [{"id": "q", "text": OTHER + f"电话 {MOBILE} 张先生"}, {"id": "r", "text": OTHER + OTHER}])
    assert {row["id"] for row in copied.rows("documents")} == {"r"}


def desk_again(desk, rows):
    desk.recipe('name = "web"\npath = "in"')
    desk.write("in/a.jsonl", rows)
    desk.run()


def test_what_is_banned_stays_out_when_it_comes_later_and_comes_back_when_that_is_revoked(copied, capsys):
    digest = hashlib.sha256(text(7).encode()).hexdigest()
    bans = [["--url", "https://example.org/banned"], ["--hash", digest], ["--source", "web", "--id", "later"]]
    numbers = [takedown(copied, capsys, *one, "--ban")[1]["request"]["request"] for one in bans]
    rows = [
        {"id": "x", "text": text(8), "url": "http://example.org/banned/"},
        {"id": "y", "text": text(7)},
        {"id": "later", "text": text(9)},
        {"id": "z", "text": OTHER},
    ]
    desk_again(copied, rows)
    assert {row["id"] for row in copied.rows("documents")} == {"z"}
    takedown(copied, capsys, "revoke", str(numbers[0]))
    copied.run()
    assert {row["id"] for row in copied.rows("documents")} == {"x", "z"}


def test_twins_are_found_in_runs_that_were_never_compared(copied, capsys):
    code, said = takedown(copied, capsys, "--source", "web", "--id", "a", "--twins")

    assert (code, said["documents"]) == (0, [["more", "n"], ["web", "a"]])
    assert {one["run"] for one in said["runs"]} == {"small", "second"}


def test_the_proof_names_releases_and_what_replaced_them(copied, capsys):
    code, said = takedown(copied, capsys, "--source", "web", "--id", "a", "--asked-by", "case-17", "--days", "3")
    (held,) = said["releases"]

    assert (code, held["release"], held["replaced_by"]) == (0, "2026.11", None)
    assert held["rows"] == [{"source": "web", "id": "a", "file": "data/shard-0.parquet", "row": 0}]
    release(copied, "2026.11-trial", "2026.11", [("web", "b", OTHER)], trial=True)  # replaces none that is no trial
    release(copied, "2026.12", "2026.11-trial", [("web", "b", OTHER)], selection={"sources": ["other"]})  # covers none
    release(copied, "2026.12.1", "2026.12", [("web", "b", OTHER)])
    again = takedown(copied, capsys, "show", str(said["request"]["request"]))[1]
    assert again["releases"] == [held | {"replaced_by": "2026.12.1"}]
    path = copied.path / "ws" / FOLDER / f"{again['request']['proof']}.json"
    assert again["request"]["proof_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (again["request"]["asked_by"], again["request"]["state"]) == ("case-17", "granted")


@pytest.mark.parametrize(
    ("later", "earlier", "does"),
    [
        ({}, {}, True),
        ({}, {"sources": ("web",), "quality_from": 0.5}, True),
        ({"sources": ("web",)}, {}, False),
        ({"sources": ("web", "news")}, {"sources": ("news",)}, True),
        ({"sources": ("news",)}, {"sources": ("sports",)}, False),
        ({"quality_from": 0.4, "quality_below": 0.9}, {"quality_from": 0.5, "quality_below": 0.9}, True),
        ({"quality_from": 0.6}, {"quality_from": 0.5}, False),
        ({"quality_below": 0.9}, {"quality_from": 0.5}, False),
    ],
)
def test_only_what_was_asked_to_take_all_of_another_can_replace_it(later, earlier, does):
    def manifest(selection, runs=("web",), sources=("web",), **more):
        said = {"selection": selection, "mixture": {}}
        return {"runs": [{"name": one} for one in runs], "sources": dict.fromkeys(sources), "selection": said, **more}

    assert covers(manifest(later), manifest(earlier)) is does
    assert covers(manifest(later, ("other",), ("other",)), manifest(earlier)) is False
    assert covers(manifest(later, ("other",), ("web", "x")), manifest(earlier)) is does
    assert covers(manifest(later, ("other",), ("x",), removed={"barred_sources": ["web"]}), manifest(earlier)) is does
    thinner = manifest(later)
    thinner["selection"]["mixture"] = {"sources": {"web": 0.5}}
    assert covers(thinner, manifest(earlier)) is False


def test_what_cannot_be_taken_out_now_is_not_entered_or_said_to_be(copied, capsys):
    workspace = copied.path / "ws"
    (workspace / "runs/small/clusters.parquet").unlink()
    said = ["--text", file_of(copied, PASSAGE), "--twins"]
    code, why = takedown(copied, capsys, *said)
    assert (code, "clusters of the runs small is not known" in why, "request" in why) == (2, True, False)
    assert takedown(copied, capsys, "--source", "web", "--id", "a", "--index", "none")[0] == 2
    assert takedown(copied, capsys, "list")[1] == []

    number = takedown(copied, capsys, *said, "--pending")[1]["request"]["request"]  # its clock runs whatever waits
    for again in (said, ["decide", str(number), "granted"]):
        code, why = takedown(copied, capsys, *again)
        assert (code, "is not known" in why) == (2, True)
        assert read_json(workspace / FOLDER / f"open/{number}.json")["begun"] is False
    code, why = takedown(copied, capsys, *said)
    assert f"It is entered as request {number}, which stays open: say the same again" in why
    shutil.copy(workspace / "runs/small/recipe.toml", copied.path / "recipe.toml")
    copied.run()
    code, done = takedown(copied, capsys, *said)
    assert (code, done["request"]["request"], done["request"]["state"]) == (0, number, "granted")


def test_an_appeal_that_waits_is_listed_and_what_follows_from_it_is_one_command(copied, capsys):
    def said(*arguments):
        assert main(["takedown", "--workspace", str(copied.path / "ws"), *arguments]) == 0
        return capsys.readouterr().out

    assert "document(s)" not in said("--source", "web", "--id", "a", "--pending")
    said("decide", "1", "refused")
    said("--source", "web", "--id", "b")
    said("appeal", "1", "--ground", "look again")
    first, second = said("list").splitlines()
    assert ("refused" in first, "; appeal 3 waits until 20" in first, "appeal" in second) == (True, True, False)
    assert "to_do: qingyuan takedown decide 1 granted\n" in said("decide", "3", "granted")
    said("decide", "1", "granted")
    said("appeal", "1", "--ground", "put it back")
    assert "to_do: qingyuan takedown revoke 1\n" in said("decide", "4", "granted")


def test_what_is_to_be_run_again_is_said_until_it_was(copied, capsys):
    takedown(copied, capsys, "--source", "web", "--id", "a")
    assert takedown(copied, capsys, "show", "1")[1]["run_again"] == ["small"]
    shutil.copy(copied.path / "ws/runs/small/recipe.toml", copied.path / "recipe.toml")
    copied.run()
    assert takedown(copied, capsys, "show", "1")[1]["run_again"] == []


def test_a_candidate_that_goes_is_said_as_one_folder():
    files = [f"releases/.candidates/1/{one}" for one in ("README.md", "data/a.parquet", "evidence/gates.json")]
    lines = _beside({"beside": [{"file": one} for one in [*files, "rounds/one/items.parquet"]]})
    both = "releases/.candidates/1/, rounds/one/items.parquet; tasks go with the next sync"
    assert lines == [f"Beside runs, blanked or removed: {both}."]
    assert _beside({"beside": [{"file": files[0]}]}) == ["Beside runs, blanked or removed: releases/.candidates/1/."]


def test_a_request_waits_is_carried_out_is_revoked_and_all_of_it_is_in_the_audit(copied, capsys):
    workspace = copied.path / "ws"
    number = takedown(copied, capsys, "--source", "web", "--id", "a", "--pending")[1]["request"]["request"]
    assert (removed_ids(workspace), len(copied.rows("documents"))) == (frozenset(), 3)
    assert takedown(copied, capsys, "decide", str(number), "granted")[1]["request"]["state"] == "granted"
    assert (removed_ids(workspace), len(copied.rows("documents"))) == (frozenset({("web", "a")}), 2)
    appeal = takedown(copied, capsys, "appeal", str(number), "--ground", "mine", "--asked-by", "author-2")[1]["appeal"]
    takedown(copied, capsys, "decide", str(appeal), "granted", "--why", "it is his own")
    code, said = takedown(copied, capsys, "revoke", str(number), "--why", "appeal")
    assert (code, said["documents"], said["runs"], removed_ids(workspace)) == (0, 1, ["small"], frozenset())
    copied.recipe('name = "web"\npath = "in"')
    copied.run()

    assert {row["id"] for row in copied.rows("documents")} == {"a", "b", "p"}
    with session(open_registry(workspace)) as opened:
        check_audit(opened)
        actions = list(opened.scalars(select(Audit.action).order_by(Audit.seq)))
    assert actions == [
        "takedown.opened", "takedown.granted", "takedown.appeal", "takedown.appeal.granted", "takedown.revoked",
    ]  # fmt: skip
    assert takedown(copied, capsys, "revoke", str(number))[0] == 2


def test_what_was_killed_is_ended_by_the_same_command(copied, capsys, monkeypatch):
    from pipeline.request import removing

    def be_killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(removing.records, "grant", be_killed)  # all is taken out, nothing is entered
        assert main(["takedown", "--workspace", str(copied.path / "ws"), "--source", "web", "--id", "a"]) == 130
    capsys.readouterr()
    code, said = takedown(copied, capsys, "--source", "web", "--id", "a")

    assert (code, said["request"]["request"], said["request"]["state"]) == (0, 1, "granted")
    assert takedown(copied, capsys, "--source", "web", "--id", "a")[1]["again"] is True
    assert len(takedown(copied, capsys, "list")[1]) == 1


def test_another_runs_copies_of_its_signature_go_too(copied):
    from pipeline.removal import forget_traces
    from pipeline.store import RunFolder, write_table

    folder = RunFolder(copied.path / "ws/runs/second")
    columns = {"id": ["a"], "source": ["web"], "run": ["small"], "kept": [True]}
    write_table(folder.path / "earlier.parquet", pa.table(columns))
    assert forget_traces(folder, frozenset({("web", "z")})) is False
    assert forget_traces(folder, frozenset({("web", "a")})) is True
    assert [(folder.path / name).exists() for name in ("earlier.parquet", "clusters.parquet")] == [False, False]


def test_a_refused_run_leaves_no_empty_folder(desk):
    desk.recipe('name = "web"\npath = "nothing-here"')
    with pytest.raises(RecipeError):
        desk.run()

    assert not desk.folder.exists()


def test_a_deadline_counts_working_days_by_the_operators_calendar(tmp_path):
    friday = datetime(2026, 9, 25, 9)  # noqa: DTZ001 - the registry's times have no zone
    assert Clock(working_days=1).deadline(friday).date() == date(2026, 9, 28)
    holidays = "days_off = [2026-10-01, 2026-10-02, 2026-10-05, 2026-10-06, 2026-10-07]\nextra_days = [2026-10-10]"
    (tmp_path / "takedown.toml").write_text(f"[clock]\nworking_days = 7\n{holidays}\n")
    clock = load_clock(tmp_path)

    assert clock.deadline(friday).date() == date(2026, 10, 12)  # 28, 29, 30, 8, 9, 10 (Saturday), 12
    assert clock.left(date(2026, 10, 8), datetime(2026, 10, 12)) == 3  # noqa: DTZ001
    assert clock.left(date(2026, 10, 12), datetime(2026, 10, 8)) == -3  # noqa: DTZ001
    assert "not verified" in Clock().basis
    (tmp_path / "takedown.toml").write_text("[clock]\ndays = 3\n")
    with pytest.raises(RecipeError, match="unknown key"):
        load_clock(tmp_path)


@pytest.mark.parametrize(
    "refused",
    [
        lambda: Passage.of("短"),
        lambda: Hashes.of(["abc"]),
        lambda: Subject.of("1234"),
        lambda: Hashes.of(["sha256:" + "0" * 32]),
    ],
)
def test_what_would_take_everything_out_is_refused(refused):
    with pytest.raises(RecipeError):
        refused()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://EXAMPLE.org:80/a/", "https://example.org/a#x"),
        ("example.org/a?b=1", "http://example.org/a?b=1"),
        ("Example.ORG/a", "https://example.org/a"),
        ("https://ｅｘａｍｐｌｅ．org／ａ", "https://example.org/a"),
        ("https://例子.org/港口", "http://xn--fsqu00a.org/%E6%B8%AF%E5%8F%A3"),
        ("https://example.org./a", "http://example.org/a"),
        ("http://[oops/x", "http://[oops/x"),
    ],
)
def test_urls_are_the_same_page(one, other):
    table = pa.table({"url": [other, None, "https://example.org/b", "http://[", "https://xn--999999999.org/"]})

    assert Urls.of([one]).in_documents(table).tolist() == [True, False, False, False, False]


def test_a_number_is_not_found_inside_a_longer_one_nor_across_documents():
    texts = pa.array(
        [f"单号9{MOBILE}", f"单号{MOBILE}9", "尾号1381234", "5678 是另一篇", f"电话{MOBILE}"], pa.large_string()
    )

    assert Subject.of(MOBILE).in_documents(texts).tolist() == [False, False, False, False, True]


def test_an_index_is_searched_for_chinese_numerals_too():
    folded = Texts(pa.array(["打一三八-一二三四-五六七八找我", "一三八一二三四五六七九"], pa.large_string())).folded

    assert Subject.of(MOBILE).in_folded(folded.values, folded.offsets).tolist() == [True, False]


def test_the_list_of_a_workspace_is_what_it_was_before_there_were_bans(tmp_path):
    (tmp_path / LIST).write_text('{"documents": [{"source": "s", "id": "1"}]}')

    assert removed_ids(tmp_path) == frozenset({("s", "1")})
    assert read_json(tmp_path / LIST) == {"documents": [{"source": "s", "id": "1"}]}


def test_what_only_an_index_holds_any_more_is_found_there_with_its_near_duplicates(desk, capsys):
    desk.recipe(WEB, more=INDEXED)
    desk.write("in/a.jsonl", [{"id": "a", "text": text(3)}, {"id": "c", "text": OTHER}])
    desk.run()
    desk.recipe('name = "more"\npath = "later"', more=INDEXED, name="second")
    desk.write("later/a.jsonl", [{"id": "n", "text": NEAR}])
    desk.run()
    shutil.rmtree(desk.path / "ws/runs/small")
    assert takedown(desk, capsys, "--text", file_of(desk, OTHER), "--dry-run")[1]["indexes"] == {"all": 1}
    code, said = takedown(desk, capsys, "--source", "more", "--id", "n", "--twins")

    assert (code, said["documents"]) == (0, [["more", "n"], ["web", "a"]])
    index = open_index(desk.path / "ws/index/all", Signing())
    kept = {name for segment in index.open() for name in segment.names(np.flatnonzero(segment.status & 2 == 0))}
    assert kept == {name_of("web", "c")}


def test_records_that_could_not_be_read_are_looked_through_too(desk, capsys):
    desk.recipe(WEB + "\nmax_quarantined_share = 1.0")
    desk.write("in/a.jsonl", [{"id": "b", "text": OTHER}])
    with (desk.path / "in/a.jsonl").open("a", encoding="utf-8") as file:
        file.write(f'{{"id": "x", "text": "电话 {MOBILE}\n')
    desk.run()
    code, said = takedown(desk, capsys, "--subject", file_of(desk, MOBILE))

    assert (code, said["documents"]) == (0, [["web", "web:a.jsonl#1"]])
    assert [row["raw"] for row in desk.rows("quarantine")] == [b""]


@pytest.mark.parametrize("named", ["web:a.jsonl#0", "a"])
def test_the_proof_names_releases_that_know_a_document_by_another_name(copied, capsys, named):
    code, said = takedown(copied, capsys, "--source", "web", "--id", named)

    assert (code, said["documents"]) == (0, [["web", named]])
    assert [(one["release"], [row["id"] for row in one["rows"]]) for one in said["releases"]] == [("2026.11", ["a"])]


def test_what_was_taken_out_can_be_banned_afterwards_and_stays_banned(copied, capsys):
    takedown(copied, capsys, "--url", URL)
    code, said = takedown(copied, capsys, "--url", URL, "--ban")
    (ban,) = read_json(copied.path / "ws" / LIST)["bans"]

    assert (code, said["request"]["banned"], ban["by"]) == (0, True, "url")
    assert takedown(copied, capsys, "--url", URL, "--ban")[1]["again"] is True


def test_a_request_that_is_said_again_without_its_ban_keeps_it(copied, capsys):
    takedown(copied, capsys, "--url", URL, "--ban", "--pending")
    takedown(copied, capsys, "--url", URL)

    assert [one["by"] for one in read_json(copied.path / "ws" / LIST)["bans"]] == ["url"]
