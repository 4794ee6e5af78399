"""Scores of harm: passages, both scripts, models of one's own, and callables by entry point."""

from hashlib import sha256
from importlib.resources import files

import fasttext_new
import numpy as np
import opencc
import pyarrow as pa
import pytest

from filters.model import BENIGN, LABEL
from filters.passages import LEAST_TOKENS, MOST_TOKENS, cut_passages
from filters.safety import SCORES, SHIPPED, Safety, _callable, _entry_point
from filters.scorer import load_scorer
from filters.texts import Texts
from filters.tokens import CONTENT
from flows.cli import SAFETY_SCORES

MODELS = files("filters") / "models"
CALM = "城北的旧书市每逢周末开张，摊主们天不亮就来占位置。老板姓方，从前在印刷厂排字，对铅字很有感情。"
SPAM = "永利娱乐城，百家乐、老虎机真人荷官在线发牌，首存送888，提现秒到账，注册就送彩金，代理返水高。"
TOY = """
def score(texts):
    return [min(1.0, text.count("坏") / 4) for text in texts]

def wrong(texts):
    return [2.0 for text in texts]
"""


def measure(texts, filter_=None):
    views = Texts(pa.array(texts, pa.large_string()))
    return (filter_ or Safety())(views).to_pylist()


def test_harm_scores_above_calm_prose_whatever_the_script():
    calm, spam, traditional = measure([CALM, SPAM, opencc.OpenCC("s2t").convert(SPAM)])

    assert (spam["safety.gambling"] > 0.9, max(calm.values()) < 0.2) == (True, True)
    assert traditional["safety.gambling"] == spam["safety.gambling"]


def test_one_passage_of_harm_is_seen_in_a_long_text():
    long = [CALM * 200, CALM * 100 + SPAM * 2 + CALM * 100]

    scores = [row["safety.gambling"] for row in measure(long)]

    assert (scores[0] < 0.2, scores[1] > 0.9) == (True, True)


def test_nothing_to_read_has_no_score():
    assert measure([None, "", " \n　"]) == [dict.fromkeys(Safety().schema.names)] * 3


def passages_of(text):
    passages = cut_passages(Texts(pa.array([text])).content)
    return [line.replace(" ", "") for line in passages.tokens.lines()], passages.offsets.tolist()


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("", []),
        ("好。", [2]),
        ("好" * LEAST_TOKENS, [LEAST_TOKENS]),
        ("好" * 70 + "。" + "坏" * 70, [71, 70]),
        ("好" * (MOST_TOKENS + 100), [MOST_TOKENS, 100]),
        ("好" * (MOST_TOKENS + 10), [MOST_TOKENS, LEAST_TOKENS]),  # the last one begins earlier
    ],
)
def test_a_text_is_cut_at_ends_of_sentences_and_never_into_scraps(text, lengths):
    lines, offsets = passages_of(text)

    assert ([len(line) for line in lines], offsets) == (lengths, [0, len(lengths)])


def test_every_token_is_in_a_passage():
    text = "".join(chr(0x4E00 + n) + ("。" if n % 37 == 0 else "") for n in range(900))
    whole = Texts(pa.array([text])).content.lines()[0].replace(" ", "")

    lines, _ = passages_of(text)

    assert set("".join(lines)) == set(whole)
    assert "".join(lines[:-1]) == whole[: len("".join(lines[:-1]))]
    assert whole.endswith(lines[-1])


@pytest.mark.parametrize("name", SHIPPED)
def test_the_kernel_answers_what_fasttext_answers(name):
    texts = [CALM, SPAM, "龘", "vx abc ＡＢＣ", "的", "\U00020bb7野家🎉λの한"]
    read = Texts(pa.array(texts)).content
    model = fasttext_new.load_model(str(MODELS / name / "model.bin"))
    scorer = load_scorer(None, SHIPPED[name], name, CONTENT)
    weights = scorer.weights
    labels, chances = model.predict_batch(read.lines(), k=5, threads=1)
    expected = [dict(zip(*row, strict=True)) for row in zip(labels, chances, strict=True)]

    from filters.model import pair_logits

    logits = pair_logits(weights, read.values, read.offsets)

    for at, label in enumerate(weights.labels):
        mine = 1 / (1 + np.exp(-logits[:, at]))
        np.testing.assert_allclose(mine, [row[f"{LABEL}{label}"] for row in expected], atol=3e-5)
    assert BENIGN in model.labels


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_models_are_small(name):
    assert (MODELS / name / "model.bin").stat().st_size < 3_000_000


