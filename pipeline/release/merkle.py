"""A tree of digests over files, as in RFC 6962 (section 2.1): one root for all, and a short proof for each.

The leaf of a file is its line in the form of `sha256sum`: digest, two blanks, path. Leaves and inner nodes are hashed
with different prefixes, so that neither passes for the other; which leaf stands where is settled by the sorted paths.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256

_LEAF, _NODE = b"\x00", b"\x01"


def leaf(path: str, digest: str) -> bytes:
    """Return the leaf of a file: its path in the release, and its sha256, hexadecimal."""
    return sha256(_LEAF + f"{digest}  {path}".encode()).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(_NODE + left + right).digest()


def _split(count: int) -> int:
    """Return the largest power of two below a count."""
    return 1 << (count - 1).bit_length() - 1


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaves; that of none is the digest of nothing."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    cut = _split(len(leaves))
    return _node(root(leaves[:cut]), root(leaves[cut:]))


def root_of(files: Mapping[str, str]) -> str:
    """Return the root over files, path to sha256, hexadecimal."""
    return root([leaf(path, files[path]) for path in sorted(files)]).hex()


def proof(leaves: Sequence[bytes], number: int) -> list[bytes]:
    """Return what proves that a leaf is among the leaves: the roots beside its way up, from below."""
    if len(leaves) == 1:
        return []
    cut = _split(len(leaves))
    if number < cut:
        return [*proof(leaves[:cut], number), root(leaves[cut:])]
    return [*proof(leaves[cut:], number - cut), root(leaves[:cut])]


def proves(path: Sequence[bytes], one: bytes, number: int, count: int, expected: bytes) -> bool:
    """Say whether a proof leads from a leaf, the `number`th of `count`, to a root (RFC 9162, section 2.1.3.2)."""
    if not 0 <= number < count:
        return False
    at, last, known = number, count - 1, one
    for beside in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            known = _node(beside, known)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            known = _node(known, beside)
        at, last = at >> 1, last >> 1
    return last == 0 and known == expected
