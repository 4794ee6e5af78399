"""What a page asks by: each control writes its part of the page, and reads and writes its part of an answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias
from xml.sax.saxutils import quoteattr

Label: TypeAlias = dict[str, Any]
"""A read answer: control name -> a code, a list of codes, a text, or spans as [start, end, code]."""

MOST_NOTE_CHARS = 2000


class InvalidAnswerError(ValueError):
    """The answer is none: its message says why."""

    def __init__(self, said: str, *, chosen: str = "", choices: Sequence[str] = ()) -> None:
        """Take note of what was chosen and what might have been: whoever writes gold is told, a refusal is not."""
        super().__init__(said)
        self.chosen = chosen
        self.choices = tuple(choices)


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that can be chosen."""

    code: str
    """What is stored; never changes, unlike the words."""
    words: str
    """What people read."""
    meaning: str = ""
    """When to choose it, for the instructions."""
    key: str = ""
    """On the keyboard; empty lets Label Studio choose."""
    group: str = ""
    """Under which heading it stands."""


@dataclass(frozen=True, slots=True)
class When:
    """A control is asked only if another has one of these codes."""

    control: str
    codes: tuple[str, ...]

    def holds(self, label: Mapping[str, Any]) -> bool:
        """Say whether it is asked, given what stands before it."""
        return label.get(self.control) in self.codes


def _tags(tag: str, options: Sequence[Option]) -> str:
    return "".join(
        f"<{tag} value={quoteattr(option.words)} alias={quoteattr(option.code)}"
        + (f" hotkey={quoteattr(option.key)}" if option.key else "")
        + (f" hint={quoteattr(option.meaning)}" if option.meaning and tag == "Choice" else "")
        + "/>"
        for option in options
    )


