"""The report in a real browser: no request, no error, filter, sort and reveal work, hostile names are text.

Not collected by default, as it needs Chromium: ``make test-browser``, or ``pytest tests/browser_report.py``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import Browser
from test_report import HOSTILE, catalog_path, page_of

from safehash.matching.matcher import Matcher
from safehash.scanning.catalog import Catalog
from safehash.scanning.options import ScanOptions
from safehash.scanning.run import scan
from stores import write_list, write_pictures

__all__ = ["catalog_path"]


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    one = Browser(tmp_path / "profile")
    yield one
    one.close()


@pytest.fixture
def page(browser: Browser, catalog_path: Path, tmp_path: Path) -> Browser:
    page_of(catalog_path, tmp_path / "report.html", thumbnails=True)
    browser.open(tmp_path / "report.html")
    return browser


def shown(page: Browser) -> list[str]:
    names: list[str] = page.value(
        "Array.from(document.querySelectorAll('tr.match')).filter(row => row.offsetParent !== null)"
        ".map(row => row.querySelector('.path').textContent.trim().split('/').pop())"
    )
    return names


def test_quiet(page: Browser, tmp_path: Path) -> None:
    page.value("new Promise(done => setTimeout(done, 500))")
    urls = [event["request"]["url"] for event in page.named("Network.requestWillBeSent")]
    outside = [url for url in urls if not url.startswith(("data:", (tmp_path / "report.html").as_uri()))]
    assert outside == []
    assert page.named("Log.entryAdded") == []
    assert page.named("Runtime.consoleAPICalled") == []
    assert page.named("Runtime.exceptionThrown") == []
    assert page.named("Page.javascriptDialogOpening") == []


def test_hostile_names_are_text(page: Browser) -> None:
    assert HOSTILE in shown(page)
    assert page.value("document.querySelectorAll('img[src=x]').length") == 0
    assert page.value("document.querySelectorAll('.tag b').length") == 0


def test_filter_and_list(page: Browser) -> None:
    assert len(shown(page)) == 3
    page.value("document.getElementById('filter').focus()")
    page.call("Input.insertText", text="ONERROR" if os.name == "posix" else "QUOTED")
    assert shown(page) == [HOSTILE]
    assert page.value("document.getElementById('shown').textContent") == "1 match shown"
    page.value(
        "const f = document.getElementById('filter'); f.value = ''; f.dispatchEvent(new Event('input'))"
    )
    page.value(
        "const l = document.getElementById('filter-list'); l.value = 'two'; l.dispatchEvent(new Event('change'))"
    )
    assert shown(page) == ["picture00001.png"]


def test_suppressed_matches_can_be_left_out(browser: Browser, tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path / "pictures", 2)
    listed = write_list(tmp_path / "own.csv", *pictures)
    allowed = write_list(tmp_path / "fine.csv", pictures[0])
    matcher = Matcher.from_files(listed, allow=[allowed])
    with Catalog(tmp_path / "c.db") as catalog:
        list(scan(tmp_path / "pictures", matcher=matcher, options=ScanOptions(workers=0), catalog=catalog))
    page_of(tmp_path / "c.db", tmp_path / "report.html")
    browser.open(tmp_path / "report.html")
    assert shown(browser) == ["picture00001.png", "picture00000.png"], "what is to be reviewed comes first"
    for standing, wanted in (("open", "picture00001.png"), ("off", "picture00000.png")):
        browser.value(
            "(() => { const s = document.getElementById('filter-standing');"
            f" s.value = '{standing}'; s.dispatchEvent(new Event('change')); }})()"
        )
        assert shown(browser) == [wanted]


def test_sort_by_keyboard(page: Browser) -> None:
    page.value("document.querySelector('th[data-key=path] button').focus()")
    page.key("Enter", 13, "\r")
    assert page.value("document.querySelector('th[data-key=path]').getAttribute('aria-sort')") == "ascending"
    up = shown(page)
    page.key("Enter", 13, "\r")
    assert page.value("document.querySelector('th[data-key=path]').getAttribute('aria-sort')") == "descending"
    assert shown(page) != up
    assert sorted(shown(page)) == sorted(up)


def test_pictures_are_blurred_until_asked(page: Browser) -> None:
    blurred = "getComputedStyle(document.querySelector('button.picture img')).filter"
    assert "blur" in page.value(blurred)
    assert "grayscale" in page.value(blurred)
    page.value("document.querySelector('button.picture').focus()")
    page.key("Enter", 13, "\r")
    assert "blur" not in page.value(blurred)
    assert page.value("document.querySelector('button.picture').getAttribute('aria-pressed')") == "true"
    page.key("Enter", 13, "\r")
    assert "blur" in page.value(blurred)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_schemes_can_be_read(page: Browser, scheme: str) -> None:
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    for place in ("body", "thead th", "tbody.group th", ".total.found b", ".total.open b", ".soft"):
        ink, ground = page.value(
            f"(() => {{ let at = document.querySelector({json.dumps(place)}); const ink = getComputedStyle(at).color;"
            " let ground = 'rgba(0, 0, 0, 0)'; while (ground === 'rgba(0, 0, 0, 0)') {"
            " ground = getComputedStyle(at).backgroundColor; at = at.parentElement; } return [ink, ground]; })()"
        )
        assert contrast(ink, ground) >= 4.5, (place, ink, ground)


def test_printing_shows_no_picture(page: Browser) -> None:
    page.call("Emulation.setEmulatedMedia", media="print")
    assert page.value("getComputedStyle(document.querySelector('button.picture')).display") == "none"
    assert page.value("getComputedStyle(document.querySelector('.tools')).display") == "none"
    assert page.value("getComputedStyle(document.querySelector('th.shot')).display") == "none"
    for style, wanted in (("overflowX", "visible"), ("display", "block")):  # nothing cut off, no scroll bar
        assert page.value(f"getComputedStyle(document.querySelector('.scroll')).{style}") == wanted
    assert len(page.call("Page.printToPDF")["data"]) > 10_000


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2)."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
