"""Bytes, file, image or array in; Hash out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from .._core import MOST_TURNED, pdq, pdq_turned, phash
from .._face import checked, public_value
from ..errors import ImageError, shorten, shortened
from ..images.decoding import decode, from_image
from ..images.limits import DEFAULT_LIMITS, Limits, check_small
from ..images.pictures import Blob, Decoded, Provenance
from ..images.request import Reduction
from ..images.uploads import Upload, read_file, take
from .hashes import Algorithm, Hash
from .threads import on_threads

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "Fingerprint",
    "fingerprint_bytes",
    "fingerprint_file",
    "hash_array",
    "hash_bytes",
    "hash_decoded",
    "hash_file",
    "hash_image",
    "hash_many",
    "turned_digests",
    "turned_hashes",
]

Decode = Literal["fast", "full"]

#: From which shorter side (pixels) a decode may be reduced by which step before PDQ's operator is folded onto
#: it. Measured: benchmarks/results, "drift"; the rule keeps the 99th percentile at 4 bits of 256.
REDUCTION = ((2500, 8), (1536, 4), (768, 2))

#: The same of a progressive file that our own reader of JPEG files reads (images/jpeg_means.py): its scans of further
#: bits are passed over, which would be too coarse at a quarter; half costs little more.
REDUCTION_OF_PROGRESSIVE = ((2500, 8), (768, 2))

#: The same where nothing but its hash is wanted, and each sample is the mean of what it stands for, which our reader
#: gives. A matcher wants more of a picture: it looks those up to 767 pixels up as the reference tool shrinks them, too,
#: and searches all for parts (in a quarter of 1 160 pixels it did not find one that it finds in half).
OF_A_HASH = ((2500, 8), (1000, 4), (512, 2))
OF_A_PROGRESSIVE_HASH = ((2500, 8), (512, 2))

#: The reduction a fast PDQ decode takes for a picture whose shorter side is given, in pixels.
reduction_for = Reduction(drafted=REDUCTION, means=REDUCTION, progressive=REDUCTION_OF_PROGRESSIVE)
#: The same where nothing but its hash is wanted.
reduction_for_hash = Reduction(drafted=REDUCTION, means=OF_A_HASH, progressive=OF_A_PROGRESSIVE_HASH)


@checked
def hash_bytes(
    data: Blob,
    *,
    algorithm: str | Algorithm = Algorithm.PDQ,
    decode: Decode = "fast",
    limits: Limits = DEFAULT_LIMITS,
) -> Hash:
    """Hash an image file held in memory; of an animation, its first frame.

    Parameters
    ----------
    data : bytes, bytearray or memoryview
        The whole file.
    algorithm : "pdq", "phash", "phash256", "md5", "sha1" or "sha256"
        The last three are digests of the bytes themselves.
    decode : "fast" or "full"
        "fast" decodes luma, reduced where PDQ can be folded onto it: within 4 bits of "full" for 99 of 100
        photographs. "full" decodes all pixels in colour as the reference tools do.
    limits : Limits
        Checked before anything is decoded.

    Returns
    -------
    Hash

    Raises
    ------
    ImageError
        Its subclass says why: unreadable, too large, too small, unsupported.
    TypeError
        No bytes; the message names the function that takes what was given.

    References
    ----------
    docs/hashes.md.

    Examples
    --------
    >>> with open("photo.jpg", "rb") as file:
    ...     data = file.read()
    >>> hash_bytes(data)
    <Hash pdq f8f8f0ce..., quality=100>
    >>> hash_bytes(data, algorithm="phash").algorithm.n_bits
    64
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise _not_taken("hash_bytes", "the bytes of a file", data)
    algorithm = Algorithm(algorithm)
    if not algorithm.is_perceptual:
        return Hash(algorithm, hashlib.new(algorithm.value, data, usedforsecurity=False).digest())
    return hash_decoded(_decode_for(data, (algorithm,), decode, limits), algorithm=algorithm)


