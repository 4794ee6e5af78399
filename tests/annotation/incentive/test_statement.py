"""A statement says what the ledger's row says: its numbers are the row's, and a row that does not add up has none."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.incentive.charts import Line, Point, progress, yuan
from annotation.incentive.statement import decimal, duration, statement_sentences
from annotation.incentive.statement_page import Row, Statement, statement_page
from annotation.incentive.tables import CAPS
from pipeline.errors import LedgerError

WHY = {
    "kind": "safety", "j_bp": 6200, "gold": [["risky", 12, 10], ["safe", 12, 11]], "j_peer_bp": 6000, "cap": "none",
    "cap_bp": None, "m_bp": 7000, "items": 1240, "value_fen": 24800, "tier": 2, "tier_bp": 11500, "copy_size": 1,
    "variable_fen": 17360, "credited_seconds": 13867, "floor_fen": 9630, "entitled_fen": 17360,
    "paid_before_fen": 15000, "paid_now_fen": 2360, "appeal_until": "2026-12-10", "policy": "base 3",
    "corrected": None, "low": 0, "flat": 0, "state": "anchored", "copying": "", "held_fen": 0,
}  # fmt: skip


@st.composite
def rows(draw):
    """Rows as a settlement makes them."""
    fen, bp = st.integers(0, 10**8), st.integers(-10_000, 10_000)
    value, size, m_bp = draw(fen), draw(st.integers(1, 30)), draw(st.integers(0, 12_500))
    variable, floor, before = value * m_bp // (10_000 * size), draw(fen), draw(fen)
    copying = draw(st.sampled_from(["", "suspected", "confirmed", "cleared"]))
    if copying == "cleared":
        variable = value * m_bp // 10_000
    held = variable if copying == "suspected" else 0
    entitled = max(variable - held, floor)
    told = {"j_bp": draw(bp), "m_bp": m_bp, "items": 3, "value_fen": draw(fen), "entitled_fen": draw(fen)}
    corrected = draw(st.none() | st.just({"before": told, "changed": ["gold", "j_bp", "entitled_fen"]}))
    cap = draw(st.sampled_from(CAPS))
    return {
        **WHY, "kind": draw(st.sampled_from(["safety", "quality/review", "domain/adjudication"])), "j_bp": draw(bp),
        "gold": [["safe", *draw(st.tuples(st.integers(0, 99), st.integers(0, 99)))]] * draw(st.integers(0, 2)),
        "j_peer_bp": draw(st.none() | bp), "cap": cap, "cap_bp": None if cap in {"none", "copies"} else draw(bp),
        "m_bp": m_bp,
        "items": draw(st.integers(0, 10**6)), "value_fen": value, "tier": draw(st.integers(0, 3)),
        "low": draw(st.integers(0, 1)), "flat": draw(st.integers(0, 1)), "copying": copying, "held_fen": held,
        "corrected": corrected, "tier_bp": draw(st.integers(10_000, 14_000)), "copy_size": size,
        "variable_fen": variable,
        "credited_seconds": draw(st.integers(0, 10**6)), "floor_fen": floor, "entitled_fen": entitled,
        "paid_before_fen": before, "paid_now_fen": max(0, entitled - before),
    }  # fmt: skip


def numbers(value):
    """Every integer of a row, those inside words too."""
    if isinstance(value, dict):
        return set().union(*map(numbers, value.values()))
    if isinstance(value, list):
        return set().union(set(), *map(numbers, value))
    if isinstance(value, int):
        return {value}
    return {int(found) for found in re.findall(r"\d+", value or "")}


def said_numbers(sentences):
    """Every number of the sentences, turned back into the row's integers: candidates, one of which must be there."""
    text = "".join(sentences)
    found = []

    def take(pattern, read):
        nonlocal text
        found.extend(read(match) for match in re.finditer(pattern, text))
        text = re.sub(pattern, "", text)

    take(r"(?:\d[\d,]* (?:小时|分|秒) ?)+", _seconds)
    take(r"(-?[\d,]+)\.(\d\d) 元", lambda m: int(m[1].replace(",", "") + m[2]))
    take(r"(-?)(\d+)\.(\d{2,4})", lambda m: int(m[1] + m[2] + m[3].ljust(4, "0")))
    take(r"\d[\d,]*", lambda m: int(m[0].replace(",", "")))
    return found


def _seconds(match):
    text = match[0].replace(",", "")
    units = {"小时": 3600, "分": 60, "秒": 1}
    return sum(int(n) * units[u] for n, u in re.findall(r"(\d+) (小时|分|秒)", text))


@given(rows())
@settings(max_examples=300, deadline=None)
def test_every_number_is_one_of_the_rows(why):
    sentences = statement_sentences(why)
    assert set(said_numbers(sentences)) - numbers(why) == set()
    for name in ("variable_fen", "entitled_fen", "paid_before_fen", "paid_now_fen", "floor_fen", "value_fen"):
        assert f"{yuan(why[name])} 元" in "".join(sentences)


