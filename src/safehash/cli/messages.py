"""What a command says on standard error, whoever says it: no message shows a digest whole."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from ..errors import shortened

__all__ = ["shortening_messages", "telling"]


class _Shortened:
    """A text stream in which digests are shortened as they are written; in all else the stream beneath."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(shortened(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def shortening_messages() -> Iterator[None]:
    """Have whatever is written to standard error show at most the first digits of a digest.

    What was typed, names of files and what libraries say end there as well as what we say; records, and what people
    are shown of results, go to standard output or a file.

    Examples
    --------
    >>> import contextlib, io
    >>> with contextlib.redirect_stderr(io.StringIO()) as said, shortening_messages():
    ...     print("no such file: 00112233445566778899aabbccddeeff.jpg", file=sys.stderr)
    >>> said.getvalue()
    'no such file: 00112233....jpg\\n'
    """
    stream = sys.stderr
    if stream is None:  # closed: nothing is said
        yield
        return
    ours = sys.stderr = cast("TextIO", _Shortened(stream))
    try:
        yield
    finally:
        if sys.stderr is ours:
            sys.stderr = stream


@contextmanager
def telling(module: str) -> Iterator[None]:
    """Say what a module logs meanwhile: what somebody waits for, say, who sees nothing else happen."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("safehash: %(message)s"))
    logger = logging.getLogger(module)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
