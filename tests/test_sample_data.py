"""The sample data are what they claim to be: checked without Qingyuan's own readers, folding and rules."""

import csv
import gzip
import io
import itertools
import json
import os
import re
import subprocess
import sys
import tomllib
import unicodedata
import zlib
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import opencc
import pyarrow.parquet as pq
import pytest
import trafilatura
import zstandard

SAMPLE = Path(__file__).resolve().parents[1] / "sample_data"
SOURCES = SAMPLE / "sources"
ENCODING = re.compile(rb"charset=\"?([a-z0-9-]+)")
CODEC = {"utf-8": "utf-8", "gb2312": "gb18030", "big5": "big5"}
SIMPLIFIED = opencc.OpenCC("t2s")


@pytest.fixture(scope="module")
def expected():
    return [json.loads(line) for line in (SAMPLE / "expected.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def texts(expected):
    """Text by id of every document that can be read."""
    codecs = {line["id"]: line["why"].rpartition("; in ")[2] for line in expected if line["source"] == "gov"}
    found = {}
    for path in sorted(SOURCES.rglob("*.*")):
        source, _, file = path.relative_to(SOURCES).as_posix().partition("/")
        kind = "paragraphs" if source == "bulletin" else path.name.partition(".")[2]
        for record, own, text in READERS[kind](path):
            place = f"{source}:{file}#{record}"
            if path.name != "random.txt":
                name = place if own is None or own in found else own
                found[name] = plain(path, codecs.get(place, "utf-8")) if text is None else text
    return found


def read_parquet(path):
    return [(record, row["id"], row["text"]) for record, row in enumerate(pq.read_table(path).to_pylist())]


def read_csv(path):
    decoded = path.read_bytes().decode("utf-8-sig" if path.name == "weekly.csv" else "gb18030")
    rows = csv.DictReader(io.StringIO(decoded, newline=""))
    return [(record, row.get("id"), row["text"]) for record, row in enumerate(rows)]


def read_warc(path):
    members = [member.split(b"\r\n\r\n", 2) for member in content(path)]
    # The cut-off archive repeats the record ids of the whole one, so its records are named by their place.
    ids = [re.search(rb"WARC-Record-ID: <(.+)>", head)[1].decode() for head, _, _ in members]
    own = [None] * len(ids) if path.name.startswith("truncated") else ids
    return [(record, own[record], main_text(page)) for record, (_, _, page) in enumerate(members)]


def posts(data):
    for record, line in enumerate(data.split(b"\n")):
        for codec in ("utf-8", "gb18030"):
            try:
                post = json.loads(line.decode(codec))
            except ValueError:
                continue
            if isinstance(post, dict) and "text" in post:
                text = post["text"].replace("\r\n", "\n").replace("\ud800", "\ufffd")
                yield record, str(post["id"]), re.sub("[\x07\x08]", "", text)
            break


def main_text(page):
    return trafilatura.extract(page.decode(CODEC[ENCODING.search(page)[1].decode()]), include_comments=False) or ""


def plain(path, codec):
    return path.read_bytes().decode(codec)


READERS = {
    "parquet": read_parquet,
    "csv": read_csv,
    "warc.gz": read_warc,
    "jsonl": lambda path: posts(path.read_bytes()),
    "jsonl.gz": lambda path: posts(content(path)),
    "jsonl.zst": lambda path: posts(content(path)),
    "html": lambda path: [(0, None, main_text(path.read_bytes()))],
    "paragraphs": lambda path: [(i, None, text) for i, text in enumerate(path.read_text("utf-8").split("\n\n"))],
    "txt": lambda _: [(0, None, None)],
}


def whole_members(data):
    members = []
    while data:
        reader = zlib.decompressobj(wbits=31)
        member = reader.decompress(data)
        if not reader.eof:
            break
        members.append(member)
        data = reader.unused_data
    return members


def content(path):
    """Return what a file says, however its compressor writes it: that is the library's business."""
    data = path.read_bytes()
    if path.name.endswith(".warc.gz"):
        return whole_members(data)
    if path.suffix == ".gz":
        return gzip.decompress(data)
    if path.suffix == ".zst":
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=1 << 24)
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    return data


@cache
def simplified(char):
    return SIMPLIFIED.convert(char)


@cache
def fold(text):
    plain_text = unicodedata.normalize("NFKC", text).lower()
    return "".join(simplified(char) for char in plain_text if not char.isspace())


@cache
def grams(text):
    folded = fold(text)
    return frozenset(folded[i : i + 5] for i in range(len(folded) - 4))


def jaccard(one, other):
    return len(grams(one) & grams(other)) / max(1, len(grams(one) | grams(other)))


def rebuild(target, seed):
    script = SAMPLE / "build.py"
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    subprocess.run([sys.executable, script, target], check=True, capture_output=True, env=environment)
    return {path.relative_to(target).as_posix(): path for path in target.rglob("*") if path.is_file()}


def test_building_twice_gives_the_same_bytes_and_those_are_the_committed_ones(tmp_path):
    first, second = rebuild(tmp_path / "1", "1"), rebuild(tmp_path / "2", "2")
    committed = {"expected.jsonl": SAMPLE / "expected.jsonl"}
    committed |= {path.relative_to(SAMPLE).as_posix(): path for path in SOURCES.rglob("*") if path.is_file()}

    assert {name: path.read_bytes() for name, path in first.items()} == {
        name: path.read_bytes() for name, path in second.items()
    }
    assert {name: content(path) for name, path in committed.items()} == {
        name: content(path) for name, path in first.items()
    }


def test_there_are_enough_originals_of_every_kind_and_enough_documents(expected):
    genres, originals = set(), []
    for path in (SAMPLE / "originals").glob("*.toml"):
        loaded = tomllib.loads(path.read_text("utf-8"))
        genres.add(loaded["genre"])
        originals += loaded["document"]
    wanted = {
        *("news", "forum", "encyclopedia", "government", "medicine", "finance", "law", "tech", "science", "travel"),
        *("cooking", "education", "fiction", "classical", "cantonese", "traditional", "foreign", "spam", "personal"),
    }

    assert wanted - genres == set()
    assert min(len(originals), 120) == 120
    assert min(len(expected), 300) == 300
    assert len({document["id"] for document in originals}) == len(originals)


def test_every_expected_document_is_where_its_id_says_and_no_other_is_there(expected, texts):
    assert {line["id"] for line in expected if "quarantined" not in line} == set(texts)
    assert len({line["id"] for line in expected}) == len(expected)


def test_kept_documents_are_well_above_and_short_ones_well_below_two_hundred_characters(expected, texts):
    lengths = {line["id"]: len("".join(texts[line["id"]].split())) for line in expected if "quarantined" not in line}

    assert [line["id"] for line in expected if line.get("keep") and lengths[line["id"]] < 220] == []
    assert [line["id"] for line in expected if line.get("reason") == "too_short" and lengths[line["id"]] > 150] == []
    others = (line["id"] for line in expected if line.get("reason") not in {None, "too_short"})
    assert [name for name in others if lengths[name] < 220] == []


def test_every_copy_resembles_its_survivor_as_much_as_claimed(expected, texts):
    for line in expected:
        if "of" in line:
            one, other = texts[line["id"]], texts[line["of"]]
            assert (line["id"], line["jaccard"]) == (line["id"], round(jaccard(one, other), 4))
            assert (line["id"], line["reason"] == "duplicate") == (line["id"], fold(one) == fold(other))
            assert line["jaccard"] >= (0.8 if "appended" in line["why"] else 0.7)


def test_a_survivor_is_the_longest_sound_member_then_the_one_with_the_smallest_id(expected, texts):
    clusters = {}
    for line in expected:
        if line.get("reason") in {"duplicate", "near_duplicate"}:
            clusters.setdefault(line["of"], {line["of"]}).add(line["id"])
    kept = {line["id"] for line in expected if line.get("keep")}

    assert set(clusters) - kept == set()
    for survivor, members in clusters.items():
        assert survivor == min(members, key=lambda name: (-len(texts[name]), name))


def test_documents_that_are_no_planted_pair_do_not_resemble_each_other(expected, texts):
    survivor = {line["id"]: line.get("of", line["id"]) for line in expected}
    holders = defaultdict(list)
    for name in sorted(texts):
        for gram in grams(texts[name]):
            holders[gram].append(name)
    shared = Counter(pair for names in holders.values() for pair in itertools.combinations(names, 2))
    sizes = {name: len(grams(text)) for name, text in texts.items()}
    alike = [
        (one, other)
        for (one, other), both in shared.items()
        if survivor[one] != survivor[other] and both >= 0.5 * (sizes[one] + sizes[other] - both)
    ]

    assert alike == []


def valid_resident_id(value):
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(c) * w for c, w in zip(value, weights, strict=False)) % 11] == value[17:]


