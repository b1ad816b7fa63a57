"""What a decoded picture is: pixels as stored, and how they came about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from .._face import public_value
from ..errors import ImageError, UnreadableImage

__all__ = [
    "AS_FAR", "Also", "Blob", "Decoded", "Effort", "Provenance", "UInt8Array", "another", "as_it_ends", "failing",
]  # fmt: skip

UInt8Array = npt.NDArray[np.uint8]
#: A file held in memory.
Blob: TypeAlias = bytes | bytearray | memoryview
#: How much work an upload is worth, from the least to the most; `matching.settings.EFFORTS` has them in order.
Effort = Literal["fast", "standard", "thorough", "exhaustive"]
#: Name of what browsers show of a picture that ends early.
AS_FAR = "as far as it goes"


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """How bytes became the pixels that were hashed.

    Made by whatever looks at a picture.

    Attributes
    ----------
    format : str
        Container format, "JPEG", "PNG" ...
    mode : str
        The file's own pixel mode as the decoder names it.
    width, height : int
        Of the stored picture, before orientation, in pixels.
    scale : int
        1 for a full decode, 2, 4 or 8 for a reduced one.
    orientation : int
        EXIF orientation that was applied, 1 for none.
    frame, n_frames : int
        Which frame, of how many. A single hash looks at the first frame and leaves ``n_frames`` at 1 for a
        still picture, 2 for "more than one, not counted".
    truncated : bool
        The file ended early; missing rows are as the decoder left them.
    transparent : bool
        Some pixel was not opaque; the picture was put on white.

    Examples
    --------
    >>> safehash.fingerprint_file("photo.jpg").provenance.to_record()
    {'format': 'JPEG', 'mode': 'RGB', 'size': [800, 502]}
    """

    format: str
    mode: str
    width: int
    height: int
    scale: int = 1
    orientation: int = 1
    frame: int = 0
    n_frames: int = 1
    truncated: bool = False
    transparent: bool = False

    def to_record(self) -> dict[str, Any]:
        """Return the facts that differ from an ordinary decode, as plain data.

        Examples
        --------
        >>> safehash.fingerprint_file("photo.jpg").provenance.to_record()["format"]
        'JPEG'
        """
        record: dict[str, Any] = {"format": self.format, "mode": self.mode, "size": [self.width, self.height]}
        plain = {
            "scale": 1,
            "orientation": 1,
            "frame": 0,
            "n_frames": 1,
            "truncated": False,
            "transparent": False,
        }
        record.update(
            {name: getattr(self, name) for name, usual in plain.items() if getattr(self, name) != usual}
        )
        return record


@public_value
@dataclass(frozen=True, slots=True)
class Also:
    """Another picture of the same upload, made only where it is looked up.

    Made by whatever looks at a picture.

    Attributes
    ----------
    name : str
        How the upload had to be looked at, in plain words: "on black", "in its own colours" ...
    make : callable
        Returns it as a `Decoded`, whose own `also` is not looked at; raises `ImageError` where it cannot be made.
        Holds on to what it is made of, so an `Also` is let go as soon as it has been looked up.
    effort : "fast", "standard", "thorough" or "exhaustive"
        From which effort on it is looked up.
    shown : bool
        Ordinary viewers show this rather than the pixels as they are stored.
    plain : bool
        Looked up as it is alone: not turned, no negative, no parts. It is what a tool that makes lists has of the
        file; where it cannot be read, that tool could not either, and nothing is missing. Where it is another picture
        than a viewer shows, palette indices for greys, say, two drawings may become one: a graphic matches near
        identity only.

    Examples
    --------
    >>> from PIL import Image
    >>> with Image.open("photo.jpg") as image:
    ...     image.putalpha(200)
    ...     image.save("faded.png")
    >>> def parts(picture):
    ...     print([also.name for also in picture.also][0])
    ...     return []
    >>> safehash.lists.add("own.jsonl", ["faded.png"], options=safehash.lists.AddOptions(parts=parts)).n_entries
    on black
    1
    """

    name: str
    make: Callable[[], Decoded]
    effort: Effort = "standard"
    shown: bool = False
    plain: bool = False


@public_value
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decoded:
    """Pixels as stored (EXIF orientation not yet applied) and what they are.

    Made by whatever looks at a picture; what is given to `lists.Parts`.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (n_rows, n_cols) or (n_rows, n_cols, 3)
        Luma or RGB. With ``provenance.scale`` s each sample averages s x s pixels of the original.
    provenance : Provenance
    also : tuple of Also
        What else a viewer, or the tool that made a list, may see in the same bytes.
    shown_for : float
        Of a frame, the milliseconds it is shown as the file says; 0 where that is not known.

    Examples
    --------
    >>> def parts(picture: Decoded):
    ...     rows, cols = picture.pixels.shape[:2]
    ...     middle = picture.pixels[rows // 4 : 3 * rows // 4, cols // 4 : 3 * cols // 4]
    ...     return [(safehash.hash_array(middle), "the middle")]
    >>> safehash.lists.add("own.jsonl", ["photo.jpg"], options=safehash.lists.AddOptions(parts=parts)).n_entries
    2
    """

    pixels: npt.NDArray[np.uint8]
    provenance: Provenance
    also: tuple[Also, ...] = ()
    shown_for: float = 0.0

    @property
    def rows(self) -> int:
        """Rows of the original, before orientation.

        Examples
        --------
        >>> def parts(picture):
        ...     print(picture.rows, picture.cols, picture.provenance.scale)
        ...     return []
        >>> _ = safehash.lists.add("own.jsonl", ["photo.jpg"], options=safehash.lists.AddOptions(parts=parts))
        502 800 1
        """
        return self.provenance.height

    @property
    def cols(self) -> int:
        """Columns of the original, before orientation.

        Examples
        --------
        >>> def parts(picture):
        ...     print(picture.cols)
        ...     return []
        >>> _ = safehash.lists.add("own.jsonl", ["photo.jpg"], options=safehash.lists.AddOptions(parts=parts))
        800
        """
        return self.provenance.width


def another(name: str, read: Callable[[], Decoded], *, has_rows: bool = False) -> tuple[Also, ...]:
    """Return a picture that only some viewers show of an upload, and what else they may see of it, from `standard` on.

    Parameters
    ----------
    name : str
        Which picture, in plain words.
    read : callable
        Returns it; where it raises `ImageError`, the picture's `make` does.
    has_rows : bool
        As much of it is read as any viewer shows: of what is damaged before its first row nobody sees anything.
    """
    try:
        picture = read()
    except ImageError as exc:
        if has_rows and isinstance(exc, UnreadableImage):
            return ()
        return (failing(name, exc),)
    others = (
        replace(
            also,
            name=f"{name}, {also.name}",
            effort="thorough" if also.effort == "thorough" else "standard",
            shown=False,
        )
        for also in picture.also
    )
    return (Also(name, lambda: replace(picture, also=())), *others)


def as_it_ends(picture: Decoded) -> tuple[Also, ...]:
    """Return what browsers show of a picture that ends early where others show another one, and what is seen of it."""
    others = tuple(replace(also, name=f"{AS_FAR}, {also.name}") for also in picture.also)
    is_shown = not any(also.shown for also in others)
    return (Also(AS_FAR, lambda: replace(picture, also=()), effort="fast", shown=is_shown), *others)


def failing(name: str, error: ImageError) -> Also:
    """Return a picture that cannot be made, and why: whoever looks it up is told."""
    return Also(name, partial(_fail, error))


def _fail(error: ImageError) -> Decoded:
    raise error
