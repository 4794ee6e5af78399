"""What the lect model is trained on and tested with: rows of shared/data by lect, split by a hash.

A row is in training when the salted md5 of its group mod 100 is below 50; the group is a document, a sentence of the
Cantonese corpus, or the key of a message of MediaWiki, so that its translations lie on one side. Sentences of lingua
and of Common Voice are never trained on. Sources and licences: NOTICE.md of shared/data, filters/models/lect.md.
"""

import csv
import hashlib
import io
import json
import re

import zstandard

TRAIN_PERCENT = 50
BREAK = "\n"


def rows(path):
    with path.open("rb") as raw:
        stream = zstandard.ZstdDecompressor().stream_reader(raw)
        yield from map(json.loads, io.TextIOWrapper(stream, "utf-8"))


def in_training(group):
    """Salted: shared/data was itself drawn by the md5 of its groups, so that without it every row would be below 50."""
    return int(hashlib.md5(f"lect/{group}".encode()).hexdigest()[:8], 16) % 100 < TRAIN_PERCENT


MARKUP = re.compile(r"<[^>]*>|\{\{[^}]*\}\}|\[\[[^]|]*\||https?://\S+|[$%]\w+|\\\w+|&\w+;")


def messages(data):
    """(lect, message) of MediaWiki's interface with its markup taken out, and whether its key is in training."""
    lects = {"zh-Hans": "cmn_Hans", "zh-Hant": "cmn_Hant"}
    for row in rows(data / "lid" / "mediawiki_i18n.jsonl.zst"):
        text = MARKUP.sub(" ", row["text"]).replace("'''", "")
        yield lects.get(row["lang"], row["lang"]), text, in_training(row["id"].rpartition("#")[2])


# Written Cantonese and Wu are scarce: a Mandarin text with the function words of the other teaches the model them
# without the topic of any source. Longer words first. The lists are ours.
CANTONESE_WORDS = """
我们=我哋 你们=你哋 他们=佢哋 她们=佢哋 这个=呢個 那个=嗰個 这些=呢啲 那些=嗰啲 这里=呢度 那里=嗰度 这样=咁樣
那样=噉樣 什么=乜嘢|咩 怎么=點|點樣 没有=冇 不是=唔係 不要=唔好 不会=唔會 不知道=唔知 为什么=點解 现在=而家|依家
今天=今日 明天=聽日 昨天=尋日 东西=嘢 时候=陣時 一点=少少|啲 漂亮=靚 喜欢=鍾意 这么=咁 那么=咁 谁=邊個 哪里=邊度
知道=知 孩子=細路 回家=返屋企 家里=屋企 回来=返嚟 一起=一齊 但是=但係 如果=如果|若果 的=嘅 了=咗 不=唔 在=喺|響 是=係
他=佢 她=佢 它=佢 和=同|同埋 给=畀|俾 来=嚟 说=話|講 看=睇 吃=食 喝=飲 这=呢 那=嗰 吗=呀|咩 吧=啦 很=好 都=都 拿=攞
找=搵 些=啲 把=將 去=去
"""
WU_WORDS = """
我们=阿拉|伲|我伲|吾伲 你们=㑚|倷笃|侬搭 他们=伊拉|俚笃|渠拉 她们=伊拉 这个=迭个|搿个|箇个|葛个|掰个
那个=哀个|伊个|归个 这些=迭眼|搿眼|箇眼 那些=伊眼 这里=搿搭|迭搭|箇搭 那里=伊搭|哀搭 这样=迭能|搿能|箇能 什么=啥|啥个
怎么=哪能|哪恁 没有=呒没|嘸沒|唔没 不是=弗是|勿是 不要=覅|勿要|弗要 不会=勿会|弗会 知道=晓得 为什么=为啥
现在=现在|葛歇|搿歇|乃 今天=今朝 明天=明朝 昨天=昨日|昨日子 东西=物事 时候=辰光 一点=一眼|眼眼 漂亮=好看|趣 喜欢=欢喜
谁=啥人 哪里=啥地方|何里 孩子=小囡|小人 玩=白相|孛相 家里=屋里|屋里向 里面=里向 回来=转来 一起=一道 非常=交关|邪气
舒服=适意 说话=讲闲话 话=闲话 洗=汏 脸=面孔 早上=早浪向|早浪 晚上=夜到|夜里向 的=个|葛|额|嗰 了=勒|仔|哉|了 不=勿|弗
在=辣|垃拉|勒|勒海|辣海 你=侬|倷 他=伊|俚|渠 她=伊|俚 它=伊 和=脱|搭|搭仔|脱仔|帮 给=拨|畀|拨勒 说=讲 很=蛮|交关|老
都=侪|才 吗=伐|𠲎 吧=伐|末哉 这=迭|搿|箇 那=哀|伊 着=牢|勒海|辣海
"""


