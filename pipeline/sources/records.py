"""Sources in the registry: entered, changed, barred, listed; each change in the audit."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.audit import UNTOLD
from pipeline.database import now, record
from pipeline.errors import RecipeError
from pipeline.registry import Authorisation, Paper, Session, Source, select
from pipeline.request.records import veiled
from pipeline.sources.demands import Checked, check_source
from pipeline.sources.paper_store import is_kept, keep_paper
from pipeline.sources.source_file import LISTS, BatchEntry, PaperEntry, SourceEntry, plain
from pipeline.toml import nearest


def find_source(opened: Session, name: str) -> Source:
    """Return a source by its name.

    Raises:
        RecipeError: there is none; the nearest right name is said.
    """
    source = opened.get(Source, name)
    if source is None:
        known = opened.scalars(select(Source.name)).all()
        hint = nearest(name, known) if known else "; `qingyuan source add` enters one"
        raise RecipeError(f'there is no source "{name}" in the registry{hint}')
    return source


def papers_of(opened: Session, name: str) -> Sequence[Paper]:
    """Return all papers of a source, in the order they were entered."""
    return opened.scalars(select(Paper).where(Paper.source == name).order_by(Paper.id)).all()


def batches_of(opened: Session, name: str) -> Sequence[Authorisation]:
    """Return all authorisations of a source's users."""
    return opened.scalars(select(Authorisation).where(Authorisation.source == name).order_by(Authorisation.id)).all()


def check_papers(opened: Session, workspace: Path, name: str, day: date) -> Checked:
    """Say what a source lacks on a day; its papers' bytes are looked at."""
    source = find_source(opened, name)
    return check_source(
        source, papers_of(opened, name), batches_of(opened, name), day, lambda digest: is_kept(workspace, digest)
    )


def entry_of(opened: Session, source: Source) -> SourceEntry:
    """Return a source as a file would say it."""
    said: dict[str, Any] = {
        name: getattr(source, name) for name in SourceEntry.model_fields if name not in {*LISTS, "kind", "barred"}
    }
    papers = tuple(
        PaperEntry(kind=one.kind, sha256=one.sha256, name=one.name, valid_from=one.valid_from,  # type: ignore[arg-type]
                   valid_until=one.valid_until, revoked=one.revoked)
        for one in papers_of(opened, source.name)
    )  # fmt: skip
    batches = tuple(
        BatchEntry(batch=one.batch, granted=one.granted, valid_until=one.valid_until, revoked=one.revoked,
                   use=one.use)  # type: ignore[arg-type]
        for one in batches_of(opened, source.name)
    )  # fmt: skip
    return SourceEntry(
        **{**said, "class": source.kind, "barred": source.barred_why, "papers": papers, "authorisations": batches}
    )


def list_sources(opened: Session) -> list[SourceEntry]:
    """Return all sources, by name."""
    return [entry_of(opened, source) for source in opened.scalars(select(Source).order_by(Source.name))]


def enter(opened: Session, workspace: Path, entry: SourceEntry, beside: Path) -> list[str]:
    """Enter a source, or change it to what an entry says, and return what changed.

    Papers and authorisations are added or revoked and never removed; a bar is never lifted.

    Args:
        opened: the transaction.
        workspace: where papers are kept.
        entry: what is said of the source, whole.
        beside: the folder that its files are relative to.

    Raises:
        RecipeError: a file cannot be read, or what is said does not fit together.
    """
    papers = [(one, _digest(workspace, one, beside, entry.name)) for one in entry.papers]
    fields = {name: getattr(entry, name) for name in SourceEntry.model_fields if name not in {*LISTS, "barred"}}
    fields["robots_sha256"] = _robots(entry, papers)
    _fits(entry)
    source = opened.get(Source, entry.name)
    changed = [] if source is None else [name for name in fields if getattr(source, name) != fields[name]]
    if source is None:
        source = Source(**fields, added_at=now())
        opened.add(source)
        opened.flush()
        changed = ["entered"]
    else:
        for name in changed:
            setattr(source, name, fields[name])
    if entry.barred is not None and source.barred_at is None:
        bar(opened, entry.name, entry.barred)
    changed += [f"paper {one.kind}" for one, digest in papers if _enter_paper(opened, entry.name, one, digest)]
    changed += [f"authorisation {one.batch}" for one in entry.authorisations if _enter_batch(opened, entry.name, one)]
    if changed:
        opened.flush()
        record(opened, "operator", "source entered", source=entry.name, changed=changed,
               entry={name: value for name, value in plain(entry).items() if name not in {*LISTS, *UNTOLD}},
               papers=sorted(digest for _, digest in papers))  # fmt: skip
    return changed


