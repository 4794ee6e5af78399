"""The salt of a workspace, and keyed hashes with it: what they stand for cannot be tried out without it."""

import hashlib
import hmac
import os
from pathlib import Path

FOLDER = "takedowns"
"""Of the salt, of proofs and of what requests asked for; closed to others."""

_SALT_BYTES = 32


def salt_of(workspace: Path) -> bytes:
    """Return the salt of the workspace's hashes; made at first, readable by this user only, and in no release."""
    path = workspace / FOLDER / "salt"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        partial = path.with_name(f"salt.{os.getpid()}.partial")
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(os.urandom(_SALT_BYTES).hex())
            file.flush()
            os.fsync(handle)
        try:
            os.link(partial, path)  # of two that make one at once, the first one's stays
        except FileExistsError:
            pass
        finally:
            partial.unlink()
    return bytes.fromhex(path.read_text())


def salted(salt: bytes, *values: str) -> str:
    """Return the keyed hash of some values, 64 hexadecimal digits; without the salt nobody can try values out."""
    return hmac.new(salt, "\0".join(values).encode(), hashlib.sha256).hexdigest()
