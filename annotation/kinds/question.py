"""A question: its page and instructions, made of its controls, and what its answers mean."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from xml.sax.saxutils import quoteattr

from annotation.kinds.controls import Control, InvalidAnswerError, Label
from annotation.kinds.difference import show_difference

STYLE = """
.qy-text{font-size:17px;line-height:1.9;font-family:"Noto Sans CJK SC","Source Han Sans SC",
"Microsoft YaHei",sans-serif;max-height:52vh;overflow-y:auto;padding:12px 16px;
border:1px solid #d9d9d9;border-radius:6px;white-space:pre-wrap}
.qy-text *{font-size:17px!important;line-height:1.9!important}
.qy-group{display:flex;flex-wrap:wrap;align-items:center;gap:2px 8px;margin-top:2px}
.qy-group h4{font-size:13px!important;line-height:1.4!important;margin:0!important;width:6em;color:#555}
.qy-difference{max-height:18vh}
.qy-pair{display:grid;grid-template-columns:1fr 1fr;gap:16px}
[data-testid=bottombar-submit-button],[data-testid=bottombar-update-button],[data-testid=bottombar-skip-button],
[data-testid=textarea-add-button]{font-size:0!important}
[data-testid=bottombar-submit-button]::after{content:"提交  Ctrl+Enter";font-size:16px}
[data-testid=bottombar-update-button]::after{content:"更新  Ctrl+Enter";font-size:16px}
[data-testid=bottombar-skip-button]::after{content:"跳过";font-size:16px}
[data-testid=textarea-add-button]::after{content:"添加";font-size:14px}
"""
"""Label Studio has no Chinese: the words on its buttons are put there by style. Texts keep their lines."""

NO_PANEL = ".lsf-sidepanels__wrapper_align_right{display:none}.lsf-sidepanels{padding-right:0!important}"
"""The list of marked places, on the right, is in the way where nothing is marked."""

DIFFERENCE = "difference"
"""Field of a task's data, where two texts are compared: `show_difference` of them."""

GLOSSARY = (
    ("Submit", "提交", "Ctrl+Enter"),
    ("Update", "更新（改正已提交的答案）", "Ctrl+Enter"),
    ("Skip", "跳过（看不懂、打不开时用）", "Ctrl+Space"),
    ("Undo / Redo", "撤销 / 重做", "Ctrl+Z / Ctrl+Shift+Z"),
    ("Delete region", "删除所选片段", "Backspace"),
    ("Instructions", "查看本说明", ""),
    ("Settings", "设置", ""),
    ("Regions / Relations", "已标片段 / 关系", ""),
)
"""What still stands there in English, and the keys."""


@dataclass(frozen=True, slots=True)
class Page:
    """What Label Studio is told of a project."""

    config: str
    instruction: str


@dataclass(frozen=True, slots=True)
class Question:
    """One kind of question.

    Its classes are what consensus, agreement and estimates count; its labels say more than that.
    """

    title: str
    goal: str
    """What is asked and for what, for the instructions."""
    quality: str
    """What a good answer is."""
    controls: tuple[Control, ...]
    classes: tuple[str, ...]
    classify: Callable[[Mapping[str, Any]], str]
    bad_classes: frozenset[str]
    illegal_classes: frozenset[str]
    check: Callable[[Mapping[str, Any]], str | None] = lambda _: None
    """What else makes a label invalid, beyond its controls."""
    method: tuple[str, ...] = ()
    """How to go about it, in sentences."""
    texts: tuple[str, ...] = ("text",)
    """Fields of a task's data that are shown as texts; spans are in the first."""
    ordinal: bool = False
    """Whether the classes stand in an order that distance can be counted in."""
    masked: bool = True
    """Whether people see personal data masked."""
    marks_all: bool = False
    """Whether people mark every place there is, so that what they leave unmarked is none."""
    trains: str = ""
    """What `qingyuan train` can make of the answers: "quality", where 1 is good, or "harm", where 1 is bad."""

    def page(self, *, rule_version: str = "", show_source: bool = False) -> Page:
        """Return the page; `show_source` also shows the field `source`, which may bias and is hidden otherwise."""
        return Page(self._config(show_source=show_source), self._instruction(rule_version))

    @property
    def marks(self) -> bool:
        """Whether answers mark places in the text."""
        return any(control.kind == "labels" for control in self.controls)

    def spans(self, label: Mapping[str, Any]) -> list[tuple[int, int, str]]:
        """Return the places that a label marks."""
        names = [control.name for control in self.controls if control.kind == "labels"]
        return [(start, end, code) for name in names for start, end, code in label.get(name, ())]

    def category(self, label: Mapping[str, Any]) -> str:
        """Return the class of a label."""
        return self.classify(label)

    def illegal(self, category: str) -> bool:
        """Return whether a document of this class is unlawful, so that its whole batch is void."""
        return category in self.illegal_classes

    def bad(self, category: str) -> bool:
        """Return whether a document of this class should not be in a corpus as it is."""
        return category in self.bad_classes

    def read(self, result: object, text: str) -> Label:
        """Return the label that an answer says of `text`, the text that was shown.

        Raises:
            InvalidAnswerError: it says none; Label Studio accepts anything.
        """
        if not isinstance(result, list):
            raise InvalidAnswerError("the result is no list")
        items: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        known = {control.name: control for control in self.controls}
        for item in result:
            name = item.get("from_name") if isinstance(item, dict) else None
            if name not in known:
                raise InvalidAnswerError(f"unknown control {name!r}")
            if item.get("type") != known[name].kind or item.get("to_name") not in self.texts:
                raise InvalidAnswerError(f"{name}: {item.get('type')!r} of {item.get('to_name')!r}")
            items[name].append(item)
        label: Label = {}
        for control in self.controls:  # in their order: a condition asks what stands before it
            if control.when is not None and not control.when.holds(label):
                continue  # chosen, and then hidden by another choice: its owner cannot see it any more
            if items[control.name]:
                label[control.name] = control.read(items[control.name], text)
            elif control.required:
                raise InvalidAnswerError(f"{control.name}: not answered")
        if wrong := self.check(label):
            raise InvalidAnswerError(wrong)
        return label

    def write(self, label: Mapping[str, Any], text: str) -> list[dict[str, Any]]:
        """Return the result that says `label`, which `read` would make of it again."""
        return [
            item for control in self.controls if control.name in label
            for item in control.write(label[control.name], self.texts[0], text)
        ]  # fmt: skip

    def data(self, *shown: str) -> dict[str, str]:
        """Return what a task's data hold of a document: the texts that are shown."""
        fields = dict(zip(self.texts, shown, strict=True))
        return fields | ({DIFFERENCE: show_difference(*shown)} if len(shown) > 1 else {})

    def prediction(self, label: Mapping[str, Any], text: str, model_version: str) -> dict[str, Any]:
        """Return a pre-annotation, as `import_tasks` takes it."""
        return {"model_version": model_version, "result": self.write(label, text)}

    def _config(self, *, show_source: bool) -> str:
        known = {control.name: control for control in self.controls}
        texts = "".join(
            f'<View className="qy-text"><Text name={quoteattr(name)} value={quoteattr("$" + name)}'
            ' granularity="symbol" saveTextResult="yes"/></View>'
            for name in self.texts
        )
        if len(self.texts) > 1:
            texts = f'{_DIFFERENCE}<View className="qy-pair">{texts}</View>'
        source = '<Header value="来源：$source" size="5"/>' if show_source else ""
        # Spans are chosen before the text is marked, so their labels stand above it and the rest below.
        above = "".join(one.page(self.texts, known) for one in self.controls if one.kind == "labels")
        below = "".join(one.page(self.texts, known) for one in self.controls if one.kind != "labels")
        style = STYLE if self.marks else STYLE + NO_PANEL
        return f"<View><Style>{escape(style, quote=False)}</Style>{source}{above}{texts}{below}</View>"

    def _instruction(self, rule_version: str) -> str:
        parts = [
            f"<h3>{escape(self.title)}{escape('（规则版本 ' + rule_version + '）') if rule_version else ''}</h3>",
            f"<br/><h4><b>一、标注目标</b></h4><p>{escape(self.goal)}</p>",
            f"<br/><h4><b>二、数据格式</b></h4><p>{escape(self._format())}</p>",
            "<br/><h4><b>三、标注方法</b></h4>",
            _list(self.method),
        ]
        for control in self.controls:
            extra = "" if control.required else "（选填）"
            parts.append(f"<p><b>{escape(control.title)}</b>{extra}</p>")
            for heading, options in control.grouped():
                parts.append(f"<p><i>{escape(heading)}</i></p>" if heading else "")
                parts.append(_list([_describe(option.words, option.meaning, option.key) for option in options]))
        parts.append(f"<br/><h4><b>四、数据质量指标</b></h4><p>{escape(self.quality)}</p>")
        parts.append("<br/><h4><b>五、按钮与快捷键（中英对照）</b></h4>")
        parts.append(_list([f"{english}：{chinese}{f'，{key}' if key else ''}" for english, chinese, key in GLOSSARY]))
        return "".join(parts)

    def _format(self) -> str:
        what = (
            "每项一篇文本" if len(self.texts) == 1 else "每项是同一篇文本的两个清洗版本，上方列出不同之处（⏎ 表示换行）"
        )
        masked = (
            "；个人信息已用［身份证］［手机］等占位符遮盖"
            if self.masked
            else "；文本未遮盖个人信息，请勿抄录、截图或外传"
        )
        return f"{what}{masked}。片段位置按字符计。"


_DIFFERENCE = (
    f'<Header value="不同之处" size="5"/><View className="qy-text qy-difference"><Text name="{DIFFERENCE}"'
    f' value="${DIFFERENCE}"/></View>'
)


def _list(rows: Sequence[str]) -> str:
    # Label Studio's page shows no bullets and no margins: a line of its own with a dot reads the same anywhere.
    return "".join(f"<p>· {escape(row)}</p>" for row in rows)


def _describe(words: str, meaning: str, key: str) -> str:
    return words + (f"：{meaning}" if meaning else "") + (f"（按键 {key}）" if key else "")
