"""Results as a person reads them in a terminal; the same content as `--json` gives."""

from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import east_asian_width


def _width(text: str) -> int:
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def table(rows: Sequence[Sequence[object]], head: Sequence[str], right: frozenset[int] = frozenset()) -> str:
    """Lay rows out in columns, Chinese characters counted double; columns in `right` are set to the right."""
    cells = [list(head), *([_cell(value) for value in row] for row in rows)]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(head))]
    lines = []
    for row in cells:
        padded = [
            " " * (widths[c] - _width(text)) + text if c in right else text + " " * (widths[c] - _width(text))
            for c, text in enumerate(row)
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join([lines[0], "  ".join("─" * width for width in widths), *lines[1:]])


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def render_summary(summary: Mapping[str, Any]) -> str:
    """Show a run's summary: totals, sources, reasons, what went wrong, where the corpus lies."""
    done = sum(stage["items"] - stage["reused"] for stage in summary["stages"].values())
    documents = summary["documents"]
    state = "nothing was left to do" if done == 0 else f"{summary['wall_seconds']:.1f} s"
    lines = [
        f'run "{summary["run"]}" under policy "{summary["policy"]}": {state}',
        " ".join(
            (
                f"{documents['in']:,} records in = {documents['kept']:,} kept + {documents['dropped']:,} dropped",
                f"+ {documents['quarantined']:,} quarantined",
            )
        ),
        "",
    ]
    sources = [[name, *account.values()] for name, account in summary["sources"].items()]
    lines += [table(sources, ["source", "in", "kept", "dropped", "quarantined"], frozenset({1, 2, 3, 4})), ""]
    if summary["reasons"]:
        reasons = [[reason, number] for reason, number in summary["reasons"].items()]
        lines += [table(reasons, ["dropped for", "documents"], frozenset({1})), ""]
    if summary["review"]["documents"]:
        asked = [[reason, number] for reason, number in summary["review"]["reasons"].items()]
        lines += [f"{summary['review']['documents']:,} documents want a person's eyes (verdict.review):"]
        lines += [table(asked, ["for", "documents"], frozenset({1})), ""]
    if summary["rules_left_out"]:
        names = ", ".join(summary["rules_left_out"])
        lines.append(f"rules of {', '.join(summary['packs'])} not applied, since their filters are left out: {names}")
    lines += _personal_data(summary["personal_data"])
    if summary["ids_replaced"]:
        lines.append(f"{summary['ids_replaced']:,} documents had another's id and are named by their place instead")
    lines += _places(summary.get("taken_down_places") or {})
    if summary["records_lost_unknown"]:
        lines.append(f"{summary['records_lost_unknown']:,} archives break off: how many records they lost is unknown")
    if documents["quarantined"]:
        lines.append(f"warning: {documents['quarantined']:,} records could not be read; see quarantine/ and the report")
    for name, share in summary["over_quarantined"].items():
        lines.append(
            f'FAILED: source "{name}": {share:.1%} of its records are quarantined, more than its recipe allows'
        )
    for shard, error in summary["shards_failed"].items():
        lines.append(f"FAILED: {shard}: {error}")
    lines += [
        f"corpus  {summary['corpus']}  ({summary['kept_chars']:,} characters)",
        f"report  {summary['report']}",
        f"ask     qingyuan explain ID --run {summary['run']}",
    ]
    return "\n".join(lines)


def _places(found: Mapping[str, Sequence[str]]) -> list[str]:
    """Say what became of the places of documents that were taken down."""
    unknown = (
        "warning: something else stands at the place of a document that was taken down; it is left out, as it may be "
        "the same one, read otherwise (if it is not: takedown revoke, then by --hash or --text): "
    )
    said = (
        ("unknown", unknown),
        ("others", "another document stands at the place of one that was taken down, and stays: "),
        ("moved", "a document that was taken down has moved in its file, and is left out there: "),
    )
    return [f"{what}{', '.join(found[name])}" for name, what in said if found.get(name)]


def _mark(rule: Mapping[str, Any]) -> str:
    """✓ kept by this rule, ✗ dropped, ? a person should look."""
    if not rule["broken"]:
        return "✓"
    return "✗" if rule["action"] == "drop" else "?"


def render_risks(run: str, lines: Sequence[Mapping[str, Any]], disclaimer: str) -> str:
    """Show what looks for each of the 31 risks, and what remains."""
    rows = [
        [line["risk"], line["name"], ", ".join(line["drops"]) or None, ", ".join(line["reviews"]) or None,
         line["left_to"], line["note"] or None]
        for line in lines
    ]  # fmt: skip
    head = ["", "risk", "dropped for", "sent to review for", "the rest is for", "note"]
    return f'run "{run}"\n\n{table(rows, head)}\n\n{disclaimer}'


def _personal_data(done: Mapping[str, Any]) -> list[str]:
    """Say in one line each what became of personal data in the kept documents."""
    if done["disposition"] == "off":
        return ['warning: personal data stand in the corpus as they were found (personal_data = "off")']
    return [
        f"{what}  " + ", ".join(f"{number:,} {kind}" for kind, number in done[what].items())
        for what in ("masked", "pseudonymised")
        if what in done
    ]


def render_explanation(found: Mapping[str, Any]) -> str:
    """Show one document: verdict, origin, every rule with its value, cluster, edits."""
    if found["verdict"] == "quarantined":
        lost = "unknown" if found["records_lost"] is None else found["records_lost"]
        return (
            f"{found['id']}: quarantined\n{found['error']}\n"
            f"file {found['file']}, record {found['record']}, byte {found['offset']}; records lost: {lost}"
        )
    why = "" if found["reason"] is None else f" for {found['reason']} (all: {', '.join(found['failed'])})"
    why += f"; for review: {', '.join(found['review'])}" if found["review"] else ""
    origin = found["origin"]
    lines = [
        f"{found['id']}: {found['verdict']}{why}",
        f"{origin['source']}: {origin['file']}, record {origin['record']}, byte {origin['offset']}"
        + (f", {origin['url']}" if origin["url"] else ""),
        f"「{' '.join(found['excerpt'].split())}…」",
        "",
    ]
    rules = [[_mark(r), r["reason"], r["attribute"], r["value"], r["kept_if"]] for r in found["rules"]]
    lines += [table(rules, ["", "rule", "attribute", "value", "kept if"], frozenset({3})), ""]
    cluster = found["cluster"]
    if cluster["size"] > 1:
        lines.append(f"cluster {cluster['cluster']} of {cluster['size']}: {', '.join(cluster['members'])}")
        if cluster["of"] is not None:
            where = "" if cluster["of_run"] is None else f" of run {cluster['of_run']}"
            lines.append(f"duplicates {cluster['of']}{where} (Jaccard {cluster['jaccard']:.4f})")
        if cluster["twin"] is not None and cluster["twin"]["pair"] is not None:
            lines += _pair(cluster["twin"]["pair"])
        lines.append("")
    lines += [f"{e['start']}–{e['end']} {e['kind']}: was {e['removed']!r}" for e in found["edits"][:20]]
    if len(found["edits"]) > 20:  # noqa: PLR2004 - as many as were listed
        lines.append(f"… {len(found['edits']) - 20} more edits")
    places = found["personal_data"] or []
    lines += [f"{p['start']}–{p['end']} personal data: {p['kind']}" for p in places[:20]]
    if len(places) > 20:  # noqa: PLR2004 - as many as were listed
        lines.append(f"… {len(places) - 20} more")
    others = [[name, _brief(value)] for name, value in found["attributes"].items() if name != "personal.spans"]
    return "\n".join([*lines, table(others, ["attribute", "value"], frozenset({1}))])


def _pair(pair: Mapping[str, Any]) -> list[str]:
    """Show two excerpts, one below the other; ⟦…⟧ is where they differ."""
    from pipeline.differences import marked  # noqa: PLC0415 - masks, with all that finds personal data: seconds

    before = "…" if pair["start"] else ""
    shown = [["kept", pair["kept"]], ["dropped", pair["other"]]]
    rows = [[name, one["id"], one["source"], f"{before}{marked(one['excerpt'])}…"] for name, one in shown]
    widths = [max(_width(row[column]) for row in rows) for column in range(3)]
    return [
        "  " + "  ".join([*(row[c] + " " * (widths[c] - _width(row[c])) for c in range(3)), row[3]]) for row in rows
    ]


def render_clusters(clusters: Sequence[Mapping[str, Any]]) -> str:
    """Show the largest clusters, each with the dropped document that resembles its survivor least."""
    lines = []
    for one in clusters:
        kinds = ", ".join(f"{number:,} {kind}" for kind, number in one["kinds"].items())
        similar = "" if one["jaccard"] is None else f"; least Jaccard {one['jaccard']:.4f}"
        lines.append(f"cluster {one['cluster']}: {one['size']:,} documents ({kinds}){similar}")
        lines += [] if one["pair"] is None else _pair(one["pair"])
    return "\n".join(lines)


def _brief(value: object) -> object:
    """Show places in the text by their number and the first three, so that they do not widen the whole table."""
    if not isinstance(value, list):
        return value
    first = ", ".join(f"{span['start']}–{span['end']} {span['kind']}" for span in value[:3])
    return f"{len(value)}: {first}{' …' if len(value) > 3 else ''}" if value else "none"  # noqa: PLR2004


def render_replay(result: Mapping[str, Any]) -> str:
    """Show what another policy would keep, beside what was kept."""
    now, before = result["documents"], result["before"]
    lines = [f'run "{result["run"]}": {before["kept"]:,} kept; under this policy {now["kept"]:,}', ""]
    names = list(dict.fromkeys([*result["reasons"], *before["reasons"]]))
    rows = [[name, before["reasons"].get(name, 0), result["reasons"].get(name, 0)] for name in names]
    lines += [table(rows, ["dropped for", "then", "now"], frozenset({1, 2})), ""]
    asked, asked_before = result["review"]["reasons"], before["review"]["reasons"]
    if asked or asked_before:
        rows = [[n, asked_before.get(n, 0), asked.get(n, 0)] for n in dict.fromkeys([*asked, *asked_before])]
        lines += [table(rows, ["for review", "then", "now"], frozenset({1, 2})), ""]
    changes = [[change, one["documents"], ", ".join(one["examples"])] for change, one in result["changed"].items()]
    lines.append(
        table(changes, ["change", "documents", "such as"], frozenset({1})) if changes else "no verdict changes"
    )
    return "\n".join(lines)
