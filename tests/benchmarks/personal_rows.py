"""Rows for the benchmark of personal data: invented identifiers in many formats, glued into sentences, and numbers that are nobody's.

Made without the filter's own code: check characters are computed here again. Sentences are split in two by a salted hash:
the filter was looked at with one half, and is reported on the other.
"""

# ruff: noqa: E501 - tables, an entry a line

import random
from hashlib import sha256

SALT = "qingyuan-personal-1"
WIDE = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})
HAN = str.maketrans("0123456789", "〇一二三四五六七八九")
SPOKEN = str.maketrans("0123456789", "零幺二三四五六七八九")
CIRCLED = str.maketrans("0123456789", "⓪①②③④⑤⑥⑦⑧⑨")


def is_held_out(name):
    return sha256(f"{SALT}/{name}".encode()).digest()[0] % 2 == 1


def digits(rng, n):
    return "".join(rng.choice("0123456789") for _ in range(n))


def check18(body):
    return body + "10X98765432"[sum(int(d) * 2 ** (17 - i) for i, d in enumerate(body)) % 11]


def birthday(rng):
    return f"{rng.randint(1945, 2012)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}"


def resident(rng):
    return check18(
        rng.choice(["110105", "310115", "440305", "510107", "330106", "650102"]) + birthday(rng) + digits(rng, 3)
    )


def permit(rng):
    return check18(rng.choice(["810000", "820000", "830000"]) + birthday(rng) + digits(rng, 3))


def foreigner(rng):
    return check18("9" + rng.choice(["11", "31", "44"]) + digits(rng, 3) + birthday(rng) + digits(rng, 3))


def old(rng):
    return rng.choice(["110105", "310115", "440305"]) + birthday(rng)[2:] + digits(rng, 3)


def luhn(body):
    total = sum(int(d) if i % 2 else int(d) * 2 - 9 * (int(d) > 4) for i, d in enumerate(reversed(body)))
    return body + str(-total % 10)


def card(rng, n=19):
    return luhn(rng.choice(["622202", "622848", "621700", "623058", "620522"]) + digits(rng, n - 7))


def mobile(rng):
    return rng.choice(["133", "138", "147", "152", "166", "175", "178", "186", "191", "198"]) + digits(rng, 8)


def groups(value, *sizes, by=" "):
    parts, at = [], 0
    for size in sizes:
        parts.append(value[at : at + size])
        at += size
    return by.join(parts)


def vin(rng):
    values = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ0123456789",
                      [*range(1, 9), *range(1, 6), 7, 9, *range(2, 10), *range(10)], strict=True))  # fmt: skip
    body = "L" + "".join(rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(3)) + digits(rng, 4) + "0"
    body += rng.choice("ABCDEFGHJ") + rng.choice("ABCDEFGH") + digits(rng, 6)
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    rest = sum(values[c] * w for c, w in zip(body, weights, strict=True)) % 11
    return body[:8] + "0123456789X"[rest] + body[9:]


def hong_kong(rng):
    body = rng.choice("ABCDEGHKMPRYZ") + digits(rng, 6)
    total = 36 * 9 + (ord(body[0]) - 55) * 8 + sum(int(d) * (7 - i) for i, d in enumerate(body[1:]))
    return f"{body}({'0123456789A'[-total % 11]})"


def taiwan(rng):
    letters = "ABCDEFGHJKLMNPQRSTUVXYWZIO"
    body = rng.choice(letters) + rng.choice("12") + digits(rng, 7)
    code = letters.index(body[0]) + 10
    total = code // 10 + code % 10 * 9 + sum(int(d) * (8 - i) for i, d in enumerate(body[1:]))
    return body + str(-total % 10)


def uscc(rng):
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    body = (
        rng.choice(["91", "92", "51", "12"])
        + rng.choice(["110105", "330199"])
        + "".join(rng.choice(alphabet) for _ in range(9))
    )
    return body + alphabet[-sum(alphabet.index(c) * 3**i for i, c in enumerate(body)) % 31]


