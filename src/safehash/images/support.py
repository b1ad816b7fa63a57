"""Which decoders are installed, and of which version: for whoever asks why a format is not read."""

from __future__ import annotations

__all__ = ["decoders"]

#: Formats that need a library, and what the imaging library calls that.
_FEATURES = (
    ("JPEG", "jpg"),
    ("PNG", "zlib"),
    ("WebP", "webp"),
    ("AVIF", "avif"),
    ("TIFF, compressed", "libtiff"),
)


def decoders() -> dict[str, str | None]:
    """Return the version of the library behind each format, None where it is not there.

    Examples
    --------
    >>> decoders()["JPEG"] is not None
    True
    """
    from PIL import features

    found: dict[str, str | None] = {}
    for name, feature in _FEATURES:
        found[name] = (features.version(feature) or "there") if features.check(feature) else None
    try:
        import pillow_heif
    except ImportError:
        found["HEIC"] = None
    else:
        found["HEIC"] = str(pillow_heif.libheif_version())
    return found
