"""The ledger: all receipts of a run, and the check that they add up."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from filters.policy import HELD
from pipeline.errors import LedgerError
from pipeline.form import Source


@dataclass(slots=True)
class Account:
    """What became of a source's records, or of the whole run's."""

    records: int = 0
    kept: int = 0
    dropped: int = 0
    quarantined: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    reviewed: int = 0
    """Documents, kept or held, that a person should look at: no fourth fate, so outside the sum."""
    review: Counter[str] = field(default_factory=Counter)
    """For what: a document may count several times."""

    def add(self, other: "Account") -> None:
        """Add another account to this one."""
        self.records += other.records
        self.kept += other.kept
        self.dropped += other.dropped
        self.quarantined += other.quarantined
        self.reasons.update(other.reasons)
        self.reviewed += other.reviewed
        self.review.update(other.review)

    def as_json(self) -> dict[str, int]:
        """Return the four numbers under the names that run.json uses."""
        return {"in": self.records, "kept": self.kept, "dropped": self.dropped, "quarantined": self.quarantined}

    def check(self, where: str) -> None:
        """Check that what went in came out.

        Raises:
            LedgerError: it did not.
        """
        if self.records != self.kept + self.dropped + self.quarantined or self.dropped != self.reasons.total():
            raise LedgerError(
                f"{where}: {self.records} records in, but {self.kept} kept + {self.dropped} dropped "
                f"({self.reasons.total()} with a reason) + {self.quarantined} quarantined"
            )
        open_ones = self.kept + self.reasons[HELD]
        if self.reviewed > open_ones or self.review.total() < self.reviewed or self.reasons[HELD] > self.reviewed:
            raise LedgerError(
                f"{where}: {self.reviewed} documents for review ({self.review.total()} reasons), but {self.kept} kept "
                f"and {self.reasons[HELD]} held"
            )


def shard_account(scan: Mapping[str, Any], judge: Mapping[str, Any], write: Mapping[str, Any]) -> Account:
    """Draw up the account of one shard from its three receipts, each counted by its own stage.

    Raises:
        LedgerError: two stages disagree about how many documents there are.
    """
    where = f"part-{scan['part']:05d}"
    reasons = Counter(judge["reasons"])
    if scan["documents"] != judge["documents"]:
        raise LedgerError(f"{where}: {scan['documents']} documents scanned, {judge['documents']} judged")
    if judge["kept"] != write["documents"]:
        raise LedgerError(f"{where}: {judge['kept']} documents kept, {write['documents']} written")
    dropped = judge["documents"] - judge["kept"]
    review = Counter(judge["review"])
    account = Account(scan["in"], judge["kept"], dropped, scan["quarantined"], reasons, judge["reviewed"], review)
    account.check(where)
    return account


@dataclass(slots=True)
class Ledger:
    """The accounts of a run: of every source, and together."""

    sources: dict[str, Account]
    whole: Account


def draw_up(
    sources: Sequence[Source], receipts: Sequence[tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]]
) -> Ledger:
    """Draw up the ledger from the receipts (scan, judge, write) of every shard that is done.

    Raises:
        LedgerError: the numbers do not add up, for a shard, a source or the run.
    """
    ledger = Ledger({source.name: Account() for source in sources}, Account())
    for scan, judge, write in receipts:
        account = shard_account(scan, judge, write)
        ledger.sources[scan["source"]].add(account)
        ledger.whole.add(account)
    for name, account in ledger.sources.items():
        account.check(f'source "{name}"')
    ledger.whole.check("run")
    return ledger


def over_quarantined(ledger: Ledger, sources: Sequence[Source]) -> dict[str, float]:
    """Return the sources of which more was quarantined than their recipe allows, with the share."""
    shares = {name: account.quarantined / max(account.records, 1) for name, account in ledger.sources.items()}
    limits = {source.name: source.max_quarantined_share for source in sources}
    return {name: share for name, share in shares.items() if share > limits[name]}
