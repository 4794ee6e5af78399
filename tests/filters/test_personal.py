"""Personal data: identifier by identifier, and what every finding promises. All are published samples or made up."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.identifiers import (
    hong_kong_check,
    luhn,
    organisation_check,
    resident_check,
    taiwan_check,
    uscc_check,
    vin_check,
)
from filters.personal import Personal, find_personal
from filters.personal_lexicon import categories
from filters.texts import Texts
from tests.benchmarks.personal_rows import FORMATS, ordinary, positives


def found(text):
    """The values found in a text, with their categories."""
    return [(text[start:end], kind) for start, end, kind in find_personal(Texts(pa.array([text]))).get(0, [])]


CHECKS = [
    (resident_check, "11010519491231002x", True),
    (resident_check, "440524188001010014", True),
    (resident_check, "810000199408230021", True),
    (resident_check, "830000199201300022", True),
    (resident_check, "911124198108030024", True),
    (resident_check, "440308199901101513", False),
    (resident_check, "110105194902310025", False),  # no 31 February
    (resident_check, "11010519491231002", False),
    (uscc_check, "91110000600037341l", True),
    (uscc_check, "91110000600037342l", False),
    (uscc_check, "9111000060003734io", False),
    (organisation_check, "d2143569x", True),
    (organisation_check, "600037341", True),
    (organisation_check, "600037342", False),
    (luhn, "6222021234567890128", True),
    (luhn, "6222021234567890127", False),
    (luhn, "0000000000000000", False),
    (luhn, "490154203237518", True),
    (vin_check, "1m8gdm9axkp042788", True),
    (vin_check, "1m8gdm9a1kp042788", False),
    (hong_kong_check, "a1234563", True),
    (hong_kong_check, "a1234564", False),
    (taiwan_check, "a123456789", True),
    (taiwan_check, "a123456788", False),
]


@pytest.mark.parametrize(("check", "value", "valid"), CHECKS)
def test_check_characters(check, value, valid):
    assert check(value) == valid


KEYCAPS = "".join(f"{digit}\ufe0f\u20e3" for digit in "13812345678")
CASES = {
    "电话13812345678请联系": [("13812345678", "mobile")],
    "手机１３８１２３４５６７８，": [("１３８１２３４５６７８", "mobile")],
    "手机一三八一二三四五六七八，": [("一三八一二三四五六七八", "mobile")],
    "幺三八零零一三八零零零": [("幺三八零零一三八零零零", "mobile")],
    "①③⑧①②③④⑤⑥⑦⑧": [("①③⑧①②③④⑤⑥⑦⑧", "mobile")],
    "致电+86 138-1234-5678。": [("+86 138-1234-5678", "mobile")],
    "手机1381234\n5678，": [("1381234\n5678", "mobile")],
    "联系我：138O0138OO1": [("138O0138OO1", "mobile")],
    "手\u200b机1381\u200b2345678": [("1381\u200b2345678", "mobile")],
    "电话15412345678": [("15412345678", "mobile")],
    "记作15412345678，19412345678": [],  # nobody has these prefixes, and no word says that they are telephones
    "身份证号440308199901101513": [],
    "身份证号：1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 X": [("1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 X", "resident_id")],
    "持居住证810000199408230021": [("810000199408230021", "residence_permit")],
    "永居证911124198108030024": [("911124198108030024", "foreigner_id")],
    "身份证110105491231002": [("110105491231002", "resident_id")],
    "数据110105491231002": [],
    "证件A123456(3)、A123456（3）、A123456(4)": [("A123456(3)", "hk_id"), ("A123456（3）", "hk_id")],
    "身分證字號A123456789": [("A123456789", "tw_id")],
    "护照EH1234567": [("EH1234567", "passport")],
    "型号EH1234567": [],
    "请汇款至6222 0212 3456 7890 128账户": [("6222 0212 3456 7890 128", "bank_card")],
    "订单6222021234567890128": [],
    "0571-87654321转801联系张先生": [("0571-87654321转801", "landline")],
    "公司总机0571-87654321": [("0571-87654321", "landline_open")],
    "客服热线400-123-4567": [("400-123-4567", "service_number")],
    "粤BK12345、京A·12345、粤Z1234港、使014578": [
        ("粤BK12345", "plate"), ("京A·12345", "plate"), ("粤Z1234港", "plate"), ("使014578", "plate"),
    ],
    "京B2-20150001": [],
    "车主的车架号1M8GDM9AXKP042788": [("1M8GDM9AXKP042788", "vin")],
    "例如1M8GDM9AXKP042788": [("1M8GDM9AXKP042788", "vin_open")],
    "QQ12345678，微信：abc_123": [("12345678", "qq"), ("abc_123", "wechat")],
    "信号SIGKILL": [],
    "用户登录IP8.8.8.8": [("8.8.8.8", "ip")],
    "升级到8.8.8.8": [("8.8.8.8", "ip_open")],
    "版本8.8.8.8": [],
    "统一社会信用代码91110000600037341L": [("91110000600037341L", "uscc")],
    "组织机构代码D2143569-X": [("D2143569-X", "organisation_code")],
    "家住浙江省杭州市西湖区文三路12号3幢2单元501室。": [("浙江省杭州市西湖区文三路12号3幢2单元501室", "address")],
    "公司地址：北京市海淀区中关村大街27号": [("北京市海淀区中关村大街27号", "address_open")],
    "姓名：张三，住院号0012345678": [("张三", "name"), ("0012345678", "medical_number")],
    "姓名：张三": [("张三", "name_alone")],
    "审判长王大明": [("王大明", "public_role")],
    "通报：王小明，男，身份证11010519491231002X": [("王小明", "name"), ("11010519491231002X", "resident_id")],
    "打+86-10-62345678或13812345678/13912345678": [
        ("+86-10-62345678", "landline"), ("13812345678", "mobile"), ("13912345678", "mobile"),
    ],
    "WJ京1234A、浙·X1234应急": [("WJ京1234A", "plate"), ("浙·X1234应急", "plate")],
    "家住北京市朝阳区阜通东大街6号院3号楼1501": [("北京市朝阳区阜通东大街6号院3号楼1501", "address")],
    "申请人应当提供证明": [],
    "农业主管部门": [],
    "serialVersionUID = 6222021234567890128L": [],
    "https://a.example/13812345678.html": [],
    "ID:11010519491231002X，编号：440524188001010014": [
        ("11010519491231002X", "resident_id"), ("440524188001010014", "resident_id"),
    ],
    "user_id=11010519491231002X&流水号440524188001010014": [
        ("11010519491231002X", "resident_id"), ("440524188001010014", "resident_id"),
    ],
    "身份ID 11010519491231002X，ID11010519491231002X": [
        ("11010519491231002X", "resident_id"), ("11010519491231002X", "resident_id"),
    ],
    "订单号11010519491231002X，运单：440524188001010014": [],
    "证件订单：11010519491231002X": [("11010519491231002X", "resident_id")],
    "用户ID：13812345678，账号ID13812345679": [("13812345678", "mobile"), ("13812345679", "mobile")],
    "user_id=13812345678，uid:13812345679": [("13812345678", "mobile"), ("13812345679", "mobile")],
    "会员编号：13812345678": [("13812345678", "mobile")],
    "编号：13812345678，流水号13812345678，版本13812345678，型号13812345678，uuid 13812345678": [],
    "https://x.cn/u?tel=13812345678&id=11010519491231002X": [
        ("13812345678", "mobile"), ("11010519491231002X", "resident_id"),
    ],
    "https://x.cn/u?user_phone=+8613812345678&qq=12345678&wx=lina_88990&card=6222021234567890128": [
        ("+8613812345678", "mobile"), ("12345678", "qq"), ("lina_88990", "wechat"),
        ("6222021234567890128", "bank_card"),
    ],
    "https://x.cn/u?sfz=110105491231002": [("110105491231002", "resident_id")],
    "https://x.cn/tel/13812345678.html?uid=13812345678&page=13812345678&order_id=13812345678&wx=some_menu": [],
    f"手机{KEYCAPS}，": [(KEYCAPS, "mobile")],
    "参数l38l2345678，电话l38l2345678": [("l38l2345678", "mobile")],
    "加微 lina_88990": [("lina_88990", "wechat")],
    "增加微服务 spring_boot2，加微博 lina_88990": [],
    "身份证11010519491231002Xxyz": [("11010519491231002X", "resident_id")],
    "MAC：00:1A:2B:3C:4D:5E登录": [("00:1A:2B:3C:4D:5E", "mac")],
    "MAC:00:1A:2B:3C:4D:5E登录": [("00:1A:2B:3C:4D:5E", "mac")],
    "登录AA:00:1A:2B:3C:4D:5E": [],
    "https://user:word@db.example.com/x getty@tty.service": [],
    "icon@2x.png git@github.com:a/b.git": [],
}  # fmt: skip


@pytest.mark.parametrize("text", CASES)
def test_what_stands_in_a_text(text):
    assert found(text) == CASES[text]


def test_a_number_inside_a_longer_run_is_left_alone():
    assert found("x13812345678y 9913812345678 138123456789 1.13812345678 AB-13812345678") == []


def test_every_format_is_found_and_ordinary_numbers_are_not_masked():
    rows = list(positives(6, 7))
    spans = find_personal(Texts(pa.array([row[3] for row in rows])))
    missed = {
        (form, text[start:end])
        for number, (form, category, _, text, start, end) in enumerate(rows)
        if not any(s <= start and end <= e and k == category for s, e, k in spans.get(number, []))
    }
    others = list(ordinary(5, 7))
    touched = [
        (text[s:e], kind)
        for number, found_spans in find_personal(Texts(pa.array([row[1] for row in others]))).items()
        for text, start, end in (others[number][1:],)
        for s, e, kind in found_spans
        if s < end and start < e and not categories()[kind].open
    ]

    assert len(FORMATS) >= 40
    assert sorted(missed) == []
    assert touched == []


def test_totals_follow_the_two_standards_and_density_counts_people_only():
    text = "身份证11010519491231002X，手机13812345678，卡号6222021234567890128，统一社会信用代码91110000600037341L"
    row = Personal()(Texts(pa.array([text]))).to_pylist()[0]

    assert [row[f"personal.{name}"] for name in ("resident_id", "mobile", "bank_card", "uscc")] == [1, 1, 1, 1]
    assert (row["personal.sensitive_35273"], row["personal.general_35273"]) == (2, 1)
    assert (row["personal.sensitive_45574"], row["personal.general_45574"]) == (1, 2)
    assert row["personal.density"] == pytest.approx(3_000 / len(text))


PIECES = [
    "电话", "手机：", "身份证号", "卡号", "QQ", "微信", "姓名：", "住址：", "订单号", "IP", "，", "。", "\n", " ", "-",
    "的", "张三", "号", "路", "室", "13812345678", "１３８", "11010519491231002X", "6222021234567890128", "a@b.cn",
    "京A12345", "8.8.8.8", "浙江省杭州市文三路12号", "00:1A:2B:3C:4D:5E", "一三八", "0571-87654321", "A123456(3)",
    "abc_123", "@", "x", "1", "\u200b", "🇨🇳", "ﬁ", "\U0001f600",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_spans_lie_in_the_text_apart_and_hold_something(text):
    spans = find_personal(Texts(pa.array([text]))).get(0, [])

    ends = [0, *(end for _, end, _ in spans)]
    assert [before <= start < end for before, (start, end, _) in zip(ends, spans, strict=False)] == [True] * len(spans)
    assert [end <= len(text) for _, end, _ in spans] == [True] * len(spans)
    assert [kind in categories() for _, _, kind in spans] == [True] * len(spans)
