"""The access log: one JSON object an answer, written behind the answers of a turn of the event loop, all at once."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import datetime, timezone
from typing import Any, TextIO

from starlette.requests import Request

from ..errors import logger_of

__all__ = ["ACCESS", "TurnsHandler", "line_of"]

#: No path as it was asked, no query, no whole digest, nothing of an upload.
ACCESS = logger_of(f"{__name__.partition('.')[0]}.access")


def line_of(request: Request, route: str, status: int, seconds: float, said: dict[str, Any]) -> str:
    """Return what the log says of an answer; it shortens digests itself: a refusal may name what was asked."""
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    facts = {
        "time": now, "method": request.method, "route": route, "status": status,
        "milliseconds": round(1e3 * seconds, 2), **said,
    }  # fmt: skip
    return json.dumps(facts)


class TurnsHandler(logging.StreamHandler[TextIO]):
    """Writes the lines of one turn of the event loop together, at its end: a client has its answer before the log has.

    To write each by itself cost a sixth of a look-up. Outside of an event loop a line is written at once.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(f"{self.format(record)}\n")
        if len(self._lines) > 1:
            return  # who said the first has seen to it
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
        else:
            loop.call_soon(self.flush)

    def flush(self) -> None:
        lines, self._lines = self._lines, []
        if lines:
            self.stream.write("".join(lines))
        super().flush()
