"""Which language a text is in, and which written form of Chinese.

lid.176 is good at telling Latin-script languages apart and poor inside the Han script: it takes classical Chinese for
Japanese and Cantonese for Mandarin. So the scripts decide first (letters of the whole text, counted exactly), then a
model of Han characters tells Mandarin, Cantonese, Wu, classical Chinese and kanji apart, and lid.176 names the rest
from a sample of the text.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from filters.characters import UNICODE_VERSION
from filters.contract import attribute
from filters.evidence import Evidence
from filters.lect import LECTS, lect_probabilities, model_version
from filters.model import MODEL_VERSION, guess_language
from filters.region import LEAD, count_variants
from filters.sample import spread, strings
from filters.segments import Writing, count_letters
from filters.texts import Texts
from filters.variants import VARIANTS_VERSION

LETTERS_NEEDED = 4
"""Below this many letters a text has no language: all its attributes are null. 中国 is as good in Japanese."""

GUESS_SURE = 0.15
"""Below this probability of its best label, lid.176 is guessing (romanised text, codes): the language is und."""

LID_WINDOWS, LID_CHARS = 4, 48
"""What lid.176 sees of a text: windows and characters of each, spread over it."""
LECT_WINDOWS, LECT_CHARS = 12, 64
"""What the lect model and the counts of variants see."""

_CHINESE_OF_LID = ("zh", "yue", "wuu", "lzh", "ja", "ko", "")
"""What lid.176 answers for Han characters; a text that has hardly any of them is none of it."""


@dataclass(frozen=True, slots=True)
class Language:
    """Language of each text by letters, a model of Han characters, and lid.176."""

    version: ClassVar[str] = f"3/{MODEL_VERSION}/lect-{model_version()}/unicode-{UNICODE_VERSION}/{VARIANTS_VERSION}"
    schema: ClassVar[pa.Schema] = pa.schema([
        attribute(
            "language.label", pa.string(), "label",
            "zh, yue (Cantonese), lzh (classical), wuu (Wu), ja, ko, mixed, lid.176's ISO 639 code, or und where "
            "that is a guess; null below 4 letters",
        ),
        attribute("language.score", pa.float64(), "score", "confidence in that label, from its scripts and models"),
        attribute("language.margin", pa.float64(), "score", "that confidence - the runner-up's"),
        attribute(
            "language.lect", pa.string(), "label", "cmn_Hans, cmn_Hant, yue, lzh or wuu; null if not Chinese"
        ),
        attribute(
            "language.region", pa.string(), "label",
            "TW or HK, whose characters and words a Traditional text uses; null if neither leads",
        ),
        attribute(
            "language.foreign_ratio", pa.float64(), "ratio",
            "letters in segments (sentences, 16 letters at least) of another script than the text's / letters; in a "
            "mixed text, of any but Chinese",
        ),
        attribute("language.lid_label", pa.string(), "label", "what lid.176 alone says of a sample of the text"),
        attribute("language.lid_score", pa.float64(), "score", "lid.176's probability for its label"),
        attribute("language.lid_margin", pa.float64(), "score", "that probability - the runner-up's"),
        attribute(
            "language.han_letter_ratio", pa.float64(), "ratio",
            "Han characters / letters of all scripts (Han, kana, Hangul and Latin among them)",
        ),
        attribute(
            "language.han_weight_ratio", pa.float64(), "ratio",
            "Han characters / (Han, kana and Hangul + 1.5 x Latin words + 0.3 x other letters), of words a third in a "
            "single letter and a quarter in code; Chinese from 0.55, mixed from 0.25",
        ),
    ])  # fmt: skip

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        guesses = guess_language(strings(*spread(texts.code_points, texts.offsets, LID_WINDOWS, LID_CHARS)))
        lid = np.array(guesses.labels, object)
        lid_margin = np.maximum(guesses.scores - guesses.runner_up_scores, 0.0)
        letters, writings, weight = count_letters(texts)
        sample = spread(texts.code_points, texts.offsets, LECT_WINDOWS, LECT_CHARS)
        lid_japanese = np.where(lid == "ja", guesses.scores, 0.0)
        seen = Evidence(letters, writings, weight, lect_probabilities(*sample), lid_japanese)
        silent = texts.null | (seen.total < LETTERS_NEEDED)

        lect = seen.sinitic.argmax(axis=1)
        chinese = seen.writing == Writing.CHINESE
        unsure = (guesses.scores < GUESS_SURE) | np.isin(lid, _CHINESE_OF_LID)
        of_lect = np.array(["zh", *LECTS[1:]], object)[lect]
        labels = np.select(
            [seen.mixed, chinese, seen.writing == Writing.JAPANESE, seen.writing == Writing.KOREAN, unsure],
            ["mixed", of_lect, "ja", "ko", "und"], lid,
        )  # fmt: skip
        best = np.sort(seen.sinitic, axis=1)[:, ::-1]
        by_lect = best[:, 0] * seen.script_score
        scores = np.select(
            [seen.mixed, chinese, seen.writing < Writing.LATIN],
            [seen.mixture, by_lect, seen.script_score],
            guesses.scores,
        )
        rivals = np.maximum(best[:, 1] * seen.script_score, 1 - seen.script_score)
        rivals = np.where(chinese, rivals, 1 - seen.script_score)
        margins = np.where(seen.writing < Writing.LATIN, np.maximum(scores - rivals, 0), lid_margin)
        margins = np.where(seen.mixed, np.maximum(2 * seen.mixture - 1, 0), margins)

        simplified, traditional, lead = count_variants(*sample).T
        mandarin = labels == "zh"
        script = np.where(traditional > simplified, "cmn_Hant", "cmn_Hans").astype(object)
        region = np.where(lead > 0, "TW", "HK").astype(object)
        told = mandarin & (script == "cmn_Hant") & (np.abs(lead) >= LEAD)
        columns = [
            pa.array(labels, pa.string(), mask=silent),
            pa.array(scores, pa.float64(), mask=silent),
            pa.array(margins, pa.float64(), mask=silent),
            pa.array(np.where(mandarin, script, of_lect), pa.string(), mask=silent | ~chinese | seen.mixed),
            pa.array(region, pa.string(), mask=silent | ~told),
            pa.array(seen.foreign, pa.float64(), mask=silent),
            pa.array(lid, pa.string(), mask=silent),
            pa.array(guesses.scores, pa.float64(), mask=silent),
            pa.array(lid_margin, pa.float64(), mask=silent),
            pa.array(letters[:, 0] / np.maximum(seen.total, 1), pa.float64(), mask=silent),
            pa.array(seen.shares[:, 0], pa.float64(), mask=silent),
        ]
        return pa.record_batch(columns, schema=self.schema)
