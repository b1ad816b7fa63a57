"""What a request is refused for, as the one answering it says so: a problem (RFC 9457), or the field's message."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal

from starlette.responses import Response

from ..errors import shortened
from .answers import Json

__all__ = ["RETRY_SECONDS", "Refused", "Shape", "busy", "problem"]

#: How an error is told: "problem" in our own interface, "message" where clients of the field's service read it.
Shape = Literal["problem", "message"]

#: When a client that was sent away is asked to come back.
RETRY_SECONDS = 1
#: Characters that a refusal repeats of what was asked: a name that was misspelt, and no book.
_MOST_ASKED = 200


class Refused(Exception):
    """A request that is not answered.

    Attributes
    ----------
    status : int
        HTTP status.
    detail : str
        What was found, what was expected, what to do; nothing raw of an upload, no digest whole.
    asked : str
        The beginning of what was asked and is not understood: for who asked, and not for the log.
    headers : mapping of str to str
    """

    def __init__(
        self, status: int, detail: str, *, asked: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        self.detail = shortened(detail)
        super().__init__(self.detail)
        self.status = status
        self.asked = shortened(asked[:_MOST_ASKED])
        self.headers = dict(headers or {})

    def response(self, shape: Shape) -> Response:
        """Return it as an answer."""
        told = f"{self.detail}: {self.asked}" if self.asked else self.detail
        if shape == "message":
            return Json({"message": told}, self.status, self.headers)
        return problem(self.status, told, headers=self.headers)


def problem(status: int, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """Return a problem document."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **more,
    }
    return Json(body, status, dict(headers or {}), media_type="application/problem+json")


def busy(status: int, detail: str) -> Refused:
    """Return the refusal of a request that may come again: 429 or 503."""
    return Refused(status, detail, headers={"Retry-After": str(RETRY_SECONDS)})
