"""The gate `personal_data`: every run masked what its policy masks; the technical sample looks for what is left."""

from pipeline.clauses import clauses
from pipeline.gates.finding import Finding
from pipeline.gates.inspection import Inspection, listed


def personal_data(look: Inspection) -> Finding:
    """Look at what each run did with personal data."""
    said = {run: None if summary is None else summary.get("personal_data") for run, summary in look.summaries.items()}
    off = [run for run, done in said.items() if not done or done.get("disposition") != "on"]
    keyed = [run for run, done in said.items() if done and done.get("pseudonymised")]
    figures = {"runs": said, "pseudonymised": keyed}
    passed = not off
    if off:
        reason = f"runs that are not there any more, or left personal data as they were: {listed(off)}"
    else:
        kind = "pseudonymised with a key, so de-identified only" if keyed else "replaced by placeholders, no value kept"
        reason = f"personal data are {kind}, in all {len(said)} run(s), as their policies say"
    remedy = 'run the recipe again without personal_data = "off"' if off else ""
    return Finding("personal_data", clauses("ground", "deidentified"), passed, reason, figures, remedy)
