"""Signatures with Ed25519, of snapshots and of lists: keys out of files, signatures made and asked for."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

from ..errors import IndexFileError, SafehashError
from ..files import read_regular

__all__ = [
    "KEY_BYTES",
    "OF_SNAPSHOT",
    "SIGNATURE_BYTES",
    "expect_signed",
    "objection_to",
    "read_private_key",
    "read_public_key",
    "sign",
]

#: Of an Ed25519 key, private or public.
KEY_BYTES = 32
#: What `sign` returns: the public key, and the signature proper.
SIGNATURE_BYTES = KEY_BYTES + 64
#: What is signed of a snapshot begins so: a signature over anything else is none of one.
OF_SNAPSHOT = b"safehash snapshot, format 2\0"
#: Key files are short.
_MOST_KEY_BYTES = 1 << 16


def _ed25519() -> Any:
    """Return the module of the one package that knows Ed25519."""
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as exc:
        raise SafehashError("signatures need the package cryptography: pip install safehash[signed]") from exc
    return ed25519


def sign(message: bytes, key: bytes, *, purpose: bytes = OF_SNAPSHOT) -> bytes:
    """Return the public key, 32 bytes, and the signature, 64 bytes.

    Parameters
    ----------
    message : bytes
    key : bytes
        The private key, 32 bytes.
    purpose : bytes
        What is signed begins so.
    """
    private = _ed25519().Ed25519PrivateKey.from_private_bytes(key)
    return bytes(private.public_key().public_bytes_raw() + private.sign(purpose + message))


def objection_to(
    message: bytes, signature: bytes, trusted: Collection[bytes], *, purpose: bytes
) -> str | None:
    """Return why a signature does not count, None where one of the trusted keys made it."""
    key = signature[:KEY_BYTES]
    if key not in trusted:
        return f"signed by the key {key.hex()[:8]}..., which is not trusted"
    from cryptography.exceptions import InvalidSignature

    try:
        public = _ed25519().Ed25519PublicKey.from_public_bytes(key)
        public.verify(signature[KEY_BYTES:], purpose + message)
    except (InvalidSignature, ValueError):
        return "its signature does not fit: it was changed after it was signed"
    return None


def expect_signed(message: bytes, signature: bytes, trusted: Collection[bytes], *, path: str) -> None:
    """Refuse what none of the trusted keys signed.

    Parameters
    ----------
    message : bytes
    signature : bytes
        As `sign` returned it; empty where there is none.
    trusted : collection of bytes
        Public keys.
    path : str
        Of the file, for the message.

    Raises
    ------
    IndexFileError
        There is no signature, it is of another key, or it does not fit.
    """
    if not signature:
        raise IndexFileError(
            "carries no signature, and only signed snapshots are trusted", path=path, section="signature"
        )
    objection = objection_to(message, signature, trusted, purpose=OF_SNAPSHOT)
    if objection is not None:
        raise IndexFileError(objection, path=path, section="signature")


def read_private_key(path: str | os.PathLike[str]) -> bytes:
    """Return the Ed25519 private key of a PEM file, as ``openssl genpkey -algorithm ed25519`` writes it.

    Raises
    ------
    SafehashError
        It cannot be read, or holds another kind of key.
    """
    return _read_key(path, "load_pem_private_key", "Ed25519PrivateKey", "private_bytes_raw", password=None)


def read_public_key(path: str | os.PathLike[str]) -> bytes:
    """Return the Ed25519 public key of a PEM file, as ``openssl pkey -pubout`` writes it.

    Raises
    ------
    SafehashError
        It cannot be read, or holds another kind of key.
    """
    return _read_key(path, "load_pem_public_key", "Ed25519PublicKey", "public_bytes_raw")


def _read_key(path: str | os.PathLike[str], load: str, kind: str, raw: str, **told: Any) -> bytes:
    name = os.fspath(path)
    wanted = getattr(_ed25519(), kind)
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    try:
        key = getattr(serialization, load)(read_regular(name, _MOST_KEY_BYTES), **told)
    except OSError as exc:
        raise SafehashError(f"{name}: the key cannot be read: {exc.strerror or exc}") from exc
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise SafehashError(
            f"{name}: no {kind} in PEM without a password, as openssl writes it: {exc}"
        ) from exc
    if not isinstance(key, wanted):
        raise SafehashError(f"{name}: a key of another kind ({type(key).__name__}); Ed25519 is asked for")
    return bytes(getattr(key, raw)())
