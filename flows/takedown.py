"""The verb `takedown`: documents leave runs and indexes for good, with proof."""

import argparse
import json
from collections.abc import Callable

DETAIL = """\
Their rows are removed from every run of the workspace and from all its indexes, also where a later run
replaced them (--index limits the indexes: what stays in others is still unmasked text, and still makes
later runs drop its copies); a shard that is read again loses them again. The proof names every file that was written
anew, with its digest before and after. Then run the recipes again: of each cluster the best that is left
comes back, unless --twins took the clusters as a whole. The input is yours: remove it there too.
"""


def add_arguments(verb: argparse.ArgumentParser, memory_bytes: Callable[[str], int]) -> None:
    """Give the verb its options; `memory_bytes` reads a size."""
    verb.add_argument("--source", required=True, help="name of the source that the documents are of")
    verb.add_argument("--id", nargs="+", required=True, help="their ids")
    verb.add_argument(
        "--index", action="append", help="take them out of this index only (default: all); may be said more than once"
    )
    verb.add_argument(
        "--twins", action="store_true", help="also every document in a cluster with them, in any run of the workspace"
    )
    verb.add_argument("--memory", type=memory_bytes, default=memory_bytes("1.5GB"), help="what it may use (1.5GB)")


def perform(options: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Take the documents out; return the exit code."""
    from pipeline.takedown import take_down  # noqa: PLC0415 - `qingyuan --help` must not wait for the pipeline's libraries

    documents = frozenset((options.source, identity) for identity in options.id)
    proof = take_down(options.workspace, documents, options.index, options.memory, twins=options.twins)
    if options.json:
        say(json.dumps(proof, ensure_ascii=False, indent=2))
    else:
        runs = sorted({one["run"] for one in proof["runs"]})
        found = sum(one["documents"] for one in proof["index"])
        say(f"Taken out of the runs {', '.join(runs) or '(none)'}; {found} times out of indexes.")
        if not runs and not found:
            say("Nothing here had them; check source and id. Should they come with a later run, they are left out.")
        say(f"Proof: {proof['proof']}")
    return 0
