"""What the demo shows: the listed photographs with their found copies, as a page, and as a picture for README."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont, ImageOps

__all__ = ["Found", "contact_sheet", "write_page"]

#: Height of a thumbnail, pixels; twice what is shown, for dense screens.
THUMB = 224

#: Side of a cell of the contact sheet, and height of the words under a picture.
CELL, WORDS = 132, 24


@dataclass(frozen=True, slots=True)
class Found:
    """What a scan's record says of one upload, as far as the page shows it."""

    name: str
    outcome: str
    distance: int = 0
    view: str = ""

    @classmethod
    def of(cls, record: dict[str, Any]) -> Found:
        """Return what a record of the type ``decision`` says."""
        name = Path(record["path"]).name
        if record["outcome"] != "match":
            return cls(name, record["outcome"])
        nearest = record["matches"][0]
        return cls(name, "match", nearest["distance"], nearest["view"])

    @property
    def is_match(self) -> bool:
        return self.outcome == "match"


def thumbnail(path: Path, height: int = THUMB) -> Image.Image:
    """Return a picture at most `height` pixels high, and at most half as wide again."""
    try:
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
    except OSError:  # safehash reads it, Pillow alone does not: planar TIFF
        picture = Image.new("RGB", (height, height), "grey")
    picture.thumbnail((height * 3 // 2, height))
    return picture


def embedded(path: Path) -> str:
    """Return an ``<img>`` that holds a small copy of the picture."""
    picture = thumbnail(path)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=80)
    data = base64.b64encode(file.getvalue()).decode("ascii")
    size = f'width="{picture.width // 2}" height="{picture.height // 2}"'
    return f'<img alt="" {size} src="data:image/jpeg;base64,{data}">'


STYLE = """
:root { color-scheme: light dark; --ground: #f6f7f9; --card: #fff; --ink: #1b1f24; --soft: #5b6572; --line: #dde2e8;
  --found: #b3261e; --clean: #1b7f4d; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171b; --card: #1d2126; --ink: #e6e9ed; --soft: #98a3b0;
  --line: #323941; --found: #ff8a80; --clean: #6fd19c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 74rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
.soft { color: var(--soft); } a { color: inherit; }
.row { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .6rem; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-top: 4px solid var(--line);
  border-radius: 8px; padding: .5rem; }
figure.match { border-top-color: var(--found); } figure.no { border-top-color: var(--clean); }
img { display: block; max-width: 100%; height: auto; margin: 0 auto; }
figcaption { font-size: .85rem; margin-top: .4rem; overflow-wrap: anywhere; }
.match b { color: var(--found); } .no b { color: var(--clean); }
code { font-size: .9em; overflow-wrap: anywhere; }
"""


def figure(picture: str, kind: str, words: str, name: str) -> str:
    return (
        f'<figure class="{kind}">{picture}<figcaption><b>{html.escape(words)}</b><br>'
        f'<span class="soft">{html.escape(name)}</span></figcaption></figure>'
    )


def write_page(
    folder: Path,
    source: Path,
    listed: Sequence[str],
    altered: Sequence[str],
    found: dict[str, Found],
    said: str,
) -> None:
    """Write ``demo.html``: each listed photograph with its copies, then everything that was not matched."""
    parts = []
    for name in listed:
        parts.append(f"<h2>Listed: {html.escape(Path(name).stem)}</h2><div class='row'>")
        parts.append(figure(embedded(source / name), "", "its hash is on the list", "not among the uploads"))
        for how in altered:
            upload = f"{Path(name).stem}_{how}.jpg"
            each = found[upload]
            words = f"{each.view}, {each.distance} bits" if each.is_match else "not found"
            parts.append(
                figure(
                    embedded(folder / "uploads" / upload),
                    "match" if each.is_match else "",
                    words,
                    how.replace("_", " "),
                )
            )
        parts.append("</div>")
    planted = {f"{Path(name).stem}_{how}.jpg" for name in listed for how in altered}
    parts.append("<h2>Everything else</h2><div class='row'>")
    for name, each in sorted(found.items()):
        if name not in planted:
            words = f"{each.view}, {each.distance} bits" if each.is_match else each.outcome.replace("_", " ")
            parts.append(
                figure(embedded(folder / "uploads" / name), "match" if each.is_match else "no", words, name)
            )
    parts.append("</div>")
    page = (
        "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>safehash: the demo</title><style>{STYLE}</style></head><body><main>"
        f"<h1>{html.escape(said.split(' (')[0])}</h1>"
        "<p class='soft'>The list held nothing but four hashes, ids and labels. Under each picture stands how the "
        "upload had to be looked at, and how many of 256 bits differ: 31 at most for a match. The same scan as a "
        "reviewer sees it, pictures blurred: <a href='report.html'>report.html</a>; as a program does: "
        "<a href='records.jsonl'>records.jsonl</a>. The photographs come with scikit-image and are harmless.</p>"
        + "".join(parts)
        + "</main></body></html>\n"
    )
    (folder / "demo.html").write_text(page, encoding="utf-8")


def contact_sheet(
    folder: Path, source: Path, listed: Sequence[str], altered: Sequence[str], found: dict[str, Found]
) -> Image.Image:
    """Draw a row for each listed photograph: itself, then its copies with how they were found."""
    columns = ["listed", *altered]
    sheet = Image.new("RGB", (CELL * len(columns), (CELL + WORDS) * len(listed)), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(17)
    for row, name in enumerate(listed):
        for column, how in enumerate(columns):
            upload = f"{Path(name).stem}_{how}.jpg"
            path = source / name if how == "listed" else folder / "uploads" / upload
            each = None if how == "listed" else found[upload]
            colour = "#1f6f8b" if each is None else "#b3261e" if each.is_match else "#9aa3ad"
            thumb = ImageOps.contain(thumbnail(path), (CELL - 14, CELL - 14))
            framed = ImageOps.expand(thumb, 3, colour)
            left, top = column * CELL, row * (CELL + WORDS)
            sheet.paste(framed, (left + (CELL - framed.width) // 2, top + (CELL - framed.height) // 2))
            words = (
                "listed"
                if each is None
                else f"{how.replace('_', ' ')} {each.distance}"
                if each.is_match
                else "not found"
            )
            draw.text((left + CELL // 2, top + CELL + 9), words, fill="#1b1f24", font=font, anchor="mm")
    return sheet.quantize(96, dither=Image.Dither.FLOYDSTEINBERG)
