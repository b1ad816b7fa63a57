"""The access log: one JSON object an answer, written behind the answers of a turn of the event loop, all at once."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, TextIO

from ..errors import WithoutDigest, shortened

__all__ = ["AccessLog", "line_of"]

#: What is said of an answer and cannot be a digest: names of ours, numbers, and what is cut already.
_OURS = frozenset({"outcomes", "n_bytes", "hash", "keep", "bearer"})


def line_of(method: str, route: str, status: int, seconds: float, said: Mapping[str, Any]) -> WithoutDigest:
    """Return what the log says of an answer.

    No path as it was asked, no query, no whole digest, nothing of an upload. What is known to be none is not looked
    through for digests: that cost more than the line did.

    Parameters
    ----------
    method, route : str
        As HTTP calls it, and as of `Route`: names that are known.
    status : int
    seconds : float
    said : mapping of str to values
        "outcomes", "n_bytes", "hash" (its first digits), "keep", "bearer" (by name); whatever else there is, is looked
        through.
    """
    now = time.time()
    line = (
        f'{{"time": "{_second(int(now))}.{int(now % 1 * 1000):03}+00:00", "method": {_quoted(method)}, '
        f'"route": {_quoted(route)}, "status": {status}, "milliseconds": {round(1e3 * seconds, 2)}'
    )
    for name, value in said.items():
        line += f", {_quoted(name)}: {_told(name, value)}"
    return WithoutDigest(f"{line}}}" if said.keys() <= _OURS else shortened(f"{line}}}"))


@lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


@lru_cache(maxsize=512)
def _quoted(text: str) -> str:
    """Return one of few texts in JSON: names of ours, of tokens, of outcomes."""
    return json.dumps(text)


def _told(name: str, value: Any) -> str:
    if name == "outcomes":
        return f"[{', '.join(map(_quoted, value))}]"
    if name == "bearer":
        return _quoted(_cut(value))
    return repr(value) if type(value) is int else json.dumps(value)


@lru_cache(maxsize=256)
def _cut(name: str) -> str:
    return shortened(name)


class AccessLog:
    """Writes the lines of one turn of the event loop together, at its end: a client has its answer before the log has.

    To write each by itself cost a sixth of a look-up. Outside of an event loop a line is written at once.

    Parameters
    ----------
    stream : text stream
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: list[str] = []

    def answered(self, method: str, route: str, status: int, seconds: float, said: Mapping[str, Any]) -> None:
        """Say that a request was answered, and with what; as of `line_of`."""
        self._lines.append(line_of(method, route, status, seconds, said))
        if len(self._lines) > 1:
            return  # who said the first has seen to it
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
        else:
            loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write what was said."""
        lines, self._lines = self._lines, []
        if lines:
            self._stream.write(WithoutDigest("\n".join(lines) + "\n"))
            self._stream.flush()
