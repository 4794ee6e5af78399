"""A run from recipe to corpus: which stages there are, what each still has to do, and the account at the end.

The same for every engine: an executor only decides where the items of a stage are carried out.
"""

import fcntl
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filters.characters import UNICODE_VERSION
from pipeline.dedup import DEDUP_VERSION, find_duplicates
from pipeline.errors import LedgerError, RecipeError, ShardError
from pipeline.executor import Executor, Item, Outcome, Progress
from pipeline.identity import IDENTITY_VERSION, settle_ids
from pipeline.judge import JUDGE_VERSION, elect_survivors, judge_part
from pipeline.ledger import draw_up, over_quarantined
from pipeline.parts import Parts
from pipeline.plan import Plan, Shard, make_plan, read_options
from pipeline.recipe import Recipe, load_recipe
from pipeline.report import write_report
from pipeline.runs import open_run
from pipeline.scan import ScanSettings, scan_shard
from pipeline.store import SCANNED, RunFolder, fingerprint, read_json, write_bytes, write_json
from pipeline.write import WRITE_VERSION, write_part

Receipt = dict[str, Any]

DEDUP_SHARE = 12
"""Part of a worker's memory for texts that are compared: 128 MB of 1.5 GB, so that deduplication needs no more than a
scan, and the peak is the same whatever the input."""


def clean(recipe_path: Path, workspace: Path, executor: Executor, *, memory: int, progress: Progress) -> Receipt:
    """Run a recipe: sources → corpus, doing only what is not done yet.

    Args:
        recipe_path: the recipe's file.
        workspace: folder of all runs; made if it is not there.
        executor: carries out the items of each stage.
        memory: bytes that a worker may use.
        progress: shows how far the run is.

    Returns:
        The content of run.json.

    Raises:
        RecipeError: the recipe is wrong, or another process is at this run.
        LedgerError: the numbers do not add up.
    """
    begun = time.monotonic()
    recipe = load_recipe(recipe_path)
    folder = RunFolder(workspace / "runs" / recipe.name)
    folder.make()
    with _alone(folder):
        run = _Run(recipe, folder, executor, memory, progress)
        try:
            run.go()
        finally:
            progress.finish()
        summary = run.summary(time.monotonic() - begun)
        write_json(folder.path / "run.json", summary)
        write_report(open_run(str(folder.path), workspace))
        return summary


