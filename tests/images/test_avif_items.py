"""AVIF files of several items: what is shown is looked up at every effort, what hides it is said, parts are bounded."""

from __future__ import annotations

import struct
import weakref
from dataclasses import replace

import numpy as np
import pytest
from avif_files import ALPHA, Item, avif, box, by_numbers, clap, coded, full, laid_over, side_by_side
from corpus import ramp_like
from pictures_made import made

from safehash import ImageTooLarge, Limits, UnreadableImage, UnsupportedImage
from safehash.hashing.compute import hash_array, hash_decoded, reduction_for
from safehash.hashing.hashes import Algorithm
from safehash.images import avif as avif_module
from safehash.images.avif_shown import pictures_for_one, with_primary
from safehash.images.boxes import all_of, primary_item, references, video_colour
from safehash.images.decoding import decode_frames
from safehash.images.limits import DEFAULT_LIMITS
from safehash.images.pictures import Decoded, Effort

ROWS, COLS = 44, 56
ONE, TWO = made(1, ROWS, COLS), made(2, ROWS, COLS)
ITEMS = {1: coded(ONE), 2: coded(TWO)}
SIDES = box(b"ispe", bytes(4) + struct.pack(">II", COLS, ROWS))
#: Bits between a picture and itself compressed.
_NEAR = 10


def first(data: bytes, effort: Effort = "standard", limits: Limits = DEFAULT_LIMITS) -> Decoded:
    return next(decode_frames(data, step_for=reduction_for, effort=effort, limits=limits))


def bits(frame: Decoded, picture: np.ndarray) -> int:
    return hash_decoded(frame, algorithm=Algorithm.PDQ).distance(hash_array(np.ascontiguousarray(picture)))


def overlay(*places: tuple[int, int], **more: object) -> Item:
    item = Item(kind=b"iovl", body=laid_over((0, 0, 0, 0), (COLS, ROWS), places), properties=[SIDES])
    return replace(item, sources=tuple(range(2, 2 + len(places))), **more)  # type: ignore[arg-type]


def test_the_first_alternative_is_shown_and_the_primary_picture_is_looked_up() -> None:
    data = avif(ITEMS, alternatives=[(2, 1)])
    assert bits(first(data, "fast"), TWO) <= _NEAR
    shown, primary = decode_frames(data, step_for=reduction_for, effort="standard")
    assert bits(shown, TWO) <= _NEAR
    assert bits(primary, ONE) <= _NEAR
    assert (primary.provenance.frame, primary.provenance.n_frames) == (1, 2)
    assert pictures_for_one(avif(ITEMS, alternatives=[(1, 2)]))[0]() == avif(ITEMS, alternatives=[(1, 2)])


def test_an_alternative_that_is_not_read_hides_none_behind_it() -> None:
    broken = replace(ITEMS[1], body=ITEMS[1].body[:20])
    frames = decode_frames(
        avif({1: ITEMS[1], 2: ITEMS[2], 3: broken}, alternatives=[(2, 3, 1)]),
        step_for=reduction_for,
        effort="standard",
    )
    assert bits(next(frames), TWO) <= _NEAR
    assert bits(next(frames), ONE) <= _NEAR
    with pytest.raises(UnreadableImage):
        next(frames)


def test_alternatives_are_held_one_after_the_other() -> None:
    """Eight of them were held at once, with what each is made of: five times what may be held."""
    item = coded(np.full((700, 700, 3), 90, np.uint8), quality=30, speed=10)
    data = avif(dict.fromkeys(range(1, 9), item), alternatives=[tuple(range(1, 9))])
    known: list[weakref.ref[np.ndarray]] = []
    for frame in decode_frames(data, step_for=reduction_for, effort="standard"):
        known.append(weakref.ref(frame.pixels))
        del frame
        assert sum(each() is not None for each in known) <= 1
    assert len(known) == 8


def test_an_ordinary_file_is_itself() -> None:
    data = avif({1: ITEMS[1]})
    assert [make() for make in pictures_for_one(data)] == [data]
    alpha = replace(coded(ramp_like(ONE), ALPHA, colours=b"", subsampling="4:0:0"), alpha_of=(1,))
    data = avif({**ITEMS, 3: alpha})
    (make,) = pictures_for_one(data)
    assert make() is data


