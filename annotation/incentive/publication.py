"""What a period's scoring leaves to be read: contributors.parquet, the operator's page, everybody's own statement."""

import shutil
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from annotation.incentive.activity import activity, appeals, exams
from annotation.incentive.answers import References
from annotation.incentive.charts import Line, Point
from annotation.incentive.flagged import CONTRIBUTORS_FILE, FOLDER
from annotation.incentive.metrics import Evidence, contributor_metrics
from annotation.incentive.operator_page import operator_page
from annotation.incentive.policy import Calendar
from annotation.incentive.scores import Standings
from annotation.incentive.statement import kind_words
from annotation.incentive.statement_page import Row, Statement, statement_page
from annotation.incentive.tables import COPIES, TIERS
from annotation.standing import Reading
from pipeline.registry import DIVIDEND, PAYMENTS, Ledger, Score, Session, select
from pipeline.store import write_bytes, write_table

STATEMENTS = "statements"
PAID = (*PAYMENTS, DIVIDEND)


def publish(
    opened: Session, workspace: Path, period: str, calendar: Calendar, answers: pa.Table,
    found: Standings, tiers: Mapping[tuple[str, str], tuple[int, str]], references: References,
    readings: Callable[[str], Reading], at: datetime,
) -> dict[str, Any]:  # fmt: skip
    """Write a period's metrics and pages anew.

    Volume, time, refusals and appeals are of the period; golds, agreement, difficulty and drift are of the answers that
    are scored, as J is.

    Args:
        opened: a transaction in which nothing is written.
        workspace: where the tables lie.
        period: a month.
        calendar: by which it begins and ends, and by which days are told.
        answers: ANSWERS that were scored.
        found: everybody's scores.
        tiers: (person, kind) -> tier and why.
        references: lengths of documents.
        readings: what answers of a kind of round mean.
        at: the time it is.

    Returns:
        The metrics as rows, and how many statements were written.

    Raises:
        LedgerError: a row of the ledger does not add up; no statement is written for anybody.
    """
    bounds = calendar.bounds(period)
    copies = [one.copies for one in found.by_kind.values()]
    evidence = Evidence(
        answers, activity(opened, *bounds, references, readings), found.table, _tiers(found, tiers),
        pa.concat_tables(copies) if copies else COPIES.empty_table(), appeals(opened, *bounds), exams(opened, at),
    )  # fmt: skip
    table = contributor_metrics(evidence, period)
    folder = workspace / FOLDER / period
    pages = {person: statement_page(one) for person, one in statements(opened, period, calendar).items()}
    write_table(folder / CONTRIBUTORS_FILE, table)
    folder.chmod(0o700)
    rows = table.to_pylist()
    reference = {kind: one.j_reference for kind, one in found.by_kind.items()}
    page = operator_page(period, rows, reference, found.alarms(), evidence.copies.to_pylist())
    write_bytes(folder / "operator.html", page.encode())
    shutil.rmtree(folder / STATEMENTS, ignore_errors=True)
    for person, said in pages.items():
        (folder / STATEMENTS).mkdir(mode=0o700, exist_ok=True)
        write_bytes(folder / STATEMENTS / f"{person}.html", said.encode())
    return {"contributors": rows, "statements": len(pages), "folder": str(folder)}


def statements(opened: Session, period: str, calendar: Calendar) -> dict[str, Statement]:
    """Return the statement of everybody who was paid anything in a period, by person; each holds only its own rows."""
    paid: dict[str, list[Ledger]] = {}
    rows = opened.scalars(select(Ledger).where(Ledger.kind.in_(PAID), Ledger.period <= period).order_by(Ledger.seq))
    for row in rows:
        paid.setdefault(row.party, []).append(row)
    scored: dict[tuple[str, str, str], Score] = {}
    for one in opened.scalars(select(Score).where(Score.period <= period).order_by(Score.revision)):
        scored[one.contributor, one.kind, one.period] = one
    made = {}
    for person, mine in sorted(paid.items()):
        now = [row for row in mine if row.period == period]
        if not now:
            continue
        earned: dict[str, int] = {}
        for row in mine:
            earned[row.period] = earned.get(row.period, 0) + row.amount
        kinds = sorted({kind for name, kind, _ in scored if name == person})
        lines = [
            Line(kind_words(kind), tuple(
                Point(month, one.j_bp, one.parts["j_low_bp"], one.parts["j_high_bp"])
                for (name, measured, month), one in sorted(scored.items()) if (name, measured) == (person, kind)
            ))
            for kind in kinds
        ]  # fmt: skip
        shown = [Row(row.seq, calendar.day_at(row.at), row.kind, row.amount, row.why, row.seal) for row in now]
        made[person] = Statement(person, period, shown, lines, sorted(earned.items()))
    return made


def _tiers(found: Standings, tiers: Mapping[tuple[str, str], tuple[int, str]]) -> pa.Table:
    rows = [
        {"contributor": person, "kind": kind, "tier": tiers.get((person, kind), (0, ""))[0], "golds": row["golds"],
         "because": tiers.get((person, kind), (0, ""))[1]}
        for (person, kind), row in found.rows().items()
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, TIERS)
