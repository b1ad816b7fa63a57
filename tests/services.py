"""A service as its users run it: another process, asked over its socket."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

from stores import command, environment

#: A boundary that is in no picture.
_BOUNDARY = "a0b1c2d3e4f5-nowhere-else"


@dataclass(frozen=True)
class Said:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Running:
    """``safehash serve`` on a free port (or a Unix socket) until the block ends.

    Attributes
    ----------
    log : list of str
        Lines of its standard error.
    """

    def __init__(self, *arguments: str | Path, wait: bool = True) -> None:
        self._unix = next(
            (str(arguments[k + 1]) for k, each in enumerate(arguments) if each == "--unix"), None
        )
        where = [] if self._unix else ["--port", "0"]
        self._wait = wait
        self.log: list[str] = []
        self._listening = threading.Event()
        self.process = subprocess.Popen(
            command("serve", "--workers", "1", *where, *arguments),
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment(), text=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line.rstrip("\n"))
            if "listening on" in line:
                self._listening.set()
        self._listening.set()

    def __enter__(self) -> Running:
        assert self._listening.wait(60)
        if self.process.poll() is None and self._wait:
            until(lambda: self.get("/readyz").status == 200)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(60)
        self._reader.join(60)
        if self.process.stderr is not None:
            self.process.stderr.close()

    def end(self, number: int = signal.SIGTERM) -> int:
        """Signal it, and return how it ended."""
        self.process.send_signal(number)
        code = self.process.wait(60)
        self._reader.join(60)
        return code

    @property
    def port(self) -> int:
        (found,) = (re.search(r"listening on http://[\d.]+:(\d+)", line) for line in self.log[:1])
        assert found is not None, self.log
        return int(found[1])

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection."""
        if self._unix is None:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection = http.client.HTTPConnection("localhost", timeout=60)
        connection.sock = socket.socket(socket.AF_UNIX)
        try:
            connection.sock.connect(self._unix)
        except OSError:
            connection.close()
            raise
        return connection

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Said:
        connection = self.connect()
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Said(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **query: str) -> Said:
        return self.ask("GET", path + (f"?{urlencode(query)}" if query else ""))

    def post(self, path: str, data: bytes, **headers: str) -> Said:
        return self.ask("POST", path, data, headers)

    def post_json(self, path: str, value: Any, **headers: str) -> Said:
        return self.ask(
            "POST", path, json.dumps(value).encode(), {"Content-Type": "application/json", **headers}
        )

    def post_form(self, path: str, *files: tuple[str, bytes], **fields: str) -> Said:
        body, kind = form(*files, **fields)
        return self.ask("POST", path, body, {"Content-Type": kind})


def form(*files: tuple[str, bytes], **fields: str) -> tuple[bytes, str]:
    """Return a form's body and its type."""
    pieces = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    for name, data in files:
        head = (
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}.bin"\r\n\r\n'
        )
        pieces.append(head.encode() + data + b"\r\n")
    return b"".join(pieces) + f"--{_BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={_BOUNDARY}"


def until(condition: Any, seconds: float = 60.0) -> None:
    """Wait for something that is bound to come."""
    end = time.monotonic() + seconds
    while True:
        with suppress(OSError, http.client.HTTPException):
            if condition():
                return
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def replace_whole(path: Path, text: str) -> None:
    """Write a list anew as exchanges do: whole."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)  # noqa: PTH105