def test_the_sentences_of_one_row():
    assert statement_sentences(WHY) == [
        "知情度：您在「内容安全标注（标注）」中为 0.62（随意作答或一律选同一项约为零，全部正确为一）。",
        "已有定论：「有风险」12 题，答对 10 题；「无风险」12 题，答对 11 题。",
        "同伴旁证：与其他人各自独立的回答相互印证，得 0.60。",
        "上限：没有触发。",
        "系数：由知情度按计酬规则换算，为 0.70。",
        "计酬题：1,240 题，按领域、篇幅、难度和等级（T2 熟练，单价乘 1.15）合计 248.00 元。",
        "计酬：248.00 元 × 0.70 = 173.60 元（不足一分的舍去）。",
        "保底：计入工时 3 小时 51 分 7 秒，按保底标准为 96.30 元，不高于计酬，不另补。",
        "合计：应得 173.60 元，此前已发 150.00 元，本次发 23.60 元。",
        "申诉：对本单有异议，可在 2026-12-10 之前提出，不收费，也不会因此少发。",
        "规则：base 3。",
    ]


@pytest.mark.parametrize("name", ["variable_fen", "entitled_fen", "paid_now_fen"])
def test_a_row_that_does_not_add_up_makes_no_statement(name):
    with pytest.raises(LedgerError, match=name):
        statement_sentences({**WHY, name: WHY[name] + 1})


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"gold": []}, "还没有答到"),
        ({"gold": [["risky", 0, 0], ["safe", 0, 0]]}, "还没有答到"),
        ({"gold": [["A1", 0, 0], ["safe", 12, 11]]}, "已有定论：「无风险」12 题，答对 11 题。"),
        ({"j_peer_bp": None}, "无从旁证"),
        ({"cap": "gold", "cap_bp": 6200}, "只支持到 0.62"),
        ({"cap": "unanchored", "cap_bp": 5000}, "以 0.50 为限"),
        ({"cap": "copies"}, "只取可以确信的下限"),
        ({"floor_fen": 20000, "entitled_fen": 20000, "paid_now_fen": 5000}, "高于计酬，按保底发"),
        ({"paid_before_fen": 20000, "paid_now_fen": 0}, "不追回"),
        ({"copy_size": 2, "variable_fen": 8680, "entitled_fen": 9630, "paid_now_fen": 0}, "÷ 2"),
        ({"copying": "suspected", "held_fen": 17360, "entitled_fen": 9630, "paid_now_fen": 0}, "复核前不发"),
        ({"copying": "cleared", "copy_size": 9}, "173.60 元（不足一分的舍去）"),
        ({"low": 1}, "保守下限"),
        ({"flat": 1}, "不测知情度"),
        ({"corrected": {"before": {**WHY, "golds": 3}, "changed": ["gold", "j_bp"]}}, "已有定论的题、知情度有变"),
    ],
)
def test_what_is_unusual_is_said(more, words):
    assert words in "".join(statement_sentences({**WHY, **more}))


def test_numbers_are_shown_exactly():
    assert [decimal(bp) for bp in (0, 5, 6200, 6235, 10_000, -120)] == [
        "0.00",
        "0.0005",
        "0.62",
        "0.6235",
        "1.00",
        "-0.012",
    ]
    assert [yuan(fen) for fen in (0, 7, 24_800, 123_456_789)] == ["0.00", "0.07", "248.00", "1,234,567.89"]
    assert [duration(s) for s in (0, 61, 3600, 13_867)] == ["0 秒", "1 分 1 秒", "1 小时", "3 小时 51 分 7 秒"]


def page(**more):
    lines = (Line("内容安全标注", (Point("2026-10", 4000, 2000, 6000), Point("2026-11", 6200, 5000, 7300))),)
    row = Row(17, "2026-12-01", "settlement", 2360, {**WHY, **more}, "ab" * 32)
    return statement_page(Statement("p07", "2026-11", [row], lines, [("2026-10", 9900), ("2026-11", 17360)]))


def test_a_page_asks_for_nothing_and_shows_words_as_words():
    made = page(policy="<script>alert(1)</script>")
    assert re.findall(r"(?:src|href|url|@import)\s*[=(]", made) == []
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", made) == []
    assert made.count("<script") == 0
    assert made.count("<svg") == 2
    assert "2026-12-10 之前" in made


def test_a_chart_has_a_mark_for_every_period_and_stays_inside_itself():
    points = tuple(Point(f"2026-{month:02d}", 1000 * month - 4000, -10_000, 10_000) for month in range(1, 13))
    chart = progress([Line("一", points), Line("二", points[:1])])
    assert (chart.count("<circle"), chart.count("<polyline")) == (12, 1)
    heights = [float(y) for y in re.findall(r'c?y="([-\d.]+)"', chart)]
    assert 0 <= min(heights) <= max(heights) <= 200
    assert progress([]) == ""
