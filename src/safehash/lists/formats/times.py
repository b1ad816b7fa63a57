"""Many times at once, as ISO 8601 in UTC; each is what `fields.utc_time` makes of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..moments import Moments, Times
from .fields import MAX_SECONDS, utc_time

__all__ = ["no_times", "utc_times"]

#: Forms whose first 19 characters are 2026-10-24T15:00:00, by the rest that follows them.
_UTC_TAILS = ("Z", "+0000", "+00:00")


def utc_times(values: Sequence[object]) -> Times:
    """Return each of some times as ISO 8601 in UTC, None for what is no time."""
    if not values:
        return []
    kinds = set(map(type, values))
    if type(None) in kinds and len(kinds) == 2:
        return _with_none(values)
    found = None
    if kinds == {int}:
        found = _from_seconds(values)
    elif kinds == {str}:
        found = _from_texts(values)  # type: ignore[arg-type]
    return found if found is not None else list(map(utc_time, values))


def no_times(values: Sequence[object], times: Times) -> list[int]:
    """Return which of some values are there, and no time."""
    if isinstance(times, Moments) or None not in times:
        return []
    return [k for k, (time, value) in enumerate(zip(times, values, strict=True)) if time is None and value]


def _with_none(values: Sequence[object]) -> Times:
    any_of_them = next(value for value in values if value is not None)
    found = utc_times([any_of_them if value is None else value for value in values])
    if not isinstance(found, Moments):
        return [None if value is None else time for value, time in zip(values, found, strict=True)]
    return Moments(found.characters, np.array([value is not None for value in values]))


def _from_seconds(values: Sequence[object]) -> Moments | None:
    try:
        seconds = np.array(values, np.int64)
    except OverflowError:
        return None
    if not ((seconds > 0) & (seconds <= MAX_SECONDS)).all():
        return None
    days, clock = np.divmod(seconds, 86_400)
    distinct, which = np.unique(days, return_inverse=True)
    dates = np.datetime_as_string(distinct.view("M8[D]")).astype("S10").view(np.uint8).reshape(-1, 10)
    characters = np.empty((len(values), _N), np.uint8)
    characters[:] = _FORM
    characters[:, :10] = dates[which]
    for at, numbers in ((11, clock // 3600), (14, clock // 60 % 60), (17, clock % 60)):
        characters[:, at : at + 2] = _PAIRS[numbers]
    return Moments(characters)


def _from_texts(values: Sequence[str]) -> Moments | None:
    n = len(values[0])
    joined = "".join(values)
    if not 20 <= n <= 25 or len(joined) != n * len(values) or not joined.isascii():
        return None
    if set(map(len, values)) != {n}:
        return None
    characters = np.frombuffer(joined.encode(), np.uint8).reshape(-1, n)
    tail = values[0][19:]
    if tail not in _UTC_TAILS or not (characters[:, 19:] == characters[0, 19:]).all():
        return None
    if not (characters[:, _SEPARATORS] == _SEPARATED).all():
        return None
    digits = characters[:, _DIGITS] - np.uint8(ord("0"))
    if (digits > 9).any() or not _are_dates(digits):
        return None
    if tail == "Z":
        return Moments(characters)
    written = characters[:, :_N].copy()
    written[:, 19] = ord("Z")
    return Moments(written)


def _are_dates(digits: npt.NDArray[np.uint8]) -> bool:
    """Tell whether all of some rows of 14 digits are a day and a time of it.

    Parameters
    ----------
    digits : uint8, shape (n, 14)
        Year, month, day, hour, minute and second.
    """
    pairs = digits[:, 0::2] * np.uint8(10) + digits[:, 1::2]
    century, year, month, day, hour, minute, second = pairs.T
    if ((month < 1) | (month > 12) | (hour > 23) | (minute > 59) | (second > 59)).any():
        return False
    if ((day < 1) | (day > _DAYS[month])).any() or ((century == 0) & (year == 0)).any():
        return False
    of_february = (month == 2) & (day == 29)
    if of_february.any():
        years = century[of_february].astype(np.int64) * 100 + year[of_february]
        return bool(((years % 4 == 0) & ((years % 100 != 0) | (years % 400 == 0))).all())
    return True


_SEPARATORS = [4, 7, 10, 13, 16]
_SEPARATED = np.frombuffer(b"--T::", np.uint8)
_DIGITS = [at for at in range(19) if at not in _SEPARATORS]
#: The days of each month, from 1, in a leap year.
_DAYS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.uint8)
#: How a time is written, of so many characters, and all numbers of two digits.
_FORM = np.frombuffer(b"0000-00-00T00:00:00Z", np.uint8)
_N = _FORM.size
_PAIRS = np.frombuffer(b"".join(b"%02d" % k for k in range(100)), np.uint8).reshape(100, 2)