@dataclass(frozen=True, slots=True)
class Control:
    """What all controls have."""

    name: str
    title: str
    options: tuple[Option, ...] = ()
    required: bool = True
    when: When | None = None

    kind: ClassVar[str] = ""
    """As Label Studio names it in an answer."""

    @property
    def codes(self) -> list[str]:
        """Return all codes."""
        return [option.code for option in self.options]

    def widget(self, _targets: Sequence[str]) -> str:
        """Return its XML without what is common to all."""
        raise NotImplementedError

    def page(self, targets: Sequence[str], other: Mapping[str, "Control"]) -> str:
        """Return its XML, hidden while it is not asked; `targets` are the texts of the page."""
        inner = f'<Header value={quoteattr(self.title)} size="5"/>{self.widget(targets)}'
        if self.when is None:
            return f"<View>{inner}</View>"
        words = {option.code: option.words for option in other[self.when.control].options}
        values = quoteattr(",".join(words[code] for code in self.when.codes))
        return (
            f'<View visibleWhen="choice-selected" whenTagName={quoteattr(self.when.control)}'
            f" whenChoiceValue={values}>{inner}</View>"
        )

    def read(self, items: Sequence[Mapping[str, Any]], text: str) -> Any:  # noqa: ANN401 - of many types
        """Return its part of the label from the answer's items of its name, of which there is one at least."""
        raise NotImplementedError

    def write(self, value: Any, target: str, text: str) -> list[dict[str, Any]]:  # noqa: ANN401
        """Return the items of an answer that say `value`: what `read` undoes."""
        raise NotImplementedError

    def grouped(self) -> list[tuple[str, tuple[Option, ...]]]:
        """Return the options under their headings, in their order."""
        headings = dict.fromkeys(option.group for option in self.options)
        return [(head, tuple(one for one in self.options if one.group == head)) for head in headings]

    def _option_tags(self, tag: str) -> str:
        return "".join(
            f'<View className="qy-group"><Header value={quoteattr(head)} size="6"/>{_tags(tag, options)}</View>'
            if head else _tags(tag, options)
            for head, options in self.grouped()
        )  # fmt: skip

    def _known(self, codes: object) -> list[str]:
        """Check what was chosen; the answer says words where Label Studio overlooked the alias."""
        if not isinstance(codes, list) or not codes or not all(isinstance(code, str) for code in codes):
            raise InvalidAnswerError(f"{self.name}: {codes!r} is no choice")
        by_words = {option.words: option.code for option in self.options}
        chosen = [by_words.get(code, str(code)) for code in codes]
        for code in chosen:
            if code not in self.codes:
                raise InvalidAnswerError(f"{self.name}: unknown choice {code!r}", chosen=code, choices=self.codes)
        if len(set(chosen)) < len(chosen):
            raise InvalidAnswerError(f"{self.name}: the same choice twice")
        return chosen

    def _only(self, items: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        if len(items) != 1:
            raise InvalidAnswerError(f"{self.name}: answered {len(items)} times")
        value = items[0].get("value")
        if not isinstance(value, dict):
            raise InvalidAnswerError(f"{self.name}: no value")
        return value

    def _item(self, target: str, value: dict[str, Any]) -> dict[str, Any]:
        return {"from_name": self.name, "to_name": target, "type": self.kind, "value": value}


@dataclass(frozen=True, slots=True)
class One(Control):
    """Exactly one of the options."""

    kind: ClassVar[str] = "choices"

    def widget(self, targets: Sequence[str]) -> str:
        """Write radio buttons."""
        required = ' required="true" requiredMessage=' + quoteattr(f"请选择：{self.title}") if self.required else ""
        return (
            f'<Choices name={quoteattr(self.name)} toName={quoteattr(targets[0])} choice="single-radio"'
            f' showInline="true"{required}>{self._option_tags("Choice")}</Choices>'
        )

    def read(self, items: Sequence[Mapping[str, Any]], text: str) -> str:  # noqa: ARG002 - as all controls
        """Return the code."""
        codes = self._known(self._only(items).get("choices"))
        if len(codes) != 1:
            raise InvalidAnswerError(f"{self.name}: {len(codes)} choices instead of one")
        return codes[0]

    def write(self, value: str, target: str, text: str) -> list[dict[str, Any]]:  # noqa: ARG002
        """Say the code."""
        return [self._item(target, {"choices": [value]})]


@dataclass(frozen=True, slots=True)
class Some(Control):
    """Any of the options, at least one where it is required."""

    kind: ClassVar[str] = "choices"

    def widget(self, targets: Sequence[str]) -> str:
        """Write check boxes."""
        required = (
            ' required="true" requiredMessage=' + quoteattr(f"请至少选择一项：{self.title}") if self.required else ""
        )
        return (
            f'<Choices name={quoteattr(self.name)} toName={quoteattr(targets[0])} choice="multiple"'
            f' showInline="true"{required}>{self._option_tags("Choice")}</Choices>'
        )

    def read(self, items: Sequence[Mapping[str, Any]], text: str) -> list[str]:  # noqa: ARG002
        """Return the codes, in the order of the options."""
        chosen = set(self._known(self._only(items).get("choices")))
        return [code for code in self.codes if code in chosen]

    def write(self, value: list[str], target: str, text: str) -> list[dict[str, Any]]:  # noqa: ARG002
        """Say the codes."""
        return [self._item(target, {"choices": list(value)})] if value else []


@dataclass(frozen=True, slots=True)
class Spans(Control):
    """Places in the text, each with one of the options; they count code points, as Python does."""

    kind: ClassVar[str] = "labels"

    def widget(self, targets: Sequence[str]) -> str:
        """Write labels to mark text with."""
        return (
            f"<Labels name={quoteattr(self.name)} toName={quoteattr(targets[0])}"
            f' showInline="true">{self._option_tags("Label")}</Labels>'
        )

    def read(self, items: Sequence[Mapping[str, Any]], text: str) -> list[list[Any]]:
        """Return [start, end, code] in the order of the text, the same place and code once."""
        spans = set()
        for item in items:
            value = item.get("value")
            if not isinstance(value, dict):
                raise InvalidAnswerError(f"{self.name}: no value")
            codes = self._known(value.get("labels"))
            start, end = value.get("start"), value.get("end")
            if not isinstance(start, int) or not isinstance(end, int) or not 0 <= start < end <= len(text):
                raise InvalidAnswerError(f"{self.name}: {start!r} to {end!r} is no place in a text of {len(text)}")
            if "text" in value and value["text"] != text[start:end]:
                raise InvalidAnswerError(f"{self.name}: the text at {start} to {end} is another")
            spans |= {(start, end, code) for code in codes}
        return [list(span) for span in sorted(spans)]

    def write(self, value: list[list[Any]], target: str, text: str) -> list[dict[str, Any]]:
        """Mark the places."""
        return [
            self._item(target, {"start": start, "end": end, "text": text[start:end], "labels": [code]})
            | {"id": f"{self.name}-{start}-{end}-{code}"}
            for start, end, code in value
        ]


@dataclass(frozen=True, slots=True)
class Note(Control):
    """A few words of one's own."""

    required: bool = field(default=False)
    kind: ClassVar[str] = "textarea"

    def widget(self, targets: Sequence[str]) -> str:
        """Write a box of two lines."""
        return (
            f'<TextArea name={quoteattr(self.name)} toName={quoteattr(targets[0])} rows="2" maxSubmissions="1"'
            f' editable="true" placeholder={quoteattr("选填，写完按 Shift+回车")}/>'
        )  # fmt: skip

    def read(self, items: Sequence[Mapping[str, Any]], text: str) -> str:  # noqa: ARG002
        """Return the words."""
        lines = self._only(items).get("text")
        lines = [lines] if isinstance(lines, str) else lines
        if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
            raise InvalidAnswerError(f"{self.name}: {lines!r} is no text")
        words = "\n".join(lines).strip()
        if len(words) > MOST_NOTE_CHARS:
            raise InvalidAnswerError(f"{self.name}: {len(words)} characters, more than {MOST_NOTE_CHARS}")
        return words

    def write(self, value: str, target: str, text: str) -> list[dict[str, Any]]:  # noqa: ARG002
        """Say the words."""
        return [self._item(target, {"text": [value]})] if value else []
