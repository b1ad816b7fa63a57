"""Find known self-harm and suicide imagery by perceptual hash.

::

    import safehash

    matcher = safehash.Matcher.from_files("list.csv")
    decision = matcher.check(data)
    if decision.outcome is safehash.Outcome.MATCH:
        ...  # suggest review

Importing this package loads neither the image decoders nor the search library; the first call that needs
one does.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .compute import (
        Fingerprint,
        fingerprint_bytes,
        fingerprint_file,
        hash_array,
        hash_bytes,
        hash_file,
        hash_image,
    )
    from .decision import Decision, Match, Outcome
    from .errors import (
        CatalogError,
        ImageError,
        ImageTooLarge,
        ImageTooSmall,
        IndexFileError,
        ListError,
        SafehashError,
        UnreadableImage,
        UnsupportedImage,
    )
    from .hashes import Algorithm, ForeignHash, Hash
    from .images import Limits
    from .index import Index
    from .lists import Entry

__version__ = "0.1.0"

#: Where each public name lives; loaded at its first use.
_HOMES = {
    "Algorithm": "hashes",
    "CatalogError": "errors",
    "Decision": "decision",
    "Entry": "lists",
    "Fingerprint": "compute",
    "ForeignHash": "hashes",
    "Hash": "hashes",
    "ImageError": "errors",
    "ImageTooLarge": "errors",
    "ImageTooSmall": "errors",
    "Index": "index",
    "IndexFileError": "errors",
    "Limits": "images",
    "ListError": "errors",
    "Match": "decision",
    "Outcome": "decision",
    "SafehashError": "errors",
    "UnreadableImage": "errors",
    "UnsupportedImage": "errors",
    "fingerprint_bytes": "compute",
    "fingerprint_file": "compute",
    "hash_array": "compute",
    "hash_bytes": "compute",
    "hash_file": "compute",
    "hash_image": "compute",
}

__all__ = [
    "Algorithm",
    "CatalogError",
    "Decision",
    "Entry",
    "Fingerprint",
    "ForeignHash",
    "Hash",
    "ImageError",
    "ImageTooLarge",
    "ImageTooSmall",
    "Index",
    "IndexFileError",
    "Limits",
    "ListError",
    "Match",
    "Outcome",
    "SafehashError",
    "UnreadableImage",
    "UnsupportedImage",
    "fingerprint_bytes",
    "fingerprint_file",
    "hash_array",
    "hash_bytes",
    "hash_file",
    "hash_image",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
