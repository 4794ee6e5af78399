"""The verb `takedown`: documents leave runs, indexes and the next release for good, with proof."""

import argparse
import getpass
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import RecipeError

if TYPE_CHECKING:
    from pipeline.request.clock import Clock
    from pipeline.request.demand import Demand
    from pipeline.request.records import Asked

DETAIL = """\
Documents are named by source and id, by URL, by a text that they hold, by the hash of their text, or by a
person's identifier in any spelling. They are looked for in every run, index and release; if nothing has
them, that is said and nothing changes. The request is entered with its ground and deadline (15 working days
unless takedown.toml in the workspace says otherwise), and the proof names every file written anew, with its
digest before and after, and the releases that hold any.

  qingyuan takedown --source web --id doc-17                    by id
  qingyuan takedown --url https://example.org/p/1 --dry-run     what would go, without changing anything
  qingyuan takedown --text passage.txt --twins                  what holds this passage, and all near-duplicates
  qingyuan takedown --subject -                                 a person; the identifier is typed unseen
  qingyuan takedown list | show 3 | decide 3 granted | revoke 3 --why "wrong person" | appeal 3 --ground "…"

Their rows leave every run and index (--index limits the indexes: what stays in others is unmasked text, and still
makes later runs drop its copies); a shard that is read again loses them again. Then run the recipes again: of each
cluster the best that is left comes back, unless --twins took all that resembles them. Until then, verdicts of
documents that were dropped as their copies still name their ids. Releases are never changed: the next one is made
without them. In rounds, samples and training data their texts are blanked, what people said stays, and the next sync
takes the tasks out of Label Studio. The input is yours: the proof names files and records. A record without an id is
known by its place, and followed where lines of its file are deleted; what else stands there then is said by the next
run. No text and no identifier is stored: salted hashes, also in the place of an id that is somebody's identifier.
"""
_ACTIONS = ("list", "show", "decide", "revoke", "appeal")


def add_arguments(verb: argparse.ArgumentParser, memory_bytes: Callable[[str], int]) -> None:
    """Give the verb its options; `memory_bytes` reads a size."""
    verb.add_argument("action", nargs="?", choices=_ACTIONS, metavar="ACTION", help=" | ".join(_ACTIONS))
    verb.add_argument("request", nargs="?", type=int, metavar="REQUEST", help="its number, for all but list")
    verb.add_argument("decision", nargs="?", choices=["granted", "refused"], help="of decide")
    named = verb.add_argument_group("what is named (one of these)")
    named.add_argument("--id", nargs="+", help="ids of documents of --source")
    named.add_argument("--source", help="name of the source that the ids are of")
    named.add_argument("--url", nargs="+", help="addresses that documents were found at")
    named.add_argument("--text", metavar="FILE", help="file with a text or passage that they hold; - reads stdin")
    named.add_argument("--hash", nargs="+", help="sha256 or xxh3-128 of their text, or of its folded form")
    named.add_argument(
        "--subject", metavar="FILE", help="file with an identifier of a person (- asks for it): number, address, name"
    )
    how = verb.add_argument_group("how")
    how.add_argument(
        "--index", action="append", help="take them out of this index only (default: all); may be said more than once"
    )
    how.add_argument(
        "--twins", action="store_true", help="also all in a cluster with them, and all that resembles them, anywhere"
    )
    how.add_argument("--ban", action="store_true", help="also keep out what is named should it come later")
    how.add_argument("--dry-run", action="store_true", help="only say what is found")
    how.add_argument("--pending", action="store_true", help="only enter the request; `decide` carries it out")
    how.add_argument("--memory", type=memory_bytes, default=memory_bytes("1.5GB"), help="what it may use (1.5GB)")
    entry = verb.add_argument_group("the request's entry")
    entry.add_argument("--ground", default="not said", help="why; personal data in it are masked")
    entry.add_argument("--asked-by", default="operator", metavar="WHO", help="pseudonym of whoever asks (%(default)s)")
    entry.add_argument("--by", default="operator", metavar="WHO", help="who enters or decides it (%(default)s)")
    entry.add_argument("--days", type=int, help="working days it may take, instead of those of takedown.toml")
    entry.add_argument("--why", default="", help="of a decision or its undoing")


