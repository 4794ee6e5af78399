from hashlib import sha256

import pyarrow as pa
import pytest

from filters import CATALOGUE, ON_DEMAND
from filters.contract import SPANS, attribute
from filters.policy import Policy, Rule
from pipeline.errors import RecipeError
from pipeline.form import Source
from pipeline.inputs import InputFile
from pipeline.plan import _formats
from pipeline.policy_file import check_policy, load_policy, shipped_policies
from pipeline.recipe import load_recipe, stored_filters

MINIMAL = """
[recipe]
name = "web"
policy = "web"

[[sources]]
name = "crawl"
path = "corpus.jsonl.zst"
"""


def load(tmp_path, text):
    path = tmp_path / "recipe.toml"
    path.write_text(text, "utf-8")
    return load_recipe(path)


def test_the_minimal_recipe_of_the_design_works(tmp_path):
    recipe = load(tmp_path, MINIMAL)

    assert (recipe.name, recipe.sources[0].name, recipe.signing.permutations) == ("web", "crawl", 112)
    assert [rule.reason for rule in recipe.policy.rules][:2] == ["not_chinese", "too_short"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (MINIMAL.replace("policy", "polcy"), 'recipe.polcy: unknown key; did you mean "policy"?'),
        (MINIMAL + "priorty = 1\n", 'sources[1].priorty: unknown key; did you mean "priority"?'),
        (MINIMAL + "[dedupe]\n", 'dedupe: unknown key; did you mean "dedup"?'),
        (MINIMAL + "[dedup]\nthreshold = 1.5\n", "dedup.threshold: must be at most 1, not 1.5"),
        (MINIMAL + "[dedup]\nbands = 20\n", "20 bands of 8 rows need more than 112 permutations"),
        (MINIMAL.replace('"web"\n\n', '"webb"\n\n'), 'there is no policy "webb"; did you mean "web"?'),
        (
            MINIMAL + '[[rules]]\nreason = "r"\nattribute = "lenght.chars"\nat_least = 5\n',
            'rule "r": no filter measures "lenght.chars"; did you mean "length.chars"?',
        ),
        (
            MINIMAL + '[[rules]]\nreason = "r"\nattribute = "length.chars"\nat_lest = 5\n',
            'rules[1].at_lest: unknown key; did you mean "at_least"?',
        ),
        (MINIMAL + '[[rules]]\nreason = "r"\nattribute = "length.chars"\n', "no bound"),
        (
            MINIMAL + '[[rules]]\nreason = "r"\nattribute = "language.label"\nat_least = 1\n',
            "language.label is a name; bound it by one_of or none_of",
        ),
        (
            MINIMAL + '[[rules]]\nreason = "r"\nattribute = "length.chars"\none_of = ["many"]\n',
            "'many' cannot be a value of length.chars",
        ),
        (
            MINIMAL + 2 * '[[rules]]\nreason = "r"\nattribute = "length.chars"\nat_least = 1\n',
            'a second rule with the reason "r"',
        ),
        (MINIMAL + "[filters.repetitoin]\n", 'there is no filter "repetitoin"; did you mean "repetition"?'),
        (MINIMAL + "[filters.length]\nngram = 3\n", "unknown key ngram"),
        (
            MINIMAL + '[filters.again]\nfilter = "length"\n',
            'the filters "length" and "again" both write length.chars',
        ),
        (MINIMAL + '[[sources]]\nname = "crawl"\npath = "x"\n', '2 sources are called "crawl"'),
        (MINIMAL.replace('name = "web"', 'name = "../web"'), "recipe.name: '../web' does not match ^[A-Za-z0-9]"),
        ("[recipe\n", "not TOML"),
        (MINIMAL.replace('"corpus.jsonl.zst"', '""'), "sources[1].path: is empty"),
        (MINIMAL + 'format = "json"\n', "sources[1].format: 'json' is none of 'jsonl', "),
        (MINIMAL + 'format = "parqet"\n', "'html' or 'warc'; did you mean \"parquet\"?"),
        (MINIMAL.partition("[[")[0], "sources: is missing"),
        (MINIMAL.replace("[[sources]]", "[sources]"), "tables of a list have two brackets: [[sources]]"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_before_a_byte_is_read(tmp_path, text, fault):
    with pytest.raises(RecipeError) as caught:
        load(tmp_path, text)

    assert fault in str(caught.value)


def test_a_fault_inside_a_list_is_said_once(tmp_path):
    with pytest.raises(RecipeError) as caught:
        load(tmp_path, MINIMAL + "max_record_mb = true\n")

    assert str(caught.value) == f"recipe {tmp_path / 'recipe.toml'}, sources[1].max_record_mb: must be a number"


@pytest.mark.parametrize(
    ("said", "read_as"), [("GBK", "gb18030"), ("gb2312", "gb18030"), ("Big5", "big5-hkscs"), ("UTF8", "utf-8")]
)
def test_an_encoding_may_be_called_what_people_call_it(tmp_path, said, read_as):
    recipe = load(tmp_path, MINIMAL + f'encoding = "{said}"\n')

    assert recipe.sources[0].encoding == read_as


def test_a_rule_on_a_filter_that_the_recipe_leaves_out_says_so(tmp_path):
    text = MINIMAL.replace('policy = "web"', 'filters = ["length"]')

    with pytest.raises(RecipeError, match='the filter "language" measures it, but this recipe leaves it out'):
        load(tmp_path, text)


def test_a_rule_of_the_recipe_overrides_the_policys_rule_of_the_same_reason_in_its_place(tmp_path):
    recipe = load(
        tmp_path, MINIMAL + '[[rules]]\nreason = "too_short"\nattribute = "length.chars"\nat_least = 20\n'
    )  # fmt: skip

    assert [(rule.reason, rule.at_least) for rule in recipe.policy.rules][1] == ("too_short", 20)


def test_a_policy_can_be_a_file_beside_the_recipe(tmp_path):
    (tmp_path / "own.toml").write_text('[[rules]]\nreason = "r"\nattribute = "length.chars"\nat_least = 7\n')

    recipe = load(tmp_path, MINIMAL.replace('policy = "web"', 'policy = "own.toml"\npacks = []'))

    assert [rule.at_least for rule in recipe.policy.rules] == [7]


@pytest.mark.parametrize("name", shipped_policies())
def test_every_shipped_policy_loads(tmp_path, name):
    recipe = load(tmp_path, MINIMAL.replace('"web"\n\n', f'"{name}"\npacks = []\n\n'))

    assert load_policy(name, tmp_path).rules == recipe.policy.rules


WITH_BENCHMARKS = MINIMAL + '[filters.contamination]\nbenchmarks = ["exams/own.jsonl"]\n'


def write_benchmark(folder, text='{"question": "渡口的船几点开？", "options": ["七点", "八点"]}\n'):
    (folder / "exams").mkdir(parents=True, exist_ok=True)
    (folder / "exams" / "own.jsonl").write_text(text, "utf-8")


def contamination(recipe):
    return next(choice for choice in recipe.filters if choice.filter == "contamination")


def test_the_files_of_a_filter_lie_beside_the_recipe_and_are_known_by_their_content(tmp_path):
    for place in ("one", "other"):
        write_benchmark(tmp_path / place)
    first, moved = (contamination(load(tmp_path / place, WITH_BENCHMARKS)) for place in ("one", "other"))
    write_benchmark(tmp_path / "one", '{"question": "渡口的船几点靠岸？"}\n')
    changed = contamination(load(tmp_path / "one", WITH_BENCHMARKS))

    assert first.make().benchmarks == (str(tmp_path / "one" / "exams" / "own.jsonl"),)
    assert (first.identity() == moved.identity(), first.identity() == changed.identity()) == (True, False)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (WITH_BENCHMARKS.replace("own", "none"), "benchmarks: cannot be read"),
        (WITH_BENCHMARKS.replace('["exams/own.jsonl"]', "7"), "benchmarks is a path or a list of paths, not 7"),
        (WITH_BENCHMARKS.replace("benchmarks", "benchmark"), 'unknown key benchmark; did you mean "benchmarks"?'),
        (WITH_BENCHMARKS.replace("own.jsonl", "odd.jsonl"), "row 1: no question in it"),
        (WITH_BENCHMARKS + "least = 7\n", "least is a share from 0.5 to 1, not 7"),
    ],
)
def test_a_file_of_a_filter_that_is_wrong_is_said_before_a_byte_is_read(tmp_path, text, fault):
    write_benchmark(tmp_path)
    (tmp_path / "exams" / "odd.jsonl").write_text('{"answer": "B"}\n', "utf-8")

    with pytest.raises(RecipeError, match=r"filters\.contamination") as caught:
        load(tmp_path, text)

    assert fault in str(caught.value)


