"""Give the bytes of a list's pages as UTF-8 chunks or lines, whatever they were stored as."""

from __future__ import annotations

import codecs
import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path

from ...errors import ListError

__all__ = ["MAX_RECORD_BYTES", "DamagedPage", "Page", "page_paths"]

#: Longest line or JSON value read as one record; a longer one is a reject. Real records stay under 100 kB.
MAX_RECORD_BYTES = 4 << 20

_CHUNK_BYTES = 1 << 18
_HEAD_BYTES = 1 << 16
# Hex text shrinks to half, JSON dumps to a tenth or so; deflate's limit is 1032. What goes further is a bomb.
_MAX_RATIO = 200
_RATIO_FREE_BYTES = 64 << 20

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class DamagedPage(Exception):
    """The rest of a page cannot be read; what came before it stands."""


def page_paths(path: Path) -> list[Path]:
    """Return the files that make up the list at `path`: itself, or a directory's files in name order.

    Raises
    ------
    ListError
        Nothing there, or an empty directory.
    """
    try:
        if not path.is_dir():
            if not path.exists():
                raise ListError("no such file or directory", path=path)
            return [path]
        found = sorted(
            (entry for entry in path.iterdir() if entry.is_file() and not entry.name.startswith(".")),
            key=lambda entry: entry.name,
        )
    except OSError as exc:
        raise ListError(f"cannot be read: {exc.strerror}", path=path) from exc
    if not found:
        raise ListError("a directory without files", path=path)
    return found


class Page:
    """One file of a list, opened: unpacked, in UTF-8 without a byte order mark, read once from its start.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    name : str
        The file's name, without ".gz".
    n_bytes : int
        Stored bytes read so far.
    n_replaced : int
        Bytes met that are not the encoding's, replaced by U+FFFD.
    encoding : str
        What the bytes were taken as.

    Raises
    ------
    ListError
        The file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name.removesuffix(".gz")
        self.n_bytes = 0
        self.n_replaced = 0
        self.encoding = "utf-8"
        self._sha256 = hashlib.sha256()
        try:
            self._file = path.open("rb")
        except OSError as exc:
            raise ListError(f"cannot be read: {exc.strerror}", path=path) from exc
        self._damage: DamagedPage | None = None
        self._chunks = self._decoded()
        self._ahead: list[bytes] = []
        n_ahead = 0
        try:
            while n_ahead < _HEAD_BYTES:
                chunk = next(self._chunks, b"")
                if not chunk:
                    break
                self._ahead.append(chunk)
                n_ahead += len(chunk)
        except DamagedPage as exc:
            self._damage = exc  # raised again where reading meets it

    @property
    def head(self) -> bytes:
        """The first 64 KiB, to be recognised by."""
        return b"".join(self._ahead)[:_HEAD_BYTES]

    def close(self) -> str:
        """Read what is left, close the file, and return the SHA-256 of its stored bytes."""
        with self._file:
            try:
                while self._stored():
                    pass
            except DamagedPage:
                return ""  # the disk failed, and reading has reported it
        return self._sha256.hexdigest()

    def chunks(self) -> Iterator[bytes]:
        """Yield the page in pieces of some 256 KiB, cut anywhere but inside a character.

        Raises
        ------
        DamagedPage
            After the pieces before the damage.
        """
        yield from self._ahead
        self._ahead = []
        if self._damage is not None:
            raise self._damage
        yield from self._chunks

    def blocks(self) -> Iterator[tuple[int, bytes, bool]]:
        """Yield (number of the first line, bytes, too long) for runs of whole lines.

        A line over `MAX_RECORD_BYTES` comes as a block of its own, cut short and marked as too long.

        Raises
        ------
        DamagedPage
            After the lines before the damage; an unfinished last line is part of it.
        """
        line_number = 1
        rest = b""
        skipping = False
        for chunk in self.chunks():
            if skipping:
                end = chunk.find(b"\n")
                if end < 0:
                    continue
                chunk = chunk[end + 1 :]
                skipping = False
                line_number += 1
            end = chunk.rfind(b"\n") + 1
            if not end:
                rest += chunk
            else:
                block = rest + chunk[:end] if rest else chunk[:end]
                first_end = block.find(b"\n") + 1
                if first_end > MAX_RECORD_BYTES:
                    yield line_number, block[:80], True
                    line_number += 1
                    block = block[first_end:]
                if block:
                    yield line_number, block, False
                    line_number += block.count(b"\n")
                rest = chunk[end:]
            if len(rest) > MAX_RECORD_BYTES:
                yield line_number, rest[:80], True
                rest = b""
                skipping = True
        if rest:
            yield line_number, rest, False

    def lines(self) -> Iterator[tuple[int, bytes | None]]:
        """Yield (1-based number, line without its end), None in place of a line that is too long.

        Raises
        ------
        DamagedPage
            After the lines before the damage.
        """
        for number, block, too_long in self.blocks():
            if too_long:
                yield number, None
                continue
            lines = block.split(b"\n")
            if not lines[-1]:
                lines.pop()
            for offset, line in enumerate(lines):
                yield number + offset, line.rstrip(b"\r")

    def _stored(self) -> bytes:
        try:
            data = self._file.read(_CHUNK_BYTES)
        except OSError as exc:
            raise DamagedPage(f"reading failed: {exc.strerror}") from exc
        self._sha256.update(data)
        self.n_bytes += len(data)
        return data

    def _unpacked(self) -> Iterator[bytes]:
        data = self._stored()
        if data[:2] != b"\x1f\x8b":
            while data:
                yield data
                data = self._stored()
            return
        unpacker = zlib.decompressobj(wbits=31)
        n_out = 0
        while True:
            if unpacker.eof:  # gzip files may be laid end to end, and padded with zeros
                data = (unpacker.unused_data or self._stored()).lstrip(b"\0")
                while not data:
                    data = self._stored()
                    if not data:
                        return
                    data = data.lstrip(b"\0")
                unpacker = zlib.decompressobj(wbits=31)
            elif not data:
                data = self._stored()
                if not data:
                    raise DamagedPage("the gzip stream ends early")
            try:
                out = unpacker.decompress(data, _CHUNK_BYTES)
            except zlib.error as exc:
                raise DamagedPage(f"the gzip stream is damaged: {exc}") from exc
            data = unpacker.unconsumed_tail
            n_out += len(out)
            if n_out > _RATIO_FREE_BYTES and n_out > _MAX_RATIO * self.n_bytes:
                raise DamagedPage(f"unpacks to more than {_MAX_RATIO} times its size: refused")
            if out:
                yield out

    def _decoded(self) -> Iterator[bytes]:
        chunks = self._unpacked()
        first = b""
        for chunk in chunks:
            first += chunk
            if len(first) >= 4:
                break
        bom, encoding = next(((b, e) for b, e in _BOMS if first.startswith(b)), (b"", ""))
        if not encoding:
            encoding = _encoding_without_mark(first)
        self.encoding = encoding
        first = first[len(bom) :]
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        lone_cr = b"\r" in first and b"\n" not in first and encoding == "utf-8"
        waiting = b""
        for chunk in _chain(first, chunks):
            if encoding == "utf-8":
                # Whole characters only; whoever decodes a record counts what had to be replaced.
                data = waiting + chunk
                cut = _last_whole(data)
                data, waiting = data[:cut], data[cut:]
                yield data.replace(b"\r", b"\n") if lone_cr else data
            else:
                text = decoder.decode(chunk)
                self.n_replaced += text.count("\N{REPLACEMENT CHARACTER}")
                yield text.encode("utf-8", "replace")
        if waiting:
            yield waiting


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _last_whole(data: bytes) -> int:
    """Return where the last, unfinished UTF-8 character begins, the length when there is none."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte < 0x80:
            break
        if byte >= 0xC0:  # a leading byte: is its character complete?
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(data) - back if needed > back else len(data)
    return len(data)


def _encoding_without_mark(first: bytes) -> str:
    """Tell UTF-16 without a mark, as some Windows tools write it, from UTF-8."""
    sample = first[:2000]
    if len(sample) >= 8:
        half = len(sample) // 2
        even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
        if odd > 0.9 and even < 0.1:
            return "utf-16-le"
        if even > 0.9 and odd < 0.1:
            return "utf-16-be"
    return "utf-8"
