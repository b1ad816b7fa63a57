"""GIF files for the corpus: disposals, blends, frames on and beyond the canvas, control blocks, damage."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from corpus import CorpusFile
from gif_files import GifFrame, gif, quantized
from pictures_made import made

__all__ = ["gif_corpus"]


def _control(disposal: int, key: int | None) -> bytes:
    return b"\x21\xf9\x04" + bytes([disposal << 2 | (key is not None), 10, 0, key or 0, 0])


def gif_corpus(rows: int = 80, cols: int = 104) -> Iterator[CorpusFile]:
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
        return CorpusFile(
            name=name, ending="gif", data=gif(size[0], size[1], list(frames), **options), aside=aside
        )

    yield file("still", frame())
    yield file("interlaced", frame(interlaced=True))
    yield file("a key in version 87a", frame(transparent=common), version=b"87a")
    yield file("a palette of its own", frame(palette=palette[::-1].copy()))
    yield file("indices beyond the palette", frame(), palette=palette[:32])
    yield file("long codes", frame(min_code=8))
    yield file("codes too long", frame(min_code=11), aside="the browser shows nothing")
    yield file("no palette", frame(), palette=None, aside="black in the browser, grey elsewhere")
    yield file("no end", frame(), trailer=b"")
    yield file("a canvas without sides", frame(), size=(0, 0))
    yield file("a first frame beyond the canvas", frame(), size=(cols // 2, rows // 2))
    yield file("a first frame partly beyond the canvas", frame(left=across, top=down))
    yield file("a first frame that is smaller", frame(one[down:, across:], left=across, top=down))
    yield file("a second frame beyond the canvas", frame(), frame(two, left=across, top=down))
    yield file(
        "a second frame wholly beyond the canvas", frame(), frame(two, left=9 * cols, top=rows), frame(three)
    )
    yield file("junk between frames", frame(), frame(two, before=b"\0\0\0"))
    yield file(
        "a comment between control and frame",
        frame(before=_control(0, common) + b"\x21\xfe\2ab\0", control=False),
    )
    yield file(
        "text before the frame",
        frame(before=_control(0, common) + b"\x21\x01\x0c" + bytes(12) + b"\0", control=False),
    )
    for name, before, second in (
        ("first control has a key", _control(0, common), None),
        ("second control has a key", _control(0, None), common),
        ("first control clears", _control(2, None), None),
    ):
        yield file(
            f"two control blocks, {name}",
            frame(before=before, transparent=second),
            frame(two[:down]),
            frame(three[:9]),
        )
    whole = (one, two, three)
    for disposal, is_keyed, is_small in product(range(8), (False, True), (False, True)):
        first = one[: 3 * down, : 3 * across] if is_small else one
        frames = [
            frame(first, disposal=disposal, transparent=common if is_keyed else None, left=across * is_small),
            frame(
                two[: 2 * down, : 2 * across], left=across, top=down, disposal=disposal, transparent=common
            ),
            frame(three[:down, : 3 * across], left=5, top=down // 2, disposal=disposal, interlaced=True),
            frame(one[:9, :9], left=cols - 12, top=rows - 12),
        ]
        keyed, small = "with a key" if is_keyed else "opaque", "smaller" if is_small else "whole"
        yield file(f"disposal {disposal}, first frame {keyed}, {small}", *frames)
    for share in (0.3, 0.6, 0.9):
        for name, each in (("", frame()), (" interlaced", frame(interlaced=True))):
            made_file = file(f"cut at {share}{name}", each)
            yield dataclasses.replace(made_file, data=made_file.data[: int(len(made_file.data) * share)])
    animation = file("", *(frame(picture) for picture in whole)).data
    yield CorpusFile(
        name="an animation cut in its second frame", ending="gif", data=animation[: len(animation) // 2]
    )
    still = bytearray(file("", frame()).data)
    still[len(still) // 2] ^= 0x55
    yield CorpusFile(name="damaged codes", ending="gif", data=bytes(still))
