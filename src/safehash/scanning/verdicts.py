"""The file that a reviewer's page gives: what was said of which match, by whom, and when."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from .._face import checked, public_value
from ..errors import CatalogError
from ..files import read_regular

__all__ = ["FORMAT", "VERDICTS", "VERSION", "Verdict", "read_verdicts", "token_of"]

#: What a reviewer can say: it is the listed picture (or shows it); it is not; cannot tell.
VERDICTS = ("right", "wrong", "unsure")

#: First line of such a file.
FORMAT, VERSION = "safehash verdicts", 1
_MAX_BYTES = 1 << 28
_MAX_NAME, _MAX_COMMENT = 200, 4000
_TOKEN_DIGITS = 32
#: How far a reviewer's clock may be ahead of ours.
_AHEAD = timedelta(days=1)


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one reviewer said of one match.

    Made by `read_verdicts`.

    Attributes
    ----------
    match : str
        What a report's page calls the pair of entry and picture.
    verdict : "right", "wrong" or "unsure"
    reviewer : str
    decided : str
        ISO 8601, UTC.
    comment : str or None

    Examples
    --------
    >>> Verdict(match="0" * 32, verdict="right", reviewer="anna", decided="2026-01-01T00:00:00.000+00:00").verdict
    'right'
    """

    match: str
    verdict: str
    reviewer: str
    decided: str
    comment: str | None = None


def token_of(
    source: str, entry: str | None, algorithm: str | None, digest: bytes | None, picture: bytes
) -> str:
    """Return a name for an entry and a picture that shows neither's digest.

    Parameters
    ----------
    source, entry, algorithm, digest
        The entry.
    picture : bytes
        SHA-256 of the picture's bytes; where that is not known, its own hash, or its path.
    """
    parts = (source, entry, algorithm, None if digest is None else digest.hex(), picture.hex())
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:_TOKEN_DIGITS]


@checked
def read_verdicts(path: str | os.PathLike[str], *, reviewer: str | None = None) -> list[Verdict]:
    """Return the verdicts of a file that a report's page gave.

    Parameters
    ----------
    path : path-like
    reviewer : str, optional
        Who said what stands there without a name.

    Raises
    ------
    CatalogError
        No such file, of a newer version, cut off, or with a line that means nothing: then none of it is used.
    OSError
        It cannot be read.

    Examples
    --------
    >>> with open("verdicts.jsonl", "w") as file:
    ...     _ = file.write('{"kind": "safehash verdicts", "version": 1, "verdicts": 0}')
    >>> read_verdicts("verdicts.jsonl")
    []
    """
    name = os.fspath(path)
    try:
        lines = read_regular(path, _MAX_BYTES).decode("utf-8").split("\n")
        header = json.loads(lines[0])
        fits = isinstance(header, dict) and header.get("kind") == FORMAT
    except (ValueError, RecursionError):
        fits = False
    if not fits:
        raise CatalogError(f"{name}: no file of verdicts: save one from a report's page")
    if header.get("version") != VERSION:
        raise CatalogError(f"{name}: written by a newer version ({header.get('version')}, known {VERSION})")
    found = list(_verdicts(name, lines[1:], reviewer))
    if len(found) != header.get("verdicts"):
        raise CatalogError(
            f"{name}: {len(found)} verdicts, its first line says {header.get('verdicts')}: cut off, save it again"
        )
    return found


def _verdicts(name: str, lines: list[str], reviewer: str | None) -> Iterator[Verdict]:
    for number, line in enumerate(lines, start=2):
        if not line.strip():
            continue
        try:
            yield _verdict(json.loads(line), reviewer)
        except (TypeError, ValueError, OverflowError, RecursionError) as exc:
            raise CatalogError(f"{name}: line {number}: no verdict: {exc}") from exc


def _verdict(record: dict[str, Any], reviewer: str | None) -> Verdict:
    if not isinstance(record, dict):
        raise TypeError("no object")
    token, said = record.get("match"), record.get("verdict")
    if not isinstance(token, str) or len(token) != _TOKEN_DIGITS:
        raise ValueError("it does not say which match")
    if said not in VERDICTS:
        raise ValueError(f"a verdict is {', '.join(VERDICTS)}, not {said!r}")
    who = record.get("reviewer") or reviewer
    if not isinstance(who, str) or not who.strip() or len(who) > _MAX_NAME:
        raise ValueError("it does not say who reviewed (--reviewer NAME, if nobody gave a name in the page)")
    comment = record.get("comment")
    if comment is not None and (not isinstance(comment, str) or len(comment) > _MAX_COMMENT):
        raise ValueError(f"a comment is text of at most {_MAX_COMMENT} characters")
    return Verdict(
        match=token,
        verdict=said,
        reviewer=who.strip(),
        decided=_utc(record.get("decided")),
        comment=comment or None,
    )


def _utc(text: object) -> str:
    """Return a time as a catalog writes it; what has no time zone is refused."""
    if not isinstance(text, str):
        raise ValueError("it does not say when")
    when = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if when.tzinfo is None:
        raise ValueError(f"a time without a time zone: {text!r}")
    if when > datetime.now(timezone.utc) + _AHEAD:
        raise ValueError(
            f"{text} lies ahead: the reviewer's clock is wrong, and it would outweigh later verdicts"
        )
    return when.astimezone(timezone.utc).isoformat(timespec="milliseconds")
