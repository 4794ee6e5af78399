"""Classes of words: the function words that every prose text holds, and the words that advertising is made of.

Written for this project from the closed classes of any grammar (particles, prepositions, conjunctions, pronouns,
auxiliaries, common adverbs), in Simplified characters: words are compared after the one-to-one table, so the list is
the same for both scripts (FineWeb2's holds 于 only as 於, 后 only as 後, so each script meets another list).
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from filters.variants import to_simplified_table

PARTICLES = "的 地 得 了 着 过 吗 呢 吧 啊 嘛 们 等 之 者 也 所"
PREPOSITIONS = """
在 从 对 向 把 被 将 由 以 于 为 按 与 和 及 同 跟 比 给 让 使 往 至 自 因 除了 对于 关于 根据 按照 为了 通过 随着 以及
"""
CONJUNCTIONS = (
    "而 但 或 若 则 并 且 但是 而且 并且 或者 因为 所以 因此 如果 虽然 由于 然后 还是 不过 那么 例如 其中 同时"
)
PRONOUNS = """
我 你 他 她 它 我们 你们 他们 她们 它们 自己 这 那 这个 那个 这些 那些 这样 那样 这里 那里 什么 怎么 哪 谁 其 该 此 各
每 某
"""
AUXILIARIES = """
是 有 没 没有 不 会 能 可 可以 要 应 应当 必须 需要 能够 可能 不是 就是 不能 不得 到 来 去 上 下 中 里 后 前 时 说
"""
ADVERBS = "就 都 也 还 又 再 才 只 很 最 更 已 已经 正在 曾 非常 一直 一个 一种 一些 一样 便 却 仍 即 均 如"
CANTONESE = "嘅 咗 喺 唔 佢 佢哋 我哋 你哋 系 嘢 啲 冇 嚟 咁 嗰 呢个 畀 同埋"


def _words(*lists: str) -> frozenset[str]:
    return frozenset(word for words in lists for word in words.split())


STOP_WORDS = _words(PARTICLES, PREPOSITIONS, CONJUNCTIONS, PRONOUNS, AUXILIARIES, ADVERBS, CANTONESE)

ENCLITICS = _words("的 着 了 们 吗 呢 吧 嘅 咗")
"""They lean on what stands before them: none begins a clause, or follows a word that needs a complement."""
PROCLITICS = _words("""
把 被 向 与 和 及 或 以 于 由 将 按 最 每 各 该 其 让 自 以及 关于 根据 按照 为了 对于 喺
""")
"""They need what stands behind them: none ends a clause. Left out: what is a verb or noun often enough (至, 往)."""
PITCH = _words("""
欢迎 来电 致电 咨询 热线 优惠 特价 折扣 促销 打折 正品 厂家 直销 批发 报价 价格 低价 免费 上门 诚信 专业 正规 资深 权威
品质 优质 信赖 口碑 首选 品牌 连锁 加盟 代理 招商 服务 周到 快捷 满意 无效 退款 限时 抢购 下单 包邮 领取 立即 立享 马上
点击 扫码 加微 微信 客服 名额 有限 代办 办理 承接 量大 从优 价优 值得 老店 一流 实惠 放心 省心 售后 质保 保证 保障 团队
全国 全市 本地 附近
""")
"""What offers are made of. One of them says nothing; every fifth word from here is an advertisement."""

STOP, ENCLITIC, PROCLITIC, PITCHING = 1, 2, 4, 8
LONGEST = 2
"""No function word above is longer, in characters."""
_SLOTS = 1024


def packed(word: str) -> int:
    """Return a word of one or two characters as one number: 21 bits each."""
    value = 0
    for char in word:
        value = value << 21 | ord(char)
    return value


@cache
def word_classes() -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Return the words of all classes as an open-addressing table: keys uint64[1024] (0: free) and classes uint8[1024].

    A word stands in the first free slot from `slot_of(key)` on.
    """
    simplified = to_simplified_table()
    keys, classes = np.zeros(_SLOTS, np.uint64), np.zeros(_SLOTS, np.uint8)
    for word in sorted(STOP_WORDS | ENCLITICS | PROCLITICS | PITCH):
        key = packed("".join(chr(simplified[ord(char)]) for char in word))
        slot = key % 1021
        while keys[slot] and keys[slot] != key:
            slot = (slot + 1) % _SLOTS
        keys[slot] = key
        for bit, words in ((STOP, STOP_WORDS), (ENCLITIC, ENCLITICS), (PROCLITIC, PROCLITICS), (PITCHING, PITCH)):
            classes[slot] |= bit * (word in words)
    keys.flags.writeable = classes.flags.writeable = False
    return keys, classes
