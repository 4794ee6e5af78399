"""What is wrong with a round's file is said before any server is asked: file, key, what is there, the near name."""

import json

import pytest

from annotation import round_check
from annotation.people import add_person
from flows.cli import main
from flows.runtime import run_direct
from pipeline.database import open_registry, session
from tests.annotation.small_run import small_recipe

RECIPE = small_recipe("a")
RULE = '[[rules]]\nreason = "too_short"\nattribute = "length.text_chars"\nat_least = 5\n'
PAY = '[policy]\nname = "p"\nversion = "1"\n[rates]\ndefault = 60000\n[[norms]]\nkind = "default"\nseconds = 30\n'
PAY += "[floor]\nwmin_fen_h = 2800\n[budget]\nperiod_fen = 1000\n"
RIGHT = """
[round]
name = "r"
kind = "quality"
rule_version = "1"
run = "river"
policy = "pay.toml"
[gold]
file = "gold.jsonl"
[people]
annotators = ["p01"]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("check")
    (path / "a.jsonl").write_text(
        "".join(json.dumps({"id": str(k), "text": f"第{k}篇正文。"}) + "\n" for k in range(9))
    )
    (path / "gold.jsonl").write_text(json.dumps({"id": "g", "text": "正文。", "label": 5}) + "\n")
    for name, words in (("recipe", RECIPE), ("short", RULE), ("pay", PAY)):
        (path / f"{name}.toml").write_text(words, "utf-8")
    run_direct(path / "recipe.toml", path / "work", workers=1, memory=10**9, quiet=True)
    with session(open_registry(path / "work")) as opened:
        add_person(opened, "p01")
    return path


@pytest.fixture
def say(folder, monkeypatch, capsys):
    """Push a round's file where no server is named; returns the exit code and what was said."""
    for name in ("QINGYUAN_LABELSTUDIO_URL", "QINGYUAN_LABELSTUDIO_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    def push(text, *command):
        (folder / "round.toml").write_text(text, "utf-8")
        words = command or ("annotate", "push", folder / "round.toml")
        code = main([*map(str, words), "--workspace", str(folder / "work")])
        return code, capsys.readouterr().err

    return push


@pytest.mark.parametrize(
    ("right", "wrong", "key", "said"),
    [
        ('name = "r"', 'name = "r 1"', "round.name", "'r 1' does not match"),
        ('kind = "quality"', 'kind = "qualty"', "round.kind", 'did you mean "quality"?'),
        ('run = "river"', 'run = "rivr"', "round.run", 'did you mean "river"?'),
        ('kind = "quality"\n', 'kind = "preference"\n', "round.runs", "needs two runs"),
        ('policy = "pay.toml"', 'policy = "pai.toml"', "round.policy", 'did you mean "pay.toml"?'),
        ('policy = "pay.toml"', 'policy = "short.toml"', "round.policy", "rules: unknown key"),
        ('file = "gold.jsonl"', 'file = "gould.jsonl"', "gold.file", 'did you mean "gold.jsonl"?'),
        ('kind = "quality"', 'kind = "domain"', "gold.file", "line 1: the label"),
        ('["p01"]', '["p1"]', "people.annotators", 'nobody called "p1"; did you mean "p01"?'),
        ("[gold]", '[sampling]\nfocus = "uncertainty"\nscores = ["length.tekst_chars"]\n[gold]', "sampling.scores",
         'did you mean "length.text_chars"?'),
        ("[gold]", '[sampling]\nby = ["domain"]\n[gold]', "sampling.by", 'did not measure "domain.top"'),
        ('run = "river"', 'sample = "a.parquet"', "round.sample", "there is no file"),
        ('run = "river"', 'run = "river"\nshow_predictions = true', "round.show_predictions",
         'did not measure "quality.score"'),
    ],
)  # fmt: skip
def test_what_a_file_names_wrongly_is_said_with_its_key_before_a_server_is_asked_for(say, right, wrong, key, said):
    assert right in RIGHT
    code, error = say(RIGHT.replace(right, wrong, 1))
    assert code == 2
    assert key in error
    assert said in error


def test_a_file_without_fault_gets_as_far_as_the_server(say, folder):
    for words in ((), ("annotate", "push", folder / "round.toml", "--direct")):
        code, error = say(RIGHT, *words)
        assert (code, "Set QINGYUAN_LABELSTUDIO_URL" in error) == (2, True)


def test_other_settings_of_a_round_that_is_open_are_named(say, folder, monkeypatch):
    from annotation.opening import open_round
    from annotation.questions import question_of, read_label
    from annotation.round_file import load_round

    text = RIGHT.replace('"r"', '"s"')
    say(text)
    with session(open_registry(folder / "work")) as opened:
        open_round(opened, load_round(folder / "round.toml"), folder / "work",
                   lambda value, text: read_label(question_of("quality"), value, text), review="none")  # fmt: skip
    monkeypatch.setattr(round_check, "read_gold", lambda *_, **__: pytest.fail("what is drawn is not read again"))
    assert "Set QINGYUAN_LABELSTUDIO_URL" in say(text)[1]
    code, error = say(text.replace("[gold]", "[sampling]\nsize = 7\n[gold]\nrate = 0.1"))
    assert code == 2
    assert "sampling.size was 300, is 7; gold.rate was 0.05, is 0.1" in error


def test_a_campaign_whose_round_asks_about_another_run_is_refused_before_anything_is_cleaned(say, folder):
    other = RECIPE.replace('"river"', '"lake"', 1)
    (folder / "lake.toml").write_text(other, "utf-8")
    campaign = ("campaign", folder / "lake.toml", "--round", folder / "round.toml", "--direct")
    code, error = say(RIGHT.replace('"river"', '"laek"'), *campaign)
    assert code == 2
    assert 'round.run: the recipe makes "lake", not "laek"; did you mean "lake"?' in error
    code, error = say(RIGHT.replace('"river"', '"lake"'), *campaign)
    assert (code, "Set QINGYUAN_LABELSTUDIO_URL" in error) == (2, True)
    assert not (folder / "work/runs/lake").exists()
