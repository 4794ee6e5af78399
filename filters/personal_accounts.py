"""Accounts and addresses of networks: e-mail, QQ, WeChat, IP, MAC."""

import re
from ipaddress import IPv4Address, IPv6Address

from filters.personal_context import Context
from filters.personal_tables import HAN_DIGITS

_LOCAL = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._%+-")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,18}(?![a-z0-9])")
_USER_OF_URL = re.compile(r"://[^\s/@]{0,40}$")
_FILES = frozenset({
    *("png", "jpg", "jpeg", "gif", "svg", "webp", "bmp", "ico", "js", "ts", "css", "scss", "html", "htm", "json", "md"),
    *("py", "sh", "vue", "map", "so", "conf", "service", "socket", "target", "mount", "local", "localdomain"),
})  # fmt: skip
"""Endings of files and of systemd's units: image@2x.png is no address."""
_QQ = re.compile(r"[1-9]\d{4,10}(?![0-9a-z@])")
_WECHAT = re.compile(r"[a-z][-_a-z0-9]{5,19}(?![-_a-z0-9@])|\d{6,12}(?![0-9a-z@.])")
_WXID = re.compile(r"wxid_[a-z0-9]{6,20}(?![a-z0-9])")
_NAMED = re.compile(r"(?:号码?|账号|帐号|id)?\s*[:：是为]|号码?\s*$|号码?[^\w\n]{0,2}$")
_QUAD = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?![\d]|\.\d)")
_MAC = re.compile(r"[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}(?![0-9a-z]|\1[0-9a-f])")
_COLONS = re.compile(r"[0-9a-f:]{6,39}(?![0-9a-z:])")
_HAN_TO_DIGIT = str.maketrans({han: str(digit) for han, digit in HAN_DIGITS.items()})
_LABEL = re.compile(r"(?<![a-z])(?:ip|mac)$")
_OCTET = 255


def read_email(folded: str, at: int) -> tuple[int, int, str] | None:
    """Read the e-mail address around an @; None for names of accounts in programs (git@…:) and of files."""
    domain = _DOMAIN.match(folded, at + 1)
    if domain is None:
        return None
    begin, least = at, max(0, at - 64)
    while begin > least and folded[begin - 1] in _LOCAL:
        begin -= 1
    local = folded[begin:at].lstrip("._%+-")
    if _USER_OF_URL.search(folded, max(0, begin - 60), begin):
        return None
    if not local or ".." in local or local[-1] in ".%+-":
        return None
    if domain[0].rpartition(".")[2] in _FILES or (
        local == "git" and folded[domain.end() : domain.end() + 1] in {":", "/"}
    ):
        return None
    return at - len(local), domain.end(), "email"


def read_account(folded: str, at: int, context: Context) -> tuple[int, int, str] | None:
    """Read a QQ number or WeChat name behind the word for it."""
    if context.name == "wechat" or (context.name == "added" and context.distance == 0):
        return _wechat(folded, at, context.distance)
    if context.name != "qq" or context.distance > 1:
        return None
    found = _QQ.match(folded[at : at + 16].translate(_HAN_TO_DIGIT))
    return None if found is None else (at, at + found.end(), "qq")


def _wechat(folded: str, at: int, distance: int) -> tuple[int, int, str] | None:
    found = _WXID.match(folded, at - 5) if folded[max(0, at - 5) : at] == "wxid_" else _WXID.match(folded, at)
    if found is not None:
        return found.start(), found.end(), "wechat"
    found = _WECHAT.match(folded, at)
    if found is None or distance > 2:  # noqa: PLR2004
        return None
    plain_word = found[0].isalpha()
    if plain_word and _NAMED.search(folded[max(0, at - 5) : at]) is None:
        return None
    return found.start(), found.end(), "wechat"


def read_wxid(folded: str, at: int) -> tuple[int, int, str] | None:
    """Read a WeChat id that says itself what it is."""
    found = _WXID.match(folded, at)
    return None if found is None else (found.start(), found.end(), "wechat")


def read_network(folded: str, at: int) -> tuple[int, int, str] | None:  # noqa: PLR0911 - one kind after another
    """Read an IP or MAC address; `ip_open` if nobody can be behind it (private, loopback, reserved)."""
    if (
        at
        and not _LABEL.search(folded, max(0, at - 4), at)
        and (
            (folded[at - 1].isalnum() and folded[at - 1].isascii())
            or (folded[at - 1] in "._-:/\\" and folded[at - 2 : at - 1].isdigit())
        )
    ):
        return None
    found = _QUAD.match(folded, at)
    if found is not None:
        return _quad(folded, found)
    found = _MAC.match(folded, at)
    if found is not None:
        return found.start(), found.end(), "mac"
    found = _COLONS.match(folded, at)
    if found is None:
        return None
    text = found[0].rstrip(":")
    try:
        address = IPv6Address(text)
    except ValueError:
        return None
    if not any(char.isdigit() for char in text):
        return None
    return at, at + len(text), "ip" if address.is_global or address in _DOCUMENTED else "ip_open"


class _Documented:
    """Addresses that are kept for examples (RFC 5737, 3849): masked as any other, for they stand for people's."""

    def __contains__(self, address: IPv4Address | IPv6Address) -> bool:
        return str(address).startswith(("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:"))


_DOCUMENTED = _Documented()


def _quad(folded: str, found: re.Match[str]) -> tuple[int, int, str] | None:
    parts = found.groups()
    if any(int(part) > _OCTET or (len(part) > 1 and part[0] == "0") for part in parts):
        return None
    if re.search(r"(?:版本|version|ver\.?|v|release)[^\w\n]{0,2}$", folded[max(0, found.start() - 9) : found.start()]):
        return None
    if re.match(r"[-_]?(?:alpha|beta|rc|版)", folded[found.end() : found.end() + 7]):
        return None
    address = IPv4Address(found[0])
    return found.start(), found.end(), "ip" if address.is_global or address in _DOCUMENTED else "ip_open"
