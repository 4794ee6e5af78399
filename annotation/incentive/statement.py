"""Why somebody got this amount, in Chinese sentences that say nothing which the ledger's row does not."""

from collections.abc import Mapping
from typing import Any

from annotation.incentive.charts import yuan
from annotation.incentive.tables import FULL
from annotation.kinds import QUESTIONS, Kind
from pipeline.errors import LedgerError

ROLE_WORDS = {"": "标注", "review": "审核", "adjudication": "复核"}
CHANGES = {
    "gold": "已有定论的题", "j_bp": "知情度", "items": "计酬题数", "value_fen": "计酬额",
    "credited_seconds": "计入工时", "copying": "雷同的复核结论",
}  # fmt: skip
"""What a correction names as changed; what only follows from it is not named."""
CLASS_WORDS = {"accept": "通过", "reject": "退回"}
TIER_WORDS = {0: "T0 试用", 1: "T1 正式", 2: "T2 熟练", 3: "T3 专家"}

Why = Mapping[str, Any]


def statement_sentences(why: Why) -> list[str]:
    """Return what a payment's row says, for the person who is paid.

    Every number is one of the row's, written as yuan (fen / 100), as a decimal (basis points / 10,000), as hours,
    minutes and seconds, or plain; what is computed from others is checked before it is said.

    Args:
        why: of a row of kind advance, settlement or correction.

    Raises:
        LedgerError: its numbers do not follow from one another; nobody should get such a statement.
    """
    check_row(why)
    return [*_correction(why), *_quality(why), *_work(why), *_amount(why)]


def check_row(why: Why) -> None:
    """Compute a row's amounts again from what they are made of.

    Raises:
        LedgerError: they come to something else.
    """
    variable = why["value_fen"] * why["m_bp"] // (FULL * _shared_by(why))
    payable = variable - why.get("held_fen", 0)
    entitled = max(payable, why["floor_fen"])
    paid = max(0, why["entitled_fen"] - why["paid_before_fen"])
    for name, said, found in (
        ("variable_fen", why["variable_fen"], variable),
        ("entitled_fen", why["entitled_fen"], entitled),
        ("paid_now_fen", why["paid_now_fen"], paid),
    ):
        if said != found:
            raise LedgerError(f"{name} of a ledger row is {said}, but what it is made of comes to {found}")


def _shared_by(why: Why) -> int:
    """Return by how many people pay is divided for the same mistakes; 1 where a person has looked and cleared them."""
    return 1 if why.get("copying") == "cleared" else int(why["copy_size"])


def kind_words(kind: str) -> str:
    """Return what people know a kind of round by, with the role."""
    name, _, role = kind.partition("/")
    title = QUESTIONS[Kind(name)].title if name in set(Kind) else name
    return f"{title}（{ROLE_WORDS.get(role, role)}）"


def class_words(kind: str, name: str) -> str:
    """Return what people know a class of answers by; its own name where the page has no other."""
    if name in CLASS_WORDS:
        return CLASS_WORDS[name]
    kind = kind.partition("/")[0]
    if kind not in set(Kind):
        return name
    options = (option for control in QUESTIONS[Kind(kind)].controls for option in control.options)
    return next((option.words for option in options if option.code == name), name)


def decimal(bp: int) -> str:
    """Return basis points as a decimal number with two to four places, exactly."""
    whole, rest = divmod(abs(bp), FULL)
    places = f"{rest:04d}"
    places = places[:2] + places[2:].rstrip("0")
    return f"{'-' if bp < 0 else ''}{whole}.{places}"


