"""The real documents that benchmarks and tests measure on: a folder of `<source>.jsonl.zst` (id, text, lang, …).

It lies beside the repository (`../shared/data/docs`) or where the
environment's QINGYUAN_DATA says; it is no part of it.
"""

import os
from functools import cache
from hashlib import sha256
from pathlib import Path

FOLDER = Path(os.environ.get("QINGYUAN_DATA", Path(__file__).resolve().parents[2] / "../shared/data")) / "docs"


def available():
    """Names of the sources; none where the data is not there."""
    return sorted(path.name.removesuffix(".jsonl.zst") for path in FOLDER.glob("*.jsonl.zst"))


@cache
def load(source):
    """All rows of a source."""
    import orjson
    import zstandard

    data = zstandard.ZstdDecompressor().stream_reader((FOLDER / f"{source}.jsonl.zst").read_bytes()).read()
    return [orjson.loads(line) for line in data.splitlines()]


def is_held_out(name):
    """Whether a document is reported on (half of them, by a hash of its id); bounds were looked for on the others."""
    return sha256(name.encode()).digest()[0] % 2 == 1
