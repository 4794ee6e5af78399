"""Rubbish of eleven kinds, made by seed: from real text where there is something to spoil, from word lists where not.

    python -m tests.benchmarks.rubbish KIND [--number 3]      # to look at some

Every document holds at least 260 characters without white space, so that none can be dropped for its length.
"""

import argparse
import random
import string

import rjieba

from tests.benchmarks.sources import load

LEAST_CHARS = 260


def _words(text):
    return text.split()


PLACES = _words("临溪 青岑 云麓 白鹭洲 澄州 岚屿 石门 沙棠 雁洲 松陵 北郊 纺织城 鹰嘴岭 桥头 一里亭 老码头")
TRADES = _words(
    "开锁 搬家 办证 疏通下水道 空调维修 打井 防水补漏 贷款 代理记账 家电回收 月嫂 钻孔 开发票 起重吊装 管道清洗 保洁"
)
SITE_WORDS = _words(
    "首页 新闻 国内 国际 财经 股票 基金 体育 足球 篮球 娱乐 明星 电影 音乐 汽车 房产 家居 教育 高考 考研 旅游 酒店 "
    "健康 美食 菜谱 游戏 手游 动漫 小说 论坛 博客 视频 直播 图片 下载 软件 手机 数码 科技 军事 历史 文化 星座 女性 "
    "亲子 时尚 天气 地图 招聘 帮助 登录 注册 设为首页 加入收藏 关于我们 联系我们 网站地图 友情链接 隐私政策 版权声明 "
    "广告服务 意见反馈"
)
TITLES = _words(
    "怎么办 多少钱 哪家好 排行榜 最新消息 图片大全 使用方法 价格表 官方网站 下载地址 教程 攻略 评测 视频 "
    "联系电话 招聘信息"
)
SLOGANS = (
    "{p}{t}，专业快捷，随叫随到！", "{p}{t}公司，诚信经营，价格优惠！", "{t}就找{p}{t}，一个电话，马上上门！",
    "正规{t}，先服务后付款，欢迎来电咨询！",
    "{p}{t}热线，二十四小时服务，全市连锁！", "资深{t}团队，品质保证，无效退款！",
    "限时优惠，{p}{t}满一百减五十，先到先得！", "老字号{t}，{p}本地口碑第一，值得信赖！", "{t}哪家强？{p}{t}帮您忙！",
    "免费上门报价，{p}{t}不满意不收费！", "工厂直营，{t}批发零售，量大从优！", "{p}最专业的{t}，点击咨询，立享折扣！",
)  # fmt: skip
MODULES = _words("auth order pay cache gateway scheduler storage user search message")


def _long_enough(text):
    return sum(not char.isspace() for char in text) >= LEAST_CHARS


def _grow(random_line, join="\n"):
    lines = []
    while not _long_enough(join.join(lines)):
        lines.append(random_line())
    return join.join(lines)


def _tokens(text):
    return [token for token in rjieba.cut(text) if not token.isspace()]


def shuffled_words(rng, text):
    """The words and marks of a real text in random order, its line breaks where they were."""
    tokens = _tokens(text)
    rng.shuffle(tokens)
    at, lines = 0, []
    for line in text.split("\n"):
        size = len(_tokens(line))
        lines.append("".join(tokens[at : at + size]))
        at += size
    return "\n".join(line for line in lines if line)


def shuffled_characters(rng, text):
    chars = [char for char in text if not char.isspace()]
    rng.shuffle(chars)
    return "".join(char + ("\n" if rng.random() < 0.02 else "") for char in chars)


def repeated_lines(rng, text):
    """A few sentences of a real text over and over, each time in another order."""
    sentences = [part + "。" for part in text.replace("\n", "").split("。") if 8 <= len(part) <= 60][:40]
    chosen = rng.sample(sentences, min(len(sentences), rng.randint(2, 5))) or [text[:30] + "。"]
    return _grow(lambda: rng.choice(chosen)) + "\n" + "\n".join(rng.choices(chosen, k=rng.randint(10, 40)))


def menus(rng, _):
    """Site maps and navigation: a word a line, or several with bars between."""
    join = rng.choice(["\n", " | ", "\n", " > ", " · ", "\n\n"])
    return _grow(lambda: rng.choice(SITE_WORDS) + (rng.choice(PLACES) if rng.random() < 0.3 else ""), join)


def mojibake(rng, text):
    """A real text read in a wrong encoding, wholly or (one in three) in its second half."""
    written, read = rng.choice(
        [("utf-8", "gb18030"), ("utf-8", "latin-1"), ("gb18030", "latin-1"), ("big5-hkscs", "gb18030"),
         ("utf-8", "cp1252"), ("gb18030", "big5-hkscs")]
    )  # fmt: skip
    cut = len(text) // 2 if rng.random() < 0.34 else 0
    broken = text[cut:].encode(written, "ignore").decode(read, rng.choice(["replace", "ignore"]))
    return text[:cut] + broken


def keyword_stuffing(rng, text):
    """Place and trade names in all combinations, one time in two around a real sentence or two."""
    join = rng.choice([" ", "，", "、", " ", "\n"])
    stuffed = join.join(
        rng.choice(PLACES) + rng.choice(TRADES) + rng.choice(["", *TITLES]) for _ in range(rng.randint(50, 150))
    )
    if rng.random() < 0.5:
        stuffed = text[: rng.randint(20, 60)] + join + stuffed
    return stuffed


