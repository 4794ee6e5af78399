"""Questions of public benchmarks, read from the files that an operator names; Qingyuan ships none.

Known by their fields, not by their names: C-Eval and CMMLU (CSV with question, A to D), GAOKAO-Bench (JSON with a list
`example`), CLUE (JSONL: tnews, afqmc, cmnli, csl, wsc, chid …; JSON: cmrc2018, c3), and plain JSONL or JSON rows with
a question and perhaps options. Answers are no part of an item, except where a question is about a passage (cmrc2018).
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STEMS = ("question", "query", "problem", "stem", "prompt", "instruction", "sentence", "sentence1", "abst", "content",
         "text", "题目", "问题", "题干")  # fmt: skip
"""Fields that hold a question, the first that a row has; letter case does not matter."""
CHOICES = ("options", "choices", "choice", "candidates", "选项")
"""Fields that hold all options, as a list, or as a map from letters."""
SECOND = ("sentence2",)
"""A second text that makes the item only together with the first: pairs of CLUE."""
LETTERS = tuple("abcdefgh")
_MARK = re.compile(r"(?:^|[\s　(（、，,。；;？?])[(（]?([A-HＡ-Ｈ])[)）]?\s*[.．、:：)）]\s*", re.MULTILINE)
_BEFORE = "(（ \n\t\r　"
_WIDE_A = ord("Ａ")


@dataclass(frozen=True, slots=True)
class Item:
    """One question of a benchmark."""

    benchmark: str
    """The file's name without its ending: ceval_val of ceval_val.csv."""
    name: str
    """The row's own id, or its number in the file from 1."""
    stem: str
    options: tuple[str, ...]


def read_items(path: Path) -> list[Item]:
    """Read a benchmark file.

    Raises:
        ValueError: the file is no CSV, JSON or JSONL of a known shape; says the file, the row and what it holds.
        OSError: it cannot be read.
    """
    items = []
    for number, row in enumerate(_rows(path), start=1):
        stem, options = _question(row)
        if stem is None:
            keys = ", ".join(map(str, row)) or "nothing"
            raise ValueError(
                f"{path}, row {number}: no question in it; one of {', '.join(STEMS)} is needed, not {keys}"
            )
        name = next((str(row[key]) for key in ("id", "ID", "qid", "index") if row.get(key) not in {None, ""}), "")
        items.append(Item(path.stem, name or str(number), stem, options))
    if not items:
        raise ValueError(f"{path}: no questions in it")
    return items


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8: {error}") from error
    ending = path.suffix.lower()
    if ending in {".csv", ".tsv"}:
        return iter(csv.DictReader(io.StringIO(text, newline=""), dialect="excel" if ending == ".csv" else "excel-tab"))
    if ending not in {".json", ".jsonl"}:
        raise ValueError(f"{path}: a benchmark is a .csv, .tsv, .json or .jsonl file")
    try:
        whole = json.loads(text)
    except json.JSONDecodeError:
        # CLUE's files end in .json and hold a row a line.
        return _lines(text, path)
    return iter(list(_spread(whole, path)))


def _lines(text: str, path: Path) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise ValueError(f"{path}, line {number}: neither JSON nor JSONL: {error}") from error
            if not isinstance(row, dict):
                raise ValueError(f"{path}, line {number}: a row is an object, not {type(row).__name__}")
            yield row


def _spread(whole: object, path: Path) -> Iterator[Mapping[str, Any]]:
    """Find the rows in one JSON value: a list of rows, GAOKAO-Bench, cmrc2018, c3, or a single row."""
    if isinstance(whole, dict):
        for key in ("example", "examples", "questions"):
            if isinstance(whole.get(key), list):
                yield from _objects(whole[key], path)
                return
        if isinstance(whole.get("data"), list):
            for entry in _objects(whole["data"], path):
                for paragraph in entry.get("paragraphs", [entry]):
                    yield from ({**qa, "options": _answers(qa)} for qa in _objects(paragraph.get("qas", []), path))
            return
        yield whole
    elif isinstance(whole, list):
        for entry in whole:
            if isinstance(entry, list) and len(entry) >= 2 and isinstance(entry[1], list):  # noqa: PLR2004 - c3: [lines, questions, id]
                yield from _objects(entry[1], path)
            else:
                yield from _objects([entry], path)
    else:
        raise ValueError(f"{path}: rows are wanted, not {type(whole).__name__}")  # noqa: TRY004 - what the file says, not who calls


def _objects(entries: Iterable[object], path: Path) -> Iterator[dict[str, Any]]:
    for entry in entries:
        if not isinstance(entry, dict):
            raise ValueError(f"{path}: a row is an object, not {type(entry).__name__}")  # noqa: TRY004
        yield entry


def _answers(qa: Mapping[str, Any]) -> list[str]:
    found = qa.get("answers", [])
    texts = [answer.get("text", "") if isinstance(answer, dict) else str(answer) for answer in found]
    return list(dict.fromkeys(texts))[:1]


def _question(row: Mapping[str, Any]) -> tuple[str | None, tuple[str, ...]]:
    fields = {str(key).strip().lower(): value for key, value in row.items()}
    stem = next((fields[key] for key in STEMS if isinstance(fields.get(key), str) and fields[key].strip()), None)
    if stem is None:
        return None, ()
    options: list[str] = []
    for key in CHOICES:
        held = fields.get(key)
        options += map(str, held.values() if isinstance(held, dict) else held if isinstance(held, list) else ())
    options += [str(fields[key]) for key in (*LETTERS, *SECOND) if fields.get(key) not in {None, ""}]
    if options:
        return stem, tuple(_without_letter(option) for option in options)
    return split_options(stem)


def _without_letter(option: str) -> str:
    match = _MARK.match(option)
    return option[match.end() :] if match else option


def split_options(question: str) -> tuple[str, tuple[str, ...]]:
    """Cut options off that stand in the question itself: `… A．甲 B．乙 C．丙`, at least A and B, in order."""
    marks: list[re.Match[str]] = []
    for match in _MARK.finditer(question):
        letter = ord(match[1]) - (_WIDE_A if ord(match[1]) >= _WIDE_A else ord("A"))
        if letter == len(marks):
            marks.append(match)
    if len(marks) < 2:  # noqa: PLR2004 - a single A. is no list of options
        return question, ()
    ends = [*(mark.start(1) for mark in marks[1:]), len(question)]
    options = (question[mark.end() : end] for mark, end in zip(marks, ends, strict=True))
    return question[: marks[0].start(1)].rstrip(_BEFORE), tuple(option.strip(_BEFORE) for option in options)
