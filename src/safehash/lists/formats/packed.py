"""Unpack what lists are packed in: gzip, bzip2, xz, zstd and zip, within bounds; name what is no list at all."""

from __future__ import annotations

import bz2
import io
import lzma
import os
import re
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from ...files import BoundedReader, TooManyBytes, open_regular

__all__ = ["DamagedPage", "damaged", "is_zip", "members_of", "unpacked", "what_it_is"]

_CHUNK_BYTES = 1 << 17
#: So much is given to an unpacker at once: what it leaves behind the end of a stream is copied, and streams of nine
#: bytes may be laid end to end.
_PIECE_BYTES = 1 << 12
# Hex text shrinks to half, JSON dumps to a tenth or so; deflate's limit is 1032. What goes further is a bomb.
_MAX_RATIO = 200
#: What is packed may expand so far whatever its size: of an archive, all its files together.
_RATIO_FREE_BYTES = 64 << 20
#: What an unpacker may hold in memory; xz and zstd files name a window of their own.
_MAX_WINDOW_BYTES = 128 << 20
_MAX_LAYERS = 2
_MAX_MEMBERS = 10_000
#: What a zip says of its files is held in memory, a dozen times as long: of so many names of usual length, 2 MB.
_MAX_DIRECTORY = 8 << 20
#: Of a name in an archive: systems have no longer paths.
_MAX_NAME = 4096
#: So many streams may be laid end to end, and one more for so many stored bytes. Tools that pack in parallel make one
#: of 20 kB and more; each costs 13 us, and of nothing it has nine bytes.
_STREAMS_FREE, _BYTES_A_STREAM = 10_000, 1024

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OTHERS = (
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it"),
    (0, b"Rar!", "a RAR archive: unpack it"),
    (257, b"ustar", "a tar archive: unpack it"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook: save it as CSV"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PAR1", "a Parquet file: save it as CSV"),
    (0, b"HASH\r\n\xff\x00", "an EnCase hash set: export it as text"),
    (0, b"\x04\x22\x4d\x18", "lz4: unpack it, or pack it as .zst"),
    (0, b"\x1f\x9d", "compress (.Z): unpack it"),
    (0, b"\x89HDF", "an HDF5 file"),
    *((0, b"\x80" + bytes([version]), "a pickle: loading one could run code") for version in range(2, 6)),
    (0, b"\x5d\0\0", "LZMA (.lzma): unpack it, or pack it as .xz"),
    (0, b"ARROW1", "a Feather (Arrow) file: save it as CSV"),
    (0, b"Obj\x01", "an Avro file: save it as JSON Lines"),
    (0, b"\x93NUMPY", "a NumPy array: write its digests as text"),
    (0, b"RDX3\n", "a file of R: save it as CSV"),
    (4, b"Standard Jet DB", "an Access database: save its table as CSV"),
    (4, b"Standard ACE DB", "an Access database: save its table as CSV"),
    (8, b"DUCK", "a DuckDB database: save its table as CSV"),
    (0, b"PGDMP", "a PostgreSQL dump: save its table as CSV (\\copy ... csv header)"),
    (0, b"PGCOPY\n", "PostgreSQL's binary COPY: save the table as CSV (\\copy ... csv header)"),
    (0, b"bplist", "a property list of Apple: save it as CSV or JSON"),
    (0, b"{\\rtf", "a document in RTF: save it as plain text"),
    (0, b"\x89PNG", "a picture: a list holds digests (lists add makes one of pictures)"),
    (0, b"\xff\xd8\xff", "a picture: a list holds digests (lists add makes one of pictures)"),
    (0, b"-----BEGIN PGP MESSAGE", "encrypted (PGP): decrypt it"),
    (0, b"age-encryption.org/", "encrypted (age): decrypt it"),
    (0, b"ClamAV-VDB:", "a ClamAV database: unpack it (sigtool --unpack)"),
)
#: ClamAV's digests of files: digest, length, name of what was found.
_CLAMAV = re.compile(rb"(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}):(?:\d+|\*):[^\s:]")
_CLAMAV_SAYS = (
    "ClamAV signatures: make a list of their first fields (cut -d: -f1), those of .fp files as negative"
)


