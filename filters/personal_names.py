"""Names of people where a text says that it names one: behind 姓名 or 患者, before an identity number, in an office."""

import re
from functools import cache

from filters.personal_lexicon import alternatives, lexicon, surnames, words_of
from filters.personal_words import common_words

_END = re.compile(r"$|[\s,.;:!?、。()\[\]<>《》「」『』“”\"'|/…—\-·•*#=0-9a-z]")
_FULL = re.compile(r"[\u4e00-\u9fff]{1,6}·[\u4e00-\u9fff]{1,6}(?:·[\u4e00-\u9fff]{1,6})?")
_LINK = re.compile(r"[\s:为是「“\"]*$")
_COLON = re.compile(r"[:]\s*$|是$|为$|我叫$|名叫$|叫做$")


@cache
def _follow() -> re.Pattern[str]:
    return re.compile(alternatives(words_of("roles", "follow")))


@cache
def _role() -> re.Pattern[str]:
    roles = dict.fromkeys(words_of("roles", "office"), "office") | dict.fromkeys(words_of("roles", "person"), "person")
    return re.compile(f'(?:{alternatives(roles)})[\\s:为是「“"]*$')


@cache
def _offices() -> tuple[str, ...]:
    return words_of("roles", "office")


def _surname_chars(folded: str, at: int) -> int:
    if folded[at : at + 2] in surnames()[1]:
        return 2
    return 1 if folded[at : at + 1] in surnames()[0] else 0


def _is_han(char: str) -> bool:
    return "\u3400" <= char <= "\u9fff" or char >= "\U00020000"


def _name_end(folded: str, at: int, *, sure: bool) -> int | None:
    """Return where the name that begins at a place ends: a surname and one or two characters; None if there is none.

    Args:
        folded: the text.
        at: where a surname stands.
        sure: whether a name must stand there (behind 姓名：), so that it needs no boundary.
    """
    surname = _surname_chars(folded, at)
    if not sure and folded[at] in lexicon()["roles"]["weak"]:
        return None
    full = _FULL.match(folded, at)
    if full is not None:
        return full.end()
    if not surname:
        return None
    han = at
    while han < len(folded) and han < at + surname + 4 and _is_han(folded[han]):
        han += 1
    for given in (2, 1):
        end = at + surname + given
        name = folded[at:end]
        if end > han or name in common_words() or name in words_of("roles", "not_names"):
            continue
        if given == 2 and folded[at : end - 1] in common_words() and not _END.match(folded, end):  # noqa: PLR2004
            continue
        if name[: surname + 1] in words_of("roles", "not_names"):
            return None
        if _END.match(folded, end) or _follow().match(folded, end):
            return end
    return at + surname + 2 if sure and han == at + surname + 2 else None


def read_named(folded: str, at: int) -> tuple[int, int, str] | None:
    """Read the name behind a word for a person; `public_role` behind one for an office."""
    role = _role().search(folded[max(0, at - 12) : at])
    if role is None:
        return None
    office = role[0].startswith(_offices())
    end = _name_end(folded, at, sure=bool(_COLON.search(role[0])) and not office)
    if end is None:
        return None
    return at, end, "public_role" if office else "name"


_BEFORE = re.compile(
    r"(?:^|[\s,.;:、。()\[\]|/“”\"])([\u4e00-\u9fff]{2,4}?)[\s:,、|(]{0,3}(?:[男女][,\s]{0,2})?"
    r"(?:(?:的|联系)?(?:身份证|证件|手机|电话|联系方式|联系电话|卡|银行卡|邮箱)号?码?)?[\s:为是]{0,3}$"
)
_TITLE = re.compile(r"[\s,、(]{0,2}([\u4e00-\u9fff]{2,4})(?:先生|女士|小姐)")


def name_beside(folded: str, start: int, end: int) -> tuple[int, int, str] | None:
    """Read the name right before an identifier (王小明 1101…), or behind it with a title (138…王先生)."""
    line = folded.rfind("\n", max(0, start - 24), start) + 1 or max(0, start - 24)
    before = _BEFORE.search(folded[line:start])
    if before is not None:
        at, until = line + before.start(1), line + before.end(1)
        surname = _surname_chars(folded, at)
        name = folded[at:until]
        if (
            surname
            and surname < len(name) <= surname + 2
            and name not in common_words()
            and (
                name[: surname + 1] not in words_of("roles", "not_names")
                and not any(name.endswith(end) for end in _ENDS)
            )
        ):
            return at, until, "name"
    title = _TITLE.match(folded, end)
    if title is not None and 0 < _surname_chars(folded, title.start(1)) < len(title[1]):
        return title.start(1), title.end(1), "name"
    return None


_ENDS = (
    "号",
    "电话",
    "手机",
    "卡",
    "码",
    "邮箱",
    "证",
    "式",
    "话",
    "机",
    "线",
    "箱",
    "址",
    "人",
    "车",
    "司",
    "局",
    "部",
    "处",
    "店",
    "校",
    "市",
    "省",
    "县",
    "区",
    "路",
    "为",
    "是",
    "到",
    "于",
    "有",
    "请",
    "打",
    "拨",
)