def plate(rng):
    return rng.choice("京沪粤浙苏川鲁豫云琼") + rng.choice("ABCDEFG") + rng.choice("ABCDEFGHJK") + digits(rng, 4)


def dotted(rng):
    value = plate(rng)
    return f"{value[:2]}·{value[2:]}"


def bad(rng):
    value = resident(rng)
    return f"编码{value[:-1]}{'1' if value[-1] != '1' else '2'}"


def name(rng):
    return rng.choice("王李张刘陈杨赵黄周吴徐孙马朱胡林郭何高罗") + rng.choice(
        ["伟民", "秀兰", "晓棠", "建国", "子涵", "丽", "桂芬", "志强", "雨桐", "昊"]
    )


def street(rng):
    return rng.choice(
        [
            "浙江省杭州市西湖区文三路",
            "北京市朝阳区建国路",
            "四川省成都市武侯区玉林南街",
            "上海市浦东新区锦绣路",
            "广东省广州市天河区体育西路",
        ]
    )


def email(rng):
    return f"{rng.choice(['lantern', 'yu.zhou', 'wang_xm', 'q'])}{rng.randint(1, 9999)}@{rng.choice(['example.com', 'mail.example.org', 'example.com.cn'])}"


def handle(rng):
    return rng.choice(["lan", "wang", "xiao", "abc"]) + rng.choice(["_", "-", ""]) + digits(rng, rng.randint(4, 8))


def split(rng, value):
    at = rng.randint(3, len(value) - 3)
    return f"{value[:at]}\n{value[at:]}"


def hidden(rng, value):
    at = rng.randint(2, len(value) - 2)
    return f"{value[:at]}\u200b{value[at:]}"


