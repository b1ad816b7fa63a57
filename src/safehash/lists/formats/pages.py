"""Give the bytes of a list's pages as UTF-8 chunks or lines, whatever they were stored as."""

from __future__ import annotations

import codecs
import hashlib
import re
import string
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from ...errors import ListError
from ...files import NotRegularFile, open_regular
from ..source import PACKED
from .packed import DamagedPage, is_zip, members_of, unpacked

__all__ = ["MAX_RECORD_BYTES", "DamagedPage", "Page", "StoredFile", "bare_name", "open_pages"]

#: Longest line or JSON value read as one record; a longer one is a reject. Real records stay under 100 kB.
MAX_RECORD_BYTES = 4 << 20

_CHUNK_BYTES = 1 << 17
_HEAD_BYTES = 1 << 16
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


_LINE_END = re.compile(rb"\r\n|\r|\n")


class StoredFile:
    """The bytes of one file of a list, read once, with their SHA-256: as many as it had when it was opened.

    Raises
    ------
    ListError
        The file cannot be opened, or is no regular file: a pipe cannot be read again, and a device never ends.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.n_bytes = 0
        self._sha256 = hashlib.sha256()
        self._opened = ExitStack()
        try:
            self._file, status = self._opened.enter_context(open_regular(path))
        except NotRegularFile as exc:
            raise ListError(
                "cannot be read: not a regular file (a pipe, socket or device): save it as a file", path=path
            ) from exc
        except OSError as exc:
            raise ListError(f"cannot be read: {exc.strerror}", path=path) from exc
        self._n_expected = status.st_size

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes.

        Raises
        ------
        DamagedPage
            The disk failed, or the file became longer or shorter meanwhile.
        """
        while data := self._read():
            yield data
        if self.n_bytes < self._n_expected:
            raise DamagedPage(f"it had {self._n_expected} bytes, and {self.n_bytes} when it was read")
        try:
            is_longer = bool(self._file.read(1))
        except OSError as exc:
            raise DamagedPage(f"reading failed: {exc.strerror}") from exc
        if is_longer:
            raise DamagedPage(f"it grew beyond its {self._n_expected} bytes while it was read")

    def _read(self) -> bytes:
        try:
            data = self._file.read(min(_CHUNK_BYTES, self._n_expected - self.n_bytes)) or b""
        except OSError as exc:
            raise DamagedPage(f"reading failed: {exc.strerror}") from exc
        self._sha256.update(data)
        self.n_bytes += len(data)
        return data

    def close(self) -> str:
        """Read what is left, close the file, and return the SHA-256 of its bytes."""
        with self._opened:
            try:
                while self._read():
                    pass
            except DamagedPage:
                return ""  # the disk failed, and reading has reported it
        return self._sha256.hexdigest()


def open_pages(file: StoredFile) -> Iterator[Page]:
    """Yield the pages of one file: itself, or the members of a zip archive.

    Raises
    ------
    DamagedPage
        It is an archive, and damaged.
    """
    chunks = file.chunks()
    first = next(chunks, b"")
    if not is_zip(first):
        yield Page(file.path, _chain(first, chunks), lambda: file.n_bytes)
        return
    members: frozenset[str] | None = None  # made once: an archive may have ten thousand
    for name, member, n_stored, names in members_of(file.path):
        page = Page(file.path, member, n_stored, len(names))
        page.members = members = frozenset(map(bare_name, names)) if members is None else members
        page.name = f"{page.name}/{bare_name(name)}"
        yield page


def bare_name(name: str) -> str:
    """Return a file's name without what it is packed in."""
    for ending in PACKED:
        name = name.removesuffix(ending)
    return name


