"""Which releases hold documents that were taken out, and which later one replaced each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from pipeline.request.demand import Demand, Ids
from pipeline.request.resemblance import Resembling
from pipeline.request.subject import entries
from pipeline.schema import INPUT_ID
from pipeline.store import read_batches, read_json
from pipeline.stream import blocks
from pipeline.veiled import Named, hidden, with_hidden

COLUMNS = ("id", "source", "url", "text", "meta")
_TYPES = pa.schema(
    [("id", pa.string()), ("source", pa.string()), ("url", pa.string()), ("text", pa.large_string()),
     ("meta", pa.map_(pa.string(), pa.string()))]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Held:
    """A row of a release."""

    source: str
    id: str
    file: str
    """Relative to the release."""
    row: int


def releases_of(workspace: Path) -> list[Path]:
    """Return the releases of a workspace; candidates are none."""
    folders = sorted((workspace / "releases").glob("*"))
    return [path for path in folders if not path.name.startswith(".") and (path / "manifest.json").exists()]


def data_files(release: Path) -> list[Path]:
    """Return the files of rows of a release."""
    return sorted(path for path in (release / "data").rglob("*") if path.is_file() and path.suffix != ".partial")


def rows_of_file(path: Path, *, texts: bool = True) -> Iterator[pa.Table]:
    """Yield the rows of a shard, Parquet or JSONL, compressed or not, with `COLUMNS`, or those that name it only."""
    if path.suffix == ".parquet":
        yield from read_batches(path, COLUMNS if texts else ("id", "source", "meta"))
        return
    left = b""
    for block in blocks(str(path)):
        *lines, left = (left + block).split(b"\n")
        yield _table(lines)
    yield _table([left])


def _table(lines: list[bytes]) -> pa.Table:
    rows = [orjson.loads(line) for line in lines if line]
    taken = [{**{name: row.get(name) for name in COLUMNS}, "meta": list((row.get("meta") or {}).items())}
             for row in rows]  # fmt: skip
    return pa.Table.from_pylist(taken, _TYPES)


def search_release(
    release: Path, documents: Named, demand: Demand | None = None, resembling: Resembling | None = None
) -> list[Held]:
    """Find rows of a release: of some documents, or that are meant, or that resemble what is taken out."""
    found = []
    by_text = resembling is not None or not (demand is None or isinstance(demand, Ids))
    for path in data_files(release):
        begin = 0
        for table in rows_of_file(path, texts=by_text):
            pairs = [(one["source"], id_in_run(one)) for one in table.select(["source", "id", "meta"]).to_pylist()]
            hits = np.fromiter((pair in documents for pair in pairs), np.bool_, len(pairs))
            if isinstance(demand, Ids):
                hits |= np.fromiter((pair in demand.documents for pair in pairs), np.bool_, len(pairs))
            elif demand is not None and pairs:
                hits |= demand.in_documents(table)
            if resembling is not None and pairs:
                hits |= resembling.in_texts(table["text"])
            name = path.relative_to(release).as_posix()
            found += [Held(*pairs[row], name, begin + row) for row in np.flatnonzero(hits).tolist()]
            begin += len(pairs)
    return found


def id_in_run(row: dict[str, Any]) -> str:
    """Return the id that a row has in its run: a release renames one that another source has too."""
    renamed = [value for key, value in entries(row["meta"]) if key == INPUT_ID]
    if renamed and row["id"].endswith(f"/{row['source']}/{renamed[-1]}"):
        return str(renamed[-1])
    return str(row["id"])


def holding(
    workspace: Path, documents: Named, demand: Demand | None = None, resembling: Resembling | None = None
) -> dict[str, list[Held]]:
    """Find such rows in all releases of a workspace; by version, only those that hold any.

    An id that is an identifier is said as it stands in releases of today, whatever release holds it.
    """
    if isinstance(demand, Ids):
        documents |= demand.documents
    documents = with_hidden(workspace, documents)
    found = {path.name: search_release(path, documents, demand, resembling) for path in releases_of(workspace)}
    names = hidden(workspace, {(one.source, one.id) for rows in found.values() for one in rows})
    return {
        version: [Held(*names[one.source, one.id], one.file, one.row) for one in rows]
        for version, rows in found.items() if rows
    }  # fmt: skip


def account(workspace: Path, held: dict[str, list[Held]]) -> list[dict[str, Any]]:
    """Say of each release what it holds, and which later one replaced it: the first that covers it, without these."""
    manifests = {path.name: read_json(path / "manifest.json") or {} for path in releases_of(workspace)}
    return [
        {
            "release": version,
            "trial": bool(manifests.get(version, {}).get("trial")),
            "root": manifests.get(version, {}).get("root"),
            "rows": [{"source": one.source, "id": one.id, "file": one.file, "row": one.row} for one in rows],
            "replaced_by": _replacement(version, manifests, held),
        }
        for version, rows in sorted(held.items())
    ]


def _replacement(version: str, manifests: dict[str, dict[str, Any]], held: dict[str, list[Held]]) -> str | None:
    """Find the first release of the same kind that follows one, by any number of steps, covers it and holds nothing."""
    line = [version]
    for one in line:
        following = (name for name, m in manifests.items() if (m.get("previous") or {}).get("version") == one)
        line += [name for name in sorted(following) if name not in line]
    for name in line[1:]:
        same_kind = bool(manifests[name].get("trial")) == bool(manifests[version].get("trial"))
        if name not in held and same_kind and covers(manifests[name], manifests[version]):
            return name
    return None


def covers(later: Mapping[str, Any], earlier: Mapping[str, Any]) -> bool:
    """Say whether a release was asked for so that it takes all that another took, but for what had to leave.

    That is: of the same runs or more, or of all its sources; selected as widely or more so; in the same shares.
    """
    runs, sources = ([{one["name"] for one in m.get("runs", [])} for m in (later, earlier)],
                     [set(m.get("sources", {})) for m in (later, earlier)])  # fmt: skip
    barred = set((later.get("removed") or {}).get("barred_sources", []))
    if not (runs[1] <= runs[0] or sources[1] <= sources[0] | barred):
        return False
    wide, narrow = (m.get("selection") or {} for m in (later, earlier))
    return wide.get("mixture") == narrow.get("mixture") and _selects(
        wide.get("selection") or {}, narrow.get("selection") or {}
    )


def _selects(wide: Mapping[str, Any], narrow: Mapping[str, Any]) -> bool:
    for names in ("sources", "domains", "scripts"):  # an empty list takes all
        if wide.get(names) and not (narrow.get(names) and set(narrow[names]) <= set(wide[names])):
            return False
    bounds = [(one.get("quality_from"), one.get("quality_below")) for one in (wide, narrow)]
    (low, high), (least, most) = bounds
    return (low is None or (least is not None and low <= least)) and (
        high is None or (most is not None and most <= high)
    )
