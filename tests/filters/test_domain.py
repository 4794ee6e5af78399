from pathlib import Path

import opencc
import pyarrow as pa
import pytest

from filters.catalogue import CATALOGUE
from filters.domain import Domain, _lexicon
from filters.domains import DOMAINS
from filters.texts import Texts
from pipeline.recipe import load_recipe

# One text of each of the six scenes and some general domains, written for this test.
TEXTS = {
    "government": "市政府办公厅印发《关于深化一网通办的实施方案》，要求各区人民政府、市直各单位贯彻落实。申请人到政务服务大厅窗口"  # noqa: E501
    "提交材料，符合办事指南的当场受理，五个工作日内办结；材料不全的，窗口应当一次性告知。",
    "medicine": "患者因胸闷三天入院，心电图提示心肌缺血，血压偏高，既往有糖尿病史。主治医师建议先口服药物治疗，并监测血糖；"  # noqa: E501
    "若症状加重，则行手术。出院后应遵医嘱服药，定期到门诊复查。",
    "science": "研究人员在望远镜的光谱数据中发现，这颗恒星的光谱线随温度移动。根据假说，行星的引力使恒星摆动，"
    "其周期与质量、距离有关。实验组与对照组的测量误差都在百分之二以内，结论与相对论的预言一致。",
    "finance": "受央行降准影响，沪深股市高开，银行板块涨幅居前。该上市公司公布的财报显示，净利润同比增长百分之八，"
    "但应收账款上升，市盈率仍高于行业平均。投资者应留意利率与汇率的变化，不宜加杠杆。",
    "autonomous_driving": "测试车的激光雷达和毫米波雷达在雨夜误把路面积水当成障碍物，触发紧急制动。安全员随即接管，"
    "工程师回放点云和摄像头数据，修改了感知算法，再到封闭道路做自动驾驶的仿真测试，车道保持与变道都恢复正常。",
    "urban_governance": "老旧小区的停车位不足，业主委员会和物业公司吵了半年。街道办派网格员逐户走访，居民议事后同意划出"
    "非机动车停放区，清理楼道里的飞线充电，垃圾分类亭也挪到了小区门口，投诉从每周十几件降到两件。",
    "law": "原告起诉称被告违约，请求人民法院判令被告赔偿损失。法院认为，双方签订的合同合法有效，被告未履行义务，"
    "应当依照民法典承担违约责任。判决生效后，当事人可以在十五日内上诉。",
    "cooking": "五花肉切块，冷水下锅焯水，加料酒和姜片去腥。热锅放少许食用油和冰糖，小火炒糖色，倒入肉块翻炒，"
    "再加生抽、老抽、八角和开水，大火烧开后转小火炖一小时，最后收汁撒葱花出锅。",
    "sport": "下半场第七十分钟，客队前锋接队友助攻射门得分，把比分扳平。主教练换上两名替补球员，"
    "加时赛最后一分钟获得点球，门将判断失误，主场球迷欢呼起来，球队首次打进联赛决赛。",
}


def measure(texts):
    return Domain()(Texts(pa.array(texts, pa.large_string())))


@pytest.mark.parametrize("domain", TEXTS)
def test_a_text_of_the_domain_is_named_by_it(domain):
    assert measure([TEXTS[domain]])["domain.top"].to_pylist() == [domain]


@pytest.mark.parametrize("domain", TEXTS)
def test_both_scripts_and_both_widths_score_nearly_alike(domain):
    traditional = opencc.OpenCC("s2t").convert(TEXTS[domain])

    simplified, converted = measure([TEXTS[domain], traditional])[f"domain.{domain}_score"].to_pylist()

    assert converted == pytest.approx(simplified, abs=0.02)


def test_a_text_can_be_of_two_domains():
    batch = measure([TEXTS["law"].replace("签订的合同", "签订的手术同意书") + TEXTS["medicine"]])

    assert [batch[f"domain.{name}_score"][0].as_py() >= 0.5 for name in ("law", "medicine")] == [True, True]


def test_what_has_no_vocabulary_of_any_domain_is_other():
    assert measure(["好的，那就这样吧，我知道了。", "", "2024"])["domain.top"].to_pylist() == ["other"] * 3


def test_a_score_is_d_over_d_plus_4_with_40_words_added():
    # 篮球 (3) is a word, 一 and 百 are not in the list: 100 * 3 / (1 + 40) per 100 words.
    density = 100 * 3 / 41

    assert measure(["篮球"])["domain.sport_score"][0].as_py() == pytest.approx(density / (density + 4))


def test_words_cut_into_several_tokens_are_found_as_one():
    batch = measure(["自动驾驶汽车"])

    assert batch["domain.autonomous_driving_score"][0].as_py() == pytest.approx((300 / 42) / (300 / 42 + 4), abs=0.05)


def test_one_word_repeated_is_no_vocabulary():
    often, seldom = measure(["篮球" * 100, "篮球" * 4])["domain.sport_score"].to_pylist()

    assert often < seldom


def test_the_lists_are_simplified_and_every_domain_has_words():
    weights = _lexicon().weights

    assert [int((weights[:, column] == 3).sum()) >= 30 for column in range(len(DOMAINS))] == [True] * len(DOMAINS)
    assert opencc.OpenCC("t2s").convert(words := " ".join(_words())) == words


def _words():
    lines = Path("filters/lexicons/domains.toml").read_text("utf-8").splitlines()
    return [word for line in lines if " = " in line for word in line.split('"')[1].split()]


def test_a_recipe_selects_by_domain(tmp_path):
    (tmp_path / "recipe.toml").write_text(
        """
        [recipe]
        name = "clinic"
        [[sources]]
        name = "crawl"
        path = "*.jsonl"
        [[rules]]
        reason = "other_domain"
        attribute = "domain.top"
        one_of = ["medicine", "science"]
        [[rules]]
        reason = "financial"
        attribute = "domain.finance_score"
        at_most = 0.3
        """,
        "utf-8",
    )
    rules = [
        rule for rule in load_recipe(tmp_path / "recipe.toml").policy.rules if rule.attribute.startswith("domain.")
    ]
    batch = measure([TEXTS["medicine"], TEXTS["finance"], TEXTS["law"]])

    broken = {rule.reason: rule.broken_by({rule.attribute: batch[rule.attribute]}).tolist() for rule in rules}

    assert broken == {"other_domain": [False, True, True], "financial": [False, True, False]}


def test_the_catalogue_has_it():
    assert CATALOGUE["domain"] is Domain
