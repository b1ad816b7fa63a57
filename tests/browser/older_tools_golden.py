"""Write one small file of each pixel mode, and what python-threatexchange hashes of it, into tests/data/older_tools."""

from __future__ import annotations

import io
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from pictures_made import made
from PIL import Image
from threatexchange.signal_type.pdq.pdq_hasher import pdq_from_bytes

TARGET = Path(__file__).parent.parent / "data" / "older_tools"


def files() -> dict[str, bytes]:
    picture, under = made(1, 60, 80), made(2, 60, 80)
    image = Image.fromarray(picture)
    grey = image.convert("L")
    alpha = Image.fromarray(np.tile(np.linspace(0, 255, 80).astype(np.uint8), (60, 1)))
    colours = image.quantize(200)
    turned = Image.Exif()
    turned[0x0112] = 6
    paper = 255 - picture.astype(np.int16)
    black = paper.min(axis=2, keepdims=True) // 3
    inks = Image.fromarray(np.concatenate([paper - black, black], axis=2).astype(np.uint8), mode="CMYK")
    low = Image.fromarray(np.asarray(grey).astype(np.uint16))
    key = tuple(int(value) for value in picture[30, 40])
    part = Image.new("P", (110, 90), 7)
    part.putpalette(colours.getpalette() or [])

    def write(one: Image.Image, format: str, **options: Any) -> bytes:
        stream = io.BytesIO()
        one.save(stream, format, **options)
        return stream.getvalue()

    with_alpha = image.copy()
    with_alpha.putalpha(alpha)
    hidden = Image.fromarray(under)
    hidden.putalpha(Image.new("L", hidden.size, 0))
    small_frame = bytearray(write(colours, "GIF"))
    small_frame[6:10] = (110).to_bytes(2, "little") + (90).to_bytes(2, "little")  # of the canvas
    return {
        "palette.png": write(colours, "PNG"),
        "palette_with_transparency.png": write(colours, "PNG", transparency=bytes(range(200))),
        "palette_turned_by_exif.png": write(colours, "PNG", exif=turned.tobytes()),
        "palette.gif": write(colours, "GIF"),
        "palette_interlaced.gif": write(colours, "GIF", interlace=1),
        "palette_of_a_part.gif": bytes(small_frame),
        "palette.tif": write(colours, "TIFF"),
        "palette.bmp": write(colours, "BMP"),
        "alpha.png": write(with_alpha, "PNG"),
        "alpha_over_all.png": write(hidden, "PNG"),
        "alpha.webp": write(with_alpha, "WEBP", lossless=True, exact=True),
        "alpha.tif": write(with_alpha, "TIFF"),
        "grey_with_alpha.png": write(Image.merge("LA", [grey, alpha]), "PNG"),
        "grey_with_a_key.png": write(grey, "PNG", transparency=int(np.asarray(grey)[30, 40])),
        "colour_with_a_key.png": write(image, "PNG", transparency=key),
        "grey_16_bits.png": write(low, "PNG"),
        "inks.jpg": write(inks, "JPEG", quality=95),
        "inks.tif": write(inks, "TIFF"),
        "lab.tif": write(image.convert("LAB"), "TIFF"),
    }


def main() -> None:
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    rows = [
        f"# PDQ by threatexchange {version('threatexchange')} with Pillow {version('pillow')}, of files that"
    ]
    rows[0] += " older_tools_golden.py wrote"
    rows.append("file\tdigest\tquality")
    for name, data in files().items():
        (TARGET / name).write_bytes(data)
        digest, quality = pdq_from_bytes(data)
        rows.append(f"{name}\t{digest}\t{quality}")
    (TARGET / "hashed.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
