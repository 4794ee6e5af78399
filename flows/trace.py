"""The verbs `trace`, `audit` and `sign`: where a released row comes from, and that nothing was changed since."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.errors import RecipeError

TRACE = """\
From a row of a release to its file and the proof that this is a file of the release, to its run, the place in the raw
input, every edit, rule and mask (kinds and places, never values), its cluster, its source with papers, and what
people said of it. RELEASE is a version of the workspace or a folder.
"""
AUDIT = """\
verify checks every seal of the registry's audit (exit 4 if a row was changed, left out or put in); with --file,
those of an extract, as a release has in evidence/audit.jsonl, without the registry.
"""
SIGN = """\
Signs the manifest of a release, and with it every file, with an Ed25519 key (PEM, mode 600) into manifest.json.sig;
`qingyuan verify RELEASE --key FILE.pub` checks it. Nothing is signed unless this is said.

  qingyuan sign --new-key keys/release.pem       makes a key, and keys/release.pem.pub to hand out
  qingyuan sign 2026.11 --key keys/release.pem
"""


def add_verbs(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the verbs."""
    trace = add("trace", _trace, "show where a row of a release comes from", TRACE)
    trace.add_argument("release", help="its version in the workspace, or its folder")
    trace.add_argument("id", help="the row's id")
    audit = add("audit", _audit, "check the chain of what was decided", AUDIT)
    audit.add_argument("action", choices=["verify"])
    audit.add_argument("--file", type=Path, help="an extract instead of the registry")
    sign = add("sign", _sign, "sign a release's manifest with a key file", SIGN)
    sign.add_argument("release", nargs="?", help="its version in the workspace, or its folder")
    sign.add_argument("--key", type=Path, help="the private key")
    sign.add_argument("--new-key", type=Path, metavar="FILE", help="make a key there instead")


def folder_of(release: str, workspace: Path) -> Path:
    """Return the folder of a release that is named by its version or its path.

    Raises:
        RecipeError: there is none.
    """
    for folder in (workspace / "releases" / release, Path(release)):
        if (folder / "manifest.json").is_file():
            return folder
    known = sorted(path.parent.name for path in (workspace / "releases").glob("[!.]*/manifest.json"))
    raise RecipeError(f"there is no release {release} in {workspace}; known: {', '.join(known) or 'none'}")


def _trace(options: argparse.Namespace) -> int:
    from pipeline.release.trace import trace  # noqa: PLC0415

    if not options.workspace.is_dir():
        raise RecipeError(f"there is no workspace {options.workspace}; say --workspace")
    found = trace(folder_of(options.release, options.workspace), options.id, options.workspace)
    print(json.dumps(found, ensure_ascii=False, indent=2, default=str) if options.json else _said(found))
    return 0 if found["file"]["proved"] else 4


def _audit(options: argparse.Namespace) -> int:
    if options.file is not None:
        from pipeline.audit import check_extract  # noqa: PLC0415

        if not options.file.is_file():
            raise RecipeError(f"there is no file {options.file}")
        rows = check_extract(options.file)
    else:
        import os  # noqa: PLC0415

        from pipeline.database import URL, check_audit, open_registry, session  # noqa: PLC0415

        if URL not in os.environ and not (options.workspace / "registry.db").is_file():
            raise RecipeError(f"{options.workspace} has no registry; say --workspace")
        with session(open_registry(options.workspace)) as opened:
            rows = check_audit(opened)
    print(json.dumps({"rows": rows, "whole": True}) if options.json else f"all {rows} rows are as they were written")
    return 0


def _sign(options: argparse.Namespace) -> int:
    from pipeline.release.manifest import SIGNATURE  # noqa: PLC0415
    from pipeline.release.signature import make_keys, sign_manifest  # noqa: PLC0415

    if options.new_key is not None:
        public = make_keys(options.new_key)
        said: dict[str, Any] = {"private": str(options.new_key), "public": str(public)}
    elif options.release is None or options.key is None:
        raise RecipeError("say a release and --key, or --new-key")
    else:
        folder = folder_of(options.release, options.workspace)
        said = {"signature": sign_manifest(folder, options.key), "file": str(folder / SIGNATURE)}
    print(json.dumps(said) if options.json else "\n".join(f"{name}: {value}" for name, value in said.items()))
    return 0


def _said(found: dict[str, Any]) -> str:
    release, row, file, document = found["release"], found["row"], found["file"], found["document"]
    trial = " (trial)" if release["trial"] else ""
    proved = "proved" if file["proved"] else "NOT PROVED: the file was changed"
    lines = [
        f"{row['id']}  in {release['version']}{trial}" + ("  TAKEN DOWN SINCE" if found["taken_down_since"] else ""),
        f"  row      {file['row']} of {file['path']}, leaf {file['leaf']} of {file['leaves']}: {proved}",
        f"  root     {file['root']}",
        f"  text     {row['characters']} characters: {' '.join(row['excerpt'].split())[:60]}…",
        *_source_lines(found["source"]),
    ]
    if "missing" in document:
        return "\n".join([*lines, f"  run      {row['run']}: {document['missing']}"])
    origin, verdict, cluster = document["origin"], document["verdict"], document["cluster"]
    broken = ", ".join(verdict["failed"]) or "–"
    lines += [
        f"  run      {document['run']}, part {document['part']}",
        f"  input    {document['input']}: {origin['file']}, record {origin['record']}, byte {origin['offset']}",
        f"  edits    {len(document['edits'])}"
        + "".join(f"\n           {one['kind']} at {one['start']}" for one in document["edits"][:20]),
        f"  verdict  {verdict['verdict']} by {len(document['rules'])} rules; broken: {broken}",
        f"  cluster  {cluster['cluster']}, {cluster['size']} documents",
    ]
    masks = document["masks"]
    if masks is None:
        lines.append("  masks    the released text was made from another one than the run has now")
    else:
        shown = ", ".join(f"{one['kind']} {one['done']} at {one['start']}–{one['end']}" for one in masks[:20])
        lines.append(f"  masks    {len(masks)}{': ' + shown if shown else ''}; every other character is the run's")
    lines += [
        f"  label    {one['round']} ({one['kind']}), {one['role']}: {one['label']}" for one in found.get("labels", [])
    ]
    return "\n".join(lines)


def _source_lines(source: dict[str, Any]) -> list[str]:
    known = source.get("now") or source["at_release"]
    if known is None:
        return [f"  source   {source['name']}: not in the registry"]
    papers = ", ".join(f"{one['kind']} {one['sha256'][:12]}…" for one in known["papers"]) or "none"
    return [f"  source   {source['name']}: {known['class']}, {known['licence'] or 'no licence'}; papers: {papers}"]
