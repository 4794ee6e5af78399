"""Licences named in a line of text, as the names that SPDX gives them."""

import re

_FREE = r"(?:(?<![a-z])|(?<=under)|(?<=the)|(?<=gnu)|(?<=by)|(?<=is)|(?<=license))"
"""No letter before, but for words that run into a name where white space is gone."""
_CODE = re.compile(rf"{_FREE}cc[-_]?by(?P<terms>(?:[-_]?(?:nc|nd|sa))*)(?![b-z])[-_]?v?(?P<version>[1-4]\.\d)?")
_ADDRESS = re.compile(r"creativecommons\.org/licenses/by(?P<terms>(?:-(?:nc|nd|sa))*)(?:/(?P<version>\d\.\d))?")
_ZERO = re.compile(r"creativecommons\.org/publicdomain/zero|(?<![a-z])(?:cc-?0|cczero)(?![a-z])")
_NAME = re.compile(
    r"(?:creativecommons|知识共享|创用cc|共享创意|创作共用)[^。]{0,12}(?:署名|姓名标示|attribution)"
    r"|(?:署名|姓名标示|attribution)[-_—–·,、/+]+(?:非商业|noncommercial|禁止|noderiv|相同|以相同|sharealike)"
)
_TERMS = (
    ("NC", re.compile("非商业|noncommercial|nc")),
    ("ND", re.compile("禁止(?:演绎|改作|衍生)|noderiv|nd")),
    ("SA", re.compile("相同(?:方式|许可|协议|授权)|sharealike|sa")),
)
WORDS = (
    "cc", "creativecommons", "知识共享", "共享创意", "创作共用", "署名", "姓名标示", "attribution",
    "gfdl", "自由文", "freedoc", "gpl", "affero", "通用公共", "generalpublic",
    "apache", "mpl", "mozilla", "木兰", "mulanpsl", "mit", "bsd", "unlicense", "wtfpl",
)  # fmt: skip
"""One of them stands in every line that names a licence."""
_NAME_CHARS = 60
"""What a licence's name takes at most, its version included."""
_DOTTED = re.compile(r"[1-4]\.\d")

_FAMILIES = (
    ("GFDL", re.compile(rf"{_FREE}gfdl|gnu自由文[档件]|(?:gnu)?freedocumentationlicen[cs]e"), "1.1 1.2 1.3"),
    ("AGPL", re.compile(rf"{_FREE}agpl|gnuaffero"), "3.0"),
    ("LGPL", re.compile(rf"{_FREE}lgpl|gnu(?:宽松|较宽松|较?宽)通用|lessergeneralpublic"), "2.0 2.1 3.0"),
    ("GPL", re.compile(rf"{_FREE}gpl(?!a)|gnu通用公共|gnugeneralpubliclicen[cs]e"), "1.0 2.0 3.0"),
    ("Apache", re.compile(rf"{_FREE}apache(?=licen[cs]e|[-,v]{{0,2}}2\.0|许可|授权|软件许可)"), "1.1 2.0"),
    ("MPL", re.compile(rf"{_FREE}mpl(?![a-z])|mozillapubliclicen[cs]e"), "1.1 2.0"),
    ("MulanPSL", re.compile(r"木兰宽松许可|mulanpsl"), "1.0 2.0"),
    ("MIT", re.compile(rf"{_FREE}mit(?=许可|授权|协议|开源|licen[cs]e|$|[^a-z0-9一-鿿])"), ""),
    ("BSD-3-Clause", re.compile(r"bsd[-,]?(?:3|三)[-]?(?:clause|条款|句)"), ""),
    ("BSD-2-Clause", re.compile(r"bsd[-,]?(?:2|二)[-]?(?:clause|条款|句)"), ""),
    ("Unlicense", re.compile(r"(?<![a-z])(?:the)?unlicense(?!d)"), ""),
    ("WTFPL", re.compile(rf"{_FREE}wtfpl"), ""),
)
_VERSION = re.compile(r"(?:[^0-9。]{0,24}?[^0-9a-z.])?(?:version|v|第)?-?(?P<major>[1-4])(?:\.(?P<minor>\d))?(?!\d)")
_LATER = re.compile(r"\+|以上|更高|更新|后续|orlater|orany(?:later|newer)|较新|任意")


