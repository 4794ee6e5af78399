"""Deduplication as a run carries it out: in one step where the run fits into memory, else in tasks over files.

order ─► keys (groups of parts) ─► pairs (partitions of bands) ─► likely (slabs of pairs) ─► split ─► texts (groups)
      ─► compare (slices of pairs) ─► lead ─► compare (the rest) ─► dedup
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from pipeline.banding import cut_bands, cut_codes, keep_likely, pair_partition, write_keys
from pipeline.comparison import LARGE, LEADING, SMALL, compare, lead, split_components, write_texts
from pipeline.dedup import find_duplicates, fits, join_clusters, rank_documents
from pipeline.errors import ShardError
from pipeline.executor import Item
from pipeline.form import Deduplication
from pipeline.parts import Parts
from pipeline.preference import Preference
from pipeline.scratch import Scratch
from pipeline.signing import Signing
from pipeline.stage import Receipt, Stages
from pipeline.store import fingerprint

TABLES = ("clusters", "pairs")

GROUP_BYTES = 1200
"""What a document costs while its group's signatures and keys are written: its signature as read and as kept, and the
keys of its bands."""

PAIRS_IN_TASK = 4_000_000
"""Comparisons of one task: tens of seconds."""


@dataclass
class _Tasks:
    """Carries out steps, each in tasks; the receipts of all of them lie with what they put aside."""

    stages: Stages
    wanted: str
    cpu_seconds: float = 0.0
    items: int = 0
    made: list[str] = field(default_factory=list)

    def each(
        self,
        step: str,
        arguments: Mapping[int, tuple[Any, ...]],
        function: Callable[..., Receipt],
        weight: Mapping[int, int],
        unit: str,
    ) -> dict[int, Receipt]:
        """Carry out a step: one task for each number, called with its arguments and its fingerprint.

        Raises:
            ShardError: a task failed; clusters cannot be found without it.
        """
        depends = fingerprint(self.wanted, *self.made, step)
        wanted = {number: fingerprint(depends, number, repr(one[1:])) for number, one in arguments.items()}

        def item(number: int) -> Item:
            name = f"dedup {step} {number:05d}"
            return Item(name, function, (*arguments[number], wanted[number]), max(1, weight[number]))

        done = self.stages.each(f"dedup-{step}", wanted, item, (), unit)
        for part, error in self.stages.failed.items():
            raise ShardError(f"dedup, {part}: {error}")
        self.cpu_seconds += sum(receipt["cpu_seconds"] for receipt in done.values())
        self.items += len(done)
        self.made.append(fingerprint([{k: v for k, v in one.items() if k != "cpu_seconds"} for one in done.values()]))
        return done


def deduplicate(
    stages: Stages, parts: Parts, dedup: Deduplication, signing: Signing, preference: Preference, wanted: str,
    memory: int,
) -> Receipt:  # fmt: skip
    """Find a run's clusters, unless they are there.

    Raises:
        ShardError: a step failed.
    """
    arguments = (parts, dedup, signing, preference, wanted, memory)
    scratch = Scratch(parts, signing, dedup.threshold, memory, _groups(parts, memory))
    if fits(parts.rows, memory) or stages.done("dedup", wanted, TABLES):
        receipt = stages.whole("dedup", wanted, TABLES, lambda: Item("dedup", find_duplicates, arguments))
        scratch.remove()  # what a run that was killed left
        return receipt
    # Another budget cuts groups, cells and slabs elsewhere: what lies under the same numbers is then something else.
    depends = fingerprint(wanted, memory, scratch.groups)
    scratch.begin(depends)
    tasks = _Tasks(Stages(scratch.folder, stages.executor, stages.progress), depends)
    count = _compare_all(tasks, scratch, dedup, preference)
    last = (scratch, count, wanted, tasks.cpu_seconds)
    receipt = stages.whole("dedup", wanted, TABLES, lambda: Item("dedup", join_clusters, last))
    stages.records["dedup"].items += tasks.items
    scratch.remove()
    return receipt


def _groups(parts: Parts, memory: int) -> tuple[int, ...]:
    """Cut the parts into groups that fit into memory, never inside one."""
    room = max(1, memory // 2 // GROUP_BYTES)
    cuts = [0]
    for begin, end in pairwise(parts.offsets.tolist()):
        if end - cuts[-1] > room and begin > cuts[-1]:
            cuts.append(begin)
    return (*cuts, parts.rows)


def _compare_all(tasks: _Tasks, scratch: Scratch, dedup: Deduplication, preference: Preference) -> int:
    """Carry out all steps but the last; return how many files of edges there are."""
    order = tasks.each("order", {0: (scratch, dedup, preference)}, rank_documents, {0: 1}, "steps")[0]
    sizes = {g: high - low for g, (low, high) in enumerate(pairwise(scratch.groups))}
    ranges, partitions = cut_bands(scratch.signing.bands, order["texts"], scratch.memory)
    tasks.each("keys", {g: (scratch, g, ranges) for g in sizes}, write_keys, sizes, "documents")
    weight = {p: len(cells) * order["texts"] // ranges for p, cells in enumerate(partitions)}
    paired = tasks.each(
        "pairs", {p: (scratch, p, cells) for p, cells in enumerate(partitions)}, pair_partition, weight, "keys"
    )  # fmt: skip
    found = sum(receipt["pairs"] for receipt in paired.values())
    bounds = [0, *cut_codes(scratch, len(partitions), found).tolist(), 1 << 64]
    slabs = {s: (scratch, s, len(partitions), bound) for s, bound in enumerate(pairwise(bounds))}
    tasks.each("likely", slabs, keep_likely, dict.fromkeys(slabs, found // len(slabs)), "pairs")
    split = tasks.each("split", {0: (scratch, len(slabs))}, split_components, {0: 1}, "steps")[0]
    tasks.each(
        "texts", {g: (scratch, g) for g in sizes}, write_texts, _shares(split["involved"], sizes), "texts"
    )  # fmt: skip
    small = _slices(SMALL, split["components"], split["pairs"])
    first = [*small, *_slices(LARGE, split["large"], split["large"])]
    compared = _compare(tasks, scratch, first, 0)
    leading = tasks.each("lead", {0: (scratch, len(first))}, lead, {0: 1}, "steps")[0]
    rest = _slices(LEADING, leading["pairs"], leading["pairs"])
    if rest:
        compared += _compare(tasks, scratch, rest, len(first))
    return compared


def _shares(whole: int, sizes: Mapping[int, int]) -> dict[int, int]:
    """Share a number out by size, for progress."""
    total = max(1, sum(sizes.values()))
    return {number: whole * size // total for number, size in sizes.items()}


def _slices(kind: str, things: int, pairs: int) -> list[tuple[str, tuple[int, int], int]]:
    """Cut things with so many pairs into slices for tasks: kind, bounds, pairs."""
    number = max(1, -(-pairs // PAIRS_IN_TASK)) if things else 0
    cuts = [things * i // number for i in range(number + 1)] if number else [0]
    return [(kind, bounds, pairs // number) for bounds in pairwise(cuts)]


def _compare(tasks: _Tasks, scratch: Scratch, slices: list[tuple[str, tuple[int, int], int]], behind: int) -> int:
    numbers = range(behind, behind + len(slices))
    arguments = {n: (scratch, n, kind, bounds) for n, (kind, bounds, _) in zip(numbers, slices, strict=True)}
    weight = {n: pairs for n, (_, _, pairs) in zip(numbers, slices, strict=True)}
    tasks.each("compare", arguments, compare, weight, "pairs")
    return len(slices)
