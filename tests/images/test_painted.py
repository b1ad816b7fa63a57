"""What Chromium painted of small files of every format and feature is looked up; more effort never finds less.

The short form of ``make check-browser``: digests by `browser/pixels_golden.py`, and of files that were once misread.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

import safehash
from conftest import DATA
from safehash import Hash, Settings
from safehash.errors import UnreadableImage
from safehash.hashing.compute import Decode, hash_decoded, reduction_for
from safehash.hashing.hashes import Algorithm
from safehash.images.decoding import decode_frames
from safehash.images.pictures import Effort
from safehash.matching.matcher import Matcher
from safehash.matching.settings import EFFORTS

PAINTED = DATA / "painted"
#: Bits between what was painted and the nearest view.
_NEAR = 10
#: Flatter than this a picture's hash means nothing, and nothing is said of it.
_LEAST_QUALITY = 20


class Row(NamedTuple):
    """One picture that was painted."""

    path: Path
    frame: int
    painted: Hash
    what: str


def rows(folder: str) -> Iterator[Row]:
    for line in (PAINTED / folder / "painted.tsv").read_text(encoding="utf-8").splitlines()[2:]:
        name, frame, digest, quality, what = line.split("\t")
        if int(quality) >= _LEAST_QUALITY:
            painted = Hash(Algorithm.PDQ, bytes.fromhex(digest), quality=int(quality))
            yield Row(PAINTED / folder / name, int(frame), painted, what)


ROWS = [*rows("pixels"), *rows("odd"), *rows("cases"), *rows("changed"), *rows("items")]
FILES = sorted({row.path for row in ROWS})


def test_the_corpus_is_there() -> None:
    assert len(FILES) >= 160
    assert {path.suffix for path in FILES} == {".png", ".gif", ".bmp", ".jpg", ".webp", ".avif", ".tif"}


def distances(row: Row, effort: Effort) -> dict[str, int]:
    """Return how far each picture that an effort looks up of a frame is from what was painted."""
    frames = list(decode_frames(row.path.read_bytes(), step_for=reduction_for, effort=effort))
    frame = frames[row.frame]
    found = {"as it is": frame}
    for number, also in enumerate(frame.also):
        if EFFORTS.index(also.effort) <= EFFORTS.index(effort):
            try:
                found[f"{number} {also.name}"] = also.make()
            except UnreadableImage:
                assert also.plain, "only what a tool cannot read either may be missing"
    return {
        name: hash_decoded(each, algorithm=Algorithm.PDQ).distance(row.painted)
        for name, each in found.items()
    }


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.path.name}-{row.frame}-{row.what}")
def test_what_was_painted_is_looked_up_at_every_effort(row: Row) -> None:
    found = distances(row, "fast")
    assert min(found.values()) <= _NEAR, found


@pytest.fixture(scope="module")
def matcher(tmp_path_factory: pytest.TempPathFactory) -> Matcher:
    """A matcher whose list holds everything that was painted."""
    path = tmp_path_factory.mktemp("painted") / "painted.txt"
    path.write_text("".join(f"{row.painted.hex}\n" for row in ROWS), encoding="utf-8")
    return Matcher.from_files(path)


def matched(matcher: Matcher, path: Path, effort: Effort) -> dict[object, int]:
    decision = matcher.check(path, effort=effort)
    return {match.entry.key: match.distance for match in decision.matches}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_more_effort_never_finds_less(matcher: Matcher, path: Path) -> None:
    found = [matched(matcher, path, effort) for effort in EFFORTS]
    for less, more in pairwise(found):
        assert less.keys() <= more.keys()
    if any((row.painted.quality or 0) >= 50 for row in ROWS if row.path == path):
        assert found[0], "everything here is on the list"


@pytest.mark.parametrize("path", sorted({row.path for row in rows("cases")}), ids=lambda path: path.name)
def test_what_was_an_evasion_is_a_match_at_every_effort(path: Path, tmp_path: Path) -> None:
    listed = tmp_path / "listed.txt"
    listed.write_text("".join(f"{row.painted.hex}\n" for row in ROWS if row.path == path), encoding="utf-8")
    for effort in EFFORTS:
        matcher = Matcher.from_files(listed, settings=Settings(effort=effort))
        decision = matcher.check(path)
        assert decision.is_match, effort
        assert min(match.distance for match in decision.matches) <= _NEAR


def test_frames_of_one_file_are_told_apart() -> None:
    """The corpus would hold nothing if every frame looked like the first."""
    by_file: defaultdict[Path, list[Hash]] = defaultdict(list)
    for row in (*rows("pixels"), *rows("odd")):
        by_file[row.path].append(row.painted)
    apart = [max(each.distance(shown[0]) for each in shown) for shown in by_file.values() if len(shown) > 1]
    assert sum(distance > 31 for distance in apart) >= 20


def test_hashing_takes_the_first_frame_that_is_shown() -> None:
    path = PAINTED / "cases" / "apng_hidden_default.png"
    (row,) = (row for row in ROWS if row.path == path)
    hows: tuple[Decode, ...] = ("fast", "full")
    for decode in hows:
        assert safehash.hash_file(path, decode=decode).distance(row.painted) <= _NEAR
