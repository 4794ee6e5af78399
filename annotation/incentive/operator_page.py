"""The operator's page of a period, in Chinese and English: who did how much and how well, and what to look at first."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from annotation.incentive.contributor_tables import FLAGS
from annotation.incentive.statement import class_words, kind_words
from annotation.incentive.tables import FULL
from pipeline.page import page, table

Rows = Sequence[Mapping[str, Any]]

_STYLE = """<style>body{max-width:88rem}.wide{overflow-x:auto}.wide table{font-size:12px}
.wide td,.wide th{padding:.2rem .3rem;overflow-wrap:break-word;vertical-align:bottom}@page{size:A4 landscape}</style>"""

SOUND = 0.6
"""Informedness of the consensus on golds below which no J should be relied on (incentive reference, 5.1)."""

FLAG_WORDS = {
    "copies": (
        "答案雷同",
        "两人错得一样 answers alike where both are wrong",
        "暂缓计酬，由人复核 score --clear / --confirm",
    ),
    "stamps": (
        "照抄预标注",
        "总与过滤器所说相同 says what the filters say",
        "换人复核，隐藏预标注 hide pre-annotations",
    ),
    "fast": ("过快", "用时不到常用时三分之一 a third of the usual time or less", "查看其答案 look at the answers"),
    "skips": ("跳过多", "每五题至少跳过一题 skips every fifth task or more", "问明原因，说明不清就改说明 ask why"),
    "forged": (
        "冒名提交",
        "以他人名义提交 answers sent as somebody else",
        "不计分不计酬；查来源，换令牌 not scored; change tokens",
    ),
    "late": ("裁定后改答案", "裁定之后又改 changed after being judged", "改动不生效 the change does not count"),
    "overclaimed": (
        "虚报用时",
        "所报用时多于实际 claims more time than passed",
        "按服务器计时 the server's clock is used",
    ),
    "unwitnessed": (
        "未见提交过程",
        "服务器未见其登录提交 no session was seen to send it",
        "不计分；请本人重交 ask to submit again",
    ),
    "unanchored": (
        "金标不足",
        "做过的金标不足两类 golds of fewer than two classes",
        "增加金标题 add golds of every class",
    ),
    "drift": ("质量下滑", "金标正确率随时间下降 golds got worse over time", "沟通或复训 talk, or train again"),
}
"""Name, meaning, and what to do; in Chinese, then in English."""


ALARM_WORDS = {
    "has not settled": "共识计算未收敛，分数仅供参考",
    "no golds of two classes: peers": "没有两类以上的金标：只能由同伴互评，可计酬的知情度最多 0.5",
    "fails on the golds": "共识在金标上不可靠，同伴互评的分量已降低",
    "people have no golds of two classes": "有人做过的金标不足两类",
    "people answer as one": "有人答案如出一人，请查看",
}
"""What stands in an alarm of `scoring` -> the same in Chinese."""


def operator_page(
    period: str, rows: Rows, reference: Mapping[str, float | None], alarms: Sequence[str], copies: Rows
) -> str:
    """Return the whole page: pseudonyms and numbers, no text and no item.

    Args:
        period: a month.
        rows: of CONTRIBUTORS.
        reference: kind of round -> informedness of the consensus on golds.
        alarms: sentences of the scorer.
        copies: of COPIES.
    """
    kinds = sorted({row["kind"] for row in rows})
    body = [_STYLE, _totals(rows), _alarms(rows, reference, alarms), _people_to_look_at(rows)]
    body += [_kind(kind, [row for row in rows if row["kind"] == kind], reference.get(kind)) for kind in kinds]
    body.append(_pairs(copies))
    return page(f"标注员总览 Contributors · {period}", "".join(body))


def _section(title: str, *body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{''.join(body)}</section>"


def _totals(rows: Rows) -> str:
    people = {row["contributor"] for row in rows}
    hours = sum(row["active_seconds"] for row in rows) / 3600
    figures = [
        ("人 people", f"{len(people):,}"),
        ("有效答案 valid answers", f"{sum(row['answers'] for row in rows):,}"),
        ("工时 hours", f"{hours:,.1f}"),
        ("须查看的人 to look at", f"{len({row['contributor'] for row in rows if row['flags']}):,}"),
    ]
    return (
        '<div class="tiles">' + "".join(f"<div><b>{n}</b><span>{name}</span></div>" for name, n in figures) + "</div>"
    )


def _alarms(rows: Rows, reference: Mapping[str, float | None], alarms: Sequence[str]) -> str:
    said = []
    for kind, value in sorted(reference.items()):
        if value is None:
            said.append(
                f"{kind_words(kind)}：没有两类以上的金标，谁也没有锚定，知情度最多算一半。"
                f" {kind}: no golds of two classes; nobody is anchored."
            )
        elif value < SOUND:
            said.append(
                f"{kind_words(kind)}：共识在金标上的知情度只有 {value:.2f}，应不低于 {SOUND}；或许多数人一起错了。"
                f" {kind}: J_ref of the consensus is {value:.2f}, below {SOUND}."
            )
    counts = {flag: sorted({row["contributor"] for row in rows if flag in row["flags"]}) for flag in FLAGS}
    said += [
        f"{FLAG_WORDS[flag][0]}：{len(people)} 人。 {FLAG_WORDS[flag][1]}: {', '.join(people)}."
        for flag, people in counts.items() if people and flag in {"copies", "stamps", "forged", "late"}
    ]  # fmt: skip
    said += [_in_chinese(one) for one in alarms]
    lines = "".join(f"<li><mark>{escape(one)}</mark></li>" for one in dict.fromkeys(said))
    return _section("警报 Alarms", f"<ul>{lines}</ul>" if lines else "<p>无 none</p>")


def _in_chinese(alarm: str) -> str:
    """Put before a scorer's sentence what it says in Chinese; the figures stand in the sentence itself."""
    return next((f"{words}。 {alarm}" for mark, words in ALARM_WORDS.items() if mark in alarm), alarm)


