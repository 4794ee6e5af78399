"""The verbs `release` and `verify`: what runs kept becomes something to train on, and anybody can check it."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import GateError

if TYPE_CHECKING:
    from pipeline.release.publishing import Request

RELEASE = """\
What the runs kept goes into WORKSPACE/releases/VERSION: Parquet files, a manifest with the digest of
every file, and evidence. Several runs are deduplicated against each other; what was taken down and what
is of barred sources stays out. Everything is written as a candidate first; if a gate refuses, nothing stands
under the version (exit 5), and releases/.candidates/VERSION/evidence/gates.json says why and what to do:
do that, and say the same again. Below 4,000 documents, or to try it out: a version with "trial" in it and --trial.

  qingyuan release 2026.11 web news
  qingyuan release 2026.11-trial sample --trial
  qingyuan release 2026.11-law web --subset domain=law --subset quality=0.5.. --mixture source:forum=0.2

A plan (--plan) says the same and more:

  [selection]
  domains = ["law", "finance"]     # also: sources, scripts, quality_from, quality_below
  [mixture.sources]
  forum = 0.2                      # a fifth of it; the same fifth every time
  [merge]
  duplicates = "near"              # or exact, keep
  [shards]
  target_mb = 256
"""

VERIFY = """\
Reads every file of a release, or of a copy of one, and compares it with the manifest; no workspace and
no network is asked. It finds any byte that was changed, and files that are missing or were added (exit 4).
Who changed files and manifest together is found by --root: what `qingyuan release` printed. --rows also reads
every row, and derives anew the root over the documents (by which samples were drawn) and what each source has.
"""


def add_verbs(
    add: Callable[..., argparse.ArgumentParser], memory_bytes: Callable[[str], int], positive: Callable[[str], int]
) -> None:
    """Add the verbs `release` and `verify`."""
    release = add("release", _release, "release what runs kept, if all gates let it pass", RELEASE)
    release.add_argument("version", help='what it is called, as 2026.11; a trial has "trial" in it')
    release.add_argument("runs", nargs="+", metavar="run", help="names of finished runs of the workspace")
    release.add_argument(
        "--trial", action="store_true", help="a release to try things out with; it never reads as passed"
    )
    release.add_argument("--plan", type=Path, help="TOML file that says what to take")
    release.add_argument(
        "--subset", action="append", default=[], metavar="KEY=…",
        help="take only source=A,B, domain=A,B, script=Hans, or quality=0.5..0.9; may be said for each",
    )  # fmt: skip
    release.add_argument(
        "--mixture", action="append", default=[], metavar="KEY:NAME=SHARE",
        help="take a share of domain:NAME or source:NAME only",
    )  # fmt: skip
    release.add_argument(
        "--format", choices=["parquet", "jsonl"], help="jsonl: the same rows as JSON lines too (parquet alone)"
    )
    release.add_argument("--tokenizer", type=Path, help="a tokenizer.json whose tokens are counted beside words")
    release.add_argument(
        "--by", default="operator", metavar="WHO", help="who releases it, a pseudonym for the audit (%(default)s)"
    )
    release.add_argument("--workers", type=positive, default=1, help="processes for deduplication (%(default)s)")
    release.add_argument("--memory", type=memory_bytes, default=memory_bytes("1.5GB"), help="what each may use (1.5GB)")
    release.add_argument("--quiet", action="store_true", help="no progress on stderr")
    verify = add("verify", _verify, "check a release offline", VERIFY)
    verify.add_argument("release", help="its folder, or its version in the workspace")
    verify.add_argument("--root", help="the root that it must have")
    verify.add_argument("--rows", action="store_true", help="read every row too: takes several times as long")
    verify.add_argument("--key", type=Path, help="public key by which its manifest must be signed")
    verify.add_argument("--quiet", action="store_true", help="no progress on stderr")


def _release(options: argparse.Namespace) -> int:
    from pipeline.gates import evaluate  # noqa: PLC0415
    from pipeline.release.plan import read_form  # noqa: PLC0415
    from pipeline.release.staging import Request, is_entered  # noqa: PLC0415
    from pipeline.release.tokenizer import load_tokenizer  # noqa: PLC0415
    from pipeline.request.records import checked_by  # noqa: PLC0415

    form = read_form(options.plan, options.subset, options.mixture, options.format)
    tokenizer = None if options.tokenizer is None else load_tokenizer(options.tokenizer)
    request = Request(
        options.version, tuple(options.runs), options.workspace, form, options.trial, evaluate, checked_by(options.by),
        tokenizer,
    )  # fmt: skip
    there = is_entered(request)
    manifest = _made(request, options.workers, options.memory, quiet=options.quiet)
    if options.json:
        print(json.dumps(manifest, ensure_ascii=False, indent=2))
    else:
        print(_said(manifest, request.folder, "Already released:" if there else "Released"))
    return 0


def _made(request: "Request", workers: int, memory: int, *, quiet: bool = False) -> dict[str, Any]:
    from flows.progress import choose  # noqa: PLC0415
    from pipeline.pool import InProcess, ProcessPool  # noqa: PLC0415
    from pipeline.release.staging import release  # noqa: PLC0415
    from pipeline.worker import limit_threads  # noqa: PLC0415

    progress = choose(quiet=quiet)
    limit_threads()
    try:
        if workers == 1:
            return release(request, InProcess(progress.advance), progress, memory)
        with ProcessPool(workers, progress.advance) as pool:
            return release(request, pool, progress, memory)
    finally:
        progress.finish()


def propose(version: str, run: str, workspace: Path, workers: int, memory: int) -> dict[str, Any]:
    """Make a candidate of a run, all of it; a version that says trial is one. Released only if no gate refuses it.

    Returns:
        version; released; root, empty unless released; refused: what the gates say, empty if released.
    """
    from pipeline.gates import evaluate  # noqa: PLC0415
    from pipeline.release.plan import TRIAL, read_form  # noqa: PLC0415
    from pipeline.release.staging import Request  # noqa: PLC0415

    form = read_form(None, (), (), None)
    request = Request(version, (run,), workspace, form, TRIAL in version, evaluate, "operator")
    try:
        return {"version": version, "released": True, "root": _made(request, workers, memory)["root"], "refused": ""}
    except GateError as error:
        return {"version": version, "released": False, "root": "", "refused": str(error)}


def _said(manifest: dict[str, Any], folder: Path, done: str) -> str:
    data = [one for one in manifest["files"] if "rows" in one]
    trial = " (trial: not for production)" if manifest["trial"] else ""
    head = f"{done} {manifest['version']}{trial}: {manifest['documents']:,} documents, {manifest['characters']:,} "
    size = sum(one["bytes"] for one in data) / 1e6
    lines = [head + f"characters, {len(data)} file(s) of {size:,.1f} MB"]
    lines += [f"  {count:,} left out: {reason}" for reason, count in manifest["removed"]["left_out"].items()]
    kept = manifest["kept"]
    if kept is not None:
        share = 1 - kept["bytes_in_kept_pages"] / max(1, kept["bytes"])
        lines.append(
            f"  since {manifest['previous']['version']}: {kept['files_kept']} of {kept['files']} files kept; "
            f"{share:.2%} of the bytes are new, counted by pages"
        )
    return "\n".join([*lines, f"  root {manifest['root']}", f"  {folder}"])


def _verify(options: argparse.Namespace) -> int:
    from flows.progress import choose  # noqa: PLC0415
    from pipeline.release.manifest import NAME  # noqa: PLC0415
    from pipeline.release.verify import Fault, check  # noqa: PLC0415
    from pipeline.store import read_json  # noqa: PLC0415

    folder = Path(options.release)
    if not folder.is_dir():
        folder = options.workspace / "releases" / options.release
    manifest = read_json(folder / NAME) or {}
    key = None
    if options.key is not None:
        from pipeline.release.signature import fingerprint_of  # noqa: PLC0415 - its library takes a while to load

        key = fingerprint_of(options.key)
    progress = choose(quiet=options.quiet)
    files = manifest.get("files")
    size = sum(one["bytes"] * (1 + (options.rows and "rows" in one)) for one in files) if isinstance(files, list) else 1
    progress.stage("verify", size, "bytes")
    try:
        faults = check(folder, progress.advance, options.key, rows=options.rows)
    finally:
        progress.finish()
    root = manifest.get("root")
    if options.root is not None and options.root.lower() != root:
        faults.insert(0, Fault(NAME, f"its root is {root}, not {options.root}"))
    if options.json:
        found = [{"path": one.path, "fault": one.fault} for one in faults]
        said = {key: manifest.get(key) for key in ("version", "state", "trial", "documents", "root")}
        signed = {} if key is None else {"key_sha256": key}
        print(json.dumps({**said, **signed, "whole": not faults, "faults": found}, ensure_ascii=False, indent=2))
    elif faults:
        print("\n".join([f"{folder} is not as it was released:", *(f"  {one}" for one in faults)]))
    else:
        state = "" if manifest["state"] == "released" else f" (a {manifest['state']}, not released)"
        rows = f", all {manifest['documents']:,} documents too" if options.rows else ""
        print(f"{folder}{state}: all {len(manifest['files'])} files as released{rows}\n  root {manifest['root']}")
        print("  signature not checked (--key)" if key is None else f"  signed by the key {options.key}, sha256 {key}")
    return 4 if faults else 0
