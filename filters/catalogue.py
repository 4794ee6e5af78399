"""The catalogue: every filter that a recipe may name."""

from collections.abc import Callable, Mapping

from filters.boilerplate import Boilerplate
from filters.classifier import TrainedQuality
from filters.contamination import Contamination
from filters.context import Context
from filters.contract import Filter
from filters.debris import Debris
from filters.domain import Domain
from filters.language import Language
from filters.length import Length
from filters.lexicon import Lexicon
from filters.lines import Lines
from filters.notices import Notices
from filters.personal import Personal
from filters.poison import Poison
from filters.punctuation import Punctuation
from filters.repetition import Repetition
from filters.safety import Safety
from filters.script import Script
from filters.symbols import Symbols
from filters.vocabulary import Vocabulary
from filters.word_grams import Phrases
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
    "boilerplate": Boilerplate,
    "words": SegmentedWords,
    "quality": TrainedQuality,
    "safety": Safety,
    "context": Context,
    "poison": Poison,
    "notices": Notices,
    "domain": Domain,
    "contamination": Contamination,
    "lexicon": Lexicon,
    "vocabulary": Vocabulary,
    "phrases": Phrases,
    "personal": Personal,
}

ON_DEMAND = frozenset({"phrases"})
"""Filters that a recipe which names none does not measure with, unless one of its rules reads what they measure: word
n-grams serve FineWeb2's bounds alone and cost as much as all layout measures together."""