@contextmanager
def _alone(folder: RunFolder) -> Iterator[None]:
    """Keep other processes away from this run; the system frees the lock when we die, however that happens."""
    with (folder.path / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RecipeError(f"{folder.path}: another process is at this run; wait for it or end it first") from None
        yield


@dataclass
class _Stage:
    """What a stage had to do."""

    items: int = 0
    reused: int = 0
    cpu_seconds: float = 0.0


@dataclass
class _Run:
    """One pass over the stages; what is done is known by its receipts."""

    recipe: Recipe
    folder: RunFolder
    executor: Executor
    memory: int
    progress: Progress
    stages: dict[str, _Stage] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    receipts: dict[str, dict[int, Receipt]] = field(default_factory=dict)

    def go(self) -> None:
        """Carry out every stage."""
        write_bytes(self.folder.path / "recipe.toml", self.recipe.text.encode())
        rules = [asdict(rule) for rule in self.recipe.policy.rules]
        write_json(self.folder.path / "policy.json", {"rules": rules})
        self.progress.stage("plan", len(self.recipe.sources), "sources")
        plan = make_plan(self.recipe, self.folder)
        for number in plan.retired:
            self.folder.forget(number)
        scans = self._scan(plan)
        parts = Parts(self.folder, tuple(sorted(scans)))
        outputs = self._settle_ids(parts, scans)
        self._dedup(parts, outputs)
        self._judge(parts, outputs)
        self._write(parts, outputs)

    def _scan(self, plan: Plan) -> dict[int, Receipt]:
        settings = {
            source.name: ScanSettings(
                read_options(source), self.recipe.filters, self.recipe.signing, self.recipe.dictionaries
            )
            for source in self.recipe.sources
        }
        wanted = {shard.number: settings[shard.source].fingerprint(shard) for shard in plan.shards}
        shards = {shard.number: shard for shard in plan.shards}

        def item(number: int) -> Item:
            shard: Shard = shards[number]
            return Item(
                f"scan part-{number:05d}", scan_shard, (self.folder, shard, settings[shard.source]), shard.bytes
            )

        return self._each("scan", wanted, item, SCANNED, "bytes")

    def _settle_ids(self, parts: Parts, scans: Mapping[int, Receipt]) -> dict[int, dict[str, str]]:
        """Return the digests of each part's tables as they are once ids are settled."""
        prints = {number: receipt["fingerprint"] for number, receipt in scans.items()}
        wanted = fingerprint(IDENTITY_VERSION, [[n, prints[n], scans[n]["outputs"]] for n in parts.numbers])
        receipt = self._whole("ids", wanted, lambda: Item("ids", settle_ids, (parts, prints, wanted)))
        return {n: scans[n]["outputs"] | receipt["outputs"].get(str(n), {}) for n in parts.numbers}

    def _dedup(self, parts: Parts, outputs: Mapping[int, Mapping[str, str]]) -> None:
        recipe = self.recipe
        priorities = [[source.name, source.priority] for source in recipe.sources]
        digests = [[n, outputs[n]["documents"], outputs[n]["signatures"]] for n in parts.numbers]
        wanted = fingerprint(DEDUP_VERSION, recipe.dedup.model_dump(), priorities, digests)
        arguments = (parts, recipe.dedup, recipe.signing, recipe.sources, wanted, self.memory // DEDUP_SHARE)
        self._whole("dedup", wanted, lambda: Item("dedup", find_duplicates, arguments))

    def _judge(self, parts: Parts, outputs: Mapping[int, Mapping[str, str]]) -> None:
        policy = self.recipe.policy
        rules = [asdict(rule) for rule in policy.rules]
        clusters = self.receipts["dedup"][0]["outputs"]
        attributes = {n: [n, outputs[n]["documents"], outputs[n]["attributes"]] for n in parts.numbers}
        elected = fingerprint(JUDGE_VERSION, rules, clusters, list(attributes.values()))
        receipt = self._whole("elect", elected, lambda: Item("elect", elect_survivors, (parts, policy, elected)))
        # A part's verdicts depend on where it lies in survivors.parquet, so on the parts before it.
        wanted = {n: fingerprint(JUDGE_VERSION, rules, receipt["outputs"], attributes[n]) for n in parts.numbers}

        def item(number: int) -> Item:
            return Item(f"judge part-{number:05d}", judge_part, (parts, number, policy, wanted[number]))

        self._each("judge", wanted, item, ("verdicts",), "parts")

    def _write(self, parts: Parts, outputs: Mapping[int, Mapping[str, str]]) -> None:
        wanted = {
            number: fingerprint(WRITE_VERSION, receipt["outputs"], outputs[number]["documents"])
            for number, receipt in self.receipts["judge"].items()
        }

        def item(number: int) -> Item:
            return Item(f"write part-{number:05d}", write_part, (self.folder, number, wanted[number]))

        self._each("write", wanted, item, ("corpus",), "parts")
        for number in set(parts.numbers) - set(wanted):
            self.folder.part("corpus", number).unlink(missing_ok=True)

    def _each(
        self, stage: str, wanted: Mapping[int, str], item: Callable[[int], Item], tables: Sequence[str], unit: str
    ) -> dict[int, Receipt]:
        """Do a stage for every part that has no matching receipt; return the receipts of those that are done."""
        done: dict[int, Receipt] = {}
        for number, expected in wanted.items():
            receipt = read_json(self.folder.receipt(stage, number))
            present = all(self.folder.part(table, number).exists() for table in tables)
            if receipt is not None and receipt.get("fingerprint") == expected and present:
                done[number] = receipt
        record = self.stages[stage] = _Stage(len(wanted), len(done))
        items = {number: item(number) for number in wanted if number not in done}
        names = {one.name: number for number, one in items.items()}
        if items:
            self.progress.stage(stage, sum(one.weight for one in items.values()), unit)
            for outcome in self.executor.run(stage, list(items.values())):
                number = names[outcome.item.name]
                if outcome.receipt is None:
                    self.failed[f"part-{number:05d}"] = f"{stage}: {outcome.error}"
                    self.folder.receipt(stage, number).unlink(missing_ok=True)
                else:
                    done[number] = outcome.receipt
        record.cpu_seconds = sum(receipt["cpu_seconds"] for receipt in done.values())
        self.receipts[stage] = done = dict(sorted(done.items()))
        return done

    def _whole(self, stage: str, expected: str, item: Callable[[], Item]) -> Receipt:
        """Do a stage over all parts unless its receipt matches."""
        record = self.stages[stage] = _Stage(1)
        receipt = read_json(self.folder.whole_receipt(stage))
        if receipt is not None and receipt.get("fingerprint") == expected:
            record.reused = 1
        else:
            self.progress.stage(stage, 1, "steps")
            outcome: Outcome
            (outcome,) = self.executor.run(stage, [item()])
            if outcome.receipt is None:
                raise ShardError(f"{stage}: {outcome.error}")
            receipt = outcome.receipt
        record.cpu_seconds = receipt["cpu_seconds"]
        self.receipts[stage] = {0: receipt}
        return receipt

    def summary(self, wall_seconds: float) -> Receipt:
        """Draw up the ledger and return the content of run.json.

        Raises:
            LedgerError: the numbers do not add up.
        """
        scans, judges, writes = (self.receipts[stage] for stage in ("scan", "judge", "write"))
        whole = [number for number in scans if number in judges and number in writes]
        sources = self.recipe.sources
        ledger = draw_up(sources, [(scans[n], judges[n], writes[n]) for n in whole])
        documents = sum(receipt["documents"] for receipt in scans.values())
        if documents != self.receipts["dedup"][0]["documents"]:
            raise LedgerError(f"{documents} documents scanned, {self.receipts['dedup'][0]['documents']} deduplicated")
        return {
            "run": self.recipe.name,
            "policy": self.recipe.policy_name,
            "documents": ledger.whole.as_json(),
            "reasons": dict(ledger.whole.reasons.most_common()),
            "shards": len(whole),
            "shards_failed": dict(sorted(self.failed.items())),
            "bytes_in": sum(scans[n]["bytes_in"] for n in whole),
            "text_bytes": sum(scans[n]["text_bytes"] for n in whole),
            "kept_chars": sum(writes[n]["chars"] for n in whole),
            "ids_replaced": self.receipts["ids"][0]["replaced"],
            "records_lost_unknown": sum(scans[n]["lost_unknown"] for n in whole),
            "over_quarantined": over_quarantined(ledger, sources),
            "cpu_seconds": round(sum(stage.cpu_seconds for stage in self.stages.values()), 3),
            "wall_seconds": round(wall_seconds, 3),
            "stages": {name: asdict(stage) for name, stage in self.stages.items()},
            "sources": {name: account.as_json() for name, account in ledger.sources.items()},
            "versions": _versions(),
            "corpus": str(self.folder.path / "corpus"),
            "report": str(self.folder.path / "report.html"),
        }


def _versions() -> dict[str, str]:
    packages = (
        "qingyuan",
        "pyarrow",
        "numpy",
        "numba",
        "rjieba",
        "fasttext-new",
        "opencc",
        "datasketch",
        "trafilatura",
    )
    return {"python": platform.python_version(), "unicode": UNICODE_VERSION} | {
        name: version(name) for name in packages
    }
