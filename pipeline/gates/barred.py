"""The gate `barred`: nothing is in a release of a source that somebody or its samples have barred."""

from pipeline.clauses import clauses
from pipeline.gates.finding import Finding
from pipeline.gates.inspection import Inspection
from pipeline.sources.barring import barred as barred_sources


def barred(look: Inspection) -> Finding:
    """Look for barred sources."""
    found = barred_sources(look.opened, look.names)
    reason = "; ".join(f'"{name}" {why}' for name, why in found.items()) or "no source in it is barred"
    remedy = (
        f"make it again without {', '.join(found)}: qingyuan release {look.candidate.version} RUN…" if found else ""
    )
    rests = clauses("before", "before_old", "after", "after_old")
    return Finding("barred", rests, not found, reason, {"barred": found}, remedy)
