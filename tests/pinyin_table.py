"""The table of syllables, filters/lexicons/pinyin.txt, from Unicode's own.

    python -m tests.pinyin_table Unihan_Readings.txt

Unihan_Readings.txt is a part of the Unicode Character Database (Debian has it in the package unicode-data). A
character has the reading that kHanyuPinlu counts most, else the first of kMandarin, without its tone; the characters
are those of GB 2312, since texts are compared in Simplified.
"""

import re
import sys
import unicodedata
from collections import defaultdict
from pathlib import Path

TABLE = Path(__file__).resolve().parents[1] / "filters/lexicons/pinyin.txt"
HEAD = """\
# Syllable without tone, and the characters of GB 2312 that are read so first. Made by `python -m tests.pinyin_table`
# from Unihan_Readings.txt {version} (kHanyuPinlu, kMandarin), © Unicode, Inc., under the Unicode licence:
# https://www.unicode.org/license.txt
"""


def plain(reading):
    """A syllable in ASCII; ü is v, as it is typed."""
    letters = unicodedata.normalize("NFD", reading.replace("ü", "v").replace("ǖ", "v").replace("ǘ", "v")
                                    .replace("ǚ", "v").replace("ǜ", "v"))  # fmt: skip
    return re.sub("[^a-z]", "", letters)


def main():
    text = Path(sys.argv[1]).read_text("utf-8")
    readings = {}
    for line in text.splitlines():
        fields = line.split("\t")
        if len(fields) == 3 and fields[1] in {"kHanyuPinlu", "kMandarin"}:
            char = chr(int(fields[0].removeprefix("U+"), 16))
            if fields[1] == "kHanyuPinlu" or char not in readings:
                readings[char] = plain(re.split(r"[( ]", fields[2])[0])
    held = defaultdict(str)
    for char, syllable in sorted(readings.items()):
        if len(char.encode("gb2312", "ignore")) == 2:
            held[syllable] += char
    version = re.search(r"Unicode version: (\S+)", text, re.IGNORECASE)
    lines = [f"{syllable} {chars}\n" for syllable, chars in sorted(held.items())]
    TABLE.write_text(HEAD.format(version=version[1] if version else "") + "".join(lines), "utf-8")
    print(f"{TABLE.name}: {len(lines)} syllables, {sum(map(len, held.values()))} characters")


if __name__ == "__main__":
    main()
