"""Writing the corpus: the kept documents of one part, ready to train on."""

import time
from typing import Any

import numpy as np
import pyarrow.compute as pc

from pipeline.schema import CORPUS
from pipeline.store import PartWriter, RunFolder, digest_file, read_batches, read_table, withdraw, write_json

WRITE_VERSION = "1"


def write_part(folder: RunFolder, number: int, fingerprint: str) -> dict[str, Any]:
    """Write the corpus part of one part, batch by batch, and its receipt."""
    begun = time.process_time()
    verdicts = read_table(folder.part("verdicts", number), ["id", "verdict.keep"])
    keep = verdicts["verdict.keep"].combine_chunks()
    withdraw(folder.receipt("write", number))
    rows, chars = 0, 0
    path = folder.part("corpus", number)
    with PartWriter([(path, CORPUS)]) as writer:
        begin = 0
        for table in read_batches(folder.part("documents", number), CORPUS.names):
            chosen = table.filter(keep.slice(begin, table.num_rows)).combine_chunks()
            begin += table.num_rows
            rows += chosen.num_rows
            chars += int(np.sum(pc.utf8_length(chosen["text"]).to_numpy()))
            for batch in chosen.cast(CORPUS).to_batches():
                writer.write(batch)
    receipt = {
        "stage": "write",
        "part": number,
        "fingerprint": fingerprint,
        "documents": rows,
        "chars": chars,
        "outputs": {"corpus": digest_file(path)},
        "cpu_seconds": round(time.process_time() - begun, 3),
    }
    write_json(folder.receipt("write", number), receipt)
    return receipt
