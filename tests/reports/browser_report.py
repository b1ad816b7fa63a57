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
from stores import records_in, run, write_list, write_pictures

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


def test_filter_by_evidence(page: Browser) -> None:
    n_shown = 0
    for word in ("strong", "fair", "weak", "against", "unknown"):
        page.value(
            "(() => { const s = document.getElementById('filter-evidence');"
            f" s.value = '{word}'; s.dispatchEvent(new Event('change')); }})()"
        )
        said = page.value(
            "Array.from(document.querySelectorAll('tr.match td[data-name=Evidence]'))"
            ".map(each => each.textContent.split(' ')[0])"
        )
        assert set(said) <= {word}
        n_shown += len(said)
    assert n_shown == 3


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


def press(page: Browser, keys: str) -> None:
    for key in keys:
        page.key(key, ord(key.upper()), key)


def focused(page: Browser) -> str:
    """Return the name of the file whose row has the focus."""
    name: str = page.value(
        "(() => { const row = document.activeElement.closest('tr.match');"
        " return row ? row.querySelector('.path').textContent.trim().split('/').pop() : ''; })()"
    )
    return name


def pressed(page: Browser) -> list[str]:
    said: list[str] = page.value(
        "Array.from(document.querySelectorAll('.choice button[aria-pressed=true]')).map(each => each.dataset.verdict)"
    )
    return said


def reviewed(tmp_path: Path, n: int) -> tuple[Path, list[Path]]:
    """Return a catalog of n pictures, all of which match, and the pictures."""
    pictures = write_pictures(tmp_path / "store", n)
    matcher = Matcher.from_files(write_list(tmp_path / "own.csv", *pictures))
    options = ScanOptions(workers=0, file_digests=["sha256"])
    with Catalog(tmp_path / "review.db") as catalog:
        list(scan(tmp_path / "store", matcher=matcher, options=options, catalog=catalog))
    return tmp_path / "review.db", pictures


def test_the_review_loop_by_keyboard_alone(browser: Browser, tmp_path: Path) -> None:
    """Verdicts by key, saved, applied, matched again, reported."""
    kept, _ = reviewed(tmp_path, 5)
    page_of(kept, tmp_path / "report.html", thumbnails=True)
    browser.open(tmp_path / "report.html")
    in_order = shown(browser)
    press(browser, "j")
    assert focused(browser) == in_order[0]
    press(browser, "p")
    assert "blur" not in browser.value(
        "getComputedStyle(document.querySelector('button.picture img')).filter"
    )
    press(browser, "1")  # right, and on to the next
    press(browser, "2")  # wrong
    press(browser, "3")  # unsure
    press(browser, "2")
    assert focused(browser) == in_order[4]
    assert pressed(browser) == ["right", "wrong", "unsure", "wrong"]
    press(browser, "u")  # the last one back
    assert focused(browser) == in_order[3]
    assert pressed(browser) == ["right", "wrong", "unsure"]
    press(browser, "k")
    assert focused(browser) == in_order[2]
    assert browser.value("document.getElementById('judged').textContent") == "3 of 5 judged"
    # What was said is there when the page is opened again.
    browser.events.clear()
    browser.open(tmp_path / "report.html")
    assert pressed(browser) == ["right", "wrong", "unsure"]
    # Without a name nothing is saved; by keyboard to the name, and to the button.
    browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path / "saved"))
    tab_to(browser, "save")
    browser.key("Enter", 13, "\r")
    assert "Your name" in browser.value("document.getElementById('said').textContent")
    assert browser.value("document.activeElement.id") == "reviewer"
    browser.call("Input.insertText", text="anna 12 jkup")  # letters that are keys elsewhere
    tab_to(browser, "save")
    browser.key("Enter", 13, "\r")
    assert "3 verdicts saved" in browser.value("document.getElementById('said').textContent")
    saved = waited_for(tmp_path / "saved", browser)
    done = run("review", "apply", saved, kept)
    assert (done.returncode, done.stdout) == (0, b""), done.stderr
    assert b"3 verdicts stored" in done.stderr
    assert b"matches suppressed from now on: 1" in done.stderr
    for command in (
        ("rematch", kept, "--list", tmp_path / "own.csv"),
        (
            "scan",
            tmp_path / "store",
            "--catalog",
            kept,
            "--list",
            tmp_path / "own.csv",
            "--effort",
            "thorough",
            "-q",
        ),
    ):
        found = run(*command)
        assert found.returncode == 1, found.stderr
        outcomes = {
            Path(record["path"]).name: record["outcome"]
            for record in records_in(found.stdout)
            if record["type"] == "decision"
        }
        wanted = {name: "suppressed" if name == in_order[1] else "match" for name in in_order}
        assert outcomes == wanted
    page_of(kept, tmp_path / "after.html")
    browser.events.clear()
    browser.open(tmp_path / "after.html")
    assert shown(browser)[-1] == in_order[1], "what is suppressed comes last"
    said = browser.value(
        "Array.from(document.querySelectorAll('.said-before')).map(each => each.textContent)"
    )
    assert sorted(said) == [f"in the catalog: {each} (anna 12 jkup)" for each in ("right", "unsure", "wrong")]


