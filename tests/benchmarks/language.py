"""How well languages and lects are told, against lid.176 alone and other libraries; accuracy and speed.

    python -m tests.benchmarks.language [--data shared/data] [--others]

Three sets. `own`: sentences written for this project (tests/data/lects). `held out`: rows of shared/data that
tests.benchmarks.train_lect left out by their hash, from sources of which it saw other rows. `unseen`: sources it saw
nothing of (lingua's Mandarin, Japanese, Korean and English sentences, Common Voice in Cantonese). A sentence has 8
letters or more and markup is taken out; a document is five sentences of one label, a line each. Classes: cmn_Hans,
cmn_Hant, yue, lzh, ja, ko, en; macro-F1 is over those that a set has.

Others (lid.176 alone, lingua, py3langid, CLD3) that say zh get Simplified or Traditional from our character tables.
Each library that is not importable is named.
"""

import argparse
import hashlib
import time
from collections import Counter, defaultdict
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa

from filters.language import Language
from filters.model import guess_language
from filters.region import count_variants
from filters.texts import Texts
from tests.benchmarks.lect_data import MARKUP, documents, in_training, messages, rows

CLASSES = ("cmn_Hans", "cmn_Hant", "yue", "lzh", "ja", "ko", "en")
OWN = Path(__file__).resolve().parents[1] / "data" / "lects"
LETTERS, SET_ROWS = 8, 1000
KINDS = {"sentences": 1, "documents": 5}
BATCH = 2000


def own():
    for path in sorted(OWN.glob("*.txt")):
        lect = "_".join(path.stem.split("_")[:2])
        yield from ((lect, line) for line in path.read_text("utf-8").splitlines())


def unseen(data):
    """(label, sentence) of sources that are not in training at all."""
    for row in rows(data / "lid" / "cantonese.jsonl.zst"):
        if row["meta"]["set"] == "common_voice":
            yield "yue", row["text"]
    for row in rows(data / "lid" / "lingua_sents.jsonl.zst"):
        yield {"zh": "cmn_Hans"}.get(row["lang"], row["lang"]), row["text"]


def held_out(data):
    """(label, sentence) of the rows that were left out of training."""
    for lect, text, training in messages(data):
        if not training:
            yield lect, text
    for row in rows(data / "lid" / "cantonese.jsonl.zst"):
        if row["meta"]["set"] != "common_voice" and not in_training(row["id"]):
            yield "yue", row["text"]
    for lect, source, text, training in documents(data):
        if not training and source in {"classical_lzh", "poetry", "laws_tw"}:
            script = "cmn_Hant" if source == "laws_tw" else lect
            lines = [MARKUP.sub(" ", line) for line in text.splitlines() if len(line) > LETTERS]
            yield from ((script, line) for line in lines[1:40:5] if not line.isascii())


def chosen(pairs, least=LETTERS):
    """Sentences by label: at most SET_ROWS of each, by their hash."""
    labels = defaultdict(set)
    for lect, text in pairs:
        if sum(char.isalpha() for char in text) >= least:
            labels[lect].add(text)
    order = {
        lect: sorted(texts, key=lambda text: hashlib.md5(text.encode()).digest()) for lect, texts in labels.items()
    }
    return {lect: texts[:SET_ROWS] for lect, texts in order.items()}


def joined(texts, size):
    return ["\n".join(texts[i : i + size]) for i in range(0, len(texts) - size + 1, size)]


def ours(texts):
    batch = Language()(Texts(pa.array(texts)))
    return [
        lect or label
        for lect, label in zip(*(batch[f"language.{n}"].to_pylist() for n in ("lect", "label")), strict=True)
    ]


def scripted(guess):
    """Give a classifier's zh our Simplified and Traditional."""

    def classify(texts):
        labels = guess(texts)
        views = Texts(pa.array(texts))
        simplified, traditional, _ = count_variants(views.code_points, views.offsets).T
        script = np.where(traditional > simplified, "cmn_Hant", "cmn_Hans")
        return [str(s) if label in {"zh", "zh-Latn"} else label for label, s in zip(labels, script, strict=True)]

    return classify


