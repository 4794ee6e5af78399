"""Build `sources/` and `expected.jsonl` from the originals and the plan: the same bytes every time.

    python sample_data/build.py [FOLDER]

writes into FOLDER, by default the folder of this script.
"""

import json
import random
import re
import shutil
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import variation
from document import Document, chance
from identifier import MAKERS, ORDINARY, WIDE
from pack import pack

HERE = Path(__file__).resolve().parent


def read_originals(plan: dict[str, Any]) -> Iterator[Document]:
    """Read the originals, with identifiers filled in and slogans repeated."""
    for path in sorted((HERE / "originals").glob("*.toml")):
        genre = tomllib.loads(path.read_text("utf-8"))
        for entry in genre["document"]:
            name = entry["id"]
            text = entry["text"].strip("\n")
            if "repeat" in entry:
                repeat = entry["repeat"]
                joint = repeat.get("join", "\n")
                text += joint + joint.join([repeat["line"]] * repeat["times"])
            document = Document(
                name,
                genre["genre"],
                entry.get("lect", genre.get("lect", "zh-Hans")),
                plan["move"].get(name, plan["home"][genre["genre"]]),
                entry["title"],
                text,
                f"original {name}: {genre['genre']}",
                entry.get("verdict", genre.get("verdict")),
                encoding=plan["encoding"].get(name),
            )
            document.why += f", {document.lect}"
            if "note" in entry:
                document.why += f"; {entry['note']}"
            if "pair" in entry:
                document.why += f"; looks like {entry['pair']} but says other things"
            fill(document, entry.get("ordinary", []))
            yield document


def fill(document: Document, ordinary: list[str]) -> None:
    """Put an identifier in place of every {{kind}} or {{kind:wide}} and note it down."""
    rng = chance(document.origin)
    made: list[tuple[str, str]] = []

    def put(match: re.Match[str]) -> str:
        value = MAKERS[match[1]](rng)
        made.append((match[1], value.translate(WIDE) if match[2] else value))
        return made[-1][1]

    document.text = re.sub(r"\{\{(\w+?)(:wide)?\}\}", put, document.text)
    document.personal = [{"kind": kind, "value": value} for kind, value in made if kind not in ORDINARY]
    document.ordinary = [value for kind, value in made if kind in ORDINARY]
    document.ordinary += [value for value in ordinary if not value.startswith("{{")]


SAME: dict[str, Callable[[str], str]] = {
    "exact": str,
    "widened": variation.widened,
    "shouted": variation.shouted,
    "spaced": variation.spaced,
    "traditional": variation.traditional,
}
MADE_NEAR: dict[str, Callable[[random.Random, str], str]] = {
    "edited": variation.edited,
    "prefixed": lambda rng, text: rng.choice(variation.COMMON) + text,
    "traditional and edited": lambda rng, text: variation.edited(rng, variation.traditional(text)),
}
DAMAGED: dict[str, tuple[Callable[[str], str], str]] = {
    "misread": (variation.misread, "garbled"),
    "riddled": (variation.riddled, "garbled"),
    "private": (variation.private, "garbled"),
    "stuttered": (variation.stuttered, "repetitive"),
}

TAIL_LINES = 30
"""Lines that spoil the end of a copy: with them more than half of all lines say the same."""


def replica(
    old: Document, container: str, text: str, why: str, reason: str | None = None, cluster: str | None = None
) -> Document:
    """Return a document made from an original."""
    lect = "zh-Hant" if ": traditional" in why else old.lect
    return Document(old.origin, old.genre, lect, container, old.title, text, why, reason, cluster)