@checked
def hash_file(
    path: str | os.PathLike[str],
    *,
    algorithm: str | Algorithm = Algorithm.PDQ,
    decode: Decode = "fast",
    limits: Limits = DEFAULT_LIMITS,
) -> Hash:
    """Hash an image file. Parameters and errors are those of `hash_bytes`, and OSError where it cannot be read.

    Examples
    --------
    >>> hash_file("photo.jpg").distance(hash_file("photo.jpg", decode="full")) <= 10
    True
    """
    return hash_bytes(read_file(path, limits=limits), algorithm=algorithm, decode=decode, limits=limits)


def hash_image(image: Image, *, algorithm: str | Algorithm = Algorithm.PDQ) -> Hash:
    """Hash an image object of PIL. An EXIF orientation it still carries is applied.

    Raises
    ------
    ImageError
        The object's file turned out damaged, or the picture is too small.
    TypeError
        It is no such object, or a closed one.

    Examples
    --------
    >>> from PIL import Image
    >>> with Image.open("photo.jpg") as image:
    ...     hash_image(image.resize((400, 251))).distance(hash_file("photo.jpg")) <= 10
    True
    """
    if not _is_pil(image):
        raise _not_taken("hash_image", "an image object of PIL", image)
    return hash_decoded(from_image(image), algorithm=_perceptual(algorithm))


@checked
def hash_array(pixels: npt.NDArray[np.uint8], *, algorithm: str | Algorithm = Algorithm.PDQ) -> Hash:
    """Hash pixels.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (rows, cols) or (rows, cols, 3)
        Grey or RGB, upright, any strides.
    algorithm : "pdq", "phash" or "phash256"

    Raises
    ------
    ImageTooSmall
        Fewer than 5 rows or columns.
    TypeError, ValueError
        Not uint8, or not such a shape; an image of PIL, whose samples may be numbers of a palette.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.tile(np.arange(0, 256, 2, np.uint8), (128, 1))
    >>> hash_array(ramp, algorithm="phash256").quality is None
    True
    """
    array = pixels if type(pixels) is np.ndarray else _array_of(pixels)
    if array.ndim >= 2 and 0 not in array.shape[:2]:
        check_small(array.shape[1], array.shape[0])
    algorithm = _perceptual(algorithm)
    if algorithm is Algorithm.PDQ:
        digest, quality = pdq(array)
        return Hash(algorithm, digest, quality=quality)
    return Hash(algorithm, phash(array, keep=_KEEP[algorithm]))


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """Everything asked for of one image, from one read and one decode.

    Made by `fingerprint_file` and `fingerprint_bytes`.

    Attributes
    ----------
    hashes : tuple of Hash
        In the order asked for, file digests among them.
    turned : tuple of Hash
        PDQ of the eight orientations of the picture, each hashed from truly turned pixels; empty unless asked.
    provenance : Provenance

    Examples
    --------
    >>> found = fingerprint_file("photo.jpg", algorithms=("pdq", "sha256"))
    >>> [value.algorithm.value for value in found.hashes], found.provenance.format
    (['pdq', 'sha256'], 'JPEG')
    """

    hashes: tuple[Hash, ...]
    turned: tuple[Hash, ...] = ()
    provenance: Provenance


