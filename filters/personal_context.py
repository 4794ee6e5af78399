"""What the words before a place say about what stands there."""

import re
from dataclasses import dataclass

from filters.personal_lexicon import context_of_word, context_pattern

_CONTEXT_CHARS = 40
_PLACEHOLDER = re.compile(r"\[[^\[\]\n]{1,12}\]")
_IN_LETTERS = frozenset({"[姓名]", "[微信号]", "[邮箱]", "[住址]"})
_LONG = 16
"""Characters that a placeholder counts as: no identifier that it stands for was nearer to the words before it."""
_SPACE = re.compile(r"(?<![a-z]) | (?![a-z])| (?=id[^a-z])")
_SENTENCE_END = re.compile(r"[。;!?]")
_MANY_DIGITS = re.compile(r"\d{4}")
_FILLER = re.compile(r"[\s:,，、是为的号码了有一个第字\"“”'「」()\[\]#=<>*`|/-]+")


@dataclass(frozen=True, slots=True)
class Context:
    """The nearest word before a place that says what stands there."""

    name: str
    """A context of the data; empty if there is none near."""
    distance: int
    """Characters between, fillers such as 号码是 left out."""


_NOWHERE = Context("", 99)


def _standing_for(placeholder: re.Match[str]) -> str:
    """Return what keeps words as far from what follows as they were, so that a masked text masks nothing more."""
    return ("某" if placeholder[0] in _IN_LETTERS else "0") * _LONG


def context_at(folded: str, at: int) -> Context:
    """Find the nearest word of context before a place, in the same sentence."""
    before = folded[max(0, at - _CONTEXT_CHARS) : at]
    ends = list(_SENTENCE_END.finditer(before))
    if ends:
        before = before[ends[-1].end() :]
    line = before.rfind("\n")
    if line >= 0 and _FILLER.sub("", before[line:]):
        before = before[line:]  # a word on the line above counts only for what stands at the beginning of this one
    before = _SPACE.sub("", _PLACEHOLDER.sub(_standing_for, before))
    found = None
    for found in context_pattern().finditer(before):  # noqa: B007 - the last one is meant
        pass
    if found is None:
        return _NOWHERE
    name, between = context_of_word()[found[0]], before[found.end() :]
    if name == "other" and _MANY_DIGITS.search(between):
        return _NOWHERE
    return Context(name, len(_FILLER.sub("", between)))
