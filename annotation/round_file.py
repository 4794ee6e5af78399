"""The file that describes a round: which documents, which kind of question, how many people, how they are checked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from annotation.consensus import METHODS
from annotation.kinds import Kind
from filters.domains import DOMAINS
from pipeline.errors import RecipeError
from pipeline.form import Count, Name, Names, Seconds, Share, Whole
from pipeline.toml import Strict, nearest, parse

COMPARISON = Kind.PREFERENCE
"""The kind of question that is asked about two versions of a text."""
STRATA = ("source", "verdict", "reason", "domain")


class RoundHead(Strict):
    """`[round]`: what is asked."""

    name: Name
    kind: str
    """One of the kinds of question: quality, safety, and so on."""
    rule_version: str
    """Of the instructions that people were examined on."""
    run: str | None = None
    """Finished run of the workspace that the documents come from; an exam has none."""
    runs: Names = ()
    """Instead of `run` where two versions of a text are compared: two finished runs over the same sources."""
    sample: str | None = None
    """File of documents that were drawn already, beside the round's own: `source assess` and `accept` write it."""
    release: str | None = None
    """Release that the sample is of: people see its texts exactly as they would be released."""
    purpose: Literal["work", "exam"] = "work"
    seed: Whole = 1
    overlap: Count = 3
    """People who answer each document, each alone."""
    consensus: str = "dawid_skene"
    domain_locked: str | None = None
    """Only people with a verified credential in this domain work in it; a policy may pay them a rate of their own."""
    show_predictions: bool = False
    """Show what filters measured; hidden by default, for people lean on what they are shown."""
    policy: str | None = None
    """Rules of pay, a TOML file relative to this one; by default the workspace's incentive.toml, if there is one."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the run or the runs that the documents come from."""
        return self.runs if self.run is None else (self.run,)


class Sampling(Strict):
    """`[sampling]`: which documents."""

    size: Count = 300
    include: Literal["all", "kept", "dropped"] = "all"
    by: Names = ()
    """Strata: any of source, verdict, reason, domain."""
    balanced: bool = False
    """Strata count by the square root of their documents, so that small ones are seen too."""
    focus: Literal["none", "thresholds", "uncertainty", "disagreement"] = "none"
    scores: Names = ()
    """Attributes in [0, 1] for uncertainty (one) and disagreement (several)."""


class Gold(Strict):
    """`[gold]`: documents whose answer is known, put among the others so that nobody can tell."""

    file: str | None = None
    """JSONL with id, text and label, relative to the round's file."""
    rate: Share = 0.05
    """Of each person's tasks; each person's own rate lies at random between 0.7 and 1.3 times this."""
    least: Whole = 0
    """Gold that each person has in the end at least, as far as there is so much. Pay rests on 20 or more. Whatever the
    number, each person gets gold of every class alike."""


class Review(Strict):
    """`[review]`: who looks at it again."""

    items: Literal["every", "audit", "none"] | None = None
    """Every item by default where the question is one of safety, else an audit of every batch."""
    batch: Count = 100
    share: Share = 0.1
    """Of a batch's items that an audit draws, one at least."""
    most_wrong: Share = 0.1
    """Of the audited items: more, and the batch goes back."""


class People(Strict):
    """`[people]`: who, and how much; by default everybody who is qualified."""

    annotators: Names | None = None
    reviewers: Names | None = None
    adjudicators: Names | None = None
    cap: Count = 2000
    """Tasks of this round that one person gets, at most."""
    daily_cap: Count = 400
    window: Count = 200
    """Unanswered tasks that one person has in Label Studio at once: it is filled up with every push."""
    floor_seconds: Seconds = 2.0
    """An answer in less was given without reading: it is kept, and does not count."""


class Exam(Strict):
    """`[exam]`: of a round whose purpose is one."""

    role: Literal["annotator", "reviewer", "adjudicator"] = "annotator"
    pass_score: Share = 0.8
    valid_days: Count = 180


class RoundFile(Strict):
    """The whole file."""

    round: RoundHead
    sampling: Sampling = Sampling()
    gold: Gold = Gold()
    review: Review = Review()
    people: People = People()
    exam: Exam = Exam()


@dataclass(frozen=True, slots=True)
class RoundPlan:
    """A checked round file and where it lies."""

    path: Path
    form: RoundFile

    @property
    def gold_file(self) -> Path | None:
        """Where the gold lies."""
        return None if self.form.gold.file is None else self.path.parent / self.form.gold.file

    @property
    def policy_file(self) -> Path | None:
        """Where the rules of pay lie that it names."""
        return None if self.form.round.policy is None else self.path.parent / self.form.round.policy

    @property
    def sample_file(self) -> Path | None:
        """Where the documents lie that were drawn already."""
        return None if self.form.round.sample is None else self.path.parent / self.form.round.sample


def load_round(path: Path) -> RoundPlan:
    """Read and check a round's file.

    Raises:
        RecipeError: it is missing or no TOML, a key is unknown, or what it says does not fit together.
    """
    where = f"round {path}"
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{where}: cannot be read: {error}") from error
    form = parse(RoundFile, text, where)
    check_round(form, where)
    return RoundPlan(path, form)


def check_domain(domain: str, where: str) -> None:
    """Refuse a domain that filters do not know.

    Raises:
        RecipeError: it is none of `filters.domains.DOMAINS`.
    """
    if domain not in DOMAINS:
        raise RecipeError(f'{where}: there is no domain "{domain}"{nearest(domain, DOMAINS)}')


def check_round(form: RoundFile, where: str) -> None:
    """Refuse what the keys alone do not show to be wrong."""
    head, sampling = form.round, form.sampling
    kinds = [str(kind) for kind in Kind]
    if head.kind not in kinds:
        raise RecipeError(f'{where}, round.kind: there is no kind of round "{head.kind}"{nearest(head.kind, kinds)}')
    for stratum in sampling.by:
        if stratum not in STRATA:
            raise RecipeError(f'{where}, sampling.by: there is no stratum "{stratum}"{nearest(stratum, STRATA)}')
    if head.domain_locked is not None:
        check_domain(head.domain_locked, f"{where}, round.domain_locked")
    if head.consensus not in METHODS:
        raise RecipeError(f'{where}, round.consensus: no method "{head.consensus}"{nearest(head.consensus, METHODS)}')
    least = {"uncertainty": 1, "disagreement": 2}.get(sampling.focus, 0)
    if len(sampling.scores) < least:
        raise RecipeError(f"{where}, sampling.scores: focus {sampling.focus} needs {least} attribute(s) at least")
    if head.purpose == "exam" and form.gold.file is None:
        raise RecipeError(f"{where}, gold.file: an exam asks only what is known; name a file of gold")
    if head.purpose == "work" and head.sample is None:
        _check_runs(head, where)


def _check_runs(head: RoundHead, where: str) -> None:
    if head.kind != COMPARISON:
        if head.run is None or head.runs:
            raise RecipeError(f"{where}, round.run: which run of the workspace do the documents come from? Say one")
        return
    if head.run is not None or len(head.runs) != 2 or len(set(head.runs)) != 2:  # noqa: PLR2004 - left and right
        raise RecipeError(f'{where}, round.runs: a comparison needs two runs over the same sources: ["web", "web2"]')
    if head.show_predictions:
        raise RecipeError(f"{where}, round.show_predictions: nothing that is measured suggests which version is better")
