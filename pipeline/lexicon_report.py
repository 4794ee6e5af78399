"""The report's section on word lists: what they cover, and what they found. Numbers only, never a term or a text."""

from collections import Counter
from collections.abc import Iterable
from html import escape
from typing import Any

import numpy as np
import pyarrow.compute as pc

from filters.risks import RISKS
from pipeline.page import table
from pipeline.runs import Run
from pipeline.store import read_json

LEXICON_FILE = "lexicon.json"
NONE_LOADED = "未加载词表 no terms loaded"


def lexicon_section(run: Run) -> str:
    """Return the section, empty for a run without the filter `lexicon`."""
    coverage = read_json(run.folder.path / LEXICON_FILE)
    if coverage is None or "lexicon" not in {choice.filter for choice in run.filters()}:
        return ""
    spans = run.parts.column("attributes", "lexicon.spans")
    kinds = pc.struct_field(pc.list_flatten(spans.combine_chunks()), "kind")
    places = Counter[str]()
    for row in pc.value_counts(kinds).to_pylist():
        places[row["values"].partition(":")[0]] += row["counts"]
    documents = _documents(run, coverage["risks"])
    rows = [
        [f"{name} {risk['zh']}", risk["terms"] or NONE_LOADED, _asked(risk), documents[name], places[name]]
        for name, risk in coverage["risks"].items()
    ]
    rows += [[name, number, "–", "–", places[name]] for name, number in coverage["own"].items()]
    lists = [
        [one["name"], one["digest"][:12], one["terms"], one["released"] or "–", _age(one)] for one in coverage["lists"]
    ]
    head = ["词表 list", "摘要 digest", "词 terms", "发布 released", "天 days"]
    said = f"<p>共 {coverage['total']['terms']:,} 词 terms; {_clause(coverage)}</p>"
    found = table(["风险 risk", "词 terms", "标准 asked", "文档 documents", "处 places"], rows)
    return f"<section><h2>词表 Word lists</h2>{table(head, lists)}{said}{found}</section>"


def _documents(run: Run, risks: Iterable[str]) -> dict[str, int]:
    """Return how many documents hold a term of each risk."""
    risk_of = {f"lexicon.{RISKS[risk].column}": risk for risk in risks}
    return {
        risk_of[name]: int(np.count_nonzero(column.fill_null(0).to_numpy()))
        for name, column in run.parts.columns("attributes", list(risk_of))
    }


def _asked(row: dict[str, Any]) -> str:
    return "–" if row["at_least"] is None else f"{row['wording']} {row['at_least']:,}"


def _age(one: dict[str, Any]) -> str:
    return "?" if one["age_days"] is None else str(one["age_days"])


def _clause(coverage: dict[str, Any]) -> str:
    """Say what the standard asks, and how sure that is."""
    total, days = coverage["total"], coverage["age_days"]
    return escape(
        f"{coverage['clause']}: {total['wording']} {total['at_least']:,}, {days['wording']} {days['at_most']} 天更新; "
        "二手来源，未核对标准原文 (from secondary sources, not checked against the standard's own text)"
    )