def make_copies(plan: dict[str, Any], originals: dict[str, Document]) -> Iterator[Document]:
    """Make the planted copies: exact, near, spoilt."""
    for how, table in plan["copies"].items():
        for name, places in table.items():
            old = originals[name]
            targets = places[:1] if how == "appended" else places
            for container in targets:
                if how in SAME:
                    text = SAME[how](old.text)
                elif how == "appended":
                    text = f"{old.text}\n{places[1]}"
                else:
                    text = MADE_NEAR[how](chance(f"{how}:{name}"), old.text)
                yield replica(old, container, text, f"copy of {name}: {how}", cluster=name)
    for name, (container, reason, line) in plan["spoilt"].items():
        old = originals[name]
        text = "\n".join([old.text, *[line] * TAIL_LINES])
        why = f"copy of {name}: longer, but with a {reason} tail"
        yield replica(old, container, text, why, reason, cluster=name)


def make_wrecks(plan: dict[str, Any], originals: dict[str, Document]) -> Iterator[Document]:
    """Make the texts that are good for nothing: damaged or too short."""
    for how, table in plan["damaged"].items():
        change, reason = DAMAGED[how]
        for name, container in table.items():
            old = originals[name]
            yield replica(old, container, change(old.text), f"{how} text of {name}", reason)
    for number, name in enumerate(plan["short"]["excerpts"]):
        old = originals[name]
        container = ("threads", "forum", "baike", "threads")[number % 4]
        yield replica(old, container, variation.excerpt(old.text), f"first sentences of {name}", "too_short")
    for number, text in enumerate(plan["short"]["replies"]):
        why = f"reply {number + 1}, of one line"
        yield Document(f"reply-{number + 1}", "reply", "zh-Hans", "threads", "回复", text, why, "too_short")


def judge(documents: list[Document]) -> Iterator[dict[str, Any]]:
    """Say what should become of every document; of a cluster the longest sound member stays, then the smallest id."""
    clusters: dict[str, list[Document]] = {}
    for document in documents:
        if document.cluster is not None:
            clusters.setdefault(document.cluster, []).append(document)
    for document in documents:
        line: dict[str, Any] = {"id": document.id, "source": document.source, "keep": document.reason is None}
        line |= {"reason": document.reason, "why": document.why}
        members = clusters.get(document.cluster or "", [])
        sound = [member for member in members if member.reason is None]
        if sound:
            stays = min(sound, key=lambda member: (-len(member.text), member.id))
            if document is not stays:
                same = variation.fold(document.text) == variation.fold(stays.text)
                line["keep"] = False
                line["reason"] = document.reason or ("duplicate" if same else "near_duplicate")
                line["of"] = stays.id
                line["jaccard"] = round(variation.jaccard(document.text, stays.text), 4)
        if document.personal:
            line["personal"] = document.personal
        if document.ordinary:
            line["ordinary"] = document.ordinary
        yield line


def build(target: Path) -> list[dict[str, Any]]:
    """Write everything below `target` and return the lines of expected.jsonl."""
    plan = tomllib.loads((HERE / "plan.toml").read_text("utf-8"))
    originals = {document.origin: document for document in read_originals(plan)}
    copies = list(make_copies(plan, originals))
    for name in {copy.origin for copy in copies}:
        originals[name].cluster = name
    documents = [*originals.values(), *copies, *make_wrecks(plan, originals)]
    packed = pack(documents)
    shutil.rmtree(target / "sources", ignore_errors=True)
    for name, data in packed.files.items():
        path = target / "sources" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    lines = sorted([*judge(packed.documents), *packed.unreadable], key=lambda line: (line["source"], line["id"]))
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (target / "expected.jsonl").write_text(text, "utf-8")
    return lines


def main() -> None:
    """Build, and print how many documents each source has and what becomes of them."""
    lines = build(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
    for heading, key in (("source", lambda x: x["source"]), ("verdict", outcome)):
        print(heading)
        for name, count in sorted(Counter(map(key, lines)).items()):
            print(f"  {name:<16}{count:>4}")
    print(f"{len(lines)} documents")


def outcome(line: dict[str, Any]) -> str:
    """Name what becomes of a document."""
    return "quarantined" if line.get("quarantined") else "keep" if line["keep"] else line["reason"]


if __name__ == "__main__":
    main()
