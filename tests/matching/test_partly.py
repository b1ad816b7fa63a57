"""What matched stands where the rest of an upload could not be looked at; that it could not is said with it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import safehash
from safehash.errors import DeadlinePassed, ImageError, ImageTooLarge, UnreadableImage
from safehash.images.decoding import decode_frames
from safehash.matching import deciding
from safehash.matching.decision import Decision, Outcome
from safehash.matching.matcher import Matcher
from safehash.matching.pairs import REVIEW
from safehash.scanning.catalog import Catalog
from safehash.scanning.caveats import caveat_of
from safehash.scanning.holdings import records
from safehash.scanning.options import ScanOptions
from safehash.scanning.run import scan
from stores import write_list, write_pictures

#: Why later frames are not looked at, and what an upload is of which nothing matched.
FAILURES = [
    (UnreadableImage("frame 2: damaged"), Outcome.UNREADABLE, None),
    (ImageTooLarge("frame 2: too many pixels"), Outcome.TOO_LARGE, None),
    (DeadlinePassed("it took too long"), Outcome.TOO_LARGE, "deadline"),
]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    listed, other = write_pictures(tmp_path / "pictures", 2)
    write_list(tmp_path / "own.csv", listed)
    write_list(tmp_path / "more.csv", other)
    return tmp_path


def matchers(here: Path) -> dict[str, Matcher]:
    """Return a matcher that finds the first picture, one that has it allowed, and one that finds nothing."""
    own = here / "own.csv"
    allowed = Matcher.from_files(own, allow=[safehash.ListSource(own, name="harmless")])
    return {
        "match": Matcher.from_files(own),
        "suppressed": allowed,
        "nothing": Matcher.from_files(here / "more.csv"),
    }


@pytest.fixture(params=FAILURES, ids=lambda each: type(each[0]).__name__)
def failing(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> tuple[ImageError, Outcome, str | None]:
    """Have every upload fail after its first frame."""
    failure, outcome, kind = request.param

    def frames(*given: Any, **more: Any) -> Iterator[Any]:
        yield from itertools.islice(decode_frames(*given, **more), 1)
        raise failure

    monkeypatch.setattr(deciding, "decode_frames", frames)
    return failure, outcome, kind


def test_the_rest_is_never_passed_over_in_silence(
    here: Path, failing: tuple[ImageError, Outcome, str | None]
) -> None:
    failure, outcome, kind = failing
    picture = here / "pictures" / "picture00000.png"
    found: dict[str, Decision] = {name: each.check(picture) for name, each in matchers(here).items()}
    assert {name: each.outcome for name, each in found.items()} == {
        "match": Outcome.MATCH, "suppressed": Outcome.SUPPRESSED, "nothing": outcome,
    }  # fmt: skip
    assert {each.reason for each in found.values()} == {str(failure)}
    assert [each.failure for each in found.values()] == [None, None, kind], "what matched is decided"
    # A reviewer, or a flood, may cancel what matched after all.
    cancelled = found["match"].suppressing({found["match"].matches[0].entry.key}, by=REVIEW)
    caveats = [caveat_of(each.facts()) for each in (found["suppressed"], cancelled, found["match"])]
    assert [caveat and caveat.name for caveat in caveats] == ["looked at in part"] * 2 + [None]
    assert found["match"].hash == found["suppressed"].hash == safehash.hash_file(picture)


def test_a_file_whose_match_is_taken_back_was_not_looked_at_as_a_whole(
    here: Path, failing: tuple[ImageError, Outcome, str | None]
) -> None:
    """The entry leaves its list while another folder is scanned: nothing says then that the file is harmless."""
    write_pictures(here / "elsewhere", 1, first_seed=70)
    outcomes = []
    for folder, text in (("pictures", None), ("elsewhere", "pdq,id\n" + "0f" * 32 + ",other\n")):
        if text is not None:
            (here / "own.csv").write_text(text)
        matcher = Matcher.from_files(here / "own.csv")
        with (
            Catalog(here / "c.db") as kept,
            scan(here / folder, matcher=matcher, options=ScanOptions(workers=0), catalog=kept) as running,
        ):
            list(running)
        with Catalog(here / "c.db", create=False) as kept:
            (found,) = (each["outcome"] for each in records(kept) if "pictures/picture00000" in each["path"])
            outcomes.append(found)
    assert outcomes == ["match", "unreadable"]
