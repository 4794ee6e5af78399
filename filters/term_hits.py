"""Where terms stand in a batch of texts: what the search found, less what boundaries and neighbours rule out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters.characters import Kind
from filters.spelling import letters, skeletons, sounds
from filters.term import INDIRECT, Term
from filters.term_patterns import Patterns, compile_terms, folded
from filters.term_search import LEAST_CHARACTER, REPEATS, SYMBOLS, search
from filters.texts import Texts

NEIGHBOURHOOD = 30
"""Code points before and behind a hit in which the words of its context are looked for."""
CHINESE_WITHIN = 4
"""Code points within which pinyin and initials need a Han character: elsewhere they are another language's words."""
_AROUND = 12
"""Code points that are cut into words anew around a hit with signs in it."""
_HAN = 0x3400
_BY_SOUND = 1 + INDIRECT.index("homophones")
_MOST_CUT = 200
"""Disguised hits of a text, in order, whose surroundings are looked at; a text with more is beyond doubt."""
_MOST_EDGE = 63
"""Place in a term up to which its words are known."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Places of terms, ordered by text, start, end and term; each once."""

    text: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    """Code points of the text, [start, end)."""
    term: NDArray[np.int64]
    channel: NDArray[np.int64]
    """0 direct, else 1 + the place of the channel in `filters.term.INDIRECT`."""


