"""Packing documents into the files of the sources, and giving them the ids by which a run will know them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from container import gzipped, record_id, response, sheet, table, zstd
from document import Document, chance, moment
from page import TEMPLATES, Article, navigation
from post import FAULTS, MARKS, dump, post_of

GB_SHARE = 0.35
"""Part of the web pages in Simplified characters that say gb2312 and hold GB18030, as older sites do."""


@dataclass
class Packed:
    """Files by name below `sources/`, the documents in them, and the records nobody can read."""

    files: dict[str, bytes] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)
    unreadable: list[dict[str, Any]] = field(default_factory=list)

    def place(self, document: Document, file: str, record: int, own: str | None = None) -> None:
        """Note where a document lies; `own` is the id that it carries itself."""
        source, _, name = file.partition("/")
        document.source = source
        document.id = own or f"{source}:{name}#{record}"
        self.documents.append(document)

    def lose(self, file: str, record: int, error: str, why: str) -> None:
        """Note a record that must end in the quarantine."""
        source, _, name = file.partition("/")
        line = {"id": f"{source}:{name}#{record}", "source": source, "quarantined": True, "error": error, "why": why}
        self.unreadable.append(line)


def pack(documents: Sequence[Document]) -> Packed:
    """Pack all documents."""
    packed = Packed()
    for container, write in CONTAINERS.items():
        # A stable shuffle: copies do not always come after what they were copied from.
        own = [document for document in documents if document.container == container]
        own.sort(key=lambda document: chance(f"place:{document.origin}:{document.why}").random())
        write(packed, own)
    _spoil(packed)
    return packed


def _article(document: Document, number: int, charset: str) -> Article:
    return Article(document.title, document.text, moment(document.why)[:10], number, charset)


def _template(document: Document) -> Callable[[Article], str]:
    """Return the site of a document; a copy appears on another site."""
    if document.lect == "zh-Hant":
        return TEMPLATES[3]
    site = {"tech": 2, "ai": 2, "medicine": 1, "cooking": 1, "travel": 1}.get(document.genre, 0)
    return TEMPLATES[(site + document.why.startswith("copy")) % 3]


def _web(packed: Packed, documents: list[Document]) -> None:
    """One HTML page a file, in three encodings; and four pages without an article."""
    for number, document in enumerate(documents):
        charset = "utf-8"
        if document.encoding == "big5":
            charset = "big5"
        elif document.lect == "zh-Hans" and chance(f"charset:{document.why}").random() < GB_SHARE:
            charset = "gb2312"
        html = _template(document)(_article(document, number, charset))
        file = f"web/{number:04d}.html"
        packed.files[file] = html.encode("gb18030" if charset == "gb2312" else charset)
        packed.place(document, file, 0)
    for number in range(4):
        file = f"web/map/{number}.html"
        packed.files[file] = navigation(number).encode()
        why = "navigation only: link names without a sentence"
        packed.place(Document(f"nav-{number}", "nav", "zh-Hans", "web", "网站地图", "", why, "not_prose"), file, 0)


def _forum(packed: Packed, documents: list[Document]) -> None:
    """JSON lines with the faults that such files have."""
    file = "forum/forum.jsonl.zst"
    lines: list[bytes] = []
    for number, document in enumerate(documents):
        if number in FAULTS:
            for fault in FAULTS[number]:
                lines.append(fault[0])
                if fault[1]:
                    packed.lose(file, len(lines) - 1, fault[1], fault[2])
        own = f"f-{1000 + number}"
        post = post_of(document, own)
        if document.origin == "forum-13" and document.cluster is None:
            post["text"] = document.text.replace("\n", "\r\n")
        data = dump(post)
        if document.origin in MARKS and document.why.startswith("original"):
            at, mark, note = MARKS[document.origin]
            post["text"] = document.text[:at] + "\x1a" + document.text[at:]
            data = dump(post).replace(b"\\u001a", mark)
            document.why += f"; {note}"
        packed.place(document, file, len(lines), own)
        lines.append(data)
    _repeat_id(packed, lines, file)
    packed.files[file] = zstd(b"\n".join(lines) + b"\n")


def _repeat_id(packed: Packed, lines: list[bytes], file: str) -> None:
    """Give the last post the id of the first: a run must name the later one by its place."""
    last = packed.documents[-1]
    first = next(document for document in packed.documents if document.source == "forum")
    lines[-1] = lines[-1].replace(json.dumps(last.id).encode(), json.dumps(first.id).encode(), 1)
    packed.place(packed.documents.pop(), file, len(lines) - 1)
    last.why += f"; its own id is {first.id} too, which an earlier post has"


def _threads(packed: Packed, documents: list[Document]) -> None:
    file = "forum/threads.jsonl.gz"
    lines = [dump(post_of(document, 20001 + number)) for number, document in enumerate(documents)]
    for number, document in enumerate(documents):
        packed.place(document, file, number, str(20001 + number))
    packed.files[file] = gzipped(b"\n".join(lines) + b"\n")


def _parquet(file: str, prefix: str) -> Callable[[Packed, list[Document]], None]:
    def write(packed: Packed, documents: list[Document]) -> None:
        rows = []
        for number, document in enumerate(documents):
            own = f"{prefix}-{number:04d}"
            rows.append({"text": document.text, "title": document.title, "id": own})
            packed.place(document, file, number, own)
        packed.files[file] = table(rows)

    return write


def _gov(packed: Packed, documents: list[Document]) -> None:
    """One text a file, GB18030 unless said otherwise, without a line feed at the end."""
    for number, document in enumerate(documents):
        file = f"gov/{number + 1:03d}.txt"
        encoding = document.encoding or "gb18030"
        # "utf-16" alone would take the byte order of the machine.
        mark = b"\xff\xfe" if encoding == "utf-16" else b""
        packed.files[file] = mark + document.text.encode("utf-16-le" if mark else encoding)
        document.why += f"; in {encoding}"
        packed.place(document, file, 0)


def _bulletin(packed: Packed, documents: list[Document]) -> None:
    """All in one file, a blank line between two documents."""
    file = "bulletin/bulletin.txt"
    for number, document in enumerate(documents):
        packed.place(document, file, number)
    packed.files[file] = "\n\n".join(document.text for document in documents).encode()


def _weekly(packed: Packed, documents: list[Document]) -> None:
    file = "finance/weekly.csv"
    rows = []
    for number, document in enumerate(documents):
        own = f"w{number + 1:03d}"
        rows.append((own, document.title, moment(document.why)[:10], document.text))
        packed.place(document, file, number, own)
    packed.files[file] = sheet(("id", "title", "date", "text"), rows).encode("utf-8-sig")


def _notice(packed: Packed, documents: list[Document]) -> None:
    """GB18030 and no column of ids; records count from the first row after the header."""
    file = "finance/notice.csv"
    rows = [(document.title, document.text, document.genre) for document in documents]
    for number, document in enumerate(documents):
        packed.place(document, file, number)
    packed.files[file] = sheet(("title", "text", "kind"), rows).encode("gb18030")


def _archive(packed: Packed, documents: list[Document]) -> None:
    """Responses in a WARC file, and a copy of that file which ends in the middle of the last but one record.

    The copy's records have the ids of the first file's, so they are named by their place.
    """
    members = []
    for number, document in enumerate(documents):
        charset = "gb2312" if number % 3 == 2 else "utf-8"
        html = TEMPLATES[number % 3](_article(document, number, charset))
        page = html.encode("gb18030" if charset == "gb2312" else charset)
        url = f"https://edu.example.org/{document.origin}.html"
        members.append(response(url, moment(document.why), page))
        packed.place(document, "archive/pages.warc.gz", number, record_id(url))
    packed.files["archive/pages.warc.gz"] = b"".join(members)
    whole = members[:-2]
    for number, document in enumerate(documents[: len(whole)]):
        document.cluster = document.origin
        again = Document(
            document.origin, document.genre, document.lect, "archive", document.title, document.text,
            f"copy of {document.origin}: exact, in the truncated archive", cluster=document.origin,
        )  # fmt: skip
        packed.place(again, "archive/truncated.warc.gz", number)
    cut = members[-2]
    packed.files["archive/truncated.warc.gz"] = b"".join(whole) + cut[: len(cut) // 2]
    packed.lose("archive/truncated.warc.gz", len(whole), "truncated_archive", "the archive ends within this record")


def _mixed(packed: Packed, documents: list[Document]) -> None:
    """JSON lines of which every second one is in GB18030."""
    file = "broken/mixed.jsonl"
    lines = []
    for number, document in enumerate(documents):
        line = json.dumps(post_of(document, f"m-{number}"), ensure_ascii=False)
        lines.append(line.encode("gb18030" if number % 2 else "utf-8"))
        packed.place(document, file, number, f"m-{number}")
    packed.files[file] = b"\n".join(lines) + b"\n"


def _spoil(packed: Packed) -> None:
    """Add the files that hold next to nothing, or nothing readable."""
    texts = {
        "broken/empty.txt": ("", "an empty file"),
        "broken/blank.txt": ("\n\n \n", "a file of white space"),
        "broken/one-line.txt": ("本页面已被删除。", "a file of one line"),
    }
    for file, (text, why) in texts.items():
        packed.files[file] = text.encode()
        packed.place(Document(file, "broken", "zh-Hans", "broken", "", text, why, "too_short"), file, 0)
    packed.files["broken/random.txt"] = chance("noise").randbytes(2048)
    packed.lose("broken/random.txt", 0, "undecodable", "random bytes")


CONTAINERS: dict[str, Callable[[Packed, list[Document]], None]] = {
    "web": _web,
    "forum": _forum,
    "threads": _threads,
    "baike": _parquet("encyclopedia/baike.parquet", "b"),
    "library": _parquet("encyclopedia/library.parquet", "l"),
    "gov": _gov,
    "bulletin": _bulletin,
    "weekly": _weekly,
    "notice": _notice,
    "archive": _archive,
    "mixed": _mixed,
}
"""Name of a container in plan.toml -> what writes it."""
