"""Evidence of the operator's own: files for rows of the self-assessment that no program can see, and who declares what.

A file is kept by its digest and never changed. It shows nothing by itself: only where a named person has declared, in
the audit, that with it a clause is met, and the file is there and has not expired, does its row read 符合, as declared
by the operator. What a gate or a count has found not to be met stays not met.
"""

import shutil
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pipeline.database import now, record
from pipeline.errors import RecipeError
from pipeline.registry import Exhibit, Session, select
from pipeline.release.self_assessment import row_names
from pipeline.request.records import checked_by, veiled
from pipeline.sources.paper_store import is_kept, keep_paper, paper_path
from pipeline.store import write_json
from pipeline.toml import nearest

FOLDER = "evidence/operator"
LISTED = "evidence/operator.json"
NOBODY = "operator"
"""Who does what nobody is named for: he may attach a file, and declare nothing."""
_WORDS = 2000


def attach(
    opened: Session, workspace: Path, clause: str, file: Path, note: str, by: str, until: date | None
) -> Exhibit:
    """Keep a file as evidence for a row.

    Raises:
        RecipeError: there is no such row, no such file, or it stands there already.
    """
    _check_row(clause)
    if not note.strip():
        raise RecipeError("what does the file show? say --note")
    if until is not None and until < now().date():
        raise RecipeError(f"{file}: expired on {until}")
    digest = keep_paper(workspace, file)
    if any(one.sha256 == digest for one in standing(opened, clause)):
        raise RecipeError(f"{file} is there for {clause} already; `qingyuan evidence list` shows it")
    row = Exhibit(
        clause=clause, sha256=digest, name=veiled(file.name)[:255], note=veiled(note)[:_WORDS], valid_until=until,
        added_by=checked_by(by), added_at=now(),
    )  # fmt: skip
    opened.add(row)
    opened.flush()
    record(opened, row.added_by, "evidence.added", clause=clause, sha256=digest, note=row.note,
           until=None if until is None else str(until))  # fmt: skip
    return row


def declare(opened: Session, workspace: Path, clause: str, by: str, why: str) -> list[Exhibit]:
    """Have a named person say that with the files that stand for it now a clause is met.

    Raises:
        RecipeError: nobody is named, nothing is said, or no file is there that holds.
    """
    _check_row(clause)
    who = checked_by(by)
    if who == NOBODY:
        raise RecipeError("a declaration is a person's: say --by with the pseudonym that you know somebody by")
    if not why.strip():
        raise RecipeError("on what does the declaration rest? say --why")
    rows = [one for one in standing(opened, clause) if not faults(workspace, one, now().date())]
    if not rows:
        raise RecipeError(f"{clause}: there is no file that holds; first: qingyuan evidence add {clause} FILE --note …")
    for one in rows:
        one.declared_by, one.declared_at, one.declared_why = who, now(), veiled(why)[:_WORDS]
    opened.flush()
    digests = [one.sha256 for one in rows]
    record(opened, who, "evidence.declared", clause=clause, sha256=digests, why=rows[0].declared_why)
    return rows


def withdraw_exhibit(opened: Session, clause: str, digest: str, by: str, why: str) -> Exhibit:
    """Let a file stand for a row no more; what was released with it stays as it is.

    Raises:
        RecipeError: no one file of the row begins with these digits.
    """
    _check_row(clause)
    found = [one for one in standing(opened, clause) if digest and one.sha256.startswith(digest)]
    if len(found) != 1:
        raise RecipeError(f"{clause}: {len(found)} files whose sha256 begins with {digest!r}; say more of its digits")
    (row,) = found
    row.withdrawn_by, row.withdrawn_at = checked_by(by), now()
    opened.flush()
    record(opened, row.withdrawn_by, "evidence.withdrawn", clause=clause, sha256=row.sha256, why=veiled(why)[:_WORDS])
    return row


def _check_row(clause: str) -> None:
    known = row_names()
    if clause not in known:
        raise RecipeError(f'the self-assessment has no row "{clause}"{nearest(clause, known)}')


def standing(opened: Session, clause: str | None = None, at: datetime | None = None) -> list[Exhibit]:
    """Return the files that stand for a row or for any, now or at a time."""
    rows = opened.scalars(select(Exhibit).order_by(Exhibit.clause, Exhibit.id))
    return [
        one for one in rows
        if clause in (None, one.clause) and (at is None or one.added_at <= at)
        and (one.withdrawn_at is None or (at is not None and one.withdrawn_at > at))
    ]  # fmt: skip


def faults(workspace: Path, row: Exhibit, day: date) -> str:
    """Say why a file shows nothing: it has expired, or is not there as it was."""
    if row.valid_until is not None and row.valid_until < day:
        return f"已过期 expired on {row.valid_until}"
    return "" if is_kept(workspace, row.sha256) else "文件缺失 its bytes are not there any more"


def describe(row: Exhibit, fault: str = "") -> dict[str, Any]:
    """Return a file for machines."""
    return {
        "clause": row.clause, "sha256": row.sha256, "name": row.name, "note": row.note,
        "valid_until": None if row.valid_until is None else str(row.valid_until), "added_by": row.added_by,
        "added_at": row.added_at.isoformat(), "declared_by": row.declared_by,
        "declared_at": None if row.declared_at is None else row.declared_at.isoformat(),
        "declared_why": row.declared_why, "fault": fault,
    }  # fmt: skip


def lay_down(opened: Session, workspace: Path, folder: Path, at: datetime) -> dict[str, Sequence[dict[str, Any]]]:
    """Copy the files that stood at a time beside a release, with a list of them; return what is said of each."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in standing(opened, at=at):
        said = describe(row, faults(workspace, row, at.date()))
        if row.declared_at is not None and row.declared_at > at:
            said |= {"declared_by": None, "declared_at": None, "declared_why": None}
        if not said["fault"]:
            said["path"] = f"{FOLDER}/{row.clause}-{row.sha256[:16]}{_ending(row.name)}"
            (folder / FOLDER).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(paper_path(workspace, row.sha256), folder / said["path"])
        found.setdefault(row.clause, []).append(said)
    if found:
        write_json(folder / LISTED, {"files": [one for rows in found.values() for one in rows]})
    return dict(found)


def _ending(name: str) -> str:
    ending = Path(name).suffix.lower()
    return ending if ending[1:].isascii() and ending[1:].isalnum() else ""
