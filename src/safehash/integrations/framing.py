"""A frame around an index's stream that HMA opens, which unpickles whatever it stored.

The frame is a pickle of four steps: name a function of ours, name a class, hold bytes, call. It is written and
recognised here as bytes, by nothing that would run what another stream says.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable
from typing import Any, BinaryIO

from ..errors import IndexFileError

__all__ = ["read_framed", "write_framed"]

_BEGIN = b"\x80\x04"  # protocol 4
_BYTES = b"\x8e"  # so many bytes, the number in eight
_END = b"\x86R."  # the class and the bytes are the function's arguments; call it; stop
_LENGTH = struct.Struct("<Q")
_NAME = rb"c([\w.]{1,200})\n([\w.]{1,200})\n"
_HEAD = re.compile(re.escape(_BEGIN) + _NAME + _NAME + re.escape(_BYTES))
#: Bytes of the longest head.
_LONGEST_HEAD = 1024


def _name(what: Any) -> bytes:
    return f"c{what.__module__}\n{what.__qualname__}\n".encode("ascii")


def write_framed(
    stream: BinaryIO, reader: Callable[..., Any], kind: type, write: Callable[[BinaryIO], None]
) -> None:
    """Write what `write` writes into a frame that calls ``reader(kind, bytes)`` where it is unpickled.

    Examples
    --------
    >>> import pickle
    >>> stream = io.BytesIO()
    >>> write_framed(stream, isinstance, int, lambda inner: inner.write(b"words"))
    >>> pickle.loads(stream.getvalue())  # calls isinstance(int, b"words")
    Traceback (most recent call last):
    ...
    TypeError: isinstance() arg 2 must be a type...
    """
    inner = io.BytesIO()
    write(inner)
    stream.write(_BEGIN + _name(reader) + _name(kind) + _BYTES + _LENGTH.pack(inner.tell()))
    stream.write(inner.getbuffer())
    stream.write(_END)


def read_framed(stream: BinaryIO, reader: Callable[..., Any]) -> BinaryIO:
    """Return what was written into a frame, to be read from.

    Raises
    ------
    IndexFileError
        It is another pickle, something else, or damaged.

    Examples
    --------
    >>> stream = io.BytesIO()
    >>> write_framed(stream, isinstance, int, lambda inner: inner.write(b"words"))
    >>> read_framed(io.BytesIO(stream.getvalue()), isinstance).read()
    b'words'
    >>> read_framed(io.BytesIO(stream.getvalue()), issubclass)
    Traceback (most recent call last):
    ...
    safehash.errors.IndexFileError: not an index that safehash wrote: another pickle, or something else
    """
    head = b""
    while not head.endswith(_BYTES) and len(head) < _LONGEST_HEAD:
        piece = stream.read(1)
        if not piece:
            break
        head += piece
    found = _HEAD.fullmatch(head)
    names = None if found is None else (found[1].decode("ascii"), found[2].decode("ascii"))
    if names != (reader.__module__, reader.__qualname__):
        raise IndexFileError("not an index that safehash wrote: another pickle, or something else")
    length = stream.read(_LENGTH.size)
    if len(length) != _LENGTH.size:
        raise IndexFileError("it breaks off")
    (n_bytes,) = _LENGTH.unpack(length)
    inner = stream.read(n_bytes)
    if len(inner) != n_bytes or stream.read(len(_END)) != _END:
        raise IndexFileError("it breaks off, or is damaged")
    return io.BytesIO(inner)
