"""Headless Chromium as an instrument: pages, scripts, and the pixels it paints of an image file."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

__all__ = ["Browser", "NotPainted", "paint"]

UInt8Array = npt.NDArray[np.uint8]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class NotPainted(Exception):
    """The browser shows nothing of the file."""


class Browser:
    """Headless Chromium, spoken to over its debugging pipe: JSON messages, each ended by a NUL."""

    def __init__(self, profile: Path) -> None:
        program = next(filter(None, map(shutil.which, _NAMES)), None)
        if program is None:
            pytest.fail("this check needs Chromium")
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()

        def arrange() -> None:  # the browser expects its pipe at 3 and 4
            one, other = os.dup(to_browser), os.dup(from_browser)
            os.dup2(one, 3)
            os.dup2(other, 4)

        self._process = subprocess.Popen(
            [
                program, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
                "--force-color-profile=srgb", f"--user-data-dir={profile}", "--no-first-run", "about:blank",
            ],
            preexec_fn=arrange,
            close_fds=False,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(to_browser)
        os.close(from_browser)
        self._number = 0
        self._rest = bytearray()
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    _session: str | None = None

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._out)
        os.close(self._in)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        waiting = memoryview(json.dumps(message).encode() + b"\0")
        while waiting:
            waiting = waiting[os.write(self._out, waiting) :]
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def _receive(self) -> dict[str, Any]:
        end = self._rest.find(b"\0")
        while end < 0:
            seen = len(self._rest)
            part = os.read(self._in, 1 << 20)
            assert part, "the browser ended"
            self._rest += part
            end = self._rest.find(b"\0", seen)
        line = bytes(self._rest[:end])
        del self._rest[: end + 1]
        message: dict[str, Any] = json.loads(line)
        return message

    def open(self, path: Path) -> None:
        self.call("Page.navigate", url=path.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._receive())
        assert self.value("document.documentElement.dataset.ready") == "yes"

    def value(self, expression: str) -> Any:
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def key(self, name: str, code: int, text: str = "") -> None:
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=code,
                text=text if kind == "keyDown" else "",
            )  # fmt: skip

    def named(self, method: str) -> list[dict[str, Any]]:
        return [event["params"] for event in self.events if event.get("method") == method]


#: Paints an image element on an sRGB canvas and reads it back; `ground` is a CSS colour or null for none.
_PAINT = """(async (text, kind, ground) => {
  const blob = new Blob([Uint8Array.from(atob(text), c => c.charCodeAt(0))], {type: kind});
  const url = URL.createObjectURL(blob);
  try {
    const image = new Image();
    image.src = url;
    try { await image.decode(); } catch (error) { return [0, 0, String(error)]; }
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const context = canvas.getContext("2d", {colorSpace: "srgb", willReadFrequently: true});
    if (ground) { context.fillStyle = ground; context.fillRect(0, 0, canvas.width, canvas.height); }
    context.drawImage(image, 0, 0);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
    let read = "";
    for (let at = 0; at < pixels.length; at += 0x8000)
      read += String.fromCharCode.apply(null, pixels.subarray(at, at + 0x8000));
    return [canvas.width, canvas.height, btoa(read)];
  } finally { URL.revokeObjectURL(url); }
})"""


def paint(browser: Browser, data: bytes, *, kind: str = "", ground: str | None = "white") -> UInt8Array:
    """Return what the browser paints of an image file: uint8, shape (rows, cols, 4), of an animation its start.

    Parameters
    ----------
    browser : Browser
        At any page.
    data : bytes
        The whole file.
    kind : str
        Its MIME type; a browser looks at the bytes where it is empty.
    ground : str or None
        CSS colour to paint on; None: on nothing, alpha as decoded.

    Raises
    ------
    NotPainted
        With the browser's own words.
    """
    arguments = ", ".join(json.dumps(each) for each in (base64.b64encode(data).decode(), kind, ground))
    cols, rows, read = browser.value(f"{_PAINT}({arguments})")
    if not cols:
        raise NotPainted(read)
    return np.frombuffer(base64.b64decode(read), np.uint8).reshape(rows, cols, 4)
