"""Whom one would rather keep: each key by itself, the errors, and that nothing else decides."""

import random

import numpy as np
import pyarrow as pa
import pytest

from pipeline.errors import RecipeError
from pipeline.form import Source
from pipeline.preference import choose_preference, openness, read_dates
from pipeline.recipe import load_recipe
from tests.pipeline.conftest import OTHER, text

SAME = f"{text(1)}\n{OTHER}"
NO_DATE = np.iinfo(np.int64).max
FILTERS = ["notices.licence", "quality.score"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2023-05-01", 20230501000000),
        ("2023/5/1 9:07", 20230501090700),
        ("2023年5月1日", 20230501000000),
        ("20230501", 20230501000000),
        ("2023-05-01T12:30:59+08:00", 20230501123059),
        (" 2023-05 ", 20230500000000),
        ("2023", 20230000000000),
        ("1682899200", 20230501080000),
        ("1682899200000", 20230501080000),
        ("1682899200.5", 20230501080000),
        ("May 2023", NO_DATE),
        ("", NO_DATE),
        (None, NO_DATE),
        ("3023-01-01", NO_DATE),
    ],
)
def test_dates_are_read_as_people_write_them(written, read):
    assert read_dates(pa.array(["x", written], pa.string())).tolist() == [NO_DATE, read]


def test_licences_are_ordered_by_what_they_leave_free():
    names = [
        "CC0-1.0", "CC-BY-4.0", "MIT", "CC-BY-SA-4.0", "GFDL-1.3-or-later", "CC-BY-ND-3.0", "CC-BY-NC-SA-4.0",
        "CC-BY-NC-ND", "LicenseRef-own", None,
    ]  # fmt: skip

    assert [openness(name) for name in names] == [0, 1, 1, 2, 2, 3, 4, 5, 6, 7]


def kept(desk, twins, sources, prefer):
    """Run twins, given as (source, id, fields), and say which one stays."""
    for name in {source for source, _, _ in twins}:
        rows = [{"id": id_, "text": SAME, **fields} for source, id_, fields in twins if source == name]
        desk.write(f"{name}/a.jsonl", rows)
    lines = [f'name = "{name}"\npath = "{name}"\n{more}' for name, more in sources]
    desk.recipe(*lines, more=f"[dedup]\nprefer = {prefer}\n" if prefer else "")
    desk.run()
    found = desk.verdicts()
    (one,) = [name for name, row in found.items() if row["verdict.keep"]]
    assert {row["dedup.of"] for name, row in found.items() if name != one} == {one}
    return one


LICENSED = SAME + "\n本文采用 CC BY-SA 4.0 许可协议。"
LONGER = SAME.replace("。", "。 ")
DATED = (("blue", 'date = "day"'), ("green", 'date = "when"'))


@pytest.mark.parametrize(
    ("twins", "sources", "prefer", "stays"),
    [
        ([("blue", "a", {}), ("green", "b", {})], (("blue", "priority = 2"), ("green", "priority = 1")), None, "b"),
        ([("blue", "a", {}), ("blue", "b", {"text": LICENSED})], (("blue", ""),), ["licence"], "b"),
        ([("blue", "a", {"text": LICENSED}), ("green", "b", {})], (("blue", ""), ("green", 'licence = "CC0-1.0"')),
         ["licence"], "b"),
        ([("blue", "a", {}), ("green", "b", {})], (("blue", ""), ("green", 'licence = "own"')), None, "b"),
        ([("blue", "a", {}), ("blue", "b", {"text": LONGER})], (("blue", ""),), ["length"], "b"),
        ([("blue", "a", {}), ("blue", "b", {"text": LONGER})], (("blue", ""),), ["id"], "a"),
        ([("blue", "a", {"day": "2024-03-01"}), ("green", "b", {"when": "2023年12月"})], DATED, None, "b"),
        ([("blue", "a", {"day": "2024-03-01"}), ("green", "b", {"when": "2023年12月"})], DATED, ["latest"], "a"),
        ([("blue", "a", {"when": "2000-01-01"}), ("green", "b", {"when": "2023年12月"})], DATED, ["latest"], "b"),
        ([("blue", "b", {}), ("green", "a", {})], (("blue", ""), ("green", "")), ["quality"], "a"),
    ],
)  # fmt: skip
def test_each_key_decides(desk, twins, sources, prefer, stays):
    assert kept(desk, twins, sources, prefer) == stays


@pytest.mark.parametrize(
    ("said", "sources", "measured", "fault"),
    [
        (["quality"], {}, [], '"quality" needs the filter "quality", which this recipe leaves out'),
        (["licence"], {}, [], '"licence" needs the filter "notices", which this recipe leaves out, or a source'),
        (["earliest"], {}, FILTERS, '"earliest" needs a source with date'),
        (["latest", "earliest"], {"date": "day"}, FILTERS, "earliest or latest, not both"),
        (["length", "length"], {}, FILTERS, "each key once"),
        (["id", "length"], {}, FILTERS, 'behind "id" nothing is left to decide'),
    ],
)
def test_a_preference_that_cannot_be_is_refused(said, sources, measured, fault):
    with pytest.raises(RecipeError, match=fault):
        choose_preference(said, [Source(name="one", path="x", **sources)], measured, "recipe")


def test_a_recipe_that_leaves_the_filter_out_is_told(desk):
    desk.recipe('name = "web"\npath = "in"', more='[dedup]\nprefer = ["quality"]\n')
    path = desk.path / "recipe.toml"
    path.write_text(path.read_text("utf-8").replace('name = "small"', 'name = "small"\nfilters = ["length"]', 1))

    with pytest.raises(RecipeError, match=r'dedup\.prefer: "quality" needs the filter "quality"'):
        load_recipe(path)


def test_what_is_not_said_is_what_filters_and_sources_allow():
    plain, dated = Source(name="one", path="x"), Source(name="one", path="x", date="day")

    assert choose_preference(None, [plain], [], "recipe").keys == ("priority", "length", "id")
    assert choose_preference(None, [dated], FILTERS, "recipe").keys == (
        "priority", "licence", "length", "earliest", "id",
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
def test_the_same_survive_in_any_order_and_any_shards(desk, seed):
    rng = random.Random(seed)
    rows = []
    for number in range(6):
        body = f"{text(number)}\n{OTHER}"
        for copy in range(3):
            spaced = body.replace("，", "， " if copy else "，")
            rows.append({"id": f"{number}-{copy}", "text": spaced[: len(spaced) - 2 * (copy == 2)]})
    outcomes = []
    for target in (64, 0.001):
        rng.shuffle(rows)
        cut = rng.randrange(len(rows))
        desk.write("in/a.jsonl", rows[:cut])
        desk.write("in/b.jsonl", rows[cut:])
        desk.recipe('name = "web"\npath = "in"', more=f"[shards]\ntarget_mb = {target}\n")
        desk.run()
        columns = ("verdict.keep", *(f"dedup.{name}" for name in ("cluster", "rank", "size", "of", "jaccard", "kind")))
        outcomes.append({name: [row[column] for column in columns] for name, row in sorted(desk.verdicts().items())})

    assert outcomes[0] == outcomes[1]
    assert len(outcomes[0]) == 18
