"""Many times at once, as ISO 8601 in UTC; each is what `fields.utc_time` makes of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .fields import MAX_SECONDS, utc_time

__all__ = ["utc_times"]

#: Forms whose first 19 characters are 2026-10-24T15:00:00, by the rest that follows them.
_UTC_TAILS = ("Z", "+0000", "+00:00")


def utc_times(values: Sequence[object]) -> list[str | None]:
    """Return each of some times as ISO 8601 in UTC, None for what is no time."""
    if not values:
        return []
    kinds = set(map(type, values))
    if type(None) in kinds and len(kinds) == 2:
        at = [k for k, value in enumerate(values) if value is not None]
        found_of = dict(zip(at, utc_times([values[k] for k in at]), strict=True))
        return [found_of.get(k) for k in range(len(values))]
    if kinds == {int}:
        found = _from_seconds(values)
    elif kinds == {str}:
        found = _from_texts(values)  # type: ignore[arg-type]
    else:
        found = None
    return found if found is not None else list(map(utc_time, values))


def _from_seconds(values: Sequence[object]) -> list[str | None] | None:
    try:
        seconds = np.array(values, np.int64)
    except OverflowError:
        return None
    if not ((seconds > 0) & (seconds <= MAX_SECONDS)).all():
        return None
    texts = np.datetime_as_string(seconds.view("M8[s]"), unit="s")
    return list(np.char.add(texts, "Z").tolist())


def _from_texts(values: Sequence[str]) -> list[str | None] | None:
    lengths = set(map(len, values))
    if len(lengths) != 1:
        return None
    n = lengths.pop()
    tails = {value[19:] for value in values}
    if not 20 <= n <= 25 or not tails <= set(_UTC_TAILS):
        return None
    joined = "".join(value[:19] for value in values)
    if not joined.isascii():
        return None
    characters = np.frombuffer(joined.encode(), np.uint8).reshape(-1, 19)
    for at, expected in _SEPARATORS:
        if (characters[:, at] != expected).any():
            return None
    digits = characters[:, _DIGITS]
    if ((digits < 48) | (digits > 57)).any():
        return None
    try:
        whole = np.array([value[:19] for value in values], "M8[s]")
    except ValueError:
        return None  # the 31st of February
    if (whole < _YEAR_ONE).any():
        return None
    return [value[:19] + "Z" for value in values]


_SEPARATORS = ((4, ord("-")), (7, ord("-")), (10, ord("T")), (13, ord(":")), (16, ord(":")))
_DIGITS = [at for at in range(19) if at not in (4, 7, 10, 13, 16)]
_YEAR_ONE = np.datetime64("0001-01-01T00:00:00", "s")
