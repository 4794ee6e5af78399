"""The survey: templates of a site, found in its own documents only, counted out of core, cut as edits."""

import json
import random

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline.errors import RecipeError
from pipeline.executor import Outcome
from pipeline.form import Survey
from pipeline.pool import InProcess
from pipeline.recipe import load_recipe
from pipeline.run import clean
from pipeline.store import RunFolder, read_table
from pipeline.survey import LINES, Counted, add_up, find_templates
from tests.pipeline.conftest import Quiet, Recording

RECIPE = """
[recipe]
name = "sites"
[[sources]]
name = "north"
path = "north"
[[sources]]
name = "south"
path = "south"
[normalize]
cut_boilerplate = true
cut_templates = true
[survey]
templates = true
least_documents = 3
[[rules]]
reason = "not_chinese"
attribute = "length.chars"
at_least = 0
[[rules]]
reason = "garbled"
attribute = "length.chars"
at_least = 0
[[rules]]
reason = "misdecoded"
attribute = "length.chars"
at_least = 0
[[rules]]
reason = "repetitive"
attribute = "length.chars"
at_least = 0
[[rules]]
reason = "repeated_phrases"
attribute = "length.chars"
at_least = 0
[[rules]]
reason = "not_prose"
attribute = "length.chars"
at_least = 0
[[rules]]
reason = "too_short"
attribute = "template.char_ratio"
at_most = 0.9
"""
SLOGAN = "山间小报，每周三与您见面"
OTHER_SLOGAN = "南方茶馆的老朋友们都在这里"
FOOTER = "京ICP备12345678号-1"


def prose(seed, lines=3):
    chance = random.Random(seed)
    letters = "春夏秋冬风雨雷电山河湖海花草树木牛羊鱼鸟东西南北上下左右金木水火土日月星云"
    return ["".join(chance.choices(letters, k=20)) + "。" for _ in range(lines)]


def page(seed, slogan=SLOGAN):
    return "\n".join([slogan, *prose(seed), FOOTER])


def write(folder, name, texts):
    folder.mkdir(exist_ok=True)
    rows = [{"id": f"{name}-{number}", "text": text} for number, text in enumerate(texts)]
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")


@pytest.fixture
def place(tmp_path):
    (tmp_path / "recipe.toml").write_text(RECIPE, "utf-8")
    write(tmp_path / "north", "a", [page(n) for n in range(4)])
    write(tmp_path / "south", "b", [page(10, SLOGAN), *(page(10 + n, OTHER_SLOGAN) for n in range(1, 5))])
    return tmp_path


def run(place, executor=None, memory=10**9):
    executor = executor or Recording()
    return clean(place / "recipe.toml", place / "ws", executor, memory=memory, progress=Quiet()), executor


def edit(place, old, new):
    path = place / "recipe.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def rows(place, table):
    parts = sorted((place / "ws/runs/sites" / table).glob("*.parquet"))
    return {row["id"]: row for part in parts for row in pq.read_table(part).to_pylist()}


def everything(place):
    folder = place / "ws/runs/sites"
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.glob("**/*.parquet")}


def undo(row):
    text = row["text"]
    for change in reversed(row["edits"]):
        text = text[: change["start"]] + change["removed"] + text[change["end"] :]
    return text


def test_a_sites_lines_are_cut_from_its_own_documents_only_and_edits_lead_back(place):
    run(place)

    documents = rows(place, "documents")
    assert documents["a-0"]["text"] == "\n".join(prose(0))
    assert documents["b-0"]["text"] == "\n".join([SLOGAN, *prose(10)])
    assert documents["b-1"]["text"] == "\n".join(prose(11))
    assert [edit["kind"] for edit in documents["a-0"]["edits"]] == ["template", "boilerplate_registration"]
    assert {name: undo(row) for name, row in documents.items()} == {
        **{f"a-{n}": page(n) for n in range(4)},
        "b-0": page(10),
        **{f"b-{n}": page(10 + n, OTHER_SLOGAN) for n in range(1, 5)},
    }


def test_shares_are_measured_before_the_cut(place):
    run(place)

    row = rows(place, "attributes")["a-0"]
    assert row["template.line_ratio"] == 2 / 5
    chars = [len(SLOGAN), len(FOOTER)]
    assert row["template.char_ratio"] == pytest.approx(sum(chars) / (sum(chars) + 3 * 21))
    assert (row["boilerplate.line_ratio"], row["reading.edits"]) == (0.0, 2)


def test_a_notice_that_is_cut_is_still_measured(place):
    notice, label = "版权所有 © 2024 山间小报，未经授权不得转载", "本文由AI生成，仅供参考"
    write(place / "north", "a", ["\n".join([*prose(n), notice, label]) for n in range(4)])
    run(place)

    document, row = rows(place, "documents")["a-0"], rows(place, "attributes")["a-0"]
    assert document["text"] == "\n".join(prose(0))
    assert [edit["kind"] for edit in document["edits"]] == ["boilerplate_copyright", "template"]
    assert (row["boilerplate.copyright_lines"], row["notices.copyright_count"]) == (0, 1)
    assert (row["notices.no_repost_count"], row["notices.aigc_explicit_count"]) == (1, 1)


def test_without_cutting_the_text_stays_and_the_shares_are_the_same(place):
    run(place)
    before = {name: row["template.char_ratio"] for name, row in rows(place, "attributes").items()}
    edit(place, "cut_templates = true", "cut_templates = false")
    edit(place, "cut_boilerplate = true", "cut_boilerplate = false")

    _, executor = run(place)

    assert {name.split()[0] for name in executor.done} >= {"scan"}
    assert {name.split()[0] for name in executor.done} & {"survey", "templates"} == set()
    assert rows(place, "documents")["a-0"]["text"] == page(0)
    assert {name: row["template.char_ratio"] for name, row in rows(place, "attributes").items()} == before