def test_more_alternatives_than_are_looked_at_are_no_silence() -> None:
    """At any effort: the first of them may be what browsers show, and so may be what stands behind many boxes."""
    many = avif(dict.fromkeys(range(1, 20), ITEMS[1]), alternatives=[tuple(range(19, 0, -1))])
    (unknown,) = (also for also in first(many, "fast").also if also.effort == "fast")
    with pytest.raises(ImageTooLarge, match="19 pictures for one another"):
        unknown.make()
    hidden = avif(ITEMS, alternatives=[(2, 1)])
    at = hidden.index(b"meta") - 4
    with pytest.raises(ImageTooLarge, match="more than 4096 boxes"):
        pictures_for_one(hidden[:at] + struct.pack(">I4s", 8, b"free") * 5000 + hidden[at:])


def test_boxes_behind_hide_nothing() -> None:
    """However many: neither which picture is shown nor that it is put together, and an ordinary one is decoded."""
    put_together = avif({1: overlay((0, 0)), 2: ITEMS[2]})
    for data, shown in (
        (avif({1: ITEMS[1]}), ONE),
        (avif(ITEMS, alternatives=[(2, 1)]), TWO),
        (put_together, TWO),
    ):
        frame = first(data + box(b"free", b"") * 5000, "fast")
        assert bits(frame, shown) <= _NEAR
        assert not frame.also


