"""A round's question as people see it in each role, and as their answers are read back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from annotation.kinds import QUESTIONS, InvalidAnswerError, Kind, Question
from annotation.round_tables import read_texts
from pipeline.errors import RecipeError
from pipeline.registry import Round
from pipeline.request.void import is_blank
from pipeline.toml import nearest

SAFETY = frozenset({Kind.SAFETY})
"""Kinds of which a reviewer approves every single item (GB/T 45654-2025, 5.3)."""

REVIEWED = "标注员的答案"
"""What a reviewer sees the answer called that he is to approve."""

ROLES = {
    "annotator": "",
    "reviewer": "<p><b>审核：</b>页面上已填好标注员的答案。同意请直接提交；不同意请改正后提交。每条都要读原文。</p>",
    "adjudicator": "<p><b>复核：</b>此前各方意见不一，请独立判断；以您的答案为准。</p>",
}


def question_of(kind: str) -> Question:
    """Return the question of a kind.

    Raises:
        RecipeError: there is no such kind.
    """
    known = [str(one) for one in Kind]
    if kind not in known:
        raise RecipeError(f'there is no kind of round "{kind}"{nearest(kind, known)}')
    return QUESTIONS[Kind(kind)]


def review_of(kind: str, asked: str | None) -> str:
    """Return what is reviewed: of safety every item, whatever is asked; of the rest an audit of each batch."""
    if kind in SAFETY:
        return "every"
    return asked or "audit"


@dataclass(frozen=True, slots=True)
class RoundPage:
    """What Label Studio is told of a round."""

    question: Question
    rule_version: str
    suggestions: Mapping[str, Mapping[str, Any]]
    """Document -> the answer that filters suggest; empty where a round hides them."""
    suggested_by: str = ""
    """Which versions of which filters suggest them."""
    rights: Mapping[str, str] = field(default_factory=dict)
    """Document -> the text on its right, where two are compared."""

    def project(self, role: str) -> tuple[str, str, bool]:
        """Return labelling page, instructions, and whether answers are shown beforehand, in a role."""
        page = self.question.page(rule_version=self.rule_version)
        shows = role == "reviewer" or (role == "annotator" and bool(self.suggestions))
        return page.config, ROLES[role] + page.instruction, shows

    def task(self, document: str, text: str, key: str, role: str, shown: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return a task: what is read and a key that says nothing; for a reviewer the answer in question."""
        texts = (text, self.rights[document]) if document in self.rights else (text,)
        task: dict[str, Any] = {"data": {**self.question.data(*texts), "key": key}}
        if role == "reviewer" and shown is not None:
            task["predictions"] = [self.question.prediction(shown, text, REVIEWED)]
        elif role == "annotator" and document in self.suggestions:
            task["predictions"] = [self.question.prediction(self.suggestions[document], text, self._version)]
        return task

    @property
    def _version(self) -> str:
        """Return what the page calls the suggestions: the filters, and a digest of their versions."""
        filters = "+".join(part.split(" ")[0] for part in self.suggested_by.split("; "))
        return f"{filters} {sha256(self.suggested_by.encode()).hexdigest()[:8]}"


def read_label(question: Question, value: object, text: str) -> dict[str, Any]:
    """Return the answer that a gold file gives: a whole one, or just what the first thing that must be chosen is.

    Raises:
        ValueError: it is no answer to the question.
    """
    if isinstance(value, Mapping):
        label = dict(value)
    else:
        first = next(control for control in question.controls if control.required and control.options)
        label = {first.name: str(value)}
    try:
        return question.read(question.write(label, text), text)
    except InvalidAnswerError as error:
        if not error.choices:
            raise
        hint = nearest(error.chosen, error.choices)
        listed = "" if hint.startswith("; known") else f"; known: {', '.join(error.choices)}"
        raise InvalidAnswerError(f"{error}{hint}{listed}") from error
    except (KeyError, TypeError) as error:
        raise InvalidAnswerError(f"{value!r} is no answer: {error!r}") from error


def bare(result: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the words that spans quote."""
    return [
        {**row, "value": {name: value for name, value in row["value"].items() if name != "text"}}
        if isinstance(row.get("value"), Mapping) and "start" in row["value"] else dict(row)
        for row in result
    ]  # fmt: skip


class Reader:
    """Reads answers; texts of a round are loaded when its first answer comes."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._texts: dict[str, dict[str, str]] = {}

    def __call__(
        self, round_: Round, document: str, result: Sequence[Mapping[str, Any]]
    ) -> tuple[dict[str, Any] | None, str | None]:
        """Return the answer, or why it is none."""
        if round_.name not in self._texts:
            self._texts[round_.name] = read_texts(self._workspace, round_.name)
        try:
            text = self._texts[round_.name][document]
            # Of a text that was taken out nobody can say any more whether its words are quoted rightly.
            said = bare(result) if is_blank(text) else list(result)
            return question_of(round_.kind).read(said, text), None
        except InvalidAnswerError as error:
            return None, f"invalid: {error}"
