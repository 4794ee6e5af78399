"""Signatures that a run stored, loaded into datasketch and asked there; those of others are refused."""

import pyarrow.parquet as pq
import pytest
from datasketch import MinHash, MinHashLSH

from pipeline.errors import ShardError
from pipeline.shingles import shingle_hash
from pipeline.signing import Signing, minhashes, read_minhashes, stored_signing
from tests.pipeline.conftest import text

WORDS = '[dedup]\nunit = "words"\nbands = 28\nrows = 4\n'


def signed(desk, more=""):
    rows = [{"id": f"d{number}", "text": text(number)} for number in range(8)]
    desk.write("in/a.jsonl", [*rows, {"id": "short", "text": "短文"}, {"id": "empty", "text": " \u3000"}])
    desk.recipe('name = "web"\npath = "in"', more=more)
    desk.run()
    return desk.folder / "signatures/part-00000.parquet"


@pytest.mark.parametrize("more", ["", WORDS])
def test_stored_signatures_can_be_asked_in_datasketch(desk, more):
    path = signed(desk, more)
    index = MinHashLSH(num_perm=112, params=(28, 4))
    stored = dict(read_minhashes(path))
    for name, minhash in stored.items():
        index.insert(name, minhash)
    (asked,) = minhashes([text(3).replace("。", "！", 1)], stored_signing(path))

    assert sorted(stored) == [f"d{number}" for number in range(8)]  # none without a shingle: those are no duplicates
    assert max(index.query(asked), key=lambda name: stored[name].jaccard(asked)) == "d3"
    assert stored["d3"].jaccard(asked) > 0.7


def test_a_minhash_made_by_datasketch_alone_is_the_same(desk):
    stored = dict(read_minhashes(signed(desk)))
    folded = text(5).replace("\n", "").replace("，", ",")
    theirs = MinHash(112, seed=1, scheme="affine32", hashfunc=shingle_hash)
    theirs.update_batch([folded[i : i + 5].encode() for i in range(len(folded) - 4)])

    assert theirs == stored["d5"]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("family", "legacy", 'family is "legacy", not "affine32"'),
        ("fold", "0", 'fold is "0", not'),
        ("version", "sha1", 'version is "sha1", not "1"'),
        ("family", None, "it does not say how its signatures were made"),
    ],
)
def test_signatures_made_otherwise_are_refused_and_said_why(desk, key, value, said):
    path = signed(desk)
    table = pq.read_table(path)
    header = {k.decode(): v.decode() for k, v in table.schema.metadata.items()} | {key: value}
    pq.write_table(table.replace_schema_metadata({k: v for k, v in header.items() if v is not None}), path)

    with pytest.raises(ShardError, match=said):
        next(read_minhashes(path))


def test_a_file_tells_how_it_was_signed(desk):
    assert stored_signing(signed(desk, WORDS)) == Signing(shingle=3, bands=1, rows=112, unit="words")