def bar(opened: Session, name: str, why: str) -> None:
    """Bar a source: it is not collected or run any more, and leaves the next release."""
    source = find_source(opened, name)
    why = veiled(why)
    source.barred_at, source.barred_why = now(), why
    record(opened, "operator", "source barred", source=name, why=why)
    opened.flush()


def lift(opened: Session, name: str, why: str) -> None:
    """Lift a bar that somebody has put on a source; what samples of it found stands."""
    source = find_source(opened, name)
    if source.barred_at is None:
        raise RecipeError(f'nobody has barred "{name}"; a bar that comes from its samples cannot be lifted by hand')
    source.barred_at, source.barred_why = None, None
    record(opened, "operator", "bar lifted", source=name, why=veiled(why))
    opened.flush()


def _digest(workspace: Path, paper: PaperEntry, beside: Path, source: str) -> str:
    if paper.file is not None:
        digest = keep_paper(workspace, beside / paper.file)
        if paper.sha256 not in {None, digest}:
            raise RecipeError(f"{source}, paper {paper.file}: its sha256 is {digest}, not {paper.sha256}")
        return digest
    if paper.sha256 is None:
        raise RecipeError(f"{source}: a paper of kind {paper.kind} needs a file, or the sha256 of one that is here")
    return paper.sha256


def _robots(entry: SourceEntry, papers: Sequence[tuple[PaperEntry, str]]) -> str | None:
    if entry.robots in {None, "absent"}:
        return None
    found = [digest for one, digest in papers if one.kind == "robots" and one.revoked is None]
    if not found:
        raise RecipeError(
            f'{entry.name}: robots = "{entry.robots}" needs the bytes that said so: --paper robots=robots.txt'
        )
    return found[-1]


def _fits(entry: SourceEntry) -> None:
    wrong = None
    if entry.personal != "none" and entry.personal_ground is None:
        wrong = "personal information needs a ground: personal_ground is consent, contract, made_public or another"
    if (entry.ip_review == "pending") != (entry.ip_reviewed is None):
        wrong = "ip_review and ip_reviewed go together: a review that is done has a date, a pending one has none"
    spans: list[tuple[str, date | None, date | None]] = [
        ("collected_to", entry.collected_from, entry.collected_to),
        ("authorised_until", entry.authorised_from, entry.authorised_until),
        *((f"papers {one.kind}", one.valid_from, one.valid_until) for one in entry.papers),
        *((f"authorisations {one.batch}", one.granted, one.valid_until) for one in entry.authorisations),
    ]
    for name, first, last in spans:
        if first is not None and last is not None and last < first:
            wrong = f"{name}: {last} is before {first}"
    if wrong is not None:
        raise RecipeError(f"{entry.name}: {wrong}")


def _enter_paper(opened: Session, source: str, entry: PaperEntry, digest: str) -> bool:
    there = opened.scalars(
        select(Paper).where(Paper.source == source, Paper.kind == entry.kind, Paper.sha256 == digest)
    ).first()
    name = entry.name or (digest[:16] if entry.file is None else Path(entry.file).name)
    if there is None:
        opened.add(Paper(
            source=source, kind=entry.kind, sha256=digest, name=name, valid_from=entry.valid_from,
            valid_until=entry.valid_until, revoked=entry.revoked, added_at=now(),
        ))  # fmt: skip
        return True
    before = (there.valid_from, there.valid_until, there.revoked)
    there.valid_from, there.valid_until = entry.valid_from, entry.valid_until
    there.revoked = _earlier(there.revoked, entry.revoked)
    return before != (there.valid_from, there.valid_until, there.revoked)


def _enter_batch(opened: Session, source: str, entry: BatchEntry) -> bool:
    there = opened.scalars(
        select(Authorisation).where(Authorisation.source == source, Authorisation.batch == entry.batch)
    ).first()
    if there is None:
        opened.add(Authorisation(source=source, **entry.model_dump()))
        return True
    before = (there.granted, there.valid_until, there.use, there.revoked)
    there.granted, there.valid_until, there.use = entry.granted, entry.valid_until, entry.use
    there.revoked = _earlier(there.revoked, entry.revoked)
    return before != (there.granted, there.valid_until, there.use, there.revoked)


def _earlier(one: date | None, other: date | None) -> date | None:
    """Return the earlier of two revocations: none can be taken back."""
    return min((day for day in (one, other) if day is not None), default=None)