def licence(line: str) -> str | None:
    """Return the licence that a folded line names, as SPDX writes it (CC-BY-NC-SA-4.0, GPL-2.0-or-later), or null.

    A version that is not told is left away: CC-BY-SA, GFDL.
    """
    if not any(word in line for word in WORDS):
        return None
    if _ZERO.search(line):
        return "CC0-1.0"
    for pattern in (_CODE, _ADDRESS):
        match = pattern.search(line)
        if match:
            version = match["version"] or next(iter(_DOTTED.findall(line[match.end() : match.end() + 8])), None)
            return _creative_commons(match["terms"], version)
    named = _NAME.search(line)
    if named:
        name = line[named.start() : named.start() + _NAME_CHARS]
        return _creative_commons(name, next(iter(_DOTTED.findall(name)), None))
    for family, pattern, versions in _FAMILIES:
        match = pattern.search(line)
        if match:
            return _versioned(family, line[match.end() :], versions.split())
    return None


def _creative_commons(terms: str, version: str | None) -> str:
    held = [code for code, pattern in _TERMS if pattern.search(terms)]
    return "-".join(["CC", "BY", *held, *([version] if version else [])])


def _versioned(family: str, after: str, versions: list[str]) -> str:
    told = _VERSION.match(after) if versions else None
    version = None if told is None else f"{told['major']}.{told['minor'] or 0}"
    if told is None or version not in versions:
        return family
    later = (
        "-or-later" if family.endswith(("GPL", "GFDL")) and _LATER.search(after[told.end() : told.end() + 24]) else ""
    )
    return f"{family}-{version}{later}"


_TERMS_OF_USE = re.compile(
    r"(?:采用|采取|遵循|遵守|遵从|依照|依据|根据|基于|按照?|使用|适用|以|在|受|凭|经由|透过|under|by).{0,60}"
    r"(?:许可|授权|协议|条款|licen[cs]e|发布|发表|释出|分享|共享|提供|声明|\d\.\d)"
    r"|(?:许可|授权|协议|licen[cs]e)(?:证|方式|条款|协议)?[:为是]|permissionisgranted|您可以(?:依|在|按)"
)
_ITSELF = re.compile(
    r"本(?:文|站|网|书|页|作品|项目|专案|博客|部落格|仓库|手册|教程|软件|软体|程序|程式|著作|维基|百科|内容|资料|数据|译|系列|刊|指南|说明|套件|图|课程|讲义|条目)"
    r"|此(?:文|作品|文档|文件|页|项目|作|手册|程序)|该(?:作品|文档|文件)|以上内容|除(?:非|特别|另有)|如无特(?:别|殊)|若无特"
    r"|(?:文章|博客|作品|内容|文字|文本|代码|文档|页面|图片|说明)(?:均|皆|全部|都|默认|采|以|遵|基|依|使)"
    r"|(?:^|[^a-z])(?:this|except|unless|contentis|thework)|copyright|©"
)
LABELLED = re.compile(
    r"(?:本?文?(?:开源|内容|文章|版权|文档|使用)?)(?:许可|授权|协议|版权|licen[cs]e|licensedunder)(?:证|书|方式|条款|协议|声明|许可)?[:]?"
)
"""A line that is only this is the heading of the next one: `## License`."""
_BARE_CHARS = 60
_BARE = re.compile(
    r"(?:[a-z0-9.()/:_,、+@\-–—]|国际|许可|协议|授权|条款|证|版|署名|非商业性?(?:使用)?|相同方式(?:共享|分享)|知识共享|禁止演绎|创用|姓名标示"
    r"|采用|开源)+"
)


def states_licence(line: str, *, heading: bool, last: bool) -> bool:
    """Whether a folded line puts its own text under the licence that it names.

    Args:
        line: folded, without marks of lists and headings around it.
        heading: whether the line before it is such as `## License`.
        last: whether it stands at the end of its text, where a licence's name alone is a notice.
    """
    if _ITSELF.search(line) and _TERMS_OF_USE.search(line):
        return True
    if last and _TERMS_OF_USE.match(line):
        return True
    if len(line) > _BARE_CHARS:
        return heading
    labelled = LABELLED.match(line)
    if last and _BARE.fullmatch(line):
        return True
    return heading or (labelled is not None and labelled[0].endswith(":"))