def systems(*, others):
    yield "Language (ours)", ours
    yield "lid.176 alone", scripted(lambda texts: guess_language([t.replace("\n", " ") for t in texts]).labels)
    if not others:
        return
    if find_spec("lingua"):
        from lingua import LanguageDetectorBuilder

        detector = LanguageDetectorBuilder.from_all_languages().with_preloaded_language_models().build()
        yield "lingua", scripted(lambda texts: [
            found.iso_code_639_1.name.lower() if (found := detector.detect_language_of(t)) else "" for t in texts
        ])  # fmt: skip
    if find_spec("py3langid"):
        import py3langid

        yield "py3langid", scripted(lambda texts: [py3langid.classify(t)[0] for t in texts])
    if find_spec("gcld3"):
        import gcld3

        finder = gcld3.NNetLanguageIdentifier(0, 1000)
        yield "CLD3", scripted(lambda texts: [finder.FindLanguage(t).language for t in texts])
    missing = [name for name in ("lingua", "py3langid", "gcld3") if not find_spec(name)]
    print(f"not installed, left out: {', '.join(missing) or 'none'}")


def f1(truth, said):
    """F1 of each class in the truth."""
    scores = {}
    for label in CLASSES:
        if label in truth:
            hits = sum(t == s == label for t, s in zip(truth, said, strict=True))
            scores[label] = 2 * hits / (truth.count(label) + said.count(label))
    return scores


def compare(name, kind, labels, classify, errors):
    """Print one line of figures of a system on a set, and some mistakes."""
    pairs = [(lect, text) for lect, texts in labels.items() for text in joined(texts, KINDS[kind])]
    truth, texts = [lect for lect, _ in pairs], [text for _, text in pairs]
    said, begun = [], time.process_time()
    for start in range(0, len(texts), BATCH):
        said += classify(texts[start : start + BATCH])
    spent = time.process_time() - begun
    scores = f1(truth, said)
    wrong = [row for row in zip(truth, said, texts, strict=True) if row[0] != row[1]]
    print(f"  {name + ', ' + kind:<22} {sum(scores.values()) / len(scores):>8.4f} {1 - len(wrong) / len(truth):>8.4f} "
          f"{len(texts) / spent:>11,.0f}  " + " ".join(f"{k} {v:.3f}" for k, v in scores.items()))  # fmt: skip
    for row in wrong[:: max(1, len(wrong) // errors)] if errors else []:
        print("    ", *row)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--others", action="store_true", help="also lingua, py3langid and CLD3, where installed")
    parser.add_argument("--errors", type=int, default=0, help="print about so many mistakes of each set")
    options = parser.parse_args()
    sets = {"own": chosen(own())}
    if options.data.is_dir():
        sets |= {"held out": chosen(held_out(options.data)), "unseen": chosen(unseen(options.data))}
    else:
        print(f"{options.data} is absent: only the sentences of tests/data/lects are measured")
    for name, labels in sets.items():
        print(f"{name}: " + ", ".join(f"{lect} {len(texts)}" for lect, texts in sorted(labels.items())))
    for system, classify in systems(others=options.others):
        classify(["预热一下，看看行不行。", "Warm up."])
        print(f"\n{system:<24} {'macro-F1':>8} {'accuracy':>8} {'texts/CPU s':>11}  F1 by class")
        for name, labels in sets.items():
            seven = {lect: labels[lect] for lect in CLASSES if lect in labels}
            for kind in KINDS:
                compare(name, kind, seven, classify, options.errors)
        for name, labels in sets.items():
            for lect in sorted(labels.keys() - set(CLASSES)):
                said = Counter(classify(labels[lect])).most_common(4)
                print(f"  {name}, {lect}: " + ", ".join(f"{label} {n}" for label, n in said))


if __name__ == "__main__":
    main()
