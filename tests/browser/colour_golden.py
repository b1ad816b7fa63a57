"""Write small files of the colour corpus, and what Chromium paints of each, into tests/data/painted/colour."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from chromium import Browser, paint
from colour_files import colour_files
from colour_odd import odd_colour_files

from safehash.hashing.compute import hash_array

TARGET = Path(__file__).parent.parent / "data" / "painted" / "colour"
ROWS, COLS = 60, 80

#: Beginnings of names; the endings.
CHOSEN = (
    ("two pictures, power 40", "png jpg webp avif bmp"),
    ("two pictures, power 12, parametric, Display P3", "png webp"),
    ("two pictures, power 8, sampled", "jpg"),
    ("two pictures, folded", "png webp"),
    ("two pictures, odd ones only", "bmp"),
    ("two pictures, shuffled", "png"),
    ("two pictures in grey, power 40", "jpg"),
    ("two pictures in grey, power 12, parametric, grey profile", "png jpg"),
    ("two pictures in a palette, power 12, parametric", "png"),
    ("two pictures, power 40, some of it transparent", "png"),
    ("two pictures, power 40, 16 bits", "png"),
    ("two pictures in grey, power 8, sampled, 16 bits", "png"),
    ("two pictures, gAMA 0.02", "png"),
    ("two pictures in grey, gAMA 0.05", "png"),
    ("two pictures, gAMA 0.1 and cHRM", "png"),
    ("picture 11 in ProPhoto", "png jpg avif"),
    ("picture 11 called Adobe RGB", "webp"),
    ("picture 11 called Display P3", "jpg"),
    ("picture 11 in linear", "png"),
    ("picture 12 in Rec. 2020", "jpg"),
    ("picture 12, primaries 9", "png avif"),
    ("picture 12, transfer 8", "png avif"),
    ("two pictures by a table, mft1", "png"),
    ("two pictures by a table, mft2", "png"),
    ("colours turned by a table, mAB", "png"),
    ("four inks by a table, mft2", "jpg"),
    ("grey by a table", "png"),
    ("picture 21 in PQ", "png avif"),
    ("picture 21 in PQ, bright", "png"),
    ("picture 22 in HLG", "png avif"),
    ("picture 21 in PQ, bright, light of 4000", "png"),
    ("picture 21 in PQ, screen of 400", "png"),
    ("picture 21 in PQ by a profile", "webp"),
    ("a profile cut short", "png"),
    ("a profile of version 5", "jpg"),
    ("a profile for grey", "webp"),
    ("a profile of curves that differ", "png"),
    ("sRGB before gAMA", "png"),
    ("profile before gAMA", "png"),
    ("cICP before profile", "png"),
    ("profile before cICP", "png"),
    ("gAMA with a wrong checksum", "png"),
    ("a profile in two parts, turned round", "jpg"),
    ("a profile in a part missing", "jpg"),
    ("mft2 to XYZ", "png jpg"),
    ("mAB to XYZ beside a matrix", "webp"),
    ("to the power of nothing", "png"),
    ("numbers 2 and 8 in a profile", "png jpg avif"),
    ("numbers 2 and 16 in a profile", "png"),
    ("numbers 2 and 16 in a profile for grey", "png"),
    ("numbers 0 and 0 in a profile", "jpg"),
    ("numbers 99 and 16 in a profile", "png"),
    ("numbers 99 and 8 in a profile", "png"),
    ("HLG, light of 60000", "png"),
    ("PQ, screen of 60000", "png"),
    ("transparent in grey, a byte", "png"),
    ("transparent in colour, five bytes", "png"),
    ("200 transparent of 16 colours", "png"),
)


def main() -> int:
    wanted = {f"{name}.{ending}" for name, endings in CHOSEN for ending in endings.split()}
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    browser = Browser(Path(tempfile.mkdtemp()))
    version = browser.call("Browser.getVersion")["product"]
    rows = [
        f"# PDQ of what {version} paints on white of files that colour_golden.py wrote",
        "file\tdigest\tquality\twhat",
    ]
    for file in (*colour_files(ROWS, COLS), *odd_colour_files(ROWS, COLS)):
        if f"{file.name}.{file.ending}" not in wanted:
            continue
        wanted.discard(f"{file.name}.{file.ending}")
        name = f"{len(rows) - 1:02d}.{file.ending}"
        painted = hash_array(np.ascontiguousarray(paint(browser, file.data)[..., :3]))
        (TARGET / name).write_bytes(file.data)
        rows.append(f"{name}\t{painted.hex}\t{painted.quality}\t{file.name}")
    browser.close()
    (TARGET / "painted.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    print(f"{len(rows) - 2} files; not in the corpus: {', '.join(sorted(wanted)) or 'none'}")
    return bool(wanted)


if __name__ == "__main__":
    sys.exit(main())
