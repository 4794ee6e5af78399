"""Words that begin as a name does and are none: those of jieba's dictionary that it does not call names."""

from functools import cache

from filters.frequency import word_classes_and_counts
from filters.personal_lexicon import surnames

_LEAST = (3, 20)
"""Times in jieba's corpus from which a word of two, or of more characters counts: 马建国 stands there too."""
_LONGEST = 4


@cache
def common_words() -> frozenset[str]:
    """Return words of two or three characters that begin with a surname and are not tagged as a person's name."""
    single = surnames()[0]
    return frozenset(
        word
        for word, count, kind in word_classes_and_counts()
        if 1 < len(word) <= _LONGEST
        and word[0] in single
        and count >= _LEAST[word[2:] != ""]
        and not kind.startswith("nr")
    )
