"""What cancels a match, to the bit: an allowed picture in the same view, near enough, and nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import safehash
from safehash.hashing.hashes import Hash
from safehash.lists.entry import Entry
from safehash.matching.deciding import _allowed_by
from safehash.matching.decision import Outcome
from safehash.matching.matcher import Matcher
from safehash.matching.settings import Settings
from safehash.matching.views import Hit

BASE = int.from_bytes(hashlib.sha256(b"a digest").digest(), "big")


def off(n_bits: int, *, first: int = 0) -> Hash:
    """Return a digest that differs from the base in so many bits."""
    return Hash("pdq", (BASE ^ (((1 << n_bits) - 1) << first)).to_bytes(32, "big"))


@pytest.mark.parametrize("allow_distance", [0, 7, 16])
def test_an_allowed_picture_reaches_as_far_as_it_is_told(allow_distance: int, tmp_path: Path) -> None:
    listed, allow = tmp_path / "listed.csv", tmp_path / "harmless.csv"
    listed.write_text(f"pdq,quality\n{off(3, first=200).hex},100\n".replace("\\\n", "\n"))
    allow.write_text(f"pdq,quality\n{off(0).hex},100\n".replace("\\\n", "\n"))
    matcher = Matcher.from_files(listed, allow=[allow], settings=Settings(allow_distance=allow_distance))
    for distance, outcome in ((allow_distance, Outcome.SUPPRESSED), (allow_distance + 1, Outcome.MATCH)):
        assert matcher.check_hash(off(distance)).outcome is outcome, distance


def test_only_what_the_same_view_hit_is_cancelled() -> None:
    """Two panels of one template: the harmless one stands beside the listed one and is no excuse for it."""
    listed = Entry(hash=off(8), source="own")
    harmless = Entry(hash=off(0), source="harmless")
    hit = Hit(row=0, distance=5, view="panel 1 of 2")
    for view, by in (("panel 1 of 2", "harmless"), ("panel 2 of 2", None)):
        assert _allowed_by(listed, hit, [(harmless, Hit(row=1, distance=4, view=view))]) == by
    # Nor can one window lead to two pictures that lie further apart than both distances together.
    for distance, by in ((3, "harmless"), (2, None)):
        near = Hit(row=1, distance=distance, view="panel 1 of 2")
        assert _allowed_by(listed, hit, [(harmless, near)]) == by


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
def test_a_file_s_digest_matches_whole(algorithm: str, tmp_path: Path) -> None:
    """The look-up goes by the first eight bytes."""
    data = b"not an image at all"
    digest = safehash.hash_bytes(data, algorithm=algorithm).digest
    listed = tmp_path / "files.csv"
    for at, outcome in (
        (len(digest) - 1, Outcome.UNSUPPORTED),
        (8, Outcome.UNSUPPORTED),
        (None, Outcome.MATCH),
    ):
        changed = bytearray(digest)
        if at is not None:
            changed[at] ^= 1
        listed.write_text(f"{algorithm}\n{changed.hex()}\n")
        assert Matcher.from_files(listed).check(data).outcome is outcome, at


@pytest.mark.parametrize(
    ("by", "of", "in_list", "outcome"),
    [
        ("md5", b"a file", "md5", Outcome.SUPPRESSED),
        ("sha1", b"a file", "md5", Outcome.SUPPRESSED),
        ("sha256", b"a file", "md5", Outcome.SUPPRESSED),
        ("sha256", b"a file", "sha1", Outcome.SUPPRESSED),
        # Two files of one MD5, or SHA-1, can be made: by the longer digest it is known which one it is.
        ("md5", b"a file", "sha1", Outcome.MATCH),
        ("sha1", b"a file", "sha256", Outcome.MATCH),
        ("sha1", b"another", "md5", Outcome.MATCH),
        ("md5", b"another", "md5", Outcome.MATCH),
    ],
)
def test_an_allowed_file_is_cancelled_whole(
    by: str, of: bytes, in_list: str, outcome: Outcome, tmp_path: Path
) -> None:
    listed, allow = tmp_path / "listed.csv", tmp_path / "harmless.csv"
    listed.write_text(f"{in_list}\n{hashlib.new(in_list, b'a file').hexdigest()}\n")
    allow.write_text(f"{by}\n{hashlib.new(by, of).hexdigest()}\n")
    decision = Matcher.from_files(listed, allow=[allow]).check(b"a file")
    assert decision.outcome is outcome
    told = [(match.entry.source, match.suppressed_by) for match in decision.matches]
    assert ("listed", "harmless" if outcome is Outcome.SUPPRESSED else None) in told
