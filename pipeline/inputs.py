"""Which files a source has, in order."""

import glob
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import RecipeError
from pipeline.stream import is_url, list_url


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file of a source."""

    path: str
    """Where it is: an absolute local path or an fsspec URL."""
    name: str
    """As users see it: relative to the source's root, with forward slashes."""
    bytes: int
    stamp: str
    """What changes when the file does: its time of modification, or the store's own tag."""


def list_inputs(source: str, path: str, beside: Path) -> list[InputFile]:
    """List the files of a source by name: one file, all files below a folder, or what a glob matches.

    Hidden files are left out, as are names that end in `.partial`.

    Args:
        source: name of the source, for the message.
        path: local (relative to `beside`), or an fsspec URL.
        beside: the recipe's folder.

    Raises:
        RecipeError: there is no such file, or none that is not hidden.
    """
    try:
        found = _list_url(path) if is_url(path) else _list_local(path, beside)
    except (ImportError, ValueError) as error:  # fsspec knows no such protocol, or its driver is not installed
        raise RecipeError(f'source "{source}": {path}: {error}') from error
    files = [file for file in found if not _hidden(file.name)]
    if not files:
        raise RecipeError(f'source "{source}": no files at {path} (relative paths start from the recipe: {beside})')
    return sorted(files, key=lambda file: file.name)


def _hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/")) or name.endswith(".partial")


def _list_local(path: str, beside: Path) -> list[InputFile]:
    full = (beside / path).absolute()
    if full.is_file():
        return [_local(full, full.parent)]
    if full.is_dir():
        return [_local(file, full) for file in full.rglob("*") if file.is_file()]
    # The root of a glob is its longest part without a wildcard.
    root = full
    while glob.has_magic(str(root)):
        root = root.parent
    matches = (Path(match) for match in glob.iglob(str(full), recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
    return [_local(file, root) for file in matches if file.is_file()]


def _local(file: Path, root: Path) -> InputFile:
    state = file.stat()
    return InputFile(str(file), file.relative_to(root).as_posix(), state.st_size, str(state.st_mtime_ns))


def _list_url(path: str) -> list[InputFile]:
    return [InputFile(url, name, size, stamp) for url, name, size, stamp in list_url(path)]
