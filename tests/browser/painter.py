"""Headless Chromium as an oracle: it paints image files onto a canvas and hands the pixels back."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Painted", "chromium_version", "paint"]

UInt8Array = npt.NDArray[np.uint8]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

#: Each file is painted as an <img> (what a page shows) and, where the browser counts frames, frame by frame.
_PAGE = """<!doctype html><meta charset=utf-8><script type=module>
const post = (path, body) => fetch(path, {method: "POST", body});
const canvas = document.createElement("canvas");
const context = canvas.getContext("2d", {willReadFrequently: true, colorSpace: "srgb"});
async function hand(path, picture, w, h) {
  canvas.width = w; canvas.height = h;
  context.clearRect(0, 0, w, h);
  context.drawImage(picture, 0, 0);
  await post(`${path}&w=${w}&h=${h}`, context.getImageData(0, 0, w, h).data);
}
const jobs = await (await fetch("/jobs")).json();
for (const [number, job] of jobs.entries()) {
  const img = new Image();
  const ok = await new Promise(done => {
    img.onload = () => done(true); img.onerror = () => done(false); img.src = `/file/${number}`;
  });
  if (ok && img.naturalWidth) {
    await hand(`/painted?n=${number}&frame=-1&ms=0`, img, img.naturalWidth, img.naturalHeight);
  }
  if (!job.frames) continue;
  const data = await (await fetch(`/file/${number}`)).arrayBuffer();
  try {
    const decoder = new ImageDecoder({data, type: job.type});
    await decoder.tracks.ready;
    await decoder.completed;
    const n = decoder.tracks.selectedTrack.frameCount;
    for (const k of job.frames === "all" ? Array(n).keys() : job.frames.filter(k => k < n)) {
      const {image} = await decoder.decode({frameIndex: k});
      await hand(`/painted?n=${number}&frame=${k}&ms=${(image.duration || 0) / 1000}`, image,
                 image.displayWidth, image.displayHeight);
      image.close();
    }
  } catch (error) { await post(`/failed?n=${number}`, String(error)); }
}
await post("/done", "");
</script>"""

_TYPES = {
    b"\xff\xd8": "image/jpeg",
    b"\x89P": "image/png",
    b"GI": "image/gif",
    b"RI": "image/webp",
    b"BM": "image/bmp",
    b"\0\0": "image/avif",
}


@dataclass(frozen=True, slots=True)
class Painted:
    """What Chromium painted of one file.

    Attributes
    ----------
    picture : ndarray of uint8, shape (rows, cols, 4), or None
        What an <img> shows, straight alpha; None where it shows nothing.
    frames : dict of int to (ndarray, float)
        Frames asked for that could be painted, each with the milliseconds it is shown.
    failure : str
        Why frames could not be decoded, or empty.
    """

    picture: UInt8Array | None
    frames: dict[int, tuple[UInt8Array, float]]
    failure: str = ""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, files: Sequence[bytes], frames: Sequence[Any]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = files
        self.jobs = [
            {"type": _TYPES.get(data[:2], "image/png"), "frames": wanted}
            for data, wanted in zip(files, frames, strict=True)
        ]
        self.painted: dict[tuple[int, int], tuple[UInt8Array, float]] = {}
        self.failures: dict[int, str] = {}
        self.done = threading.Event()
        self.n_posts = 0


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        if self.path == "/jobs":
            self._answer(json.dumps(self.server.jobs).encode(), "application/json")
        elif self.path.startswith("/file/"):
            number = int(self.path.rsplit("/", 1)[1])
            self._answer(self.server.files[number], self.server.jobs[number]["type"])
        else:
            self._answer(_PAGE.encode(), "text/html")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.n_posts += 1
        asked = dict(re.findall(r"(\w+)=([-\d.]+)", self.path))
        if self.path.startswith("/painted"):
            pixels = np.frombuffer(body, np.uint8).reshape(int(asked["h"]), int(asked["w"]), 4)
            self.server.painted[int(asked["n"]), int(asked["frame"])] = pixels, float(asked["ms"])
        elif self.path.startswith("/failed"):
            self.server.failures[int(asked["n"])] = body.decode()
        else:
            self.server.done.set()
        self._answer(b"", "text/plain")


def _program() -> str:
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        raise RuntimeError("this check needs Chromium: apt-get install chromium")
    return program


def chromium_version() -> str:
    """Return what the browser calls itself."""
    done = subprocess.run([_program(), "--version"], capture_output=True, text=True, check=True)
    return done.stdout.split("built")[0].strip()


#: Processor seconds that Chromium may work between two answers, and how often it is asked. The dearest takes 2.
_MOST_WORK, _ASKED_EACH = 60.0, 1.0
#: So often in a row it may have done nothing at all, which a page that waits for its turn has not.
_MOST_IDLE = 600


def _wait(server: _Server, browser: subprocess.Popen[bytes]) -> None:
    """Wait for the last answer; no longer than Chromium has worked for too long on one, or does nothing any more."""
    n_posts, began, last, n_idle = -1, 0.0, -1.0, 0
    while not server.done.wait(_ASKED_EACH) and browser.poll() is None:
        work = _work_of_session(browser.pid)
        if server.n_posts != n_posts:
            n_posts, began, n_idle = server.n_posts, work, 0
        n_idle = n_idle + 1 if work == last else 0
        last = work
        if work - began > _MOST_WORK or n_idle > _MOST_IDLE:
            return


def _work_of_session(session: int) -> float:
    """Return the processor seconds that the processes of a session have worked, as far as they run."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        if int(fields[3]) == session:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def paint(files: Sequence[bytes], frames: Sequence[Any] | None = None) -> list[Painted]:
    """Paint image files, all in one page of one browser.

    Parameters
    ----------
    files : sequence of bytes
    frames : sequence, optional
        For each file, which frames to paint beside the <img>: a list of numbers, "all" or None.
    """
    server = _Server(files, frames if frames is not None else [None] * len(files))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="painter-", ignore_cleanup_errors=True) as folder:
        command = [
            _program(), "--headless=new", "--no-sandbox", "--disable-gpu", "--force-color-profile=srgb",
            "--no-first-run", "--disable-background-networking", f"--user-data-dir={Path(folder) / 'profile'}",
            f"http://127.0.0.1:{server.server_port}/",
        ]  # fmt: skip
        browser = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            _wait(server, browser)
            if not server.done.is_set():
                raise RuntimeError(f"Chromium stopped after {server.n_posts} answers")
        finally:
            browser.terminate()
            browser.wait()
            server.shutdown()
            server.server_close()
    results = []
    for number in range(len(files)):
        picture = server.painted.get((number, -1))
        shown = {frame: value for (n, frame), value in server.painted.items() if n == number and frame >= 0}
        results.append(
            Painted(picture[0] if picture is not None else None, shown, server.failures.get(number, ""))
        )
    return results
