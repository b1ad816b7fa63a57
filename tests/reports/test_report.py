"""The report: one page, whole, escaped. What a browser makes of it: tests/browser_report.py."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import stat
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from safehash.errors import CatalogError
from safehash.matching.matcher import Matcher
from safehash.matching.printable import printable
from safehash.reports.matches import ReportPart, Shown, _why_not
from safehash.reports.report import report
from safehash.reports.thumbnails import grey_png, thumbnail
from safehash.scanning.catalog import Catalog
from safehash.scanning.lookback import rematch
from safehash.scanning.options import ScanOptions
from safehash.scanning.reviews import apply_verdicts, tokens
from safehash.scanning.run import scan
from safehash.scanning.verdicts import Verdict
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


def data_of(page: str) -> Any:
    """Return what the page's script lays out."""
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    assert not set("<>&") & set(text)
    return json.loads(text)


def test_the_page_is_whole(catalog_path: Path, tmp_path: Path) -> None:
    page = page_of(catalog_path, tmp_path / "r.html")
    for words in ("7</b>files", "3</b>match", "1</b>could not", "1</b>left aside", "entry-picture00001"):
        assert words in page, words
    assert "not an image in a known format" in page
    data = data_of(page)
    assert (len(data["rows"]), len(data["entries"])) == (3, 2)
    assert not (tmp_path / "r.html.partial").exists()
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "r.html").stat().st_mode) == 0o600


@pytest.mark.parametrize("thumbnails", [False, True])
def test_nothing_of_the_catalog_is_markup(catalog_path: Path, tmp_path: Path, thumbnails: bool) -> None:
    tags = elements(page_of(catalog_path, tmp_path / "r.html", thumbnails=thumbnails))
    assert not [values for tag, values in tags if tag == "img"], "the script makes them"
    pictures = data_of((tmp_path / "r.html").read_text(encoding="utf-8"))["pictures"]
    assert len(pictures) == (3 if thumbnails else 0)
    assert all(base64.b64decode(each).startswith(b"\x89PNG") for each in pictures.values())
    assert "b" not in {tag for tag, values in tags if tag == "b" and values}
    assert not [name for _, values in tags for name in values if name.startswith("on")]
    scripts = [values.get("type") for tag, values in tags if tag == "script"]
    assert scripts == ["application/json", None], "data, and our own script"
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


@pytest.mark.parametrize(
    ("part", "n"),
    [
        ({}, 3),
        ({"source": "one"}, 2),
        ({"label": "<b>bold</b>"}, 1),
        ({"run": 1}, 3),
        ({"run": 2}, 1),
        ({"since": 1}, 1),
        ({"since": 0, "source": "one"}, 2),
        ({"folder": "."}, 3),
        ({"run": 1, "source": "one", "folder": "."}, 2),
        ({"since": 1, "label": "graphic_self_harm", "folder": "."}, 1),
    ],
)
def test_a_page_of_a_part(catalog_path: Path, tmp_path: Path, part: dict[str, Any], n: int) -> None:
    folder = catalog_path.parent
    shutil.copy(catalog_path, tmp_path / "c.db")
    matcher = Matcher.from_files(write_list(tmp_path / "three.csv", folder / "pictures" / "picture00002.png"))
    with Catalog(tmp_path / "c.db") as catalog:
        assert len(list(rematch(catalog, matcher))) == 1
    wanted = ReportPart(**{**part, **({"folder": str(folder)} if "folder" in part else {})})
    page = page_of(tmp_path / "c.db", tmp_path / "r.html", part=wanted)
    assert len(data_of(page)["rows"]) == n + (part in ({}, {"folder": "."}))
    assert ("only those" in page) == bool(part)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"run": 9}, "no run 9; the last is 1"),
        ({"since": 9}, "no run 9"),
        ({"source": "nine"}, "there are: one, two"),
        ({"label": "nine"}, "there are: <b>bold</b>"),
        ({"folder": "/nowhere/at/all"}, "nothing is known below"),
    ],
)
def test_a_part_that_is_not_there(
    catalog_path: Path, tmp_path: Path, part: dict[str, Any], message: str
) -> None:
    with pytest.raises(CatalogError, match=message):
        page_of(catalog_path, tmp_path / "r.html", part=ReportPart(**part))
    assert not (tmp_path / "r.html").exists()


