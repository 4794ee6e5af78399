"""The gate `papers`: every source is registered and shows, today, all that its class must show."""

from pipeline.clauses import Clause, clauses
from pipeline.gates.finding import Finding
from pipeline.gates.inspection import Inspection, listed
from pipeline.registry import Source
from pipeline.sources.demands import Checked
from pipeline.sources.records import check_papers


def papers(look: Inspection) -> Finding:
    """Check the papers of every source, their bytes included."""
    unknown = [name for name in look.names if look.opened.get(Source, name) is None]
    checked = [check_papers(look.opened, look.workspace, name, look.day) for name in look.names if name not in unknown]
    lacking = [one for one in checked if one.lacks]
    passed = not unknown and not lacking
    figures = {
        "sources": len(look.names), "unregistered": unknown,
        "lacking": [one.as_json() for one in lacking],
        "until": {one.source: one.until.isoformat() for one in checked if one.until is not None},
    }  # fmt: skip
    if passed:
        reason = f"all {len(look.names)} source(s) show the papers of their class"
    else:
        parts = [f"not registered: {listed(unknown)}"] if unknown else []
        parts += [f'"{one.source}" lacks {listed(lack.line for lack in one.lacks)}' for one in lacking]
        reason = "; ".join(parts)
    return Finding("papers", _clauses(checked), passed, reason, figures, _remedy(unknown, lacking))


def _clauses(checked: list[Checked]) -> tuple[Clause, ...]:
    """Return what the demands on these sources rest on, each once."""
    rest = [clause for one in checked for demand in one.demands for clause in demand.clauses]
    return tuple(dict.fromkeys([*clauses("lawful_source"), *rest]))


def _remedy(unknown: list[str], lacking: list[Checked]) -> str:
    if unknown:
        return f"qingyuan source add {unknown[0]} --class …, with its papers; `qingyuan source add --help` says which"
    if lacking:
        first = lacking[0]
        return f"qingyuan source add {first.source} {first.lacks[0].demand.remedy}; qingyuan source check says all"
    return ""
