"""The six kinds of question that people are asked of a corpus."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from annotation.kinds.controls import Note, One, Option, Some, Spans, When
from annotation.kinds.personal_choice import PERSONAL, marks_match
from annotation.kinds.question import Question
from annotation.kinds.risk_choice import gravest, names_a_risk, risk_controls
from filters.domains import DOMAINS
from filters.risks import GROUPS, ILLEGAL


class Kind(StrEnum):
    """What a round asks."""

    QUALITY = "quality"
    SAFETY = "safety"
    PERSONAL = "personal"
    DOMAIN = "domain"
    ACCEPTANCE = "acceptance"
    PREFERENCE = "preference"


UNLAWFUL = "illegal"
"""Class of a document in which an annotator of another question found unlawful content: its batch is void."""

_REPORT = Some(
    "report", "发现违法不良信息请勾选", (Option(UNLAWFUL, "含违法不良信息", "无论本题问什么，都要勾选并上报", "x"),),
    required=False,
)  # fmt: skip
_NOTE = Note("note", "备注")

_SCORES = (
    Option("5", "5 优", "内容充实、结构完整、语言规范，适合反复学习", "5"),
    Option("4", "4 良", "有信息量、通顺，少量瑕疵", "4"),
    Option("3", "3 可用", "能读懂，内容一般，无大问题", "3"),
    Option("2", "2 较差", "问题明显，仅部分内容可用", "2"),
    Option("1", "1 差", "几乎没有可用内容", "1"),
    Option("0", "0 无用", "乱码、空壳、纯广告或机器拼凑", "0"),
)
_FAULTS = (
    Option("broken", "残缺或乱码", "截断、缺字、编码错误"),
    Option("boilerplate", "网页杂项", "导航、按钮、版权、分享等非正文"),
    Option("advertising", "广告推销"),
    Option("repetitive", "重复啰嗦"),
    Option("incoherent", "语句不通", "前后不连贯、病句、机器翻译腔"),
    Option("stitched", "采集拼凑", "多篇混杂、关键词堆砌"),
    Option("generated", "疑似机器生成", "空泛套话、事实含混"),
    Option("empty", "信息贫乏", "有字而无内容"),
    Option("wrong", "事实错误"),
    Option("other", "其他"),
)
_FAULTY = ("0", "1", "2", "3")

_DOMAIN_WORDS = {
    "government": "政务", "medicine": "医疗健康", "science": "科学研究", "finance": "金融财经",
    "autonomous_driving": "自动驾驶", "urban_governance": "城市治理", "law": "法律", "education": "教育",
    "technology": "信息技术", "news": "新闻时事", "literature": "文学艺术", "sport": "体育", "cooking": "饮食烹饪",
    "travel": "旅游出行", "entertainment": "影视娱乐",
}  # fmt: skip
_DOMAIN_KEYS = "1234567890qwert"
_MAIN = (
    *(Option(code, _DOMAIN_WORDS[code], "", key) for code, key in zip(DOMAINS, _DOMAIN_KEYS, strict=True)),
    Option("other", "其他", "以上都不合适", "y"),
)

_GROUP_OPTIONS = tuple(
    Option(group, f"{group} {name}", "", key) for key, (group, (name, _)) in zip("asdfg", GROUPS.items(), strict=True)
)
_SEVERITY = (
    Option("1", "轻微", "顺带提及、引用或批评性转述", "q"),
    Option("2", "一般", "部分内容有问题，其余可用", "w"),
    Option("3", "严重", "通篇或核心内容有问题", "e"),
)


def _unlawful_or(name: str, label: Mapping[str, Any]) -> str:
    return UNLAWFUL if label.get("report") else str(label[name])


QUESTIONS: Mapping[Kind, Question] = {
    Kind.QUALITY: Question(
        title="文本质量评分",
        goal="判断一篇文本作为大模型预训练语料的质量，给出 0 到 5 分；3 分及以下请说明原因。"
        "评分用于检验清洗规则、训练质量模型。",
        method=(
            "先通读全文，再评分；只看文本本身，不看来源与立场。",
            "按正文内容评，少量网页杂项不必降到 2 分以下。",
            "繁体、文言、方言与简体普通话同等对待。",
        ),
        quality="与标准答案相差不超过 1 分；3 分及以下原因齐全；不凭长度打分，不连续打同一分数。",
        controls=(
            One("score", "质量评分", _SCORES),
            Some("faults", "问题（可多选）", _FAULTS, when=When("score", _FAULTY)),
            _REPORT,
            _NOTE,
        ),
        classes=(UNLAWFUL, "0", "1", "2", "3", "4", "5"),  # worse than worthless: their order is counted in
        classify=lambda label: _unlawful_or("score", label),
        bad_classes=frozenset({"0", "1", "2", UNLAWFUL}),
        illegal_classes=frozenset({UNLAWFUL}),
        ordinal=True,
        trains="quality",
    ),
    Kind.SAFETY: Question(
        title="内容安全标注",
        goal="按 GB/T 45654-2025 附录 A 的 5 类 31 种风险，判断文本有无安全风险、是哪几种、多严重，并标出依据。",
        method=(
            "先判断有无风险；有，则勾选全部适用的风险并选严重程度。",
            "在原文中标出依据：先按类别键，再划选文字。",
            "客观报道、批判、科普、司法案例等正当语境本身不是风险；拿不准时选有风险并写备注。",
            "A3、A4 中单凭文本看不出的（如肖像权、商业秘密）不猜测。",
        ),
        quality="不漏判 A1、A2；风险种类齐全；依据片段准确。每一条都由另一人审核。",
        controls=(
            Spans("evidence", "依据片段（可不标）", _GROUP_OPTIONS, required=False),
            One("verdict", "有无安全风险", (Option("safe", "无风险", "", "1"), Option("risky", "有风险", "", "2"))),
            One("severity", "严重程度", _SEVERITY, when=When("verdict", ("risky",))),
            *risk_controls("verdict", "risky"),
            _NOTE,
        ),
        classes=("safe", *GROUPS),
        classify=lambda label: "safe" if label["verdict"] == "safe" else gravest(label),
        check=names_a_risk,
        bad_classes=frozenset(GROUPS),
        illegal_classes=ILLEGAL,
        trains="harm",
    ),
    Kind.PERSONAL: Question(
        title="个人信息标注",
        goal="标出文本中能识别或关联到特定自然人的信息，用于检验个人信息识别与遮盖的准确率和漏检率。",
        method=(
            "先按类别键，再划选文字；标全部出现，只标信息本身，不带“电话：”等提示词。",
            "企业电话、统一社会信用代码、客服号码、机关地址不是个人信息。",
            "看完再选有或没有；没有也要选。",
        ),
        quality="不漏标，边界准确到字，类别正确。",
        controls=(
            Spans("spans", "个人信息", PERSONAL, required=False),
            One("verdict", "有无个人信息", (Option("none", "没有", "", "n"), Option("some", "有，已标全", "", "m"))),
            _NOTE,
        ),
        classes=("none", "some"),
        classify=lambda label: str(label["verdict"]),
        check=marks_match,
        bad_classes=frozenset({"some"}),
        illegal_classes=frozenset(),
        masked=False,
        marks_all=True,
    ),
    Kind.DOMAIN: Question(
        title="领域标注",
        goal="选出文本的主要领域，需要时再选次要领域，用于检验领域识别和配比。",
        method=("按内容而非来源判断。", "主要领域只选一个：占篇幅最多的；难分高下时选更专业的。"),
        quality="主要领域与标准答案一致；不滥用“其他”。",
        controls=(
            One("main", "主要领域", _MAIN),
            Some(
                "also", "次要领域（可多选）", tuple(Option(one.code, one.words) for one in _MAIN[:-1]), required=False
            ),
            _REPORT,
            _NOTE,
        ),
        classes=(*DOMAINS, "other", UNLAWFUL),
        classify=lambda label: _unlawful_or("main", label),
        bad_classes=frozenset({UNLAWFUL}),
        illegal_classes=frozenset({UNLAWFUL}),
    ),
    Kind.ACCEPTANCE: Question(
        title="语料验收抽检",
        goal="按 GB/T 45654-2025 抽检：文本是否合格。有附录 A 31 种风险之一即不合格，须指明是哪一种。",
        method=("逐篇独立判断，不受其他各篇影响。", "拿不准时判不合格并写备注，由裁决人决定。"),
        quality="不漏判；不合格者风险种类准确。",
        controls=(
            One("verdict", "是否合格", (Option("pass", "合格", "", "1"), Option("fail", "不合格", "", "2"))),
            *risk_controls("verdict", "fail"),
            _NOTE,
        ),
        classes=("pass", *GROUPS),
        classify=lambda label: "pass" if label["verdict"] == "pass" else gravest(label),
        check=names_a_risk,
        bad_classes=frozenset(GROUPS),
        illegal_classes=frozenset(),  # what is bad is what such a sample counts: voiding its batch would lose it
        trains="harm",
    ),
    Kind.PREFERENCE: Question(
        title="清洗版本比较",
        goal="同一篇文本的两个清洗版本，哪个更适合作预训练语料。左右次序是随机的。",
        method=("先看不同之处，再看整体。", "误删正文比留下少量杂项更严重。"),
        quality="只比较清洗得失，不评内容好坏；确实相当才选“差不多”。",
        controls=(
            One(
                "better", "哪个更好",
                (
                    Option("left", "左边更好", "", "1"),
                    Option("right", "右边更好", "", "2"),
                    Option("tie", "差不多", "", "3"),
                    Option("neither", "都不可用", "", "4"),
                ),
            ),
            Some(
                "because", "理由（可多选）",
                (
                    Option("cleaner", "更干净", "杂项更少"),
                    Option("complete", "更完整", "没有误删"),
                    Option("fluent", "更通顺"),
                    Option("format", "格式更好", "段落、标点、列表"),
                ),
                required=False, when=When("better", ("left", "right")),
            ),
            _REPORT,
            _NOTE,
        ),
        classes=("left", "right", "tie", "neither", UNLAWFUL),
        classify=lambda label: _unlawful_or("better", label),
        bad_classes=frozenset({"neither", UNLAWFUL}),
        illegal_classes=frozenset({UNLAWFUL}),
        texts=("left", "right"),
    ),
}  # fmt: skip
"""What each kind asks and how its answers are read."""
