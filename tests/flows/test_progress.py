"""Progress lines: one at the start, one every few seconds, one at the end; nothing on stdout."""

import io
from types import SimpleNamespace

import numpy as np
import pytest

from flows import annotation_runtime
from flows.progress import Bars, Lines, Silent, choose
from pipeline import normalize
from pipeline.errors import RecipeError


class Terminal(io.StringIO):
    def isatty(self):
        return True


def lines(stream, times):
    return Lines(stream, interval=5.0, clock=iter(times).__next__)


def test_a_stage_says_its_rate_and_what_is_left():
    stream = io.StringIO()
    progress = lines(stream, [0.0, 1.0, 6.0, 12.0, 12.0])

    progress.stage("scan", 10_000_000, "bytes")
    progress.advance(1_000_000)  # after 1 s: too soon for a line
    progress.advance(2_000_000)
    progress.advance(7_000_000)
    progress.finish()

    assert stream.getvalue().splitlines() == [
        "scan: 10.0 MB",
        "scan: 3.0 MB of 10.0 MB (30%), 0.5 MB/s, about 14 s left",
        "scan: done, 10.0 MB in 12.0 s, 0.8 MB/s",
    ]


def test_a_stage_that_breaks_off_is_not_called_done():
    stream = io.StringIO()
    progress = lines(stream, [0.0, 1.0, 6.0])

    progress.stage("scan", 10_000_000, "bytes")
    progress.advance(3_000_000)
    progress.finish()

    assert stream.getvalue().splitlines()[-1] == "scan: stopped at 3.0 MB of 10.0 MB in 6.0 s, 0.5 MB/s"


def test_a_step_that_an_error_ends_is_not_called_done_though_its_total_is_unknown(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(annotation_runtime, "choose", lambda: lines(stream, [0.0, 16.0]))
    with pytest.raises(RecipeError), annotation_runtime._progress("push", "tasks"):
        raise RecipeError("no")
    assert stream.getvalue().splitlines() == ["push: begins", "push: stopped after 16.0 s"]


def test_a_stage_ends_the_one_before_and_a_single_step_has_no_amount():
    stream = io.StringIO()
    progress = lines(stream, [0.0, 1.0, 2.0, 2.0, 2.5, 3.0])

    progress.stage("judge", 8, "parts")
    progress.advance(8)
    progress.stage("dedup", 1, "steps")
    progress.advance(1)
    progress.finish()
    progress.finish()

    assert stream.getvalue().splitlines() == [
        "judge: 8 parts",
        "judge: done, 8 parts in 2.0 s, 4.0/s",
        "dedup: begins",
        "dedup: done in 1.0 s",
    ]


def test_things_that_are_no_bytes_have_a_rate_too():
    stream = io.StringIO()
    progress = lines(stream, [0.0, 6.0, 9.0, 10.0])

    progress.stage("dedup-pairs", 30_000_000, "keys")
    progress.advance(9_000_000)
    progress.advance(21_000_000)
    progress.finish()

    assert stream.getvalue().splitlines() == [
        "dedup-pairs: 30,000,000 keys",
        "dedup-pairs: 9,000,000 keys of 30,000,000 keys (30%), 1,500,000/s, about 14 s left",
        "dedup-pairs: done, 30,000,000 keys in 10.0 s, 3,000,000/s",
    ]


@pytest.mark.parametrize(("stream", "shown"), [(io.StringIO, Lines), (Terminal, Bars)])
def test_the_first_run_says_that_kernels_are_compiled_and_no_later_one(stream, shown, tmp_path, monkeypatch):
    kernel = SimpleNamespace(stats=SimpleNamespace(cache_path=str(tmp_path)))
    monkeypatch.setattr(normalize, "has_stray", kernel)

    def say(*stages):
        to = stream()
        progress = choose(stream=to)
        assert type(progress) is shown
        for stage in stages:
            progress.stage(stage, 10, "bytes")
            progress.finish()
        return to.getvalue().count("compiling kernels (once, about half a minute)")

    assert [say("plan", "push"), say("plan", "scan")] == [0, 1]
    (tmp_path / "normalize.has_stray-59.py311.nbi").touch()
    assert say("plan", "scan") == 0


def test_numba_says_where_its_cache_is_and_a_run_has_filled_it():
    normalize.has_stray(np.zeros(1, np.uint32), np.zeros(1, np.uint8), np.array([0, 1]))
    assert normalize.compiled_before() is True


def test_a_terminal_gets_bars_and_quiet_gets_nothing(capsys):
    terminal = Terminal()
    bars = choose(stream=terminal)
    bars.stage("scan", 2_000_000, "bytes")
    bars.advance(2_000_000)
    bars.stage("judge", 8, "parts")
    bars.advance(8)
    bars.finish()

    assert type(bars) is Bars
    assert ["scan" in terminal.getvalue(), "2.0/2.0 MB" in terminal.getvalue(), "8/8" in terminal.getvalue()] == [
        True
    ] * 3
    assert type(choose(quiet=True)) is Silent
    assert type(choose(stream=io.StringIO())) is Lines
    assert capsys.readouterr() == ("", "")
