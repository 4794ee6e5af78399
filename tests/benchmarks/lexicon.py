"""What the lexicon finds of disguised terms, what it finds in good texts, and what it costs by the number of terms.

    python -m tests.benchmarks.lexicon             # recall and hard negatives
    python -m tests.benchmarks.lexicon --benign    # real documents that a drop or review term is found in
    python -m tests.benchmarks.lexicon --speed     # CPU-seconds per MB at 1,000, 10,000 and 100,000 terms

Spellings are of two kinds: written by hand (tests/data/disguised_terms.tsv) and made by rule from the starter list. Of
both, half is held out by a salted hash of term and spelling; channels were worked on with the other half only. A
spelling of a direct channel counts as found if a direct channel found the term, one of an indirect channel if any did.
Each stands in a line of its own among ordinary words. What the hand-written file calls "missing" is written in ways
that no channel claims to find; it is shown apart. Hard negatives are the starter's own and the benign texts, which the
list was looked over against, and the lines of tests/data/innocent_lines.txt, which were written before they were run.
"""

import argparse
import random
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path

import opencc
import pyarrow as pa

from filters.frequency import word_counts
from filters.term import Term
from filters.term_hits import TermFinder
from filters.term_list import starter_list
from filters.texts import Texts
from pipeline.benign import shipped_texts
from tests.benchmarks.sources import available, load

HAND = Path(__file__).resolve().parents[1] / "data/disguised_terms.tsv"
INNOCENT = HAND.with_name("innocent_lines.txt")
SALT = "qingyuan lexicon 2026"
INDIRECT = {"pinyin", "pinyin-part", "homophones", "split"}
BEFORE, AFTER = (
    ("刚看到的：", "楼上说的", "有人要问", "今天推荐", ""),
    ("，欢迎了解", "的来", "！！！", "（长期有效）", ""),
)
SIGNS = "*.-_~|/+^=#@&·•★☆→♥💋🔥【】　 \u200b\u200d"
CONTEXT = {term.term: term.positives[0] for term in starter_list().terms if term.near}
TRADITIONAL = opencc.OpenCC("s2t")


def innocent():
    return [line for line in INNOCENT.read_text("utf-8").splitlines() if not line.startswith("#")]


def held_out(term, spelling):
    return sha256(f"{SALT}\t{term}\t{spelling}".encode()).digest()[0] % 2 == 1


def hand_written():
    rows = [line.split("\t") for line in HAND.read_text("utf-8").splitlines() if not line.startswith("#")]
    return [(term, spelling, channel, "hand") for term, spelling, channel in rows]


def by_rule(seed=7):
    rng = random.Random(seed)
    wide = {c: c + 0xFEE0 for c in range(0x21, 0x7F)}
    for term in (one.term for one in starter_list().terms):
        yield term, TRADITIONAL.convert(term).translate(wide), "script", "rule"
        yield term, "".join(c + rng.choice(SIGNS) * rng.randint(0, 2) for c in term[:-1]) + term[-1], "symbols", "rule"
        yield term, "".join(c * rng.randint(2, 3) for c in term), "repeats", "rule"


def in_line(term, spelling):
    """A spelling in a line; of a term that needs other words beside it, in its own positive."""
    if CONTEXT.get(term):
        return CONTEXT[term].replace(term, spelling)
    pick = sha256(f"line {term}{spelling}".encode()).digest()
    return BEFORE[pick[0] % len(BEFORE)] + spelling + AFTER[pick[1] % len(AFTER)]


def found_in(finder, texts):
    """For each text the terms found: directly, and at all."""
    hits = finder.find(Texts(pa.array(texts, pa.large_string())))
    direct, every = [set() for _ in texts], [set() for _ in texts]
    for text, term, channel in zip(hits.text.tolist(), hits.term.tolist(), hits.channel.tolist(), strict=True):
        every[text].add(finder.terms[term].term)
        if channel == 0:
            direct[text].add(finder.terms[term].term)
    return direct, every


