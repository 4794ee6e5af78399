"""Passages in many documents: exactly those that brute force finds, in any shards, order and memory."""

import io
import json
import random
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.texts import Texts
from pipeline import passage_stages
from pipeline.errors import RecipeError
from pipeline.passages import cut_windows
from pipeline.recipe import load_recipe
from tests.pipeline.conftest import OTHER, Recording, text

STATUTES = Path(__file__).resolve().parents[2] / "../shared/data/docs/laws_cn.jsonl.zst"
LETTERS = "春夏秋冬风雨雷电山河湖海花草树木牛羊鱼鸟东西南北上下左右金木水火土日月星云"
PASSAGE = "".join(random.Random(7).choices(LETTERS, k=64))
ASK = "[passages]\nmeasure = true\nleast_chars = {chars}\nleast_documents = {documents}\n"
NEITHER = "[dedup]\nexact = false\nnear = false\n"
COLUMNS = ("char_ratio", "repeated_ratio", "count", "longest_chars")


def folded(one):
    return "".join(map(chr, Texts(pa.array([one])).folded.values))


def by_brute_force(documents, cluster, chars, least):
    """Measure documents, given best first, as name → text, and the cluster of each."""
    texts = {name: folded(one) for name, one in documents.items()}
    holders = defaultdict(list)
    for name, one in texts.items():
        for start in range(len(one) - chars + 1):
            holders[one[start : start + chars]].append(name)
    measured = {}
    for name, one in texts.items():
        common, repeated = set(), set()
        for start in range(len(one) - chars + 1):
            held = holders[one[start : start + chars]]
            if len({cluster[other] for other in held}) >= least:
                common |= set(range(start, start + chars))
                if cluster[held[0]] != cluster[name]:
                    repeated |= set(range(start, start + chars))
        edges = [place for place in sorted(common) if place - 1 not in common]
        runs = [max(common) + 1] if common else []
        lengths = [sum(start <= place < end for place in common) for start, end in pairwise([*edges, *runs])]
        total = max(1, len(one))
        measured[name] = (len(common) / total, len(repeated) / total, len(edges), max(lengths, default=0))
    return measured


def measured(desk):
    return {row["id"]: tuple(row[f"passages.{name}"] for name in COLUMNS) for row in desk.rows("passages")}


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text("甲乙丙丁 a", max_size=60), max_size=5), st.sampled_from([4, 5, 8]))
def test_the_anchor_of_a_window_is_the_least_of_its_runs_wherever_it_stands(texts, chars):
    column = Texts(pa.array(texts, pa.large_string()))
    windows = cut_windows(column, chars)
    alone = {}
    for number, one in enumerate(map(folded, texts)):
        assert windows.at[number + 1] - windows.at[number] == max(0, len(one) - chars + 1)
        for start in range(len(one) - chars + 1):
            piece = one[start : start + chars]
            if piece not in alone:
                alone[piece] = cut_windows(Texts(pa.array([piece])), chars)
            window = windows.at[number] + start
            assert (windows.hashes[window], windows.anchors[window]) == (
                alone[piece].hashes[0],
                alone[piece].anchors[0],
            )
    assert len({one.hashes[0] for one in alone.values()}) == len(alone)


def library(rng, n):
    """Documents made of a few passages and of text of their own, some shorter than a window."""
    shared = ["".join(rng.choices(LETTERS, k=rng.choice([24, 30, 60]))) for _ in range(4)]
    return {
        f"d{number:02d}": "，".join(
            rng.choice(shared) if rng.random() < 0.5 else "".join(rng.choices(LETTERS, k=rng.randrange(30)))
            for _ in range(rng.randrange(1, 7))
        )
        for number in range(n)
    }


@pytest.mark.parametrize("seed", range(2))
def test_what_is_measured_is_what_brute_force_finds(desk, seed, monkeypatch):
    rng = random.Random(seed)
    documents = library(rng, 24)
    best_first = dict(sorted(documents.items(), key=lambda item: (-len(item[1]), item[0])))
    expected = by_brute_force(best_first, {name: name for name in documents}, 24, 3)
    assert sum(values[0] > 0 for values in expected.values()) > 5
    assert sum(values[1] < values[0] for values in expected.values()) > 0
    outcomes = []
    for target, row_bytes in ((64, 128), (0.002, 10**7)):
        monkeypatch.setattr(passage_stages, "BYTES_PER_ROW", row_bytes)  # the second: a range for every few rows
        rows = [{"id": name, "text": one} for name, one in documents.items()]
        rng.shuffle(rows)
        desk.write("in/a.jsonl", rows[:9])
        desk.write("in/b.jsonl", rows[9:])
        more = NEITHER + ASK.format(chars=24, documents=3) + f"[shards]\ntarget_mb = {target}\n"
        desk.recipe('name = "web"\npath = "in"', more=more)
        desk.run()
        outcomes.append(measured(desk))

    assert outcomes[0] == outcomes[1]
    assert {name: pytest.approx(values) for name, values in expected.items()} == outcomes[0]


@pytest.mark.skipif(not STATUTES.exists(), reason="the real documents are not part of the repository")
def test_what_is_measured_of_real_texts_is_what_brute_force_finds(desk):
    with STATUTES.open("rb") as raw:
        lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(raw), encoding="utf-8")
        documents = {f"d{number:02d}": json.loads(next(lines))["text"][:4000] for number in range(60)}
    best_first = dict(sorted(documents.items(), key=lambda item: (-len(item[1]), item[0])))
    expected = by_brute_force(best_first, {name: name for name in documents}, 30, 2)
    assert sum(values[0] > 0 for values in expected.values()) > 3
    desk.write("in/a.jsonl", [{"id": name, "text": one} for name, one in documents.items()])
    desk.recipe('name = "web"\npath = "in"', more=NEITHER + ASK.format(chars=30, documents=2))
    desk.run()

    assert {name: pytest.approx(values) for name, values in expected.items()} == measured(desk)