def test_one_alternative_is_let_go_before_the_next_one_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight of 5000 x 5000 pixels were held at once; then two."""
    held: list[weakref.ReferenceType[np.ndarray]] = []
    still: list[bool] = []
    plainly = avif_module._still

    def told(data: bytes) -> bytes:
        still.append(any(each() is not None for each in held))
        return plainly(data)

    monkeypatch.setattr(avif_module, "_still", told)
    data = avif({**ITEMS, 3: ITEMS[1]}, alternatives=[(2, 1, 3)])
    for frame in decode_frames(data, step_for=reduction_for, effort="standard"):
        held.append(weakref.ref(frame.pixels))
        del frame
    assert (len(held), still) == (3, [False, False])


def test_a_number_that_there_is_no_room_for_is_refused() -> None:
    data = avif(ITEMS, alternatives=[(2, 1)])
    with pytest.raises(UnsupportedImage, match="no room"):
        with_primary(data, 1 << 20)


def test_parts_lie_one_over_the_other_where_the_file_says() -> None:
    canvas = np.zeros_like(ONE)
    canvas[:, :] = ONE
    canvas[20:, 30:] = TWO[: ROWS - 20, : COLS - 30]
    data = avif({1: overlay((0, 0), (30, 20)), 2: ITEMS[1], 3: ITEMS[2]})
    frame = first(data, "fast")
    assert bits(frame, canvas) <= _NEAR
    assert (frame.rows, frame.cols, frame.provenance.format) == (ROWS, COLS, "AVIF")


def test_a_part_off_the_canvas_is_no_damage() -> None:
    """However far: the library has no room for the number of its last row."""
    far = struct.pack(">H4HII", 1, 0, 0, 0, 0, COLS, ROWS) + struct.pack(">4i", 0, 0, 0, (1 << 31) - 1)
    frame = first(avif({1: overlay((0, 0), (0, 0), body=far), 2: ITEMS[1], 3: ITEMS[2]}))
    assert bits(frame, ONE) <= _NEAR


def test_references_are_as_long_as_they_say_and_bounded() -> None:
    whole = avif({1: overlay((0, 0), (30, 20)), 2: ITEMS[1], 3: ITEMS[2]})
    (found,) = references(whole, [100])
    assert (found.kind, found.item, found.targets) == (b"dimg", 1, (2, 3))
    at = found.places.start - 2
    assert [each.targets for each in references(whole[:at] + b"\0\1" + whole[at + 2 :], [100])] == [(2,)]
    long = b"".join(box(b"dimg", struct.pack(">HH", 1, 65535) + bytes(2 * 65535)) for _ in range(4))
    head = box(b"meta", bytes(4) + full(b"iref", long))
    with pytest.raises(ImageTooLarge, match="boxes"):
        all_of(lambda budget: references(head, budget))


def test_numbers_of_items_that_references_have_no_room_for_are_none_of_theirs() -> None:
    """They made a file damaged whose references to other items are of sixteen bits."""
    item, group = (1 << 16) + 2, box(b"grpl", full(b"altr", struct.pack(">IIII", 9, 2, (1 << 16) + 2, 1)))
    kinds = b"".join(full(b"infe", struct.pack(">IH", n, 0) + b"av01\0", version=3) for n in (1, item))
    places = b"\x44\0" + struct.pack(">I", 2)
    places += b"".join(struct.pack(">IHHHII", n, 0, 0, 1, 0, 9) for n in (1, item))
    iref = full(
        b"iref", box(b"thmb", struct.pack(">HHH", 1, 1, 2)) + box(b"auxl", struct.pack(">HHH", 3, 1, 2))
    )
    parts = (
        full(b"pitm", struct.pack(">I", 1), version=1) + full(b"iinf", struct.pack(">H", 2) + kinds) + iref
    )
    data = box(b"ftyp", b"avif\0\0\0\0") + full(b"meta", parts + group + full(b"iloc", places, version=2))
    shown, other = (make() for make in pictures_for_one(data))
    assert primary_item(shown, [100]) == item
    assert primary_item(other, [100]) == 1


def test_groups_of_alternatives_are_bounded() -> None:
    data = avif(ITEMS, alternatives=[(2, 1, *[7] * 5000)])
    with pytest.raises(ImageTooLarge, match="5002 items for one another"):
        pictures_for_one(data)


def test_parts_are_bounded() -> None:
    whole = {1: overlay((0, 0), (30, 20)), 2: ITEMS[1], 3: ITEMS[2]}
    with pytest.raises(ImageTooLarge, match="others that have"):
        first(
            avif({1: overlay(*[(0, 0)] * 3), 2: ITEMS[1], 3: ITEMS[2], 4: ITEMS[1]}),
            limits=Limits(max_pixels=ROWS * COLS),
        )
    with pytest.raises(ImageTooLarge, match="129 others"):
        first(avif({1: overlay(*[(0, 0)] * 129), **dict.fromkeys(range(2, 131), ITEMS[1])}))
    with pytest.raises(UnreadableImage, match="where the parts"):
        first(avif({**whole, 1: replace(whole[1], body=whole[1].body[:-1])}))
    with pytest.raises(UnreadableImage, match="where the parts"):
        first(avif({**whole, 1: replace(whole[1], sources=())}))
    with pytest.raises(ImageTooLarge):
        first(avif(whole), limits=Limits(max_decoded_bytes=12 * ROWS * COLS))


def test_a_grid_is_in_the_colours_of_its_first_tile_where_it_says_none() -> None:
    light = by_numbers(1, 8, 6)
    for own, wanted in ((b"", (1, 8)), (by_numbers(1, 13, 6), (1, 13))):
        tiles = {10 + number: coded(ONE, colours=light) for number in range(2)}
        grid = Item(
            kind=b"grid", body=side_by_side(1, 2, (2 * COLS, ROWS)), properties=[each for each in (SIDES, own) if each],
            sources=tuple(tiles),
        )  # fmt: skip
        assert video_colour(avif({1: grid, **tiles})).code_points == (wanted,)


def test_what_is_shrunk_of_a_picture_with_an_aperture_is_whole() -> None:
    """It was cut out of 512 samples, and the hash had a defect: the upload was unreadable."""
    sides = rows, cols = 560, 640
    data = avif({1: coded(made(1, *sides), clap(cols // 2, rows // 2, -cols // 4, -rows // 4))})
    alsos = {also.name: also for also in first(data).also}
    shrunk = alsos["as the reference tool shrinks it"].make()
    assert (shrunk.pixels.shape[:2], shrunk.rows, shrunk.cols) == ((512, 512), 512, 512)
    assert bits(shrunk, made(1, *sides)) <= _NEAR
    whole = alsos["with what its aperture cuts off"].make()
    assert (whole.rows, whole.cols) == sides
