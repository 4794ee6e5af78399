"""The benign gate: a word list that flags texts known to be good is refused, and its worst terms are named."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import islice
from pathlib import Path

import pyarrow as pa

from filters.contract import Filter
from filters.lexicon import Lexicon, compile_library
from filters.term import Action
from filters.term_list import TermList, starter_list
from filters.texts import Texts
from pipeline.errors import GateError, RecipeError, ShardError
from pipeline.readers.reading import ReadOptions, guess_format, read
from pipeline.readers.records import Unread
from pipeline.readers.slicing import slice_file

MOST_DROP = 0.005
MOST_REVIEW = 0.05
"""Share of benign documents in which a list may find a drop or a review term: our numbers, no standard's."""
SHOWN = 10
_BATCH = 500
_WHOLE = 1 << 40
_SHIPPED = files("filters.lexicons") / "benign.txt"


@dataclass(frozen=True, slots=True)
class Benign:
    """What a list finds in benign documents, by direct channels."""

    list: str
    corpus: str
    documents: int
    flagged: dict[Action, int]
    """Documents with a term of the action."""
    worst: tuple[tuple[str, Action, int], ...]
    """Terms with their action and number of documents, most first."""

    def share(self, action: Action) -> float:
        """Share of the documents with a term of the action."""
        return self.flagged[action] / max(self.documents, 1)

    def refusal(self, most_drop: float = MOST_DROP, most_review: float = MOST_REVIEW) -> str | None:
        """Say why the gate refuses the list, None if it does not."""
        limits: tuple[tuple[Action, float], ...] = (("drop", most_drop), ("review", most_review))
        for action, most in limits:
            if self.share(action) > most:
                worst = [f"{term} ({number})" for term, kind, number in self.worst if kind == action]
                return (
                    f"the list {self.list} finds terms with the action {action} in {self.flagged[action]} of "
                    f"{self.documents} benign texts ({self.corpus}), {self.share(action):.2%}; at most {most:.2%} may "
                    f"be. The worst: {', '.join(worst[:SHOWN])}"
                )
        return None


def measure_benign(one: TermList, texts: Iterable[str], corpus: str) -> Benign:
    """Count the documents in which a list finds terms."""
    library = compile_library([one])
    documents, flagged, worst = 0, Counter[Action](), Counter[int]()
    source = iter(texts)
    while batch := list(islice(source, _BATCH)):
        hits = library.finder.find(Texts(pa.array(batch, pa.large_string())))
        documents += len(batch)
        direct = hits.channel == 0
        found = set(zip(hits.text[direct].tolist(), hits.term[direct].tolist(), strict=True))
        worst.update(term for _, term in found)
        flagged.update(action for _, action in {(text, library.finder.terms[term].action) for text, term in found})
    named = [(library.finder.terms[row].term, library.finder.terms[row].action, n) for row, n in worst.most_common()]
    actions: tuple[Action, ...] = ("drop", "review", "measure")
    return Benign(one.name, corpus, documents, {action: flagged[action] for action in actions}, tuple(named))


def shipped_texts() -> list[str]:
    """Return the benign texts that come with Qingyuan."""
    return [line for line in _SHIPPED.read_text("utf-8").splitlines() if not line.startswith("#")]


def read_texts(path: Path) -> Iterator[str]:
    """Read benign texts in any format that sources have; a plain text file is a text a line.

    Raises:
        RecipeError: the file cannot be read, or a record of it.
    """
    where = f"benign texts {path}"
    if not path.is_file():
        raise RecipeError(f"{where}: there is no such file")
    form = guess_format(path.name)[0]
    if form == "text":
        try:
            yield from (line for line in path.read_text("utf-8").splitlines() if line.strip())
        except UnicodeDecodeError as error:
            raise RecipeError(f"{where}: {error}") from error
        return
    options = ReadOptions()
    pieces = slice_file(
        source="benign", path=str(path.absolute()), file=path.name, format=form, target_bytes=_WHOLE,
        split_folder=path.parent, options=options,
    )  # fmt: skip
    try:
        for piece in pieces:
            for item in read(piece, options):
                if isinstance(item, Unread):
                    raise RecipeError(f"{where}, record {item.record + 1}: {item.error}")
                yield item.text
    except ShardError as error:
        raise RecipeError(f"{where}: {error}") from error


@lru_cache(maxsize=16)
def _refused(one: TermList) -> str | None:
    return measure_benign(one, shipped_texts(), "those that come with Qingyuan").refusal()


def pass_gate(made: Filter, where: str) -> None:
    """Refuse a filter whose lists flag the benign texts that come with Qingyuan, unless it says `ungated`.

    At every run, on a hundred texts: nothing has to be remembered between a check and a run, and a list that changed
    since is checked as it is now. A large corpus of one's own is for `qingyuan terms check`.

    Raises:
        GateError: a list flags too many of them.
    """
    if not isinstance(made, Lexicon) or made.ungated:
        return
    for one in made.library().lists:
        if one is not starter_list():
            refusal = _refused(one)
            if refusal is not None:
                raise GateError(
                    f"{where}: {refusal}. Change those terms, or say ungated = true to take the list as it is"
                )
