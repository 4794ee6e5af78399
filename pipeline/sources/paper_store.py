"""Papers of sources, kept in the workspace under their digests: the same bytes once, closed to other users."""

from hashlib import sha256
from pathlib import Path

from pipeline.errors import RecipeError
from pipeline.store import write_bytes

FOLDER = "papers"
MOST_BYTES = 200_000_000
"""A paper is a document, not a data set."""


def paper_path(workspace: Path, digest: str) -> Path:
    """Return where the bytes of a digest lie."""
    return workspace / FOLDER / digest[:2] / digest


def keep_paper(workspace: Path, file: Path) -> str:
    """Copy a file into the workspace and return its sha256.

    Raises:
        RecipeError: it cannot be read, is empty, or is no paper by its size.
    """
    try:
        size = file.stat().st_size
        data = file.read_bytes() if size <= MOST_BYTES else b""
    except OSError as error:
        raise RecipeError(f"paper {file}: cannot be read: {error}") from error
    if not data:
        raise RecipeError(f"paper {file}: has {size:,} bytes; a paper is a document of 1 to {MOST_BYTES:,} bytes")
    digest = sha256(data).hexdigest()
    path = paper_path(workspace, digest)
    for folder in (workspace / FOLDER, path.parent):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    if not is_kept(workspace, digest):
        write_bytes(path, data)
        path.chmod(0o600)
    return digest


def is_kept(workspace: Path, digest: str) -> bool:
    """Return whether the bytes of a digest are there, unchanged."""
    try:
        return sha256(paper_path(workspace, digest).read_bytes()).hexdigest() == digest
    except OSError:
        return False