def duration(seconds: int) -> str:
    """Return seconds as hours, minutes and seconds, without those that are none."""
    parts = ((seconds // 3600, "小时"), (seconds % 3600 // 60, "分"), (seconds % 60, "秒"))
    return " ".join(f"{number:,} {unit}" for number, unit in parts if number) or "0 秒"


def _correction(why: Why) -> list[str]:
    if not why["corrected"]:
        return []
    before, changed = why["corrected"]["before"], why["corrected"]["changed"]
    reasons = "、".join(CHANGES[name] for name in changed if name in CHANGES) or "计算依据"
    quality = f"知情度 {decimal(before['j_bp'])}，系数 {decimal(before['m_bp'])}"
    work = f"计酬题 {before['items']:,} 题共 {yuan(before['value_fen'])} 元，应得 {yuan(before['entitled_fen'])} 元"
    return [f"更正：{reasons}有变。更正前{quality}，{work}；以下为更正后。"]


def _quality(why: Why) -> list[str]:
    kind = why["kind"]
    if why.get("flat"):
        return [f"系数依据：「{kind_words(kind)}」没有可以对照的答案，不测知情度，系数按规则固定。"]
    scale = "随意作答或一律选同一项约为零，全部正确为一"
    low = "，预付取其保守下限" if why.get("low") else ""
    said = [f"知情度：您在「{kind_words(kind)}」中{low}为 {decimal(why['j_bp'])}（{scale}）。"]
    golds = [(class_words(kind, name), seen, right) for name, seen, right in why["gold"] if seen]
    if golds:
        classes = "；".join(f"「{words}」{seen} 题，答对 {right} 题" for words, seen, right in golds)
        said.append(f"已有定论：{classes}。")
    else:
        said.append("已有定论：这样的题本期还没有答到。")
    if why["j_peer_bp"] is None:
        said.append("同伴旁证：本期没有别人答过同样的题，无从旁证。")
    else:
        said.append(f"同伴旁证：与其他人各自独立的回答相互印证，得 {decimal(why['j_peer_bp'])}。")
    cap = "" if why["cap_bp"] is None else decimal(why["cap_bp"])
    said.append({
        "none": "上限：没有触发。",
        "gold": f"上限：已有定论的题只支持到 {cap}，知情度以此为限。",
        "peer": f"上限：同伴旁证只支持到 {cap}，知情度以此为限。",
        "unanchored": f"上限：已有定论的题还不到两类，知情度暂以 {cap} 为限；以后答到的题会补上依据，差额补发。",
        "copies": "上限：您的答案与他人的答案错得相同，超出巧合，知情度只取可以确信的下限。",
    }[why["cap"]])  # fmt: skip
    return said


def _work(why: Why) -> list[str]:
    tier = TIER_WORDS.get(why["tier"], f"T{why['tier']}")
    by = f"按领域、篇幅、难度和等级（{tier}，单价乘 {decimal(why['tier_bp'])}）"
    said = [
        f"系数：{'' if why.get('flat') else '由知情度按计酬规则换算，'}为 {decimal(why['m_bp'])}。",
        f"计酬题：{why['items']:,} 题，{by}合计 {yuan(why['value_fen'])} 元。",
    ]
    product = f"{yuan(why['value_fen'])} 元 × {decimal(why['m_bp'])}"
    if _shared_by(why) > 1:
        said.append(
            f"计酬：{product} ÷ {why['copy_size']} = {yuan(why['variable_fen'])} 元（不足一分的舍去）。"
            "相除的原因：您的答案与他人的答案错得相同，超出巧合。"
        )
        said.append("复核：" + {"confirmed": "人工复核认定不是独立作答。"}.get(
            why.get("copying", ""), "由人复核，五个工作日内有结论；若属误判，全额补足。"
        ))  # fmt: skip
    else:
        said.append(f"计酬：{product} = {yuan(why['variable_fen'])} 元（不足一分的舍去）。")
    if why.get("held_fen", 0):
        said.append(f"暂缓：其中 {yuan(why['held_fen'])} 元等待人工复核，复核前不发，复核通过即补发。")
    return said


def _amount(why: Why) -> list[str]:
    payable = why["variable_fen"] - why.get("held_fen", 0)
    time = f"保底：计入工时 {duration(why['credited_seconds'])}，按保底标准为 {yuan(why['floor_fen'])} 元"
    if why["floor_fen"] > payable:
        said = [f"{time}，高于计酬，按保底发。"]
    else:
        said = [f"{time}，不高于计酬，不另补。" if why["floor_fen"] else f"{time}。"]
    said.append(
        f"合计：应得 {yuan(why['entitled_fen'])} 元，此前已发 {yuan(why['paid_before_fen'])} 元，"
        f"本次发 {yuan(why['paid_now_fen'])} 元。"
    )
    if why["paid_before_fen"] > why["entitled_fen"]:
        said.append("此前发的多于应得，不追回。")
    if why["appeal_until"]:
        said.append(f"申诉：对本单有异议，可在 {why['appeal_until']} 之前提出，不收费，也不会因此少发。")
    said.append(f"规则：{why['policy']}。")
    return said
