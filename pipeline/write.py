"""Writing the corpus: the kept documents of one part, their personal data masked, ready to train on."""

import time
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.disposition import Disposition
from pipeline.errors import ShardError
from pipeline.masking import Masker, measured_spans
from pipeline.schema import CORPUS
from pipeline.store import PartWriter, RunFolder, digest_file, read_batches, read_table, withdraw, write_json

WRITE_VERSION = "2"
SPANS_COLUMN = "personal.spans"


def write_part(folder: RunFolder, number: int, fingerprint: str, disposition: Disposition) -> dict[str, Any]:
    """Write the corpus part of one part, batch by batch, and its receipt."""
    begun = time.process_time()
    verdicts = read_table(folder.part("verdicts", number), ["id", "verdict.keep"])
    keep = verdicts["verdict.keep"].combine_chunks()
    spans = _spans(folder, number, verdicts) if disposition.disposes else None
    masker = Masker(disposition)
    withdraw(folder.receipt("write", number))
    rows, chars = 0, 0
    path = folder.part("corpus", number)
    with PartWriter([(path, CORPUS)]) as writer:
        begin = 0
        for table in read_batches(folder.part("documents", number), CORPUS.names):
            kept = keep.slice(begin, table.num_rows)
            chosen = table.filter(kept).combine_chunks()
            if spans is not None:
                chosen = _masked(chosen, spans.slice(begin, table.num_rows).filter(kept), masker)
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
        "personal_data": {done: dict(sorted(counts.items())) for done, counts in sorted(masker.done.items())},
        "outputs": {"corpus": digest_file(path)},
        "cpu_seconds": round(time.process_time() - begun, 3),
    }
    write_json(folder.receipt("write", number), receipt)
    return receipt


def _spans(folder: RunFolder, number: int, verdicts: pa.Table) -> pa.Array:
    """Return the measured spans of every document of a part."""
    attributes = read_table(folder.part("attributes", number), ["id", SPANS_COLUMN])
    if attributes["id"] != verdicts["id"]:
        raise ShardError(f"part-{number:05d}: its verdicts and its attributes are not of the same documents")
    return attributes[SPANS_COLUMN].combine_chunks()


def _masked(documents: pa.Table, spans: pa.Array, masker: Masker) -> pa.Table:
    """Mask what is written of some documents: text, URL and meta."""
    columns = {name: documents[name].combine_chunks() for name in documents.column_names}
    columns["text"] = masker.column(columns["text"], measured_spans(spans))
    columns["url"] = masker.strings(columns["url"])
    columns["meta"] = masker.meta(columns["meta"])
    return pa.table(columns, schema=pa.schema([documents.schema.field(name) for name in documents.column_names]))
