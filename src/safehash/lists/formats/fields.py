"""Turn one field as exchanges write it (a digest, a time, labels) into a value of ours."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from ...errors import SHOWN_DIGITS, shortened_value
from ...hashing.hashes import Algorithm, ForeignHash, Hash
from .remembering import remembered

__all__ = [
    "MAX_SECONDS",
    "BadField",
    "algorithm_name",
    "hash_named",
    "labels_from",
    "optional_text",
    "shown",
    "text_id",
    "utc_time",
    "video_name",
]


class BadField(ValueError):
    """A field that makes its record unusable; the message is the reject's reason."""


_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
# 1970 to 9999 in seconds; larger numbers are milliseconds.
MAX_SECONDS = 253_402_300_799
_EPOCH = datetime(1970, 1, 1)  # in UTC, as all times here


def video_name(algorithm: Algorithm | str) -> str:
    """Return the foreign name under which a video's digest is kept: it is no image's."""
    return f"video_{algorithm_name(algorithm)}"


def shown(value: object, n_characters: int = 24) -> str:
    """Return `value` for a message: quoted, cut, in its own script, and never a whole digest."""
    if value is None:
        return "nothing"
    if not isinstance(value, str):
        text = type(value).__name__
        if isinstance(value, (int, float)):
            text = f"{value:g}" if isinstance(value, float) else _PIECE.sub(_piece, repr(value))
        return text if len(text) <= n_characters else text[: n_characters - 3] + "..."
    if re.fullmatch(r"[0-9A-Fa-f]{9,}", value):
        return f"'{value[:SHOWN_DIGITS]}...' ({len(value)} characters)"
    value = shortened_value(_PIECE.sub(_piece, value))
    return repr(value if len(value) <= n_characters else value[: n_characters - 3] + "...")


#: A piece of a cell as long as the shortest digest in base64, in either alphabet.
_PIECE = re.compile(r"[\w+/-]{11,}={0,2}", re.ASCII)


def _piece(found: re.Match[str]) -> str:
    """Return a piece of a cell: words and days as they are, the first digits of what may be a digest, or have been."""
    piece = found[0]
    letters = re.sub(r"[/_-]", "", piece)
    is_word = letters.isalpha() and (letters.islower() or letters.isupper() or letters.istitle())
    if is_word or re.match(r"\d{4}-\d\d(?![\dA-Fa-f])", piece):
        return piece
    return f"{piece[:SHOWN_DIGITS]}..."


def hash_named(
    algorithm: Algorithm | str, value: object, *, quality: int | None = None
) -> Hash | ForeignHash:
    """Return the hash `value` of an algorithm, or of a foreign one by its name.

    Raises
    ------
    BadField
        Not a text, empty, of the wrong length, or not hexadecimal.
    """
    if not isinstance(value, str) or not value.strip():
        raise BadField(f"expected a {algorithm_name(algorithm)} digest, found {shown(value)}")
    if not isinstance(algorithm, Algorithm):
        return ForeignHash(algorithm, value)
    digits = value.strip()
    n_digits = 2 * algorithm.n_bytes
    try:
        digest = bytes.fromhex(digits)
    except ValueError:
        digest = b""
    if len(digits) != n_digits or len(digest) != algorithm.n_bytes:
        raise BadField(f"expected {n_digits} hexadecimal digits ({algorithm.value}), found {shown(digits)}")
    return Hash(algorithm, digest, quality=quality)


def algorithm_name(algorithm: Algorithm | str) -> str:
    """Return what a type of digest is called, computed here or not."""
    return algorithm.value if isinstance(algorithm, Algorithm) else algorithm


def utc_time(value: object) -> str | None:
    """Return a time as ISO 8601 in UTC ("2026-10-24T15:00:00Z"); None for what is no time.

    Accepts seconds or milliseconds since 1970, as a number or digits, and ISO 8601 in its common forms; a
    time without a zone is UTC.
    """
    if isinstance(value, str):
        return (_common(value) or _from_text(value)) if len(value) < 64 else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return _from_number(value)


def _common(text: str) -> str | None:
    """Read the most common form, 2026-10-24T15:00:00Z (or +0000), in a tenth of the time; None for others."""
    if len(text) not in (20, 24) or text[19:] not in ("Z", "+0000") or text[10] != "T":
        return None
    if not (text[4] == text[7] == "-" and text[13] == text[16] == ":"):
        return None
    try:
        return datetime.fromisoformat(text[:19]).isoformat() + "Z"
    except ValueError:
        return None


# Records of one page share most of their times.
@remembered(8192)
def _from_text(text: str) -> str | None:
    text = text.strip()
    if re.fullmatch(r"\d{9,13}(\.\d+)?", text, re.ASCII):
        return _from_number(float(text) if "." in text else int(text))
    return _from_iso(text)


@functools.lru_cache(maxsize=8192, typed=True)
def _from_number(value: float) -> str | None:
    if not 0 < value < 1000 * MAX_SECONDS:
        return None
    seconds = value / 1000 if value > MAX_SECONDS else value
    return _iso(_EPOCH + timedelta(seconds=seconds))


def _from_iso(text: str) -> str | None:
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        when = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "0").ljust(6, "0")[:6]),
        )
        if zone and zone != "Z":
            offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
            when = when - offset if zone[0] == "+" else when + offset
    except (ValueError, OverflowError):
        return None  # the 31st of February, the year 0
    return _iso(when)


def _iso(when: datetime) -> str:
    return when.isoformat() + "Z"


def labels_from(value: object) -> tuple[str, ...]:
    """Return labels, sorted and unique, from a list of texts, ``{"data": [{"text": ...}]}``, or one text.

    A text is split at ``;``, ``|`` and ``,``, or where it has none of these at white space.
    """
    if isinstance(value, dict):
        value = value.get("data")
    found: Iterable[Any]
    if isinstance(value, str):
        found = re.split(r"[;|,]", value) if re.search(r"[;|,]", value) else value.split()
    elif isinstance(value, list):
        found = [item.get("text") if isinstance(item, dict) else item for item in value]
    else:
        return ()
    return tuple(sorted({label.strip() for label in found if isinstance(label, str) and label.strip()}))


def text_id(value: object) -> str | None:
    """Return an id as text: whole numbers and texts are ids, anything else is none."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def optional_text(value: object) -> str | None:
    """Return a non-empty text (numbers as text), None for anything else."""
    return text_id(value)
