"""Kinds of round: each one labelling page, one instruction, one form of answer.

`QUESTIONS[Kind.QUALITY].page(...)` is what people see; `.read(result, text)` makes a label of what they sent, or says
why it is none; `.write(label, text)` is the way back, for pre-annotations and for what a reviewer is shown.
"""

from annotation.kinds.catalogue import QUESTIONS, Kind
from annotation.kinds.controls import InvalidAnswerError, Label
from annotation.kinds.question import Page, Question

__all__ = ["QUESTIONS", "InvalidAnswerError", "Kind", "Label", "Page", "Question"]
