"""The gate `taken_down`: what was taken out of the workspace is in no release."""

from pipeline.clauses import clauses
from pipeline.gates.finding import Finding
from pipeline.gates.inspection import Inspection


def taken_down(look: Inspection) -> Finding:
    """Look every document up in the list of what was taken out."""
    back = look.contents.taken_down
    counts = dict.fromkeys(sorted({source for source, _ in back}), 0)
    for source, _ in back:
        counts[source] += 1
    figures = {"taken_out": len(look.contents.removed), "found": len(back), "sources": counts}
    if back:
        reason = f"{len(back):,} documents that were taken out are in it: {counts}"
    else:
        reason = f"none of the {len(look.contents.removed):,} documents that were taken out is in it"
    remedy = f"make it again, it leaves them out: qingyuan release {look.candidate.version} RUN…" if back else ""
    return Finding("taken_down", clauses("deletion"), not back, reason, figures, remedy)