class Page:
    """One page of a list: unpacked, in UTF-8 without a byte order mark, read once from its start.

    Parameters
    ----------
    path : Path
        The file it is in.
    stored : iterator of bytes
        As they lie in the file.
    n_stored : callable
        How many of these were read so far.
    n_files : int
        How many files the archive has that it is in.

    Attributes
    ----------
    name : str
        The file's name, without ".gz" and the like.
    members : frozenset of str
        The names of all files in the archive that it is in; empty outside of one.
    n_replaced : int
        Bytes met that are not the encoding's, replaced by U+FFFD.
    encoding : str
        What the bytes were taken as.
    is_unfinished : bool
        The line that `blocks` or `lines` gave last has no line end.
    """

    def __init__(
        self, path: Path, stored: Iterator[bytes], n_stored: Callable[[], int], n_files: int = 1
    ) -> None:
        self.path = path
        self.name = bare_name(path.name)
        self.members: frozenset[str] = frozenset()
        self.n_replaced = 0
        self.encoding = "utf-8"
        self.is_unfinished = False
        self._bytes = unpacked(stored, n_stored, n_files)
        self._damage: DamagedPage | None = None
        self._chunks = self._decoded()
        self._pieces = self._given_out()
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

    def chunks(self) -> Iterator[bytes]:
        """Return the page in pieces of some 256 KiB, cut anywhere but inside a character: those not yet taken.

        Raises
        ------
        DamagedPage
            While iterating: after the pieces before the damage.
        """
        return self._pieces

    def _given_out(self) -> Iterator[bytes]:
        yield from self._ahead
        self._ahead = []
        if self._damage is not None:
            raise self._damage
        yield from self._chunks

    def blocks(self) -> Iterator[tuple[int, bytes, bool]]:
        """Yield (number of the first line, bytes, too long) for runs of whole lines, whatever ends them.

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
                end = _line_end(chunk)
                if not end:
                    continue
                chunk = chunk[end:]
                skipping = False
                line_number += 1
            if rest[-1:] == b"\r":  # the other half of a line end may follow
                chunk, rest = rest + chunk, b""
            end = _last_line_end(chunk)
            if not end:
                rest += chunk
            else:
                block = rest + chunk[:end] if rest else chunk[:end]
                first_end = _line_end(block)
                if first_end > MAX_RECORD_BYTES:
                    yield line_number, block[:80], True
                    line_number += 1
                    block = block[first_end:]
                if block:
                    yield line_number, block, False
                    line_number += _n_lines(block)
                rest = chunk[end:]
            if len(rest) > MAX_RECORD_BYTES:
                yield line_number, rest[:80], True
                rest = b""
                skipping = True
        if rest:
            self.is_unfinished = True
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
            for offset, line in enumerate(block.splitlines()):
                yield number + offset, line

    def _decoded(self) -> Iterator[bytes]:
        chunks = self._bytes
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
        waiting = b""
        for chunk in _chain(first, chunks):
            if encoding == "utf-8":
                # Whole characters only; whoever decodes a record counts what had to be replaced.
                data = waiting + chunk
                cut = _last_whole(data)
                data, waiting = data[:cut], data[cut:]
                yield data
            else:
                text = decoder.decode(chunk)
                if _OF_BYTES.search(chunk) or _OF_THE_OTHER_ORDER.search(text):
                    raise DamagedPage(
                        f"digests in another encoding than {encoding}, in which it begins: was something appended?"
                    )
                self.n_replaced += text.count("\N{REPLACEMENT CHARACTER}")
                yield text.encode("utf-8", "replace")
        if waiting:
            yield waiting


#: Digests as bytes, or as characters of 16 bits in the other order, where such characters were begun with.
_OF_BYTES = re.compile(rb"[0-9A-Fa-f]{16}")
_OF_THE_OTHER_ORDER = re.compile(f"[{''.join(chr(ord(digit) << 8) for digit in string.hexdigits)}]{{16}}")


def _line_end(data: bytes) -> int:
    """Return where the first line ends, behind its end; 0 where it does not."""
    match = _LINE_END.search(data)
    return match.end() if match is not None else 0


def _last_line_end(data: bytes) -> int:
    """Return where the last whole line ends; a "\\r" at the very end may be half a line end."""
    return max(data.rfind(b"\n"), data.rfind(b"\r", 0, len(data) - 1)) + 1


def _n_lines(block: bytes) -> int:
    n_feeds, n_returns = block.count(b"\n"), block.count(b"\r")
    return n_feeds if not n_returns else n_feeds + n_returns - block.count(b"\r\n")


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
