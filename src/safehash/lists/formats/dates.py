"""What a cell says of a time: that it has come, is to come, or none."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from .fields import utc_time

__all__ = ["is_date", "is_no_date", "moment_of"]

# What databases and programs write for "no date".
_ZERO = re.compile(
    r"0+(?:\.0+)?|(?:0000-00-00|0001-01-01|1601-01-01|1753-01-01|1899-12-3[01])(?:[t ].*)?|1/1/0001.*|01/01/0001.*"
    r"|1900-01-01(?:[t ]00:00.*)?|1900-01-00(?:[t ].*)?|1970-01-01(?:[t ]00:00(?::00(?:\.0+)?)?(?:z|\+00:?00)?)?"
    r"|(?:12/3[01]|3[01]/12)/1899(?: .*)?|3[01]\.12\.1899(?: .*)?|0?1/0?0/1900(?: .*)?|0?0[/.]0?1[/.]1900(?: .*)?"
    r"|-?infinity"
)
_CLOCK = r"(?:[t ]+(?P<clock>\d\d?:\d\d(?::\d\d(?:\.\d+)?)?)\s*(?P<half>am|pm)?\s*(?:z|utc|gmt)?)?"
_YEAR_FIRST = re.compile(rf"(?P<year>\d{{4}})[/.](?P<one>\d\d?)[/.](?P<two>\d\d?){_CLOCK}")
_YEAR_LAST = re.compile(rf"(?P<one>\d\d?)[/.-](?P<two>\d\d?)[/.-](?P<year>\d{{4}}){_CLOCK}")
_DIGITS = re.compile(r"(?P<year>\d{4})(?P<one>\d\d)(?P<two>\d\d)(?:t?\d{4}(?:\d\d)?z?)?")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_NAMED = re.compile(
    r"(?:(?P<one>\d\d?)[ -](?P<month>[a-z]{3,9})[ -]|(?P<month2>[a-z]{3,9})\.? (?P<two>\d\d?),? )"
    rf"(?P<year>\d{{4}}){_CLOCK}"
)

_MAIL = re.compile(r"(?:[a-z]{3}, ?)?\d\d? [a-z]{3} \d{4} \d\d:\d\d(?::\d\d)?(?: (?:gmt|utc|[+-]\d{4}))?")


def moment_of(raw: str, now: str) -> str | None:
    """Return whether a time is "past", "future" or "zero"; None for what is no time, or could be either."""
    if _ZERO.fullmatch(raw):
        return "zero"
    when = utc_time(raw.upper())
    if when is not None:
        if _is_of_another_calendar(when):
            return None
        return "past" if when.removesuffix("Z") <= now.removesuffix("Z") else "future"
    days = _days(raw)
    if any(map(_is_of_another_calendar, days)):
        return None
    readings = {day <= now[:10] for day in days}
    if len(readings) != 1:
        return None
    return "past" if readings.pop() else "future"


def _is_of_another_calendar(day: str) -> bool:
    """Tell whether a date may be counted in other years than ours: 2567 is past in Thailand, 1450 to come in Iran.

    Nothing that lists hold happened before 1900; what no longer ends is written 2999 or 9999, say, and is neither.
    """
    year = int(day[:4])
    return year < _FIRST_YEAR or any(_FIRST_YEAR <= year - apart <= _LAST_YEAR for apart in _APART)


_FIRST_YEAR, _LAST_YEAR = 1900, 2200
#: By how many years the calendars of Buddhists and Jews are ahead of ours.
_APART = (543, 3760)


def is_date(text: str) -> bool:
    """Tell whether a cell is a date, or seconds since 1970, and no number of something else."""
    raw = text.strip().lower()
    if not re.search(r"\d[-/.:]\d| \d{4}", raw) and not re.fullmatch(r"1\d{9}(?:\d{3})?", raw):
        return False
    return utc_time(raw.upper()) is not None or bool(_days(raw))


def is_no_date(text: str) -> bool:
    """Tell whether a cell is what databases and programs write for "no date", other than a number."""
    return ("-" in text or "/" in text or text[:1] in "iI") and _ZERO.fullmatch(text.lower()) is not None


def _days(raw: str) -> list[str]:
    """Return every day that a date may mean, ISO 8601: 5/6/2024 is the 5th of June and the 6th of May."""
    match = _YEAR_FIRST.fullmatch(raw) or _DIGITS.fullmatch(raw)
    if match is not None:
        return _valid((match["year"], match["one"], match["two"]))
    match = _YEAR_LAST.fullmatch(raw)
    if match is not None:
        one, two, year = match["one"], match["two"], match["year"]
        return _valid((year, one, two), (year, two, one))
    match = _NAMED.fullmatch(raw)
    if match is not None:
        name = (match["month"] or match["month2"])[:3]
        if name in _MONTHS:
            return _valid((match["year"], str(_MONTHS.index(name) + 1), match["one"] or match["two"]))
    if not _MAIL.fullmatch(raw):
        return []
    try:
        when = parsedate_to_datetime(raw)
    except (TypeError, ValueError, IndexError, OverflowError):
        return []
    if when.tzinfo is not None:
        try:
            when = when.astimezone(timezone.utc)
        except OverflowError:
            return []
    return [when.date().isoformat()]


def _valid(*dates: tuple[str, str, str]) -> list[str]:
    found = []
    for year, month, day in dates:
        try:
            found.append(datetime(int(year), int(month), int(day)).date().isoformat())
        except ValueError:
            continue
    return found
