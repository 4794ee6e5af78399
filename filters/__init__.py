"""Floor 1: what a text is, and the policy. This is the catalogue: every filter that a recipe may name."""

from collections.abc import Callable, Mapping

from filters.classifier import TrainedQuality
from filters.contract import Filter
from filters.language import Language
from filters.length import Length
from filters.lines import Lines
from filters.repetition import Repetition
from filters.script import Script
from filters.words import SegmentedWords

CATALOGUE: Mapping[str, Callable[..., Filter]] = {
    "length": Length,
    "script": Script,
    "language": Language,
    "lines": Lines,
    "repetition": Repetition,
    "words": SegmentedWords,
    "quality": TrainedQuality,
}
