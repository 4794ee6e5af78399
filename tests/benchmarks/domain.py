"""How well the domain filter tells domains apart, on texts whose genre or source says what they are.

    python -m tests.benchmarks.domain [SHARED_DATA] [--half tune|report] [--show DOMAIN]

Two sources of truth: the genre of the documents of sample_data/originals, and the source of the documents in
SHARED_DATA/docs (statutes are law, recipes cooking …; the others have no single domain and show what they are taken
for). Both are split by a hash of the id: the lists were looked over against the half `tune`; figures are from `report`.
"""

import argparse
import hashlib
import io
import time
import tomllib
from collections import Counter, defaultdict
from pathlib import Path

import orjson
import pyarrow as pa
import zstandard

from filters.domain import LEAST_SCORE, Domain
from filters.domains import DOMAINS
from filters.texts import Texts

GENRES = {"government": "government", "medicine": "medicine", "science": "science", "finance": "finance", "law": "law",
          "education": "education", "tech": "technology", "ai": "technology", "news": "news", "fiction": "literature",
          "cooking": "cooking", "travel": "travel"}  # fmt: skip
SOURCES = {"laws_cn": "law", "laws_tw": "law", "howtocook": "cooking", "chinese_novel": "literature", "oiwiki": "technology",  # noqa: E501
           "pingcap_docs": "technology", "debian_docs": "technology", "poetry": "literature",
           "cmrc_wiki": None, "classical_lzh": None}  # fmt: skip
MOST = 400
"""Documents of one source; the first by the hash."""


def digest(name):
    return int(hashlib.md5(name.encode()).hexdigest()[:8], 16)


def half(name):
    return "tune" if digest(name) % 2 else "report"


def originals():
    for path in sorted(Path("sample_data/originals").glob("*.toml")):
        sheet = tomllib.loads(path.read_text("utf-8"))
        for document in sheet["document"]:
            yield document["id"], sheet["genre"], document["text"]


def shared(folder):
    for path in sorted((folder / "docs").glob("*.jsonl.zst")):
        source = path.name.partition(".")[0]
        with path.open("rb") as raw:
            lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(raw), encoding="utf-8")
            rows = [(str(row["id"]), row["text"]) for row in map(orjson.loads, lines) if len(row["text"]) >= 100]
        for name, text in sorted(rows, key=lambda row: digest(row[0]))[: 2 * MOST]:
            yield name, source, text


def table(title, rows, truth, shown):
    """Print for each group what it is taken for, and for each domain with a truth its precision and recall."""
    batch = Domain()(Texts(pa.array([text for _, _, text in rows])))
    top = batch["domain.top"].to_pylist()
    print(f"\n{title}: {len(rows):,} texts\n  {'group':<14} {'texts':>5}  top")
    groups = defaultdict(Counter)
    for (_, group, _), label in zip(rows, top, strict=True):
        groups[group][label] += 1
    for group, labels in sorted(groups.items()):
        print(f"  {group:<14} {labels.total():>5}  " + ", ".join(f"{name} {n}" for name, n in labels.most_common(5)))
    known = [i for i, (_, group, _) in enumerate(rows) if truth.get(group)]
    print(f"  {'domain':<20} {'top: precision':>14} {'recall':>7}   {'score >= ' + str(LEAST_SCORE):>12} {'recall':>7}")
    for domain in DOMAINS:
        is_it = [truth[rows[i][1]] == domain for i in known]
        if any(is_it):
            said = [top[i] == domain for i in known]
            scored = [batch[f"domain.{domain}_score"][i].as_py() >= LEAST_SCORE for i in known]
            figures = []
            for claim in (said, scored):
                right = sum(a and b for a, b in zip(claim, is_it, strict=True))
                figures += [right / max(1, sum(claim)), right / sum(is_it)]
            print("  {:<20} {:>14.2f} {:>7.2f}   {:>12.2f} {:>7.2f}".format(domain, *figures))
    right = sum(top[i] == truth[rows[i][1]] for i in known)
    print(f"  top is right for {right} of {len(known)} texts with a truth ({right / max(1, len(known)):.1%})")
    for (name, group, text), label in zip(rows, top, strict=True):
        if shown and group == shown and label != truth.get(group):
            print(f"  {name} {label}: {text[:80]!r}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--half", default="report", choices=("tune", "report"))
    parser.add_argument("--show", help="a genre or source: show what is taken for something else")
    options = parser.parse_args()
    table("sample_data/originals", [row for row in originals() if half(row[0]) == options.half], GENRES, options.show)
    if options.data is None:
        print("\nSHARED_DATA is not given: real documents are left out")
        return
    rows = [row for row in shared(options.data) if half(row[0]) == options.half]
    table("real documents", rows, SOURCES, options.show)
    texts = Texts(pa.array([text for _, _, text in rows]))
    texts.kinds, texts.words  # noqa: B018 - shared with other filters
    begun = time.process_time()
    Domain()(texts)
    megabytes = sum(len(text.encode()) for _, _, text in rows) / 1e6
    print(f"\n{(time.process_time() - begun) / megabytes:.4f} CPU-seconds per MB beyond the segmentation")


if __name__ == "__main__":
    main()
