import json

import opencc
import pyarrow as pa
import pytest

from filters.notices import Notices
from filters.texts import Texts

PROSE = "渡口的船在雾里靠了岸，卖菜的人先下，挑着两筐水灵灵的萝卜。" * 12


def measure(*texts):
    return Notices()(Texts(pa.array(texts, pa.large_string()))).to_pylist()


def one(text, name):
    return measure(text)[0][f"notices.{name}"]


def article(notice):
    return f"渡口\n{PROSE}\n{notice}"


EXPLICIT = [
    "本文由AI生成",
    "以上内容由人工智能生成，仅供参考。",
    "*（内容由AI生成，仅供参考）*",
    "声明：本文由 ＡＩ 辅助生成，请谨慎甄别。",
    "本 文 由 人 工 智 能 生 成",
    "本回答由AI生成，内容仅供参考，请仔细甄别",
    "本报告借助DeepSeek大模型辅助撰写，数据已经人工核对。",
    "部分内容由 AI 生成。",
    "【AI生成】",
    "文中图片由AI生成",
    "本文由ChatGPT翻译",
    "注：本页面内容使用生成式人工智能技术合成。",
    "内容由AI生成，仅供参考和借鉴",
]
NO_EXPLICIT = [
    "人工智能生成的内容应当标识。",
    "《人工智能生成合成内容标识办法》自九月一日起施行。",
    "有人在末尾写上“本文由AI生成”，编辑还是退了稿。",
    "这篇文章由人工智能生成，但评委没有看出来。",
    "我们讨论AI生成与AI辅助写作的区别。",
    "AI生成内容的版权归谁？",
    "AI生成内容（AIGC）在教育中的应用",
    "她用AI生成了一张海报，又自己改了三遍。",
    "平台应当在文本的起始、末尾或者中间适当位置添加文字提示。",
]


@pytest.mark.parametrize("notice", EXPLICIT)
def test_sentences_that_tell_readers_are_counted_at_the_tail_and_at_the_head(notice):
    traditional = opencc.OpenCC("s2t").convert(notice)

    assert [one(text, "aigc_explicit_count") for text in (article(notice), f"{traditional}\n{PROSE}")] == [1, 1]


@pytest.mark.parametrize("sentence", NO_EXPLICIT)
def test_what_is_said_about_generated_text_is_no_label(sentence):
    texts = (f"{PROSE}\n{sentence}\n{PROSE}", f"{PROSE}{sentence}{PROSE}", article(sentence))

    assert [one(text, "aigc_explicit_count") for text in texts] == [0, 0, 0]


YAML = """---
title: 渡口
AIGC:
    Label: {label}
    ContentProducer: 00119999999999999999999T1XX
    ProduceID: c4c8_8ffd
    ReservedCode1: D5JAzCK4WSYGSVx/dtOV=
    ContentPropagator: 00119999999999999999999T1XX
    PropagateID: c4c8_8ffd
    ReservedCode2: D5JAzCK4WSYGSVx/dtOV=
---

"""


@pytest.mark.parametrize(
    ("label", "status"),
    [
        ('"1"', "declared"),
        ("'2'", "possible"),
        ("3", "suspected"),
        ("AIGC", "declared"),
        ("x9", "unclear"),
        ("", "unclear"),
    ],
)
def test_front_matter_says_what_it_declares(label, status):
    assert one(YAML.format(label=label) + PROSE, "aigc_label") == status


def test_metadata_are_kept_as_they_stand_in_the_standards_order():
    held = json.loads(one(YAML.format(label='"1"') + PROSE, "aigc_metadata"))

    assert list(held) == ["Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator", "PropagateID",
                          "ReservedCode2"]  # fmt: skip
    assert (held["Label"], held["ReservedCode1"]) == ("1", "D5JAzCK4WSYGSVx/dtOV=")


@pytest.mark.parametrize(
    "block",
    [
        '{"AIGC": {"Label": "2", "ContentProducer": "甲公司", "ProduceID": "7"}}\n',
        '{"AIGC":"{\\"Label\\":\\"2\\",\\"ContentProducer\\":\\"甲公司\\"}"}\n',
        '<meta name="AIGC" content=\'{"Label":"2","ContentProducer":"甲公司"}\'>\n',
        "AIGC: ContentProducer: 甲公司\nLabel: 2\n",
        "aigc:\n  label : ２\n  content_producer: 乙\n  contentproducer: 甲公司\n",
    ],
)
def test_other_shapes_of_metadata_are_read_leniently(block):
    expected = "possible" if "２" not in block else "unclear"

    assert (one(block + PROSE, "aigc_label"), one(block + PROSE, "aigc_label")) == (expected, expected)
    assert json.loads(one(block + PROSE, "aigc_metadata"))["ContentProducer"] == "甲公司"


