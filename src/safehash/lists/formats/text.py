"""Read text, CSV and TSV lists: a digest a line, in every shape seen in the field."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...hashing.hashes import Algorithm, ForeignHash, Hash
from ..entry import CATEGORIES, Entry
from .batch import Batch
from .fields import BadField, algorithm_named, hash_named, labels_from, shown, text_id, utc_time
from .options import ReadOptions
from .source import DamagedPage, Page
from .tally import Tally

__all__ = ["read"]

_BY_DIGITS = {64: Algorithm.PDQ, 40: Algorithm.SHA1, 32: Algorithm.MD5, 16: Algorithm.PHASH}
_DIGIT_COUNTS = "64, 40, 32 or 16"
_HEX = re.compile(r"[0-9A-Fa-f]+")
_TRUE = frozenset({"1", "true", "yes", "y", "t"})

#: Digests that lists carry under these names and safehash does not compute.
_FOREIGN = frozenset(
    (
        "photodna",
        "pdna",
        "tmk",
        "tmkpdqf",
        "vpdq",
        "netclean",
        "videntifier",
        "ssvhpdna",
        "ssvhsaferhash",
        "videomd5",
        "vmd5",
        "hashvideomd5",
        "videotmk",
        "text",
        "url",
        "rawtext",
        "trendquery",
        "videosha1",
        "videosha256",
        "ssdeep",
        "tlsh",
    )
)

#: Header names, in lower case without anything but letters and digits, and what their column means.
_HEADERS = {
    **dict.fromkeys(
        ("hash", "hashvalue", "hashdigest", "digest", "indicator", "signal", "fingerprint"), "hash"
    ),
    **dict.fromkeys(("signalvalue", "perceptualhash", "value", "hex"), "hash"),
    **dict.fromkeys(("type", "algorithm", "hashtype", "hashname", "signaltype", "algo"), "type"),
    **dict.fromkeys(("quality", "pdqquality", "hashquality"), "quality"),
    **dict.fromkeys(("label", "labels", "tag", "tags"), "labels"),
    **dict.fromkeys(("id", "hashid", "entryid", "guid", "uuid"), "id"),
    **dict.fromkeys(("category", "opinion"), "category"),
    **dict.fromkeys(("severity", "classification"), "severity"),
    **dict.fromkeys(("created", "createdat", "createdon", "added", "addedon", "dateadded"), "created"),
    **dict.fromkeys(
        ("updated", "updatedat", "updatedon", "lastupdated", "modified", "lastmodified"), "updated"
    ),
    **dict.fromkeys(("deleted", "shoulddelete", "withdrawn"), "deleted"),
}


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which column means what: `meanings` in step with `names`; "extra" where we do not know."""

    delimiter: str | None  # None: runs of white space
    names: tuple[str, ...]
    meanings: tuple[str, ...]
    algorithms: tuple[Algorithm | str | None, ...]  # what a "hash" column's header says it holds
    header_line: int  # 0 without one


def read(page: Page, tally: Tally, options: ReadOptions) -> Iterator[Entry | Batch]:
    """Yield the entries of one page, in batches where its lines are plain and alike.

    Line shapes: ``hash`` · ``hash,quality,filename`` · ``hash,metadata`` · ``hash=<hex>`` with or without
    metadata · ``FilePath,Hash`` with a header · ``pdq <hash>`` and ``NAME pdq <hash>`` ·
    ``hash,quality,timestamp``; delimiter comma, tab, semicolon or white space.

    References
    ----------
    docs/formats.md, "Text, CSV and TSV".
    """
    tally.unit = "line"
    layout = _layout_of(page.head)
    reader = _LineReader(layout, tally, options)
    fast = _FastColumns.of(layout, options)
    last_line = 0
    try:
        for first_line, block, too_long in page.blocks():
            if too_long:
                tally.n_records += 1
                tally.reject(first_line, "the line is longer than 4 MiB")
                last_line = first_line
                continue
            if b"\r" in block:
                block = block.replace(b"\r\n", b"\n")
            lines = block.split(b"\n")
            if not lines[-1]:
                lines.pop()
            last_line = first_line + len(lines) - 1
            yield from _entries_of(lines, first_line, reader, fast)
    except DamagedPage as exc:
        tally.reject(last_line + 1, f"the rest cannot be read: {exc}")


