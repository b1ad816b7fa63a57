"""The body of a request, read into memory and no further: raw, multipart or JSON, within a size and a time."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from dataclasses import dataclass, field
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from .heads import header_of, kind_of
from .pieces import PIECES, Piece, Pieces
from .refusing import Refused

__all__ = ["Part", "is_form", "is_json", "json_of", "parts_of", "read_body", "read_pieces"]

#: A form of more parts is no upload.
_MAX_PARTS = 128
#: Of a body that is too large, so many times what is allowed are read and dropped: a connection closed while its
#: client still sends is reset, and most clients then never read why (RFC 9112, 9.6).
_LINGERED = 4
#: Half a surrogate pair as an escape or in UTF-8, or an encoding in which it looks otherwise.
_MAY_BE_HALF = re.compile(rb"\\u[dD]|\xed[\xa0-\xbf]|\x00|\xff")
#: Headers that say how a body is packed, and what they may say.
_CODINGS, _PLAIN = (b"content-encoding", b"transfer-encoding"), (b"", b"identity", b"chunked")
#: Likewise of one part of a form.
_PART_CODINGS = (b"content-encoding", b"content-transfer-encoding")
_AS_THEY_ARE = (b"", b"identity", b"binary", b"8bit", b"7bit")
#: Bytes of all headers of one part.
_MAX_HEADER_BYTES = 4096


@dataclass(slots=True)
class Part:
    """One part of a form: its field's name, the file's name if it is one, and its bytes."""

    name: str
    filename: str | None
    data: bytes


async def read_body(request: Request, *, max_bytes: int, seconds: float) -> bytes:
    """Return a request's whole body. Raises as `read_pieces`."""
    return b"".join(await read_pieces(request, max_bytes=max_bytes, seconds=seconds))


async def read_pieces(request: Request, *, max_bytes: int, seconds: float) -> tuple[Piece, ...]:
    """Return a request's whole body in the pieces in which it came, none of them empty.

    Raises
    ------
    Refused
        413 beyond `max_bytes`, by its header or as it comes; 408 when `seconds` have passed; 400 where the client
        went away, or says of the body two things; 415 where it is compressed: what is hashed are the bytes of the
        picture.
    """
    kinds = 0
    for name, value in request.scope["headers"]:
        kinds += name == b"content-type"
        if name in _CODINGS and value.strip().lower() not in _PLAIN:
            raise Refused(
                415, "bodies are sent as they are, not compressed", headers={"Accept-Encoding": "identity"}
            )
    if kinds > 1:
        raise Refused(400, "what the body is, is said twice")
    pieces = request.scope.get(PIECES)
    if isinstance(pieces, Pieces) and pieces.are_all and len(pieces) <= max_bytes:
        return pieces.taken()  # most are there before anybody asks: nothing is to be waited for
    try:
        if sys.version_info >= (3, 11):
            async with asyncio.timeout(seconds):  # a tenth of what `wait_for` costs, which makes a task
                return await _read(request, max_bytes)
        return await asyncio.wait_for(_read(request, max_bytes), seconds)
    except asyncio.TimeoutError as exc:
        raise Refused(408, "the body did not arrive in time", headers={"Connection": "close"}) from exc
    except ClientDisconnect as exc:
        raise Refused(400, "the client went away") from exc


async def _read(request: Request, max_bytes: int) -> tuple[Piece, ...]:
    said = header_of(request, b"content-length") or ""
    is_refused = said.isdigit() and int(said) > max_bytes
    if is_refused and (header_of(request, b"expect") or "").lower() == "100-continue":
        raise _too_large(max_bytes)  # the client waits for leave to send: nothing is on its way
    pieces = request.scope.get(PIECES)
    if isinstance(pieces, Pieces):
        pieces.ask(max_bytes)
    chunks: list[Piece] = []
    n_bytes = 0
    async for chunk in request.stream():
        come = (*pieces.taken(), chunk) if isinstance(pieces, Pieces) else (chunk,)
        n_bytes += sum(map(len, come))
        is_refused = is_refused or n_bytes > max_bytes
        if is_refused:
            chunks.clear()
        else:
            chunks += filter(None, come)
        if n_bytes > _LINGERED * max_bytes:
            break
    if is_refused:
        raise _too_large(max_bytes)
    return tuple(chunks)