def essays(n):
    """Documents with little in common but the passage, the longest first."""
    letters = random.Random(3)
    own = ["".join(letters.choices(LETTERS, k=300 - 2 * number)) for number in range(n)]
    return {f"e{number}": f"{one[:90]}\n{PASSAGE}\n{one[90:]}" for number, one in enumerate(own)}


def test_the_best_document_keeps_its_passage_and_a_rule_may_bound_the_others(desk):
    rule = '[[rules]]\nreason = "quoted"\nattribute = "passages.repeated_ratio"\nat_most = 0.1\n'
    desk.write("in/a.jsonl", [{"id": name, "text": one} for name, one in essays(4).items()])
    desk.recipe('name = "web"\npath = "in"', more=ASK.format(chars=50, documents=4) + rule)
    desk.run()
    found = measured(desk)

    assert [found[f"e{number}"][2:] for number in range(4)] == [(1, 64)] * 4
    assert found["e0"][:2] == (64 / 364, 0.0)
    assert [found[f"e{number}"][1] for number in (1, 2, 3)] == [64 / (364 - 2 * number) for number in (1, 2, 3)]
    failed = {name: row["verdict.failed"] for name, row in desk.verdicts().items()}
    assert [("quoted" in failed[f"e{number}"]) for number in range(4)] == [False, True, True, True]
    documents = {row["id"]: row["text"] for row in desk.rows("documents")}
    assert documents == essays(4)  # measured, not cut


def test_copies_of_one_document_make_no_passage(desk):
    # By length, of which the longest goes first, copies of the two alternate.
    first, second = essays(2).values()
    rows = [{"id": f"a{number}", "text": first.replace("\n", "\n" * number)} for number in (1, 3, 5, 7)]
    rows += [{"id": f"b{number}", "text": second.replace("\n", "\n" * number)} for number in (3, 5, 7, 9)]
    desk.write("in/a.jsonl", rows)
    more = ASK.format(chars=50, documents=3)
    for target in (64, 0.002):
        desk.recipe('name = "web"\npath = "in"', more=f"{more}[shards]\ntarget_mb = {target}\n")
        desk.run()

        assert set(measured(desk).values()) == {(0.0, 0.0, 0, 0)}


class Stopping(Recording):
    """Fails at the n-th item, as a machine that goes away."""

    def __init__(self, after):
        super().__init__()
        self.after = after

    def run(self, stage, items):
        for item in items:
            if len(self.done) == self.after:
                raise KeyboardInterrupt
            yield from super().run(stage, [item])


def everything(desk):
    return {path.relative_to(desk.folder): path.read_bytes() for path in sorted(desk.folder.glob("**/*.parquet"))}


def test_a_run_that_was_stopped_anywhere_goes_on_and_ends_the_same(desk):
    more = ASK.format(chars=50, documents=3) + "[shards]\ntarget_mb = 0.003\n"
    desk.write("in/a.jsonl", [{"id": name, "text": one} for name, one in essays(4).items()])
    desk.recipe('name = "web"\npath = "in"', more=more)
    _, whole = desk.run()
    expected = everything(desk)
    steps = [number for number, name in enumerate(whole.done) if "passage" in name or "standing" in name]
    assert len(steps) > 6
    assert not [path for path in expected if path.parts[0].startswith("passage_") or path.stem == "standing"]
    for after in steps[::2]:
        for path in (*desk.folder.glob("receipts/*/*.json"), *desk.folder.glob("passages/*")):
            path.unlink()
        with pytest.raises(KeyboardInterrupt):
            desk.run(Stopping(after))
        _, rest = desk.run()
        assert rest.done == whole.done[after:]
        assert everything(desk) == expected
    assert desk.run()[1].done == []


def test_another_bound_measures_passages_again_and_nothing_before(desk):
    desk.write("in/a.jsonl", [{"id": name, "text": one} for name, one in essays(4).items()])
    desk.recipe('name = "web"\npath = "in"', more=ASK.format(chars=50, documents=4))
    desk.run()
    desk.recipe('name = "web"\npath = "in"', more=ASK.format(chars=50, documents=5))
    _, executor = desk.run()

    assert executor.stages() & {"scan", "dedup"} == set()
    assert {values[2] for values in measured(desk).values()} == {0}


def test_a_rule_about_passages_needs_them(desk):
    rule = '[[rules]]\nreason = "quoted"\nattribute = "passages.char_ratio"\nat_most = 0.1\n'
    desk.recipe('name = "web"\npath = "in"', more=rule)

    with pytest.raises(RecipeError, match=r"say \[passages\] measure = true"):
        load_recipe(desk.path / "recipe.toml")


def test_without_being_asked_nothing_is_measured(desk):
    desk.write("in/a.jsonl", [{"id": "a", "text": f"{text(1)}{OTHER}"}])
    desk.recipe('name = "web"\npath = "in"')
    summary, executor = desk.run()

    assert (desk.folder / "passages").exists() is False
    assert {"standing", "passages"} & executor.stages() == set()
    assert "passages" not in summary["stages"]