def _entries_of(
    lines: list[bytes], first_line: int, reader: _LineReader, fast: _FastColumns | None
) -> Iterator[Entry | Batch]:
    """Yield a run of lines as one batch; where an odd line prevents it, cut the run around that line."""
    if fast is not None and len(lines) >= 4:
        batch = fast.batch(lines, reader)
        if batch is not None:
            yield batch
            return
        step = 512 if len(lines) > 512 else 32
        if len(lines) > step:
            for start in range(0, len(lines), step):
                yield from _entries_of(lines[start : start + step], first_line + start, reader, fast)
            return
    for offset, line in enumerate(lines):
        yield from reader.entries(first_line + offset, line)


class _FastColumns:
    """Plain lines of one layout, turned into columns a chunk at a time."""

    def __init__(
        self, delimiter: str | None, n_columns: int, at: dict[str, int], extra: tuple[tuple[int, str], ...]
    ):
        self._delimiter = delimiter.encode() if delimiter is not None else None
        self._n_columns = n_columns
        self._at = at
        self._extra = tuple((column, _json_text(name)) for column, name in extra)

    @classmethod
    def of(cls, layout: _Layout, options: ReadOptions) -> _FastColumns | None:
        """Return the fast way to read `layout`, None where lines must be looked at one by one."""
        at = {meaning: column for column, meaning in enumerate(layout.meanings) if meaning != "extra"}
        hash_columns = [k for k, meaning in enumerate(layout.meanings) if meaning == "hash"]
        if len(hash_columns) != 1 or not at.keys() <= {"hash", "quality", "id"}:
            return None
        algorithm = layout.algorithms[hash_columns[0]] or options.algorithm or Algorithm.PDQ
        if algorithm is not Algorithm.PDQ or (layout.delimiter is None and len(layout.names) > 1):
            return None
        extra = tuple((k, layout.names[k]) for k, meaning in enumerate(layout.meanings) if meaning == "extra")
        return cls(layout.delimiter, len(layout.names), at, extra)

    def batch(self, lines: list[bytes], reader: _LineReader) -> Batch | None:
        """Return the lines as a batch, or None unless every one of them is plain."""
        n = len(lines)
        if self._n_columns == 1 or self._delimiter is None:
            columns: Sequence[Sequence[bytes]] = [lines]
        else:
            rows = [line.split(self._delimiter) for line in lines]
            if set(map(len, rows)) != {self._n_columns}:
                return None
            columns = list(zip(*rows, strict=True))
        hexes = columns[self._at["hash"]]
        if set(map(len, hexes)) != {64}:
            return None
        try:
            # fromhex skips white space, so a digest with some in it comes out short.
            digests = bytes.fromhex(b"".join(hexes).decode("ascii"))
        except ValueError:  # not hexadecimal, or not even ASCII
            return None
        if len(digests) != 32 * n:
            return None
        qualities: npt.NDArray[np.uint8] | None = None
        if "quality" in self._at:
            numbers = [_QUALITIES.get(text, -1) for text in columns[self._at["quality"]]]
            if -1 in numbers:
                return None
            qualities = np.array(numbers, np.uint8)
        extras = self._extras(columns, n)
        if extras is None:
            return None
        ids: list[str | None] | None = None
        if "id" in self._at:
            try:
                ids = [text.decode().strip() or None for text in columns[self._at["id"]]]
            except UnicodeDecodeError:
                return None
            if any(text is not None and '"' in text for text in ids):
                return None
        array = np.frombuffer(digests, np.uint8).reshape(n, 32)
        return reader.batch(array, ids=ids, qualities=qualities, extras=extras or None)

    def _extras(self, columns: Sequence[Sequence[bytes]], n: int) -> list[bytes] | None:
        """Return each row's unknown fields as a JSON object; an empty list without such columns."""
        if not self._extra:
            return []
        pieces = []
        for column, name in self._extra:
            texts = columns[column]
            joined = b"\n" + b"\n".join(texts) + b"\n"
            # Quotes, backslashes, control characters and outer blanks need care; an empty cell is no field.
            if b"\n\n" in joined or b"\n " in joined or b" \n" in joined or joined.translate(None, _PLAIN):
                return None
            try:
                joined.decode()
            except UnicodeDecodeError:
                return None
            start = name + b':"'
            pieces.append([start + text + b'"' for text in texts])
        if len(pieces) == 1:
            return [b"{" + piece + b"}" for piece in pieces[0]]
        return [b"{" + b",".join(row) + b"}" for row in zip(*pieces, strict=True)]


