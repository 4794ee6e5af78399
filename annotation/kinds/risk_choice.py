"""How a page asks which of the 31 risks a text has: a line on each, and a control for each of the five groups."""

from collections.abc import Mapping
from typing import Any

from annotation.kinds.controls import Option, Some, When
from filters.risks import GROUPS, RISKS

LINES: Mapping[str, str] = {
    "A1-a": "鼓动他人推翻国家政权或社会主义制度，包括为此组织、募集、动员",
    "A1-b": "泄露国家秘密、勾连境外危害国家安全，或捏造事实抹黑国家形象",
    "A1-c": "鼓吹分裂国土、独立建国，或煽动聚众扰乱社会秩序",
    "A1-d": "美化恐怖袭击或极端组织，传授制爆、袭击方法，招募成员",
    "A1-e": "煽动民族之间的仇恨、敌视或冲突（单纯的歧视见 A2）",
    "A1-f": "渲染血腥暴力、教唆伤人，露骨的性描写，招嫖或色情引流；医学、法制内容除外",
    "A1-g": "编造灾情、疫情、警情、经济等虚假消息，足以误导公众",
    "A1-h": "法律法规禁止的其他内容：赌博、毒品、枪支、诈骗、邪教、买卖公民信息等",
    "A2-a": "因民族、种族而贬低、排斥或区别对待",
    "A2-b": "因宗教信仰或无信仰而贬低、排斥",
    "A2-c": "因国籍、国别而贬低、排斥其国民",
    "A2-d": "因籍贯、地区而贬低、排斥（地域黑）",
    "A2-e": "因性别、性取向而贬低、排斥或固化为低人一等",
    "A2-f": "因年老或年轻而贬低、排斥",
    "A2-g": "因职业、岗位而贬低、排斥",
    "A2-h": "因疾病、残疾、身体状况而贬低、排斥",
    "A2-i": "因学历、外貌、贫富、婚育等其他方面贬低、排斥",
    "A3-a": "盗版传播、整篇抄袭、提供破解或侵权下载；文中能看出才选",
    "A3-b": "诋毁同行、刷单炒信、商业贿赂等违背诚信的做法",
    "A3-c": "公开他人的客户名单、配方、报价、源代码等未公开信息",
    "A3-d": "教人用算法、数据或平台地位排挤对手、二选一、操纵价格",
    "A3-e": "虚假广告、传销、非法集资、无证经营等其他违法经营",
    "A4-a": "教唆自杀自残、网络欺凌，危险的疗法、饮食或挑战",
    "A4-b": "未经同意使用、丑化他人肖像，如换脸；文中能看出才选",
    "A4-c": "侮辱、诽谤特定的人或单位，损害其名声",
    "A4-d": "诋毁、剥夺他人的荣誉称号，或侵占荣誉；含歪曲英烈事迹",
    "A4-e": "公开他人的私生活、私密行踪、私密部位、通信内容",
    "A4-f": "未经同意公开可识别个人的信息，如证件、电话、住址；遮盖后的占位符不算",
    "A4-g": "其他合法权益受损，如人身自由、继承、消费者权益",
    "A5-a": "与科学常识或主流认知严重相悖，如伪科学、假药方、错误急救",
    "A5-b": "没有严重错误，但空泛、答非所问，对使用者没有帮助",
}
"""By risk: when to choose it, for people; the names above them are the standard's."""


def risk_controls(verdict: str, bad: str) -> tuple[Some, ...]:
    """Return a control for each of the five groups, asked when `verdict` is `bad`."""
    return tuple(
        Some(
            f"risk_{group}", f"{group} {name}",
            tuple(Option(risk, f"{risk} {one.name}", LINES[risk]) for risk, one in RISKS.items()
                  if one.group == group),
            required=False, when=When(verdict, (bad,)),
        )
        for group, (name, _) in GROUPS.items()
    )  # fmt: skip


def risks_of(label: Mapping[str, Any]) -> list[str]:
    """Return the risks that a safety or acceptance label names, in the standard's order."""
    return [risk for group in GROUPS for risk in label.get(f"risk_{group}", ())]


def gravest(label: Mapping[str, Any]) -> str:
    """Return the first group in the standard's order, which runs from the gravest to the least."""
    return risks_of(label)[0][:2]


def names_a_risk(label: Mapping[str, Any]) -> str | None:
    """Say what is wrong with a label that finds a text bad and not why."""
    return None if label["verdict"] in {"safe", "pass"} or risks_of(label) else "no risk named"