def test_copies_of_one_document_make_no_templates(place):
    article = "\n".join(prose(99, 6))
    write(place / "north", "copies", [article] * 12)

    summary, _ = run(place)

    assert rows(place, "documents")["copies-0"]["text"] == article
    assert summary["reasons"] == {"duplicate": 11}


def test_the_second_run_has_nothing_to_do(place):
    run(place)
    before = everything(place)

    _, executor = run(place)

    assert executor.done == []
    assert everything(place) == before


def test_a_new_file_scans_its_source_again_only_where_that_changes_the_templates(place):
    run(place)
    write(place / "north", "c", [page(50)])

    _, same = run(place)

    assert [name for name in same.done if name.split()[0] in {"survey", "templates", "scan"}] == [
        "survey part-00002", "templates", "scan part-00002",
    ]  # fmt: skip

    write(place / "north", "d", [page(60 + n, "另起一行新的栏头") for n in range(3)])
    _, changed = run(place)

    scans = [name for name in changed.done if name.startswith("scan")]
    assert scans == ["scan part-00000", "scan part-00002", "scan part-00003"]  # not the south's


def test_a_removed_file_takes_its_survey_with_it(place):
    write(place / "south", "c", ["\n".join(prose(70))])
    (place / "recipe.toml").write_text(RECIPE + "[shards]\ntarget_mb = 0.0001\n", "utf-8")
    run(place)
    parts = set(everything(place))
    (place / "south/c.jsonl").unlink()

    run(place)

    gone = parts - set(everything(place))
    assert {name.split("/")[0] for name in gone} >= {"survey", "documents"}
    assert {name.split("/")[1] for name in gone if "/" in name} == {
        next(n for n in gone if "survey" in n).split("/")[1]
    }


def test_what_was_left_undone_is_finished_with_the_same_bytes(place, tmp_path):
    class Dying(InProcess):
        def __init__(self, items):
            super().__init__()
            self.left = items

        def run(self, stage, items):
            for item in items:
                if not self.left:
                    raise KeyboardInterrupt
                self.left -= 1
                yield from super().run(stage, [item])

    run(place)
    whole = everything(place)
    for after in range(1, 8):
        (place / "ws").rename(tmp_path / f"before-{after}")
        with pytest.raises(KeyboardInterrupt):
            run(place, Dying(after))
        run(place)
        assert everything(place) == whole


def test_a_shard_that_cannot_be_surveyed_is_set_aside_and_not_scanned(place):
    class Failing(InProcess):
        def run(self, stage, items):
            for item in items:
                if item.name == "survey part-00001":
                    yield Outcome(item, None, "ShardError: disk on fire")
                else:
                    yield from super().run(stage, [item])

    summary, _ = run(place, Failing())

    assert summary["shards_failed"] == {"part-00001": "survey: ShardError: disk on fire"}
    assert summary["documents"]["in"] == 4
    assert run(place)[0]["documents"]["in"] == 9


def store_survey(folder, number, counted):
    path = folder.part("survey", number)
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(path, LINES) as writer:
        for begin in range(0, len(counted.hashes), 100):
            writer.write_batch(counted.batch(begin, begin + 100), row_group_size=100)


def test_a_merge_in_little_memory_finds_what_one_in_memory_finds(tmp_path):
    chance = np.random.default_rng(3)
    known = chance.integers(0, 2**64, 2_000, np.uint64)
    parts = []
    folder = RunFolder(tmp_path)
    for number in range(5):
        hashes = np.sort(chance.choice(known, 900, replace=False))
        sketches = chance.integers(0, 2**64, 900, np.uint64) & chance.integers(0, 2**64, 900, np.uint64)
        parts.append(Counted(hashes, chance.integers(1, 6, 900), sketches))
        store_survey(folder, number, parts[-1])
    receipts = {n: {"source": "one", "documents": 100, "outputs": {}} for n in range(5)}
    settings = Survey(templates=True, least_documents=10)

    found = []
    for memory in (10**9, 40_000, 4_000):
        receipt = find_templates(folder, receipts, settings, "", memory)
        table = read_table(tmp_path / "templates.parquet")
        found.append((receipt["digests"], receipt["templates"], table.to_pydict()))

    total = add_up(parts)
    common = (total.documents >= 10) & (np.bitwise_count(total.sketches) >= 5)
    assert found[0] == found[1] == found[2]
    assert found[0][2]["hash"] == total.hashes[common].tolist()
    assert found[0][2]["documents"] == total.documents[common].tolist()
    assert 100 < common.sum() < 1_000


@pytest.mark.parametrize("share", [0.001, 0.5])
def test_a_template_stands_in_its_share_of_the_documents(place, share):
    edit(place, "least_documents = 3", f"least_documents = 3\nleast_share = {share}")
    write(place / "north", "few", ["\n".join(prose(200 + n)) for n in range(6)])

    run(place)

    assert (rows(place, "documents")["a-0"]["text"] == "\n".join([SLOGAN, *prose(0)])) == (share == 0.5)


def test_templates_need_a_survey(place):
    edit(place, "templates = true\nleast", "templates = false\nleast")
    with pytest.raises(RecipeError, match=r"cut_templates needs a survey"):
        load_recipe(place / "recipe.toml")

    edit(place, "cut_templates = true", "cut_templates = false")
    with pytest.raises(RecipeError, match=r"it is there after a survey: say \[survey\] templates = true"):
        load_recipe(place / "recipe.toml")