def recall(show):
    finder = TermFinder(starter_list().terms)
    rows = [*hand_written(), *by_rule()]
    direct, every = found_in(finder, [in_line(term, spelling) for term, spelling, _, _ in rows])
    found, of = Counter(), Counter()
    for place, (term, spelling, channel, origin) in enumerate(rows):
        hit = term in (every if channel in INDIRECT else direct)[place]
        out = held_out(term, spelling)
        for key in ((origin, channel, out), (origin, "all but missing" if channel != "missing" else "", out)):
            found[key] += hit
            of[key] += 1
        if not hit and not out and show:
            print("  not found:", term, spelling, channel)
    for origin, channel in sorted({(o, c) for o, c, _ in of if c}):
        cells = [f"{found[origin, channel, out]:>4} of {of[origin, channel, out]:>4}" for out in (False, True)]
        print(f"{origin:<5} {channel:<16} worked on {cells[0]}   held out {cells[1]}")
    right = sum(found[o, "all but missing", True] for o in ("hand", "rule"))
    whole = sum(of[o, "all but missing", True] for o in ("hand", "rule"))
    hand, hands = found["hand", "all but missing", True], of["hand", "all but missing", True]
    print(f"recall, held out: {right / whole:.4f} of {whole}; written by hand {hand / hands:.4f} of {hands}")
    own = [text for term in starter_list().terms for text in term.hard_negatives]
    for name, texts in (
        ("the starter's hard negatives", own),
        ("benign texts", shipped_texts()),
        ("innocent lines", innocent()),
    ):
        direct, every = found_in(finder, texts)
        print(f"{name}: {sum(map(bool, direct))} of {len(texts)} with a direct hit, {sum(map(bool, every))} with any")
        if show and name != "innocent lines":
            print(*(f"  {text} {terms}" for text, terms in zip(texts, every, strict=True) if terms), sep="\n")


def benign():
    finder = TermFinder(starter_list().terms)
    action = {term.term: term.action for term in starter_list().terms}
    whole, dropped = 0, 0
    for source in available():
        texts = [row["text"] for row in load(source)]
        counts, worst = Counter(), Counter()
        for first in range(0, len(texts), 500):
            direct, every = found_in(finder, texts[first : first + 500])
            counts["drop"] += sum("drop" in {action[t] for t in terms} for terms in direct)
            counts["review"] += sum("review" in {action[t] for t in terms} for terms in direct)
            counts["indirect"] += sum(bool(a - b) for a, b in zip(every, direct, strict=True))
            worst.update(t for terms in every for t in terms)
        named = ("drop", "review", "indirect")
        shares = ", ".join(f"{name} {counts[name]} ({counts[name] / len(texts):.3%})" for name in named)
        print(f"{source:<15} {len(texts):>6} documents: {shares} {dict(worst.most_common(5)) or ''}", flush=True)
        if source != "chinese_novel":
            whole, dropped = whole + len(texts), dropped + counts["drop"]
    print(f"without novels: drop terms in {dropped} of {whole} documents, {dropped / whole:.4%}")


def many(number, rng):
    """Invented terms as lists have them: two words of the dictionary side by side, three to six characters."""
    words = sorted(word for word in word_counts() if len(word) in {2, 3} and word.isalpha() and not word.isascii())
    terms = {}
    while len(terms) < number:
        terms["".join(rng.sample(words, 2))] = None
    return [Term(term, "A3-e") for term in terms if len(set(term)) > 1]


def speed():
    texts = [row["text"] for source in ("laws_cn", "cmrc_wiki", "laws_tw", "oiwiki") for row in load(source)]
    batches = [Texts(pa.array(texts[i : i + 500], pa.large_string())) for i in range(0, len(texts), 500)]
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    for batch in batches:
        batch.code_points, batch.kinds, batch.words  # noqa: B018 - shared with the other filters
    lists = {"starter, all channels": list(starter_list().terms)}
    lists |= {f"{n:,} terms, direct channels": many(n, random.Random(3)) for n in (1_000, 10_000, 100_000)}
    words = sorted(word for word in word_counts() if 3 <= len(word) <= 8 and len(set(word)) > 1 and word.isalpha())
    lists["10,000 words of the dictionary"] = [Term(w, "A3-e") for w in random.Random(3).sample(words, 10_000)]
    for name, terms in lists.items():
        begun = time.process_time()
        finder = TermFinder(terms)
        made, costs, hits = time.process_time() - begun, [], 0
        for _ in range(3):
            begun = time.process_time()
            hits = sum(len(finder.find(batch).text) for batch in batches)
            costs.append(time.process_time() - begun)
        cost = f"{min(costs) / megabytes:.4f} CPU-s/MB (least of 3)"
        print(f"{name:<30} {cost}, {hits / megabytes:.1f} hits/MB, compiled in {made:.2f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benign", action="store_true")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--show", action="store_true", help="what is not found of the half that was worked on")
    options = parser.parse_args()
    if (options.benign or options.speed) and not available():
        parser.exit(1, "the real documents are not here: see tests/benchmarks/sources.py\n")
    benign() if options.benign else speed() if options.speed else recall(options.show)


if __name__ == "__main__":
    main()
