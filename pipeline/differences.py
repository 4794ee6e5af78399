"""Two texts side by side where they begin to differ: short excerpts with the differing spans marked."""

from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Any, TypeAlias

import pyarrow as pa

from pipeline.disposition import EVERYTHING
from pipeline.masking import Masker

EXCERPT_CHARS = 80
"""Characters of an excerpt: enough to see what kind of difference it is, and no more of anybody's text than that."""

CONTEXT_CHARS = 16
"""Of them before the first difference."""

Spans: TypeAlias = list[tuple[str, bool]]
"""Pieces of an excerpt in order, each with whether the other excerpt has something else there."""


def presentable(text: str) -> str:
    """Return a text as people who look at a run may see it, without personal data.

    All excerpts pass through here, before they are cut: an identifier at their end is found whole.
    """
    return str(Masker(EVERYTHING).strings(pa.array([text], pa.large_string()))[0].as_py())


def shared_start(one: str, other: str) -> int:
    """Count the characters that both texts begin with."""
    low, high = 0, min(len(one), len(other))
    while low < high:  # halving, since comparing slices is a thousand times as fast as comparing characters
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def compare(one: str, other: str) -> dict[str, Any]:
    """Cut both texts where they begin to differ, and mark what differs.

    Returns:
        start: where both excerpts begin, in characters of the texts shown; one, other: their `Spans`; same texts: the
        beginning, with nothing marked.
    """
    one, other = presentable(one), presentable(other)
    shared = shared_start(one, other)
    start = 0 if shared == len(one) == len(other) else max(0, shared - CONTEXT_CHARS)
    a_text, b_text = one[start : start + EXCERPT_CHARS], other[start : start + EXCERPT_CHARS]
    spans: tuple[Spans, Spans] = ([], [])
    for kind, a, a_end, b, b_end in SequenceMatcher(None, a_text, b_text, autojunk=False).get_opcodes():
        for side, text, begin, end in ((0, a_text, a, a_end), (1, b_text, b, b_end)):
            if begin < end:
                spans[side].append((text[begin:end], kind != "equal"))
    return {"start": start, "one": spans[0], "other": spans[1]}


def marked(spans: Spans, begin: str = "⟦", end: str = "⟧") -> str:
    """Return an excerpt on one line, with signs around what differs."""
    return "".join(f"{begin}{_line(text)}{end}" if differs else _line(text) for text, differs in spans)


def _line(text: str) -> str:
    return "".join(" " if char.isspace() else char for char in text if char.isspace() or char.isprintable())


def pair_of(kept: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Compare two documents, each with its id, source and text."""
    found = compare(kept["text"], other["text"])
    return {
        "kept": {"id": kept["id"], "source": kept["source"], "excerpt": found["one"]},
        "other": {"id": other["id"], "source": other["source"], "excerpt": found["other"]},
        "start": found["start"],
    }
