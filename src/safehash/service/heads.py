"""What the head of a request says, by name: a look through a few headers, a third of what a mapping of them costs."""

from __future__ import annotations

from starlette.requests import Request

__all__ = ["header_of", "kind_of"]


def header_of(request: Request, name: bytes) -> str | None:
    """Return the first header of a name in small letters, None where there is none."""
    for each, value in request.scope["headers"]:
        if each == name:
            said: bytes = value
            return said.decode("latin-1")
    return None


def kind_of(request: Request) -> str:
    """Return what a request says its body is, without what is said of that; "" where it says nothing."""
    return (header_of(request, b"content-type") or "").partition(";")[0].strip().lower()
