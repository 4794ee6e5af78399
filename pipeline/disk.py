"""A disk that is full or fails while something is written, said as what it is."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.errors import ServiceError
from pipeline.registry import SQLAlchemyError

FAILS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}
"""No space, no quota, a file larger than allowed, a device that fails, or one that became read-only."""
SQLITE_FAILS = (10, 13)
"""SQLite's primary codes for a disk that fails (IOERR) and one that is full."""

_WHAT = "the disk does not take what is written"


@contextmanager
def disk_failures(advice: str) -> Iterator[None]:
    """Say what failed and what to do.

    Args:
        advice: what is there now and what to do, as the end of a sentence.

    Raises:
        ServiceError: the disk is full or fails.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in FAILS:
            raise
        where = f"{error.filename}: " if error.filename else ""
        raise ServiceError(f"{_WHAT}: {where}{error.strerror or error}; {advice}") from error
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None)
        if getattr(cause, "sqlite_errorcode", 0) & 0xFF not in SQLITE_FAILS:
            raise
        raise ServiceError(f"{_WHAT}: the registry: {cause}; {advice}") from error
