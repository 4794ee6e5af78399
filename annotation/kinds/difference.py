"""What two versions of a text have each for themselves, in a few lines that people read before the texts."""

from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import takewhile

MOST_LINES = 400
"""Of either text, between what both begin and end with: finding differences takes time with their product."""
MOST_SHOWN = 30
AROUND = 12
"""Characters shown around what differs in a line."""


def show_difference(left: str, right: str) -> str:
    """Return what differs, side by side: `左：` what stands only on the left, `右：` only on the right.

    Lines are compared; of a line that both have in two forms only the place that differs is shown.
    """
    if list(filter(None, left.split("\n"))) == list(filter(None, right.split("\n"))):
        return "仅空行不同"
    mine, theirs = _middle(left.split("\n"), right.split("\n"))
    if max(len(mine), len(theirs)) > MOST_LINES:
        return f"差异较多：左边 {len(mine)} 行、右边 {len(theirs)} 行不同，请通读"
    shown = []
    for tag, a, b, c, d in SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        one, other = _narrow("⏎".join(mine[a:b]), "⏎".join(theirs[c:d])) if tag == "replace" else (
            "⏎".join(mine[a:b]), "⏎".join(theirs[c:d])
        )  # fmt: skip
        shown += [f"{side}：{words}" for side, words in (("左", one), ("右", other)) if words]
    more = [f"……另有 {len(shown) - MOST_SHOWN} 处"] if len(shown) > MOST_SHOWN else []
    return "\n".join(shown[:MOST_SHOWN] + more)


def _middle(mine: Sequence[str], theirs: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Leave out the lines that both begin with, and those that both end with."""
    front = _alike(mine, theirs)
    mine, theirs = mine[front:], theirs[front:]
    back = _alike(mine[::-1], theirs[::-1])
    return (mine[:-back], theirs[:-back]) if back else (mine, theirs)


def _narrow(one: str, other: str) -> tuple[str, str]:
    """Leave out what two lines begin and end with, but for a few characters."""
    front = max(0, _alike(one, other) - AROUND)
    rest = [one[front:], other[front:]]
    back = max(0, _alike(rest[0][::-1], rest[1][::-1]) - AROUND)
    before, behind = "…" if front else "", "…" if back else ""
    first, second = (before + line[: len(line) - back] + behind for line in rest)
    return first, second


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many lines or characters both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
