"""What data sources have put into a run or a release: measured inputs, exact, in the ledger's form. No revenue.

Documents, characters, unique characters and shares of a release are counted, never valued: a ledger row of a source has
a unit other than fen, and nothing is ever paid on it here.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from annotation.incentive.dividend import share_out
from annotation.incentive.ledger import Entry, digest
from pipeline.errors import LedgerError, RecipeError
from pipeline.registry import MEASURED
from pipeline.runs import open_run
from pipeline.store import read_json, read_table

PARTY = "source:"
MILLION = 1_000_000
DUPLICATES = ("duplicate", "near_duplicate")


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a source has put into a run."""

    documents: int
    """Kept."""
    characters: int
    """Code points of the kept documents, as they stand in the corpus."""
    unique_characters: int
    """Of each kept document's characters this source's part: a text that several sources have brought is credited to
    all of them alike, whoever's copy was kept, and a source's own copies earn it nothing."""

    def amounts(self) -> dict[str, int]:
        """Return the amounts by unit."""
        return {
            "documents": self.documents, "characters": self.characters, "unique_characters": self.unique_characters
        }  # fmt: skip


def credit(
    kept: Mapping[str, tuple[str, int]], duplicates: Sequence[tuple[str, str]], sources: Sequence[str] = ()
) -> dict[str, Contribution]:
    """Credit sources with the documents that a run kept.

    Args:
        kept: id -> source and characters.
        duplicates: of documents that were dropped as duplicates, the id of the kept one that each duplicates, and the
            source of the dropped one. What duplicates a document of an earlier run is credited with nothing.
        sources: others that are to be listed, with 0.

    Returns:
        By source. Unique characters sum to characters exactly: a document's are shared out among its sources by
        largest remainder, a character that is left goes to the first by name.
    """
    others: dict[str, set[str]] = defaultdict(set)
    for of, source in duplicates:
        if of in kept and kept[of][0] != source:
            others[of].add(source)
    documents: dict[str, int] = dict.fromkeys(sources, 0)
    characters, unique = dict(documents), dict(documents)
    for name, (source, chars) in kept.items():
        documents[source] = documents.get(source, 0) + 1
        characters[source] = characters.get(source, 0) + chars
        for party, part in share_out(chars, dict.fromkeys({source, *others.get(name, ())}, 1)).items():
            unique[party] = unique.get(party, 0) + part
    return {
        source: Contribution(documents.get(source, 0), characters.get(source, 0), unique.get(source, 0))
        for source in sorted({*documents, *unique})
    }


def run_contributions(workspace: Path, name: str) -> dict[str, Contribution]:
    """Return what every source has put into a finished run.

    Raises:
        RecipeError: there is no such run.
        LedgerError: the run's corpus is not what its verdicts say.
    """
    run = open_run(name, workspace)
    kept: dict[str, tuple[str, int]] = {}
    duplicates: list[tuple[str, str]] = []
    for number in run.judged:
        corpus = read_table(run.folder.part("corpus", number), ["id", "source", "text"])
        lengths = pc.utf8_length(corpus["text"]).to_pylist()
        rows = zip(corpus["id"].to_pylist(), corpus["source"].to_pylist(), lengths, strict=True)
        kept.update({name: (source, chars) for name, source, chars in rows})
        verdicts = read_table(
            run.folder.part("verdicts", number), ["source", "verdict.reason", "dedup.of", "dedup.of_run"]
        )
        dropped = verdicts.filter(pc.and_(
            pc.is_in(verdicts["verdict.reason"], pa.array(DUPLICATES)), pc.is_null(verdicts["dedup.of_run"])
        ))  # fmt: skip
        duplicates += zip(dropped["dedup.of"].to_pylist(), dropped["source"].to_pylist(), strict=True)
    if len(kept) != run.summary["documents"]["kept"]:
        raise LedgerError(f'run "{run.name}": {len(kept)} documents in its corpus, '
                          f"{run.summary['documents']['kept']} kept by its verdicts")  # fmt: skip
    return credit(kept, [pair for pair in duplicates if pair[0] is not None], list(run.summary["sources"]))


def release_shares(manifest: Mapping[str, Any]) -> dict[str, int]:
    """Return each source's share of a release's characters, parts of a million; together exactly a million."""
    return share_out(MILLION, {name: int(one["characters"]) for name, one in manifest["sources"].items()})


def read_manifest(workspace: Path, version: str) -> dict[str, Any]:
    """Read the manifest of a release by its version.

    Raises:
        RecipeError: there is no such release.
    """
    path = workspace / "releases" / version / "manifest.json"
    manifest = read_json(path)
    if manifest is None or "sources" not in manifest:
        raise RecipeError(f'there is no release "{version}": {path} is no manifest')
    return manifest


def run_entries(run: str, period: str, found: Mapping[str, Contribution]) -> list[Entry]:
    """Return the ledger rows of a run's sources; a run that came out otherwise is entered anew beside the old."""
    facts = digest({source: one.amounts() for source, one in found.items()})
    why = {"run": run, "sources": len(found), "note": "measured input; no revenue share"}
    return [
        Entry("", period, f"{PARTY}{source}", MEASURED, amount, f"run:{run}/{unit}/{facts[:16]}", why, unit,
              inputs=facts)
        for source, one in sorted(found.items()) for unit, amount in one.amounts().items()
    ]  # fmt: skip


def release_entries(version: str, period: str, manifest: Mapping[str, Any]) -> list[Entry]:
    """Return the ledger rows of a release's sources."""
    shares, root = release_shares(manifest), str(manifest.get("root", ""))
    facts = digest([version, root, shares])
    why = {"release": version, "root": root, "note": "measured input; no revenue share"}
    return [
        Entry("", period, f"{PARTY}{source}", MEASURED, ppm, f"release:{version}/{facts[:16]}", why, "release_ppm",
              inputs=facts)
        for source, ppm in sorted(shares.items())
    ]  # fmt: skip
