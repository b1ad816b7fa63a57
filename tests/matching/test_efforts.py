"""More effort never finds less: what `fast` finds `standard` finds, and so on; nor does a list beside others."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

import safehash
from safehash import Hash
from safehash.evaluation.manipulations import MANIPULATIONS, apply
from safehash.evaluation.scene import Scene
from safehash.hashing import compute
from safehash.images import decoding
from safehash.images.pictures import Decoded
from safehash.matching import views
from safehash.matching.efforts import PROPOSALS
from safehash.matching.refining import MAX_CANDIDATES, MAX_DEGENERATE
from safehash.matching.settings import EFFORTS, Effort
from safehash.matching.thumbnails import Thumbnails
from safehash.search.index import Index

NAMES = ("astronaut", "chelsea", "coffee", "rocket", "camera", "immunohistochemistry")
PICTURES = [Image.fromarray(np.asarray(getattr(skimage.data, name)())).convert("RGB") for name in NAMES]
BY_NAME = {manipulation.name: manipulation for manipulation in MANIPULATIONS}


@pytest.fixture(scope="module")
def index() -> Index:
    """The pictures, each as it is and a little altered, so that rows lie at many distances."""
    rng = np.random.default_rng(7)
    own = [np.frombuffer(compute.hash_array(np.asarray(each)).digest, np.uint8) for each in PICTURES]
    near = [np.unpackbits(each) for each in own for _ in range(6)]
    for bits in near:
        bits[rng.choice(256, rng.integers(0, 40), replace=False)] ^= 1
    return Index.from_digests(np.concatenate([np.stack(own), np.stack([np.packbits(bits) for bits in near])]))


def found(upload: list[Decoded], index: Index, effort: Effort, max_distance: int) -> dict[int, int]:
    """Return the rows found, each with the least threshold that finds it."""
    hits = views.look_up(upload, index, max_distance=max_distance, min_quality=50, effort=effort).hits
    return {hit.row: hit.needs for hit in hits}


@given(
    name=st.sampled_from(sorted(BY_NAME)),
    number=st.integers(0, len(PICTURES) - 1),
    seed=st.integers(0, 3),
    max_distance=st.sampled_from([0, 10, 24, 31, 40]),
)
# A picture that `thorough` alone looks at is no reason to leave out what windows find at less than half the threshold.
@example(name="scaled by 1.5", number=4, seed=0, max_distance=31)
def test_more_effort_finds_every_row_at_no_larger_threshold(
    index: Index, name: str, number: int, seed: int, max_distance: int
) -> None:
    scene = Scene(np.random.default_rng(seed), [PICTURES[(number + 1) % len(PICTURES)]])
    upload = [decoding.decode(apply(BY_NAME[name], PICTURES[number], scene), step_for=compute.reduction_for)]
    for less, more in pairwise(found(upload, index, effort, max_distance) for effort in EFFORTS):
        assert less.keys() <= more.keys()
        # A list may have a smaller threshold than the one looked up with.
        assert all(more[row] <= needs for row, needs in less.items())


def test_a_frame_of_two_thousand_is_found_at_every_effort(index: Index) -> None:
    """Only eight frames, spread evenly, were looked at."""
    small = PICTURES[2].resize((96, 72))
    blank = Image.new("RGB", small.size, "white")
    frames = [blank.point(lambda level, k=k: level - k % 3) for k in range(400)]
    frames[201] = small
    stream = io.BytesIO()
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:], duration=20)
    for effort in EFFORTS:
        upload = decoding.decode_frames(stream.getvalue(), step_for=compute.reduction_for)
        hits = views.look_up(upload, index, max_distance=31, min_quality=50, effort=effort).hits
        assert any(hit.row == 2 and hit.view.startswith("frame ") for hit in hits), effort


def test_the_docs_say_how_many_entries_are_refined_at_most() -> None:
    """Whatever the list: docs/matching-measured.md has the sum over families of what each refines."""
    thumbs = Thumbnails(
        decoding.decode(apply(BY_NAME["jpeg quality 75"], PICTURES[2], Scene(np.random.default_rng(1))))
    )
    families = [propose(thumbs).family for propose in PROPOSALS["thorough"]]
    most = sum(
        MAX_CANDIDATES * (2 if family.doubtful else 1) + (MAX_DEGENERATE if family.degenerate else 0)
        for family in families
    )
    page = (Path(__file__).parents[2] / "docs" / "matching-measured.md").read_text(encoding="utf-8")
    assert f"bounded by {most} refinements an upload" in page.replace("\n", " ")


def test_what_is_shown_longest_and_differs_most_is_cut_into_windows() -> None:
    """Twenty pictures, each framed so that only a window finds it; the ones shown long are found."""
    rng = np.random.default_rng(3)
    noise = [rng.integers(0, 256, (9, 12, 3), dtype=np.uint8) for _ in range(20)]
    others = [Image.fromarray(each).resize((240, 180), Image.Resampling.BICUBIC) for each in noise]
    framed = Image.new("RGB", (320, 240), (250, 250, 250))
    framed.paste(PICTURES[1].resize((200, 150)), (90, 40))
    pictures = [other.resize((320, 240)) for other in others]
    own = Index([compute.hash_array(np.asarray(PICTURES[1]))])
    for place, shown_for, is_found in ((15, 2000, True), (0, 2000, True), (19, 5000, True)):
        frames = list(pictures)
        frames[place] = framed
        durations = [40] * len(frames)
        durations[place] = shown_for
        stream = io.BytesIO()
        frames[0].save(
            stream, "WEBP", save_all=True, append_images=frames[1:], duration=durations, quality=90
        )
        upload = decoding.decode_frames(stream.getvalue(), step_for=compute.reduction_for)
        hits = views.look_up(upload, own, max_distance=31, min_quality=50, effort="standard").hits
        assert bool(hits) is is_found, place
        assert hits[0].view == f"frame {place + 1} of 20, inside a frame" or "inside" in hits[0].view


@pytest.mark.parametrize("bits", [31, 60])
def test_what_another_list_allows_takes_no_match_away(bits: int) -> None:
    """A crop lies nearer in a window than as it is; where that is too far for its own list, the window is looked at."""
    photo = Image.fromarray(np.asarray(skimage.data.chelsea()))
    cut = round(photo.width * 0.015), round(photo.height * 0.015)
    upload = np.asarray(photo.crop((*cut, photo.width - cut[0], photo.height - cut[1])))
    strict = safehash.Entry(source="strict", id="x", hash=safehash.hash_array(np.asarray(photo)))
    lax = safehash.Entry(source="lax", id="y", hash=Hash("pdq", bytes(range(32))))

    def matches(*entries: safehash.Entry, **own: int) -> list[safehash.Match]:
        per_list = {name: safehash.ListPolicy(max_distance={"pdq": limit}) for name, limit in own.items()}
        settings = safehash.Settings(effort="thorough", policy=safehash.Policy(per_list=per_list))
        return list(safehash.Matcher.from_entries(entries, settings=settings).check(upload).matches)

    (alone,) = matches(strict, strict=16)
    assert alone.view.startswith("cropped")
    assert matches(strict, lax, strict=16, lax=bits) == [alone]
    # And where its own list allows it as it is, that is what is found.
    assert [match.view for match in matches(strict, lax, strict=31, lax=bits)] == ["as it is"]


@pytest.mark.parametrize(("effort", "found"), [("fast", [True, False]), ("standard", [True, True])])
def test_stored_digests_of_another_kind_are_turned_as_those_of_pdq_are(
    effort: Effort, found: list[bool]
) -> None:
    """A list of pHash alone, and one beside PDQ of something else: at "fast" an upload is looked up as it is."""
    photo = np.ascontiguousarray(skimage.data.chelsea())
    value = safehash.hash_array(photo, algorithm="phash")
    other = safehash.Entry(hash=safehash.hash_array(skimage.data.coffee()), source="other")
    for beside in ([], [other]):
        entries = [safehash.Entry(hash=value, source="own"), *beside]
        matcher = safehash.Matcher.from_entries(entries, settings=safehash.Settings(effort=effort))
        uploads = (photo, np.ascontiguousarray(photo[:, ::-1]))
        assert [matcher.check(each).is_match for each in uploads] == found