def _people_to_look_at(rows: Rows) -> str:
    found = [
        [row["contributor"], kind_words(row["kind"]), *FLAG_WORDS[flag]] for row in rows for flag in row["flags"]
    ]  # fmt: skip
    head = ["人 person", "轮次 kind", "标记 flag", "含义 meaning", "处理 what to do"]
    return _section("须查看 To look at", table(head, found) if found else "<p>无 none</p>")


def _kind(kind: str, rows: Rows, reference: float | None) -> str:
    shown = [
        [
            row["contributor"], "–" if row["tier"] is None else f"T{row['tier']}", _j(row), _golds(kind, row),
            row["answers"], row["skips"], row["refused"] + row["forged"] + row["late"], row["rejected"],
            f"{row['active_seconds'] / 3600:.1f}", _number(row["pace"]), _number(row["agreement"]),
            _number(row["difficulty"]), _drift(row), f"{row['appeals_granted']}/{row['appeals']}", _exam(row),
        ]
        for row in sorted(rows, key=lambda row: (row["j_bp"] is None, -(row["j_bp"] or 0), row["contributor"]))
    ]  # fmt: skip
    head = ["人 person", "级 tier", "知情度 J (90 %)", "金标 golds", "有效 valid", "跳过 skips", "拒收 refused",
            "退回 rejected", "工时 hours", "用时比 pace", "一致 agreement", "难度 difficulty", "变化 drift",
            "申诉 appeals", "资格 exam"]  # fmt: skip
    said = "–" if reference is None else f"{reference:.2f}"
    note = (
        f"<p>共识在金标上的知情度 J of the consensus on golds: {said}. 用时比：与同长度文本常用时之比"
        " (time over the usual for the length). 一致、难度只作参考，不计酬 (nobody is paid by them).</p>"
    )
    return _section(f"{kind_words(kind)} {kind}", note, f'<div class="wide">{table(head, shown)}</div>')


def _pairs(copies: Rows) -> str:
    found = [
        [row["cluster"], row["one"], row["other"], row["shared"], row["deviations"], f"{row['llr']:.1f}"]
        for row in copies if row["cluster"]
    ]  # fmt: skip
    head = ["组 cluster", "一 one", "另一 other", "同错 shared", "偏离 deviations", "证据 evidence (nats)"]
    return _section("雷同的证据 Evidence of copying", table(head, found) if found else "<p>无 none</p>")


def _j(row: Mapping[str, Any]) -> str:
    if row["j_bp"] is None:
        return "–"
    j, low, high = (row[name] / FULL for name in ("j_bp", "j_low_bp", "j_high_bp"))
    cap = {"none": "", None: ""}.get(row["cap"], f" {row['cap']}")
    return f"{j:.2f} ({low:.2f} – {high:.2f}){cap}"


def _golds(kind: str, row: Mapping[str, Any]) -> str:
    golds = [one for one in row["gold_classes"] if one["seen"]]
    return "，".join(f"{class_words(kind, one['name'])} {one['right']}/{one['seen']}" for one in golds) or "–"


def _drift(row: Mapping[str, Any]) -> str:
    if row["drift"] is None:
        return "–"
    return f"{row['drift']:+.2f} ({row['drift_low']:+.2f} – {row['drift_high']:+.2f})"


def _exam(row: Mapping[str, Any]) -> str:
    until = "" if row["qualified_until"] is None else f" {row['qualified_until']:%Y-%m-%d}"
    words = {"valid": "有效", "expired": "过期", "revoked": "吊销", "failed": "未过", "none": "–"}
    return f"{words[row['qualification']]}{until}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
