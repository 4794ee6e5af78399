"""A run and the index that its recipe names: what the run sees of it, and what it puts in when it is done."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.dedup_stages import TABLES
from pipeline.earlier import find_earlier, joint, texts_stand
from pipeline.errors import RecipeError
from pipeline.executor import Item
from pipeline.index import Index, at_index, open_index, removal_digest
from pipeline.indexing import due, merge, put_in
from pipeline.parts import Parts, WordParts
from pipeline.recipe import Recipe
from pipeline.signing import Signing
from pipeline.stage import Receipt, Stages
from pipeline.store import RunFolder, fingerprint, read_batches, withdraw

EARLIER_TABLES = ("earlier/documents", "earlier/signatures")


@dataclass
class RunIndex:
    """The index as one run uses it."""

    path: Path
    signing: Signing
    folder: RunFolder
    inputs: str = ""
    """Fingerprint of the run's deduplication but for the index."""
    seen: str = ""
    """Digest of what it sees of the index."""
    saw: tuple[str, ...] = ()
    """The runs whose documents it sees."""

    def find(self, stages: Stages, parts: Parts, inputs: str) -> tuple[Parts, str]:
        """Find the earlier documents that the run's are to be compared with.

        Returns:
            The parts to deduplicate; the fingerprint of the deduplication.
        """
        self.inputs = inputs
        self.seen, self.saw = self._look()
        wanted = fingerprint(inputs, self.seen)
        item = Item("earlier", find_earlier, (parts, self.path, self.signing, self.saw, wanted), max(1, parts.rows))
        found = stages.done("earlier", wanted, EARLIER_TABLES)
        again = found is not None and stages.done("dedup", _after(wanted, found), TABLES) is None
        # Comparing them again takes their texts, which others may have moved in the meantime.
        if found is not None and again and not texts_stand(found, self.path, self.signing):
            withdraw(self.folder.whole_receipt("earlier"))
        receipt = stages.whole("earlier", wanted, EARLIER_TABLES, lambda: item)
        return (joint(parts, self.path, self.signing) if receipt["documents"] else parts), _after(wanted, receipt)

    def _look(self) -> tuple[str, tuple[str, ...]]:
        compared = set()
        path = self.folder.path / "earlier.parquet"
        if path.exists():
            for batch in read_batches(path, ["source", "id"]):
                pairs = zip(batch["source"].to_pylist(), batch["id"].to_pylist(), strict=True)
                compared |= {removal_digest(*pair) for pair in pairs}
        return open_index(self.path, self.signing).seen(self.folder.path.name, self.inputs, compared)

    def put(self, stages: Stages, recipe: Recipe, receipts: Mapping[int, Mapping[str, Any]], memory: int) -> None:
        """Put the run's documents in, unless they are; then merge what has become too many segments."""
        index = open_index(self.path, self.signing)
        outputs = [[number, receipt["outputs"]] for number, receipt in sorted(receipts.items())]
        done = fingerprint(self.inputs, self.seen, outputs)
        commit = {"inputs": self.inputs, "seen": self.seen, "saw": self.saw, "print": done}
        stored = index.commits.get(self.folder.path.name)
        if stored is None or stored["print"] != done:
            self.folder.whole_receipt("index").unlink(missing_ok=True)  # of another index, or of one that was removed
        numbers = tuple(sorted(receipts))
        parts = Parts(self.folder, numbers)
        if self.signing.unit == "words":
            parts = WordParts(self.folder, numbers, recipe.dictionaries)
        arguments = (parts, self.path, self.signing, recipe.preference, commit, memory)
        stages.whole("index", done, (), lambda: Item("index", put_in, arguments, max(1, parts.rows)))
        if due(open_index(self.path, self.signing)):
            stages.progress.stage("merge", 1, "steps")
            # If it fails, the index is as it was: the next run tries again.
            list(stages.executor.run("merge", [Item("merge", merge, (self.path, self.signing, memory))]))


def _after(wanted: str, earlier: Receipt) -> str:
    """Return the fingerprint of a deduplication with the earlier documents that were found."""
    return fingerprint(wanted, earlier["outputs"])


def _check_preference(index: Index, recipe: Recipe) -> None:
    """Refuse an index that orders its documents in another way; a new one takes the recipe's."""
    ours = list(recipe.preference.keys)
    if index.prefer is not None and index.prefer != ours:
        raise RecipeError(
            f"the index {index.path} keeps documents by {index.prefer}, this recipe by {ours}: "
            "say the same in [dedup] prefer, or name another index"
        )


@contextmanager
def run_index(recipe: Recipe, workspace: Path, folder: RunFolder) -> Iterator[RunIndex | None]:
    """Hold the index that a recipe names, if it does.

    Raises:
        RecipeError: it compares by other settings, or another process is at it.
    """
    if recipe.dedup.index is None:
        yield None
        return
    path = workspace / "index" / recipe.dedup.index
    with at_index(path):
        _check_preference(open_index(path, recipe.signing), recipe)
        yield RunIndex(path, recipe.signing, folder)
