"""Texts that others wrote (names of files, words of lists), made safe to show and possible to store."""

from __future__ import annotations

__all__ = ["as_bytes", "plain", "printable"]


def printable(text: str) -> str:
    """Make a text safe to show: no control characters, no changes of direction, no lone surrogates.

    Examples
    --------
    >>> printable("a\\x1b[31m\\n.png")
    'a\\\\x1b[31m\\\\n.png'
    """
    shown = as_bytes(text).decode("utf-8", "backslashreplace")
    if shown.isprintable():
        return shown
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in shown
    )


def as_bytes(text: str) -> bytes:
    """Return a text as UTF-8: odd bytes of a file's name as they were, other lone surrogates as escapes."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")


def plain(text: str | None) -> str | None:
    """Return text that SQLite takes: what is not UTF-8 becomes visible escapes."""
    return None if text is None else as_bytes(text).decode("utf-8", "backslashreplace")
