"""Where a file is cut, before it is known under which name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cut:
    """One part of a file: the fields of a Slice that are found by reading it."""

    start: int
    end: int
    first_record: int
    bytes: int
    digest: str
    fault: str = ""
