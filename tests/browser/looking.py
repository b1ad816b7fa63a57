"""Pages in headless Chromium, on a phone and a desk, light and dark: nothing sticks out, axe-core finds nothing.

Run: python tests/browser/looking.py --axe FILE [--pictures FOLDER] PAGE_OR_FOLDER ... (`make look` does, of the site,
the demo, a report and a compliance record). FILE is axe.min.js of the npm package axe-core. axe-core looks at the light
phone and the dark desk, the rest at all four. Exit code 1: something was found.
"""

from __future__ import annotations

import argparse
import base64
import functools
import http.server
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chromium import Browser

#: Name, width and height in CSS pixels, whether it is a phone.
SCREENS = (("phone", 390, 844, True), ("desk", 1280, 900, False))

#: Of axe-core's rules: what the Web Content Accessibility Guidelines 2.2 ask at levels A and AA.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

#: What is wider than the screen and in no box that scrolls, the outermost of them.
_STICKING_OUT = """(() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  const scrolls = element => {
    for (let at = element.parentElement; at && at !== document.body; at = at.parentElement)
      if (!["visible", "clip"].includes(getComputedStyle(at).overflowX)) return true;
    return false;
  };
  return Array.from(document.body.querySelectorAll("*"))
    .filter(e => e.getBoundingClientRect().right > wide + 1 && e.getClientRects().length && !scrolls(e))
    .slice(0, 3).map(e => e.outerHTML.slice(0, 120)).concat(["scrolls to " + document.documentElement.scrollWidth]);
})()"""

#: How what the tab key can reach looks before it does: its own outline, shadow, border and ground, those of what stands
#: beside it (a radio button's label), and of what is around it.
_BEFORE = """(() => {
  const style = e => {
    const s = getComputedStyle(e);
    return [s.outlineStyle, s.outlineWidth, s.boxShadow, s.borderColor, s.backgroundColor, s.color, s.opacity,
      s.transform, s.left].join();
  };
  window.lookOf = e => {
    const around = [e, e.nextElementSibling, e.parentElement, e.parentElement && e.parentElement.parentElement];
    return around.map(each => each ? style(each) : "").join(";");
  };
  window.before = new Map();
  for (const each of document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]"))
    window.before.set(each, window.lookOf(each));
})()"""

#: What has the focus and looks as it did without.
_UNSEEN_FOCUS = """(() => {
  const one = document.activeElement;
  return one && window.before.get(one) === window.lookOf(one) ? one.outerHTML.slice(0, 120) : "";
})()"""

#: How many stops of the tab key are looked at, a page.
_STOPS = 25


def pages_of(places: list[Path]) -> Iterator[tuple[Path, str]]:
    """Return for each page the folder to be served, and the page's path within it."""
    for place in places:
        if place.is_dir():
            for page in sorted(place.rglob("*.html")):
                yield place, page.relative_to(place).as_posix()
        else:
            yield place.parent, place.name


def faults(browser: Browser, axe: str) -> list[str]:
    """Return what axe-core finds."""
    browser.value(axe + ";0")
    options = f"{{runOnly: {RULES!r}, resultTypes: ['violations']}}"
    found: list[dict[str, Any]] = browser.value(f"axe.run(document, {options}).then(r => r.violations)")
    said = []
    for each in found:
        for node in each["nodes"][:3]:
            why = (node["any"] or node["all"] or node["none"])[0]["message"]
            said.append(f"{each['id']}: {node['html'][:140]} ({why[:160]})")
    return said


def look_at(
    browser: Browser, url: str, screen: tuple[str, int, int, bool], scheme: str, axe: str
) -> list[str]:
    """Return what is wrong, in words."""
    _, width, height, phone = screen
    browser.call(
        "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone
    )
    browser.call(
        "Emulation.setEmulatedMedia",
        features=[
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ],
    )
    browser.events.clear()
    browser.call("Storage.clearDataForOrigin", origin=url[: url.index("/", 8)], storageTypes="all")
    browser.call("Page.navigate", url=url)
    while not any(event.get("method") == "Page.loadEventFired" for event in browser.events):
        browser.value("0")
    browser.value("new Promise(done => setTimeout(done, 700))")
    said = [f"sticks out: {each}" for each in browser.value(_STICKING_OUT)]
    if phone == (scheme == "light"):
        said += faults(browser, axe)
    if not phone and scheme == "light":
        browser.value(_BEFORE)
        for _ in range(_STOPS):
            browser.key("Tab", 9)
            browser.value("new Promise(done => setTimeout(done, 60))")  # what comes gradually has begun to
            unseen = browser.value(_UNSEEN_FOCUS)
            if unseen:
                said.append(f"focus is not seen: {unseen}")
    return said


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words: Any) -> None:
        pass


def main() -> int:
    parser = argparse.ArgumentParser(description="Look at pages in headless Chromium.")
    parser.add_argument("pages", nargs="+", type=Path, metavar="PAGE_OR_FOLDER")
    parser.add_argument("--axe", type=Path, required=True)
    parser.add_argument("--pictures", type=Path, help="write a picture of each look into this folder")
    arguments = parser.parse_args()
    axe = arguments.axe.read_text(encoding="utf-8")
    n_looks = 0
    wrong: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(Path(profile))
        try:
            servers: dict[Path, str] = {}
            for folder, page in pages_of(arguments.pages):
                if folder not in servers:
                    handler = functools.partial(_Quiet, directory=str(folder))
                    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
                    threading.Thread(target=server.serve_forever, daemon=True).start()
                    servers[folder] = f"http://127.0.0.1:{server.server_port}/"
                for screen in SCREENS:
                    for scheme in ("light", "dark"):
                        n_looks += 1
                        for each in look_at(browser, servers[folder] + page, screen, scheme, axe):
                            wrong.setdefault(each, []).append(f"{page} {screen[0]} {scheme}")
                        if arguments.pictures:
                            arguments.pictures.mkdir(parents=True, exist_ok=True)
                            taken = browser.call("Page.captureScreenshot", format="png")["data"]
                            name = f"{page.replace('/', '-').removesuffix('.html')}-{screen[0]}-{scheme}.png"
                            (arguments.pictures / name).write_bytes(base64.b64decode(taken))
        finally:
            browser.close()
    for each, places in wrong.items():
        print(f"{each}\n    on {len(places)}: {', '.join(places[:4])}")
    print(f"{n_looks} looks, {len(wrong)} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