def perform(options: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Carry the verb out; return the exit code."""
    # `qingyuan --help` must not wait for the pipeline's libraries.
    from pipeline.request.clock import load_clock  # noqa: PLC0415
    from pipeline.request.records import Asked, checked_by  # noqa: PLC0415

    if options.days is not None and options.days < 1:
        raise RecipeError("--days: at least one working day")
    options.by = checked_by(options.by)
    clock = load_clock(options.workspace, options.days)
    asked = Asked(options.ground, options.asked_by, options.by)
    if options.action is not None:
        return _act(options, clock, asked, say)
    from pipeline.request.removing import Manner, ask, check_workspace, seek  # noqa: PLC0415

    check_workspace(options.workspace)
    demand = _demand(options)
    if options.dry_run:
        return _say_found(seek(options.workspace, demand, _progress).as_json(), options, say)
    manner = Manner(
        None if options.index is None else tuple(options.index), options.twins, options.ban, options.memory
    )  # fmt: skip
    result = ask(options.workspace, demand, asked, clock, manner, pending=options.pending, report=_progress)
    say(json.dumps(result, ensure_ascii=False, indent=2) if options.json else _said(result))
    return 0


_seen: dict[str, int] = {}


def _progress(what: str, documents: int) -> None:
    before = _seen.get(what, 0)
    _seen[what] = before + documents
    step = 100_000
    if before // step != _seen[what] // step:
        sys.stderr.write(f"qingyuan takedown: {what}: {_seen[what]:,} documents looked through\n")


def _demand(options: argparse.Namespace) -> "Demand":
    from pipeline.request.demand import Hashes, Ids, Passage, Person, Urls  # noqa: PLC0415
    from pipeline.request.subject import Subject  # noqa: PLC0415

    ways = [name for name in ("id", "url", "text", "hash", "subject") if getattr(options, name) is not None]
    if len(ways) != 1:
        said = f"not {' and '.join(f'--{way}' for way in ways)} at once" if ways else "nothing was named"
        raise RecipeError(f"say one of --id, --url, --text, --hash and --subject: {said}")
    if (options.source is None) == (options.id is not None):
        raise RecipeError("--source and --id go together: an id is unique in its source only")
    if options.id is not None:
        return Ids(frozenset((options.source, identity) for identity in options.id))
    if options.url is not None:
        return Urls.of(options.url)
    if options.hash is not None:
        return Hashes.of(options.hash)
    if options.text is not None:
        return Passage.of(_read(options.text))
    if options.subject == "-" and sys.stdin.isatty():
        return Person(Subject.of(getpass.getpass("identifier (not shown): ")))
    return Person(Subject.of(_read(options.subject)))


def _read(path: str) -> str:
    try:
        return sys.stdin.read() if path == "-" else Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: cannot be read: {error}") from error


def _say_found(found: dict[str, Any], options: argparse.Namespace, say: Callable[[str], None]) -> int:
    if options.json:
        say(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        for what in ("runs", "indexes", "releases"):
            rows = ", ".join(f"{name} ({number})" for name, number in found[what].items())
            say(f"{what}: {rows or 'nothing'}")
        for source, identity in found["documents"]:
            say(f"  {source}  {identity}")
        say("Nothing was changed." + (" Near-duplicates are looked for without --dry-run." if options.twins else ""))
    return 0 if found["documents"] else RecipeError.exit_code


def _act(options: argparse.Namespace, clock: "Clock", asked: "Asked", say: Callable[[str], None]) -> int:
    from pipeline.database import open_registry, session  # noqa: PLC0415
    from pipeline.request import records, removing  # noqa: PLC0415

    removing.check_workspace(options.workspace)
    if options.action == "list":
        with session(open_registry(options.workspace)) as opened:
            found = records.list_requests(opened, clock)
        say(json.dumps(found, ensure_ascii=False, indent=2) if options.json else "\n".join(map(_line, found)) or "none")
        return 0
    if options.request is None:
        raise RecipeError(f"takedown {options.action}: which request? `qingyuan takedown list` numbers them")
    if options.action == "show":
        result = removing.show(options.workspace, options.request, clock)
    elif options.action == "revoke":
        result = removing.revoke(options.workspace, options.request, options.by, options.why)
        if not options.json:
            runs = ", ".join(result["runs"]) or "none has lost any"
            say(
                f"{result['documents']} documents are on the list no more; run the recipes of these runs again: {runs}."
            )
            return 0
    elif options.action == "appeal":
        with session(open_registry(options.workspace)) as opened:
            result = {"appeal": records.appeal(opened, options.request, asked, clock)}
    else:
        result = _decide(options, clock)
    say(json.dumps(result, ensure_ascii=False, indent=2) if options.json else _said(result))
    return 0


def _decide(options: argparse.Namespace, clock: "Clock") -> dict[str, Any]:
    from pipeline.database import open_registry, session  # noqa: PLC0415
    from pipeline.registry import Objection  # noqa: PLC0415
    from pipeline.request import records, removing  # noqa: PLC0415

    if options.decision is None:
        raise RecipeError("takedown decide: granted or refused?")
    granted = options.decision == "granted"
    with session(open_registry(options.workspace)) as opened:
        if opened.get(Objection, options.request) is not None:
            against = records.decide_appeal(opened, options.request, options.by, options.why, granted=granted)
            state = records.describe(opened, against, clock)["state"]
            steps = {
                "granted": f"qingyuan takedown revoke {against}",
                "refused": f"qingyuan takedown decide {against} granted",
            }
            to_do = steps.get(state, "nothing") if granted else "nothing"
            return {"appeal": options.request, "decision": options.decision, "to_do": to_do}
        if not granted:
            records.refuse(opened, options.request, options.by, options.why)
            return {"request": records.describe(opened, options.request, clock)}
    return removing.carry_out(options.workspace, options.request, options.by, clock, _progress)


def _line(one: dict[str, Any]) -> str:
    left = one["working_days_left"]
    clock = "LATE" if one["late"] else f"{left} working days left" if left is not None else "decided"
    line = (
        f"{one['request']:>4}  {one['state']:<8} by {one['way']:<8} until {one['deadline'][:10]} ({clock}), asked by "
    )
    line += str(one["asked_by"])
    line += f", {one['documents']} document(s)" if one["state"] in {"granted", "revoked"} else ""  # else not looked for
    waiting = [appeal for appeal in one["appeals"] if appeal["decision"] == "pending"]
    return line + "".join(f"; appeal {it['appeal']} waits until {it['deadline'][:10]}" for it in waiting)


def _place(file: str) -> str:
    """Return the folder of a file that goes with all of it, as of a candidate; else the file."""
    releases, folder, version, *inside = [*file.split("/"), "", ""]
    whole = releases == "releases" and folder in {".candidates", ".merging"} and any(inside)
    return f"{releases}/{folder}/{version}/" if whole else file


def _beside(result: dict[str, Any]) -> list[str]:
    """Say what was changed beside runs, and what the operator has to clean."""
    files = list(dict.fromkeys(_place(one["file"]) for one in result.get("beside", [])))
    later = "; tasks go with the next sync" if any(file.startswith("rounds/") for file in files) else ""
    lines = [f"Beside runs, blanked or removed: {', '.join(files)}{later}."] if files else []
    raw = sorted({(one["source"], one["file"]) for one in result.get("input", [])})
    named = ", ".join(f"{file} of {source}" for source, file in raw)
    return [*lines, f"Yours to clean: {named}; the proof says which records."] if raw else lines


def _said(result: dict[str, Any]) -> str:
    request = result.get("request")
    if not isinstance(request, dict):
        return "\n".join(f"{name}: {value}" for name, value in result.items())
    lines = [_line(request), f"      ground: {request['ground']}", f"      clock: {request['basis']}"]
    lines += [f"      appeal {one['appeal']}: {one['decision']}, {one['ground']}" for one in request["appeals"]]
    if "waits_for" in result:
        lines.append(f"Entered; it is carried out by: {result['waits_for']}")
    if "documents" in result:
        runs = sorted({one["run"] for one in result["runs"]})
        found = sum(one["documents"] for one in result["index"])
        lines.append(f"Taken out of the runs {', '.join(runs) or '(none)'}; {found} times out of indexes.")
        if result["run_again"]:
            again = ", ".join(result["run_again"])
            lines.append(
                f"Next: run the recipe of {again} again (qingyuan run RECIPE); no release is made of it before."
            )
        if result.get("again"):
            lines.append("This had been done before; nothing more was found.")
        if not runs and not found:
            lines.append("Nothing here had them. Should they come with a later run, they are left out.")
        for one in result.get("releases", []):
            by = f"replaced by {one['replaced_by']}" if one["replaced_by"] else "no release has replaced it yet"
            lines.append(f"In release {one['release']}: {len(one['rows'])} row(s); {by}.")
        lines += _beside(result)
        if result.get("not_compared"):
            lines.append(f"Indexes of words were not searched for near-duplicates: {', '.join(result['not_compared'])}")
        lines.append(f"Proof: {result['proof']}")
    return "\n".join(lines)
