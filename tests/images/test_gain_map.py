"""Gain maps of JPEG files: what they say in XMP and in numbers, what screens make of it, what is refused."""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from corpus_gain import avif_with_gain_map, with_gain_map
from corpus_jpeg import segment
from pictures_made import made
from PIL import Image

from safehash import Limits, Matcher, Settings
from safehash.errors import DeadlinePassed, ImageTooLarge
from safehash.hashing.compute import hash_array, hash_decoded, reduction_for
from safehash.hashing.hashes import Algorithm
from safehash.images import gain_map
from safehash.images.deadline import Deadline
from safehash.images.decoding import decode_frames
from safehash.images.gain_map import gain_maps
from safehash.images.items import item_contents
from safehash.images.pictures import Decoded
from safehash.images.tone_map import tone_maps
from safehash.matching.settings import EFFORTS

ROWS, COLS = 60, 80
BRIGHT, ORDINARY = "as ordinary screens show it by its gain map", "as bright screens show it by its gain map"


def saved(pixels: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", **{"quality": 96, "subsampling": 0, **options})
    return stream.getvalue()


BASE = np.clip(96 + made(1, ROWS, COLS).astype(int) // 8, 0, 255).astype(np.uint8)
OWN = made(2, ROWS, COLS)
FILES = saved(BASE), saved(OWN)


def pictures(data: bytes, effort: Any = "standard") -> dict[str, Decoded]:
    (frame,) = decode_frames(data, step_for=reduction_for, effort=effort)
    return {"as it is": frame} | {also.name: also.make() for also in frame.also}


def light(samples: Any) -> Any:
    share = samples / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def expected(
    is_base_bright: bool, least: float, most: float, exponent: float, offsets: tuple[float, float]
) -> Any:
    """Return what the definition says, in floating point, of the files as they were decoded."""
    base, own = (np.asarray(Image.open(io.BytesIO(each)).convert("RGB")) for each in FILES)
    doublings = least + (most - least) * (own / 255) ** (1 / exponent)
    ordinary, bright = offsets
    if is_base_bright:
        shown = (light(base) + bright) * 2.0**-doublings - ordinary
    else:
        shown = (light(base) + ordinary) * 2.0**doublings - bright
    shown = np.clip(shown, 0, 1)
    samples = np.where(shown <= 0.0031308, 12.92 * shown, 1.055 * shown ** (1 / 2.4) - 0.055)
    return np.rint(255 * samples)


@pytest.mark.parametrize("how", ["index", "directory", "iso, index", "iso, directory"])
@pytest.mark.parametrize("is_base_bright", [True, False])
def test_what_screens_show_is_what_the_definition_says(how: str, is_base_bright: bool) -> None:
    for (least, most), exponent, offsets in product(
        ((0.0, 3.0), (-2.0, 1.5)), (1.0, 0.5), ((0.0, 0.0), (0.25, 0.0625))
    ):
        data = with_gain_map(
            *FILES,
            how=how,
            least=least,
            most=most,
            exponent=exponent,
            offsets=offsets,
            is_base_bright=is_base_bright,
        )
        shown = pictures(data)[BRIGHT if is_base_bright else ORDINARY].pixels
        assert np.abs(shown - expected(is_base_bright, least, most, exponent, offsets)).max() <= 2


def test_numbers_of_three_colours_are_read_alike_from_both() -> None:
    said: dict[str, Any] = {"least": (0.0, -1.0, -2.0), "most": (3.0, 1.0, 2.0)}
    one, other = (
        gain_maps(with_gain_map(*FILES, how=how, **said)) for how in ("directory", "iso, directory")
    )
    assert replace(one[0], start=0) == replace(other[0], start=0)
    assert (one[0].least, one[0].most) == ((0.0, -1.0, -2.0), (3.0, 1.0, 2.0))


def test_what_browsers_show_is_looked_up_at_every_effort() -> None:
    data = with_gain_map(*FILES)
    shown = hash_array(expected(True, 0.0, 3.0, 1.0, (0.0, 0.0)).astype(np.uint8))
    stored = hash_decoded(pictures(data)["as it is"], algorithm=Algorithm.PDQ)
    assert stored.distance(shown) > 60, "two pictures in one file"
    for effort in EFFORTS:
        found = pictures(data, effort)
        assert hash_decoded(found[BRIGHT], algorithm=Algorithm.PDQ).distance(shown) <= 4


def test_a_listed_picture_behind_a_gain_map_is_a_match(tmp_path: Any) -> None:
    shown = hash_array(expected(True, 0.0, 3.0, 1.0, (0.0, 0.0)).astype(np.uint8))
    (tmp_path / "listed.txt").write_text(f"{shown.hex}\n", encoding="utf-8")
    for effort in EFFORTS:
        matcher = Matcher.from_files(tmp_path / "listed.txt", settings=Settings(effort=effort))
        (match,) = matcher.check(with_gain_map(*FILES)).matches
        assert match.view == BRIGHT


@pytest.mark.parametrize("options", [{"progressive": True}, {}, {"restart_marker_blocks": 3}])
def test_a_file_that_the_decoder_reads_has_the_same(options: dict[str, Any]) -> None:
    """Fill between segments leaves it to the patient way."""
    data = with_gain_map(saved(BASE, **options), FILES[1])
    patient = data[:2] + b"\xff" + data[2:]
    shown, wanted = (pictures(each)[BRIGHT].pixels for each in (patient, data))
    assert np.array_equal(shown, wanted)


def test_a_file_without_one_has_no_such_picture() -> None:
    xmp = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>GainMap</x:xmpmeta>")
    for data in (FILES[0], FILES[0] + FILES[1], FILES[0][:2] + xmp + FILES[0][2:] + FILES[1]):
        assert gain_maps(data) == ()
        assert pictures(data).keys() == {"as it is"}


@pytest.mark.parametrize("wrong", [{"exponent": 0.0}, {"most": 1e4}, {"offsets": (1e5, 0.0)}])
@pytest.mark.parametrize("how", ["directory", "iso, directory"])
def test_numbers_that_mean_nothing_are_none(wrong: dict[str, Any], how: str) -> None:
    assert len(gain_maps(with_gain_map(*FILES, how=how))) == 1
    assert len(gain_maps(with_gain_map(*FILES, how=how, **wrong))) == 0


def test_characters_by_their_number_hide_nothing() -> None:
    data = with_gain_map(*FILES, how="directory")
    hidden = data.replace(b"hdr-gain-map/1.0/", b"hdr&#45;gain-map/1.0/")
    assert hidden != data
    # The segments are longer now: their lengths have to say so.
    mended, at = b"", 0
    while (place := hidden.find(b"http://ns.adobe.com/xap", at)) >= 0:
        mended += hidden[at : place - 2] + (int.from_bytes(hidden[place - 2 : place], "big") + 4).to_bytes(
            2, "big"
        )
        mended, at = mended + hidden[place : place + 8], place + 8
    mended += hidden[at:]
    assert len(gain_maps(mended)) == 1


def test_more_pictures_than_are_looked_through_are_told_of() -> None:
    data = with_gain_map(*FILES, how="directory")
    at = data.index(b"\xff\xdb")
    many = data[:at] + segment(0xFE, b"\xff\xd8\xff" * 300) + data[at:]
    with pytest.raises(ImageTooLarge, match="more than 256 pictures"):
        gain_maps(many)
    (frame,) = decode_frames(many, step_for=reduction_for, effort="standard")
    with pytest.raises(ImageTooLarge):
        frame.also[-1].make()


def test_whatever_an_index_says_has_an_outcome() -> None:
    data = with_gain_map(*FILES, how="iso, index")
    start, end = data.index(b"MPF\0"), data.index(b"\xff\xdb")
    rng = np.random.default_rng(1)
    n_found = 0
    for _ in range(300):
        changed = bytearray(data)
        for _ in range(int(rng.integers(1, 5))):
            changed[int(rng.integers(start, end))] = int(rng.integers(256))
        n_found += len(gain_maps(bytes(changed)))
    assert 0 < n_found < 300


# -- AVIF -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_inside", [True, False])
@pytest.mark.parametrize("is_base_bright", [True, False])
def test_an_avif_says_the_same_in_an_item(is_base_bright: bool, is_inside: bool) -> None:
    data = avif_with_gain_map(
        BASE, OWN, is_base_bright=is_base_bright, is_inside=is_inside, least=-2.0, most=1.5
    )
    shown = pictures(data)[BRIGHT if is_base_bright else ORDINARY].pixels
    wanted = expected(is_base_bright, -2.0, 1.5, 1.0, (0.0, 0.0))
    assert np.abs(shown - wanted).mean() <= 6, "two codecs"
    (one,) = tone_maps(data)
    assert (one.gain.least[0], one.gain.most[0], one.item) == (-2.0, 1.5, 2)


def test_an_avif_without_one_has_no_such_picture() -> None:
    stream = io.BytesIO()
    Image.fromarray(BASE).save(stream, "AVIF")
    plain, told = stream.getvalue(), avif_with_gain_map(BASE, OWN)
    for data in (plain, plain + b"tmap", told.replace(b"tmap", b"tma_")):
        assert tone_maps(data) == ()
        assert pictures(data).keys() == {"as it is"}
    assert pictures(told).keys() == {"as it is", BRIGHT}


def test_whatever_its_boxes_say_has_an_outcome() -> None:
    data = avif_with_gain_map(BASE, OWN, is_inside=True)
    end = data.index(b"mdat")
    rng = np.random.default_rng(2)
    n_found = 0
    for _ in range(400):
        changed = bytearray(data)
        for _ in range(int(rng.integers(1, 4))):
            changed[int(rng.integers(32, end))] = int(rng.integers(256))
        n_found += len(tone_maps(bytes(changed)))
    assert 0 < n_found < 400


# -- what is looked through --------------------------------------------------------------------------------------


def nested(n: int) -> bytes:
    """Return a file with n pictures that begin within one another, above an XMP packet of elements without an end."""
    space = b"http://ns.adobe.com/xap/1.0/\0"
    packet = space + b'<x xmlns:p="http://ns.adobe.com/hdr-gain-map/1.0/">' + b"<p:Version>" * 5900
    behind = b"\xff\xd8\xff\xd8" * n + segment(0xE1, packet) + FILES[1][2:]
    return FILES[0][:2] + segment(0xE1, space + b"GainMap") + FILES[0][2:] + behind


def test_what_many_pictures_share_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of 73 kB took a minute: a packet was read once for each picture, and anew for each of its elements."""
    read: list[int] = []
    plainly = gain_map._said

    def told(data: bytes, kind: int, begin: int, end: int) -> gain_map.GainMap | None:
        read.append(begin)
        return plainly(data, kind, begin, end)

    monkeypatch.setattr(gain_map, "_said", told)
    assert gain_maps(nested(100)) == ()
    assert len(read) == len(set(read)) > 3


def test_packets_that_overlap_are_read_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of 655 kB took 7 s: each of its pictures had packets of 64 KB of its own, which were the same bytes."""
    space = b"http://ns.adobe.com/xap/1.0/\0"
    head = b"\xff\xe1\xff\xff" + space
    behind = bytearray(b"&#1" * 100_000)
    for n in range(100):  # a picture of four packets each, the pictures a few bytes from one another
        for k in range(4):
            at = n * 50 + k * 65_537
            behind[at : at + 2 + len(head)] = (b"\xff\xd8" if not k else b"&#") + head
    data = FILES[0][:2] + segment(0xE1, space + b"GainMap") + FILES[0][2:] + bytes(behind)
    n_read = 0
    plainly = gain_map._said

    def told(data: bytes, kind: int, begin: int, end: int) -> gain_map.GainMap | None:
        nonlocal n_read
        n_read += end - begin
        return plainly(data, kind, begin, end)

    monkeypatch.setattr(gain_map, "_said", told)
    with pytest.raises(ImageTooLarge, match="more than 4194304 bytes of XMP"):
        gain_maps(data)
    assert 4_000_000 < n_read <= 4 << 20


def test_a_directory_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind each of many packets the whole file was searched."""
    n_searched = 0
    plainly = gain_map._beginnings

    def counted(data: bytes, at: int) -> Any:
        nonlocal n_searched
        n_searched += 1
        return plainly(data, at)

    monkeypatch.setattr(gain_map, "_beginnings", counted)
    packet = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0GainMap")
    data = with_gain_map(*FILES, how="directory")
    found = gain_maps(data[:2] + packet * 50 + data[2:])
    assert len(found) == 1
    assert n_searched == 1


def test_an_element_is_looked_for_once() -> None:
    for packet, said in (
        ("<p:Version>1.0</p:Version>", "1.0"),
        ('<p:Version a="b">1.0</p:Version>', "1.0"),
        ("<p:Versions>2</p:Versions><p:Version>1.0</p:Version>", "1.0"),
        ("<p:Version>" * 100_000, ""),
        ("<p:Version" * 100_000, ""),
        ("<p:Version>1.0", ""),
    ):
        assert gain_map._element(packet, "p:Version") == said


def test_the_search_ends_at_the_deadline() -> None:
    steps = iter(range(10**6))
    deadline = Deadline.after(5e-9, clock=lambda: next(steps))
    with pytest.raises(DeadlinePassed):
        gain_maps(nested(3), deadline=deadline)


def test_remarks_hide_no_map() -> None:
    """Behind the thousandth remark nobody looked, and browsers showed what the map makes."""
    data = with_gain_map(*FILES)
    for n, is_found in ((1100, True), (17_000, False)):
        remarks = data[:2] + segment(0xFE, b"x") * n + data[2:]
        found = with_gain_map(FILES[0][:2] + segment(0xFE, b"x") * n + FILES[0][2:], FILES[1])
        if is_found:
            assert len(gain_maps(found)) == 1
            continue
        with pytest.raises(ImageTooLarge, match="more than 16384 segments"):
            gain_maps(remarks)


def test_more_maps_than_are_looked_at_are_told_of() -> None:
    own = with_gain_map(*FILES, how="directory")
    start = gain_maps(own)[0].start
    decoys = own[start:] * 4
    many = own[:start] + decoys + own[start:]
    with pytest.raises(ImageTooLarge, match="5 gain maps"):
        gain_maps(many)
    (frame,) = decode_frames(many, step_for=reduction_for, effort="fast")
    (told,) = (each for each in frame.also if "gain map" in each.name)
    with pytest.raises(ImageTooLarge):
        told.make()


def test_boxes_hide_no_map_of_an_avif() -> None:
    data = avif_with_gain_map(BASE, OWN)
    at = data.index(b"meta") - 4
    for n, found in ((900, 1), (4000, 1), (5000, None)):
        # What stands behind is found by its place in the file: in front of everything else only what it says moves.
        longer = data[:at] + data[at:] + struct.pack(">I4s", 8, b"free") * n
        if found is None:
            with pytest.raises(ImageTooLarge, match="boxes"):
                tone_maps(longer)
            (frame,) = decode_frames(longer, step_for=reduction_for, effort="fast")
            with pytest.raises(ImageTooLarge):
                frame.also[-1].make()
        else:
            assert len(tone_maps(longer)) == found


def item_places(items: list[tuple[int, list[tuple[int, int]]]], *, width: int) -> bytes:
    """Return a file that says where the pieces of items are, each place and length in so many bytes."""
    body = bytes([1, 0, 0, 0, width << 4 | width, 0]) + struct.pack(">H", len(items))
    for item, pieces in items:
        body += struct.pack(">HHHH", item, 0, 0, len(pieces))
        body += b"".join(at.to_bytes(width, "big") + n.to_bytes(width, "big") for at, n in pieces)
    iloc = struct.pack(">I4s", 8 + len(body), b"iloc") + body
    return struct.pack(">I4sI", 12 + len(iloc), b"meta", 0) + iloc + bytes(1 << 20)


def test_an_item_is_put_together_as_far_as_numbers_go() -> None:
    """Each of its pieces may be the whole file: a file of 1 MB took 3 GB."""
    data = item_places([(3, [(0, 1 << 20)] * 4000)], width=4)
    (numbers,) = item_contents(data, {3}, n_bytes=256).values()
    assert 142 <= len(numbers) <= 512
    whole = item_places([(3, [(8, 5), (100, 7)])], width=4)
    assert item_contents(whole, {3}, n_bytes=256) == {3: whole[8:13] + whole[100:107]}


def test_pieces_that_take_no_place_are_counted() -> None:
    data = item_places([(item, [(0, 0)] * 4096) for item in range(20)], width=0)
    with pytest.raises(ImageTooLarge, match="more than 65536 pieces"):
        item_contents(data, {3}, n_bytes=256)


def test_strips_and_the_whole_are_one_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """A map larger than its picture, and one smaller, cut wherever a strip ends."""
    for sides in ((COLS, ROWS), (37, 23), (190, 145)):
        own = np.asarray(Image.fromarray(OWN).resize(sides))
        shown = []
        for n_pixels in (1 << 18, 7 * COLS, 1):
            monkeypatch.setattr(gain_map, "_STRIP_PIXELS", n_pixels)
            shown.append(pictures(with_gain_map(FILES[0], saved(own)))[BRIGHT].pixels.astype(int))
        assert np.abs(shown[0] - shown[1]).max() <= 2
        assert np.abs(shown[0] - shown[2]).max() <= 2


def test_a_picture_and_its_map_are_held_together() -> None:
    data = with_gain_map(*FILES)
    (made_of,) = (each for each in decoded_at(data, 14 * ROWS * COLS).also if each.name == BRIGHT)
    assert made_of.make().pixels.shape == (ROWS, COLS, 3)
    (refused,) = (each for each in decoded_at(data, 8 * ROWS * COLS).also if each.name == BRIGHT)
    with pytest.raises(ImageTooLarge, match="with a gain map"):
        refused.make()


def decoded_at(data: bytes, max_decoded_bytes: int) -> Decoded:
    limits = Limits(max_decoded_bytes=max_decoded_bytes)
    (frame,) = decode_frames(data, step_for=reduction_for, effort="standard", limits=limits)
    return frame
