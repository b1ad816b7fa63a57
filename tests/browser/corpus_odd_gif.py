"""GIF files that combine what the corpus has one by one: blocks, palettes and codes as odd encoders write them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from corpus import EMPTY, CorpusFile
from gif_files import GifFrame, gif, quantized
from pictures_made import made

__all__ = ["odd_gif_corpus"]


_EMPTY_FILES = ("control of 3 bytes", "control of 5 bytes")


def _control(disposal: int, key: int | None, *, size: int = 4) -> bytes:
    body = bytes([disposal << 2 | (key is not None), 10, 0, key or 0]) + bytes(max(0, size - 4))
    return b"\x21\xf9" + bytes([size]) + body[:size] + b"\0"


def _codes(values: list[int], n_bits: int, min_code: int) -> bytes:
    """Return codes of one length as a frame's compressed pixels."""
    bits = n_filled = 0
    out = bytearray()
    for value in values:
        bits |= value << n_filled
        n_filled += n_bits
        while n_filled >= 8:
            out.append(bits & 255)
            bits >>= 8
            n_filled -= 8
    out.append(bits & 255)
    blocks = [bytes(out[at : at + 255]) for at in range(0, len(out), 255)]
    return bytes([min_code]) + b"".join(bytes([len(each)]) + each for each in blocks) + b"\0"


