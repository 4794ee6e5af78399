"""How a page asks for personal data: the categories of the filter `personal` in groups, and what no rule looks for."""

from collections.abc import Mapping
from typing import Any

from annotation.kinds.controls import Option
from filters.personal_lexicon import categories

PEOPLE, PAPERS, THINGS, BEYOND, PUBLIC = (
    "姓名联系",
    "证件号码",
    "财产设备",
    "其他隐私",
    "公开，可不标",
)

PERSONAL = (
    Option("name", "姓名", "与电话、证件等其他信息同处一行的真实姓名", "1", PEOPLE),
    Option("mobile", "手机", "手机号码，含港澳台带区号的", "3", PEOPLE),
    Option("landline", "个人座机", "住宅或个人的固定电话", "4", PEOPLE),
    Option("address", "住址", "个人住处，详细到门牌、楼栋或房间", "5", PEOPLE),
    Option("email", "邮箱", "电子邮箱", "6", PEOPLE),
    Option("wechat", "微信号", "微信号，含“加微”后的账号", "7", PEOPLE),
    Option("qq", "QQ号", "QQ 号码；QQ 邮箱标邮箱", "8", PEOPLE),
    Option("resident_id", "身份证", "居民身份证号，18 位或 15 位", "2", PAPERS),
    Option("passport", "护照", "护照号", "q", PAPERS),
    Option("travel_permit", "通行证", "往来港澳、台湾及回乡、台胞等通行证号", "w", PAPERS),
    Option("residence_permit", "居住证", "港澳台居民居住证号", "e", PAPERS),
    Option("foreigner_id", "永居证", "外国人永久居留身份证号", "r", PAPERS),
    Option("hk_id", "香港身份证", "", "t", PAPERS),
    Option("macau_id", "澳门身份证", "", "y", PAPERS),
    Option("tw_id", "台湾身份证", "含居留证号", "i", PAPERS),
    Option("military_id", "军警证件", "军官证、士兵证、警官证号", "o", PAPERS),
    Option("driver_file", "驾驶证档案号", "", "p", PAPERS),
    Option("social_security", "社保号", "社会保障、医保编号", "a", PAPERS),
    Option("medical_number", "病历号", "病历、住院、就诊、检验编号", "s", PAPERS),
    Option("bank_card", "银行卡", "银行卡号、账号", "9", THINGS),
    Option("plate", "车牌", "", "0", THINGS),
    Option("vin", "车架号", "能对应到个人的车辆识别代号", "d", THINGS),
    Option("imei", "IMEI", "手机串号", "f", THINGS),
    Option("imsi", "IMSI", "SIM 卡识别码", "g", THINGS),
    Option("ip", "IP地址", "某人上网、登录所用", "h", THINGS),
    Option("mac", "MAC地址", "某人的设备", "j", THINGS),
    Option("account", "其他账号", "微信、QQ 以外的社交、支付、游戏账号", "k", BEYOND),
    Option("health", "病情", "某人的病情、检查结果、用药", "l", BEYOND),
    Option("whereabouts", "行踪", "某人的行程、住宿、实时位置", "z", BEYOND),
    Option("other", "其他个人信息", "未满十四周岁者的信息、宗教信仰、生物识别、特定身份等", "x", BEYOND),
    Option("name_alone", "单独的姓名", "有称呼等语境，同一行没有别的信息", "c", PUBLIC),
    Option("public_role", "公职人员姓名", "公开履职、报道中的公众人物", "v", PUBLIC),
    Option("landline_open", "单位电话", "机关、企业的固定电话", "b", PUBLIC),
    Option("service_number", "服务热线", "400、95、12345 等", "", PUBLIC),
    Option("address_open", "单位地址", "机关、企业、店铺的地址", "", PUBLIC),
    Option("vin_open", "公开的车架号", "召回公告等", "", PUBLIC),
    Option("ip_open", "公开的IP地址", "内网、回环、服务器", "", PUBLIC),
    Option("mac_open", "公开的MAC地址", "示例、说明书", "", PUBLIC),
    Option("uscc", "统一社会信用代码", "", "", PUBLIC),
    Option("organisation_code", "组织机构代码", "", "", PUBLIC),
)
"""The codes are the filter's categories, so that its spans and people's can be compared; `BEYOND` are people's own."""


def is_private(code: str) -> bool:
    """Return whether a span of this code makes a text one with personal data."""
    category = categories().get(code)
    return category is None or not category.open


def marks_match(label: Mapping[str, Any]) -> str | None:
    """Say what is wrong with a label whose verdict and spans say different things."""
    marked = any(is_private(code) for *_, code in label.get("spans", ()))
    if label["verdict"] == "some" and not marked:
        return "spans: personal data said, none marked"
    return "spans: marked, and yet said to be none" if label["verdict"] == "none" and marked else None
