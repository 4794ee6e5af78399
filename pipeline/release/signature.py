"""Signing the manifest of a release with a key of one's own: Ed25519, off unless a key is given. Door to cryptography.

The manifest names every file by its digest, so its signature stands for the whole release.
"""

import os
import stat
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from pipeline.errors import RecipeError
from pipeline.release.manifest import NAME, SIGNATURE
from pipeline.store import write_bytes

_CONTEXT = b"qingyuan manifest 1\0"
"""Before what is signed: the key's signatures of other things do not pass for one of a release."""


def make_keys(private: Path) -> Path:
    """Make a key, readable by this user only, and beside it the public one, which may be given to anybody.

    Raises:
        RecipeError: there is such a file.
    """
    public = private.with_name(private.name + ".pub")
    for path in (private, public):
        if path.exists():
            raise RecipeError(f"{path} exists; a key is never written over")
    private.parent.mkdir(parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    handle = os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        file.flush()
        os.fsync(handle)
    write_bytes(public, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return public


def read_private(path: Path) -> Ed25519PrivateKey:
    """Read a key to sign with.

    Raises:
        RecipeError: it is none, or others than its owner may read it.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_IMODE(mode) & 0o077:
            raise RecipeError(f"{path} can be read by others (mode {stat.S_IMODE(mode):o}): chmod 600 it")
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise RecipeError(f"{path}: no private key in PEM without a password: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise RecipeError(f"{path}: not an Ed25519 key; `qingyuan sign --new-key FILE` makes one")
    return key


def read_public(path: Path) -> Ed25519PublicKey:
    """Read a key to verify with.

    Raises:
        RecipeError: it is none.
    """
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise RecipeError(f"{path}: no public key in PEM: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise RecipeError(f"{path}: not an Ed25519 key")
    return key


def sign_manifest(folder: Path, private: Path) -> str:
    """Sign the manifest of a release; return the signature, which is also written beside it."""
    signature = read_private(private).sign(_CONTEXT + (folder / NAME).read_bytes()).hex()
    write_bytes(folder / SIGNATURE, signature.encode() + b"\n")
    return signature


def fingerprint_of(public: Path) -> str:
    """Return what a key is told by: the sha256 of its DER form, as `openssl pkey -pubin -outform DER | sha256sum`.

    Raises:
        RecipeError: it is none.
    """
    return sha256(read_public(public).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def check_signature(folder: Path, public: Path) -> str | None:
    """Say what is wrong with the signature of a release; None if it is right."""
    key = read_public(public)
    try:
        signature = bytes.fromhex((folder / SIGNATURE).read_text("ascii").strip())
        key.verify(signature, _CONTEXT + (folder / NAME).read_bytes())
    except FileNotFoundError:
        return "there is none"
    except (InvalidSignature, ValueError):
        return f"is not that of the manifest by the key {public} (sha256 {fingerprint_of(public)})"
    return None
