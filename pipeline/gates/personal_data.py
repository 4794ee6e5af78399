"""The gate `personal_data`: every run masked what its policy masks; the technical sample looks for what is left."""

from collections.abc import Mapping
from typing import Any

from filters.personal_lexicon import categories
from pipeline.clauses import clauses
from pipeline.gates.finding import Finding
from pipeline.gates.inspection import Inspection, listed


def personal_data(look: Inspection) -> Finding:
    """Look at what each run did with personal data.

    A run whose policy keeps all identifiers is refused as one that has masking switched off; one that keeps some kinds
    may go on, but with these nothing is shown to be masked.
    """
    said = {run: None if summary is None else summary.get("personal_data") for run, summary in look.summaries.items()}
    kept = {run: kinds for run, done in said.items() if (kinds := _kept(done or {}))}
    off = [run for run, done in said.items() if not done or done.get("disposition") != "on" or _all_kept(done)]
    keyed = [run for run, done in said.items() if done and done.get("pseudonymised")]
    figures = {"runs": said, "pseudonymised": keyed, "kept": kept}
    passed = not off
    if off:
        reason = f"runs that are not there any more, or left personal data as they were: {listed(off)}"
    elif kept:
        parts = (f"{run} ({', '.join(f'{kind} {number:,}' for kind, number in one.items())})"
                 for run, one in kept.items())  # fmt: skip
        reason = f"identifiers of some kinds are kept as they were, as the policies say: {listed(parts)}"
    else:
        kind = "pseudonymised with a key, so de-identified only" if keyed else "replaced by placeholders, no value kept"
        reason = f"personal data are {kind}, in all {len(said)} run(s), as their policies say"
    remedy = 'run the recipe again without personal_data = "off"' if off else ""
    if kept:
        remedy = 'run the recipe again with [personal_data] default = "mask"'
    return Finding("personal_data", clauses("ground", "deidentified"), passed, reason, figures, remedy)


def _kept(done: Mapping[str, Any]) -> dict[str, int]:
    """Return how many values were kept, by kind, of kinds that are somebody's identifiers."""
    known = categories()
    return {kind: n for kind, n in done.get("kept", {}).items() if n and (kind not in known or not known[kind].open)}


def _all_kept(done: Mapping[str, Any]) -> bool:
    return bool(_kept(done)) and not (done.get("masked") or done.get("pseudonymised"))
