"""Writes the seeds that are made: small files of every format, list and archive, a snapshot, a catalog, command lines.

Run: python fuzz/make_seeds.py
"""

from __future__ import annotations

import io
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "browser")]

#: Names of small files begin with their format's.
_FORMATS = {"jpeg", "png", "apng", "gif", "webp", "avif", "bmp", "tiff", "pgm", "ppm", "pbm"}
_TARGET_OF = {"apng": "png", "pgm": "pnm", "ppm": "pnm", "pbm": "pnm"}
#: Longest list that is a seed.
_MOST = 20_000
_LINES = (
    "scan\0photos\0--list\0list.csv\0--catalog\0scan.db\0--effort\0thorough",
    "hash\0photo.jpg\0-a\0pdq",
    "index\0build\0list.csv\0-o\0lists.safehash",
    "lists\0merge\0a.csv\0b.csv\0-o\0out.csv",
    "match\0f8f8\0--index\0lists.safehash\0--json",
)


def seeds() -> dict[str, dict[str, bytes]]:
    """Return the seeds of each target, by name."""
    import safehash
    from list_samples import DATA
    from safehash.scanning.options import ScanOptions
    from small_files import small_files

    made: dict[str, dict[str, bytes]] = {}
    pictures = small_files()
    for name, data in pictures.items():
        kind = name.split()[0]
        if kind in _FORMATS:
            target = f"image-{_TARGET_OF.get(kind, kind)}"
            made.setdefault(target, {})[name.replace(" ", "-")] = data
    lists = [path for path in sorted(DATA.iterdir()) if path.is_file() and path.stat().st_size < _MOST]
    made["list"] = {path.name: b"\0" + path.read_bytes() for path in lists}
    made["command-line"] = {str(number): line.encode() for number, line in enumerate(_LINES)}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("one.png", pictures["png"])
        archive.writestr("folder/two.txt", b"words")
    made["archive"] = {"zip": packed.getvalue()}
    for mode in ("w", "w:gz", "w:xz"):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode=mode) as archive:  # type: ignore[call-overload]
            header = tarfile.TarInfo("one.png")
            header.size = len(pictures["png"])
            archive.addfile(header, io.BytesIO(pictures["png"]))
        made["archive"]["tar" + mode[2:]] = packed.getvalue()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").mkdir()
        (folder / "in" / "one.png").write_bytes(pictures["png"])
        hashes = [
            safehash.hash_bytes(pictures["png"]),
            *(safehash.Hash("md5", bytes([k] * 16)) for k in range(3)),
        ]
        matcher = safehash.Matcher.from_entries([safehash.Entry(hash=each, source="own") for each in hashes])
        matcher.save(folder / "lists.safehash")
        made["snapshot"] = {"small": (folder / "lists.safehash").read_bytes()}
        with safehash.Catalog(folder / "scan.db") as catalog:
            options = ScanOptions(workers=0)
            with safehash.scan(folder / "in", matcher=matcher, catalog=catalog, options=options) as running:
                list(running)
        made["catalog"] = {"small": (folder / "scan.db").read_bytes()}
    return made


if __name__ == "__main__":
    for target, named in seeds().items():
        folder = HERE / "seeds" / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in named.items():
            (folder / name).write_bytes(data)
