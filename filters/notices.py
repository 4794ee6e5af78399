"""What a text says about itself: that a machine wrote it, whose it is, and what others may do with it.

Only measured, never taken away: China's labelling rules (标识办法, article 10) forbid removing AI labels, and who
releases a corpus needs the notices as evidence. So they are read before a recipe has lines cut: a copyright line of a
page's footer is gone from its text then, not from these attributes. What texts say *about* such labels, licences and
rights is none of it: a notice is a line or sentence of a certain shape, about the text it stands in.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa

from filters.aigc import EDGE_CHARS, as_json, metadata, plain, status, tells_readers
from filters.characters import UNICODE_VERSION
from filters.contract import attribute
from filters.fold import FOLD_VERSION
from filters.licence import LABELLED, licence, states_licence
from filters.notice_lines import NoticeLine, find_lines, fold_line, words
from filters.rights import Claim, claims
from filters.texts import Texts

TRIGGERS = words((
    "版权 著作权所 著作权归 著作权属 必究 保留所有 保留一切 保留全部 © (c) copyright rightsreserved 转载 转贴",
    "转帖 摘编 搬运 翻印 盗用",
    "licen 知识共享 创用cc 共享创意 创作共用 署名-非 署名-相 署名-禁 姓名标示- ccby cc-by cc_by cc0 cc-0",
    "creativecommons",
    "gpl gfdl 自由文档 自由文件 通用公共 mit许可 mit授权 mit协议 mit开源 :mit apache 木兰宽松 mulanpsl mpl2",
    "mpl-2 wtfpl bsd3 bsd-3 bsd2 bsd-2",
    "aigc 由ai ai生 ai创 ai撰 ai写 ai辅 ai自 ai协 ai合 ai整 ai翻 ai润 ai总 ai工 ai技 ai模 ai助 ai大 智能生",
    "智能创 智能撰 智能写",
    "智能辅 智能自 智能合 智能助 智能工 智能技 智能模 人工智慧 模型生 模型翻 模型整 模型编 模型撰 模型写",
    "智能翻 智能整 智能编 智能改 模型辅 模型自 模型合 模型创 机器人自 机器人生 机器人写",
    "gpt生 gpt辅 gpt自 gpt创 gpt撰 gpt写 gpt- gpt4 chatgpt deepseek kimi 豆包 文心一言 通义千问 讯飞星火",
    "claude gemini copilot",
))  # fmt: skip
_SENTENCE_END = re.compile("[。!?;]")
_BRACKETED = re.compile(r"[(\[【〔*_~]+([^()\[\]【】〔〕*_~]{4,160})[)\]】〕*_~]+")
_AIGC_WORD = re.compile("aigc|ai|智能|智慧|模型|机器人|gpt|deepseek|kimi|豆包|文心|通义|星火|claude|gemini|copilot")
SHORT_LINE = 160
"""Folded characters of a line that may be a notice anywhere; a longer one only at the head or tail of its text."""
NEAR_EDGE = 400
"""Characters from a text's start or end that count as its head or tail."""


@dataclass(slots=True)
class _Found:
    """What one text says about itself."""

    label: dict[str, str] | None = None
    explicit: int = 0
    copyright: int = 0
    no_repost: int = 0
    credit: int = 0
    licence: str | None = None


def _sentences(line: str) -> Iterator[tuple[str, bool]]:
    """Yield the sentences of a folded line, then what stands in brackets or stars, with whether it does."""
    if line[:1] in "([【〔*_~":
        inner = _BRACKETED.fullmatch(line)
        if inner:
            yield plain(inner[1]), True
            return
    for sentence in _SENTENCE_END.split(line):
        yield plain(sentence), False
    for inner in _BRACKETED.finditer(line):
        yield plain(inner[1]), True


