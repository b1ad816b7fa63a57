"""Plant altered copies of four photographs among real ones, scan them all with the hashes alone, show the result.

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

from PIL import Image, ImageDraw, ImageFilter, ImageOps

import safehash

LISTED = {
    "astronaut.png": "graphic_self_harm",
    "coffee.png": "viral_challenge",
    "chelsea.png": "self_harm_promotion",
    "rocket.jpg": "graphic_suicide",
}

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


def main() -> None:
    source = photographs()
    folder = Path(tempfile.mkdtemp(prefix="safehash-demo-"))
    uploads = folder / "uploads"
    uploads.mkdir()

    # The list: hashes, ids and labels. No image goes with it.
    lines = ["hash,id,labels"]
    for number, (name, label) in enumerate(LISTED.items()):
        lines.append(f"{safehash.hash_file(source / name).hex},demo-{number},{label}")
    listed = folder / "list.csv"
    listed.write_text("\n".join(lines) + "\n")

    # The uploads: altered copies of the listed pictures, and every other photograph as it is.
    n_planted = 0
    for name in LISTED:
        with Image.open(source / name) as opened:
            picture = opened.convert("RGB")
        for how, alter in ALTERED.items():
            alter(picture).save(uploads / f"{Path(name).stem}_{how}.jpg", quality=70)
            n_planted += 1
    n_others = 0
    for path in sorted(source.iterdir()):
        if (
            path.suffix.lower() in (".png", ".jpg", ".jpeg", ".gif", ".tif", ".webp")
            and path.name not in LISTED
        ):
            (uploads / path.name).write_bytes(path.read_bytes())
            n_others += 1

    command = [sys.executable, "-m", "safehash", "scan", str(uploads), "--list", str(listed)]
    print("$ safehash scan uploads --list list.csv")
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    decisions = {Path(each["path"]).name: each for each in records if each["type"] == "decision"}

    print(f"\n{'':14}" + "".join(f"{Path(name).stem:>12}" for name in LISTED))
    n_found = 0
    for how in ALTERED:
        cells = []
        for name in LISTED:
            record = decisions[f"{Path(name).stem}_{how}.jpg"]
            found = record["outcome"] == "match"
            n_found += found
            cells.append(f"{'found ' + str(record['matches'][0]['distance']) if found else '-':>12}")
        print(f"{how:14}" + "".join(cells))
    wrong = [
        name
        for name, each in decisions.items()
        if each["outcome"] == "match" and not name.endswith(tuple(f"_{how}.jpg" for how in ALTERED))
    ]
    print(
        f"\n{n_found} of {n_planted} altered copies found by their hashes (number: distance in bits, 31 at most)."
    )
    print(f"{len(wrong)} of {n_others} other pictures matched wrongly.")
    sheet = folder / "result.png"
    contact_sheet(uploads, decisions).save(sheet)
    print(f"Contact sheet: {sheet}")
    if n_found < n_planted or wrong:
        sys.exit(1)


def contact_sheet(uploads: Path, decisions: dict[str, dict[str, object]]) -> Image.Image:
    """Draw every upload with a red frame where it matched and a green one where it did not."""
    side, columns = 110, 10
    rows = -(-len(decisions) // columns)
    sheet = Image.new("RGB", (columns * side, rows * side), "white")
    for number, (name, record) in enumerate(sorted(decisions.items())):
        try:
            with Image.open(uploads / name) as opened:
                thumb = ImageOps.pad(opened.convert("RGB"), (side - 16, side - 16), color="white")
        except OSError:
            thumb = Image.new("RGB", (side - 16, side - 16), "lightgrey")
        colour = {"match": "crimson", "no_match": "seagreen"}.get(str(record["outcome"]), "darkgrey")
        place = ((number % columns) * side + 4, (number // columns) * side + 4)
        sheet.paste(ImageOps.expand(thumb, 4, colour), place)
    return sheet


if __name__ == "__main__":
    main()
