"""Read pages of the Tech Against Terrorism hash list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from ...hashing.hashes import Algorithm
from ..entry import Entry
from ..pools import pool_of_bytes
from .batch import Batch
from .beside import check_beside
from .exchange_types import check_unknown, exchange_type
from .fields import BadField, hash_named, labels_from, shown, text_id, utc_time, video_name
from .json_records import PlainShape, one_entry, read_records
from .options import ReadOptions
from .pages import Page
from .paging import note_paging
from .plain_columns import PlainColumns
from .tally import Tally

__all__ = ["read"]

_KNOWN = frozenset(("id", "hash_digest", "algorithm", "deleted", "created_on", "updated_on"))
_VIDEO_TYPES = frozenset(("mov", "m4v", "mp4", "webm", "avi", "mkv", "wmv", "flv", "3gp", "mpg", "mpeg"))


def read(page: Page, tally: Tally, options: ReadOptions) -> Iterator[Entry | Batch]:
    """Yield the entries of one page.

    References
    ----------
    docs/formats.md, "Tech Against Terrorism".
    """

    def at_end(root: dict[str, Any]) -> None:
        check_beside(root, tally, options.ignore)
        note_paging(root, tally)

    patient = one_entry(_entry, options.source, tally)
    yield from read_records(
        page, tally, "results", patient, plain=_PLAIN, on_root=at_end, ignore=options.ignore
    )


class _Plain(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A record as they usually are."""

    id: int
    hash_digest: str
    algorithm: str
    deleted: bool
    created_on: str
    updated_on: str | float
    ideology: msgspec.Raw = msgspec.Raw()
    file_type: msgspec.Raw = msgspec.Raw()


def _columns(rows: list[_Plain]) -> PlainColumns:
    kinds = [(bytes(row.ideology), bytes(row.file_type)) for row in rows]
    extras = {kind: _extra(*kind) for kind in dict.fromkeys(kinds)}
    return PlainColumns(
        keys=[
            (row.algorithm, row.deleted, type(row.updated_on), kind)
            for row, kind in zip(rows, kinds, strict=True)
        ],
        digests=[row.hash_digest for row in rows],
        ids=[str(row.id) for row in rows],
        created=[row.created_on for row in rows],
        updated=[row.updated_on for row in rows],
        extras=pool_of_bytes([extras[kind] for kind in kinds]),
    )


def _extra(ideology: bytes, file_type: bytes) -> bytes:
    pairs = ((b"ideology", ideology), (b"file_type", file_type))
    return b"{%b}" % b",".join(
        b'"%b":%b' % (name, value) for name, value in pairs if value not in (b"", b"null")
    )


_PLAIN = PlainShape(_Plain, _columns)


def _entry(record: dict[str, Any], source: str, tally: Tally) -> Entry:
    algorithm = exchange_type(record.get("algorithm"), tally)
    file_type = record.get("file_type")
    is_video = isinstance(file_type, str) and file_type.lower().lstrip(".") in _VIDEO_TYPES
    if is_video and isinstance(algorithm, Algorithm):
        algorithm = video_name(algorithm)
    value = hash_named(algorithm, record.get("hash_digest"))
    deleted = record.get("deleted", False)
    if not isinstance(deleted, bool):
        raise BadField(f"expected true or false for 'deleted', found {shown(deleted)}")
    extra = {name: field for name, field in record.items() if name not in _KNOWN and field is not None}
    check_unknown(extra, tally)
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