class DamagedPage(Exception):
    """The rest of a page cannot be read; what came before it stands."""


def damaged(exc: DamagedPage) -> Iterator[bytes]:
    """Raise it where more is asked for: what came before it can be used first."""
    raise exc
    yield b""


def what_it_is(head: bytes) -> str | None:
    """Return what a file that begins with `head` is, where it is something else than a list that we read."""
    if _CLAMAV.match(head):
        return _CLAMAV_SAYS
    return next((title for at, magic, title in _OTHERS if head[at : at + len(magic)] == magic), None)


def is_zip(head: bytes) -> bool:
    """Tell whether a file that begins with `head` is a zip archive."""
    return head[:4] in _ZIP


class _Zlib:
    """`zlib`'s decompressor with the interface that the others have."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self._rest = b""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out = self._inner.decompress(self._rest + data, max_length)
        self._rest = self._inner.unconsumed_tail
        return out

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._rest and not self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data


def _zstd() -> Any:
    module: Any = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    log = _MAX_WINDOW_BYTES.bit_length() - 1
    return module.ZstdDecompressor(options={module.DecompressionParameter.window_log_max: log})


_UNPACKERS: tuple[tuple[bytes, str, Callable[[], Any]], ...] = (
    (b"\x1f\x8b", "gzip", _Zlib),
    (b"BZh", "bzip2", bz2.BZ2Decompressor),
    (b"\xfd7zXZ\x00", "xz", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MAX_WINDOW_BYTES)),
    (b"\x28\xb5\x2f\xfd", "zstd", _zstd),
    # A frame to be skipped (RFC 8878, 3.1.2), as tools write that pack in parallel.
    *((bytes([0x50 + number]) + b"\x2a\x4d\x18", "zstd", _zstd) for number in range(16)),
)


def unpacked(
    chunks: Iterator[bytes], n_stored: Callable[[], int], n_files: int = 1, layers: int = _MAX_LAYERS
) -> Iterator[bytes]:
    """Yield what `chunks` hold, unpacked where they are packed.

    Parameters
    ----------
    chunks : iterator of bytes
    n_stored : callable
        How many stored bytes were read so far: what they may unpack to depends on it.
    n_files : int
        How many files the archive has that they are in.

    Raises
    ------
    DamagedPage
        The stream is damaged, ends early, or unpacks to more than lists do.
    """
    first = b""
    for chunk in chunks:
        first += chunk
        if len(first) >= 6:
            break
    name, make = next(((n, m) for magic, n, m in _UNPACKERS if first.startswith(magic)), ("", None))
    if make is None or not layers:
        yield from _chain(first, chunks)
        return
    stream = _stream(name, make, _chain(first, chunks), n_stored, n_files)
    yield from unpacked(stream, n_stored, n_files, layers - 1)


def _stream(
    name: str, make: Callable[[], Any], chunks: Iterator[bytes], n_stored: Callable[[], int], n_files: int
) -> Iterator[bytes]:
    unpacker = make()
    pieces = _pieces(chunks)
    data = b""
    n_out = 0
    n_streams = 1
    while True:
        if unpacker.eof:  # streams may be laid end to end, and padded with zeros
            data = unpacker.unused_data.lstrip(b"\0")
            while not data:
                more = next(pieces, None)
                if more is None:
                    return
                data = more.lstrip(b"\0")
            n_streams += 1
            if n_streams > _STREAMS_FREE + n_stored() // _BYTES_A_STREAM:
                raise DamagedPage(
                    f"more than {n_streams - 1} {name} streams laid end to end, of hardly a byte: refused"
                )
            unpacker = make()
        elif unpacker.needs_input and not data:
            data = next(pieces, b"")
            if not data:
                raise DamagedPage(f"the {name} stream ends early")
        try:
            out = unpacker.decompress(data, _CHUNK_BYTES)
        except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as exc:
            raise DamagedPage(f"the {name} stream is damaged: {exc}") from exc
        except Exception as exc:
            if type(exc).__name__ != "ZstdError":
                raise
            raise DamagedPage(f"the {name} stream is damaged: {exc}") from exc
        data = b""
        n_out += len(out)
        if n_out * n_files > _RATIO_FREE_BYTES and n_out > _MAX_RATIO * n_stored():
            raise DamagedPage(f"unpacks to more than {_MAX_RATIO} times its size: refused")
        if out:
            yield out


def _pieces(chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for at in range(0, len(chunk), _PIECE_BYTES):
            yield chunk[at : at + _PIECE_BYTES]


#: How files of a zip may be packed: what the standard library unpacks of others, it unpacks at one go.
_BOUNDED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


def members_of(path: Path) -> Iterator[tuple[str, Iterator[bytes], Callable[[], int], list[str]]]:
    """Yield name, bytes, stored size and the names of all of each file in a zip archive, in name order.

    Raises
    ------
    DamagedPage
        It is no whole archive, or one of something else; a damaged member raises while it is read.
    """
    try:
        with (
            open_regular(path) as (raw, _),
            BoundedReader(raw, _MAX_DIRECTORY) as file,
            zipfile.ZipFile(file) as archive,
        ):
            file.most = None
            _check_nothing_beside(raw, archive)
            infos = [
                info for info in archive.infolist() if not info.is_dir() and not _is_hidden(info.filename)
            ]
            names = [info.filename for info in infos]
            if "[Content_Types].xml" in names:
                raise DamagedPage("an Excel workbook or another Office document: save it as CSV")
            if len(infos) > _MAX_MEMBERS:
                raise DamagedPage(
                    f"a zip archive of {len(infos)} files: more than {_MAX_MEMBERS} are refused"
                )
            if any(len(name) > _MAX_NAME for name in names):
                raise DamagedPage(f"a zip archive with names of more than {_MAX_NAME} characters: refused")
            if sum(info.compress_size for info in infos) > os.fstat(raw.fileno()).st_size:
                raise DamagedPage(
                    "a zip archive whose files overlap: refused"
                )  # each costs what all have in common
            for info in sorted(infos, key=lambda each: each.filename):
                size = info.compress_size
                yield info.filename, _member(archive, info, len(infos)), lambda size=size: size, names  # type: ignore[misc]
    except TooManyBytes as exc:
        raise DamagedPage(
            f"a zip archive of too many files: a directory of {exc.n_bytes} bytes: refused"
        ) from exc
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as exc:
        raise DamagedPage(f"not a whole zip archive: {exc}") from exc


#: The end of a zip archive's directory: how it begins, its bytes, and those of the longest comment behind it.
_END, _END_BYTES, _MAX_COMMENT = b"PK\x05\x06", 22, 0xFFFF


def _check_nothing_beside(raw: io.FileIO, archive: zipfile.ZipFile) -> None:
    """Refuse an archive in front of which, or behind which, there is something that its directory does not name."""
    if min((info.header_offset for info in archive.infolist()), default=archive.start_dir):
        raise DamagedPage(
            "a zip archive with something in front of it, which its directory does not name (another archive?): refused"
        )
    n_bytes = raw.seek(0, os.SEEK_END)
    raw.seek(max(0, n_bytes - _END_BYTES - _MAX_COMMENT))
    tail = raw.read()
    end = tail.rfind(_END) + _END_BYTES
    if tail[end + len(archive.comment) :].strip(b"\0"):
        raise DamagedPage("a zip archive with something behind its end: refused")


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, n_files: int) -> Iterator[bytes]:
    if info.flag_bits & 1:
        raise DamagedPage("encrypted: unpack it")
    if info.compress_type not in _BOUNDED:
        raise DamagedPage("packed by LZMA, bzip2 or the like: unpack it")
    try:
        with archive.open(info) as file:
            n_out = 0
            while data := file.read(_CHUNK_BYTES):
                n_out += len(data)
                if n_out * n_files > _RATIO_FREE_BYTES and n_out > _MAX_RATIO * info.compress_size:
                    raise DamagedPage(f"unpacks to more than {_MAX_RATIO} times its size: refused")
                yield data
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, NotImplementedError) as exc:
        raise DamagedPage(f"damaged inside the zip archive: {exc}") from exc


def _is_hidden(name: str) -> bool:
    parts = (part for part in name.split("/") if part not in (".", ".."))  # of these every file may be a list
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest
