"""Labels of AI-generated text: the metadata of GB 45438-2025, and the sentences that tell readers.

Keys and the values of `Label` (1: is, 2: may be, 3: suspected) are those of GB 45438's annex E; Markdown files carry
them as a YAML mapping `AIGC:` at the head (TC260-PG-20258A). What is found in the wild is looser: other orders, quotes,
`Label: AIGC`, a provider's name in place of its code; so keys are looked for one by one near the word AIGC.
"""

import json
import re

KEYS = ("Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator", "PropagateID", "ReservedCode2")
BLOCK_CHARS = 4_000
"""The reserved codes may hold signatures of some hundred characters each."""
EDGE_CHARS = 2_000
"""Metadata stand at the head of a text, after its front matter's other keys, or at its end."""

_START = re.compile(r"(?<![A-Za-z])AIGC(?![A-Za-z])[\"'\\&;a-z\s]*[:=>]", re.IGNORECASE)
_VALUE = r"(?:\\*[\"']|&quot;)?\s*[:=]\s*(?:\\*[\"']|&quot;)?(?P<value>[^\"'\n\r,}\\<&]*)"
_PATTERNS = {key: re.compile(rf"(?<![A-Za-z]){key}{_VALUE}", re.IGNORECASE) for key in KEYS}
_MEANINGS = {
    "declared": {"1", "属于", "屬於", "是", "true", "yes", "aigc", "ai"},
    "possible": {"2", "可能", "可能属于", "可能為", "可能为"},
    "suspected": {"3", "疑似"},
}


def metadata(text: str, offset: int) -> dict[str, str] | None:
    """Return the keys and values of a label in what surrounds the word AIGC, as they stand there.

    Args:
        text: from the start of a line that holds the word.
        offset: of that line in its document: front matter is told from a document about labels by it.

    Returns:
        At least one key besides Label; null where there are none, or where the block is an example within a text.
    """
    start = _START.search(text, 0, 400)
    if start is None:
        return None
    block = text[start.end() : start.end() + BLOCK_CHARS]
    ends = [at for at in (block.find("\n---"), block.find("}"), block.find("/>"), block.find("\n\n")) if at > 0]
    block = block[: min(ends, default=len(block))]
    found = {key: match["value"].strip() for key, pattern in _PATTERNS.items() if (match := pattern.search(block))}
    return found if found.keys() - {"Label"} and offset >= 0 else None


def status(found: dict[str, str]) -> str:
    """Say what a label declares: declared, possible, suspected, or unclear where the standard has no such value."""
    value = found.get("Label", "").lower()
    return next((name for name, values in _MEANINGS.items() if value in values), "unclear")


def as_json(found: dict[str, str]) -> str:
    """Return the label as it stands in the text, in the standard's order of keys."""
    return json.dumps({key: found[key] for key in KEYS if key in found}, ensure_ascii=False)


_NAME = r"[a-z0-9.·\-]{0,15}"
_MAKER = (
    rf"(?:{_NAME}(?:(?<![a-z])ai|ai(?![a-z])|aigc|人工智能|人工智慧|大(?:语言)?模型|chatgpt|gpt|openai|deepseek|kimi|claude|gemini|copilot){_NAME}"
    r"|生成式人工智能|生成式ai|ai大模型|机器人|智能写作|智能助手|豆包|文心一言|通义千问|讯飞星火|腾讯元宝|智谱清言)"
    r"(?:\(?(?:ai|aigc|人工智能)\)?)?(?:技术|工具|模型|大模型|大语言模型|助手|系统|软件|软体|算法|机器人|平台|程序|服务|等)?"
    r"(?:(?:自|从|基于|根据|依据|结合|按照?|对)[^,。;:]{1,12}?)?"
)
_MAKING = (
    r"(?:自动|辅助|协助|智能|深度|直接|全程|实时|参与|帮助|一键){0,2}"
    r"(?:(?:生成|合成|创作|撰写|写作|编写|产生|产出|生产|制作|整理|总结|归纳|搜索|搜集|翻译|润色|写成|完成|编辑|改写|转写)[并和、及]?){1,3}"
)
_ITSELF = (
    r"(?:本|此|该|以上|以下|上述|上文|下文|文中|文内|部分|所有|全部|前述|回复|回答)"
    r"[^,;:、。!?由用借藉通经基采透依]{0,10}?"
)
_THING = r"(?:部分)?(?:文章)?内容|全文|文章|作品|摘要|译文"
_DISCLAIMER = (
    r"(?:[,;、。:.(\-—]*(?:内容|结果|信息)?(?:均|皆|都)?(?:仅供|仅作|仅为|供参考|请|敬请|不代表|不构成|不保证|注意甄别|谨慎)"
    r"|[,;、。:.(\-—]+(?:不能|无法|如有|如需|若有|注意|可能|未必|未经|非人工|经人工|经过|经编辑|经作者|已经|由人工|人工|编辑|审核|"
    r"其内容|其准确|并经|并由|版权|文责|特此|存在)).*"
)
_SENTENCE = re.compile(
    r"(?P<labelled>(?:[a-z]{2,4}|[\u4e00-\u9fff]{0,4})(?:声明|说明|提示|提醒|注意|注|披露|标识|按|备注)[:,])?"
    rf"(?:(?:(?P<itself>{_ITSELF})|(?P<thing>{_THING}))[,:]?)?"
    r"(?:均|皆|都|全部|部分|可能|疑似|或|系|是|为|全程|完全|主要|有|含有|包含|包括|涉及){0,3}"
    rf"(?P<by>由|使用|利用|借助|藉助|借由|藉由|通过|经由?|依托|基于|采用|运用|透过|以)?{_MAKER}(?:的)?(?:帮助下|协助下|辅助下)?{_MAKING}"
    r"(?:的?(?:内容|文本|文字|合成内容|图片|信息|作品|文章|资料|回答|结果|摘要|草稿|初稿)(?!的))?(?:而成|而来|的|所得|得到|完成)?"
    rf"(?:(?P<disclaimer>{_DISCLAIMER})|(?P<more>[,;、:(\-—](?!但|却|可是|而|然而|不料|结果|没想到|竟|所以|因此).{{0,80}}))?"
)
_QUOTES = "“”「」『』‘’《》"
_MARKUP = re.compile(r"[*_`~#>]")


def plain(line: str) -> str:
    """Take away what lines are decorated with, emoji too; not quotation marks, which say who speaks."""
    start, end = 0, len(line)
    while start < end and not (line[start].isalnum() or line[start] in _QUOTES or line[start] == "©"):
        start += 1
    while end > start and not (line[end - 1].isalnum() or line[end - 1] in _QUOTES or line[end - 1] == "©"):
        end -= 1
    return line[start:end]


def tells_readers(line: str, *, edge: bool, framed: bool) -> bool:
    """Whether a folded line says that the text was generated, wholly or in part.

    Args:
        line: after `plain`.
        edge: whether it is the first or last line of its text, where a bare AI生成 is a label and not a heading.
        framed: whether it stood in brackets or between other marks.
    """
    if not line or line[0] in _QUOTES:
        return False
    match = _SENTENCE.fullmatch(_MARKUP.sub("", line))
    if match is None or (match["more"] and not match["itself"]):
        return False
    if match["itself"] or (match["thing"] and match["by"]):
        return True
    return bool(
        ((match["by"] or match["labelled"]) and match["disclaimer"]) or ((edge or framed) and not match["more"])
    )