def _too_large(max_bytes: int) -> Refused:
    return Refused(413, f"a request has at most {max_bytes} bytes", headers={"Connection": "close"})


# -- forms --------------------------------------------------------------------------------------------------


def is_form(request: Request) -> bool:
    """Tell whether a request's body says it is a form."""
    return kind_of(request).startswith("multipart/form-data")


def is_json(request: Request) -> bool:
    """Tell whether a request's body says it is JSON."""
    kind = kind_of(request)
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


@dataclass(slots=True)
class _Form:
    """Collects what the parser meets."""

    parts: list[Part] = field(default_factory=list)
    headers: dict[bytes, bytes] = field(default_factory=dict)
    n_header_bytes: int = 0
    name: bytes = b""
    value: bytes = b""
    pieces: list[bytes] = field(default_factory=list)
    is_ended: bool = False

    def begin_part(self) -> None:
        if len(self.parts) >= _MAX_PARTS:
            raise Refused(400, f"a form has at most {_MAX_PARTS} parts")
        self.headers, self.pieces, self.n_header_bytes = {}, [], 0
        self.name, self.value = b"", b""

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self.name += self._counted(data[start:end])

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self.value += self._counted(data[start:end])

    def end_header(self) -> None:
        if self.name.lower() in self.headers:
            raise Refused(400, "a header of a part is there twice")
        self.headers[self.name.lower()] = self.value
        self.name, self.value = b"", b""

    def part_data(self, data: bytes, start: int, end: int) -> None:
        self.pieces.append(data[start:end])

    def end_part(self) -> None:
        _, options = parse_options_header(self.headers.get(b"content-disposition", b""))
        name = options.get(b"name")
        if name is None:
            raise Refused(400, "a part of the form has no name")
        if any(self.headers.get(coding, b"").strip().lower() not in _AS_THEY_ARE for coding in _PART_CODINGS):
            raise Refused(415, "files in a form are sent as they are, not packed")
        filename = options.get(b"filename")
        self.parts.append(
            Part(
                name.decode("utf-8", "replace"),
                None if filename is None else filename.decode("utf-8", "replace"),
                b"".join(self.pieces),
            )
        )
        self.pieces = []

    def end(self) -> None:
        self.is_ended = True

    def _counted(self, piece: bytes) -> bytes:
        self.n_header_bytes += len(piece)
        if self.n_header_bytes > _MAX_HEADER_BYTES:
            raise Refused(400, f"the headers of a part have at most {_MAX_HEADER_BYTES} bytes")
        return piece


def parts_of(request: Request, body: bytes) -> list[Part]:
    """Return the parts of a form.

    Raises
    ------
    Refused
        400: it is none, or breaks off.
    """
    _, options = parse_options_header(header_of(request, b"content-type") or "")
    boundary = options.get(b"boundary")
    if not boundary:
        raise Refused(400, "the form does not say what parts its parts (boundary=)")
    form = _Form()
    callbacks: Any = {
        "on_part_begin": form.begin_part,
        "on_header_field": form.header_name,
        "on_header_value": form.header_value,
        "on_header_end": form.end_header,
        "on_part_data": form.part_data,
        "on_part_end": form.end_part,
        "on_end": form.end,
    }
    try:
        parser = MultipartParser(boundary, callbacks)
        parser.write(body)
        parser.finalize()
    except FormParserError as exc:
        raise Refused(400, "the form cannot be read: its parts are not parted as it says") from exc
    if not form.is_ended:
        raise Refused(400, "the form breaks off")
    return form.parts


# -- JSON ---------------------------------------------------------------------------------------------------


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object's values by name; which of two of one name is meant, nobody can know."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refused(400, "something is said twice in one object")
    return found


def json_of(body: bytes) -> dict[str, Any]:
    """Return a body that is one JSON object.

    Raises
    ------
    Refused
        400: it is none.
    """
    try:
        value = json.loads(body, object_pairs_hook=_once)
        if _MAY_BE_HALF.search(body) is not None:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as exc:
        raise Refused(400, "the body has half a surrogate pair, which is no text") from exc
    except (ValueError, RecursionError) as exc:
        raise Refused(400, "the body is no JSON") from exc
    if not isinstance(value, dict):
        raise Refused(400, f"the body is one JSON object, not {type(value).__name__}")
    return value
