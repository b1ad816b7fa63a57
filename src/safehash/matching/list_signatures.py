"""Lists signed with Ed25519: a file beside a list that says who vouches for its bytes."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Collection
from pathlib import Path

from .._face import checked
from ..errors import ListError
from ..files import read_head, read_regular, writing_whole
from ..lists.formats.reading import read_list
from ..lists.source import SIGNATURE, ListPath, ListSource, beside
from .signing import SIGNATURE_BYTES, objection_to, sign

__all__ = ["expect_list_signed", "sign_list", "signature_path"]

#: What is signed of a list begins so.
_OF_LIST = b"safehash list, sha256\0"
#: The first line of a signature file; the second is the public key and the signature, in hexadecimal digits.
_HEAD = "safehash list signature, 1"
#: Bytes that such a file may have.
_MOST_BYTES = 1024


@checked
def sign_list(source: ListPath, key: bytes) -> Path:
    """Sign a list as it is now, and return the file beside it that says so.

    What is signed is the SHA-256 of the file's bytes (of a directory, of every page's digest and name), which is the
    `snapshot` that decisions name. ``Settings.trusted`` asks for it. The list is read whole before: what cannot be
    used is not signed.

    Parameters
    ----------
    source : path-like or ListSource
    key : bytes
        An Ed25519 private key, 32 bytes.

    Raises
    ------
    ListError
        The list cannot be used, or something else stands where its signature would: another tool's, or a list.
    OSError
        The signature cannot be written.
    SafehashError
        The package `cryptography` is not installed.

    Examples
    --------
    >>> from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    >>> key = Ed25519PrivateKey.generate()
    >>> safehash.sign_list("list.csv", key.private_bytes_raw()).name
    'list.csv.sig'
    >>> settings = safehash.Settings(trusted=[key.public_key().public_bytes_raw()])
    >>> len(safehash.Matcher.from_files("list.csv", settings=settings))
    1
    """
    source = ListSource.of(source)
    path = signature_path(source)
    head = read_head(path, len(_HEAD))
    if head not in (b"", _HEAD.encode("ascii")):
        raise ListError(
            f"{os.fspath(path)} is no signature that safehash made, and is not replaced: give it another name",
            path=source.path,
        )
    reader = read_list(source)
    deque(reader, maxlen=0)
    signature = sign(bytes.fromhex(reader.report.snapshot), key, purpose=_OF_LIST)
    with writing_whole(path, only_files=True) as file:
        file.write(f"{_HEAD}\n{signature.hex()}\n".encode("ascii"))
    return path


def signature_path(source: ListSource) -> Path:
    """Return where the signature of a list stands."""
    return beside(source, SIGNATURE)


def expect_list_signed(source: ListSource, snapshot: str, trusted: Collection[bytes]) -> None:
    """Refuse a list that none of the trusted keys signed.

    Parameters
    ----------
    source : ListSource
    snapshot : str
        The SHA-256 of the bytes that were read.
    trusted : collection of bytes

    Raises
    ------
    ListError
        There is no signature beside it, it is of another key, or of other bytes.
    """
    path = signature_path(source)
    try:
        text = read_regular(path, _MOST_BYTES)
    except OSError as exc:
        raise ListError(
            f"refused: only signed lists are trusted, and {path} cannot be read: {exc.strerror or exc}",
            path=source.path,
        ) from exc
    head, _, digits = text.decode("ascii", "replace").rstrip("\n").partition("\n")
    try:
        signature = bytes.fromhex(digits)
    except ValueError:
        signature = b""
    if head != _HEAD or len(signature) != SIGNATURE_BYTES:
        raise ListError(
            f"refused: {os.fspath(path)} is no signature of a list, as `safehash lists sign` writes it",
            path=source.path,
        )
    objection = objection_to(bytes.fromhex(snapshot), signature, trusted, purpose=_OF_LIST)
    if objection is not None:
        raise ListError(f"refused: {objection}", path=source.path)