@checked
def fingerprint_bytes(
    data: Blob,
    *,
    algorithms: tuple[str | Algorithm, ...] = (Algorithm.PDQ,),
    orientations: bool = False,
    decode: Decode = "fast",
    limits: Limits = DEFAULT_LIMITS,
) -> Fingerprint:
    """Compute several hashes of one image file held in memory.

    Parameters and errors are those of `hash_bytes`; `algorithms` names any of them, file digests included.

    Examples
    --------
    >>> with open("photo.jpg", "rb") as file:
    ...     found = fingerprint_bytes(file.read(), orientations=True)
    >>> len(found.turned), found.turned[0] == found.hashes[0]
    (8, True)
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise _not_taken("fingerprint_bytes", "the bytes of a file", data)
    wanted = tuple(Algorithm(algorithm) for algorithm in algorithms)
    decoded = _decode_for(data, wanted, decode, limits)
    hashes = tuple(
        hash_decoded(decoded, algorithm=algorithm)
        if algorithm.is_perceptual
        else hash_bytes(data, algorithm=algorithm)
        for algorithm in wanted
    )
    turned = turned_hashes(decoded) if orientations else ()
    return Fingerprint(hashes=hashes, turned=turned, provenance=decoded.provenance)


@checked
def fingerprint_file(
    path: str | os.PathLike[str],
    *,
    algorithms: tuple[str | Algorithm, ...] = (Algorithm.PDQ,),
    orientations: bool = False,
    decode: Decode = "fast",
    limits: Limits = DEFAULT_LIMITS,
) -> Fingerprint:
    """Compute several hashes of one image file. See `fingerprint_bytes`; OSError where it cannot be read.

    Examples
    --------
    >>> [value.algorithm.value for value in fingerprint_file("photo.jpg", algorithms=("md5", "phash")).hashes]
    ['md5', 'phash']
    """
    data = read_file(path, limits=limits)
    return fingerprint_bytes(
        data, algorithms=algorithms, orientations=orientations, decode=decode, limits=limits
    )


# -- many -------------------------------------------------------------------------------------------------------


@checked
def hash_many(
    items: Iterable[Upload],
    *,
    threads: int | None = None,
    algorithm: str | Algorithm = Algorithm.PDQ,
    decode: Decode = "fast",
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[Hash | ImageError | OSError]:
    """Hash many pictures, several at a time, in their order; an error is a value.

    Parameters
    ----------
    items : iterable of bytes, path-like, binary file object, PIL image or ndarray of uint8
        What `Matcher.check` takes, in any mixture. Taken as they are needed: at most twice as many as threads
        are held.
    threads : int, optional
        By default one for each processor this process may use; 1 for none beside the calling one. Decoding and
        hashing run without the GIL.
    algorithm, decode, limits
        As of `hash_bytes`.

    Yields
    ------
    Hash, ImageError or OSError
        One for each item, in their order; OSError for a file that cannot be read.

    Raises
    ------
    TypeError
        An item is no picture in any form.
    ValueError
        Pixels are to have a digest of a file's bytes, or fewer than one thread is asked for.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.tile(np.arange(0, 256, 2, np.uint8), (128, 1))
    >>> [type(each).__name__ for each in hash_many([ramp, b"no picture", "no/such/file.jpg"])]
    ['Hash', 'UnsupportedImage', 'FileNotFoundError']
    """
    algorithm = Algorithm(algorithm)

    def one(item: Upload) -> Hash | ImageError | OSError:
        try:
            taken = take(item, limits=limits)
            if isinstance(taken, Decoded):
                return hash_decoded(taken, algorithm=_perceptual(algorithm))
            return hash_bytes(taken, algorithm=algorithm, decode=decode, limits=limits)
        except (ImageError, OSError) as exc:
            shorten(exc)
            return exc

    return on_threads(one, items, threads=threads)


def _array_of(pixels: object) -> npt.NDArray[np.uint8]:
    if isinstance(pixels, (str, bytes, bytearray, os.PathLike)) or pixels is None or _is_pil(pixels):
        raise _not_taken("hash_array", "an array of uint8", pixels)
    return np.asarray(pixels)


def _is_pil(value: object) -> bool:
    """Tell an image object of PIL, whose arrays may be a palette's numbers; PIL is not loaded for it."""
    return any(each.__module__ == "PIL.Image" for each in type(value).__mro__)


