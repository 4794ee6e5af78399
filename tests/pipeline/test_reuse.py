"""What a result depends on is in its fingerprint: change it, and it is made again; change others, and it stays."""

import pytest

from filters.length import Length
from pipeline import scan
from pipeline.errors import ShardError
from pipeline.executor import Outcome
from pipeline.pool import InProcess
from tests.pipeline.conftest import Recording, text

WEB = 'name = "web"\npath = "in"'


@pytest.fixture
def done(desk):
    desk.recipe(WEB)
    desk.write("in/a.jsonl", [{"id": "a0", "text": text(0), "body": text(1)}, {"id": "a1", "text": text(2)}])
    desk.run()
    return desk


@pytest.mark.parametrize(
    ("sources", "more", "again"),
    [
        (WEB, "", set()),
        (WEB + "\nmax_quarantined_share = 0.9", "", set()),
        (WEB + '\ntext = "body"', "", {"scan", "ids", "dedup", "elect", "judge", "write"}),
        (WEB + '\nencoding = "utf-8"', "", {"scan"}),
        (WEB, "[dedup]\nseed = 2\n", {"scan", "ids", "dedup"}),
        (WEB, "[dedup]\nthreshold = 0.9\n", {"dedup"}),
        (WEB, "[dedup]\nnear = false\n", {"dedup"}),
        (WEB + "\npriority = 1", "", {"dedup"}),
        (WEB, '[[rules]]\nreason = "r"\nattribute = "length.chars"\nat_least = 1\n', {"elect", "judge"}),
    ],
)
def test_a_change_repeats_what_depends_on_it_and_no_more(done, sources, more, again):
    done.recipe(sources, more=more)

    _, executor = done.run()

    # What comes out the same need not be passed on: a new threshold that changes no cluster judges nothing anew.
    assert again - executor.stages() == set()
    assert executor.stages() - again - {"ids", "dedup", "elect", "judge", "write"} == set()
    if not again:
        assert executor.done == []


@pytest.mark.parametrize("name", ["READING_VERSION", "NORMALIZE_VERSION", "BATCH_CHARS", "BATCH_RECORDS"])
def test_other_code_of_reading_scans_again(done, monkeypatch, name):
    monkeypatch.setattr(scan, name, getattr(scan, name) * 2)

    _, executor = done.run()

    assert "scan" in executor.stages()


def test_another_version_of_a_filter_scans_again(done, monkeypatch):
    monkeypatch.setattr(Length, "version", "of tomorrow")

    _, executor = done.run()

    assert "scan" in executor.stages()


@pytest.mark.parametrize("stage", ["scan", "judge", "write"])
def test_a_receipt_that_is_torn_counts_for_nothing(done, stage):
    (done.folder / f"receipts/{stage}/part-00000.json").write_text('{"fingerprint": "')

    _, executor = done.run()

    assert f"{stage} part-00000" in executor.done


@pytest.mark.parametrize("table", ["documents", "attributes", "signatures", "quarantine", "verdicts", "corpus"])
def test_a_part_that_is_gone_is_made_again(done, table):
    before = done.rows(table)
    (done.folder / table / "part-00000.parquet").unlink()

    done.run()

    assert done.rows(table) == before


@pytest.mark.parametrize("name", ["clusters.parquet", "pairs.parquet", "survivors.parquet"])
def test_a_table_of_the_whole_run_that_is_gone_is_made_again(done, name):
    before = (done.folder / name).read_bytes()
    (done.folder / name).unlink()

    done.run()

    assert (done.folder / name).read_bytes() == before


def test_the_number_of_a_part_is_never_given_to_another(done):
    (done.path / "in/a.jsonl").unlink()
    done.write("in/b.jsonl", [{"id": "b0", "text": text(5)}])
    done.run()
    (done.path / "in/b.jsonl").unlink()
    done.write("in/c.jsonl", [{"id": "c0", "text": text(6)}])

    _, executor = done.run()

    assert [name for name in executor.done if name.startswith("scan")] == ["scan part-00002"]
    assert sorted(done.verdicts()) == ["c0"]


def test_sources_never_share_a_shard(desk):
    desk.recipe(WEB, 'name = "other"\npath = "more"')
    desk.write("in/a.jsonl", [{"id": "a0", "text": text(0)}])
    desk.write("more/a.jsonl", [{"id": "b0", "text": text(2)}])

    summary, executor = desk.run()

    assert [name for name in executor.done if name.startswith("scan")] == ["scan part-00000", "scan part-00001"]
    assert {name: account["in"] for name, account in summary["sources"].items()} == {"web": 1, "other": 1}


def test_a_shard_that_fails_after_it_was_done_does_not_leave_its_old_result_standing(done):
    class Failing(InProcess):
        def run(self, stage, items):
            for item in items:
                yield from [Outcome(item, None, "ShardError: no")] if stage == "scan" else super().run(stage, [item])

    done.write("in/b.jsonl", [{"id": "b0", "text": text(5)}])
    done.recipe(WEB + '\ntext = "text"')
    with pytest.raises(ShardError, match="every shard failed; the first, part-00000: scan: ShardError: no"):
        done.run(Failing())

    _, executor = done.run(Recording())
    assert {"scan part-00000", "scan part-00001"} <= set(executor.done)


def test_files_that_are_hidden_or_still_being_written_are_no_input(done):
    done.write("in/.hidden.jsonl", [{"id": "h", "text": text(5)}])
    done.write("in/later.jsonl.partial", [{"id": "p", "text": text(6)}])

    _, executor = done.run()

    assert executor.done == []
