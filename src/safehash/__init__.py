"""Find known self-harm and suicide imagery by perceptual hash.

::

    import safehash

    matcher = safehash.Matcher.from_files("list.csv")
    decision = matcher.check(data)
    if decision.is_match:
        ...  # suggest review

Importing this package loads neither the image decoders nor the search library; the first call that needs
one does.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import (
        CatalogError,
        DeadlinePassed,
        ImageError,
        ImageTooLarge,
        ImageTooSmall,
        IndexFileError,
        ListError,
        SafehashError,
        UnreadableImage,
        UnsupportedImage,
    )
    from .hashing.compute import (
        Fingerprint,
        fingerprint_bytes,
        fingerprint_file,
        hash_array,
        hash_bytes,
        hash_file,
        hash_image,
        hash_many,
    )
    from .hashing.hashes import Algorithm, ForeignHash, Hash
    from .images.limits import Limits
    from .images.uploads import BinaryReader, Upload, UploadedFile
    from .lists.entry import Entry, Opinion
    from .lists.formats import read_list
    from .lists.loading import load_list
    from .lists.merging import merge_lists
    from .lists.policy import ListPolicy, Policy
    from .lists.report import ListReport
    from .lists.source import ListSource
    from .matching.decision import Decision, Match, Outcome
    from .matching.flood import FloodGuard
    from .matching.matcher import Matcher
    from .matching.settings import FloodLimits, Settings
    from .scanning.catalog import Catalog
    from .scanning.options import ScanOptions
    from .scanning.records import Problem, ScanEvent, ScanRecord, Skipped, Summary
    from .scanning.run import Scan, scan
    from .search.index import Index

__version__ = "0.1.0"

# Silent unless the application asks: without a handler, Python prints warnings to standard error.
logging.getLogger(__name__).addHandler(logging.NullHandler())

#: Where each public name lives; loaded at its first use.
_HOMES = {
    "Algorithm": "hashing.hashes",
    "BinaryReader": "images.uploads",
    "Catalog": "scanning.catalog",
    "CatalogError": "errors",
    "DeadlinePassed": "errors",
    "Decision": "matching.decision",
    "Entry": "lists.entry",
    "Fingerprint": "hashing.compute",
    "FloodGuard": "matching.flood",
    "FloodLimits": "matching.settings",
    "ForeignHash": "hashing.hashes",
    "Hash": "hashing.hashes",
    "ImageError": "errors",
    "ImageTooLarge": "errors",
    "ImageTooSmall": "errors",
    "Index": "search.index",
    "IndexFileError": "errors",
    "Limits": "images.limits",
    "ListError": "errors",
    "ListPolicy": "lists.policy",
    "ListReport": "lists.report",
    "ListSource": "lists.source",
    "Match": "matching.decision",
    "Matcher": "matching.matcher",
    "Opinion": "lists.entry",
    "Outcome": "matching.decision",
    "Policy": "lists.policy",
    "Problem": "scanning.records",
    "SafehashError": "errors",
    "Scan": "scanning.run",
    "ScanEvent": "scanning.records",
    "ScanOptions": "scanning.options",
    "ScanRecord": "scanning.records",
    "Settings": "matching.settings",
    "Skipped": "scanning.records",
    "Summary": "scanning.records",
    "UnreadableImage": "errors",
    "UnsupportedImage": "errors",
    "Upload": "images.uploads",
    "UploadedFile": "images.uploads",
    "fingerprint_bytes": "hashing.compute",
    "fingerprint_file": "hashing.compute",
    "hash_array": "hashing.compute",
    "hash_bytes": "hashing.compute",
    "hash_file": "hashing.compute",
    "hash_image": "hashing.compute",
    "hash_many": "hashing.compute",
    "load_list": "lists.loading",
    "merge_lists": "lists.merging",
    "read_list": "lists.formats",
    "scan": "scanning.run",
}

__all__ = [
    "Algorithm",
    "BinaryReader",
    "Catalog",
    "CatalogError",
    "DeadlinePassed",
    "Decision",
    "Entry",
    "Fingerprint",
    "FloodGuard",
    "FloodLimits",
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
    "ListSource",
    "Match",
    "Matcher",
    "Opinion",
    "Outcome",
    "Policy",
    "Problem",
    "SafehashError",
    "Scan",
    "ScanEvent",
    "ScanOptions",
    "ScanRecord",
    "Settings",
    "Skipped",
    "Summary",
    "UnreadableImage",
    "UnsupportedImage",
    "Upload",
    "UploadedFile",
    "fingerprint_bytes",
    "fingerprint_file",
    "hash_array",
    "hash_bytes",
    "hash_file",
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
