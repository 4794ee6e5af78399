"""What a row of the self-assessment can come to: met by files that are there, not met, or about something else."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

from pipeline.clauses import Clause
from pipeline.release.manifest import sha256_of


@dataclass(frozen=True, slots=True)
class Artefact:
    """A file of the release that shows something; only one that is there can be named."""

    path: str
    sha256: str

    @classmethod
    def of(cls, folder: Path, path: str) -> "Artefact":
        """Digest a file of a release.

        Raises:
            FileNotFoundError: it is not there.
        """
        return cls(path, sha256_of(folder / path))

    def __post_init__(self) -> None:
        if len(self.sha256) != 64 or not self.path:  # noqa: PLR2004 - hexadecimal digits of sha256
            raise ValueError(f"an artefact is a file with its sha256: {self.path!r}")


@dataclass(frozen=True, slots=True)
class Conforms:
    """符合: what the clause asks was seen, in these files."""

    reason: str
    evidence: tuple[Artefact, ...]
    declared: bool = False
    """By a person; no program saw it."""
    says: ClassVar[str] = "符合"

    def __post_init__(self) -> None:
        if not self.evidence:
            raise ValueError("符合 takes a file that shows it")


@dataclass(frozen=True, slots=True)
class Fails:
    """不符合: it was not met, or nothing was seen that shows it; what is to be done."""

    reason: str
    plan: str
    evidence: tuple[Artefact, ...] = ()
    says: ClassVar[str] = "不符合"

    def __post_init__(self) -> None:
        if not self.reason or not self.plan:
            raise ValueError("不符合 takes a reason and what is to be done")


class Unseen(Fails):
    """不符合 as long as nobody declares it met, with a file: no program can see it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """不适用: the clause is about something that this release is not."""

    reason: str
    evidence: tuple[Artefact, ...] = ()
    says: ClassVar[str] = "不适用"

    def __post_init__(self) -> None:
        if not self.reason:
            raise ValueError("不适用 takes a reason")


Result: TypeAlias = Conforms | Fails | NotApplicable


@dataclass(frozen=True, slots=True)
class Line:
    """One row."""

    id: str
    title: str
    clauses: tuple[Clause, ...]
    result: Result

    def as_json(self) -> dict[str, Any]:
        """Return it for machines."""
        return {
            "id": self.id, "title": self.title,
            "clauses": [one.as_json() | {"cited": one.cited} for one in self.clauses],
            "result": self.result.says, "reason": self.result.reason,
            "plan": self.result.plan if isinstance(self.result, Fails) else "",
            "declared": isinstance(self.result, Conforms) and self.result.declared,
            "evidence": [{"path": one.path, "sha256": one.sha256} for one in self.result.evidence],
        }  # fmt: skip