def test_the_command_line_names_the_scores():
    assert tuple(SCORES) == SAFETY_SCORES


@pytest.fixture
def fasttext_file(tmp_path):
    lines = [f"__label__toxic 坏 东西 {n}\n__label__fine 好 东西 {n}\n" for n in range(40)]
    (tmp_path / "lines.txt").write_text("".join(lines), "utf-8")
    model = fasttext_new.train_supervised(
        input=str(tmp_path / "lines.txt"), dim=4, epoch=40, lr=1.0, minCount=1, bucket=1000, thread=1, verbose=0
    )
    path = tmp_path / "own.bin"
    model.save_model(str(path))
    return str(path), sha256(path.read_bytes()).hexdigest()


def test_a_fasttext_file_takes_the_place_of_a_score(fasttext_file):
    path, digest = fasttext_file
    own = Safety(models={"abuse": path}, digests={"abuse": digest}, labels={"abuse": "__label__toxic"})

    rows = measure(["坏东西\n坏", "好东西", SPAM, None], own)

    assert [rows[0]["safety.abuse"] > 0.9, rows[1]["safety.abuse"] < 0.1, rows[3]["safety.abuse"]] == [True, True, None]
    assert rows[2]["safety.gambling"] == measure([SPAM])[0]["safety.gambling"]
    assert own.version != Safety().version


def test_a_fasttext_file_must_be_the_one_that_is_meant_and_know_the_label(fasttext_file, tmp_path):
    path, digest = fasttext_file
    (tmp_path / "no.bin").write_bytes(b"no model")

    for settings, fault in (
        ({"models": {"abuse": path}, "digests": {"abuse": "0" * 64}}, f"has the digest {digest}"),
        ({"models": {"abuse": path}, "digests": {"abuse": digest}}, "not __label__abuse; say which by labels"),
        ({"models": {"abuse": path + "x"}, "digests": {"abuse": digest}}, "cannot be read"),
        (
            {"models": {"abuse": str(tmp_path / "no.bin")}, "digests": {"abuse": sha256(b"no model").hexdigest()}},
            "is no fastText classifier",
        ),
    ):
        with pytest.raises(ValueError, match=fault):
            Safety(**settings).open()


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """An installed package with two entry points."""
    (tmp_path / "toy_classifier.py").write_text(TOY, "utf-8")
    info = tmp_path / "toy_classifier-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-classifier\nVersion: 1.2\n")
    points = "[qingyuan.classifiers]\ntoy = toy_classifier:score\nwrong = toy_classifier:wrong\n"
    (info / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(tmp_path))
    for cached in (_entry_point, _callable):
        cached.cache_clear()
    yield
    for cached in (_entry_point, _callable):
        cached.cache_clear()


@pytest.mark.usefixtures("toy")
def test_a_callable_by_entry_point_takes_the_place_of_a_score():
    own = Safety(callables={"offensive": "toy"})

    rows = measure(["坏坏好", None, "", "好"], own)

    assert [row["safety.offensive"] for row in rows] == [0.5, None, None, 0.0]
    assert own.version.endswith("/offensive=toy-toy-classifier-1.2")


@pytest.mark.usefixtures("toy")
def test_a_callable_must_be_there_and_keep_its_promise():
    with pytest.raises(ValueError, match='no installed package has the entry point "tony"'):
        Safety(callables={"offensive": "tony"}).open()
    with pytest.raises(ValueError, match='"wrong" must give one number from 0 to 1 for each of 1 texts'):
        measure([CALM], Safety(callables={"offensive": "wrong"}))


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"models": {"porn": "x"}}, "go together"),
        ({"callables": {"pron": "x"}}, 'no score "pron"'),
        ({"callables": {"porn": 3}}, "tables of strings"),
        ({"models": {"porn": "x"}, "digests": {"porn": "0"}, "callables": {"porn": "y"}}, "given twice"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, fault):
    with pytest.raises((TypeError, ValueError), match=fault):
        Safety(**settings)
