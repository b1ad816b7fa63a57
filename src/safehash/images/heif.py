"""HEIC files to pixels: each of a file's pictures, the one that viewers show first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from ..errors import UnsupportedImage
from .frames import read_frames
from .opening import Codec
from .pictures import Decoded
from .request import Request

__all__ = ["read_heif"]


def read_heif(data: bytes, request: Request) -> Iterator[Decoded]:
    """Decode the pictures of an HEIC file.

    Raises
    ------
    UnsupportedImage
        There is no decoder for it, or the decoder does not read the picture that is shown: others of the file are not
        taken for it.
    """
    return read_frames(CODEC, data, request)


def _opener() -> Callable[..., Any]:
    try:
        return _class()
    except ImportError as exc:
        raise UnsupportedImage("HEIC needs an extra: pip install 'safehash[heic]'") from exc


@cache
def _class() -> Callable[..., Any]:
    from pillow_heif.as_plugin import HeifImageFile

    class _Image(HeifImageFile):  # type: ignore[misc,unused-ignore]
        """A file of which one picture at a time is held, and whose first one is the one to show."""

        def _open(self) -> None:
            super()._open()  # type: ignore[no-untyped-call,unused-ignore]
            if not self.info.get("primary"):  # the library leaves out what it does not read, without a word
                raise UnsupportedImage(
                    "the picture that is shown is made in a way that the HEIC decoder does not read"
                )

        def load(self) -> Any:
            loaded = super().load()  # type: ignore[no-untyped-call,unused-ignore]
            pictures = getattr(self._heif_file, "_images", None)
            if pictures is not None:  # looked at once, and otherwise kept with all others
                pictures[self.tell()] = None
            return loaded

    return _Image


CODEC = Codec(name="HEIF", opener=_opener)