def _read(line: NoticeLine, text: str, found: _Found) -> None:
    """Read one line of a text into what was found."""
    folded = fold_line(text[line.start : line.end])
    head, tail = line.start < NEAR_EDGE, line.end > len(text) - NEAR_EDGE
    if "aigc" in folded and found.label is None and (line.start < EDGE_CHARS or line.end > len(text) - EDGE_CHARS):
        found.label = metadata(text[line.start : line.start + 2 * EDGE_CHARS], line.start)
    if _AIGC_WORD.search(folded) and (len(folded) <= SHORT_LINE or head or tail):
        edge = (head and not text[: line.start].strip()) or (tail and not text[line.end :].strip(" \n\r\t*_-—#~"))
        found.explicit += any(
            tells_readers(sentence, edge=edge, framed=framed) for sentence, framed in _sentences(folded)
        )
    claim = Claim.NONE
    for sentence, _ in _sentences(folded):
        claim |= claims(sentence)
    found.copyright += Claim.COPYRIGHT in claim
    found.no_repost += Claim.NO_REPOST in claim
    found.credit += Claim.CREDIT in claim
    if found.licence is None:
        found.licence = _licence(plain(folded), line, text, last=tail)


def _licence(folded: str, line: NoticeLine, text: str, *, last: bool) -> str | None:
    if LABELLED.fullmatch(folded):
        after = text[line.end : line.end + 200].lstrip().partition("\n")[0]
        return licence(plain(fold_line(after)))
    named = licence(folded)
    if named is None:
        return None
    before = plain(fold_line(text[max(0, line.start - 60) : line.start].rstrip().rpartition("\n")[2]))
    return named if states_licence(folded, heading=LABELLED.fullmatch(before) is not None, last=last) else None


@dataclass(frozen=True, slots=True)
class Notices:
    """AI-generation labels (GB 45438-2025) and notices of copyright and licence in each text."""

    before_cutting: ClassVar[Literal[True]] = True
    version: ClassVar[str] = f"2/fold-{FOLD_VERSION}/unicode-{UNICODE_VERSION}"
    schema: ClassVar[pa.Schema] = pa.schema([
        attribute(
            "notices.aigc_label", pa.string(), "label",
            "what AIGC metadata (GB 45438) in the text declare: declared (Label 1), possible (2), "
            "suspected (3), unclear, none",
        ),
        attribute("notices.aigc_metadata", pa.string(), "label", "those metadata as they stand, as JSON; else null"),
        attribute(
            "notices.aigc_explicit_count", pa.int64(), "count",
            "lines that tell readers the text was generated by AI, wholly or in part; as all counts here at most 100, "
            "and lines that the recipe has cut are counted",
        ),
        attribute("notices.copyright_count", pa.int64(), "count", "lines that claim copyright"),
        attribute("notices.no_repost_count", pa.int64(), "count", "lines that forbid reprinting without permission"),
        attribute("notices.credit_count", pa.int64(), "count", "lines that allow reprinting if the source is named"),
        attribute(
            "notices.licence", pa.string(), "label",
            "first licence that the text puts itself under, as SPDX writes it (CC-BY-NC-SA-4.0, GFDL); else null",
        ),
    ])  # fmt: skip

    def __call__(self, texts: Texts) -> pa.RecordBatch:
        """Measure every text."""
        found: dict[int, _Found] = {}
        text, number = "", -1
        for line in find_lines(texts, TRIGGERS):
            if line.text != number:
                number = line.text
                values = texts.code_points[texts.offsets[number] : texts.offsets[number + 1]]
                text = values.astype("<u4", copy=False).tobytes().decode("utf-32-le")
            _read(line, text, found.setdefault(number, _Found()))
        labels = ["none"] * len(texts)
        raw: list[str | None] = [None] * len(texts)
        licences: list[str | None] = [None] * len(texts)
        counts = np.zeros((4, len(texts)), np.int64)
        for number, row in found.items():
            if row.label is not None:
                labels[number], raw[number] = status(row.label), as_json(row.label)
            licences[number] = row.licence
            counts[:, number] = row.explicit, row.copyright, row.no_repost, row.credit
        columns = [
            pa.array(labels, pa.string(), mask=texts.null),
            pa.array(raw, pa.string()),
            *(pa.array(column, pa.int64(), mask=texts.null) for column in counts),
            pa.array(licences, pa.string()),
        ]
        return pa.record_batch(columns, schema=self.schema)
