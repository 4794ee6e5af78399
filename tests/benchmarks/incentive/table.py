"""Arrays as the ANSWERS table."""

import numpy as np
import pyarrow as pa

from annotation.incentive.tables import ANSWERS


def answers(item, person, label, classes, gold=None, stratum=None, kind="safety"):
    """Return ANSWERS of integer codes; gold: int[rows], -1 is none; stratum: int[rows] of a class, or None."""
    rows = len(item)
    names = pa.array(classes)

    def named(prefix, codes):
        known, code = np.unique(codes, return_inverse=True)
        return pa.array([f"{prefix}{one}" for one in known]).take(pa.array(code))

    gold = np.full(rows, -1) if gold is None else np.asarray(gold)
    constant = {
        "kind": kind,
        "round": "r",
        "rule_version": "1",
        "domain": "",
        "chars": 100,
        "planted": False,
        "flags": "",
    }
    columns = {
        "item": named("i", item), "contributor": named("p", person), "label": names.take(pa.array(label)),
        "gold": names.take(pa.array(gold, mask=gold < 0)), "gold_revision": np.where(gold >= 0, 1, 0).astype(np.int32),
        "stratum": pa.repeat("", rows) if stratum is None else names.take(pa.array(stratum)),
        "at": np.arange(rows).astype("datetime64[us]"),
        **{name: pa.repeat(value, rows) for name, value in constant.items()},
    }  # fmt: skip
    whole = [pa.array(columns[f.name]).cast(f.type) if f.name in columns else pa.nulls(rows, f.type) for f in ANSWERS]
    return pa.table(whole, ANSWERS)