def number_tables(rng, _):
    join = rng.choice([" ", "\t", " | ", ","])

    def row():
        cells = [f"{rng.choice(string.ascii_uppercase)}{rng.randint(100, 9999)}"] if rng.random() < 0.5 else []
        cells += [f"{rng.uniform(0, 10 ** rng.randint(1, 5)):.{rng.randint(0, 2)}f}" for _ in range(rng.randint(4, 9))]
        return join.join([rng.choice(PLACES) + rng.choice(["店", "站", "区", "县"]), *cells])

    return "型号 规格 数量 单价 金额 备注\n" + _grow(row)


def code_and_logs(rng, _):
    """Source code with Chinese comments, and logs with Chinese messages."""

    def log():
        date, time = f"2024-0{rng.randint(1, 9)}-{rng.randint(10, 28)}", f"{rng.randint(10, 23)}:{rng.randint(10, 59)}"
        clock = f"{date} {time}:{rng.randint(10, 59)}"
        message = rng.choice(
            ["用户登录成功", "查询超时", "缓存未命中", "连接已断开，正在重试", "任务执行完毕", "参数校验失败"]
        )
        return (f"{clock},{rng.randint(100, 999)} [{rng.choice(['INFO', 'WARN', 'ERROR'])}] {rng.choice(MODULES)}."
                f"{rng.choice(MODULES)}:{rng.randint(10, 900)} - {message} id={rng.getrandbits(32):08x}")  # fmt: skip

    def code():
        name, other = rng.choice(MODULES), rng.choice(MODULES)
        comment = rng.choice(
            ["获取用户信息", "检查参数是否为空", "更新缓存", "返回结果集", "初始化连接池", "处理异常情况，重新抛出"]
        )
        return rng.choice([
            f"    // {comment}\n    {name}_{other} = get_{other}({name}->id, {rng.randint(0, 99)});",
            f"def {name}_{other}(self, {other}=None):  # {comment}\n    return self.{name}[{other}]",
            f"if ({name} != null && {other}.length > {rng.randint(0, 9)}) {{ /* {comment} */ {name}.push({other}); }}",
        ])  # fmt: skip

    return _grow(rng.choice([log, code]))


def seo_slogans(rng, _):
    join = rng.choice(["\n", "", "\n"])
    return (
        _grow(lambda: rng.choice(SLOGANS).format(p=rng.choice(PLACES), t=rng.choice(TRADES)), join)
        + join
        + "".join(
            rng.choice(SLOGANS).format(p=rng.choice(PLACES), t=rng.choice(TRADES)) for _ in range(rng.randint(0, 20))
        )
    )


def link_lists(rng, _):
    """Titles of pages with dates, addresses or a trailing 更多."""
    style = rng.randint(0, 3)

    def link():
        title = rng.choice(PLACES) + rng.choice(SITE_WORDS) + rng.choice(TITLES)
        number = rng.randint(1000, 99999)
        date = f"2024-{rng.randint(10, 12)}-{rng.randint(10, 28)}"
        return (f"· {title} [{date}]", f"{title} http://www.example.com/{rng.choice(MODULES)}/{number}.html",
                f"[{title}](https://example.com/p/{number})", f"{title}  更多>>")[style]  # fmt: skip

    return _grow(link)


def scanned_debris(rng, text):
    """What OCR leaves of a page, cut off at both ends: hard lines, wrong and lone characters, stray signs."""
    start = rng.randint(0, max(0, len(text) - 900))
    chars = [char for char in text[start : start + rng.randint(400, 900)] if char != "\n"]
    width = rng.randint(14, 30)
    out = []
    for number, char in enumerate(chars):
        draw = rng.random()
        if draw < 0.07:
            out.append(
                rng.choice("卜丨丿亠冂匚叵囗屮彐彡攵夂戋殳毌肀艹虍豸隹髟鬯黹鼎卩厶廴")
                if draw < 0.04
                else chr(rng.randint(0x4E00, 0x9FA5))
            )
        elif draw < 0.11:
            out.append(rng.choice("~^|_*■·`\\"))
        elif draw < 0.21:
            out.append(f" {char} ")
        else:
            out.append(char)
        if number % width == width - 1:
            out.append("\n")
        if number % (width * 15) == width * 15 - 1:
            out.append(f"— {rng.randint(1, 400)} —\n")
    return "".join(out)


KINDS = {
    make.__name__: make
    for make in (
        shuffled_words, shuffled_characters, repeated_lines, menus, mojibake, keyword_stuffing, number_tables,
        code_and_logs, seo_slogans, link_lists, scanned_debris,
    )
}  # fmt: skip


def rubbish(kind, texts, number, seed):
    """Make documents of one kind, from `texts` where real text is needed."""
    made = []
    attempt = 0
    while len(made) < number:
        rng = random.Random(f"{kind}/{seed}/{attempt}")
        text = KINDS[kind](rng, rng.choice(texts))
        attempt += 1
        if _long_enough(text):
            made.append(text)
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--number", type=int, default=3)
    options = parser.parse_args()
    texts = [row["text"][:3000] for name in ("cmrc_wiki", "laws_cn", "howtocook") for row in load(name)]
    for text in rubbish(options.kind, texts, options.number, 0):
        print(text, "\n" + "─" * 80)


if __name__ == "__main__":
    main()
