"""The 31 risks of GB/T 45654-2025, appendix A: what safety rules, terms and labels name what they are about by."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

_DATA = tomllib.loads((files("filters") / "risks.toml").read_text("utf-8"))

STANDARD: str = _DATA["standard"]
VERIFIED: str = _DATA["verified"]
"""`secondary`: the names were read in sources that quote the standard, not in the standard itself."""


@dataclass(frozen=True, slots=True)
class Risk:
    """One of the 31."""

    id: str
    """Group and letter, as A1-f; Qingyuan's own, the standard prints none."""
    name: str
    """As the standard has it."""
    english: str

    @property
    def group(self) -> str:
        """Which of the five groups it belongs to: A1 to A5."""
        return self.id[:2]


GROUPS: Mapping[str, tuple[str, str]] = {group: (names[0], names[1]) for group, names in _DATA["groups"].items()}
"""By id: the name and an English one."""

RISKS: Mapping[str, Risk] = {key: Risk(key, *names) for key, names in _DATA["risks"].items()}
"""By id, in the standard's order."""
