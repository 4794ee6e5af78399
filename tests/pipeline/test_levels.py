"""Which levels of deduplication a recipe asks for, and what shingles are made of."""

import pytest

from pipeline.errors import RecipeError
from pipeline.recipe import load_recipe
from tests.pipeline.conftest import OTHER, text

SAME = text(1)
ALIKE = SAME.replace("桂花", "菊花", 1)


def judged(desk, more):
    desk.write("in/a.jsonl", [
        {"id": "long", "text": SAME + "\n" + OTHER}, {"id": "same", "text": SAME + "\n" + OTHER.replace("，", ",")},
        {"id": "near", "text": ALIKE + "\n" + OTHER}, {"id": "short-1", "text": "短文"},
        {"id": "short-2", "text": "短 文"}, {"id": "short-3", "text": "断文"},
        *({"id": f"empty-{number}", "text": "\u3000" * number} for number in (1, 2)),
    ])  # fmt: skip
    desk.recipe('name = "web"\npath = "in"', more=more)
    desk.run()
    return {name: row["dedup.kind"] for name, row in desk.verdicts().items()}


ALONE = {"short-3": "unique", "empty-1": "unique", "empty-2": "unique"}
"""No shingle, no text: nothing that they could share."""


@pytest.mark.parametrize("more", ["", '[dedup]\nunit = "words"\n', "[dedup]\nthreshold = 0.6\nshingle = 3\n"])
def test_both_levels_find_copies_and_what_resembles_them(desk, more):
    kinds = judged(desk, more)

    assert kinds | ALONE == kinds
    assert sorted(kinds[name] for name in ("long", "same", "near")) == ["exact", "near", "survivor"]
    # too_short drops both, so neither is a duplicate of one that is kept; but they are one cluster.
    assert (kinds["short-1"], kinds["short-2"]) == ("survivor", "survivor")


def test_exact_alone_finds_copies_only(desk):
    kinds = judged(desk, "[dedup]\nnear = false\n")

    assert (kinds["near"], sorted([kinds["long"], kinds["same"]])) == ("unique", ["exact", "survivor"])


def test_without_levels_nothing_is_a_duplicate(desk):
    assert set(judged(desk, "[dedup]\nexact = false\nnear = false\n").values()) == {"unique"}


def test_near_takes_exact(desk):
    desk.recipe('name = "web"\npath = "in"', more="[dedup]\nexact = false\n")

    with pytest.raises(RecipeError, match="near takes exact: the same text resembles itself"):
        load_recipe(desk.path / "recipe.toml")


@pytest.mark.parametrize(
    ("more", "bands"),
    [
        ("", (14, 8)),
        ("near = true", (14, 8)),
        ("threshold = 0.7", (18, 6)),
        ("threshold = 0.8", (14, 8)),
        ("threshold = 0.8\npermutations = 256", (25, 10)),
        ("threshold = 0.8\nbands = 28\nrows = 4", (28, 4)),
        ("threshold = 0.8\nbands = 10", (10, 8)),
    ],
)
def test_a_threshold_alone_chooses_the_bands(desk, more, bands):
    desk.recipe('name = "web"\npath = "in"', more=f"[dedup]\n{more}\n")
    signing = load_recipe(desk.path / "recipe.toml").signing

    assert (signing.bands, signing.rows) == bands


@pytest.mark.parametrize(
    ("more", "shingle"),
    [("", "5 characters"), ('unit = "words"', "3 words"), ('unit = "words"\nshingle = 4', "4 words"),
     ("shingle = 7", "7 characters")],
)  # fmt: skip
def test_shingles_are_of_characters_or_words(desk, more, shingle):
    desk.recipe('name = "web"\npath = "in"', more=f"[dedup]\n{more}\n")

    assert load_recipe(desk.path / "recipe.toml").signing.header("1")["shingle"] == shingle
