"""What reading luma alone would save of a WebP and an AVIF: the library's decoders, beside what we and OpenCV take.

Run: python benchmarks/bench_planes.py [FOLDER] [-o benchmarks/results/planes.json]

The planes come out of the very libraries that Pillow brings along, called past it, as nothing of the package does.
Times are processor time, all calls in turn; ratios are to Pillow's own decode of the same file.
"""

from __future__ import annotations

import argparse
import ctypes
import io
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import PIL
from PIL import Image

import safehash
from bench_hash import encoded, photographs, picture
from safehash import _core

from common import interleaved, ratios, report, spread, write_result

SIZE = 1600, 1004
KINDS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "WEBP": {"quality": 85},
    "AVIF": {"quality": 70, "speed": 8},
}


def _library(name: str) -> ctypes.CDLL:
    """Return the shared library of this name that came with Pillow."""
    found = sorted((Path(PIL.__file__).parent.parent / "pillow.libs").glob(f"{name}-*.so*"))
    if not found:
        raise SystemExit(f"no {name} beside Pillow: this measures Pillow's wheels for Linux")
    return ctypes.CDLL(str(found[0]))


def webp_planes(data: bytes) -> Callable[[], object]:
    """Return a call that decodes a WebP to its planes, and nothing more."""
    library = _library("libwebp")
    decode, free = library.WebPDecodeYUV, library.WebPFree
    decode.restype, free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    decode.argtypes = [ctypes.c_char_p, ctypes.c_size_t, *[ctypes.c_void_p] * 6]
    numbers = [ctypes.c_int() for _ in range(4)]
    planes = [ctypes.c_void_p() for _ in range(2)]
    width, height, stride, stride_of_chroma = (ctypes.byref(each) for each in numbers)

    def call() -> None:
        luma = decode(data, len(data), width, height, *map(ctypes.byref, planes), stride, stride_of_chroma)
        if not luma:
            raise SystemExit("no planes")
        free(luma)

    return call


def avif_planes(data: bytes) -> Callable[[], object]:
    """Return a call that decodes an AVIF to its planes, and nothing more."""
    library = _library("libavif")
    pointer = ctypes.c_void_p
    for name in ("avifDecoderCreate", "avifImageCreateEmpty"):
        getattr(library, name).restype = pointer
    library.avifDecoderReadMemory.argtypes = [pointer, pointer, ctypes.c_char_p, ctypes.c_size_t]
    library.avifDecoderDestroy.argtypes = library.avifImageDestroy.argtypes = [pointer]

    def call() -> None:
        decoder, image = library.avifDecoderCreate(), library.avifImageCreateEmpty()
        if library.avifDecoderReadMemory(decoder, image, data, len(data)):
            raise SystemExit("no planes")
        library.avifDecoderDestroy(decoder)
        library.avifImageDestroy(image)

    return call


def calls_for(kind: str, data: bytes) -> Mapping[str, Callable[[], object]]:
    """Return what is compared for one format, by name."""
    import cv2

    samples = np.frombuffer(data, np.uint8)
    luma = np.asarray(Image.open(io.BytesIO(data)).convert("L"))
    calls: dict[str, Callable[[], object]] = {
        "Pillow": lambda: Image.open(io.BytesIO(data)).load(),
        "safehash, bytes to hash": lambda: safehash.hash_bytes(data),
        "OpenCV, to colour": lambda: cv2.imdecode(samples, cv2.IMREAD_COLOR),
        "hash of the luma": lambda: _core.pdq(luma),
    }
    planes = {"WEBP": webp_planes, "AVIF": avif_planes}.get(kind)
    return calls if planes is None else {**calls, "planes alone": planes(data)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--rounds", type=int, default=16)
    args = parser.parse_args()
    photos = photographs(args.folder)
    result: dict[str, Any] = {}
    for kind, options in KINDS.items():
        data = encoded(picture(photos, *SIZE), kind, **options)
        times = interleaved(calls_for(kind, data), rounds=args.rounds)
        rows = result[f"{kind} {SIZE[0]}x{SIZE[1]}"] = {}
        for name, each in times.items():
            low, middle, high = (round(value, 3) for value in spread(ratios(times, name, "Pillow")))
            milliseconds = round(1000 * float(np.median(each)), 2)
            rows[name] = {"ms": milliseconds, "of_pillow": middle, "quartiles": [low, high]}
    report(result)
    if args.output is not None:
        write_result(args.output, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