ID = [
    "身份证号",
    "公民身份号码：",
    "证件号码为",
    "本人身份证",
    "的身份证号码是",
    "身份证号:",
    "登记的证件号",
    "（身份证）",
]
PHONE = ["请拨打电话", "手机", "联系电话：", "有事打我手机", "电话是", "致电", "联系方式", "我的手机号码："]
CARD = ["请汇款至", "卡号", "银行卡", "打到我的账户", "储蓄卡卡号：", "收款账号为", "工资卡", "转账到"]
MAIL = ["邮箱", "请发送至", "电子邮件：", "来信寄", "我的邮箱是", "写信到", "Email:", "联系"]
CAR = ["车牌", "肇事车辆", "他开着", "号牌为", "一辆", "车主的", "牌照", "停着"]
FORMATS = {
    # name: (category, whether it has a check character, maker, words before)
    "resident": ("resident_id", True, resident, ID),
    "resident, small x": ("resident_id", True, lambda r: resident(r).lower(), ID),
    "resident, full width": ("resident_id", True, lambda r: resident(r).translate(WIDE), ID),
    "resident, spaced": ("resident_id", True, lambda r: groups(resident(r), 6, 8, 4), ID),
    "resident, dashed": ("resident_id", True, lambda r: groups(resident(r), 6, 4, 4, 4, by="-"), ID),
    "resident, Chinese numerals": ("resident_id", True, lambda r: resident(r).translate(HAN), ID),
    "resident, circled": ("resident_id", True, lambda r: resident(r).translate(CIRCLED), ID),
    "resident, over a line": ("resident_id", True, lambda r: split(r, resident(r)), ID),
    "resident, zero width inside": ("resident_id", True, lambda r: hidden(r, resident(r)), ID),
    "resident, no word before": ("resident_id", True, resident, ["，", "。", "给了", "（", "：", "、", "抄写", "“"]),
    "resident, 15 digits": ("resident_id", False, old, ID),
    "permit 81 82 83": ("residence_permit", True, permit, ID),
    "foreigner": ("foreigner_id", True, foreigner, ["永久居留身份证", "居留证号", "外国人永久居留证：", *ID[:5]]),
    "foreigner, old": ("foreigner_id", False, lambda r: "".join(r.choice("ABCDEFGHKR") for _ in range(3)) + digits(r, 12), ["永久居留证", "居留证号码", "外国人永久居留身份证：", "永居证号"]),
    "mobile": ("mobile", False, mobile, [*PHONE, "，", "找", "发给"]),
    "mobile, full width": ("mobile", False, lambda r: mobile(r).translate(WIDE), PHONE),
    "mobile, spaced": ("mobile", False, lambda r: groups(mobile(r), 3, 4, 4), PHONE),
    "mobile, dashed": ("mobile", False, lambda r: groups(mobile(r), 3, 4, 4, by="-"), PHONE),
    "mobile, digit by digit": ("mobile", False, lambda r: " ".join(mobile(r)), PHONE),
    "mobile, +86": ("mobile", False, lambda r: "+86" + r.choice(["", " ", "-"]) + mobile(r), PHONE),
    "mobile, 0086": ("mobile", False, lambda r: "0086" + r.choice(["", "-"]) + mobile(r), PHONE),
    "mobile, Chinese numerals": ("mobile", False, lambda r: mobile(r).translate(HAN), PHONE),
    "mobile, spoken": ("mobile", False, lambda r: mobile(r).translate(SPOKEN), PHONE),
    "mobile, circled": ("mobile", False, lambda r: mobile(r).translate(CIRCLED), PHONE),
    "mobile, over a line": ("mobile", False, lambda r: split(r, mobile(r)), PHONE),
    "mobile, O for 0": ("mobile", False, lambda r: "13" + digits(r, 1) + "O" + digits(r, 4) + "O" + digits(r, 2), PHONE),
    "mobile, zero width inside": ("mobile", False, lambda r: hidden(r, mobile(r)), PHONE),
    "landline": ("landline", False, lambda r: r.choice(["010", "021", "0571", "0755"]) + "-" + r.choice("2345678") + digits(r, 7), PHONE),
    "landline, bracketed": ("landline", False, lambda r: f"({r.choice(['010', '0571'])}){r.choice('2345678')}{digits(r, 7)}", PHONE),
    "landline, extension": ("landline", False, lambda r: f"0571-8{digits(r, 7)}转{digits(r, 3)}", PHONE),
    "landline, local": ("landline", False, lambda r: r.choice("2345678") + digits(r, 7), ["座机", "家里电话", "宅电", "固话：", "电话", "联系电话"]),
    "card, 19": ("bank_card", True, card, [*CARD, "，", "给了"]),
    "card, 16": ("bank_card", True, lambda r: card(r, 16), CARD),
    "card, spaced": ("bank_card", True, lambda r: groups(card(r), 4, 4, 4, 4, 3), CARD),
    "card, dashed": ("bank_card", True, lambda r: groups(card(r), 4, 4, 4, 4, 3, by="-"), CARD),
    "card, full width": ("bank_card", True, lambda r: card(r).translate(WIDE), CARD),
    "card, over a line": ("bank_card", True, lambda r: split(r, card(r)), CARD),
    "card, other brand": ("bank_card", True, lambda r: luhn(r.choice(["4367", "5187", "3568"]) + digits(r, 11)), CARD[1:]),
    "passport": ("passport", False, lambda r: r.choice([f"E{digits(r, 8)}", f"E{r.choice('ABCDHJK')}{digits(r, 7)}", f"G{digits(r, 8)}"]), ["护照号", "护照号码：", "持护照", "的护照", "护照为", "护照（"]),
    "travel permit": ("travel_permit", False, lambda r: r.choice([f"C{digits(r, 8)}", f"H{digits(r, 8)}", f"M{digits(r, 10)}", digits(r, 8)]), ["通行证号", "港澳通行证", "回乡证号码：", "台胞证", "来往内地通行证为", "持通行证"]),
    "Hong Kong": ("hk_id", True, hong_kong, ["香港身份证", "身份证号码", "，", "持证", "：", "香港居民"]),
    "Hong Kong, full width": ("hk_id", True, lambda r: hong_kong(r).translate(WIDE), ["香港身份证", "身份证号码", "，", "：", "持证", "香港居民"]),
    "Taiwan": ("tw_id", True, taiwan, ["身分證字號", "身份证号", "证件号码：", "身分證", "台湾居民身份证", "證號"]),
    "Macau": ("macau_id", False, lambda r: f"{r.choice('157')}{digits(r, 6)}({digits(r, 1)})", ["澳门身份证", "澳门居民身份证：", "澳门居民", "澳门身份证号"]),
    "email": ("email", False, email, [*MAIL, "，"]),
    "email, full width": ("email", False, lambda r: email(r).translate(WIDE), MAIL),
    "qq": ("qq", False, lambda r: r.choice("123456789") + digits(r, r.randint(5, 9)), ["QQ", "QQ号：", "加q", "扣扣", "QQ号码是", "我的ＱＱ", "qq:", "企鹅号"]),
    "wechat": ("wechat", False, handle, ["微信", "微信号：", "加微信", "VX ", "加v：", "薇信号", "vx：", "微信号是"]),
    "wxid": ("wechat", False, lambda r: f"wxid_{''.join(r.choice('abcdefgh0123456789') for _ in range(14))}", ["微信", "账号", "，", "加我", "是", "转给"]),
    "plate": ("plate", False, plate, [*CAR, "，"]),
    "plate, dotted": ("plate", False, dotted, CAR),
    "plate, new energy": ("plate", False, lambda r: r.choice([f"粤B{r.choice('DFABCEGHJK')}{digits(r, 5)}", f"沪A{digits(r, 5)}{r.choice('DFABCEGHJK')}"]), CAR),
    "plate, special": ("plate", False, lambda r: r.choice([f"使{digits(r, 6)}", f"京A{digits(r, 4)}警", f"粤Z{digits(r, 4)}港", f"沪B{digits(r, 4)}学", f"苏E{digits(r, 4)}挂", f"沪A{digits(r, 4)}领"]), CAR),
    "plate, full width": ("plate", False, lambda r: plate(r).translate(WIDE), CAR),
    "vin": ("vin", True, vin, ["车主登记的车架号", "我的车架号：", "车牌和车辆识别代号", "本人车辆识别代号", "投保车架号为", "过户车辆的车架号"]),
    "imei": ("imei", True, lambda r: luhn("86" + digits(r, 12)), ["IMEI", "IMEI：", "手机串号", "设备号", "imei码"]),
    "imsi": ("imsi", False, lambda r: "46000" + digits(r, 10), ["IMSI", "IMSI：", "的imsi", "imsi为"]),
    "ip": ("ip", False, lambda r: f"{r.choice([58, 114, 120, 183, 220])}.{r.randint(1, 250)}.{r.randint(1, 250)}.{r.randint(1, 250)}", ["用户登录IP", "访问来自", "登录地址为", "客户端ip：", "我的IP是", "登陆IP"]),
    "mac": ("mac", False, lambda r: ":".join(f"{r.randrange(256):02X}" for _ in range(6)), ["用户登录设备MAC", "我的网卡地址", "绑定的MAC地址：", "本机MAC", "客户端MAC为"]),
    "social security": ("social_security", False, lambda r: digits(r, 12), ["社保卡号", "社保号：", "医保卡号为", "社会保障号", "医保编号"]),
    "medical": ("medical_number", False, lambda r: r.choice(["", "ZY", "M"]) + digits(r, 9), ["住院号", "门诊号：", "病历号为", "病案号", "就诊卡号"]),
    "military": ("military_id", False, lambda r: f"{r.choice('南北军士')}字第{digits(r, 7)}号", ["军官证", "士兵证：", "军官证号", "持军官证", "士兵证号为"]),
    "driver": ("driver_file", False, lambda r: digits(r, 12), ["驾驶证档案编号", "档案编号：", "档案编号为", "驾驶证档案编号是"]),
    "address": ("address", False, lambda r: f"{street(r)}{r.randint(1, 300)}号{r.randint(1, 20)}幢{r.randint(1, 4)}单元{r.randint(101, 2502)}室", ["家住", "住址：", "寄到", "收货地址", "现住", "地址："]),
    "address, short": ("address", False, lambda r: f"{street(r)}{r.randint(1, 300)}号", ["家住", "住址：", "寄到", "收货地址", "现住", "户籍地"]),
    "address, estate": ("address", False, lambda r: f"{street(r)}锦绣花园{r.randint(1, 20)}栋{r.randint(101, 2502)}", ["家住", "住址：", "寄到", "收货地址", "现住", "搬到"]),
    "address, village": ("address", False, lambda r: f"青山县柳林镇红旗村{r.randint(1, 9)}组{r.randint(1, 90)}号", ["家住", "住址：", "寄到", "收货地址", "现住", "户籍地"]),
}  # fmt: skip
NAMES = ["姓名：", "患者", "联系人", "申请人", "被告人", "户名：", "收件人", "机主"]
BEHIND = [
    "，谢谢。",
    "的持有人",
    "已登记",
    "联系",
    "。",
    "，请核对",
    "）",
    "即可",
    "，男，汉族。",
    "谢谢您",
    "\n",
    "；",
]
BEFORE = ["", "昨天有人留言说", "通知：", "经核实，", "他在表上写的是：", "\n", "各位好，", "情况如下："]
HOSTS = [
    "天气渐凉，图书馆把开放时间推迟到上午九点。",
    "村口的老槐树今年又抽出了新枝，孩子们在树下写作业。",
    "工程师检查了每一颗螺栓，确认吊桥可以通行。",
    "会议讨论了下半年的安排，没有形成决议。",
]


