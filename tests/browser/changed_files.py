"""Files of the corpora changed by seeded chance, in their bytes and in their parts: what nobody thought of."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import chain

import numpy as np
from colour_files import colour_files
from colour_odd import odd_colour_files
from corpus import CorpusFile
from corpus_bmp import bmp_corpus
from corpus_gif import gif_corpus
from corpus_jpeg import jpeg_corpus
from corpus_odd_bmp import odd_bmp_corpus
from corpus_odd_gif import odd_gif_corpus
from corpus_odd_jpeg import odd_jpeg_corpus
from corpus_odd_png import odd_png_corpus
from corpus_odd_video import odd_avif_corpus, odd_webp_corpus
from corpus_png import png_corpus
from corpus_video import avif_corpus, webp_corpus

__all__ = ["ENDINGS", "changed_files"]

#: Where files to be changed come from, by ending; those that declare their colours come to all.
_SOURCES: dict[str, tuple[Callable[[], Iterator[CorpusFile]], ...]] = {
    "png": (png_corpus, odd_png_corpus),
    "gif": (gif_corpus, odd_gif_corpus),
    "bmp": (bmp_corpus, odd_bmp_corpus),
    "jpg": (jpeg_corpus, odd_jpeg_corpus),
    "webp": (webp_corpus, odd_webp_corpus),
    "avif": (avif_corpus, odd_avif_corpus),
}
ENDINGS = tuple(_SOURCES)
#: A file's head, where most of what decides how it is shown stands, in bytes.
_HEAD = 700
#: Share of changes that are made in its head.
_IN_HEAD = 0.6
#: Share of changes that are made to whole parts, where a format has some.
_IN_PARTS = 0.5

_Rng = np.random.Generator


def changed_files(ending: str, n: int, seed: int) -> Iterator[CorpusFile]:
    """Yield n files of a format, each of one of the corpora, changed in one to three places."""
    files = _files(ending)
    for number in range(n):
        rng = np.random.default_rng([seed, number, *ending.encode()])
        source, other = (files[int(rng.integers(len(files)))] for _ in range(2))
        data, done = source.data, []
        for _ in range(int(rng.choice([1, 1, 2, 3]))):
            in_parts = ending in _PARTS and rng.random() < _IN_PARTS
            change = _change_parts if in_parts else _change_bytes
            data, what = change(data, other.data, ending, rng)
            done.append(what)
        name = f"{seed}/{number}: {', '.join(done)}; of: {source.name}"
        yield CorpusFile(name=name, ending=ending, data=data)


@lru_cache(maxsize=8)
def _files(ending: str) -> Sequence[CorpusFile]:
    made = [file for corpus in _SOURCES[ending] for file in corpus() if not file.aside]
    coloured = chain(colour_files(80, 104), odd_colour_files())
    made += [
        CorpusFile(name=each.name, ending=ending, data=each.data)
        for each in coloured
        if each.ending == ending
    ]
    return made


# -- bytes --------------------------------------------------------------------------------------------------


def _change_bytes(data: bytes, other: bytes, ending: str, rng: _Rng) -> tuple[bytes, str]:
    end = min(len(data), _HEAD) if rng.random() < _IN_HEAD else len(data)
    at = int(rng.integers(2, max(3, end)))
    n = int(rng.choice([1, 2, 4, 16, 64]))
    behind = data[at + n :]
    what = str(
        rng.choice(["flip", "flip", "set", "set", "insert", "delete", "zero", "double", "splice", "cut"])
    )
    if what == "flip":
        changed = bytearray(data)
        changed[min(at, len(data) - 1)] ^= 1 << int(rng.integers(8))
        result = bytes(changed)
    elif what == "set":
        n = min(n, 4)
        result = data[:at] + _few_bytes(rng, n) + data[at + n :]
    elif what == "insert":
        result = data[:at] + _few_bytes(rng, n) + data[at:]
    elif what == "delete":
        result = data[:at] + behind
    elif what == "zero":
        result = data[:at] + bytes(min(n, len(data) - at)) + behind
    elif what == "double":
        result = data[: at + n] + data[at:]
    elif what == "splice":
        result = data[:at] + other[at : at + n] + behind
    else:
        at = max(at, int(rng.integers(len(data) // 4, len(data))))
        result = data[:at]
    return result, f"{what} {n} at {at}"


def _few_bytes(rng: _Rng, n: int) -> bytes:
    kind = int(rng.integers(3))
    return bytes(n) if kind == 0 else b"\xff" * n if kind == 1 else rng.bytes(n)


# -- parts --------------------------------------------------------------------------------------------------


def _change_parts(data: bytes, other: bytes, ending: str, rng: _Rng) -> tuple[bytes, str]:
    take, join = _PARTS[ending]
    parts, others = take(data), take(other)
    if len(parts) < 2:
        return data, "nothing"
    at, to = (int(rng.integers(1, len(parts))) for _ in range(2))
    what = str(rng.choice(["drop", "double", "swap", "move", "take", "change", "change", "shorten"]))
    part = parts[at]
    if what == "drop":
        del parts[at]
    elif what == "double":
        parts.insert(to, part)
    elif what == "swap":
        parts[at], parts[to] = parts[to], part
    elif what == "move":
        parts.insert(to, parts.pop(at))
    elif what == "take":
        part = others[int(rng.integers(len(others)))]
        parts.insert(to, part)
    elif what == "change":
        parts[at] = _changed_part(part, rng)
    else:
        parts[at] = part[: max(4, len(part) - int(rng.integers(1, 20)))]
    return join(parts), f"{what} {part[:4]!r} {at} {to}"


def _changed_part(part: bytes, rng: _Rng) -> bytes:
    """Return a part whose content is changed in a byte, more often at its start."""
    if len(part) <= 4:
        return part
    changed = bytearray(part)
    at = int(rng.integers(4, min(len(part), 40) if rng.random() < _IN_HEAD else len(part)))
    changed[at] = int(rng.choice([0, 1, 2, 255, int(rng.integers(256)), changed[at] ^ 1]))
    return bytes(changed)


def _png_parts(data: bytes) -> list[bytes]:
    """Return the signature, and kind and content of each chunk."""
    parts, at = [data[:8]], 8
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        parts.append(data[at + 4 : at + 8 + length])
        at += 12 + length
    return parts


def _png_joined(parts: list[bytes]) -> bytes:
    chunks = (
        struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in parts[1:]
    )
    return parts[0] + b"".join(chunks)


def _jpeg_parts(data: bytes) -> list[bytes]:
    """Return the first marker and each segment; of a scan its coded blocks belong to its segment."""
    parts, at = [data[:2]], 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        kind = data[at + 1]
        after = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if kind == 0xDA:
            following = [data.find(bytes([0xFF, marker]), after) for marker in (0xC4, 0xDA, 0xD9, 0xDD, 0xDB)]
            after = min((place for place in following if place >= 0), default=len(data))
        if kind == 0xD9:
            after = len(data)
        parts.append(data[at:after])
        at = after
    return parts


def _jpeg_joined(parts: list[bytes]) -> bytes:
    """Return the file; what was shortened says so, except a scan."""
    mended = []
    for part in parts[1:]:
        if part[:1] == b"\xff" and part[1] not in (0xDA, 0xD9):
            part = part[:2] + struct.pack(">H", min(len(part) - 2, 0xFFFF)) + part[4:]
        mended.append(part)
    return parts[0] + b"".join(mended)


def _gif_parts(data: bytes) -> list[bytes]:
    """Return the header with its palette, and each block."""
    flags = data[10] if len(data) > 10 else 0
    at = 13 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
    parts = [data[:at]]
    while at < len(data):
        start = at
        if data[at] == 0x2C and at + 10 < len(data):
            own = data[at + 9]
            at = _behind(data, at + 11 + (3 << ((own & 7) + 1) if own & 0x80 else 0))
        elif data[at] == 0x21:
            at = _behind(data, at + 2)
        else:
            at += 1
        parts.append(data[start:at])
    return parts


def _behind(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1


def _webp_parts(data: bytes) -> list[bytes]:
    """Return the file's head, and kind and content of each chunk."""
    parts, at = [data[:12]], 12
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        parts.append(data[at : at + 4] + data[at + 8 : at + 8 + length])
        at += 8 + length + length % 2
    return parts


def _webp_joined(parts: list[bytes]) -> bytes:
    body = b"".join(
        part[:4] + struct.pack("<I", len(part) - 4) + part[4:] + bytes(len(part) % 2) for part in parts[1:]
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


_PARTS: dict[str, tuple[Callable[[bytes], list[bytes]], Callable[[list[bytes]], bytes]]] = {
    "png": (_png_parts, _png_joined),
    "jpg": (_jpeg_parts, _jpeg_joined),
    "gif": (_gif_parts, b"".join),
    "webp": (_webp_parts, _webp_joined),
}
