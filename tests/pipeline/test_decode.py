"""The encoding of a record: decided by how Chinese it makes the text, and few bad bytes repaired."""

import codecs
import random
from pathlib import Path

import orjson
import pytest
import zstandard

from pipeline.decode import Decoded, UndecodableError, decode, decode_as, guess_encoding, mend
from pipeline.encoding import codec_of
from pipeline.readers.records import Repair

DOCS = Path(__file__).resolve().parents[2] / "../shared/data/docs"

SIMPLIFIED = [
    "今天的会议改到下午三点，请大家准时参加。",
    "苹果便宜了",
    "这家饭馆的豆腐做得很地道",
    "春眠不觉晓，处处闻啼鸟。",
]
TRADITIONAL = ["會議改到下午三點，請準時參加。", "蘋果變便宜了", "臺灣的夏天又濕又熱", "國家圖書館於週一休館"]
CANTONESE = ["佢哋喺邊度食嘢㗎？", "呢啲嘢係咪你嘅？", "我哋聽日一齊去睇戲啦", "啲人唔知去咗邊"]

TABLE = [
    *[(text, "gb18030", "gb18030") for text in SIMPLIFIED],
    *[(text, "big5hkscs", "big5-hkscs") for text in TRADITIONAL],
    *[(text, "big5hkscs", "big5-hkscs") for text in CANTONESE],
    *[(text, "gbk", "gb18030") for text in TRADITIONAL],
    *[(text, "utf-8", "utf-8") for text in (*SIMPLIFIED, *CANTONESE, "naïve café", "привет", "plain ASCII", "", "😀")],
    *[(text, "utf-16-le", "utf-16") for text in SIMPLIFIED],
    *[(text, "utf-16-be", "utf-16") for text in TRADITIONAL],
    ("Chapter 1: the beginning", "utf-16-le", "utf-16"),
    ("Chapter 1: the beginning", "utf-16-be", "utf-16"),
    ("他姓㙍，名叫𠀀𠮷。", "gb18030", "gb18030"),  # four bytes each: Extension A and B
    ("他姓㙍，名叫𠀀𠮷。", "utf-8", "utf-8"),
    ("一些", "gb18030", "gb18030"),  # also valid UTF-8: two Cyrillic letters
]


@pytest.mark.parametrize(("text", "codec", "name"), TABLE)
def test_short_sentences_are_decoded_without_a_hint(text, codec, name):
    expected = Decoded(text, name)

    assert expected == decode(text.encode(codec))


@pytest.mark.parametrize(
    ("mark", "codec", "name"),
    [
        (codecs.BOM_UTF8, "utf-8", "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16"),
        (codecs.BOM_UTF32_LE, "utf-32-le", "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32-be", "utf-32"),
    ],
)
def test_a_byte_order_mark_decides_and_is_no_part_of_the_text(mark, codec, name):
    expected = Decoded("中文 ok", name)

    assert expected == decode(mark + "中文 ok".encode(codec))


@pytest.mark.parametrize(
    ("source", "codec"), [("laws_cn", "gb18030"), ("laws_tw", "big5hkscs"), ("laws_tw", "gb18030")]
)
def test_real_statutes_are_decoded_from_ten_characters_on(source, codec):
    if not DOCS.exists():
        pytest.skip(f"no development data at {DOCS}")
    with (DOCS / f"{source}.jsonl.zst").open("rb") as stored:
        head = zstandard.ZstdDecompressor().stream_reader(stored).read(2_000_000)
    texts = [orjson.loads(line)["text"] for line in head.split(b"\n")[:-1]]
    draw = random.Random(7)
    right = {}
    for length in (10, 20, 50, 200):
        right[length] = 0
        for _ in range(200):
            text = draw.choice(texts)
            begin = draw.randrange(max(1, len(text) - length))
            # A sample is Chinese text; what Big5 lacks is left out.
            sample = text[begin : begin + length].encode(codec, "ignore").decode(codec)
            if sum(character >= "\u3000" for character in sample) < length / 2:
                right[length] += 1
                continue
            right[length] += decode(sample.encode(codec)).text == sample

    expected = {10: 200, 20: 200, 50: 200, 200: 200}

    assert expected == right


def test_a_bad_byte_in_a_long_text_is_repaired_and_recorded():
    text = "今天的会议改到下午三点。" * 20
    data = text.encode()
    expected = Decoded(text[:24] + "\ufffd" + text[24:], "utf-8", (Repair(24, 25, "undecodable", "ff"),))

    assert expected == decode(data[:72] + b"\xff" + data[72:])


