"""Floor 1: what a text is, and the policy. This is the catalogue: every filter that a recipe may name."""

from collections.abc import Callable, Mapping

from filters.contract import Filter
from filters.debris import Debris
from filters.language import Language
from filters.length import Length
from filters.lines import Lines
from filters.phrases import Phrases
from filters.punctuation import Punctuation
from filters.repetition import Repetition
from filters.script import Script
from filters.symbols import Symbols
from filters.vocabulary import Vocabulary
from filters.words import SegmentedWords

CATALOGUE: Mapping[str, Callable[..., Filter]] = {
    "length": Length,
    "script": Script,
    "language": Language,
    "lines": Lines,
    "punctuation": Punctuation,
    "symbols": Symbols,
    "debris": Debris,
    "repetition": Repetition,
    "vocabulary": Vocabulary,
    "words": SegmentedWords,
    "phrases": Phrases,
}
