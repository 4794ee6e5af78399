"""A run from recipe to corpus: which stages there are, what each still has to do, and the account at the end.

The same for every engine: an executor only decides where the items of a stage are carried out.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filters.lexicon import Lexicon
from pipeline.answers import ANSWERS_VERSION, answer_files, write_answers
from pipeline.coverage import cover
from pipeline.dedup import DEDUP_VERSION
from pipeline.dedup_stages import deduplicate
from pipeline.errors import RecipeError, ShardError
from pipeline.executor import Executor, Item, Outcome, Progress
from pipeline.identity import IDENTITY_VERSION, settle_ids
from pipeline.index_stages import RunIndex, run_index
from pipeline.judge import JUDGE_VERSION, elect_survivors, judge_part
from pipeline.lexicon_report import LEXICON_FILE
from pipeline.lock import locked
from pipeline.parts import Parts, WordParts
from pipeline.passage_stages import find_passages
from pipeline.plan import Plan, make_plan, read_options, restore_split
from pipeline.recipe import Recipe, load_recipe
from pipeline.removal import keep_removed
from pipeline.report import write_report
from pipeline.runs import open_run
from pipeline.scan import Cutting, ScanSettings, scan_shard
from pipeline.sources.refusal import refuse_barred
from pipeline.stage import Receipt, Stages
from pipeline.store import ANSWERS, SCANNED, SURVEYED, RunFolder, digest_file, fingerprint, write_bytes, write_json
from pipeline.summary import summarize
from pipeline.survey import find_templates, survey_fingerprint, survey_shard, templates_fingerprint
from pipeline.write import WRITE_VERSION, write_part

MERGE_SHARE = 4
"""Part of a worker's memory for the counts of lines being merged: the more fit, the fewer times each part is opened."""


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
        GateError: a source of it is barred.
        LedgerError: the numbers do not add up.
    """
    begun = time.monotonic()
    recipe = load_recipe(recipe_path)
    refuse_barred(workspace, [source.name for source in recipe.sources])
    folder = RunFolder(workspace / "runs" / recipe.name)
    new = not folder.path.exists()
    try:
        folder.make()
    except OSError as error:
        raise RecipeError(f"the workspace {workspace} cannot be used: {error}") from error
    with alone(folder), run_index(recipe, workspace, folder) as index:
        run = _Run(recipe, folder, Stages(folder, executor, progress), memory, index)
        try:
            run.go()
        except RecipeError:  # refused before anything was read
            if new:
                folder.unmake()
            raise
        finally:
            progress.finish()
        summary = summarize(run.recipe, run.folder, run.stages, time.monotonic() - begun)
        write_json(folder.path / "run.json", summary)
        write_report(open_run(str(folder.path), workspace))
        return summary


class _WorkLeftError(Exception):
    """There is an item to carry out."""


class _Idle:
    """An executor that carries out nothing."""

    def run(self, stage: str, items: Sequence[Item]) -> Iterator[Outcome]:  # noqa: ARG002 - the executor's contract
        """Refuse."""
        raise _WorkLeftError(stage)


def nothing_left(recipe_path: Path, workspace: Path, *, memory: int, progress: Progress) -> Receipt | None:
    """Return the summary of a run that has nothing left to do, without carrying anything out; else None.

    So that nobody waits for an engine to start only to hear that all is done. Arguments and errors as `clean`.
    """
    recipe = load_recipe(recipe_path)
    if not (workspace / "runs" / recipe.name / "run.json").exists():
        return None
    try:
        return clean(recipe_path, workspace, _Idle(), memory=memory, progress=progress)
    except _WorkLeftError:
        return None


@contextmanager
def alone(folder: RunFolder) -> Iterator[None]:
    """Keep other processes away from this run; the system frees the lock when we die, however that happens."""
    with locked(folder.path / ".lock", f"{folder.path}: another process is at this run; wait for it or end it first"):
        yield


@dataclass
class _Run:
    """One pass over the stages; what is done is known by its receipts."""

    recipe: Recipe
    folder: RunFolder
    stages: Stages
    memory: int
    index: RunIndex | None

    def go(self) -> None:
        """Carry out every stage."""
        said = answer_files(self.folder.path.parents[1], self.recipe.answers.rounds)
        progress = self.stages.progress
        progress.stage("plan", len(self.recipe.sources), "sources")
        plan = make_plan(self.recipe, self.folder, progress.advance)
        for number in plan.retired:
            self.folder.forget(number)
        surveyed = self._survey(plan) if self.recipe.survey.templates else {}
        scans = self._scan(plan, surveyed)
        if not scans:
            part, error = next(iter(self.stages.failed.items()))
            raise ShardError(f"every shard failed; the first, {part}: {error}")
        scans = self.stages.receipts["scan"] = keep_removed(self.folder, self.folder.path.parents[1], scans)
        parts = Parts(self.folder, tuple(sorted(scans)))
        outputs = self._settle_ids(parts, scans)
        self._dedup(parts, outputs)
        if self.recipe.passages.measure:
            self._passages(parts, outputs)
        if said:
            self._answers(parts, outputs, said)
        self._keep_settings()
        self._judge(parts, outputs)
        self._write(outputs)
        if self.index is not None:
            self.index.put(self.stages, self.recipe, self.stages.receipts["judge"], self.memory)

    def _keep_settings(self) -> None:
        """Store what the verdicts from now on are made by, for those who open the run later."""
        write_bytes(self.folder.path / "recipe.toml", self.recipe.text.encode())
        write_json(self.folder.path / "policy.json", self.recipe.packed.settings(self.recipe.policy))
        for choice in self.recipe.filters:
            if isinstance(made := choice.make(), Lexicon):
                write_json(self.folder.path / LEXICON_FILE, cover(made.library().lists, datetime.now(UTC).date()))

    def _survey(self, plan: Plan) -> dict[str, str]:
        """Return the digest of each source's templates."""
        settings = self.recipe.survey
        options = {source.name: read_options(source) for source in self.recipe.sources}
        shards = {shard.number: shard for shard in plan.shards}
        wanted = {n: survey_fingerprint(s, options[s.source], settings.least_chars) for n, s in shards.items()}

        def survey(number: int) -> Item:
            shard = shards[number]
            restore_split(self.recipe, self.folder, shard)
            arguments = (self.folder, shard, options[shard.source], settings.least_chars)
            return Item(f"survey part-{number:05d}", survey_shard, arguments, shard.bytes)

        surveys = self.stages.each("survey", wanted, survey, (SURVEYED,), "bytes")
        expected = templates_fingerprint(surveys, settings)
        arguments = (self.folder, surveys, settings, expected, self.memory // MERGE_SHARE)
        receipt = self.stages.whole(
            "templates", expected, ("templates",), lambda: Item("templates", find_templates, arguments)
        )
        digests: dict[str, str] = receipt["digests"]
        return digests

    def _scan(self, plan: Plan, surveyed: Mapping[str, str]) -> dict[int, Receipt]:
        cut, survey = self.recipe.normalize, self.recipe.survey
        settings = {
            source.name: ScanSettings(
                read_options(source), self.recipe.filters, self.recipe.signing,
                Cutting(cut.cut_boilerplate, cut.cut_templates, surveyed.get(source.name), survey.least_chars),
                self.recipe.dictionaries,
            )
            for source in self.recipe.sources
        }  # fmt: skip
        # A shard that could not be surveyed cannot be read either; the next run tries again.
        shards = {s.number: s for s in plan.shards if f"part-{s.number:05d}" not in self.stages.failed}
        wanted = {number: settings[shard.source].fingerprint(shard) for number, shard in shards.items()}

        def item(number: int) -> Item:
            shard = shards[number]
            restore_split(self.recipe, self.folder, shard)
            return Item(
                f"scan part-{number:05d}", scan_shard, (self.folder, shard, settings[shard.source]), shard.bytes
            )

        return self.stages.each("scan", wanted, item, SCANNED, "bytes")

    def _settle_ids(self, parts: Parts, scans: Mapping[int, Receipt]) -> dict[int, dict[str, str]]:
        """Return the digests of each part's tables as they are once ids are settled."""
        prints = {number: receipt["fingerprint"] for number, receipt in scans.items()}
        wanted = fingerprint(IDENTITY_VERSION, [[n, prints[n], scans[n]["outputs"]] for n in parts.numbers])
        receipt = self.stages.whole("ids", wanted, (), lambda: Item("ids", settle_ids, (parts, prints, wanted)))
        return {n: scans[n]["outputs"] | receipt["outputs"].get(str(n), {}) for n in parts.numbers}

    def _dedup(self, parts: Parts, outputs: Mapping[int, Mapping[str, str]]) -> None:
        recipe = self.recipe
        tables = ["documents", "signatures", *(["attributes"] if recipe.preference.attributes else [])]
        digests = [[n, *(outputs[n][table] for table in tables)] for n in parts.numbers]
        levels = recipe.dedup.model_dump(exclude={"prefer", "index"})
        preference = recipe.preference
        wanted = fingerprint(DEDUP_VERSION, levels, asdict(recipe.signing), preference.fingerprint(), digests)
        if recipe.signing.unit == "words":
            parts = WordParts(parts.folder, parts.numbers, recipe.dictionaries)
        if self.index is not None:
            parts, wanted = self.index.find(self.stages, parts, wanted)
        deduplicate(self.stages, parts, recipe.dedup, recipe.signing, preference, wanted, self.memory)

    def _passages(self, parts: Parts, outputs: dict[int, dict[str, str]]) -> None:
        """Measure passages; what is judged depends on them from now on."""
        read = ["documents", *(["attributes"] if self.recipe.preference.attributes else [])]
        digests = {n: [outputs[n][table] for table in read] for n in parts.numbers}
        settings, preference = self.recipe.passages, self.recipe.preference
        for number, receipt in find_passages(self.stages, parts, settings, preference, digests, self.memory).items():
            outputs[number] = {**outputs[number], **receipt["outputs"]}

    def _answers(self, parts: Parts, outputs: dict[int, dict[str, str]], files: Sequence[Path]) -> None:
        """Join what people said; what is judged depends on it from now on."""
        digests = [digest_file(path) for path in files]
        wanted = {n: fingerprint(ANSWERS_VERSION, digests, outputs[n]["documents"]) for n in parts.numbers}

        def item(number: int) -> Item:
            return Item(f"answers part-{number:05d}", write_answers, (parts, number, files, wanted[number]))

        done = self.stages.each("answers", wanted, item, (ANSWERS,), "parts")
        if len(done) < len(wanted):
            raise ShardError(f"answers: {next(iter(self.stages.failed.values()))}")
        for number, receipt in done.items():
            outputs[number] = {**outputs[number], **receipt["outputs"]}

    def _judge(self, parts: Parts, outputs: Mapping[int, Mapping[str, str]]) -> None:
        policy = self.recipe.policy
        rules = [asdict(rule) for rule in policy.rules]
        clusters = self.stages.receipts["dedup"][0]["outputs"]
        tables = ("documents", "attributes", "passages")
        attributes = {n: [n, *(outputs[n].get(table) for table in tables)] for n in parts.numbers}
        if self.recipe.answers.rounds:
            attributes = {n: [*digests, outputs[n][ANSWERS]] for n, digests in attributes.items()}
        elected = fingerprint(JUDGE_VERSION, rules, clusters, list(attributes.values()))
        arguments = (parts, policy, elected)
        receipt = self.stages.whole("elect", elected, ("survivors",), lambda: Item("elect", elect_survivors, arguments))
        # A part's verdicts depend on where it lies in survivors.parquet, so on the parts before it.
        wanted = {n: fingerprint(JUDGE_VERSION, rules, receipt["outputs"], attributes[n]) for n in parts.numbers}

        def item(number: int) -> Item:
            return Item(f"judge part-{number:05d}", judge_part, (parts, number, policy, wanted[number]))

        self.stages.each("judge", wanted, item, ("verdicts",), "parts")

    def _write(self, outputs: Mapping[int, Mapping[str, str]]) -> None:
        disposition = self.recipe.disposition
        made = disposition.fingerprint()  # with the spans, which are attributes
        wanted = {
            number: fingerprint(
                WRITE_VERSION, receipt["outputs"], outputs[number]["documents"],
                [made, outputs[number]["attributes"]] if disposition.disposes else None,
            )
            for number, receipt in self.stages.receipts["judge"].items()
        }  # fmt: skip

        def item(number: int) -> Item:
            return Item(f"write part-{number:05d}", write_part, (self.folder, number, wanted[number], disposition))

        self.stages.each("write", wanted, item, ("corpus",), "parts")
