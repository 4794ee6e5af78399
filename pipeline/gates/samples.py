"""The gates `manual_sample` and `technical_sample`: what people and machines found in samples of this very release."""

from math import ceil

from pipeline.clauses import Clause, clauses
from pipeline.gates.finding import Finding
from pipeline.gates.inspection import Inspection
from pipeline.registry import Draw, Release, Session, func, select
from pipeline.sources.assessments import RoundOf, Standing, rounds_of, stand

LEAST_MANUAL = 4_000
"""Items that people look at, at least."""
LEAST_TECHNICAL = 0.1
"""Part of all items that machines look at, at least."""


def manual_size(documents: int) -> int:
    """Return how many documents people must look at: all of a release that has fewer than the least."""
    return min(documents, LEAST_MANUAL)


def technical_size(documents: int) -> int:
    """Return how many documents machines must look at."""
    return ceil(LEAST_TECHNICAL * documents)


def manual_sample(look: Inspection) -> Finding:
    """Check that people found at least 96 % of a large enough sample free of all 31 risks."""
    rests = clauses("manual_sample", "assessment_annex", "filtered_by")
    small = look.candidate.documents < LEAST_MANUAL
    if small and not look.candidate.trial:
        reason = f"{look.candidate.documents:,} documents, and a sample is of {LEAST_MANUAL:,}: it can only be a trial"
        remedy = f"qingyuan release {look.candidate.version}-trial RUN… --trial"
        return Finding("manual_sample", rests, False, reason, {"documents": look.candidate.documents}, remedy)
    return _sample(look, "acceptance", "manual_sample", rests, manual_size(look.candidate.documents))


def technical_sample(look: Inspection) -> Finding:
    """Check that keywords and classifiers found at least 98 % of a tenth of all free of risks."""
    rests = clauses("technical_sample", "assessment_annex", "filtered_by")
    return _sample(look, "technical", "technical_sample", rests, technical_size(look.candidate.documents))


def stand_of_release(opened: Session, version: str, root: str, phase: str) -> tuple[Standing, int]:
    """Return how this state of the release stands, and how many rounds of earlier states failed.

    Samples of other data do not count for these, but if one failed under this version, or under any other since the
    last release, these must pass with confidence: otherwise one could change a document, or the version, or only how
    files are cut, and draw again until a sample passes.
    """
    every = rounds_of(opened, phase, release=version)
    ours = [one for one in every if one.draw.root == root]
    earlier = [one for one in every if one.draw.root != root] + _of_others(opened, version, phase)
    failed = sum(one.counted is not None and one.counted.decision == "barred" for one in earlier)
    unfinished = sum(one.counted is None for one in earlier)
    return stand(phase, ours, after_failure=failed + unfinished > 0), failed + unfinished


def _of_others(opened: Session, version: str, phase: str) -> list[RoundOf]:
    """Return the samples of other versions that came to nothing: since the last release that is no trial."""
    released = opened.scalars(select(Release.version)).all()
    last = opened.scalars(select(func.max(Release.released_at)).where(Release.trial.is_(False))).one()
    drawn = select(Draw.release).where(Draw.phase == phase, Draw.release.not_in([version, *released])).distinct()
    names = opened.scalars(drawn if last is None else drawn.where(Draw.drawn_at > last)).all()
    return [one for name in names if name is not None for one in rounds_of(opened, phase, release=name)]


def _sample(look: Inspection, phase: str, gate: str, rests: tuple[Clause, ...], least: int) -> Finding:
    candidate = look.candidate
    standing, failed = stand_of_release(look.opened, candidate.version, candidate.documents_root, phase)
    n = max((one.counted.n for one in standing.rounds if one.counted is not None), default=0)
    passed = standing.verdict == "passed" and n >= least
    reason = standing.why if n >= least or standing.verdict != "passed" else f"{n:,} were looked at, {least:,} must be"
    if passed and candidate.trial:
        reason = f"trial, no acceptance: {reason}"
    figures = {"least": least, "least_share": 1 - standing.pooled.limit_bp / 10_000, "earlier_failed": failed,
               **standing.as_json(), "confident_pass": standing.pooled.confident_pass}  # fmt: skip
    if candidate.trial and figures["verdict"] == "passed":
        figures["verdict"] = "trial"
    remedy = "" if passed else _remedy(candidate.version, standing)
    return Finding(gate, rests, passed, reason, figures, remedy, trial=candidate.trial)


def _remedy(version: str, standing: Standing) -> str:
    if standing.verdict == "undecided":
        labels = standing.rounds[-1].draw.labels
        return f"qingyuan annotate sync {labels}, until all is answered; then qingyuan accept {version}"
    if standing.verdict == "barred":
        return (
            "take out what is bad (its source, a stricter policy, takedown), and release again: a new sample is drawn"
        )
    return f"qingyuan accept {version}"
