"""Which day a cell of a list names, and on which side of today it lies: by hand."""

from __future__ import annotations

import pytest

from safehash.lists.formats.dates import is_date, moment_of

NOW = "2026-01-01T12:00:00Z"


@pytest.mark.parametrize(
    ("text", "side"),
    [
        # as mail writes them: the day is that of universal time
        ("mon, 05 jan 2026 10:00:00 +0200", "future"),
        ("wed, 31 dec 2025 23:00:00 gmt", "past"),
        ("02 jan 2026 00:30 +0100", "past"),
        ("1 jan 2026 23:30 -0100", "future"),
        ("mon, 05 abc 2026 10:00", None),
        ("32 jan 2026 10:00", None),
        # as people do
        ("5 jan 2026", "future"),
        ("december 31, 2025", "past"),
        ("31/12/2025", "past"),
        ("13/01/2026", "future"),
        ("02/01/2026", "future"),
        ("12/01/2025", "past"),
        ("01/02/2026", "future"),
        ("30/02/2026", None),
        ("20260102t1000z", "future"),
        ("20251231", "past"),
        # of other calendars: 2569 is this year in Thailand, 5786 in Israel
        ("2569-01-01", None),
        ("05 jan 5786 10:00", None),
        ("2999-12-31", "future"),
        ("9999-12-31", "future"),
    ],
)
def test_on_which_side_of_today_a_day_lies(text: str, side: str | None) -> None:
    assert moment_of(text, NOW) == side
    if side is not None:
        assert is_date(text) or text[:8].isdigit()


@pytest.mark.parametrize("text", ["12", "1.5", "2026", "abc 2026", "10/2026 of them", "1234567890123456"])
def test_numbers_and_words_are_no_dates(text: str) -> None:
    assert not is_date(text)
    assert moment_of(text.lower(), NOW) is None


def test_a_moment_outside_the_years_that_there_are_is_no_date() -> None:
    """In its own zone it is the year 9999; where it is told it would be 10000."""
    assert is_date("Fri, 31 Dec 9999 20:00:00 +0000")
    assert not is_date("Fri, 31 Dec 9999 20:00:00 -0800")
