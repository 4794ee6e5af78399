"""A list of terms is read in three formats, and says which of its lines are wrong."""

from datetime import date

import pytest

from filters.term import DIRECT, INDIRECT, Term
from filters.term_list import merge, read_terms

TOML = """\
list = { released = 2026-11-20 }
defaults = { category = "A3-e", action = "drop", reviewers = ["li"] }
terms = [
  { term = "代办文凭", channels = ["direct", "pinyin"], positives = ["代办文凭，包过"], hard_negatives = ["代表办理"] },
  { term = "某品牌", category = "brand", action = "measure", severity = 1, added = 2026-11-01, near = ["假"] },
]
"""


def read(tmp_path, name, text, **defaults):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return read_terms(path, defaults)


def test_toml_states_every_field(tmp_path):
    made = read(tmp_path, "own.toml", TOML)

    assert (made.name, made.released, len(made.digest)) == ("own.toml", date(2026, 11, 20), 64)
    assert made.terms == (
        Term(
            "代办文凭", "A3-e", "drop", channels=(*DIRECT, "pinyin"), reviewers=("li",),
            positives=("代办文凭，包过",), hard_negatives=("代表办理",),
        ),
        Term("某品牌", "brand", "measure", 1, near=("假",), reviewers=("li",), added=date(2026, 11, 1)),
    )  # fmt: skip


def test_csv_divides_lists_by_a_stroke(tmp_path):
    text = "term,category,severity,channels,near\n代办文凭,A3-e,4,all,微信|电话\n某品牌,brand,,,\n"

    assert read(tmp_path, "own.csv", "\ufeff" + text, action="drop").terms == (
        Term("代办文凭", "A3-e", "drop", 4, channels=(*DIRECT, *INDIRECT), near=("微信", "电话")),
        Term("某品牌", "brand", "drop"),
    )


def test_a_term_a_line_takes_the_rest_from_the_defaults(tmp_path):
    made = read(tmp_path, "own.txt", "# ours\n代办文凭\n\n某 品牌\n", category="brand", released="2026-11-02")

    assert (made.released, [term.term for term in made.terms]) == (date(2026, 11, 2), ["代办文凭", "某 品牌"])
    assert {term.category for term in made.terms} == {"brand"}


def test_another_content_is_another_version(tmp_path):
    first, second = (read(tmp_path, "own.txt", text, category="x") for text in ("代办文凭\n", "代办文凭书\n"))

    assert first.digest != second.digest


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("a.txt", "代办文凭\n的\n", "line 2: '的' has one character"),
        ("a.txt", "哈哈哈\n", "line 1: '哈哈哈' has one character, once or repeated"),
        ("a.txt", "代办文凭\n代辦 文憑\n", "line 2: '代辦 文憑' is spelt like the term of line 1"),
        ("a.txt", "你好，世界\n", "line 1: '你好，世界' has a mark that ends a clause"),
        ("a.txt", "很长" * 26, "a term of 52 characters is a sentence; 50 at most"),
        ("a.txt", "\n", "no term in it"),
        ("a.csv", "term,categry\n代办,A3-e\n", "line 2: unknown field 'categry'; did you mean category?"),
        ("a.csv", "term,severity\n代办,9\n", "line 2: severity is a whole number from 1 to 5, not '9'"),
        ("a.csv", "term,action\n代办,kill\n", "line 2: action is one of drop, review, measure, not 'kill'"),
        ("a.csv", "term,category\n代办,A9-z\n", "line 2: category 'A9-z' is none of the 31 risks"),
        ("a.csv", "term,channels\n代办,smell\n", "line 2: channel 'smell' is none of direct"),
        ("a.csv", "term,added\n代办,yesterday\n", "line 2: added is a date such as 2026-11-20"),
        ("a.toml", TOML.replace("severity = 1", "severity = 7"), "line 5: severity"),
        ("a.toml", TOML.replace('near = ["假"]', "near = [3]"), "line 5: near is a list of texts"),
        ("a.toml", TOML + "x = 1\n", "unknown key x"),
        ("a.toml", "terms = [", "a.toml: "),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, name, text, fault):
    with pytest.raises(ValueError, match=r".") as caught:
        read(tmp_path, name, text, category="A3-e")

    assert fault in str(caught.value)


def test_a_list_that_is_not_utf8_says_in_which_line(tmp_path):
    (tmp_path / "a.txt").write_bytes("好的\n".encode() + "代办".encode("gb18030"))

    with pytest.raises(ValueError, match=r"a.txt, line 2: not UTF-8"):
        read_terms(tmp_path / "a.txt", {"category": "x"})


def test_of_terms_that_are_spelt_alike_the_last_list_counts(tmp_path):
    first = read(tmp_path, "a.txt", "六合彩\n代办文凭\n", category="A3-e")
    second = read(tmp_path, "b.txt", "6合彩\n", category="own")

    assert [(term.term, term.category) for term in merge([first, second])] == [("6合彩", "own"), ("代办文凭", "A3-e")]