def _not_taken(function: str, takes: str, value: object) -> TypeError:
    """Return the error that says which function takes what was given."""
    instead = (
        "`hash_file` takes a path" if isinstance(value, (str, os.PathLike))
        else "`hash_bytes` takes the bytes of a file" if isinstance(value, (bytes, bytearray, memoryview))
        else "`hash_image` takes an image object of PIL" if _is_pil(value)
        else "`hash_array` takes an array of uint8" if isinstance(value, np.ndarray)
        else "`hash_many` takes file objects" if hasattr(value, "read")
        else "`hash_many` takes several" if isinstance(value, (list, tuple))
        else None
    )  # fmt: skip
    hint = "" if instead is None else f": {instead}"
    return TypeError(f"{function} takes {takes}, not {type(value).__name__}{hint}")


# -- the steps, for the rooms above ---------------------------------------------------------------------------


def hash_decoded(decoded: Decoded, *, algorithm: Algorithm) -> Hash:
    """Hash a decoded picture, its EXIF orientation applied."""
    provenance = decoded.provenance
    if algorithm is Algorithm.PDQ:
        digest, quality = pdq(
            decoded.pixels,
            rows=provenance.height,
            cols=provenance.width,
            step=provenance.scale,
            orientation=provenance.orientation,
        )
        return Hash(algorithm, digest, quality=quality)
    upright = _upright(decoded.pixels, provenance.orientation)
    return Hash(algorithm, phash(upright, keep=_KEEP[algorithm]))


def turned_hashes(decoded: Decoded) -> tuple[Hash, ...]:
    """Return PDQ of the eight orientations (order `hashes.ORIENTATIONS`), each of truly turned pixels."""
    digests, quality, _ = turned_digests(decoded)
    return tuple(Hash(Algorithm.PDQ, digest, quality=quality) for digest in digests)


def turned_digests(decoded: Decoded, *, most: int = MOST_TURNED) -> tuple[tuple[bytes, ...], int, int]:
    """Return the digests of `turned_hashes` and the quality of the picture as it is, with less around them.

    Parameters
    ----------
    decoded : Decoded
    most : int
        Pixels up to which the reference tool's rounding decides where nothing else does.

    Returns
    -------
    digests : tuple of bytes
    quality : int
    n_doubtful : int
        The picture's pixels where that was so, 0 elsewhere.
    """
    provenance = decoded.provenance
    return pdq_turned(
        decoded.pixels,
        rows=provenance.height,
        cols=provenance.width,
        step=provenance.scale,
        orientation=provenance.orientation,
        most=most,
    )


_KEEP = {Algorithm.PHASH: 8, Algorithm.PHASH256: 16}


def _perceptual(algorithm: str | Algorithm) -> Algorithm:
    if algorithm is Algorithm.PDQ:  # what is nearly always asked for
        return Algorithm.PDQ
    algorithm = Algorithm(algorithm)
    if not algorithm.is_perceptual:
        raise ValueError(
            f"{algorithm.value} is a digest of a file's bytes, and pixels have none; use hash_bytes"
        )
    return algorithm


def _decode_for(data: Blob, algorithms: tuple[Algorithm, ...], how: Decode, limits: Limits) -> Decoded:
    """Decode once for all of `algorithms`."""
    if how == "full":
        return decode(data, limits=limits)
    if how != "fast":
        raise ValueError(shortened(f'decode is "fast" or "full", not {how!r}'))
    only_pdq = Algorithm.PHASH not in algorithms and Algorithm.PHASH256 not in algorithms
    return decode(data, limits=limits, step_for=reduction_for_hash if only_pdq else _no_reduction)


def _no_reduction(shorter_side: int) -> int:
    return 1


def _upright(pixels: npt.NDArray[np.uint8], orientation: int) -> npt.NDArray[np.uint8]:
    """Apply an EXIF orientation to stored pixels."""
    rows = slice(None, None, -1) if orientation in (3, 4, 6, 7) else slice(None)
    cols = slice(None, None, -1) if orientation in (2, 3, 7, 8) else slice(None)
    turned = pixels[rows, cols]
    return turned.swapaxes(0, 1) if orientation >= 5 else turned