def valid_bank_card(value):
    doubled = [int(c) * (1 + place % 2) for place, c in enumerate(reversed(value))]
    return sum(sum(map(int, str(number))) for number in doubled) % 10 == 0


def valid_uscc(value):
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    weights = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
    total = sum(alphabet.index(c) * w for c, w in zip(value, weights, strict=False))
    return len(value) == 18 and alphabet[(31 - total % 31) % 31] == value[17]


VALID = {
    "resident_id": valid_resident_id,
    "bank_card": valid_bank_card,
    "uscc": valid_uscc,
    "mobile": lambda value: re.fullmatch(r"1[3-9]\d{9}", value, re.ASCII) is not None,
    "plate": lambda value: re.fullmatch(r"[浙苏皖闽赣][A-F]([DF]\d{5}|[A-HJ-NP-Z]\d{4})", value, re.ASCII) is not None,
    "email": lambda value: re.fullmatch(r"[a-z0-9._]+@(mail\.)?example\.(com|org|net)", value) is not None,
}


def test_every_planted_identifier_stands_in_its_text_and_is_valid(expected, texts):
    planted = [(line["id"], item["kind"], item["value"]) for line in expected for item in line.get("personal", [])]

    assert {kind for _, kind, _ in planted} == set(VALID)
    assert [entry for entry in planted if entry[2] not in texts[entry[0]]] == []
    assert [e for e in planted if not VALID[e[1]](unicodedata.normalize("NFKC", e[2]))] == []