def positives(number, seed, *, held_out=True):
    """Yield (format, category, checksummed, text, start, end)."""
    rng = random.Random(seed)
    for form, (category, checked, make, words) in FORMATS.items():
        chosen = [word for word in words if is_held_out(f"{form}/{word}") == held_out] or words
        for _ in range(number):
            value = make(rng)
            front = rng.choice(HOSTS) + rng.choice(BEFORE) + rng.choice(chosen)
            behind = "的持有人" if "（" in front[-1:] else rng.choice(BEHIND)
            yield (
                form,
                category,
                checked,
                front + value + behind + rng.choice(HOSTS),
                len(front),
                len(front) + len(value),
            )
    for word in (word for word in NAMES if is_held_out(f"name/{word}") == held_out):
        for _ in range(number):
            value, number_too = name(rng), mobile(rng)
            front = rng.choice(HOSTS) + rng.choice(BEFORE) + word
            yield (
                "name with a number",
                "name",
                False,
                f"{front}{value}，手机{number_too}。",
                len(front),
                len(front) + len(value),
            )


ORDINARY = {
    "ISBN-13": lambda r: f"ISBN {r.choice(['978', '979'])}-7-{digits(r, 3)}-{digits(r, 5)}-{digits(r, 1)}",
    "ISBN-13 in one": lambda r: f"书号978{digits(r, 10)}",
    "ISSN": lambda r: f"ISSN {digits(r, 4)}-{digits(r, 4)}",
    "order": lambda r: f"{r.choice(['订单号', '订单编号：', '订单'])}{digits(r, r.randint(11, 20))}",
    "waybill": lambda r: f"{r.choice(['运单号', '快递单号', '单号'])}{r.choice(['', 'SF', 'YT'])}{digits(r, r.randint(11, 15))}",
    "serial": lambda r: f"{r.choice(['流水号', '编号', '序列号', '批号', '货号'])}{digits(r, r.randint(8, 20))}",
    "md5": lambda r: "".join(r.choice("0123456789abcdef") for _ in range(32)),
    "sha1": lambda r: "".join(r.choice("0123456789abcdef") for _ in range(40)),
    "git": lambda r: "提交" + "".join(r.choice("0123456789abcdef") for _ in range(7)),
    "uuid": lambda r: "-".join("".join(r.choice("0123456789abcdef") for _ in range(n)) for n in (8, 4, 4, 4, 12)),
    "version": lambda r: f"{r.choice(['版本', 'v', 'V'])}{r.randint(1, 20)}.{r.randint(0, 20)}.{r.randint(0, 99)}",
    "version of four": lambda r: f"{r.choice(['版本', 'v', 'version '])}{r.randint(1, 20)}.{r.randint(0, 20)}.{r.randint(0, 99)}.{r.randint(0, 200)}",
    "years": lambda r: f"{r.randint(1900, 2030)}-{r.randint(1900, 2030)}年",
    "date": lambda r: f"{r.randint(1900, 2030)}年{r.randint(1, 12)}月{r.randint(1, 28)}日",
    "dates": lambda r: " ".join(f"{r.randint(1900, 2030)}-{r.randint(1, 12):02d}-{r.randint(1, 28):02d}" for _ in range(3)),
    "date and time": lambda r: f"{r.randint(1990, 2030)}/{r.randint(1, 12):02d}/{r.randint(1, 28):02d} {r.randint(0, 23):02d}:{r.randint(0, 59):02d}:{r.randint(0, 59):02d}",
    "compact time": lambda r: f"{r.randint(1990, 2030)}{r.randint(1, 12):02d}{r.randint(1, 28):02d}{r.randint(0, 23):02d}{r.randint(0, 59):02d}{r.randint(0, 59):02d}",
    "timestamp": lambda r: f"1{digits(r, 9)}",
    "timestamp, ms": lambda r: f"1{r.choice('567')}{digits(r, 11)}",
    "price": lambda r: f"{r.randint(1, 10**7):,}.{digits(r, 2)}元",
    "amount": lambda r: f"人民币{r.randint(10**5, 10**11)}元",
    "share": lambda r: f"{r.randint(0, 99)}.{digits(r, r.randint(1, 12))}%",
    "statute": lambda r: f"第{r.randint(1, 1260)}条第{r.randint(1, 9)}款",
    "statute, Chinese": lambda r: "第" + r.choice(["一千一百六十五", "三百二十一", "五十八之一", "二百零三"]) + "条",
    "decree": lambda r: f"国务院令第{r.randint(1, 800)}号",
    "document number": lambda r: f"国发〔{r.randint(1990, 2026)}〕{r.randint(1, 99)}号",
    "case number": lambda r: f"（{r.randint(2000, 2026)}）浙01民终{r.randint(1, 9999)}号",
    "population": lambda r: f"人口{r.randint(10**5, 10**10)}人",
    "decimal": lambda r: f"{r.randint(0, 9)}.{digits(r, r.randint(8, 18))}",
    "pi": lambda r: "3.14159265358979" + digits(r, r.randint(0, 12)),
    "stock": lambda r: f"股票代码{r.choice(['600', '000', '300', '688'])}{digits(r, 3)}",
    "serialVersionUID": lambda r: f"serialVersionUID = {r.choice(['', '-'])}{r.choice('123456789')}{digits(r, 18)}L;",
    "long number": lambda r: r.choice("123456789") + digits(r, r.randint(19, 40)),
    "phone inside": lambda r: digits(r, r.randint(3, 8)) + mobile(r) + digits(r, r.randint(3, 8)) + "x",
    "letters around a phone": lambda r: f"a{mobile(r)}b",
    "postcode": lambda r: f"邮编{digits(r, 6)}",
    "patent": lambda r: f"专利号ZL{r.randint(1990, 2026)}1{digits(r, 7)}.{digits(r, 1)}",
    "ICP": lambda r: f"京ICP备{digits(r, 8)}号-{r.randint(1, 9)}",
    "ICP licence": lambda r: f"京B2-{r.randint(2000, 2026)}{digits(r, 4)}",
    "invoice": lambda r: f"发票代码{digits(r, 12)}发票号码{digits(r, 8)}",
    "table of sixes": lambda r: " ".join(str(r.randint(10**5, 10**6 - 1)) for _ in range(6)),
    "table of fours": lambda r: " ".join(str(r.randint(10**3, 10**4 - 1)) for _ in range(8)),
    "list of small ones": lambda r: " ".join(str(r.randint(0, 9)) for _ in range(20)),
    "list with commas": lambda r: "，".join(str(r.randint(1, 10**6)) for _ in range(6)),
    "column": lambda r: "\n".join(str(r.randint(10**4, 10**7)) for _ in range(6)),
    "coordinates": lambda r: f"北纬{r.randint(18, 53)}.{digits(r, 6)}，东经{r.randint(73, 135)}.{digits(r, 6)}",
    "score": lambda r: f"{r.randint(0, 5)}:{r.randint(0, 5)}，{r.randint(60, 130)}-{r.randint(60, 130)}",
    "model": lambda r: f"型号{r.choice(['GT', 'KFR', 'XC', 'A'])}{digits(r, r.randint(3, 6))}",
    "chapter": lambda r: f"{r.randint(1, 20)}.{r.randint(1, 20)}.{r.randint(1, 20)}",
    "address of a page": lambda r: f"https://news.example.com/a/{r.randint(2000, 2026)}{digits(r, 4)}/{mobile(r)}.html?id={digits(r, 10)}",
    "address of a shop": lambda r: f"https://item.example.com/{digits(r, 12)}.html",
    "file": lambda r: f"IMG_{r.randint(2000, 2026)}{digits(r, 4)}_{digits(r, 6)}.jpg",
    "image": lambda r: f"icon@{r.randint(2, 3)}x.png",
    "decorator": lambda r: r.choice(["@staticmethod", "@Override", "git@github.com:a/b.git", "vue@2.6.14"]),
    "service": lambda r: r.choice(["拨打12345热线", "客服400-820-8820", "请拨打110", "热线95588", "12315投诉"]),
    "credit code": lambda r: f"统一社会信用代码{uscc(r)}",
    "company": lambda r: f"公司地址：{street(r)}{r.randint(1, 300)}号",
    "loopback": lambda r: r.choice(["127.0.0.1", "192.168.1.1", "10.0.0.8", "0.0.0.0", "255.255.255.0"]),
    "bad resident": bad,
    "resident in order": lambda r: f"{r.choice(['订单号', '运单号：', '快递单号'])}{resident(r)}",
    "words": lambda r: r.choice(["路口交通第3号", "一二三四五，上山打老虎", "京A股上涨", "新C语言教程", "云E签约", "十三亿人口", "一九四九年十月一日", "三七二十一", "二〇二四年一月一日"]),
}  # fmt: skip
PLAIN = ["数据为", "见", "共", "，", "记作", "参考", "的值是", "（", "标着", "写着", "等于", "附："]


def ordinary(number, seed):
    """Yield (kind, text, start, end) of numbers that are nobody's."""
    rng = random.Random(seed)
    for kind, make in ORDINARY.items():
        for _ in range(number):
            front = rng.choice(HOSTS) + rng.choice(PLAIN)
            value = make(rng)
            yield (
                kind,
                front + value + rng.choice(["。", "，", "；", "处", "）", "\n"]) + rng.choice(HOSTS),
                len(front),
                len(front) + len(value),
            )
