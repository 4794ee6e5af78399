"""What speaks for each language: the share of every script, what the Han characters read as, and lid.176's Japanese."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from filters.lect import LECTS
from filters.segments import HAN_SHARE, HAN_SURE, HANGUL_SHARE, KANA_SHARE, Writing

MIXED_HAN_SHARE = 0.25
"""Han / all letters, weighed as for `HAN_SHARE`, from which a text that is not Chinese is at least mixed: a quarter of
what it says, a tenth of the letters of English prose."""
MIXED_SHARE = 0.3
"""A text is mixed if segments of two of Chinese, Japanese and Korean each hold this share of its letters."""
KANJI_KANA_SHARE, KANJI_SURE = 0.05, 0.8
"""With less kana than Japanese needs, a text is Japanese if its Han characters read so: more likely than not with
some kana, or this surely without any."""
KANJI_BACKED, LID_SURE = 0.1, 0.8
"""Or if they may read so, and lid.176 is sure of Japanese (alone it takes one in ten lines of classical Chinese for
it). Measured on sentences the model was not trained on: 82 % of Japanese without its kana, 2 of 5,729 Chinese."""
QUOTED_KANA_SHARE, QUOTED_SURE = 0.3, 0.9
"""Below this share, kana may be a quotation: the text stays Chinese if its Han characters are this surely Mandarin."""
WUU_SURE = 0.6
"""Wu is rare and its function words are common characters elsewhere: a text must be this surely Wu."""


@dataclass(frozen=True)
class Evidence:
    """What scripts, the lect model and lid.176 say of a batch of texts; one row a text in every array."""

    letters: NDArray[np.int64]
    """[texts, 5] by kind: Han, Latin, kana, Hangul, other."""
    writings: NDArray[np.int64]
    """[texts, 5] by the `Writing` of the segment they are in."""
    weight: NDArray[np.float64]
    """What the letters of each text weigh, in Han characters."""
    lects: NDArray[np.float64]
    """[texts, LECTS]: how probable each lect is by the Han characters."""
    lid_japanese: NDArray[np.float64]
    """lid.176's probability of Japanese where that is its label, else 0."""

    @cached_property
    def total(self) -> NDArray[np.int64]:
        """Letters of each text."""
        return self.letters.sum(axis=1)  # type: ignore[no-any-return]

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """[texts, 3]: Han / the weight of all letters, kana / (kana + Han), Hangul / (Hangul + Han)."""
        han, _, kana, hangul, _ = self.letters.T
        parts = np.stack([han, kana, hangul], axis=1)
        return parts / np.maximum(np.stack([self.weight, kana + han, hangul + han], axis=1), 1)  # type: ignore[no-any-return]

    @cached_property
    def kanji(self) -> NDArray[np.bool_]:
        """Texts with too little kana whose Han characters read as Japanese."""
        kana, ja = self.shares[:, 1], self.lects[:, LECTS.index("ja")]
        backed = (self.lid_japanese >= LID_SURE) & (ja >= KANJI_BACKED)
        return (ja >= KANJI_SURE) | backed | ((kana >= KANJI_KANA_SHARE) & (ja > 0.5))  # noqa: PLR2004 - likelier than not

    @cached_property
    def writing(self) -> NDArray[np.int64]:
        """The `Writing` of each whole text."""
        han, latin, kana, hangul, other = self.letters.T
        han_share, kana_share, hangul_share = self.shares.T
        korean = (hangul > 0) & (hangul_share >= HANGUL_SHARE) & (hangul + han >= HAN_SHARE * self.weight)
        korean &= hangul >= kana
        enough = kana + han >= HAN_SHARE * self.weight
        chinese = (han > 0) & (han_share >= HAN_SHARE)
        quoted = (kana_share < QUOTED_KANA_SHARE) & (self.lects[:, LECTS.index("cmn")] >= QUOTED_SURE)
        japanese = enough & (((kana > 0) & (kana_share >= KANA_SHARE) & ~(quoted & chinese)) | (chinese & self.kanji))
        return np.select(
            [korean, japanese, chinese, latin >= other],
            [Writing.KOREAN, Writing.JAPANESE, Writing.CHINESE, Writing.LATIN],
            Writing.OTHER,
        ).astype(np.int64)

    @cached_property
    def mixed(self) -> NDArray[np.bool_]:
        """Texts of two East Asian languages, or with too much Han for another language and too little for Chinese."""
        halves = (self.writings[:, :3] >= MIXED_SHARE * self.total[:, None]).sum(axis=1) > 1
        foreign = self.writing >= Writing.LATIN
        return halves & ~foreign | foreign & (self.shares[:, 0] >= MIXED_HAN_SHARE)  # type: ignore[no-any-return]

    @cached_property
    def sinitic(self) -> NDArray[np.float64]:
        """[texts, LECTS]: probabilities within the Sinitic lects; Japanese is out, and Wu unless it is sure."""
        odds = self.lects.copy()
        odds[:, LECTS.index("ja")] = 0
        odds /= np.maximum(odds.sum(axis=1, keepdims=True), 1e-12)
        wuu = odds[:, LECTS.index("wuu")]
        odds[:, LECTS.index("wuu")] = np.where(wuu >= WUU_SURE, wuu, 0)
        return odds

    @cached_property
    def script_score(self) -> NDArray[np.float64]:
        """How far each text is from the bounds of its writing: 0.5 on one, 1 well beyond it (or without any of it)."""
        han_share, kana_share, hangul_share = self.shares.T
        chinese = np.minimum(0.5 + 0.5 * (han_share - HAN_SHARE) / (HAN_SURE - HAN_SHARE), 1)
        chinese *= np.clip(1 - kana_share / (2 * KANA_SHARE), 0, 1) * np.clip(
            1 - hangul_share / (2 * HANGUL_SHARE), 0, 1
        )
        kanji = np.maximum(self.lects[:, LECTS.index("ja")], self.lid_japanese) * self.kanji
        japanese = np.maximum(np.minimum(kana_share / (2 * KANA_SHARE), 1), kanji)
        korean = np.minimum(hangul_share / (2 * HANGUL_SHARE), 1)
        return np.select([self.writing == w for w in range(3)], [chinese, japanese, korean], 1.0)

    @cached_property
    def mixture(self) -> NDArray[np.float64]:
        """Share of letters outside the segments of the writing that most are in."""
        return 1 - self.writings.max(axis=1) / np.maximum(self.total, 1)  # type: ignore[no-any-return]

    @cached_property
    def foreign(self) -> NDArray[np.float64]:
        """Share of letters in segments of another writing than the text's; in a mixed one, than Chinese."""
        latin_or_other = self.writings[:, Writing.LATIN :].argmax(axis=1) + Writing.LATIN
        own = np.where(self.writing < Writing.LATIN, self.writing, latin_or_other)
        own = np.where(self.mixed, Writing.CHINESE, own)
        held = self.writings[np.arange(len(own)), own]
        held = held + np.where((own == Writing.JAPANESE) & self.kanji, self.writings[:, Writing.CHINESE], 0)
        return 1 - held / np.maximum(self.total, 1)