def test_pictures_that_cannot_be_shown_are_told(tmp_path: Path) -> None:
    """From another folder, moved, or changed since: another picture is never shown in a match's place."""
    pictures = write_pictures(tmp_path / "pictures", 3)
    matcher = Matcher.from_files(write_list(tmp_path / "own.csv", *pictures))
    with Catalog(tmp_path / "c.db") as catalog:
        list(scan(tmp_path / "pictures", matcher=matcher, options=ScanOptions(workers=0), catalog=catalog))
        pictures[0].unlink()
        write_picture(pictures[1], 77)
        said = report(catalog, tmp_path / "r.html", thumbnails=True)
    assert len(said) == 2
    assert any("cannot be read (No such file or directory)" in each and "relocate" in each for each in said)
    assert any("changed since they were scanned" in each for each in said)
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert all(printable(each).split(":")[0] in page for each in said)
    assert len(data_of(page)["pictures"]) == 1


def test_only_a_file_as_it_was_scanned_is_shown(tmp_path: Path) -> None:
    """By its size and the time it was changed, each of them alone, and either way."""
    path = tmp_path / "a.png"
    path.write_bytes(b"12345")
    mtime_ns = path.stat().st_mtime_ns
    for size, changed, is_shown in (
        (5, mtime_ns, True), (None, mtime_ns, True), (5, None, True),
        (4, mtime_ns, False), (6, mtime_ns, False), (5, mtime_ns - 1, False), (5, mtime_ns + 1, False),
        (None, mtime_ns + 1, False), (6, None, False),
    ):  # fmt: skip
        why = _why_not(str(path), size, changed)
        assert why == (None if is_shown else "changed since they were scanned"), (size, changed)
    assert "No such file" in str(_why_not(str(tmp_path / "none"), 5, mtime_ns))


def test_what_the_script_lays_out_is_plain_ascii() -> None:
    """Whatever a server says that the page is written in."""
    shown = Shown(
        data={"name": "caf\u00e9 <&>"}, n=1, n_suppressed=0, sources=[], labels=[], folders=[], days=[],
        distances=Counter(), n_folders=0, trouble=[],
    )  # fmt: skip
    assert shown.text == '{"name":"caf\\u00e9 \\u003c\\u0026\\u003e"}'
    assert json.loads(shown.text) == shown.data


def test_verdicts_on_the_page(catalog_path: Path, tmp_path: Path) -> None:
    shutil.copy(catalog_path, tmp_path / "c.db")
    with Catalog(tmp_path / "c.db") as catalog:
        names = list(tokens(catalog))
        said = {"verdict": "wrong", "reviewer": "<i>anna</i>", "decided": "2026-01-01T00:00:00.000+00:00"}
        apply_verdicts(catalog, [Verdict(match=names[0], **said)])
    page = page_of(tmp_path / "c.db", tmp_path / "r.html")
    assert "What reviewers found" in page
    data = data_of(page)
    assert {row[0] for row in data["rows"]} == set(names), "the page names matches as the catalog does"
    assert sorted(row[12] for row in data["rows"] if row[12]) == [[["<i>anna</i>", "wrong"]]] * 2
    assert "<i>" not in page


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


@pytest.mark.skipif(os.name != "posix", reason="names of POSIX")
def test_names_of_what_could_not_be_decided_are_no_markup(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_pictures(folder, 1)
    (folder / "<img src=x onerror=alert(1)>.jpg").write_text("no picture")
    matcher = Matcher.from_files(write_list(tmp_path / "l.csv", folder / "picture00000.png"))
    with Catalog(tmp_path / "c.db") as catalog:
        list(scan(folder, matcher=matcher, options=ScanOptions(workers=0), catalog=catalog))
    page = page_of(tmp_path / "c.db", tmp_path / "r.html", title="<u>title</u>")
    assert "&lt;img src=x onerror=alert(1)&gt;.jpg" in page
    assert not [tag for tag, values in elements(page) if tag == "u" or "onerror" in values]