_QUALITIES = {str(k).encode(): k for k in range(101)} | {b"": 255}
# The line end stands between the fields here.
_PLAIN = b"\n" + bytes(k for k in range(0x20, 0x100) if k not in b'"\\\x7f')


def _json_text(text: str) -> bytes:
    return json.dumps(text, ensure_ascii=False).encode("utf-8", "surrogatepass")


class _LineReader:
    """Lines to entries, one by one, with every rule."""

    def __init__(self, layout: _Layout, tally: Tally, options: ReadOptions) -> None:
        self._layout = layout
        self._tally = tally
        self._options = options
        self._typed = layout.algorithms[0] if len(layout.algorithms) == 1 else None
        self._ambiguous = options.algorithm is None and not any(
            a is not None for a, m in zip(layout.algorithms, layout.meanings, strict=True) if m == "hash"
        )

    def batch(
        self,
        digests: npt.NDArray[np.uint8],
        *,
        ids: list[str | None] | None,
        qualities: npt.NDArray[np.uint8] | None,
        extras: list[bytes] | None,
    ) -> Batch:
        """Return the batch these columns make, counted."""
        n = digests.shape[0]
        batch = Batch(
            algorithm=Algorithm.PDQ,
            digests=digests,
            likes=(Entry(hash=None, source=self._options.source),),
            ids=ids,
            qualities=qualities,
            extras=extras,
        )
        self._tally.n_records += n
        self._tally.meet_batch(batch)
        if self._ambiguous:
            self._tally.n_ambiguous += n
        return batch

    def entries(self, number: int, line: bytes) -> Iterator[Entry]:
        """Yield what one line says; a bad one is counted and yields nothing."""
        try:
            text = line.decode()
        except UnicodeDecodeError:
            text = line.decode("utf-8", "replace")
            self._tally.note("bytes that are not UTF-8 were replaced by U+FFFD")
        text = text.strip()
        if not text or text.startswith("#") or number == self._layout.header_line:
            return
        self._tally.n_records += 1
        problems: list[str] = []
        try:
            found = self._parsed(text, problems.append)
        except BadField as exc:
            self._tally.reject(number, str(exc))
            return
        for problem in problems:
            self._tally.reject(number, problem)
        for entry in found:
            yield self._tally.meet(entry)

    def _parsed(self, text: str, complain: Callable[[str], None]) -> list[Entry]:
        if text[:5].lower() == "hash=":
            return [self._from_pairs(text)]
        layout = self._layout
        is_one_cell = layout.delimiter is None or layout.delimiter not in text
        if is_one_cell and (len(layout.names) == 1 or layout.header_line == 0):
            # Names of more words than this are not looked through for a type.
            return [self._from_words(text.split(None, 64))]
        return self._from_columns(self._cells(text), complain)

    def _cells(self, text: str) -> list[str]:
        delimiter = self._layout.delimiter
        if delimiter is None:
            return text.split(None, len(self._layout.names) - 1)
        if '"' not in text:
            return text.split(delimiter)
        try:
            return next(csv.reader([text], delimiter=delimiter))
        except csv.Error as exc:
            raise BadField(f"not a CSV line: {exc}") from exc

    def _from_columns(self, cells: list[str], complain: Callable[[str], None]) -> list[Entry]:
        layout = self._layout
        values: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        hash_cells: list[tuple[str, Algorithm | str | None]] = []
        for column, cell in enumerate(cells):
            cell = cell.strip()
            if column >= len(layout.names):
                if cell:
                    extra[f"column{column + 1}"] = cell
                continue
            meaning = layout.meanings[column]
            if not cell:
                continue
            if meaning == "hash":
                hash_cells.append((cell, layout.algorithms[column]))
            elif meaning == "extra":
                extra[layout.names[column]] = cell
            else:
                self._take(meaning, layout.names[column], cell, values, extra)
        typed = values.pop("type", None)
        quality = values.pop("quality", None)
        deleted = values.get("deleted", False)
        hashes: list[Hash | ForeignHash] = []
        failures = []
        for cell, algorithm in hash_cells:
            try:
                hashes.append(self._hash(cell, algorithm or typed, quality))
            except BadField as exc:
                failures.append(exc)
        if not hashes and not (deleted and values.get("id") and not failures):
            if failures:
                raise failures[0]
            raise BadField(f"no digest: the {layout.names[self._hash_column()]!r} column is empty")
        for failure in failures:
            complain(str(failure))
        source = self._options.source
        if not hashes:
            return [Entry(hash=None, source=source, extra=extra, **values)]
        return [Entry(hash=value, source=source, extra=extra, **values) for value in hashes]

    def _hash_column(self) -> int:
        return self._layout.meanings.index("hash")

    def _take(
        self, meaning: str, name: str, cell: str, values: dict[str, Any], extra: dict[str, Any]
    ) -> None:
        """Put one cell where it belongs; what makes no sense there is kept as it came."""
        value: Any = None
        if meaning == "quality":
            value = _quality(cell)
        elif meaning == "labels":
            value = labels_from(cell)
        elif meaning == "id":
            value = text_id(cell)
        elif meaning == "type":
            named = algorithm_named(cell)
            value = named if isinstance(named, Algorithm) or _plain(cell) in _FOREIGN else None
        elif meaning == "category":
            value = cell.lower() if cell.lower() in CATEGORIES else None
        elif meaning in ("created", "updated"):
            value = utc_time(cell)
        elif meaning == "deleted":
            value = cell.lower() in _TRUE
        else:
            value = cell
        if value is None:
            extra[name] = cell
        else:
            values[meaning] = value

    def _hash(
        self, cell: str, algorithm: Algorithm | str | None, quality: int | None = None
    ) -> Hash | ForeignHash:
        if algorithm is None:
            words = cell.split()
            if len(words) > 1 and (named := _type_word(words[-2])) is not None:
                return hash_named(named, words[-1], quality=quality)
            if cell[:5].lower() == "hash=":
                cell = cell[5:].strip()
            algorithm = self._options.algorithm
        if algorithm is None:
            algorithm = _BY_DIGITS.get(len(cell)) if _HEX.fullmatch(cell) else None
            if algorithm is None:
                raise BadField(f"expected {_DIGIT_COUNTS} hexadecimal digits, found {shown(cell)}")
            if len(cell) == 64:
                self._tally.n_ambiguous += 1
        return hash_named(algorithm, cell, quality=quality)

    def _from_pairs(self, text: str) -> Entry:
        """Read ``hash=<hex>`` with or without metadata, as pairs or as free text."""
        fields = [f.strip() for f in (text.split(",") if "," in text else text.split())]
        quality = None
        extra: dict[str, Any] = {}
        free = []
        for item in fields[1:]:
            name, equals, value = item.partition("=")
            if not equals or not name:
                free.append(item)
            elif name.lower() == "quality" and _quality(value) is not None:
                quality = _quality(value)
            else:
                extra[name] = value
        if any(free):
            extra["metadata"] = " ".join(filter(None, free))
        digest = self._hash(fields[0][5:].strip(), self._typed, quality)
        return Entry(hash=digest, source=self._options.source, extra=extra)

    def _from_words(self, words: list[str]) -> Entry:
        """Read a line of words: a digest alone, after a type, or after a name and a type."""
        source = self._options.source
        for at in range(len(words) - 2, -1, -1):
            algorithm = _type_word(words[at])
            if algorithm is None or (at and not isinstance(algorithm, Algorithm)):
                continue
            extra = _named_texts(name=" ".join(words[:at]), metadata=" ".join(words[at + 2 :]))
            return Entry(hash=self._hash(words[at + 1], algorithm), source=source, extra=extra)
        if len(words) > 1 and not _is_digest(words[0]) and _is_digest(words[-1]):
            extra = {"name": " ".join(words[:-1])}
            return Entry(hash=self._hash(words[-1], self._typed), source=source, extra=extra)
        quality = _quality(words[1]) if len(words) > 2 else None
        rest = words[1:] if quality is None else words[2:]
        kind = "metadata" if quality is None else _third_name(rest)
        extra = _named_texts(**{kind: " ".join(rest)})
        return Entry(hash=self._hash(words[0], self._typed, quality), source=source, extra=extra)


