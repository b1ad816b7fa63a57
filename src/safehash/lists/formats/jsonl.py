"""Read and write safehash JSON Lines, the one format that loses nothing of an entry."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ...errors import ListError
from ...hashing.hashes import ForeignHash, Hash
from ..entry import CATEGORIES, Entry, Opinion
from ..opinions import unite_opinions
from .fields import BadField, algorithm_named, hash_named, shown, utc_time
from .options import ReadOptions
from .pages import DamagedPage, Page
from .tally import Tally
from .writing import replacing

__all__ = ["VERSION", "entry_record", "read", "write_list"]

#: Version of the format; readers refuse a newer one.
VERSION = 1

_KNOWN = frozenset(
    (
        "algorithm",
        "hash",
        "value",
        "quality",
        "id",
        "source",
        "category",
        "labels",
        "owners",
        "severity",
        "created",
        "updated",
        "deleted",
        "keyed_by",
        "extra",
    )
)


def read(page: Page, tally: Tally, options: ReadOptions) -> Iterator[Entry]:
    """Yield the entries of one page.

    Raises
    ------
    ListError
        The page was written in a newer version of the format.

    References
    ----------
    docs/formats.md, "safehash JSON Lines".
    """
    tally.unit = "line"
    default_source = options.source
    so_far = hashlib.sha256()
    n_met = 0
    number = 0
    ended = False
    try:
        for number, line in page.lines():
            if line is None:
                tally.n_records += 1
                tally.reject(number, "the line is longer than 4 MiB")
                continue
            text = line.decode("utf-8", "replace").strip()
            if not text or text.startswith("#"):
                so_far.update(line + b"\n")
                continue
            try:
                record = _parsed(text)
                if "safehash" in record:
                    _check_version(record["safehash"], page)
                    default_source = _text(record, "name") or default_source
                    ended = False
                elif record.keys() >= {"end", "sha256"}:
                    ended = True
                    if record["end"] != n_met or record["sha256"] != so_far.hexdigest():
                        tally.note("the list was changed after it was written: its checksum does not fit")
                else:
                    n_met += 1
                    tally.n_records += 1
                    yield tally.meet(_entry(record, default_source))
            except BadField as exc:
                tally.n_records += 1
                tally.reject(number, str(exc))
            so_far.update(line + b"\n")
    except DamagedPage as exc:
        tally.cut(number + 1, str(exc))
        return
    if not ended:
        tally.note("the list has no end line: it may have been cut off")


def _parsed(text: str) -> dict[str, Any]:
    try:
        record = json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise BadField("nested too deep") from None
    except ValueError as exc:
        raise BadField(f"not JSON: {exc}") from exc
    if not isinstance(record, dict):
        raise BadField(f"expected an object, found {shown(record)}")
    return record


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _check_version(version: object, page: Page) -> None:
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise BadField(f"expected a version number, found {shown(version)}")
    if version > VERSION:
        raise ListError(
            f"written in version {version} of the format, this safehash reads up to {VERSION}", path=page.path
        )


def _entry(record: dict[str, Any], default_source: str) -> Entry:
    deleted = record.get("deleted", False)
    if not isinstance(deleted, bool):
        raise BadField(f"expected true or false for 'deleted', found {shown(deleted)}")
    entry_id = _text(record, "id")
    source = _text(record, "source")
    value = _hash(record)
    if value is None and not (deleted and entry_id is not None):
        raise BadField("no digest: a record has 'algorithm' and 'hash', a delete at least an 'id'")
    category = record.get("category", "positive")
    if category not in CATEGORIES:
        raise BadField(f"expected one of {', '.join(CATEGORIES)} for 'category', found {shown(category)}")
    given = record.get("extra", {})
    if not isinstance(given, dict):
        raise BadField(f"expected an object for 'extra', found {shown(given)}")
    unknown = {name: field for name, field in record.items() if name not in _KNOWN}
    for name in ("created", "updated"):
        if record.get(name) is not None and utc_time(record[name]) is None:
            raise BadField(f"expected a time for {name!r}, found {shown(record[name])}")
    return Entry(
        hash=value,
        id=entry_id,
        source=default_source if source is None else source,
        category=category,
        labels=_labels(record),
        owners=unite_opinions(_opinion(item) for item in _list(record, "owners")),
        severity=_text(record, "severity"),
        created=utc_time(record.get("created")),
        updated=utc_time(record.get("updated")),
        deleted=deleted,
        keyed_by="digest" if record.get("keyed_by") == "digest" else "id",
        extra=unknown | given,
    )


def _hash(record: dict[str, Any]) -> Hash | ForeignHash | None:
    if record.get("hash") is None and record.get("value") is None:
        return None
    algorithm = algorithm_named(record.get("algorithm"))
    if record.get("value") is not None:
        if not isinstance(record["value"], str):
            raise BadField(f"expected a text for 'value', found {shown(record['value'])}")
        return ForeignHash(str(record["algorithm"]), record["value"])
    quality = record.get("quality")
    if quality is not None and not (
        isinstance(quality, int) and not isinstance(quality, bool) and 0 <= quality <= 100
    ):
        raise BadField(f"expected a quality of 0 to 100, found {shown(quality)}")
    return hash_named(algorithm, record["hash"], quality=quality)


def _list(record: dict[str, Any], name: str) -> list[Any]:
    value = record.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadField(f"expected a list for {name!r}, found {shown(value)}")
    return value


def _text(record: dict[str, Any], name: str) -> str | None:
    value = record.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is not None and not isinstance(value, str):
        raise BadField(f"expected a text for {name!r}, found {shown(value)}")
    return value


def _labels(record: dict[str, Any]) -> tuple[str, ...]:
    labels = _list(record, "labels")
    for label in labels:
        if not isinstance(label, str):
            raise BadField(f"expected texts for 'labels', found {shown(label)}")
    return tuple(sorted(set(labels)))


def _opinion(item: object) -> Opinion:
    if not isinstance(item, dict) or not isinstance(item.get("owner"), str):
        raise BadField(f"expected an opinion with an 'owner', found {shown(item)}")
    category = item.get("category")
    if category not in CATEGORIES:
        raise BadField(
            f"expected a category for the opinion of {shown(item['owner'])}, found {shown(category)}"
        )
    return Opinion(
        owner=item["owner"],
        category=category,
        labels=_labels(item),
        name=_text(item, "name"),
        reasons=tuple(reason for reason in _list(item, "reasons") if isinstance(reason, str)),
    )


def entry_record(entry: Entry) -> dict[str, Any]:
    """Return one entry as plain data; fields with their default value are left out."""
    record: dict[str, Any] = {}
    if isinstance(entry.hash, Hash):
        record["algorithm"] = entry.hash.algorithm.value
        record["hash"] = entry.hash.hex
        if entry.hash.quality is not None:
            record["quality"] = entry.hash.quality
    elif entry.hash is not None:
        record["algorithm"] = entry.hash.algorithm
        record["value"] = entry.hash.value
    for name, value in (
        ("id", entry.id),
        ("source", entry.source),
        ("severity", entry.severity),
        ("created", entry.created),
        ("updated", entry.updated),
    ):
        if value is not None:
            record[name] = value
    if entry.category != "positive":
        record["category"] = entry.category
    if entry.labels:
        record["labels"] = list(entry.labels)
    if entry.owners:
        record["owners"] = [_opinion_record(opinion) for opinion in entry.owners]
    if entry.deleted:
        record["deleted"] = True
    if entry.keyed_by != "id":
        record["keyed_by"] = entry.keyed_by
    if entry.extra:
        record["extra"] = entry.extra
    return record


def _opinion_record(opinion: Opinion) -> dict[str, Any]:
    record: dict[str, Any] = {"owner": opinion.owner, "category": opinion.category}
    if opinion.labels:
        record["labels"] = list(opinion.labels)
    if opinion.name is not None:
        record["name"] = opinion.name
    if opinion.reasons:
        record["reasons"] = list(opinion.reasons)
    return record


def write_list(path: str | os.PathLike[str], entries: Iterable[Entry], *, name: str | None = None) -> int:
    """Write entries as safehash JSON Lines and return how many.

    The file is written beside its place, flushed, and renamed into it; only its owner may read it. Its last
    line counts and sums what came before, so that a cut or altered list is noticed.

    Parameters
    ----------
    path : path
    entries : iterable of Entry
        Read while writing: it may come from a reader of the file that is replaced.
    name : str, optional
        The list's name; by default the file's name without its ending.

    Raises
    ------
    ListError
        The file cannot be written.
    TypeError
        An entry's `extra` holds something JSON cannot.

    Examples
    --------
    >>> write_list("own.jsonl", safehash.read_list("list.csv"), name="own")
    1
    >>> [entry.id for entry in safehash.read_list("own.jsonl")]
    ['b-1']
    """
    so_far = hashlib.sha256()
    n_lines = 0
    header = {"safehash": VERSION, "kind": "list", "name": name if name is not None else Path(path).stem}
    with replacing(path) as file:
        for record in _records(header, entries):
            # ASCII only: lone surrogates that came in escaped go out escaped.
            line = json.dumps(record, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"
            so_far.update(line)
            file.write(line)
            n_lines += 1
        end = {"end": n_lines - 1, "sha256": so_far.hexdigest()}
        file.write(json.dumps(end, separators=(",", ":")).encode("ascii") + b"\n")
    return n_lines - 1


def _records(header: dict[str, Any], entries: Iterable[Entry]) -> Iterator[dict[str, Any]]:
    yield header
    for entry in entries:
        yield entry_record(entry)