def test_the_stored_copy_of_a_recipe_names_its_filters_without_their_files(tmp_path):
    (tmp_path / "recipe.toml").write_text(WITH_BENCHMARKS.replace('policy = "web"', 'policy = "gone.toml"'), "utf-8")

    chosen = {choice.filter: dict(choice.arguments) for choice in stored_filters(tmp_path / "recipe.toml", ())}

    assert chosen["contamination"] == {}


PHRASES = '[[rules]]\nreason = "r"\nattribute = "phrases.top_2gram_char_ratio"\nat_most = 0.2\n'


@pytest.mark.parametrize(
    ("text", "times"),
    [
        (MINIMAL, 0),
        (MINIMAL.replace('policy = "web"', 'policy = "fineweb2"'), 1),
        (MINIMAL + PHRASES, 1),
        (MINIMAL + "[filters.phrases]\n", 1),
        (MINIMAL + PHRASES + '[filters.own]\nfilter = "phrases"\n', 1),
    ],
)
def test_a_filter_on_demand_is_there_where_a_rule_reads_it_or_the_recipe_names_it(tmp_path, text, times):
    recipe = load(tmp_path, text)
    stored = stored_filters(tmp_path / "recipe.toml", recipe.policy.rules)

    chosen = [choice.filter for choice in recipe.filters]
    assert [choice.filter for choice in stored] == chosen
    assert chosen.count("phrases") == times
    assert set(chosen) | ON_DEMAND == set(CATALOGUE)


