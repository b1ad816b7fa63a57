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
    from .catalog import Catalog
    from .compute import (
        Fingerprint,
        fingerprint_bytes,
        fingerprint_file,
        hash_array,
        hash_bytes,
        hash_file,
        hash_files,
        hash_image,
        hash_many,
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
    from .flood import FloodGuard
    from .formats import read_list
    from .hashes import Algorithm, ForeignHash, Hash
    from .index import Index
    from .limits import Limits
    from .lists import Entry, ListReport, Opinion, merge_lists
    from .loading import load_list
    from .matcher import Matcher
    from .policy import ListPolicy, Policy
    from .records import ScanRecord
    from .scanning import scan

__version__ = "0.1.0"

#: Where each public name lives; loaded at its first use.
_HOMES = {
    "Algorithm": "hashes",
    "Catalog": "catalog",
    "CatalogError": "errors",
    "Decision": "decision",
    "Entry": "lists",
    "Fingerprint": "compute",
    "FloodGuard": "flood",
    "ForeignHash": "hashes",
    "Hash": "hashes",
    "ImageError": "errors",
    "ImageTooLarge": "errors",
    "ImageTooSmall": "errors",
    "Index": "index",
    "IndexFileError": "errors",
    "Limits": "limits",
    "ListError": "errors",
    "ListPolicy": "policy",
    "ListReport": "lists",
    "Match": "decision",
    "Matcher": "matcher",
    "Opinion": "lists",
    "Outcome": "decision",
    "Policy": "policy",
    "SafehashError": "errors",
    "ScanRecord": "records",
    "UnreadableImage": "errors",
    "UnsupportedImage": "errors",
    "fingerprint_bytes": "compute",
    "fingerprint_file": "compute",
    "hash_array": "compute",
    "hash_bytes": "compute",
    "hash_file": "compute",
    "hash_files": "compute",
    "hash_image": "compute",
    "hash_many": "compute",
    "load_list": "loading",
    "merge_lists": "lists",
    "read_list": "formats",
    "scan": "scanning",
}

__all__ = [
    "Algorithm",
    "Catalog",
    "CatalogError",
    "Decision",
    "Entry",
    "Fingerprint",
    "FloodGuard",
    "ForeignHash",
    "Hash",
    "ImageError",
    "ImageTooLarge",
    "ImageTooSmall",
    "Index",
    "IndexFileError",
    "Limits",
    "ListError",
    "ListPolicy",
    "ListReport",
    "Match",
    "Matcher",
    "Opinion",
    "Outcome",
    "Policy",
    "SafehashError",
    "ScanRecord",
    "UnreadableImage",
    "UnsupportedImage",
    "fingerprint_bytes",
    "fingerprint_file",
    "hash_array",
    "hash_bytes",
    "hash_file",
    "hash_files",
    "hash_image",
    "hash_many",
    "load_list",
    "merge_lists",
    "read_list",
    "scan",
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
