import pytest

from pipeline.errors import LedgerError
from pipeline.form import Source
from pipeline.ledger import draw_up, over_quarantined

SOURCES = [Source(name="a", path="x", max_quarantined_share=0.1)]


def receipts(records=10, documents=8, quarantined=2, judged=8, kept=5, reasons=None, written=5, review=None):
    scan = {"part": 0, "source": "a", "in": records, "documents": documents, "quarantined": quarantined}
    judge = {"documents": judged, "kept": kept, "reasons": {"too_short": 3} if reasons is None else reasons}
    judge |= {"reviewed": 0, "review": {}} if review is None else review
    return [(scan, judge, {"documents": written})]


def test_what_went_in_came_out():
    ledger = draw_up(SOURCES, receipts())

    assert ledger.whole.as_json() == {"in": 10, "kept": 5, "dropped": 3, "quarantined": 2}
    assert ledger.sources["a"].as_json() == ledger.whole.as_json()
    assert over_quarantined(ledger, SOURCES) == {"a": 0.2}


@pytest.mark.parametrize(
    "wrong",
    [
        {"records": 11},
        {"quarantined": 1},
        {"judged": 7},
        {"kept": 6},
        {"written": 4},
        {"reasons": {"too_short": 2}},
        {"review": {"reviewed": 6, "review": {"odd": 6}}},
        {"review": {"reviewed": 2, "review": {"odd": 1}}},
        {"reasons": {"held_for_review": 3}},
    ],
)
def test_numbers_that_do_not_add_up_stop_the_run(wrong):
    with pytest.raises(LedgerError):
        draw_up(SOURCES, receipts(**wrong))