def _named_texts(**texts: str) -> dict[str, Any]:
    return {name: text for name, text in texts.items() if text}


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _type_word(word: str) -> Algorithm | str | None:
    """Return the algorithm that a word in front of a digest names, None for any other word."""
    plain = _plain(word)
    if plain in _FOREIGN:
        return word.lower()
    named = algorithm_named(word) if plain else None
    return named if isinstance(named, Algorithm) else None


def _quality(text: str) -> int | None:
    if not re.fullmatch(r"\d{1,3}(\.0+)?", text, re.ASCII):
        return None
    number = int(float(text))
    return number if number <= 100 else None


def _is_digest(text: str) -> bool:
    text = text.strip()
    if len(text) not in _BY_DIGITS or not _HEX.fullmatch(text):
        return False
    # Sixteen decimal digits are an exchange's id far more often than a pHash.
    return len(text) > 16 or not text.isdecimal()


def _third_name(cells: Sequence[str]) -> str:
    """Return what the third column of ``hash,quality,...`` holds."""
    times = [re.fullmatch(r"\d+(\.\d+)?", c) or utc_time(c) is not None for c in cells if c]
    return "timestamp" if times and all(times) else "filename"


def _layout_of(head: bytes) -> _Layout:
    """Return the columns of a page from its first lines."""
    lines = head.decode("utf-8", "replace").split("\n")
    if len(head) >= 1 << 16:
        lines = lines[:-1]  # cut in the middle
    sample = []
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if line and not line.startswith("#"):
            sample.append((number, line))
        if len(sample) == 200:
            break
    if not sample:
        return _Layout(None, ("hash",), ("hash",), (None,), 0)
    for delimiter in ("\t", ",", ";", None):
        cells = _split(sample[0][1], delimiter)
        layout = _header_layout(cells, delimiter, sample[0][0])
        if layout is not None:
            return layout
    return _inferred_layout([line for _, line in sample])


