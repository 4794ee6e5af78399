"""The gate `counted`: a candidate holds what it says it holds, or nothing else that is said of it can be believed."""

from pipeline.clauses import clauses
from pipeline.gates.finding import Finding
from pipeline.gates.inspection import Inspection, listed


def counted(look: Inspection) -> Finding:
    """Compare the sources that a candidate names with those in its files."""
    said = {name: count.documents for name, count in look.candidate.sources.items() if count.documents}
    there = {name: number for name, number in look.contents.sources.items() if number}
    differ = sorted(name for name in {*said, *there} if said.get(name, 0) != there.get(name, 0))
    whole = sum(there.values()) == look.candidate.documents
    same = look.contents.documents_root == look.candidate.documents_root
    passed = not differ and whole and same and look.candidate.documents > 0
    figures = {"documents": look.candidate.documents, "in_files": sum(there.values()), "differ": differ}
    if passed:
        reason = f"its files hold the {look.candidate.documents:,} documents of {len(said)} source(s) that it says"
    elif not look.candidate.documents:
        reason = "it holds no document"
    elif not differ and whole:
        reason = "its documents are others than those that it says"
    else:
        reason = f"it says {look.candidate.documents:,} documents, its files hold {sum(there.values()):,}"
        reason += f"; they differ in {listed(differ)}" if differ else ""
    remedy = "" if passed else f"make the candidate again: qingyuan release {look.candidate.version} RUN…"
    return Finding("counted", clauses("traceable"), passed, reason, figures, remedy)
