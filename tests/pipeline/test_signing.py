import io
import json
import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import xxhash
import zstandard
from datasketch import MinHash, MinHashLSH
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.segment import SEGMENT_VERSION
from filters.texts import Texts
from pipeline.shingles import shingle_counts, shingle_hash, shingle_hashes, shingled, word_shingle_counts
from pipeline.signing import EMPTY_DIGEST, EMPTY_HASH, Signing, best_bands, exact_digest, sign

DOCS = Path(__file__).resolve().parents[2] / "../shared/data/docs"
SUPPLEMENTARY = "𠮷𡃁𬺰😀𪚥〇\ue000\U0010fffe"  # Extension B and E, emoji, private use, a noncharacter

# Few characters, so that shingles repeat; some beyond the basic plane; no surrogates, which no text of Arrow has.
TEXTS = st.lists(st.text(st.sampled_from("清源語料a1 。") | st.sampled_from(SUPPLEMENTARY), max_size=40), max_size=6)


def pack(texts):
    """Lay texts end to end, as the folding does: code points and offsets."""
    values = np.frombuffer("".join(texts).encode("utf-32-le"), "<u4").astype(np.uint32)
    return values, np.cumsum([0, *map(len, texts)], dtype=np.int64)


def by_datasketch(text, signing):
    minhash = MinHash(num_perm=signing.permutations, seed=signing.seed, scheme="affine32", hashfunc=shingle_hash)
    width = signing.shingle
    pieces, blank = (text.split(), " ") if signing.unit == "words" else (text, "")
    minhash.update_batch({blank.join(pieces[i : i + width]).encode() for i in range(len(pieces) - width + 1)})
    return minhash.hashvalues.tolist()


def real_texts():
    texts = []
    for path in sorted(DOCS.glob("*.jsonl.zst")):
        with path.open("rb") as raw:
            lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(raw), encoding="utf-8")
            texts += [json.loads(next(lines))["text"][:4000] for _ in range(5)]
    texts[0] = SUPPLEMENTARY + texts[0] + SUPPLEMENTARY
    assert len(texts) == 50
    return texts


@settings(deadline=None)  # the first call compiles
@given(TEXTS, st.integers(1, 7))
def test_signatures_are_those_of_datasketch_on_random_texts(texts, shingle):
    signing = Signing(permutations=24, seed=7, shingle=shingle, bands=3, rows=8)

    assert sign(*pack(texts), signing).tolist() == [by_datasketch(text, signing) for text in texts]


@pytest.mark.skipif(not DOCS.is_dir(), reason="the real documents are not part of the repository")
def test_signatures_are_those_of_datasketch_on_real_texts():
    texts = real_texts()

    assert sign(*pack(texts), Signing()).tolist() == [by_datasketch(text, Signing()) for text in texts]


WORDS = st.lists(st.text(st.sampled_from("清源語a1𠮷"), min_size=1, max_size=3), max_size=12).map(" ".join)


@settings(deadline=None)
@given(st.lists(WORDS, max_size=5), st.integers(1, 5))
def test_signatures_of_words_are_those_of_datasketch_on_random_texts(texts, shingle):
    signing = Signing(permutations=24, seed=7, shingle=shingle, bands=3, rows=8, unit="words")
    counts = [max(0, len(text.split()) - shingle + 1) for text in texts]

    assert sign(*pack(texts), signing).tolist() == [by_datasketch(text, signing) for text in texts]
    assert word_shingle_counts(*pack(texts), shingle).tolist() == counts


@pytest.mark.skipif(not DOCS.is_dir(), reason="the real documents are not part of the repository")
def test_signatures_of_words_are_those_of_datasketch_on_real_texts():
    signing = Signing(shingle=3, unit="words")
    texts = Texts(pa.array([text[:400] for text in real_texts()]))
    values, offsets = shingled(texts, "words")
    cut = [values[s:e].astype("<u4").tobytes().decode("utf-32-le") for s, e in pairwise(offsets.tolist())]

    assert sign(values, offsets, signing).tolist() == [by_datasketch(text, signing) for text in cut]
    assert [text.replace(" ", "") for text in cut] == [by_hand(texts, row) for row in range(len(texts))]


def by_hand(texts, row):
    """The folded words of a text, end to end: tokens that begin with a letter, Han or digit."""
    start, end = texts.words.offsets[row : row + 2]
    text, at, words = texts.column[row].as_py(), 0, ""
    for length in texts.words.lengths[start:end].tolist():
        token, at = text[at : at + length], at + length
        if texts.kinds[texts.offsets[row] + at - length] in (1, 2, 3, 4, 5, 7):
            words += "".join(chr(code) for code in Texts(pa.array([token])).folded.values)
    return words


def test_a_text_cut_into_words_is_folded_and_has_no_punctuation():
    texts = Texts(pa.array(["清源， ABC 與 電腦！", "", "。。。", "電腦"]))
    values, offsets = shingled(texts, "words")

    assert values.astype("<u4").tobytes().decode("utf-32-le") == "清源 abc 与 电脑电脑"
    assert offsets.tolist() == [0, 11, 11, 11, 13]
    assert word_shingle_counts(values, offsets, 3).tolist() == [2, 0, 0, 0]


