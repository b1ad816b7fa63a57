"""Looking up views: what is found, how it is called, and what is left alone."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageDraw, ImageOps

from safehash import compute, images, views, windows
from safehash.hashes import Algorithm, Hash
from safehash.index import Index
from safehash.manipulations import MANIPULATIONS, Scene, apply
from safehash.pictures import Decoded

Picture = Image.Image
NAMES = ("astronaut", "chelsea", "coffee", "rocket", "camera", "immunohistochemistry")
BY_NAME = {manipulation.name: manipulation for manipulation in MANIPULATIONS}


def picture(name: str) -> Picture:
    return Image.fromarray(np.asarray(getattr(skimage.data, name)())).convert("RGB")


PICTURES = [picture(name) for name in NAMES]


@pytest.fixture(scope="module")
def index() -> Index:
    own = [compute.hash_array(np.asarray(each)).digest for each in PICTURES]
    generated = np.random.default_rng(3).integers(0, 256, (20_000, 32), dtype=np.uint8)
    return Index.from_digests(
        np.concatenate([np.frombuffer(b"".join(own), np.uint8).reshape(-1, 32), generated])
    )


def decoded(image: Picture, encoding: str = "JPEG", **options: object) -> Decoded:
    stream = io.BytesIO()
    image.save(stream, encoding, **options)
    return images.decode(stream.getvalue(), step_for=compute.reduction_for)


def look(upload: Decoded, index: Index, effort: views.Effort = "standard") -> tuple[views.Hit, ...]:
    return views.look_up([upload], index, max_distance=31, min_quality=50, effort=effort).hits


@pytest.mark.parametrize(
    ("turn", "name"),
    [
        (lambda im: im, "as it is"),
        (ImageOps.mirror, "mirrored"),
        (ImageOps.flip, "flipped top to bottom"),
        (lambda im: im.rotate(90, expand=True), "turned a quarter left"),
        (lambda im: im.rotate(180), "upside down"),
        (lambda im: im.rotate(-90, expand=True), "turned a quarter right"),
        (lambda im: im.transpose(Image.Transpose.TRANSPOSE), "mirrored and turned a quarter left"),
        (lambda im: im.transpose(Image.Transpose.TRANSVERSE), "mirrored and turned a quarter right"),
        (ImageOps.invert, "negative"),
        (lambda im: ImageOps.invert(ImageOps.mirror(im)), "negative, mirrored"),
    ],
)
def test_orientations_and_negatives_are_found_and_named(
    index: Index, turn: Callable[[Picture], Picture], name: str
) -> None:
    for row, own in enumerate(PICTURES[:3]):
        hits = look(decoded(turn(own)), index)
        assert [(hit.row, hit.view) for hit in hits] == [(row, name)]
        assert hits[0].distance <= 16


STANDARD = {
    "white border": "inside a frame",
    "letterbox": "inside a frame",
    "bars left and right": "inside a frame",
    "caption bar above": "inside a frame",
    "mirrored, white border": "mirrored, inside a frame",
}
THOROUGH = {
    **STANDARD,
    "cropped 5 %": "cropped about",
    "cropped 10 %": "cropped about",
    "rotated 5 degrees": "rotated about",
    "screenshot, light": "inside a larger picture",
    "collage of 2 x 2": "panel",
    "inset at 50 %": "inside a larger picture",
    "mirrored, cropped 5 %": "mirrored, cropped about",
}


@pytest.mark.parametrize(
    ("effort", "name", "view"),
    [("standard", *item) for item in STANDARD.items()] + [("thorough", *item) for item in THOROUGH.items()],
)
def test_manipulated_pictures_are_found_and_named(
    index: Index, effort: views.Effort, name: str, view: str
) -> None:
    found = []
    for row, own in enumerate(PICTURES[:3]):
        scene = Scene(np.random.default_rng(row), [PICTURES[3 + row % 2]])
        upload = images.decode(apply(BY_NAME[name], own, scene), step_for=compute.reduction_for)
        # Other pictures in a collage are found too, and rightly.
        found += [hit.view for hit in look(upload, index, effort) if hit.row == row]
    assert len(found) >= 2, "one of three may be lost, not two"
    # Near a threshold a simpler view may win by a bit.
    assert sum(view in each for each in found) * 2 >= len(found)


def test_panels_are_numbered(index: Index) -> None:
    tiles = [each.resize((320, 240)) for each in (PICTURES[3], PICTURES[0], PICTURES[4], PICTURES[1])]
    collage = Image.new("RGB", (640, 480))
    for place, tile in enumerate(tiles):
        collage.paste(tile, (320 * (place % 2), 240 * (place // 2)))
    names = {hit.row: hit.view for hit in look(decoded(collage), index, "thorough")}
    assert names[0] == "panel 2 of 4"
    assert names[1] == "panel 4 of 4"


@pytest.mark.parametrize("effort", views.EFFORTS)
def test_unrelated_pictures_find_nothing(index: Index, effort: views.Effort) -> None:
    for name in ("brick", "grass", "gravel", "page", "moon", "text", "clock"):
        assert look(decoded(picture(name)), index, effort) == ()


TEMPLATES = (
    "screenshot, light",
    "screenshot, dark",
    "chat message",
    "poster with a title",
    "caption bar above",
    "meme text",
    "letterbox",
)


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_same_template_with_another_picture_is_no_match(name: str) -> None:
    same = [each.resize((480, 360)) for each in PICTURES]
    memes = [apply(BY_NAME[name], each, Scene(np.random.default_rng(1))) for each in same]
    for at, meme in enumerate(memes):
        others = Index([compute.hash_bytes(other) for number, other in enumerate(memes) if number != at])
        upload = images.decode(meme, step_for=compute.reduction_for)
        for effort in views.EFFORTS:
            assert look(upload, others, effort) == ()
        # The template is no reason to miss the picture itself.
        assert [hit.view for hit in look(upload, Index([compute.hash_bytes(meme)]))] == ["as it is"]


def card(pips: int) -> Picture:
    """Draw a playing card: a template whose cards differ in a detail."""
    drawn = Image.new("RGB", (240, 330), "white")
    pen = ImageDraw.Draw(drawn)
    pen.rounded_rectangle((6, 6, 233, 323), 18, outline=(90, 90, 90), width=4, fill=(235, 230, 205))
    pen.polygon([(20, 20), (60, 20), (20, 70)], fill="red")
    pen.rectangle((28, 90, 60, 150), fill=(20, 20, 20))
    pen.rectangle((180, 250, 220, 310), fill=(40, 40, 120))
    for pip in range(pips):
        x, y = 70 + 60 * (pip % 3), 60 + 55 * (pip // 3)
        pen.ellipse((x - 16, y - 20, x + 16, y + 20), fill=(200, 30, 30))
    return drawn


@pytest.mark.parametrize("pips", [7, 8, 10, 11])
@pytest.mark.parametrize("turn", [ImageOps.mirror, ImageOps.flip, lambda im: im.rotate(180)])
def test_of_a_graphic_only_near_identity_counts_when_it_is_turned(
    pips: int, turn: Callable[[Picture], Picture]
) -> None:
    listed = compute.hash_array(np.asarray(turn(card(pips + 1))))
    # As near as a plain look-up asks, so that it is the gate that keeps them apart.
    assert 6 < compute.hash_array(np.asarray(turn(card(pips)))).distance(listed) <= 31
    for effort in views.EFFORTS:
        assert look(decoded(card(pips), "PNG"), Index([listed]), effort) == ()
    hits = look(decoded(card(pips + 1), "PNG"), Index([listed]))
    assert [hit.row for hit in hits] == [0] and hits[0].distance <= 6


def test_photographs_keep_the_usual_threshold_when_they_are_turned() -> None:
    for name in NAMES[:3]:
        own = picture(name)
        thumbs = windows.Thumbnails(decoded(own))
        digest = np.frombuffer(compute.hash_array(np.asarray(own)).digest, np.uint8)[None]
        assert windows.turned_needs(thumbs, 24, digest) == 24
        # The same picture in four greys is nearly a drawing.
        drawing = windows.Thumbnails(decoded(ImageOps.posterize(own.convert("L"), 2).convert("RGB"), "PNG"))
        assert windows.turned_needs(drawing, 24, digest) > 31


def test_a_window_that_is_mostly_repeated_edge_decides_nothing() -> None:
    own = picture("astronaut")
    thumbs = windows.Thumbnails(decoded(own))
    digest = np.frombuffer(compute.hash_array(np.asarray(own)).digest, np.uint8)[None]
    needs = {}
    for beyond in (0.1, 0.16, 0.17, 0.25):
        found = windows.Found(0, 40, 0.6, (-beyond, 1 + beyond, 0.0, 1.0), 0, 0.0, "whole")
        needs[beyond] = windows._needs(found, windows.FAMILIES["whole"], thumbs, 64, digest)
    assert needs[0.1] <= 31 and needs[0.16] <= 31
    assert needs[0.17] > 256 and needs[0.25] > 256


def lit_disc(down: float, across: float, tone: float) -> Picture:
    at = (np.arange(300) + 0.5) / 300 - 0.5
    inside = np.hypot(at[:, None], at[None, :]) < 0.48
    light = np.clip(0.3 + down * at[:, None] + across * at[None, :], 0.02, 1)
    noise = np.random.default_rng(round(1000 * tone)).normal(0, 4, (300, 300))
    pixels = np.where(inside, np.clip(tone * light + noise, 0, 255), 255).astype(np.uint8)
    return Image.fromarray(pixels).convert("RGB")


def test_planets_lit_alike_are_no_match() -> None:
    planets = [
        lit_disc(0.9, 0.1, 120),
        lit_disc(0.8, 0.2, 150),
        lit_disc(1.0, -0.1, 90),
        lit_disc(0.9, 0, 60),
    ]
    digests = [compute.hash_array(np.asarray(each)) for each in planets]
    for at, planet in enumerate(planets):
        others = Index([digest for number, digest in enumerate(digests) if number != at])
        framed = ImageOps.expand(planet, 24, fill=(30, 60, 30))
        for upload in (ImageOps.mirror(planet), framed):
            assert look(decoded(upload, "PNG"), others, "thorough") == look(
                decoded(upload, "PNG"), others, "fast"
            )


def test_fast_looks_at_the_picture_as_it_is_only(index: Index) -> None:
    assert look(decoded(ImageOps.mirror(PICTURES[0])), index, "fast") == ()
    assert [hit.view for hit in look(decoded(PICTURES[0]), index, "fast")] == ["as it is"]


def test_flat_pictures_are_not_looked_up(index: Index) -> None:
    flat = decoded(Image.new("RGB", (300, 200), (90, 90, 90)))
    for effort in views.EFFORTS:
        result = views.look_up([flat], index, max_distance=31, min_quality=50, effort=effort)
        assert result.hits == ()
        assert result.hash.quality == 0


def test_checks_match_themselves_but_not_turned() -> None:
    at = np.arange(400)
    pixels = np.where(((at[:, None] // 37) + (at[None, :] // 53)) % 2, 200, 30).astype(np.uint8)
    own = Index([compute.hash_array(pixels)])
    plain = Image.fromarray(pixels)
    assert [hit.view for hit in look(decoded(plain, "PNG"), own, "thorough")] == ["as it is"]
    assert compute.hash_array(pixels[:, ::-1]).distance(compute.hash_array(pixels)) > 31
    assert look(decoded(ImageOps.mirror(plain), "PNG"), own, "thorough") == ()


def test_frames_are_named_and_the_first_gives_the_hash(index: Index) -> None:
    frames = [PICTURES[3].resize((320, 240)), PICTURES[4].resize((320, 240)), ImageOps.mirror(PICTURES[0])]
    stream = io.BytesIO()
    frames = [frame.resize((320, 240)) for frame in frames]
    frames[0].save(stream, "WEBP", save_all=True, append_images=frames[1:], duration=100, quality=90)
    upload = list(images.decode_frames(stream.getvalue()))
    result = views.look_up(upload, index, max_distance=31, min_quality=50, effort="standard")
    assert {hit.row: hit.view for hit in result.hits} == {
        3: "frame 1 of 3",
        4: "frame 2 of 3",
        0: "frame 3 of 3, mirrored",
    }
    assert result.hash == compute.hash_decoded(upload[0], algorithm=Algorithm.PDQ)


def test_on_black_is_asked_for_once_and_named(index: Index) -> None:
    calls = []

    def on_black() -> Decoded:
        calls.append(1)
        return decoded(PICTURES[1])

    white = decoded(Image.new("RGB", (300, 200), "white"))
    result = views.look_up(
        [white], index, max_distance=31, min_quality=50, effort="standard", on_black=on_black
    )
    assert [(hit.row, hit.view) for hit in result.hits] == [(1, "on black")]
    views.look_up([white], index, max_distance=31, min_quality=50, effort="fast", on_black=on_black)
    assert len(calls) == 1


def test_exif_orientation_counts_before_windows(index: Index) -> None:
    framed = ImageOps.expand(PICTURES[1].rotate(90, expand=True), 30, fill="white")
    exif = Image.Exif()
    exif[0x0112] = 6
    hits = look(decoded(framed, exif=exif.tobytes()), index)
    assert [(hit.row, hit.view) for hit in hits] == [(1, "inside a frame")]


def test_other_algorithms_have_derived_orientations() -> None:
    own = Index([compute.hash_array(np.asarray(each), algorithm="phash256") for each in PICTURES])
    upload = decoded(ImageOps.mirror(PICTURES[0]))
    result = views.look_up([upload], own, max_distance=51, min_quality=50, effort="thorough")
    assert [(hit.row, hit.view) for hit in result.hits] == [(0, "mirrored")]


def test_hits_need_no_less_than_the_threshold_they_were_found_at(index: Index) -> None:
    upload = images.decode(apply(BY_NAME["cropped 10 %"], PICTURES[0], Scene(np.random.default_rng(4))))
    (hit,) = look(upload, index, "thorough")
    assert hit.needs <= 31
    for limit, found in ((hit.needs, True), (hit.needs - 1, False)):
        if limit >= 0:
            hits = views.look_up([upload], index, max_distance=limit, min_quality=50, effort="thorough").hits
            assert bool(hits) is found


def test_an_empty_index_and_an_empty_upload() -> None:
    empty = Index([], algorithm="pdq")
    assert look(decoded(PICTURES[0]), empty, "thorough") == ()
    with pytest.raises(ValueError, match="no frames"):
        views.look_up([], empty, max_distance=31, min_quality=50)
    with pytest.raises(ValueError, match="effort"):
        views.look_up([decoded(PICTURES[0])], empty, max_distance=31, min_quality=50, effort="best")  # type: ignore[arg-type]


def test_listed_windows_catch_a_large_crop() -> None:
    listed = views.windows_to_list(decoded(PICTURES[0]))
    assert len(listed) == 14
    assert all(isinstance(value, Hash) and (value.quality or 0) >= 50 for value, _ in listed)
    upload = images.decode(
        apply(BY_NAME["cropped 10 % on every side"], PICTURES[0], Scene(np.random.default_rng(0)))
    )
    hits = look(upload, Index([value for value, _ in listed]), "fast")
    assert listed[hits[0].row][1] == "without 10 % on every side"


def test_listed_windows_leave_flat_parts_out() -> None:
    assert views.windows_to_list(decoded(Image.new("RGB", (200, 200), "grey"))) == ()
