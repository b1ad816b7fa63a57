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
from typing import TYPE_CHECKING

from ._face import attach

if TYPE_CHECKING:
    from . import lists
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
    from .evaluation.evaluate import evaluate
    from .evaluation.options import EvaluationOptions
    from .evaluation.results import Evaluation, EvaluationRow, ListEvaluation, ListMatch
    from .hashing.compute import (
        Decode,
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
    from .images.pictures import Also, Blob, Decoded, Effort, Provenance
    from .images.uploads import BinaryReader, Unopened, Upload, UploadedFile
    from .lists.entry import Entry, Opinion
    from .lists.formats.reading import ListReader, read_list
    from .lists.loading import LoadedList, Withdrawn, load_list
    from .lists.merging import merge_lists
    from .lists.policy import ListPolicy, Policy
    from .lists.report import ColumnUse, ListReport, Reject
    from .lists.source import ListPath, ListSource
    from .lists.table import EntryTable
    from .matching.decision import Audit, Decision, ListInfo, Match, NearMiss, Outcome
    from .matching.explaining import Explanation, GateSaid, Look, Near
    from .matching.flood import FloodGuard, Quarantined
    from .matching.list_signatures import sign_list
    from .matching.matcher import Matcher
    from .matching.pairs import Pair, read_pairs, write_pairs
    from .matching.parts import windows_to_list
    from .matching.settings import FloodLimits, Settings
    from .reports.compliance import compliance_record
    from .reports.matches import ReportPart
    from .reports.report import report
    from .scanning.agreement import Agreement
    from .scanning.catalog import Catalog
    from .scanning.changes import Change
    from .scanning.isolating import Isolated, isolated
    from .scanning.lookback import Similar, rematch, similar
    from .scanning.options import ScanOptions
    from .scanning.records import Known, Problem, ScanEvent, ScanRecord, Skipped, Summary
    from .scanning.reviews import Applied, apply_verdicts, pairs_of
    from .scanning.run import Scan, scan
    from .scanning.verdicts import Verdict, read_verdicts
    from .search.growing import GrowingIndex
    from .search.index import Index

__version__ = "0.2.0"

__all__ = [
    "Agreement",
    "Algorithm",
    "Also",
    "Applied",
    "Audit",
    "BinaryReader",
    "Blob",
    "Catalog",
    "CatalogError",
    "Change",
    "ColumnUse",
    "DeadlinePassed",
    "Decision",
    "Decode",
    "Decoded",
    "Effort",
    "Entry",
    "EntryTable",
    "Evaluation",
    "EvaluationOptions",
    "EvaluationRow",
    "Explanation",
    "Fingerprint",
    "FloodGuard",
    "FloodLimits",
    "ForeignHash",
    "GateSaid",
    "GrowingIndex",
    "Hash",
    "ImageError",
    "ImageTooLarge",
    "ImageTooSmall",
    "Index",
    "IndexFileError",
    "Isolated",
    "Known",
    "Limits",
    "ListError",
    "ListEvaluation",
    "ListInfo",
    "ListMatch",
    "ListPath",
    "ListPolicy",
    "ListReader",
    "ListReport",
    "ListSource",
    "LoadedList",
    "Look",
    "Match",
    "Matcher",
    "Near",
    "NearMiss",
    "Opinion",
    "Outcome",
    "Pair",
    "Policy",
    "Problem",
    "Provenance",
    "Quarantined",
    "Reject",
    "ReportPart",
    "SafehashError",
    "Scan",
    "ScanEvent",
    "ScanOptions",
    "ScanRecord",
    "Settings",
    "Similar",
    "Skipped",
    "Summary",
    "Unopened",
    "UnreadableImage",
    "UnsupportedImage",
    "Upload",
    "UploadedFile",
    "Verdict",
    "Withdrawn",
    "apply_verdicts",
    "compliance_record",
    "evaluate",
    "fingerprint_bytes",
    "fingerprint_file",
    "hash_array",
    "hash_bytes",
    "hash_file",
    "hash_image",
    "hash_many",
    "isolated",
    "lists",
    "load_list",
    "merge_lists",
    "pairs_of",
    "read_list",
    "read_pairs",
    "read_verdicts",
    "rematch",
    "report",
    "scan",
    "sign_list",
    "similar",
    "windows_to_list",
    "write_pairs",
]

#: Where each public name lives; loaded at its first use.
_HOMES = {
    "Agreement": "scanning.agreement",
    "Algorithm": "hashing.hashes",
    "Also": "images.pictures",
    "Applied": "scanning.reviews",
    "Audit": "matching.decision",
    "BinaryReader": "images.uploads",
    "Blob": "images.pictures",
    "Catalog": "scanning.catalog",
    "CatalogError": "errors",
    "Change": "scanning.changes",
    "ColumnUse": "lists.report",
    "DeadlinePassed": "errors",
    "Decision": "matching.decision",
    "Decode": "hashing.compute",
    "Decoded": "images.pictures",
    "Effort": "images.pictures",
    "Entry": "lists.entry",
    "EntryTable": "lists.table",
    "Evaluation": "evaluation.results",
    "EvaluationOptions": "evaluation.options",
    "EvaluationRow": "evaluation.results",
    "Explanation": "matching.explaining",
    "Fingerprint": "hashing.compute",
    "FloodGuard": "matching.flood",
    "FloodLimits": "matching.settings",
    "ForeignHash": "hashing.hashes",
    "GateSaid": "matching.explaining",
    "GrowingIndex": "search.growing",
    "Hash": "hashing.hashes",
    "ImageError": "errors",
    "ImageTooLarge": "errors",
    "ImageTooSmall": "errors",
    "Index": "search.index",
    "IndexFileError": "errors",
    "Isolated": "scanning.isolating",
    "Known": "scanning.records",
    "Limits": "images.limits",
    "ListError": "errors",
    "ListEvaluation": "evaluation.results",
    "ListInfo": "matching.decision",
    "ListMatch": "evaluation.results",
    "ListPath": "lists.source",
    "ListPolicy": "lists.policy",
    "ListReader": "lists.formats.reading",
    "ListReport": "lists.report",
    "ListSource": "lists.source",
    "LoadedList": "lists.loading",
    "Look": "matching.explaining",
    "Match": "matching.decision",
    "Matcher": "matching.matcher",
    "Near": "matching.explaining",
    "NearMiss": "matching.decision",
    "Opinion": "lists.entry",
    "Outcome": "matching.decision",
    "Pair": "matching.pairs",
    "Policy": "lists.policy",
    "Problem": "scanning.records",
    "Provenance": "images.pictures",
    "Quarantined": "matching.flood",
    "Reject": "lists.report",
    "ReportPart": "reports.matches",
    "SafehashError": "errors",
    "Scan": "scanning.run",
    "ScanEvent": "scanning.records",
    "ScanOptions": "scanning.options",
    "ScanRecord": "scanning.records",
    "Settings": "matching.settings",
    "Similar": "scanning.lookback",
    "Skipped": "scanning.records",
    "Summary": "scanning.records",
    "UnreadableImage": "errors",
    "UnsupportedImage": "errors",
    "Unopened": "images.uploads",
    "Upload": "images.uploads",
    "UploadedFile": "images.uploads",
    "Verdict": "scanning.verdicts",
    "Withdrawn": "lists.loading",
    "apply_verdicts": "scanning.reviews",
    "compliance_record": "reports.compliance",
    "evaluate": "evaluation.evaluate",
    "fingerprint_bytes": "hashing.compute",
    "fingerprint_file": "hashing.compute",
    "hash_array": "hashing.compute",
    "hash_bytes": "hashing.compute",
    "hash_file": "hashing.compute",
    "hash_image": "hashing.compute",
    "hash_many": "hashing.compute",
    "isolated": "scanning.isolating",
    "lists": "lists",
    "load_list": "lists.loading",
    "merge_lists": "lists.merging",
    "pairs_of": "scanning.reviews",
    "read_list": "lists.formats.reading",
    "read_pairs": "matching.pairs",
    "read_verdicts": "scanning.verdicts",
    "rematch": "scanning.lookback",
    "report": "reports.report",
    "scan": "scanning.run",
    "sign_list": "matching.list_signatures",
    "similar": "scanning.lookback",
    "windows_to_list": "matching.parts",
    "write_pairs": "matching.pairs",
}

# A type checker reads the imports above, and so knows which names there are none of.
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _HOMES)

# Silent unless the application asks: without a handler, Python prints warnings to standard error.
logging.getLogger(__name__).addHandler(logging.NullHandler())