def _split(line: str, delimiter: str | None) -> list[str]:
    if delimiter is None or '"' not in line:
        return [cell.strip() for cell in line.split(delimiter)]
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
    except csv.Error:
        return [line]


def _header_layout(cells: list[str], delimiter: str | None, line_number: int) -> _Layout | None:
    """Return the layout a header line tells, None for a line that is no header."""
    if any(_is_digest(cell) for cell in cells) or not all(len(cell) < 100 for cell in cells):
        return None
    names: list[str] = []
    meanings: list[str] = []
    algorithms: list[Algorithm | str | None] = []
    for column, cell in enumerate(cells, 1):
        plain = _plain(cell)
        named = algorithm_named(cell) if plain else None
        algorithm = named if isinstance(named, Algorithm) or plain in _FOREIGN - {"text", "url"} else None
        meaning = "hash" if algorithm is not None else _HEADERS.get(plain, "extra")
        if meaning != "hash" and meaning in meanings:
            meaning = "extra"
        name = cell or f"column{column}"
        while name in names:
            name = f"{name}_{column}"
        names.append(name)
        meanings.append(meaning)
        algorithms.append(algorithm)
    if "hash" not in meanings:
        return None
    if delimiter is None and len(cells) > 1 and "extra" in meanings:
        return None  # prose that happens to have the word in it
    return _Layout(delimiter, tuple(names), tuple(meanings), tuple(algorithms), line_number)


def _inferred_layout(sample: list[str]) -> _Layout:
    """Return the layout of lines without a header."""
    counts = {d: sum(d in line for line in sample) for d in ("\t", ",", ";")}
    delimiter = max(counts, key=lambda d: counts[d])
    if counts[delimiter] * 2 < len(sample):
        return _Layout(None, ("hash",), ("hash",), (None,), 0)
    rows = [_split(line, delimiter) for line in sample if delimiter in line]
    width = max(len(row) for row in rows)
    scores = [
        (sum(_is_digest(row[k]) for row in rows if k < len(row)), max(_width(row, k) for row in rows), -k)
        for k in range(width)
    ]
    hash_column = -max(scores)[2]
    names = [f"column{k + 1}" for k in range(width)]
    meanings = ["extra"] * width
    names[hash_column] = meanings[hash_column] = "hash"
    others = [k for k in range(width) if k != hash_column]
    if hash_column == 0 and width >= 3:
        seconds = [row[1] for row in rows if len(row) >= 3 and row[1]]
        n_numbers = sum(_quality(cell) is not None for cell in seconds)
        if n_numbers * 2 > len(seconds):
            names[1] = meanings[1] = "quality"
            names[2] = _third_name([row[2] for row in rows if len(row) >= 3])
        else:
            names[1] = "metadata"
    elif others:
        names[others[0]] = "metadata" if hash_column == 0 else "filename"
    return _Layout(delimiter, tuple(names), tuple(meanings), (None,) * width, 0)


def _width(row: Sequence[str], column: int) -> int:
    return len(row[column]) if column < len(row) and _is_digest(row[column]) else 0
