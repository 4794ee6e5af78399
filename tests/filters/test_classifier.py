"""The trained quality score: what it says of plain cases, alike in both scripts, and as fastText itself says."""

import time
from importlib.resources import files
from random import Random

import fasttext_new
import numpy as np
import opencc
import pyarrow as pa
import pytest

from filters.classifier import SHIPPED_DIGEST, TrainedQuality
from filters.model import GOOD, pair_logits
from filters.scorer import load_scorer
from filters.texts import Texts
from filters.tokens import WINDOW_CHARS, WINDOWS, tokenise

SHIPPED = files("filters") / "models" / "quality"
MOST_BYTES = 3_000_000

PROSE = (
    "城北的旧书市每逢周末开张，摊主们天不亮就来占位置。我常去的那一摊摆在桥洞下面，老板姓方，从前在印刷厂排字，"
    "对铅字很有感情。他说现在的书轻了，纸也白得刺眼，读久了眼睛疼。那天我买了一本讲河道治理的小册子，里面夹着一张"
    "四十年前的粮票，他看了看，笑着说这个不算钱，送给你当书签吧。"
)
TRADITIONAL = opencc.OpenCC("s2t").convert(PROSE).replace("“", "「")
RUBBISH = [
    "首页\n关于我们\n产品中心\n新闻动态\n成功案例\n联系我们\n在线留言\n会员登录\n购物车\n友情链接\n返回顶部",
    "石桥镇 防水 补漏 公司 电话 价格 石桥镇 屋顶 外墙 卫生间 地下室 防水 堵漏 材料 厂家 批发 招商 加盟",
    "12.5 99.8 1024 3.14\n33.1 87.2 2048 2.71\n45.9 12.0 4096 1.41\n66.6 31.7 8192 1.73",
    "加★薇★信★领★取★红★包★天★天★有★礼★正★品★包★邮★点★击★下★方★链★接★抢★购",
]


def score(texts, filter_=None):
    return (filter_ or TrainedQuality())(Texts(pa.array(texts, pa.large_string())))["quality.score"].to_pylist()


def tokens(text):
    views = Texts(pa.array([text]))
    return tokenise(views.code_points, views.offsets)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("國家", "国 家"),
        ("「好」", '" 好 "'),
        ("“好”", '" 好 "'),
        ("３.14%，Hello World", "0 . 0 % , a a"),
        ("龘了", "〓 了"),
        ("我们 大家\n\n　　好", "我 们 ␣ 大 家 ¶ 好"),
        ("他 3 说", "他 0 说"),
        ("\n　好　\n", "好"),
        ("\ufffd\ue000的🎉🎉", "� 的 ★"),
        ("", ""),
    ],
)
def test_a_text_becomes_tokens(text, expected):
    assert tokens(text).lines() == [expected]


def test_a_long_text_is_read_in_windows_spread_over_it():
    # Characters that are tokens of their own, one for each window's worth of text.
    parts = [char * WINDOW_CHARS for char in "一二三四五六七八九十百千万上下左右大小多"]

    read = tokens("".join(parts)).lines()[0].split("¶")

    assert (len(read), read[0].split(), read[-1].split()) == (WINDOWS, ["一"] * WINDOW_CHARS, ["多"] * WINDOW_CHARS)


def test_a_text_just_as_long_as_all_windows_is_read_whole():
    assert len(tokens("一" * (WINDOWS * WINDOW_CHARS)).values) == WINDOWS * WINDOW_CHARS


def test_prose_scores_above_rubbish():
    good, *bad = score([PROSE, *RUBBISH])

    assert [good > 0.5, [one < 0.1 for one in bad]] == [True, [True] * len(RUBBISH)]


def test_damage_lowers_the_score():
    shuffled = list(PROSE)
    Random(3).shuffle(shuffled)
    good, bad = score([PROSE, "".join(shuffled)])

    assert bad < good / 2


def test_both_scripts_score_alike():
    simplified, traditional = score([PROSE, TRADITIONAL])

    assert TRADITIONAL != PROSE
    assert traditional == pytest.approx(simplified, abs=1e-9)


def test_nothing_to_read_has_no_score():
    assert score([None, "", " \n　"]) == [None, None, None]


def test_the_kernel_answers_what_fasttext_answers():
    texts = [PROSE, TRADITIONAL, *RUBBISH, "龘", "a", "的", "\U00020bb7野家🎉λの한"]
    views = Texts(pa.array(texts))
    read = tokenise(views.code_points, views.offsets)
    model = fasttext_new.load_model(str(SHIPPED / "model.bin"))
    labels, chances = model.predict_batch(read.lines(), k=2, threads=1)
    expected = [dict(zip(*row, strict=True))[GOOD] for row in zip(labels, chances, strict=True)]

    logits = pair_logits(load_scorer(None, SHIPPED_DIGEST).weights, read.values, read.offsets)[:, 0]

    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), expected, atol=3e-5)


def test_the_shipped_model_is_small_and_loads_at_once():
    load_scorer.cache_clear()
    begun = time.process_time()
    TrainedQuality().open()

    assert time.process_time() - begun < 0.2
    assert (SHIPPED / "model.bin").stat().st_size < MOST_BYTES


@pytest.mark.parametrize("arguments", [{"model": "somewhere"}, {"digest": "0" * 64}, {"model": 3, "digest": "0"}])
def test_a_model_is_named_with_its_digest_or_not_at_all(arguments):
    with pytest.raises((ValueError, TypeError), match="model"):
        TrainedQuality(**arguments)


def test_a_missing_or_another_model_is_refused_when_opened(tmp_path):
    missing = TrainedQuality(str(tmp_path / "none"), "0" * 64)
    (tmp_path / "calibration.json").write_bytes((SHIPPED / "calibration.json").read_bytes())
    other = TrainedQuality(str(tmp_path), "0" * 64)

    with pytest.raises(ValueError, match="no quality model in"):
        missing.open()
    with pytest.raises(ValueError, match=f"has the digest {SHIPPED_DIGEST}"):
        other.open()


def test_a_changed_model_file_is_refused(tmp_path):
    data = (SHIPPED / "model.bin").read_bytes()
    calibration = (SHIPPED / "calibration.json").read_bytes()
    (tmp_path / "calibration.json").write_bytes(calibration)
    (tmp_path / "model.bin").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    loaded = load_scorer.__wrapped__

    with pytest.raises(ValueError, match="is not the model that is meant"):
        loaded(str(tmp_path), SHIPPED_DIGEST)
