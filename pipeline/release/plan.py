"""What a release is asked to be, of which parts of which runs; and the candidate that gates are evaluated on."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version as version_of
from pathlib import Path

from filters.catalogue import CATALOGUE
from pipeline.errors import RecipeError
from pipeline.release.form import ReleaseFile
from pipeline.removed import removed_ids
from pipeline.runs import Run, open_run
from pipeline.salt import salt_of
from pipeline.store import digest_file, fingerprint, read_json
from pipeline.toml import nearest, parse, parse_values
from pipeline.veiled import Named

RELEASE_VERSION = "4"
"""Of the writing: a change to the bytes of a release from the same runs takes a new one."""

TRIAL = "trial"
SCRIPTS = ("Hans", "Hant", "Hani")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class SourceCount:
    """What a release holds of one source."""

    documents: int
    characters: int
    """Code points of the released texts, masked as they are."""


@dataclass(frozen=True)
class Candidate:
    """A release that is written, all but its evidence, and stands where nobody takes it for released."""

    version: str
    trial: bool
    data_root: str
    """Merkle root over the files of `data/`, hexadecimal."""
    documents_root: str
    """sha256 over the sorted digests of its documents (source, id, text), hexadecimal: what samples are drawn by, so
    that cutting the same documents into other files gives nobody another sample."""
    documents: int
    sources: Mapping[str, SourceCount]
    """By name; only those with documents in it."""
    runs: tuple[str, ...]
    """Names of the runs that it was made of, in the order they were given."""
    folder: Path
    """Where it stands: `<workspace>/releases/.candidates/<version>/`."""


@dataclass(frozen=True)
class Part:
    """One part of one run."""

    run: Run
    place: int
    """Of the run among those of the release."""
    number: int
    source: str
    corpus: str
    """Digest of its corpus, by its receipt."""

    def path(self, table: str) -> Path:
        """Return where a table of it lies."""
        return self.run.folder.part(table, self.number)


@dataclass(frozen=True)
class Plan:
    """A release as it is asked for, checked."""

    version: str
    trial: bool
    form: ReleaseFile
    runs: tuple[Run, ...]
    parts: tuple[Part, ...]
    """In the order of the release: by source, run, and part, so that neighbours are of one source and a new run moves
    nobody within his source."""
    removed: Named
    """Documents that were taken down."""
    barred: frozenset[str]
    """Sources of which nothing may be released."""
    tokenizer: str | None = None
    """Name of a tokenizer of the operator's, whose tokens are counted."""
    licences: Mapping[str, str] = field(default_factory=dict)
    """What the registry says each source is under: for documents of which neither they nor their recipe say it."""
    salt: bytes = field(default=b"", repr=False)
    """Of the workspace: by which ids that are identifiers are replaced."""

    def fingerprint(self) -> str:
        """Return a digest of all that the data depend on: no times, no paths."""
        parts = [[part.run.name, part.number, part.source, part.corpus] for part in self.parts]
        scans = [(read_json(part.run.folder.receipt("scan", part.number)) or {}).get("outputs") for part in self.parts]
        recipes = [digest_file(run.folder.path / "recipe.toml") for run in self.runs]
        out = sorted(self.removed), sorted(self.barred)
        libraries = [version_of(name) for name in ("pyarrow", "rjieba")]
        return fingerprint(
            RELEASE_VERSION, self.version, self.trial, self.form.model_dump(), parts, scans, recipes, out, libraries,
            self.tokenizer, sorted(self.licences.items()),
        )  # fmt: skip


def read_form(path: Path | None, subset: Sequence[str], mixture: Sequence[str], file_format: str | None) -> ReleaseFile:
    """Read a plan's file, and what the command line says beside it, which counts.

    Args:
        path: TOML file, or None.
        subset: `source=a,b`, `domain=law`, `script=Hans`, `quality=0.5..0.9`.
        mixture: `domain:law=0.5`, `source:crawl=0.2`.
        file_format: `parquet` or `jsonl`.

    Raises:
        RecipeError: something of it makes no sense.
    """
    where = "the release's options" if path is None else f"release plan {path}"
    try:
        form = parse(ReleaseFile, "" if path is None else path.read_text("utf-8"), where)
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{where}: cannot be read: {error}") from error
    said = form.model_dump()
    for one in subset:
        said["selection"] |= _subset(one)
    for one in mixture:
        kind, name, weight = _weight(one)
        said["mixture"][f"{kind}s"][name] = weight
    if file_format is not None:
        said["shards"]["format"] = file_format
    form = parse_values(ReleaseFile, said, "the release's options")
    low, high = form.selection.quality_from, form.selection.quality_below
    if low is not None and high is not None and low >= high:
        turned = f": say quality={high:g}..{low:g}" if low > high else ""
        raise RecipeError(
            f"the band of quality from {low:g} to below {high:g} is empty: no document lies in it{turned}"
        )
    return form