def test_ordinary_numbers_stand_in_their_texts_and_none_passes_for_a_card(expected, texts):
    ordinary = [(line["id"], value) for line in expected for value in line.get("ordinary", [])]

    assert [entry for entry in ordinary if entry[1] not in texts[entry[0]]] == []
    assert [value for _, value in ordinary if re.fullmatch(r"\d{16,19}", value) and valid_bank_card(value)] == []


def test_no_file_is_above_one_megabyte_and_the_folder_is_below_four():
    sizes = {path.name: path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()}

    assert [name for name, size in sizes.items() if size > 1_000_000] == []
    assert min(sum(sizes.values()), 4_000_000) < 4_000_000


def test_the_tables_in_the_readme_count_right(expected):
    readme = (SAMPLE / "README.md").read_text("utf-8")
    kept = Counter(line["source"] for line in expected if line.get("keep"))
    outcomes = Counter(line.get("reason") or ("keep" if line.get("keep") else "quarantined") for line in expected)
    sources = {name: (str(n), str(kept[name])) for name, n in Counter(line["source"] for line in expected).items()}
    rows = re.findall(r"^\| `(\w+)` \| .* \| (\d+) \| (\d+) \|$", readme, re.MULTILINE)
    verdicts = re.findall(r"^\| `?(\w+)`? \| (\d+) \| [^|]*\|$", readme, re.MULTILINE)

    assert {name: (documents, stay) for name, documents, stay in rows} == sources
    assert {name: int(count) for name, count in verdicts} == outcomes
