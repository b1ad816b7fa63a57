"""The report: one page, whole, escaped. What a browser makes of it: tests/browser_report.py."""

from __future__ import annotations

import base64
import os
import re
import stat
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from safehash.matching.matcher import Matcher
from safehash.matching.shown import printable
from safehash.reports.report import report
from safehash.reports.thumbnails import grey_png, thumbnail
from safehash.scanning.catalog import Catalog
from safehash.scanning.options import ScanOptions
from safehash.scanning.run import scan
from stores import write_list, write_picture, write_pictures

HOSTILE = "<img src=x onerror=alert(1)>.png" if os.name == "posix" else "&amp; 'quoted'.png"


@pytest.fixture(scope="module")
def catalog_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog with two lists, a hostile name, a failure, a label that is markup."""
    folder = tmp_path_factory.mktemp("report")
    pictures = write_pictures(folder / "pictures", 5)
    write_picture(folder / "pictures" / HOSTILE, 0)
    (folder / "pictures" / "fake.jpg").write_text("no picture")
    (folder / "pictures" / "notes.txt").write_text("words")
    one = write_list(folder / "one.csv", pictures[0])
    two = write_list(folder / "two.csv", pictures[1], label="<b>bold</b>")
    with Catalog(folder / "c.db") as catalog:
        matcher = Matcher.from_files(one, two)
        list(scan(folder / "pictures", matcher=matcher, options=ScanOptions(workers=0), catalog=catalog))
    return folder / "c.db"


def page_of(path: Path, target: Path, **options: Any) -> str:
    with Catalog(path, create=False) as catalog:
        report(catalog, target, **options)
    return target.read_text(encoding="utf-8")


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def elements(page: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Elements()
    parser.feed(page)
    return parser.found


def test_the_page_is_whole(catalog_path: Path, tmp_path: Path) -> None:
    page = page_of(catalog_path, tmp_path / "r.html")
    for words in ("7</b>files", "3</b>match", "1</b>could not", "1</b>left aside", "entry-picture00001"):
        assert words in page, words
    assert "not an image in a known format" in page
    tags = elements(page)
    assert len([tag for tag, values in tags if tag == "tr" and values.get("class") == "match"]) == 3
    assert len([tag for tag, values in tags if values.get("class") == "group"]) == 2
    assert not (tmp_path / "r.html.partial").exists()
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "r.html").stat().st_mode) == 0o600


@pytest.mark.parametrize("thumbnails", [False, True])
def test_nothing_of_the_catalog_is_markup(catalog_path: Path, tmp_path: Path, thumbnails: bool) -> None:
    tags = elements(page_of(catalog_path, tmp_path / "r.html", thumbnails=thumbnails))
    images = [values for tag, values in tags if tag == "img"]
    assert len(images) == (3 if thumbnails else 0)
    assert all((values["src"] or "").startswith("data:image/png;base64,") for values in images)
    assert "b" not in {tag for tag, values in tags if tag == "b" and values}
    assert not [name for _, values in tags for name in values if name.startswith("on")]
    assert len([tag for tag, _ in tags if tag == "script"]) == 1
    links = [values.get(name) for _, values in tags for name in ("src", "href", "action") if values.get(name)]
    assert all(re.match(r"data:|#", link or "") for link in links), links


def test_the_policy_allows_our_own_script_only(catalog_path: Path, tmp_path: Path) -> None:
    import hashlib

    page = page_of(catalog_path, tmp_path / "r.html")
    for kind in ("script", "style"):
        (text,) = re.findall(rf"<{kind}>(.*?)</{kind}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in page
    assert "default-src 'none'" in page


def test_an_empty_catalog(tmp_path: Path) -> None:
    Catalog(tmp_path / "c.db").close()
    page = page_of(tmp_path / "c.db", tmp_path / "r.html")
    assert "No file matched" in page
    assert "Every file was decided" in page


def test_printable() -> None:
    assert printable("plain caf\u00e9.jpg") == "plain caf\u00e9.jpg"
    assert printable("caf\udce9") == "caf\\xe9"
    assert printable("gpj\u202eexe") == "gpj\\u202eexe"
    assert printable("\x1b[31m\n") == "\\x1b[31m\\n"


def test_thumbnails(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", 3, size=(640, 200))
    made = thumbnail(str(tmp_path / "a.png"))
    assert made is not None
    (tmp_path / "t.png").write_bytes(made)
    with Image.open(tmp_path / "t.png") as small, Image.open(tmp_path / "a.png") as large:
        assert (small.mode, small.size) == ("L", (96, 30))
        expected = np.asarray(large.convert("L").resize((96, 30), Image.Resampling.BOX), float)
        assert abs(np.asarray(small, float) - expected).mean() < 4  # blocks end on whole pixels
    (tmp_path / "b.jpg").write_text("no picture")
    assert thumbnail(str(tmp_path / "b.jpg")) is None
    assert thumbnail(str(tmp_path / "none.jpg")) is None


def test_grey_png_is_a_png_to_a_strict_reader(tmp_path: Path) -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    made = grey_png(pixels)
    (tmp_path / "p.png").write_bytes(made)
    with Image.open(tmp_path / "p.png") as image:
        assert (np.asarray(image) == pixels).all()
    with Image.open(tmp_path / "p.png") as image:
        image.verify()  # every chunk's checksum
    assert made.endswith(b"\x00\x00\x00\x00IEND\xae\x42\x60\x82")
    for at in (20, 40, 50):  # within the header, the pixels and their checksum
        (tmp_path / "p.png").write_bytes(made[:at] + bytes([made[at] ^ 1]) + made[at + 1 :])
        with pytest.raises((SyntaxError, OSError)), Image.open(tmp_path / "p.png") as image:
            image.verify()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_thumbnails_stand_upright(tmp_path: Path, orientation: int) -> None:
    """As the picture is shown, not as it is stored."""
    stored = np.zeros((48, 32), np.uint8)
    stored[:16, :8] = 255  # one bright corner of an oblong
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored).save(tmp_path / "p.png", exif=exif)
    made = thumbnail(str(tmp_path / "p.png"))
    assert made is not None
    (tmp_path / "t.png").write_bytes(made)
    with Image.open(tmp_path / "p.png") as picture, Image.open(tmp_path / "t.png") as small:
        np.testing.assert_array_equal(np.asarray(small), np.asarray(ImageOps.exif_transpose(picture)))
