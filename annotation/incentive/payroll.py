"""What is to be paid, as a file for payroll: every payment of the ledger once, pseudonyms only, exact to the fen."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from annotation.incentive.budgets import yuan
from pipeline.registry import DIVIDEND, PAYMENTS, Ledger, Session, select
from pipeline.store import write_bytes

COLUMNS = ("seq", "at", "period", "contributor", "kind", "round_kind", "yuan", "fen", "policy", "ref", "seal")
"""seq and seal: of the ledger's row; a payment is the same one if its seq is. at: UTC."""
BOM = b"\xef\xbb\xbf"
"""Without it Excel takes a CSV file for GBK."""


def payroll_rows(opened: Session, period: str) -> list[Ledger]:
    """Return the payments of a period that are not 0, dividends too, in the order in which they were entered."""
    return list(opened.scalars(
        select(Ledger)
        .where(Ledger.period == period, Ledger.kind.in_([*PAYMENTS, DIVIDEND]), Ledger.amount > 0)
        .order_by(Ledger.seq)
    ))  # fmt: skip


def write_payroll(path: Path, rows: Sequence[Ledger], *, bom: bool = False) -> int:
    """Write payments as CSV in UTF-8 and return their sum, fen.

    Args:
        path: where to.
        rows: of `payroll_rows`.
        bom: begin with a byte order mark, for Excel.
    """
    text = io.StringIO()
    sheet = csv.writer(text, lineterminator="\r\n")
    sheet.writerow(COLUMNS)
    for row in rows:
        sheet.writerow((
            row.seq, row.at.isoformat(timespec="seconds"), row.period, row.party, row.kind, row.why.get("kind", ""),
            yuan(row.amount), row.amount, row.policy, row.ref, row.seal,
        ))  # fmt: skip
    write_bytes(path, (BOM if bom else b"") + text.getvalue().encode())
    return sum(row.amount for row in rows)
