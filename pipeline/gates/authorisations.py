"""The gate `authorisations`: what users have put in stands there only under an authorisation in force."""

from typing import Any

from pipeline.clauses import clauses
from pipeline.gates.candidate import BATCH_KEY
from pipeline.gates.finding import Finding
from pipeline.gates.inspection import Inspection, listed
from pipeline.registry import Source
from pipeline.sources.demands import batch_holds
from pipeline.sources.records import batches_of


def authorisations(look: Inspection) -> Finding:
    """Hold every document of users' input against its batch; one batch alone covers documents that name none."""
    asked = 0
    bad: list[dict[str, Any]] = []
    for (name, batch), documents in sorted(look.contents.batches.items(), key=lambda entry: (entry[0][0], str(entry))):
        source = look.opened.get(Source, name)
        if source is None or source.kind != "user_input":
            continue
        asked += documents
        batches = batches_of(look.opened, name)
        ours = [one for one in batches if one.batch == batch] if batch is not None or len(batches) > 1 else batches
        if not any(batch_holds(one, look.day) for one in ours):
            bad.append({"source": name, "batch": batch, "documents": documents})
    passed = not bad
    figures = {"documents_of_users": asked, "without_authorisation": bad}
    if not asked:
        reason = "no source of users' input is in it"
    elif passed:
        reason = f"all {asked:,} documents of users' input are under an authorisation in force"
    else:
        named = listed(f"{one['source']}/{one['batch'] or '(no batch)'} ({one['documents']})" for one in bad)
        reason = f"no authorisation in force covers {sum(one['documents'] for one in bad):,} documents: {named}"
    remedy = "" if passed else (
        f"take them down (qingyuan takedown), or enter what they are under (qingyuan source add … --authorise BATCH); "
        f"a document names its batch in its field {BATCH_KEY}"
    )  # fmt: skip
    return Finding("authorisations", clauses("user_input", "deletion"), passed, reason, figures, remedy)
