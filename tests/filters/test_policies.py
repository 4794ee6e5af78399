"""The shipped policies on texts they were made for and against; figures on real data are a benchmark's business."""

from pathlib import Path

import pyarrow as pa
import pytest

from filters.catalogue import CATALOGUE
from filters.policy import decide
from filters.texts import Texts
from pipeline.policy_file import load_policy
from tests.benchmarks.rubbish import KINDS, rubbish
from tests.benchmarks.sources import available, load

REAL_PER_SOURCE = 60
KEPT = {
    ("web", "cmrc_wiki"): 0.97,
    ("web", "howtocook"): 0.97,
    ("web", "laws_cn"): 0.97,
    ("classical", "classical_lzh"): 0.97,
    ("classical", "poetry"): 0.97,
}
"""Floors, lowered only on purpose."""
LEAST_DROPPED = 0.8
"""Of each kind of rubbish, by `web` (shuffled characters of short texts are the hardest); 0.95 of all of it."""


def keep(policy, texts):
    views = Texts(pa.array(texts, pa.large_string()))
    columns = {}
    for make in CATALOGUE.values():
        batch = make()(views)
        columns |= dict(zip(batch.schema.names, batch.columns, strict=True))
    rules = [rule for rule in load_policy(policy, Path()).rules if not rule.attribute.startswith("dedup.")]
    return decide(rules, columns, len(texts))["verdict.keep"].to_pylist()


def real(source, least=0):
    if not available():
        pytest.skip("the shared data is not here: set QINGYUAN_DATA")
    texts = [row["text"][:20_000] for row in load(source) if len(row["text"]) > least]
    return texts[:: max(1, len(texts) // REAL_PER_SOURCE)][:REAL_PER_SOURCE]


@pytest.mark.parametrize(("policy", "source"), KEPT, ids=["-".join(pair) for pair in KEPT])
def test_real_text_is_kept(policy, source):
    kept = keep(policy, real(source, least=40))

    assert sum(kept) / len(kept) >= KEPT[policy, source]


def test_web_drops_rubbish_of_every_kind():
    texts = [text[:3_000] for source in ("cmrc_wiki", "laws_cn", "howtocook") for text in real(source, least=300)]

    dropped = {kind: 1 - sum(keep("web", rubbish(kind, texts, 50, 7))) / 50 for kind in KINDS}

    assert {kind: share for kind, share in dropped.items() if share < LEAST_DROPPED} == {}
    assert sum(dropped.values()) / len(dropped) >= 0.95


def test_rubbish_is_the_same_for_the_same_seed():
    made = [rubbish(kind, ["天气很好，我们去公园。" * 40], 2, 3) for kind in KINDS]

    assert made == [rubbish(kind, ["天气很好，我们去公园。" * 40], 2, 3) for kind in KINDS]
