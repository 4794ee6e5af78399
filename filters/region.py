"""Simplified or Traditional, and if Traditional, by the usage of Taiwan or of Hong Kong: its characters and words."""

from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from filters.characters import CODE_POINTS
from filters.variants import hans_only, hant_only

TAIWAN_CHARACTERS = "裡線麵著啟台衛群峰床污"
HONG_KONG_CHARACTERS = "裏綫麪着啓枱衞羣峯牀汚"
"""The same eleven characters in the standard form of each side (Taiwan's Ministry of Education's standard list, Hong
Kong's list of graphemes). Each is read on both sides, so it is their sum that tells, and words weigh more."""

TAIWAN_WORDS = """
軟體 硬體 韌體 網路 資訊 程式 螢幕 滑鼠 硬碟 光碟 隨身碟 伺服 位元 列印 影片 品質 計程 捷運 腳踏車 鳳梨 便當 芭樂 優格
酪梨 泡麵 國中 國小 健保 勞保 里長 里民 鄉鎮 縣市 立委 台幣 臺幣 台灣 臺灣 台北 臺北 高雄 台中 臺中 台南 臺南 新竹
透過 雷射 奈米 矽谷 寮國 悠遊卡 超商 連線 備份 選單 變數 迴圈 陣列 介面 解析度 檔案 滷肉 珍奶 學測 公分 使用者 帳號
預設 視窗 搜尋
"""
HONG_KONG_WORDS = """
軟件 硬件 網絡 視像 電郵 質素 的士 巴士 港鐵 小巴 單車 菠蘿 飯盒 車厘 士多 多士 芝士 雪櫃 冷氣 中一 小六 公屋 居屋
屋邨 屋苑 港元 港幣 特區 特首 政務司 警務處 差餉 強積金 醫管局 八達通 公帑 聆訊 署方 本港 港人 港府 香港 新界 九龍
灣仔 旺角 沙田 屯門 元朗 荃灣 觀塘 意大利 新西蘭 鐳射 納米 互聯網 用戶 戶口 打印 滙豐 按揭 私隱 入息 薪俸 僱員 食肆
酒樓 茶餐廳 泊車 文憑試 樓價 質詢 渠務
"""
"""Words of daily life, computing, school and government that one side uses and the other calls by another name. Of a
longer word its first two characters are looked for."""

WORD_WEIGHT = 2
"""A word tells as much as two characters."""
LEAD = 2
"""The region must be this far ahead, in characters: one character is a font's or a typist's habit."""

_HASH_BITS = 12
_SLOTS = 1 << _HASH_BITS


@njit(cache=True, nogil=True)
def _slot(key: np.uint64) -> np.int64:
    return np.int64((key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - _HASH_BITS))


@cache
def _words() -> tuple[NDArray[np.uint64], NDArray[np.int8]]:
    """Open hash of pairs: key (first << 21 | second, 0 where free) and weight, + Taiwan, - Hong Kong."""
    keys, weights = np.zeros(_SLOTS, np.uint64), np.zeros(_SLOTS, np.int8)
    for words, sign in ((TAIWAN_WORDS, 1), (HONG_KONG_WORDS, -1)):
        for word in words.split():
            key = np.uint64(ord(word[0]) << 21 | ord(word[1]))
            slot = int(_slot(key))
            while keys[slot]:
                slot = (slot + 1) % _SLOTS
            keys[slot], weights[slot] = key, sign * WORD_WEIGHT
    return keys, weights


_HANS, _HANT, _TAIWAN, _HONG_KONG, _BEGINS = 1, 2, 4, 8, 16


@cache
def _marks() -> NDArray[np.uint8]:
    """uint8[CODE_POINTS]: bits for what a character says alone, and whether a word of a region begins with it."""
    marks = np.zeros(CODE_POINTS, np.uint8)
    marks[hans_only()] |= _HANS
    marks[hant_only()] |= _HANT
    marks[[ord(char) for char in TAIWAN_CHARACTERS]] |= _TAIWAN
    marks[[ord(char) for char in HONG_KONG_CHARACTERS]] |= _HONG_KONG
    marks[[ord(word[0]) for word in (TAIWAN_WORDS + HONG_KONG_WORDS).split()]] |= _BEGINS
    return marks


@njit(cache=True, nogil=True)
def _count(
    values: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    marks: NDArray[np.uint8],
    keys: NDArray[np.uint64],
    weights: NDArray[np.int8],
) -> NDArray[np.int64]:
    """int64[texts, 3]: Simplified-only and Traditional-only characters, and how far Taiwan leads Hong Kong."""
    counts = np.zeros((len(offsets) - 1, 3), np.int64)
    for text in range(len(offsets) - 1):
        stop = offsets[text + 1]
        for i in range(offsets[text], stop):
            mark = marks[values[i]]
            if mark == 0:
                continue
            counts[text, 0] += mark & 1
            counts[text, 1] += mark >> 1 & 1
            counts[text, 2] += (mark >> 2 & 1) - np.int64(mark >> 3 & 1)
            if mark & _BEGINS and i + 1 < stop:
                key = np.uint64(values[i]) << np.uint64(21) | np.uint64(values[i + 1])
                slot = _slot(key)
                while keys[slot]:
                    if keys[slot] == key:
                        counts[text, 2] += weights[slot]
                        break
                    slot = (slot + 1) % _SLOTS
    return counts


def count_variants(values: NDArray[np.uint32], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return int64[texts, 3]: Simplified-only and Traditional-only characters, and how far Taiwan leads Hong Kong."""
    return _count(values, offsets, _marks(), *_words())
