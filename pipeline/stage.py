"""Carrying out one stage: what its receipts say is done is left alone, the rest goes to the executor."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pipeline.errors import ShardError
from pipeline.executor import Executor, Item, Outcome, Progress
from pipeline.store import RunFolder, read_json

Receipt: TypeAlias = dict[str, Any]


@dataclass
class Stage:
    """What a stage had to do."""

    items: int = 0
    reused: int = 0
    cpu_seconds: float = 0.0


@dataclass
class Stages:
    """The stages of one pass over a run, and what became of them."""

    folder: RunFolder
    executor: Executor
    progress: Progress
    records: dict[str, Stage] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    """Shards that were set aside, by part, with the stage and the error."""
    receipts: dict[str, dict[int, Receipt]] = field(default_factory=dict)
    """By stage and part; of a stage over all parts under 0."""

    def each(
        self, stage: str, wanted: Mapping[int, str], item: Callable[[int], Item], tables: Sequence[str], unit: str
    ) -> dict[int, Receipt]:
        """Do a stage for every part that has no matching receipt; return the receipts of those that are done."""
        done: dict[int, Receipt] = {}
        for number, expected in wanted.items():
            receipt = read_json(self.folder.receipt(stage, number))
            present = all(self.folder.part(table, number).exists() for table in tables)
            if receipt is not None and receipt.get("fingerprint") == expected and present:
                done[number] = receipt
        record = self.records[stage] = Stage(len(wanted), len(done))
        items = {number: item(number) for number in wanted if number not in done}
        names = {one.name: number for number, one in items.items()}
        if items:
            self.progress.stage(stage, sum(one.weight for one in items.values()), unit)
            for outcome in self.executor.run(stage, list(items.values())):
                number = names[outcome.item.name]
                if outcome.receipt is None:
                    self.failed[f"part-{number:05d}"] = f"{stage}: {outcome.error}"
                    self.folder.forget(number, since=stage)
                else:
                    done[number] = outcome.receipt
        record.cpu_seconds = sum(receipt["cpu_seconds"] for receipt in done.values())
        self.receipts[stage] = done = dict(sorted(done.items()))
        return done

    def done(self, stage: str, expected: str, tables: Sequence[str]) -> Receipt | None:
        """Return the receipt of a stage over all parts if it matches and its tables are there."""
        receipt = read_json(self.folder.whole_receipt(stage))
        present = all((self.folder.path / f"{table}.parquet").exists() for table in tables)
        return receipt if receipt is not None and receipt.get("fingerprint") == expected and present else None

    def whole(self, stage: str, expected: str, tables: Sequence[str], item: Callable[[], Item]) -> Receipt:
        """Do a stage over all parts unless its receipt matches."""
        record = self.records[stage] = Stage(1)
        receipt = self.done(stage, expected, tables)
        if receipt is not None:
            record.reused = 1
        else:
            one = item()
            self.progress.stage(stage, one.weight, "documents" if one.weight > 1 else "steps")
            outcome: Outcome
            (outcome,) = self.executor.run(stage, [one])
            if outcome.receipt is None:
                raise ShardError(f"{stage}: {outcome.error}")
            receipt = outcome.receipt
        record.cpu_seconds = receipt["cpu_seconds"]
        self.receipts[stage] = {0: receipt}
        return receipt
