"""Make the lists of pictures that bench_views.py reads, from extracted Debian packages.

::

    apt-get download endless-sky-data stellarium-data tuxpaint-stamps-default kgeography-data debian-handbook \
        openclipart-png
    for package in *.deb; do dpkg-deb -x $package extracted/${package%%_*}; done
    python benchmarks/view_mixes.py extracted made

``made/photos.txt`` names 250 photographs, whose altered copies recall is measured on; ``made/tuning_photos.txt``
the 40 that thresholds and gates may look at: the first by the SHA-256 of their file names. All of them come from
one package and had a say in the gates, so ``photographs.tsv``, beside this file, names photographs of other packages,
each with its package's version and its bytes' SHA-256. Fetch and extract these in the same way::

    apt-get download $(awk '!/^#/ {print $1 "=" $2}' benchmarks/photographs.tsv | sort -u)

``made/other_photos.txt`` names those of part ``test``, and ``made/other_tuning_photos.txt`` those of part
``tuning``. With a package missing or a file of other bytes, neither is written: recall on some of the photographs is
another number.

``made/mixes.txt`` has "mix, part, path" lines, tab-separated. The part is the SHA-256 of the file's bytes, modulo
three: ``listed``, ``tuning`` (uploads that gates may be set on) and ``test`` (uploads that only the published figures
come from). A file whose bytes came before is left out.

With ``--new FOLDER``, pictures that nothing saw so far: the packages of ``photographs-2.tsv`` and ``unrelated-2.tsv``,
fetched and extracted in the same way into a folder of their own, since some of their paths belong to a mix::

    apt-get download $(awk '!/^#/ {print $1 "=" $2}' benchmarks/photographs-2.tsv benchmarks/unrelated-2.tsv | sort -u)

``made/unseen_photos.txt`` names the photographs and ``made/unseen_mixes.txt`` the listed part of ``mixes.txt`` with the
unrelated uploads as its ``test`` part. Only published figures may come from these: no threshold or gate may look at
them.

Two mixes are made here, from what the packages hold, since no package has them: ``templates``, screenshots, posters,
chat messages and memes that differ in their picture alone, with the part of the photograph they hold; ``documents``,
pages of text and tables set in one layout.
"""

from __future__ import annotations

import argparse
import hashlib
import html
import re
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from safehash.evaluation.manipulations import MANIPULATIONS, apply
from safehash.evaluation.scene import Scene

PARTS = ("listed", "tuning", "test")
N_TUNING_PHOTOS = 40
N_PHOTOS = 250
PHOTOGRAPHS = Path(__file__).with_name("photographs.tsv")
NEW_PHOTOGRAPHS = Path(__file__).with_name("photographs-2.tsv")
NEW_UNRELATED = Path(__file__).with_name("unrelated-2.tsv")
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".gif"}

#: The first that a path contains.
MIX_OF = (
    ("endless-sky/images/land/", "photographs"),
    ("endless-sky/images/scene/", "photographs"),
    ("endless-sky/images/star/", "star fields"),
    ("endless-sky/images/ui/", "icons and clip art"),
    ("endless-sky/images/icon/", "icons and clip art"),
    ("endless-sky/images/label/", "icons and clip art"),
    ("endless-sky/images/", "game sprites"),
    ("stellarium/nebulae/", "star fields"),
    ("stellarium-data/", "sky art, textures, panoramas"),
    ("tuxpaint-stamps-default/", "cut-out objects and letters"),
    ("kgeography/flags/", "flags"),
    ("kgeography-data/", "maps"),
    ("debian-handbook/", "screenshots and diagrams"),
    ("signs_and_symbols/flags/", "flags"),
    ("openclipart-png/", "icons and clip art"),
)

#: Manipulations that put a picture into a template.
TEMPLATES = ("screenshot, light", "screenshot, dark", "chat message", "poster with a title", "caption bar above",
             "meme text", "letterbox")  # fmt: skip


class Photograph(NamedTuple):
    """A line of ``photographs.tsv``, or of ``unrelated-2.tsv``, where the kind of picture stands for the part.

    In ``photographs-2.tsv`` the last column says what each shows: a scene, a thing cut out, or what was made.
    """

    package: str
    version: str
    path: str
    sha256: str
    part: str
    kind: str = ""


def part_of(content: bytes) -> str:
    """Return the part that a file of these bytes belongs to."""
    return PARTS[int(hashlib.sha256(content).hexdigest(), 16) % 3]


def find_pictures(extracted: Path) -> Iterator[tuple[str, str, Path]]:
    """Yield mix, part and path of every picture, doubles left out."""
    seen = set()
    for path in sorted(extracted.rglob("*")):
        if path.suffix.lower() not in SUFFIXES or not path.is_file() or path.is_symlink():
            continue
        mix = next((mix for piece, mix in MIX_OF if piece in path.as_posix()), None)
        content = path.read_bytes()
        digest = hashlib.sha256(content).digest()
        if mix is None or digest in seen:
            continue
        seen.add(digest)
        yield mix, part_of(content), path


def make_templates(photos: list[tuple[str, Path]], out: Path) -> Iterator[tuple[str, str, Path]]:
    """Put each photograph into every template, 640 pixels wide; the template is the same to the pixel."""
    wanted = [manipulation for manipulation in MANIPULATIONS if manipulation.name in TEMPLATES]
    for part, path in photos:
        picture = Image.open(path).convert("RGB").resize((640, 480), Image.Resampling.BICUBIC)
        for number, manipulation in enumerate(wanted):
            made = out / f"template{number}_{path.stem}.jpg"
            made.write_bytes(apply(manipulation, picture, Scene(np.random.default_rng(number))))
            yield "templates", part, made


