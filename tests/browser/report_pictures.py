"""The pictures of the tutorial's report, light and dark: the tutorial's commands, then headless Chromium.

Run: python tests/browser/report_pictures.py FOLDER (`make picture` does, into docs/pictures).
"""

from __future__ import annotations

import base64
import io
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from chromium import Browser
from PIL import Image

ROOT = Path(__file__).parents[2]
#: CSS pixels a side.
SIDE = 1000
#: Colours kept: a fifth of the bytes.
N_COLOURS = 128
COMMANDS = (
    ("demo/practice.py", "practice"),
    ("-m", "safehash", "lists", "add", "--label", "demo", "practice/listed/astronaut.png",
     "practice/listed/coffee.png", "-o", "own.jsonl"),
    ("-m", "safehash", "scan", "practice/uploads", "--list", "own.jsonl", "--catalog", "practice.db", "-q",
     "-o", "records.jsonl"),
    ("-m", "safehash", "report", "practice.db", "-o", "report.html", "--thumbnails"),
)  # fmt: skip


def main() -> None:
    with tempfile.TemporaryDirectory() as profile, ExitStack() as stack:
        folder = Path(tempfile.gettempdir(), "tutorial")  # a name for people: the report shows it
        folder.mkdir()
        stack.callback(shutil.rmtree, folder)
        Path(folder, "demo").symlink_to(ROOT / "demo")
        for command in COMMANDS:
            done = subprocess.run([sys.executable, *command], cwd=folder, check=False)
            if done.returncode not in (0, 1):  # 1: something matched
                sys.exit(f"{' '.join(command)}: exit code {done.returncode}")
        browser = Browser(Path(profile))
        try:
            browser.call(
                "Emulation.setDeviceMetricsOverride",
                width=SIDE,
                height=SIDE,
                deviceScaleFactor=1,
                mobile=False,
            )
            browser.call("Emulation.setScrollbarsHidden", hidden=True)
            for scheme, name in (("light", "report.png"), ("dark", "report-dark.png")):
                shown = [{"name": "prefers-color-scheme", "value": scheme}]
                browser.call("Emulation.setEmulatedMedia", features=shown)
                browser.events.clear()
                browser.call("Page.navigate", url=Path(folder, "report.html").as_uri())
                while not any(event.get("method") == "Page.loadEventFired" for event in browser.events):
                    browser.value("0")
                browser.value("new Promise(done => setTimeout(done, 500))")
                taken = base64.b64decode(browser.call("Page.captureScreenshot", format="png")["data"])
                with Image.open(io.BytesIO(taken)) as image:
                    small = image.convert("RGB").quantize(N_COLOURS, dither=Image.Dither.NONE)
                small.save(Path(sys.argv[1], name), optimize=True)
        finally:
            browser.close()


if __name__ == "__main__":
    main()