def test_a_bad_byte_in_gb18030_is_repaired_too():
    text = "今天的会议改到下午三点。" * 20
    data = text.encode("gb18030")
    expected = Decoded(text[:24] + "\ufffd" + text[24:], "gb18030", (Repair(24, 25, "undecodable", "ff"),))

    assert expected == decode(data[:48] + b"\xff" + data[48:])


@pytest.mark.parametrize(
    ("data", "name", "removed"),
    [
        ("今天的会议".encode()[:-1], "utf-8", "e8ae"),
        ("今天的会议".encode("gb18030")[:-1], "gb18030", "d2"),
        ("今天的会议".encode("utf-16-le")[:-1], "utf-16", "ae"),
    ],
)
def test_one_character_cut_off_at_the_end_is_repaired_in_a_short_text(data, name, removed):
    expected = Decoded("今天的会\ufffd", name, (Repair(4, 5, "undecodable", removed),))

    assert expected == decode(data)


@pytest.mark.parametrize(
    "data",
    [
        "今天的会议".encode()[:6] + b"\xff" + "会议".encode(),
        "日本国民は、正当に選挙された国会における代表者を通じて行動し".encode("shift_jis"),
        "Все люди рождаются свободными и равными".encode("cp1251"),
        "대한민국의 주권은 국민에게 있고 모든 권력은 국민으로부터 나온다".encode("euc-kr") * 3,
        bytes(range(128, 256)) * 8,
        random.Random(1).randbytes(4000),
    ],
)
def test_what_is_not_chinese_in_any_encoding_is_refused(data):
    with pytest.raises(UndecodableError):
        decode(data)


def test_utf8_once_decoded_as_gbk_stays_as_it_is():
    mojibake = "你好世界你好".encode().decode("gb18030")

    assert Decoded(mojibake, "utf-8") == decode(mojibake.encode())


def test_a_hint_breaks_a_tie_and_nothing_more():
    tie = "葡萄".encode("big5")
    expected = [Decoded("葡萄", "big5-hkscs"), Decoded("覆靛", "gb18030"), Decoded("会议改到下", "gb18030")]

    assert expected == [decode(tie), decode(tie, "gb18030"), decode("会议改到下".encode("gb18030"), "big5")]


def test_a_stated_encoding_is_taken_as_stated():
    expected = [Decoded("中文", "gb18030"), Decoded("涓枃", "gb18030"), Decoded("中文", "utf-16")]

    assert expected == [
        decode_as("中文".encode("gbk"), "GB2312"),
        decode_as("涓枃".encode("gbk"), "gbk"),
        decode_as("中文".encode("utf-16"), "utf-16"),
    ]


def test_too_many_bad_bytes_for_a_stated_encoding_are_refused():
    with pytest.raises(UndecodableError):
        decode_as("中文".encode("gbk") + b"\xff\xff" + "中文".encode("gbk"), "gbk")


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("GB2312", "gb18030"),
        (" gbk ", "gb18030"),
        ("Big5", "big5hkscs"),
        ("UTF8", "utf-8"),
        ("none such", None),
        ("", None),
    ],
)
def test_a_label_names_the_superset_that_is_used(label, codec):
    assert codec == codec_of(label)


@pytest.mark.parametrize(
    ("head", "codec"),
    [
        (b"ascii\n", ""),
        (b"", ""),
        ("今天的会议改到下午三点\n".encode(), "utf-8"),
        ("今天的会议改到下午三点\n".encode("gbk"), "gb18030"),
        ("會議改到下午三點\n".encode("big5"), "big5hkscs"),
        ("今天的会议改到下午三点\n".encode("utf-16"), "utf-16-le"),
        ("今天的会议改到下午三点\n".encode("utf-16-be"), "utf-16-be"),
        (bytes(range(128, 256)) * 8, ""),
    ],
)
def test_the_head_of_a_file_gives_a_hint(head, codec):
    assert codec == guess_encoding(head)


@pytest.mark.parametrize(
    ("text", "escaped", "expected"),
    [
        ("plain", True, ("plain", ())),
        ("a\ud800b", False, ("a\ufffdb", (Repair(1, 2, "lone_surrogate", "D800"),))),
        ("a\udcffb", False, ("a\ufffdb", (Repair(1, 2, "lone_surrogate", "DCFF"),))),
        ("a\udcff\udcfeb", True, ("a\ufffdb", (Repair(1, 2, "undecodable", "fffe"),))),
        (
            "\ud800x\udc80",
            True,
            ("\ufffdx\ufffd", (Repair(0, 1, "lone_surrogate", "D800"), Repair(2, 3, "undecodable", "80"))),
        ),
    ],
)
def test_every_run_of_surrogates_becomes_one_replacement_character(text, escaped, expected):
    assert expected == mend(text, escaped=escaped)