def test_bands_for_a_threshold_are_those_of_datasketch():
    chosen = {threshold: best_bands(threshold, 112) for threshold in (0.5, 0.7, 0.8, 0.9)}
    theirs = {t: MinHashLSH(threshold=t, num_perm=112, weights=(0.05, 0.95)) for t in chosen}

    assert chosen == {threshold: (index.b, index.r) for threshold, index in theirs.items()}
    assert (chosen[0.7], chosen[0.8]) == ((18, 6), (14, 8))
    found = {t: Signing(bands=bands, rows=rows).probability(t) for t, (bands, rows) in chosen.items()}
    assert {threshold: chance > 0.89 for threshold, chance in found.items()} == dict.fromkeys(chosen, True)


def test_a_text_longer_than_the_kernel_holds_at_a_time_is_signed_whole():
    text = "".join(random.Random(3).choices("天地玄黄宇宙洪荒日月盈昃", k=5000))

    assert sign(*pack([text]), Signing()).tolist() == [by_datasketch(text, Signing())]


def test_signatures_never_change_silently():
    text = "清源把原始文本变成干净的语料𠮷"
    found = (shingle_hash("清源把原始".encode()), xxhash.xxh3_64_hexdigest(sign(*pack([text]), Signing()).tobytes()))

    assert found == (3347774353, "7dfa54610a5c0d67")


def test_the_kernel_rolls_the_very_hash_that_datasketch_is_given():
    text = "一二三四五六七八九十𠮷𡃁"
    hashes, offsets = shingle_hashes(*pack([text[:4], text]), 5)

    assert (hashes >> np.uint64(32)).tolist() == [shingle_hash(text[i : i + 5].encode()) for i in range(8)]
    assert offsets.tolist() == [0, 0, 8]


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(UnicodeDecodeError):
        shingle_hash(b"\xff\xfe")


@settings(deadline=None)  # the first call compiles
@given(TEXTS, st.integers(0, 6))
def test_cutting_the_batch_changes_nothing(texts, cut):
    parts = [sign(*pack(part), Signing()).tolist() for part in (texts[:cut], texts[cut:])]

    assert parts[0] + parts[1] == sign(*pack(texts), Signing()).tolist()


def test_a_text_shorter_than_a_shingle_has_none():
    values, offsets = pack(["", "四个字。", "五个字啊。"])
    signatures = sign(values, offsets, Signing())

    assert shingle_counts(offsets, 5).tolist() == [0, 0, 1]
    assert [bool(np.all(row == EMPTY_HASH)) for row in signatures] == [True, True, False]


def test_texts_may_begin_anywhere_in_the_values():
    values, offsets = pack(["前言不算数", "天地玄黄宇宙洪荒", "日月盈昃辰宿列张"])

    assert sign(values, offsets[1:], Signing()).tolist() == sign(values, offsets, Signing()).tolist()[1:]
    assert exact_digest(values, offsets[1:]).tolist() == exact_digest(values, offsets).tolist()[1:]


def test_the_exact_digest_is_xxh3_of_utf_32():
    texts = ["", "清源", "清源𠮷", "清源"]
    digests = exact_digest(*pack(texts))
    expected = [divmod(xxhash.xxh3_128_intdigest(text.encode("utf-32-le")), 1 << 64) for text in texts]

    assert [tuple(row) for row in digests.tolist()] == expected
    assert digests[0].tolist() == EMPTY_DIGEST.tolist()


def test_no_texts_have_no_signatures():
    values, offsets = pack([])

    assert (sign(values, offsets, Signing()).shape, exact_digest(values, offsets).shape) == ((0, 112), (0, 2))


def test_the_header_names_all_that_makes_signatures_differ():
    assert Signing().header("1/unicode-16") == {
        "family": "affine32",
        "seed": "1",
        "permutations": "112",
        "shingle": "5 characters",
        "fold": "1/unicode-16",
        "version": "1",
    }
    assert Signing(bands=7).header("1") == Signing().header("1")
    words = Signing(shingle=3, unit="words", dictionaries=("d1", "d2")).header("1")
    assert (words["shingle"], words["words"]) == ("3 words", f"{SEGMENT_VERSION} d1 d2")


@pytest.mark.parametrize("wrong", [{"permutations": 111}, {"shingle": 0}, {"bands": 0}, {"rows": -8}, {"bands": 15}])
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match="permutations"):
        Signing(**wrong)


@pytest.mark.parametrize(("jaccard", "chance"), [(0.0, 0.0), (0.685, 0.501), (0.8, 0.924), (0.86, 0.993), (1.0, 1.0)])
def test_the_chance_of_becoming_candidates_follows_the_bands(jaccard, chance):
    assert round(Signing().probability(jaccard), 3) == chance
