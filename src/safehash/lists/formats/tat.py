"""Read pages of the Tech Against Terrorism hash list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...hashing.hashes import Algorithm
from ..entry import Entry
from .fields import BadField, algorithm_named, hash_named, labels_from, shown, text_id, utc_time, video_name
from .json_stream import records
from .options import ReadOptions
from .pages import Page
from .tally import Tally

__all__ = ["read"]

_KNOWN = frozenset(("id", "hash_digest", "algorithm", "deleted", "created_on", "updated_on"))
_VIDEO_TYPES = frozenset(("mov", "m4v", "mp4", "webm", "avi", "mkv", "wmv", "flv", "3gp", "mpg", "mpeg"))


def read(page: Page, tally: Tally, options: ReadOptions) -> Iterator[Entry]:
    """Yield the entries of one page.

    References
    ----------
    docs/formats.md, "Tech Against Terrorism".
    """
    for number, record in records(page, tally, "results"):
        try:
            entry = _entry(record, options.source)
        except BadField as exc:
            tally.reject(number, str(exc))
            continue
        yield tally.meet(entry)


def _entry(record: dict[str, Any], source: str) -> Entry:
    algorithm = algorithm_named(record.get("algorithm"))
    file_type = record.get("file_type")
    is_video = isinstance(file_type, str) and file_type.lower().lstrip(".") in _VIDEO_TYPES
    if is_video and isinstance(algorithm, Algorithm):
        algorithm = video_name(algorithm)
    value = hash_named(algorithm, record.get("hash_digest"))
    deleted = record.get("deleted", False)
    if not isinstance(deleted, bool):
        raise BadField(f"expected true or false for 'deleted', found {shown(deleted)}")
    extra = {name: field for name, field in record.items() if name not in _KNOWN and field is not None}
    ideology = record.get("ideology")
    return Entry(
        hash=value,
        id=text_id(record.get("id")),
        source=source,
        labels=labels_from([ideology]),
        created=utc_time(record.get("created_on")),
        updated=utc_time(record.get("updated_on")),
        deleted=deleted,
        extra=extra,
    )