def odd_gif_corpus(rows: int = 80, cols: int = 104) -> Iterator[CorpusFile]:
    """Yield the files."""
    (one, palette), (two, _), (three, _) = (quantized(made(seed, rows, cols)) for seed in (1, 2, 3))
    common = int(np.bincount(one.ravel()).argmax())
    down, across = rows // 4, cols // 4

    def frame(indices: Any = one, **options: Any) -> GifFrame:
        return GifFrame(indices=indices, **options)

    def file(
        name: str, *frames: GifFrame, aside: str = "", size: tuple[int, int] = (cols, rows), **options: Any
    ) -> CorpusFile:
        options.setdefault("palette", palette)
        aside = EMPTY if name in _EMPTY_FILES else aside
        return CorpusFile(
            name=name, ending="gif", data=gif(size[0], size[1], list(frames), **options), aside=aside
        )

    other = palette[::-1].copy()
    yield file(
        "palettes of their own alone",
        frame(palette=palette),
        frame(two, palette=other),
        frame(three[:down], palette=palette),
        palette=None,
    )
    yield file("a key beyond the palette", frame(transparent=200), frame(two, transparent=255))
    yield file("a key that no pixel has", frame(transparent=63), frame(two))
    yield file("a small palette of its own", frame(palette=palette[:20]))
    yield file("a frame without sides", frame(), frame(two[:0]), frame(three))
    yield file("a first frame without sides", frame(one[:0]), frame(two), frame(three))
    yield file("a frame of one line", frame(), frame(two[:1], top=rows - 1), frame(three))
    yield file("control of 3 bytes", frame(before=_control(2, common, size=3), control=False), frame(two))
    yield file(
        "control of 5 bytes", frame(before=_control(2, common, size=5), control=False), frame(two[:down])
    )
    yield file(
        "control behind the frame",
        frame(control=False),
        frame(two[:down], before=_control(0, common), control=False),
    )
    yield file(
        "no control at all",
        frame(control=False),
        frame(two[:down], control=False),
        frame(three[:, :across], control=False),
    )
    yield file(
        "control, text, frame",
        frame(),
        frame(two, before=_control(0, common) + b"\x21\x01\x0c" + bytes(12) + b"\1a\0", control=False),
    )
    yield file(
        "control, application, frame",
        frame(),
        frame(two, before=_control(0, common) + b"\x21\xff\x0bXMP DataXMP\x02ab\0", control=False),
    )
    yield file("an unknown extension", frame(before=b"\x21\x55\x04abcd\0"), frame(two))
    yield file(
        "three control blocks",
        frame(before=_control(2, None) + _control(0, common)),
        frame(two[:down], before=_control(1, common)),
        frame(three[:9]),
    )
    yield file("a trailer between frames", frame(), frame(two, before=b";"), frame(three))
    yield file("letters between frames", frame(), frame(two, before=b"hello"), frame(three))
    yield file(
        "a ground colour", frame(one[down:, across:], left=across, top=down, transparent=common), background=5
    )
    yield file(
        "a ground colour cleared to",
        frame(disposal=2),
        frame(two[:down, :across], left=9, top=9, transparent=common, disposal=2),
        frame(three[:9, :9]),
        background=5,
    )
    yield file(
        "restored to what was cleared",
        frame(disposal=2),
        frame(two[: 2 * down], disposal=3),
        frame(three[down:], top=down, transparent=common, disposal=3),
        frame(one[:9]),
    )
    yield file(
        "restored twice",
        frame(),
        frame(two[:down], disposal=3),
        frame(three[: 2 * down], disposal=3),
        frame(one[:9, :9]),
    )
    yield file(
        "cleared beyond the canvas",
        frame(),
        frame(two, left=across, top=down, disposal=2),
        frame(three[:9, :9]),
    )
    yield file(
        "a first frame larger than its canvas",
        frame(disposal=2),
        frame(two[:down], disposal=3),
        frame(three),
        size=(cols // 2, rows // 3),
    )
    yield file(
        "a later frame larger than its canvas",
        frame(one[: rows // 2, : cols // 2]),
        frame(two),
        frame(three),
        size=(cols // 2, rows // 2),
    )
    yield file("a canvas of one pixel", frame(), frame(two), size=(1, 1))
    yield file("a canvas far too large", frame(), frame(two), size=(900, 700))
    yield file(
        "interlaced frames over each other",
        frame(interlaced=True),
        frame(two, interlaced=True, transparent=common),
        frame(three[:down], interlaced=True),
    )
    for height in (1, 2, 3, 5, 9):
        yield file(f"interlaced, {height} lines first", frame(one[:height], interlaced=True), frame(two))
    yield file("delays of nothing", *(frame(each, delay=0) for each in (one, two, three)))
    yield file("delays of minutes", *(frame(each, delay=65535) for each in (one, two, three)))
    # Codes as odd encoders write them.
    flat = one.ravel().tolist()
    start = (
        gif(cols, rows, [], palette=palette, loop=False, trailer=b"")
        + b","
        + bytes(4)
        + cols.to_bytes(2, "little")
        + rows.to_bytes(2, "little")
        + b"\0"
    )

    def coded(name: str, body: bytes, aside: str = "") -> CorpusFile:
        return CorpusFile(name=name, ending="gif", data=start + body + b";", aside=aside)

    plain: list[int] = []
    for number, value in enumerate(flat):
        if number % 60 == 0:
            plain.append(64)
        plain.append(value)
    yield coded("codes that are never joined", _codes([*plain, 65], 7, 6))
    yield coded("codes without a clear code first", _codes([*plain[1:], 65], 7, 6))
    yield coded("codes without an end", _codes(plain, 7, 6))
    yield coded(
        "codes that end within", _codes([*plain[: len(plain) // 2], 65, *plain[len(plain) // 2 :]], 7, 6)
    )
    yield coded("codes for more pixels than there are", _codes([*plain, *plain, 65], 7, 6))
    yield coded(
        "codes beyond the table",
        _codes([*plain[: len(plain) // 2], 127, 127, *plain[len(plain) // 2 :], 65], 7, 6),
    )
    yield coded("two clear codes after another", _codes([64, 64, *plain, 65], 7, 6))
    yield coded(
        "pixels in blocks of one byte",
        bytes([6])
        + b"".join(b"\1" + bytes([each]) for each in _unblocked(_codes([*plain, 65], 7, 6)))
        + b"\0",
    )
    yield coded("an empty first block", bytes([6]) + b"\0")
    yield coded("no end of blocks", _codes([*plain, 65], 7, 6)[:-1])
    for name, frames in (
        ("three frames", (frame(), frame(two, disposal=2), frame(three[:down]))),
        ("interlaced", (frame(interlaced=True), frame(two, interlaced=True))),
    ):
        data = file(name, *frames).data
        for share in (0.2, 0.45, 0.55, 0.7, 0.9, 0.99):
            yield CorpusFile(
                name=f"{name}, cut at {share}", ending="gif", data=data[: int(len(data) * share)]
            )
    large = gif(cols, rows, [frame(), frame(two)], palette=palette)
    for at in (len(large) // 4, len(large) * 3 // 4):
        broken = bytearray(large)
        broken[at : at + 3] = b"\xff\0\xaa"
        yield CorpusFile(name=f"damaged at {at}", ending="gif", data=bytes(broken))
    version = b"GIF87a" + large[6:]
    yield CorpusFile(name="an animation of version 87a", ending="gif", data=version)


def _unblocked(body: bytes) -> bytes:
    out, at = b"", 1
    while body[at]:
        out += body[at + 1 : at + 1 + body[at]]
        at += 1 + body[at]
    return out
