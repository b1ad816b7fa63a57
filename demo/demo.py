"""Plant altered copies of four photographs among real ones, scan them all with the hashes alone, show a page of it.

Run by ``make demo``; the photographs are those that come with scikit-image.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from page import Found, contact_sheet, write_page
from PIL import Image, ImageDraw, ImageFilter, ImageOps

import safehash

#: The pictures whose hashes are listed: a portrait, a cup, a cat and a rocket, all harmless.
LISTED = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg")

ALTERED: dict[str, Callable[[Image.Image], Image.Image]] = {
    "smaller": lambda image: image.resize((image.width // 3, image.height // 3)),
    "grey": lambda image: ImageOps.grayscale(image).convert("RGB"),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(2)),
    "mirrored": ImageOps.mirror,
    "upside_down": lambda image: image.rotate(180),
    "quarter_turn": lambda image: image.rotate(90, expand=True),
    "negative": ImageOps.invert,
    "framed": lambda image: ImageOps.expand(image, image.width // 15, "black"),
    "captioned": lambda image: captioned(image),
}

PHOTOGRAPHS = (".png", ".jpg", ".jpeg", ".gif", ".tif", ".webp")


def captioned(image: Image.Image) -> Image.Image:
    """Put a white bar with words above the picture."""
    bar = image.height // 6
    result = ImageOps.expand(image, (0, bar, 0, 0), "white")
    ImageDraw.Draw(result).text((10, bar // 3), "when you see it", fill="black")
    return result


def photographs() -> Path:
    """Return the folder of photographs that scikit-image carries."""
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        sys.exit("the demo needs scikit-image: run it with `make demo`")
    return Path(spec.origin).parent / "data"


def plant(source: Path, uploads: Path) -> tuple[int, int]:
    """Write altered copies of the listed pictures, and all others as they are; return how many of each."""
    uploads.mkdir()
    for name in LISTED:
        with Image.open(source / name) as opened:
            picture = opened.convert("RGB")
        for how, alter in ALTERED.items():
            alter(picture).save(uploads / f"{Path(name).stem}_{how}.jpg", quality=70)
    others = [
        path
        for path in sorted(source.iterdir())
        if path.suffix.lower() in PHOTOGRAPHS and path.name not in LISTED
    ]
    for path in others:
        (uploads / path.name).write_bytes(path.read_bytes())
    return len(LISTED) * len(ALTERED), len(others)


def write_list(source: Path, path: Path) -> None:
    """Write hashes, ids and labels: no picture goes with a list."""
    lines = ["pdq,id,labels"]
    for name in LISTED:
        lines.append(f"{safehash.hash_file(source / name).hex},{Path(name).stem},demo")
    path.write_text("\n".join(lines) + "\n")


def run(folder: Path, command: str, *, code: int) -> None:
    """Show and run one command of safehash in the folder; give up where it ends with another exit code."""
    print(f"\n$ {command}", flush=True)
    done = subprocess.run([sys.executable, "-m", *command.split()], cwd=folder, check=False)
    if done.returncode != code:
        sys.exit(f"`{command}` ended with exit code {done.returncode}, expected {code}")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp(prefix="safehash-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        sys.exit(f"{folder}: expected an empty folder")
    folder = folder.resolve()
    source = photographs()
    write_list(source, folder / "list.csv")
    n_planted, n_others = plant(source, folder / "uploads")
    print(f"{folder / 'list.csv'}: the hashes of {len(LISTED)} photographs, and no picture.")
    print(f"{folder / 'uploads'}: {n_planted} altered copies of them among {n_others} other pictures.")

    something_matched = 1
    run(
        folder,
        "safehash scan uploads --list list.csv --catalog scan.db -o records.jsonl",
        code=something_matched,
    )
    run(folder, "safehash report scan.db -o report.html --thumbnails", code=0)

    records = [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]
    found = [Found.of(record) for record in records if record["type"] == "decision"]
    by_name = {each.name: each for each in found}

    print(f"\n{'':14}" + "".join(f"{Path(name).stem:>12}" for name in LISTED))
    n_found = 0
    for how in ALTERED:
        cells = []
        for name in LISTED:
            each = by_name[f"{Path(name).stem}_{how}.jpg"]
            n_found += each.is_match
            cells.append(f"{f'found {each.distance}' if each.is_match else '-':>12}")
        print(f"{how:14}" + "".join(cells))
    planted = {f"{Path(name).stem}_{how}.jpg" for name in LISTED for how in ALTERED}
    n_wrong = sum(each.is_match and each.name not in planted for each in found)
    said = (
        f"{n_found} of {n_planted} altered copies found by their hashes (number: distance in bits, 31 at most); "
        f"{n_wrong} of {n_others} other pictures matched wrongly."
    )
    print(f"\n{said}")
    write_page(folder, source, LISTED, list(ALTERED), by_name, said)
    contact_sheet(folder, source, LISTED, list(ALTERED), by_name).save(folder / "sheet.png", optimize=True)
    print(f"\nLook at it: {(folder / 'demo.html').as_uri()}")
    command = Path(sys.executable).with_name("safehash")
    shown = command if command.exists() else "safehash"
    print("\nThen, on a folder of your own (nothing leaves this machine):\n")
    print(
        f"  {shown} lists add --label mine PICTURE.jpg -o mine.jsonl    # a list of your own, from a picture"
    )
    print(
        f"  {shown} scan FOLDER --list mine.jsonl --catalog mine.db     # looks for copies; go on where it ended"
    )
    print(f"  {shown} report mine.db -o mine.html                         # a page of what it found")
    if n_found < n_planted or n_wrong:
        sys.exit("\nNot as it should be: every altered copy is to be found, and nothing else.")


if __name__ == "__main__":
    main()