def _subset(said: str) -> dict[str, object]:
    key, _, value = said.partition("=")
    if key in {"source", "domain", "script"} and value:
        return {f"{key}s": tuple(name for name in map(str.strip, value.split(",")) if name)}
    band = re.fullmatch(r"(\d*\.?\d+)?\.\.(\d*\.?\d+)?", value)
    if key == "quality" and band:
        low, high = (None if bound is None else float(bound) for bound in band.groups())
        return {"quality_from": low, "quality_below": high}
    raise RecipeError(
        f"--subset {said}: say source=NAME,NAME or domain=… or script=Hans or quality=0.5..0.9 (from 0.5, below 0.9)"
    )


def _weight(said: str) -> tuple[str, str, float]:
    found = re.fullmatch(r"(domain|source):(.+)=(\d*\.?\d+)", said)
    if found is None:
        raise RecipeError(f"--mixture {said}: say domain:NAME=0.5 or source:NAME=0.5, with a share above 0 and up to 1")
    return found[1], found[2], float(found[3])


def make_plan(
    version: str,
    names: Sequence[str],
    workspace: Path,
    form: ReleaseFile,
    *,
    trial: bool,
    barred: Iterable[str] = (),
    tokenizer: str | None = None,
) -> Plan:
    """Check what is asked for, and find the parts it is made of.

    Raises:
        RecipeError: a run is not there, not done or incomplete, or something is selected that no run has.
    """
    check_version(version, trial=trial)
    runs = tuple(open_run(name, workspace) for name in names)
    called = [run.name for run in runs]
    twice = sorted({name for name in called if called.count(name) > 1})
    if twice:
        raise RecipeError(f"the run {twice[0]} is named twice")
    parts = tuple(part for place, run in enumerate(runs) for part in _parts(place, run))
    parts = tuple(sorted(parts, key=lambda part: (part.source, part.place, part.number)))
    removed, salt = removed_ids(workspace), salt_of(workspace)
    plan = Plan(version, trial, form, runs, parts, removed, frozenset(barred), tokenizer, salt=salt)
    _check_names(plan)
    return plan


def check_version(version: str, *, trial: bool) -> None:
    """Refuse what cannot be the name of a release.

    Raises:
        RecipeError: it leads elsewhere, or says of a trial that it is none.
    """
    if not _VERSION.fullmatch(version):
        raise RecipeError(f"{version!r} is no version: letters, digits, and . _ - inside, as 2026.11")
    if trial and TRIAL not in version:
        raise RecipeError(f"a trial says so in its version: {version}-{TRIAL}")
    if not trial and TRIAL in version.lower():
        raise RecipeError(f"the version {version} says that it is a trial; add --trial, or choose another")


def _parts(place: int, run: Run) -> Iterable[Part]:
    missing = sorted(set(run.parts.numbers) - set(run.judged))
    if run.summary["shards_failed"] or missing:
        failed = ", ".join(run.summary["shards_failed"])
        raise RecipeError(f"the run {run.name} is not whole ({failed} failed): run its recipe again first")
    for number in run.judged:
        scan, write = (read_json(run.folder.receipt(stage, number)) for stage in ("scan", "write"))
        if scan is None or write is None:
            raise RecipeError(f"the run {run.name} has lost receipts of part {number}: run its recipe again first")
        yield Part(run, place, number, scan["source"], write["outputs"]["corpus"])


def _check_names(plan: Plan) -> None:
    """Refuse names in a selection or a mixture that no document can have: a typing error would empty a release."""
    selection, mixture = plan.form.selection, plan.form.mixture
    sources = sorted({part.source for part in plan.parts})
    columns: Sequence[str] = CATALOGUE["domain"]().schema.names
    domains = [name.removeprefix("domain.").removesuffix("_score") for name in columns if name.endswith("_score")]
    for kind, known, said in (
        ("source", sources, (*selection.sources, *mixture.sources)),
        ("domain", [*domains, "other"], (*selection.domains, *mixture.domains)),
        ("script", SCRIPTS, selection.scripts),
    ):
        for name in said:
            if name not in known:
                raise RecipeError(f'no document can be of the {kind} "{name}"{nearest(name, known)}')
    asked = {
        "domain.top": selection.domains or mixture.domains,
        "script.hant_ratio": selection.scripts,
        "quality.score": selection.quality_from is not None or selection.quality_below is not None,
    }
    for run in plan.runs:
        has = {name for choice in run.filters() for name in choice.make().schema.names}
        for name in (name for name, wanted in asked.items() if wanted and name not in has):
            raise RecipeError(f"the run {run.name} did not measure {name}, by which the release is to choose")