def make_documents(extracted: Path, out: Path, n_pages: int = 600) -> Iterator[tuple[str, str, Path]]:
    """Set the handbook's text in pages of one layout: a head, two columns or one, a ruled table."""
    text = ""
    for path in sorted((extracted / "debian-handbook").rglob("en-US/*.html")):
        body = re.sub(r"(?s)<(script|style).*?</\1>|<[^>]+>", " ", path.read_text(encoding="utf-8"))
        text += html.unescape(" ".join(body.split())) + " "
    lines = textwrap.wrap(text, 46)
    n_lines = len(lines)
    head, font = ImageFont.load_default(26), ImageFont.load_default(14)
    for number in range(n_pages):
        page = Image.new("L", (720, 960), 255)
        draw = ImageDraw.Draw(page)
        draw.text((60, 40), " ".join(lines[number * 80 % n_lines].split()[:4]), fill=0, font=head)
        draw.line((60, 84, 660, 84), fill=0, width=2)
        for row in range(40):
            for column in range(2 if number % 3 else 1):
                line = lines[(number * 80 + column * 40 + row) % n_lines]
                draw.text(
                    (60 + 310 * column, 100 + 20 * row), line[: 40 if number % 3 else 80], fill=0, font=font
                )
        if number % 3 == 2:
            for row in range(12):
                draw.rectangle((60, 500 + 30 * row, 660, 530 + 30 * row), outline=0)
        made = out / f"document{number}.png"
        page.save(made)
        yield "documents", part_of(made.read_bytes()), made


def read_photographs(names: Path) -> list[Photograph]:
    """Read ``photographs.tsv`` or a file like it, the photographs in the order of their SHA-256."""
    lines = names.read_text(encoding="utf-8").splitlines()
    photographs = [Photograph(*line.split("\t")) for line in lines if not line.startswith("#")]
    return sorted(photographs, key=lambda photograph: photograph.sha256)


def find_photographs(names: Path, extracted: Path) -> list[tuple[Photograph, Path]]:
    """Return what such a file names, with its path, or end with what is missing or has other bytes."""
    photographs = read_photographs(names)
    missing = {
        f"{photograph.package}={photograph.version}"
        for photograph in photographs
        if not (extracted / photograph.package).is_dir()
    }
    if missing:
        raise SystemExit(f"no lists of {names.name}: packages missing: {' '.join(sorted(missing))}")
    found = [(photograph, extracted / photograph.package / photograph.path) for photograph in photographs]
    for photograph, path in found:
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != photograph.sha256:
            raise SystemExit(f"{path} is not that of {photograph.package}={photograph.version}")
    return found


def write_other_photos(extracted: Path, out: Path) -> None:
    """Write the lists of photographs of other packages."""
    found = find_photographs(PHOTOGRAPHS, extracted)
    for name, part in (("other_photos", "test"), ("other_tuning_photos", "tuning")):
        paths = [path for photograph, path in found if photograph.part == part]
        (out / f"{name}.txt").write_text("".join(f"{path}\n" for path in paths))
        print(f"{name:32} {part:8} {len(paths):6}")


def write_unseen(extracted: Path, out: Path) -> None:
    """Write the list of photographs that nothing saw, and mixes whose test part is uploads that nothing saw."""
    photographs = find_photographs(NEW_PHOTOGRAPHS, extracted)
    (out / "unseen_photos.txt").write_text("".join(f"{path}\n" for _, path in photographs))
    print(f"{'unseen_photos':32} {'unseen':8} {len(photographs):6}")
    lines = (out / "mixes.txt").read_text(encoding="utf-8").splitlines()
    listed = [line for line in lines if line.split("\t")[1] == "listed"]
    unrelated = [
        f"{upload.part}\ttest\t{path}" for upload, path in find_photographs(NEW_UNRELATED, extracted)
    ]
    (out / "unseen_mixes.txt").write_text("".join(f"{line}\n" for line in (*listed, *unrelated)))
    print(f"{'unseen_mixes':32} {'test':8} {len(unrelated):6}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("extracted", type=Path, help="folder with one folder a package")
    parser.add_argument("out", type=Path, help="folder for the lists and the pictures made")
    parser.add_argument(
        "--new", type=Path, metavar="FOLDER", help="packages of photographs-2 and unrelated-2"
    )
    args = parser.parse_args()
    pictures = args.out / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    found = list(find_pictures(args.extracted))
    photos = [(part, path) for mix, part, path in found if mix == "photographs"]
    by_name = sorted(
        (path for _, path in photos), key=lambda path: hashlib.sha256(path.name.encode()).digest()
    )
    for name, paths in (
        ("tuning_photos", by_name[:N_TUNING_PHOTOS]),
        ("photos", by_name[N_TUNING_PHOTOS:][:N_PHOTOS]),
    ):
        (args.out / f"{name}.txt").write_text("".join(f"{path}\n" for path in paths))
    found += make_templates(photos, pictures)
    found += make_documents(args.extracted, pictures)
    (args.out / "mixes.txt").write_text("".join(f"{mix}\t{part}\t{path}\n" for mix, part, path in found))
    for (mix, part), count in sorted(Counter((mix, part) for mix, part, _ in found).items()):
        print(f"{mix:32} {part:8} {count:6}")
    write_other_photos(args.extracted, args.out)
    if args.new is not None:
        write_unseen(args.new, args.out)


if __name__ == "__main__":
    main()