def test_a_text_about_labels_has_none():
    text = f"{PROSE}\n文件元数据的键是 AIGC: 其下有 Label、ContentProducer 等七项。\n{PROSE}"
    example = f"{PROSE * 8}\n{YAML.format(label=1)}\n{PROSE * 8}"

    assert [row["notices.aigc_label"] for row in measure(text, example, PROSE)] == ["none"] * 3


@pytest.mark.parametrize(
    ("line", "copyright_", "no_repost", "credit"),
    [
        ("版权所有 未经授权 不得转载", 1, 1, 0),
        ("版 权 所 有，違者必究", 1, 0, 0),
        ("© 2024 临溪网", 1, 0, 0),
        ("Copyright © 2020-2024 Example Inc. All Rights Reserved.", 1, 0, 0),
        ("著作權所有，保留所有權利", 1, 0, 0),
        ("本文版权归作者所有。", 1, 0, 0),
        ("本站内容未经许可严禁转载", 0, 1, 0),
        ("谢绝转载", 0, 1, 0),
        ("转载需联系作者获得授权", 0, 1, 0),
        ("转载请注明出处", 0, 0, 1),
        ("轉載請註明來源：臨溪日報", 0, 0, 1),
        ("关于我们 | 版权声明 | 联系我们", 0, 0, 0),
        ("第五十三条　未经著作权人许可，复制、发行、转载其作品的，应当承担民事责任。", 0, 0, 0),
        ("除著作权人声明不得转载、摘编的外，其他报刊可以转载。", 0, 0, 0),
        ("禁止盗用和擅自转供城市公共供水。", 0, 0, 0),
        ("著作权归作者享有，但本法另有规定的除外。", 0, 0, 0),
        ("他把报上的文章转载到自己的本子里，一字不差。", 0, 0, 0),
        ("版权所有者可以向法院起诉。", 0, 0, 0),
    ],
)
def test_claims_of_rights(line, copyright_, no_repost, credit):
    row = measure(article(line))[0]

    found = [row[f"notices.{name}_count"] for name in ("copyright", "no_repost", "credit")]
    assert found == [copyright_, no_repost, credit]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("本文采用 CC BY-NC-SA 4.0 许可协议，转载请注明出处。", "CC-BY-NC-SA-4.0"),
        ("本作品采用知识共享署名-非商业性使用-相同方式共享 4.0 国际许可协议进行许可。", "CC-BY-NC-SA-4.0"),
        ("本著作係採用創用 CC 姓名標示-非商業性-禁止改作 3.0 台灣 授權條款授權", "CC-BY-NC-ND-3.0"),
        ("除非另有声明，本站文章均依 https://creativecommons.org/licenses/by-sa/4.0/ 授权。", "CC-BY-SA-4.0"),
        ("除特别注明外，內容以ＣＣ　ＢＹ－ＳＡ授權。", "CC-BY-SA"),
        ("本作品以 CC0 1.0 发布，放弃一切权利。", "CC0-1.0"),
        ("许可协议：MIT", "MIT"),
        ("## License\n\nMIT License", "MIT"),
        ("This work is licensed under the Apache License, Version 2.0", "Apache-2.0"),
        ("本文依据 GNU 自由文档许可证 1.2 版或更高版本发布", "GFDL-1.2-or-later"),
        ("本程序是自由软件，您可以依照 GPL v2 或更新版本发布", "GPL-2.0-or-later"),
        ("本手册以 GPLv3 授权发布。", "GPL-3.0"),
        ("GPL 与 MIT 许可证有什么不同，很多人说不清楚。", None),
        ("Apache 是一种网页服务器，用的是 Apache 许可证。", None),
        ("谁都知道摄影作品署名很重要，共享单车却不必。", None),
    ],
)
def test_the_licence_of_a_text_is_named_as_spdx_names_it(line, name):
    assert one(article(line), "licence") == name


def test_a_line_without_end_is_read_around_the_word_only():
    assert measure("正文。" * 50_000 + "版权所有，违者必究。" + "正文。" * 50_000)[0]["notices.copyright_count"] == 1


def test_a_text_of_notices_only_is_read_at_its_ends():
    row = measure("".join(f"© {1900 + year} 临溪报社\n" for year in range(120)) * 100)[0]

    assert row["notices.copyright_count"] == 100


def test_nothing_is_none_zero_and_null():
    assert measure("好的。", None) == [
        {"notices.aigc_label": "none", "notices.aigc_metadata": None, "notices.aigc_explicit_count": 0,
         "notices.copyright_count": 0, "notices.no_repost_count": 0, "notices.credit_count": 0, "notices.licence": None},  # noqa: E501
        dict.fromkeys(Notices().schema.names),
    ]  # fmt: skip