def test_dictionaries_are_known_by_their_digest(tmp_path):
    (tmp_path / "own.txt").write_text("云图库 30 n\n清源\n", "utf-8")

    recipe = load(tmp_path, MINIMAL + '[segment]\ndictionaries = ["own.txt"]\n')

    assert [(d.path.name, d.digest) for d in recipe.dictionaries] == [
        ("own.txt", sha256("云图库 30 n\n清源\n".encode()).hexdigest())
    ]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "segment.dictionaries[1]: cannot be read"),
        (b"a b c d\n", "own.txt: line 1"),
        (b"\xff\xfe", "own.txt: 'utf-8'"),
    ],
)
def test_a_dictionary_that_is_none_is_refused_before_a_byte_is_read(tmp_path, content, fault):
    if content is not None:
        (tmp_path / "own.txt").write_bytes(content)

    with pytest.raises(RecipeError) as caught:
        load(tmp_path, MINIMAL + '[segment]\ndictionaries = ["own.txt"]\n')

    assert fault in str(caught.value)


class _Places:
    version = "1"
    schema = pa.schema([attribute("toy.spans", SPANS, "spans", "places")])


def test_a_rule_cannot_bound_places_in_the_text():
    policy = Policy((Rule("r", "toy.spans", at_most=1),))

    with pytest.raises(RecipeError) as caught:
        check_policy(policy, [_Places()], "recipe x")

    assert str(caught.value) == 'recipe x, rule "r": toy.spans holds places in the text; no rule bounds them'


def test_all_files_of_an_unknown_format_are_told_of_at_once():
    source = Source(name="crawl", path="crawl")
    files = [InputFile(f"/crawl/{name}", name, 1, "1") for name in ("a.jsonl", "b.pdf", "c.docx")]

    with pytest.raises(RecipeError) as caught:
        _formats(source, files)

    assert str(caught.value).startswith('source "crawl" (2 of its 3 files are such): b.pdf: no format is known')
    assert _formats(source, files[:1]) == ["jsonl"]


def test_a_pack_may_read_what_is_measured_on_demand(tmp_path):
    rule = '[[rules]]\nreason = "r"\nattribute = "phrases.top_2gram_char_ratio"\nat_most = 0.5\n'
    (tmp_path / "own.toml").write_text(f'about = "x"\n{rule}', "utf-8")

    recipe = load(tmp_path, MINIMAL.replace('policy = "web"', 'policy = "web"\npacks = ["own.toml"]'))

    assert "phrases" in {choice.filter for choice in recipe.filters}
