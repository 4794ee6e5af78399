"""A term of a word list: what stands in a list's file, checked."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias, get_args

from filters.risks import RISKS

Channel: TypeAlias = Literal[
    "exact", "symbols", "repeats", "lookalikes", "pinyin", "initials", "homophones", "split"
]  # fmt: skip
"""A way in which a term may be spelt. The first four are direct: they find the term; the others only suggest it."""

DIRECT: tuple[Channel, ...] = ("exact", "symbols", "repeats", "lookalikes")
INDIRECT: tuple[Channel, ...] = ("pinyin", "initials", "homophones", "split")

Action: TypeAlias = Literal["drop", "review", "measure"]
ACTIONS: tuple[Action, ...] = get_args(Action)

Boundary: TypeAlias = Literal["word", "any"]
BOUNDARIES: tuple[Boundary, ...] = get_args(Boundary)

SEVEREST = 5


@dataclass(frozen=True, slots=True)
class Term:
    """One term with everything that decides where it is found and what that means."""

    term: str
    category: str
    """One of the 31 risks (A1-f), or an operator's own id in lower case (brand_safety)."""
    action: Action = "review"
    """drop: what a rule may drop a document for; review: for people; measure: only counted."""
    severity: int = 3
    """1 to 5: its weight in `lexicon.review_score`."""
    channels: tuple[Channel, ...] = DIRECT
    boundary: Boundary = "word"
    """word: not where a word of the dictionary reaches across an end (口交 in 路口交通); any: everywhere."""
    near: tuple[str, ...] = ()
    """One of these words must stand within 30 characters."""
    not_near: tuple[str, ...] = ()
    """None of these may."""
    exceptions: tuple[str, ...] = ()
    """Longer phrases in which the term is innocent: 三黄片 for 黄片."""
    source: str = ""
    reviewers: tuple[str, ...] = ()
    added: date | None = None
    expires: date | None = None
    """Counted as out of date by the coverage from then on; it is still looked for."""
    positives: tuple[str, ...] = ()
    """Texts in which it must be found."""
    hard_negatives: tuple[str, ...] = ()
    """Texts in which it must not be found by a direct channel."""

    @property
    def risk(self) -> bool:
        """Whether the category is one of the 31 risks."""
        return self.category in RISKS
