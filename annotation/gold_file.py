"""The file of gold: documents whose right answer is known, put among a round's others or asked of in an exam."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson

from annotation.masked import mask_texts, move_label
from pipeline.errors import RecipeError

ReadLabel = Callable[[object, str], dict[str, Any]]
"""Turns what a gold file says of a text into an answer of the round's kind, or raises ValueError."""


def read_gold(path: Path, read_label: ReadLabel, fields: Sequence[str], *, masked: bool) -> list[dict[str, Any]]:
    """Read a file of gold: `document`, `text` (and `right`, where two texts are compared) and `gold` of each.

    Args:
        path: JSONL with id, label, and the texts.
        read_label: reads the labels.
        fields: how the file calls the texts: text, or left and right.
        masked: whether placeholders take the place of personal data.

    Raises:
        RecipeError: the file or a line of it is wrong.
    """
    where = f"gold {path}"
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{where}: cannot be read: {error}") from error
    golds, seen = [], set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
            texts = [row[field] for field in fields]
            if not all(isinstance(text, str) and text.strip() for text in texts):
                raise RecipeError(f"{where}, line {number}: the text is empty, or none")
            # A browser ends lines by one character, and places count characters.
            texts = [text.replace("\r\n", "\n").replace("\r", "\n") for text in texts]
            label = row["label"]
            if masked:
                texts, cuts = mask_texts(texts)
                label = move_label(label, cuts[0]) if isinstance(label, dict) else label
            document = str(row["id"])
            try:
                gold = read_label(label, texts[0])
            except ValueError as error:
                asked = 'a label is the one choice, or an object such as {"verdict": "risky", "severity": "2", ...}'
                raise RecipeError(f"{where}, line {number}: the label: {error}; {asked}") from error
        except (orjson.JSONDecodeError, TypeError, KeyError, ValueError) as error:
            named = ", ".join(("id", *fields))
            raise RecipeError(f"{where}, line {number}: {named} and label are needed: {error!r}") from error
        if document in seen:
            raise RecipeError(f"{where}, line {number}: the id {document!r} is there twice")
        seen.add(document)
        golds.append({"document": document, "text": texts[0], "right": texts[1] if len(texts) > 1 else None,
                      "gold": gold})  # fmt: skip
    if not golds:
        raise RecipeError(f"{where}: holds nothing")
    return golds