def tab_to(page: Browser, place: str) -> None:
    for _ in range(200):
        if page.value("document.activeElement.id") == place:
            return
        page.key("Tab", 9)
    raise AssertionError(f"no way to {place} by keyboard")


def waited_for(folder: Path, page: Browser) -> Path:
    """Return the one file that the browser saves into a folder."""
    for _ in range(100):
        found = list(folder.glob("*.jsonl")) if folder.exists() else []
        if found:
            return found[0]
        page.value("new Promise(done => setTimeout(done, 50))")
    raise AssertionError("nothing was saved")


def test_verdicts_by_mouse(browser: Browser, tmp_path: Path) -> None:
    kept, _ = reviewed(tmp_path, 2)
    page_of(kept, tmp_path / "report.html")
    browser.open(tmp_path / "report.html")
    browser.value("document.querySelector('.choice button[data-verdict=wrong]').click()")
    assert pressed(browser) == ["wrong"]
    browser.value("document.querySelector('.choice button[data-verdict=wrong]').click()")
    assert pressed(browser) == []
    browser.value("document.getElementById('undo').click()")
    assert pressed(browser) == ["wrong"]


def test_a_page_of_a_hundred_thousand_matches(browser: Browser, tmp_path: Path) -> None:
    """It is laid out a page at a time: open, turn, sort, filter and judge without laying out all of it."""
    kept, _ = reviewed(tmp_path, 2)
    with Catalog(kept) as catalog, catalog._store.transaction() as db:
        db.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99998)"
            " INSERT INTO files (root, path, position, first_run, outcome, otherwise, quality)"
            " SELECT root, CAST('many/' || i || '.png' AS BLOB), 0, 1, 'match', 'no_match', 90 FROM files, n"
            " WHERE files.id = 1"
        )
        db.execute(
            "INSERT INTO matches (file, list, entry, algorithm, digest, first_run, effort, run, snapshot, category,"
            " labels, distance, view) SELECT files.id, list, entry, m.algorithm, m.digest, 1, effort, 1, snapshot,"
            " category, labels, files.id % 32, view FROM files, matches AS m"
            " WHERE m.id = 1 + files.id % 2 AND files.id > 2"
        )
    page_of(kept, tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size < 16e6
    browser.open(tmp_path / "report.html")
    assert browser.value("document.getElementById('shown').textContent") == "100000 matches shown"
    assert len(shown(browser)) == 100
    browser.value("document.getElementById('page-next').click()")
    assert browser.value("document.getElementById('page-at').textContent") == "101 to 200 of 100000"
    press(browser, "j2")
    assert pressed(browser) == ["wrong"]
    browser.value("document.querySelector('th[data-key=path] button').click()")
    assert len(shown(browser)) == 100
    browser.value(
        "const f = document.getElementById('filter'); f.value = 'many/4242'; f.dispatchEvent(new Event('input'))"
    )
    assert browser.value("document.getElementById('shown').textContent") == "11 matches shown"
    assert browser.value("document.querySelector('nav.pages').hidden")


def test_on_a_phone_nothing_is_wider_than_the_screen(page: Browser) -> None:
    page.call("Emulation.setDeviceMetricsOverride", width=375, height=700, deviceScaleFactor=2, mobile=True)
    assert page.value("document.querySelector('#matches').scrollWidth") <= 375
    sides = page.value(
        "Array.from(document.querySelectorAll('.choice button, .review button')).map(each =>"
        " Math.min(each.getBoundingClientRect().height, each.getBoundingClientRect().width))"
    )
    assert min(sides) >= 44, "as large as a finger"


def test_a_screen_reader_is_told(page: Browser) -> None:
    """What has no name cannot be told; every control has one."""
    nameless = page.value(
        "Array.from(document.querySelectorAll('button, input, select')).filter(each => !(each.textContent.trim()"
        " || each.getAttribute('aria-label') || (each.labels && each.labels.length))).length"
    )
    assert nameless == 0
    assert page.value("document.querySelector('.choice').getAttribute('aria-label')").startswith(
        "Verdict on "
    )
    press(page, "j1")
    assert page.value("document.getElementById('said').textContent").endswith(": right")
    assert page.value("document.getElementById('said').getAttribute('aria-live')") == "assertive"


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
