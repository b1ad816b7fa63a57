"""What older tools take for the picture, where channels mean something else, is judged: two palettes may be one."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import skimage.data
from PIL import Image

from drawn import decoded
from gated import board
from safehash.hashing.compute import hash_array
from safehash.images.decoding import decode
from safehash.images.pictures import Also, Decoded
from safehash.matching import views
from safehash.search.index import Index

OLDER = "as older tools see it"


def in_palette(indices: np.ndarray) -> bytes:
    """Return a PNG file of these palette indices, whose colours say nothing of them."""
    image = Image.fromarray(indices.astype(np.uint8), "P")
    colours = np.random.default_rng(5).permutation(256).astype(np.uint8)
    image.putpalette(np.repeat(colours, 3).tobytes())
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def look(data: bytes, listed: np.ndarray) -> list[tuple[str, int]]:
    """Return view and distance of each match of an upload with one listed picture, as `standard` finds them."""
    index = Index.from_digests(np.frombuffer(hash_array(listed).digest, np.uint8)[None])
    found = views.look_up([decode(data)], index, max_distance=31, min_quality=50, low_quality_distance=16)
    return [(hit.view, hit.distance) for hit in found.hits]


def flag(hand: int) -> np.ndarray:
    """Return a drawing of few greys, most of which others of its kind share."""
    return np.asarray(board(4, hand, part=0.25).convert("L"))


def test_another_drawing_is_no_match_by_the_numbers_of_its_colours() -> None:
    mine, other = flag(1), flag(2)
    apart = hash_array(mine).distance(hash_array(other))
    assert 6 < apart <= 31, "as it is it would be a match"
    assert look(in_palette(mine), other) == []


def test_the_same_file_is_one_whatever_it_shows() -> None:
    assert look(in_palette(flag(1)), flag(1)) == [(OLDER, 0)]


def test_a_photograph_is_one_as_far_as_any_picture() -> None:
    photograph = np.asarray(Image.fromarray(skimage.data.chelsea()).convert("L"))
    blurred = np.asarray(Image.fromarray(photograph).resize((90, 60)).resize((451, 300)))
    noisy = np.clip(blurred + np.random.default_rng(3).normal(0, 60, blurred.shape), 0, 255)
    ((view, distance),) = look(in_palette(noisy), photograph)
    assert view == OLDER
    assert 6 < distance <= 31


@pytest.mark.parametrize("judged_first", [True, False])
def test_what_gates_refused_is_a_match_where_a_viewer_shows_the_same(judged_first: bool) -> None:
    mine, other = flag(1), flag(2)

    def seen() -> Decoded:
        return decoded(Image.fromarray(mine))

    also = [
        Also(OLDER, seen, plain=True),
        Also("in its own colours", partial(seen), shown=True),
    ]
    upload = replace(
        decoded(Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 64), np.uint8))),
        also=tuple(also if judged_first else also[::-1]),
    )
    index = Index.from_digests(np.frombuffer(hash_array(other).digest, np.uint8)[None])
    found = views.look_up([upload], index, max_distance=31, min_quality=50)
    assert [hit.view for hit in found.hits] == ["in its own colours"]


@pytest.mark.parametrize("black", [True, False])
def test_a_drawing_on_black_is_no_match_by_distance_alone(black: bool) -> None:
    """An icon that is transparent but for its edge was a flag of one colour on black, which no browser shows."""
    mine, other = flag(1), flag(2)
    also = Also("on black", partial(decoded, Image.fromarray(mine)), shown=not black)
    shown = decoded(Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 64), np.uint8)))
    upload = replace(shown, also=(also,))
    for listed, is_found in ((other, not black), (mine, True)):
        index = Index([hash_array(listed)])
        found = views.look_up([upload], index, max_distance=31, min_quality=50)
        assert [hit.view for hit in found.hits] == ["on black"] * is_found


def test_what_is_taken_as_it_is_alone_is_turned_where_a_viewer_shows_it() -> None:
    """What the reference tool shrinks may have the very digest of what a viewer shows."""
    photograph = Image.fromarray(skimage.data.chelsea())
    also = (
        Also("shrunk", partial(decoded, photograph), plain=True),
        Also("on black", partial(decoded, photograph)),
    )
    noise = np.random.default_rng(1).integers(0, 256, (64, 64), np.uint8)
    upload = replace(decoded(Image.fromarray(noise)), also=also)
    listed = Index([hash_array(np.asarray(photograph)[::-1, ::-1])])
    found = views.look_up([upload], listed, max_distance=31, min_quality=50)
    assert [hit.view for hit in found.hits] == ["on black, upside down"]


def shrunk_to(
    *pictures: tuple[np.ndarray, np.ndarray], listed: np.ndarray, limit: int | None = None
) -> list[str]:
    """Return the views that match of an upload with these frames: of each what is shown, and what it is shrunk to."""
    frames = [
        replace(
            decoded(Image.fromarray(shown)),
            also=(Also("shrunk", partial(decoded, Image.fromarray(kept)), plain=True),),
        )
        for shown, kept in pictures
    ]
    index = Index.from_digests(np.frombuffer(hash_array(listed).digest, np.uint8)[None])
    along = views.Along(limit=None if limit is None else lambda row: limit)
    found = views.look_up(frames, index, max_distance=31, min_quality=50, along=along)
    return [hit.view for hit in found.hits]


def test_a_drawing_that_a_tool_shrinks_to_another_picture_is_no_match_by_distance_alone() -> None:
    mine, other = flag(1), flag(2)
    assert 16 < hash_array(mine).distance(hash_array(other)) <= 31
    noise = np.random.default_rng(1).integers(0, 256, (64, 64), np.uint8)
    assert shrunk_to((noise, mine), listed=other) == []
    assert shrunk_to((noise, mine), listed=mine) == ["shrunk"], "the same file is one"


def test_what_is_another_picture_is_told_by_its_own_frame() -> None:
    before, mine, other = flag(7), flag(2), flag(1)
    assert (
        hash_array(before).distance(hash_array(mine)) <= 31 < hash_array(before).distance(hash_array(other))
    )
    noise = np.random.default_rng(1).integers(0, 256, (64, 64), np.uint8)
    assert shrunk_to((before, before), (noise, mine), listed=other) == []
    assert shrunk_to((before, mine), listed=other) == ["shrunk"], (
        "what lies near what is shown is a match as that is"
    )


def test_what_is_another_picture_is_told_by_each_lists_own_threshold() -> None:
    """A list with a wider one beside it took that of a narrower one away."""
    shown, mine, other = flag(7), flag(2), flag(1)
    apart = hash_array(shown).distance(hash_array(mine))
    assert hash_array(mine).distance(hash_array(other)) < apart <= 31
    assert shrunk_to((shown, mine), listed=other, limit=apart) == ["shrunk"]
    assert shrunk_to((shown, mine), listed=other, limit=apart - 1) == []
