"""An answer in JSON, written by the encoder that lists are read with: a tenth of what the standard one costs."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from starlette.responses import Response

__all__ = ["Json"]

_ENCODER = msgspec.json.Encoder()


class Json(Response):
    """An answer whose body is a value as JSON: compact, in UTF-8, as Starlette's own writes it."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return a value's JSON; half a surrogate pair, which ids of lists may have, as its escape."""
        try:
            return _ENCODER.encode(content)
        except UnicodeEncodeError:
            return json.dumps(content, separators=(",", ":")).encode("ascii")