class TermFinder:
    """Finds the terms of lists in texts."""

    def __init__(self, terms: Sequence[Term]) -> None:
        """Compile the terms; what is done once for each term is done here."""
        self.terms = tuple(terms)
        self._patterns = compile_terms(self.terms)
        self._bounded = np.array([term.boundary == "word" for term in terms], np.bool_)
        self._edges = _word_edges(self.terms)
        self._surrounded = np.array([bool(t.near or t.not_near or t.exceptions) for t in terms], np.bool_)
        self._context = {
            row: tuple(tuple(map(folded, words)) for words in (term.near, term.not_near, term.exceptions))
            for row, term in enumerate(terms)
            if self._surrounded[row]
        }

    def find(self, texts: Texts) -> Hits:
        """Find every term in every text."""
        by_character, by_sound = self._patterns
        found = [self._search(texts, by_character, skeletons()), self._search(texts, by_sound, sounds())]
        rows = np.concatenate(found)
        rows = rows[np.lexsort((rows[:, 5], rows[:, 3], rows[:, 2], rows[:, 1], rows[:, 0]))]
        rows = rows[self._in_chinese(texts, rows)]
        rows = rows[self._within_words(texts, rows)]
        rows = rows[self._by_context(texts, rows)]
        # The same place by several channels: the most direct one stands for all.
        fresh = np.ones(len(rows), np.bool_)
        fresh[1:] = np.any(rows[1:, :4] != rows[:-1, :4], axis=1)
        rows = rows[fresh]
        return Hits(rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3], rows[:, 5])

    def _search(self, texts: Texts, patterns: Patterns, table: NDArray[np.uint32]) -> NDArray[np.int64]:
        """int64[hits, 6]: text, start, end, term, bits, channel."""
        hits = search(texts.code_points, texts.offsets, table, letters(), patterns.index)
        pattern = hits[:, 3]
        return np.column_stack([hits[:, :3], patterns.term[pattern], hits[:, 4], patterns.channel[pattern]])

    def _in_chinese(self, texts: Texts, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether pinyin and initials have Han characters beside them; True for the other channels."""
        fit = np.ones(len(rows), np.bool_)
        for row in np.flatnonzero((rows[:, 5] == 1) | (rows[:, 5] == 2)).tolist():  # noqa: PLR2004 - pinyin, initials
            text, start, end = rows[row, :3].tolist()
            begin, behind = texts.offsets[text : text + 2].tolist()
            near = texts.kinds[max(begin, begin + start - CHINESE_WITHIN) : min(behind, begin + end + CHINESE_WITHIN)]
            fit[row] = bool(np.any(near == Kind.HAN))
        return fit

    def _within_words(self, texts: Texts, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether no word of the dictionary that reaches across an end of the hit cuts through a word of the term.

        口交 is ruled out in 路口交通; 专卖 may go on to 专卖店, but not what only sounds alike. True for terms whose
        boundary is `any`.
        """
        fit = np.ones(len(rows), np.bool_)
        bounded = np.flatnonzero(self._bounded[rows[:, 3]])
        if not len(bounded):
            return fit
        plain = (rows[:, 4] & (SYMBOLS | REPEATS) == 0) & np.isin(rows[:, 5], [0, _BY_SOUND])
        whole = bounded[plain[bounded]]
        begin = texts.offsets[rows[whole, 0]]
        ends = np.cumsum(texts.words.lengths)
        start = begin + rows[whole, 1]
        for side in (1, 2):
            place = begin + rows[whole, side]
            token = np.minimum(np.searchsorted(ends, place, side="right"), len(ends) - 1)
            first, behind = ends[token] - texts.words.lengths[token], ends[token]
            edge = (behind if side == 1 else first) - start
            for k in np.flatnonzero((first < place) & (place < behind)).tolist():
                if (rows[whole[k], 5] == _BY_SOUND or self._cuts(rows[whole[k], 3], edge[k])) and fit[whole[k]]:
                    fit[whole[k]] = not self._known(texts, texts.code_points[first[k] : behind[k]])
        disguised = bounded[~plain[bounded]]
        nth = np.arange(len(disguised)) - np.searchsorted(rows[disguised, 0], rows[disguised, 0])
        for row in disguised[nth < _MOST_CUT].tolist():
            fit[row] = self._within_squeezed(texts, rows[row])
        return fit

    def _cuts(self, term: int, edge: int) -> bool:
        """Whether a place inside a term, counted in its characters, is none between words of its own."""
        return 0 < edge < _MOST_EDGE and not int(self._edges[term]) >> int(edge) & 1

    def _known(self, texts: Texts, word: NDArray[np.uint32]) -> bool:
        return word[0] >= _HAN and texts.segmenter.knows(folded(word.tobytes().decode("utf-32-le")))

    def _within_squeezed(self, texts: Texts, row: NDArray[np.int64]) -> bool:
        """The same for a hit in disguise: cut into words is what surrounds it, without signs, and the term itself."""
        text, start, end, number = row[:4].tolist()
        begin, behind = texts.offsets[text : text + 2].tolist()
        low, high = max(begin, begin + start - _AROUND), min(behind, begin + end + _AROUND)
        before = _squeezed(texts.code_points[low : begin + start])
        term = _squeezed(np.frombuffer(self.terms[number].term.encode("utf-32-le"), np.uint32))
        line = np.concatenate([before, term, _squeezed(texts.code_points[begin + end : high])])
        words = texts.segmenter.cut(line, np.array([0, len(line)]))
        ends = np.cumsum(words.lengths)
        for edge, is_end in ((len(before), False), (len(before) + len(term), True)):
            token = int(np.searchsorted(ends, edge, side="right"))
            if token < len(ends):
                first, behind = int(ends[token] - words.lengths[token]), int(ends[token])
                inside = (first if is_end else behind) - len(before)
                if first < edge and self._cuts(number, inside) and self._known(texts, line[first:behind]):
                    return False
        return True

    def _by_context(self, texts: Texts, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether the words that a term needs, forbids or is innocent in stand around the hit accordingly."""
        fit = np.ones(len(rows), np.bool_)
        for row in np.flatnonzero(self._surrounded[rows[:, 3]]).tolist():
            text, start, end, term = rows[row, :4].tolist()
            begin, behind = texts.offsets[text : text + 2].tolist()
            low, high = max(begin, begin + start - NEIGHBOURHOOD), min(behind, begin + end + NEIGHBOURHOOD)
            around = folded(texts.code_points[low:high].tobytes().decode("utf-32-le"))
            near, not_near, exceptions = self._context[term]
            fit[row] = (
                (not near or any(word in around for word in near))
                and not any(word in around for word in not_near)
                and not _covered(around, begin + start - low, begin + end - low, exceptions)
            )
        return fit


def _squeezed(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Folded characters alone, without signs and white space."""
    return np.take(letters(), values[skeletons()[values] >= LEAST_CHARACTER])


def _word_edges(terms: Sequence[Term]) -> NDArray[np.uint64]:
    """uint64[terms]: a bit for every place between two words of the term itself."""
    cut = Texts(pa.array([folded(term.term) for term in terms], pa.large_string()))
    ends = np.cumsum(cut.words.lengths)
    text = np.repeat(np.arange(len(terms)), np.diff(cut.words.offsets))
    edges = np.zeros(len(terms), np.uint64)
    inside = np.minimum(ends - cut.offsets[text], _MOST_EDGE).astype(np.uint64)
    np.bitwise_or.at(edges, text, np.uint64(1) << inside)
    return edges


def _covered(around: str, start: int, end: int, phrases: Sequence[str]) -> bool:
    """Whether one of the phrases stands in `around` over all of [start, end)."""
    for phrase in phrases:
        at = around.find(phrase, max(0, end - len(phrase)))
        if 0 <= at <= start and at + len(phrase) >= end:
            return True
    return False
