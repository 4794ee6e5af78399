import pyarrow as pa
import pytest

from filters.context import Context
from filters.texts import Texts


def measure(texts):
    return Context()(Texts(pa.array(texts, pa.large_string()))).to_pylist()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("第十二条 违反本条例规定的，由公安机关责令改正，没收违法所得；构成犯罪的，依法追究刑事责任。", "statute"),
        ("第 3 條 違反前項規定者，由主管機關處新臺幣三千元以上罰鍰。", "statute"),
        ("本院认为，被告人张某犯罪事实清楚，证据充分，判处有期徒刑二年。", "judgment"),
        ("本报讯 记者日前从警方获悉，一个跨境赌博团伙被查获。", "news"),
        ("谨防受骗：刷单就是诈骗，切勿轻信，遇到可疑情况请拨96110。", "education"),
        ("我被骗了两万元，已经报警，请问还能追回来吗？", "help"),
        ("患者应在医生指导下用药，出现不良反应及时就医。", "medicine"),
        ("加微信领取彩金，首存送八百，提现秒到账。", "none"),
        ("清晨的雾气还没有散去，渔民已经把第一网鱼拉上了岸。", "none"),
    ],
)
def test_the_frame_of_a_text(text, kind):
    assert measure([text])[0]["context.kind"] == kind


def test_a_phrase_said_over_and_over_counts_once():
    once, often = measure(["据报道。", "据报道。" * 5])

    assert often["context.news_score"] < once["context.news_score"] + 0.01


def test_a_long_text_needs_more_signs():
    sign = "本报讯，记者获悉，"
    short, long = measure([sign, sign + "清晨的雾气还没有散去。" * 3000])

    assert (short["context.kind"], long["context.kind"]) == ("news", "none")


def test_no_text_has_no_frame():
    assert measure([None])[0]["context.kind"] is None
    assert measure([""])[0]["context.kind"] == "none"
