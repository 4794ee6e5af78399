"""Posts of the forum as JSON, and the faults that files of such posts have."""

import json
from typing import Any

from document import Document, chance, moment


def post_of(document: Document, own: str | int) -> dict[str, Any]:
    """Return the fields of a post; the text comes neither first nor last."""
    rng = chance(f"post:{document.why}")
    number = rng.randint(1000, 9999)
    return {
        "id": own,
        "url": f"https://bbs.example.com/thread-{number}-1.html",
        "time": moment(document.why),
        "text": document.text,
        "source": rng.choice(["采集", "转存", "论坛备份"]),
        "board": document.genre,
        "replies": rng.randrange(200),
    }


def dump(post: dict[str, Any]) -> bytes:
    """Return a post as a line."""
    return json.dumps(post, ensure_ascii=False).encode()


FAULTS: dict[int, list[tuple[bytes, str, str]]] = {
    4: [('{"id": "f-0901", "text": "这一行写到一半就断'.encode(), "malformed_json", "a line cut off in the middle")],
    11: [(b"", "", ""), (b"   ", "", "")],
    19: [(b'{"id": "f-0902", "url": "https://bbs.example.com/thread-77-1.html"}', "missing_text", "no text field")],
    23: [
        (
            b'{"id": "f-0903", "text": "' + b"\xff\xfe\x80\xf8" * 60 + b'"}',
            "undecodable",
            "bytes that are text in no encoding",
        )
    ],
    31: [(b'["f-0904", "list"]', "not_an_object", "a list instead of an object")],
}
"""Bad lines of the forum's file, by the post they stand before: bytes, error and note; no error for blank lines."""

MARKS: dict[str, tuple[int, bytes, str]] = {
    "forum-14": (40, b"\\ud800", "with a lone surrogate escape, which the reader must replace"),
    "yue-05": (60, b"\\u0007\\u0008", "with two control characters, which the normaliser must remove"),
}
"""Marks put into posts of the forum's file: position in the text, JSON escape, note."""