def _substitutions(words):
    pairs = dict(pair.split("=") for pair in words.split())
    return {word: new.split("|") for word, new in pairs.items()}, re.compile("|".join(sorted(pairs, key=len)[::-1]))


def disguise(text, lect, rng, share=0.8):
    """Put the function words of another lect in place of Mandarin's, each occurrence with a probability."""
    table, pattern = SUBSTITUTIONS[lect]
    return pattern.sub(lambda m: rng.choice(table[m[0]]) if rng.random() < share else m[0], text)


MANDARIN_WORDS = """
我哋=我們 你哋=你們 佢哋=他們 呢個=這個 嗰個=那個 呢啲=這些 嗰啲=那些 呢度=這裏 嗰度=那裏 呢位=這位 咁樣=這樣
噉樣=這樣 乜嘢=什麼 冇=沒有 唔係=不是 唔好=不要 唔知=不知道 點解=為什麼 點樣=怎樣 而家=現在 依家=現在 今日=今天
聽日=明天 尋日=昨天 鍾意=喜歡 返屋企=回家 屋企=家裏 返嚟=回來 一齊=一起 但係=但是 邊個=誰 邊度=哪裏 細路=孩子 同埋=和
幾時=什麼時候 嘅=的 咗=了 唔=不 喺=在 響=在 係=是 佢=他 畀=給 俾=給 嚟=來 睇=看 食=吃 飲=喝 話=說 呢=這 嗰=那 啲=些
攞=拿 搵=找 嘢=東西 乜=什麼 咩=什麼 咁=這麼 噉=這樣 晒=完 緊=着 啦=吧 喎=呢 囉=吧 架=的 㗎=的 靚=漂亮 諗=想 傾=談
瞓=睡 企=站 行=走 揀=選 識=會 返=回 仲=還
"""
SUBSTITUTIONS = {
    "yue": _substitutions(CANTONESE_WORDS),
    "wuu": _substitutions(WU_WORDS),
    "cmn": _substitutions(MANDARIN_WORDS),
}
CANTONESE_ONLY = frozenset("嘅咗唔喺佢哋嚟睇啲嗰嘢咁攞搵乜冇畀㗎喎囉咩嘥瞓諗嗌揾嘞吖冚嚿氹黐攰邊點")
"""What is left of Cantonese in a sentence whose function words were replaced: it is not Mandarin yet."""


def undisguise(text):
    """Return a Cantonese sentence with Mandarin's function words, or None if it stays Cantonese.

    What is written in Hong Kong is about the same things in both: so its topics do not tell them apart.
    """
    table, pattern = SUBSTITUTIONS["cmn"]
    plain = pattern.sub(lambda m: table[m[0]][0], text)
    return None if CANTONESE_ONLY & set(plain) else plain


def colloquial(data):
    """Posts and questions in everyday Mandarin, and whether they are in training."""
    with (data / "labels" / "COLDataset" / "train.csv").open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            yield row["TEXT"], in_training(row["TEXT"])
    for line in (data / "labels" / "cvalues_prompts.jsonl").read_text("utf-8").splitlines():
        text = json.loads(line)["prompt"]
        yield text, in_training(text)


def register(text):
    """Of a novel's passage: cmn if Mandarin's function characters rule, lzh if they are all but absent, else None."""
    share = sum(text.count(char) for char in "的了着这那们么") / max(1, len(text))
    return "cmn" if share > 0.04 else "lzh" if share < 0.004 else None


def documents(data):
    """(lect, source, text, in training) of the documents; a novel by its passages, what lies between is left out."""
    for source in ("laws_cn", "laws_tw", "oiwiki", "pingcap_docs", "howtocook", "cmrc_wiki"):
        for row in rows(data / "docs" / f"{source}.jsonl.zst"):
            yield "cmn", source, row["text"], in_training(row["id"])
    for source in ("classical_lzh", "poetry"):
        for row in rows(data / "docs" / f"{source}.jsonl.zst"):
            yield "lzh", source, row["text"], in_training(row["id"])
    for row in rows(data / "docs" / "chinese_novel.jsonl.zst"):
        for start in range(0, len(row["text"]), 600):
            passage = row["text"][start : start + 600]
            if lect := register(passage):
                yield lect, "chinese_novel", passage, in_training(row["id"])
    for row in rows(data / "docs" / "debian_docs.jsonl.zst"):
        if row["lang"] == "ja":
            yield "ja", "debian_docs", row["text"], in_training(row["id"].replace("/ja/", "/"))
