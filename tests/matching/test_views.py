"""Looking up views: what is found, how it is called, and what is left alone."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageDraw, ImageOps

from safehash import _digests, _views
from safehash.errors import UnreadableImage
from safehash.evaluation.manipulations import MANIPULATIONS, Scene, apply
from safehash.hashing import compute
from safehash.hashing.hashes import Algorithm, Hash
from safehash.images import decoding
from safehash.images.pictures import Also, Decoded
from safehash.matching import views, windows
from safehash.search.index import Index
from safehash.search.seeds import seed

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
    return decoding.decode(stream.getvalue(), step_for=compute.reduction_for)


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
        upload = decoding.decode(apply(BY_NAME[name], own, scene), step_for=compute.reduction_for)
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
        upload = decoding.decode(meme, step_for=compute.reduction_for)
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


def needed(own: Picture, found: windows.Found, digest: bytes | None = None) -> int:
    """Return the smallest threshold at which a window of this upload counts as the picture with this digest."""
    thumbs = windows.Thumbnails(decoded(own, "PNG"))
    entry = np.frombuffer(digest or compute.hash_array(np.asarray(own)).digest, np.uint8)[None]
    side = 64 if found.family in ("whole", "rotated") else 256
    return windows._needs(found, windows.FAMILIES[found.family], thumbs, side, entry)


WHOLE = (-0.01, 1.01, -0.01, 1.01)


def test_pictures_of_few_pixels_have_no_bits_beyond_the_usual_threshold() -> None:
    own, found = picture("coffee"), windows.Found(0, 40, 0.7, WHOLE, 0, 0.0, "whole")
    assert needed(own, found) < 31
    assert needed(own.resize((64, 96)), found) == 40
    assert needed(own.resize((128, 96)), found) > needed(own.resize((128, 128)), found)
    # A window of few pixels in a large upload is no better.
    panel = windows.Found(0, 16, 0.7, (0.2, 0.6, 0.1, 0.6), 0, 0.0, "panel")
    assert needed(own, panel) < needed(own.resize((150, 150)), panel) == 16


def test_a_window_in_another_orientation_must_agree_better() -> None:
    own = picture("coffee")
    found = windows.Found(0, 36, 0.54, WHOLE, 0, 0.0, "whole")
    assert needed(own, found) <= 31
    for orientation in range(1, 8):
        assert needed(own, replace(found, orientation=orientation)) > 256
        assert needed(own, replace(found, orientation=orientation, agreement=0.58)) <= 31


def screen(words: int) -> Picture:
    """Draw a program's window before a wallpaper that shines through: the same for everyone but for the words."""
    drawn = picture("coffee").resize((1000, 700))
    panes = drawn.copy()
    pen = ImageDraw.Draw(panes)
    pen.rectangle((0, 0, 1000, 40), fill=(60, 64, 72))
    pen.rectangle((40, 90, 300, 640), fill=(250, 250, 250))
    pen.rectangle((340, 90, 960, 640), fill=(236, 239, 241))
    drawn = Image.blend(drawn, panes, 0.8)
    pen = ImageDraw.Draw(drawn)
    rng = np.random.default_rng(words)
    for line in range(9):
        top = 120 + 56 * line
        pen.rectangle((60, top, 92, top + 32), fill=(40, 110, 190))
        for left in (110, 380, 640):
            pen.rectangle((left, top + 8, left + int(rng.integers(40, 150)), top + 20), fill="black")
    return drawn


def test_a_screen_laid_out_in_boxes_counts_near_identity_only() -> None:
    other = windows.Found(0, 24, 0.7, WHOLE, 0, 0.0, "whole")
    assert windows._photograph(seen(screen(1))) == 1.0
    for family in ("whole", "panel"):
        assert needed(screen(1), replace(other, family=family)) > 31
    assert needed(picture("coffee"), other) < 31
    # It is found all the same, cropped and mirrored.
    listed = Index([compute.hash_array(np.asarray(screen(1)))])
    for upload in (ImageOps.mirror(screen(1)), screen(1).crop((20, 8, 996, 694))):
        assert [hit.row for hit in look(decoded(upload), listed, "thorough")] == [0]


def test_a_frame_does_not_make_a_picture_laid_out() -> None:
    for colour in ("white", "black"):
        framed = windows.Thumbnails(decoded(ImageOps.expand(picture("astronaut"), 26, fill=colour)))
        assert windows._laid_out(framed, (0.0, 1.0, 0.0, 1.0), flat=0.3) == 1.0
        assert windows._laid_out(framed, (26 / 564, 538 / 564, 26 / 564, 538 / 564), flat=0.3) == 0.0


def test_a_grid_without_flat_parts_is_not_laid_out() -> None:
    own = picture("coffee").resize((600, 400))
    pen = ImageDraw.Draw(own)
    for line in range(8):
        pen.line((0, 50 * line, 600, 50 * line), fill="black", width=3)
        pen.line((75 * line, 0, 75 * line, 400), fill="black", width=3)
    thumbs = windows.Thumbnails(decoded(own))
    assert seen(own).flat < windows.LAID_OUT_FLAT_FROM
    assert windows._laid_out(thumbs, WHOLE, flat=0.3) == 1.0
    assert windows._laid_out(thumbs, WHOLE, flat=seen(own).flat) == 0.0


def night(name: str) -> Picture:
    """Return a photograph whose upper half is a dark, empty sky."""
    pixels = np.asarray(picture(name).resize((600, 400))) * 0.6
    pixels[:190] = 28 + np.random.default_rng(0).normal(0, 1, (190, 600, 1))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def test_a_photograph_at_night_may_lie_farther_than_a_drawing() -> None:
    own = night("coffee")
    assert windows._photograph(seen(own)) == 0.0
    found = windows.Found(0, 10, 0.75, WHOLE, 0, 0.0, "whole")
    assert needed(own, found) <= 31 < needed(own, replace(found, distance=20))
    assert windows._graphic_extra(seen(card(7))) == windows.GRAPHIC[0]
    drawing = windows.Found(0, 7, 0.75, WHOLE, 0, 0.0, "whole")
    assert needed(card(7), drawing) > 31 >= needed(card(7), replace(drawing, distance=6))


def seen(own: Picture) -> windows._Seen:
    thumb = windows.Thumbnails(decoded(own, "PNG")).of_side(64)
    return windows._Seen(*_views.measure_window(thumb, np.array([0.0, 1.0, 0.0, 1.0])))


def profiles(name: str) -> Picture:
    """Return a photograph in bands of light down and across, the same in every row: its digest is degenerate."""
    rng = np.random.default_rng(1)

    def profile(n: int) -> np.ndarray:
        at = (np.arange(n) + 0.5) / n
        waves = [rng.choice([-1, 1]) * np.cos(np.pi * k * at) / k**0.5 for k in range(1, 14)]
        summed = np.sum(waves, axis=0)
        scaled: np.ndarray = summed / summed.std()
        return scaled

    own = np.asarray(picture(name).resize((600, 400)).convert("L")).astype(np.float64)
    bands = 0.7 * profile(400)[:, None] * profile(600)[None, :] + 0.5 * (own - own.mean()) / own.std()
    return Image.fromarray(np.clip(120 + 45 * bands, 0, 255).astype(np.uint8)).convert("RGB")


@pytest.mark.parametrize("effort", ["standard", "thorough"])
def test_a_photograph_with_a_degenerate_digest_is_found_where_it_is_near(effort: views.Effort) -> None:
    own = profiles("coffee")
    digest = np.frombuffer(compute.hash_array(np.asarray(own)).digest, np.uint8)[None]
    assert _digests.degenerate(digest)[0] and windows._photograph(seen(own)) == 1.0
    listed = Index([compute.hash_array(np.asarray(own))])
    assert [hit.view for hit in look(decoded(ImageOps.mirror(own)), listed, effort)] == ["mirrored"]
    cropped = own.crop((24, 20, 600, 392))
    assert look(decoded(cropped), listed, "fast") == ()
    assert len(look(decoded(cropped), listed, effort)) == (effort == "thorough")
    # Within the second line, and of a photograph only.
    found = windows.Found(0, 26, 0.7, WHOLE, 0, 0.0, "whole")
    assert needed(own, found) <= 31
    assert needed(own, replace(found, distance=27)) > 256
    for family in ("framed", "panel"):
        assert needed(own, replace(found, distance=12, family=family)) <= 31
        assert needed(own, replace(found, distance=13, family=family)) > 256
    assert needed(ImageOps.posterize(own, 2), replace(found, distance=0), digest.tobytes()) > 256


@pytest.mark.parametrize("effort", ["standard", "thorough"])
def test_a_degenerate_entry_is_not_looked_for_in_boxes(
    effort: views.Effort, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of 150 boxes of a dog on a wooden floor came within 10 bits of a flag of three stripes."""
    own = profiles("coffee")
    listed = Index([compute.hash_array(np.asarray(own))])
    framed = decoded(ImageOps.expand(own, 60, "white"))
    assert look(framed, listed, effort) == ()
    monkeypatch.setattr(windows, "degenerate", lambda digests: np.zeros(len(digests), bool))
    assert [hit.view for hit in look(framed, listed, effort)] == ["inside a frame"]


def test_degenerate_entries_are_no_more_work_than_a_few_refinements(monkeypatch: pytest.MonkeyPatch) -> None:
    own = profiles("coffee")
    listed = compute.hash_array(np.asarray(own)).digest
    entries = np.repeat(np.frombuffer(listed, np.uint8)[None], 40, axis=0)
    entries[np.arange(40), np.arange(40) % 32] ^= 1  # forty of one kind
    refined = []
    refine = windows._refine

    def counted(*given: Any) -> windows.Found:
        refined.append(given)
        return refine(*given)

    monkeypatch.setattr(windows, "_refine", counted)
    look(decoded(own.crop((24, 20, 600, 392))), Index.from_digests(entries), "thorough")
    assert 0 < len(refined) <= 2 * windows.MAX_DEGENERATE


def test_degenerate_entries_far_from_every_window_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    own = profiles("coffee")
    cropped = decoded(own.crop((24, 20, 600, 392)))
    listed = Index([compute.hash_array(np.asarray(own))])
    batch = windows._whole_batch(windows.Thumbnails(cropped))
    nearest = int(seed(listed, np.concatenate(batch.digests), max_distance=94).distances.min())
    assert nearest <= windows.DEGENERATE_SEED
    for limit, found in ((nearest, True), (nearest - 1, False)):
        monkeypatch.setattr(windows, "DEGENERATE_SEED", limit)
        hits = windows._settle(batch, windows.Thumbnails(cropped), listed, 31, set())
        assert bool(list(hits)) is found


def egg(light: tuple[float, float], tone: float) -> Picture:
    """Draw an object on a white ground, lit from one side."""
    down, across = (np.arange(400) + 0.5)[:, None] / 400 - 0.5, (np.arange(300) + 0.5)[None, :] / 300 - 0.5
    inside = (down / 0.46) ** 2 + (across / (0.44 + 0.12 * down)) ** 2 < 1
    shade = np.clip(0.5 + light[0] * down + light[1] * across, 0.02, 1)
    grain = np.random.default_rng(round(tone)).normal(0, 6, (400, 300))
    pixels = np.where(inside, np.clip(tone * shade + grain, 0, 255), 255)
    return Image.fromarray(pixels.astype(np.uint8)).convert("RGB")


def test_an_object_of_few_greys_on_a_plain_ground_is_nearly_a_plain_shape() -> None:
    there = seen(egg((0.6, 0.5), 150))
    assert there.plain_ground and there.greys < windows.DULL_FROM
    digest = np.frombuffer(compute.hash_array(np.asarray(picture("rocket"))).digest, np.uint8)[None]
    apart = int(_digests.distance_to_plain(digest)[0])
    assert apart > 80
    assert windows._plain_limit(digest, there, 0.0) == windows._plain_limit(digest, there, 90.0) == apart - 64
    for other in (there._replace(plain_ground=False), there._replace(greys=windows.DULL_TO)):
        assert windows._plain_limit(digest, other, 0.0) == 2 * (apart - 64)
    # The second line, for what goes to the edges or has many greys.
    shape = np.frombuffer(compute.hash_array(np.asarray(egg((0.6, 0.5), 150))).digest, np.uint8)[None]
    apart = int(_digests.distance_to_plain(shape)[0])
    assert 50 < apart < 63
    assert windows._plain_limit(shape, there, 26.0) <= 0
    assert windows._plain_limit(shape, there._replace(plain_ground=False), 26.0) == 2 * (apart - 50)


def test_a_turn_that_is_refined_away_is_no_turn() -> None:
    own = decoded(picture("coffee").crop((6, 4, 596, 398)))
    thumbs = windows.Thumbnails(own)
    digest = np.frombuffer(compute.hash_array(np.asarray(picture("coffee"))).digest, np.uint8)[None]
    batch = windows._rotated_batch(thumbs)
    degrees = [
        windows._refine(batch, thumbs, 0, digest, batch.windows[group][0], group).degrees
        for group in range(len(batch.windows))
    ]
    assert 0.0 in degrees
    assert all(each == 0.0 or abs(each) >= 0.1 for each in degrees)


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
    upload = list(decoding.decode_frames(stream.getvalue()))
    result = views.look_up(upload, index, max_distance=31, min_quality=50, effort="standard")
    assert {hit.row: hit.view for hit in result.hits} == {
        3: "frame 1 of 3",
        4: "frame 2 of 3",
        0: "frame 3 of 3, mirrored",
    }
    assert result.hash == compute.hash_decoded(upload[0], algorithm=Algorithm.PDQ)


def test_further_pictures_are_made_once_where_the_effort_allows_and_named(index: Index) -> None:
    calls = []

    def further(name: str, picture: Picture, effort: views.Effort) -> Also:
        def make() -> Decoded:
            calls.append(name)
            return decoded(picture)

        return Also(name, make, effort=effort)

    white = decoded(Image.new("RGB", (300, 200), "white"))
    white = replace(
        white,
        also=(
            further("first shown", PICTURES[0], "fast"),
            further("on black", ImageOps.mirror(PICTURES[1]), "standard"),
            further("shrunk", PICTURES[2], "thorough"),
        ),
    )
    views_of = {"fast": 1, "standard": 2, "thorough": 3}
    names = {0: "first shown", 1: "on black, mirrored", 2: "shrunk"}
    for effort, n in views_of.items():
        calls.clear()
        hits = look(white, index, effort)  # type: ignore[arg-type]
        assert {hit.row: hit.view for hit in hits} == dict(list(names.items())[:n])
        assert len(calls) == n


def test_a_further_picture_that_cannot_be_made_is_told_and_costs_no_other(index: Index) -> None:
    def fail() -> Decoded:
        raise UnreadableImage("no colours in it")

    flat = replace(
        decoded(PICTURES[3]), also=(Also("broken", fail), Also("on black", lambda: decoded(PICTURES[1])))
    )
    result = views.look_up([flat], index, max_distance=31, min_quality=50)
    assert {hit.row: hit.view for hit in result.hits} == {3: "as it is", 1: "on black"}
    assert [str(failure) for failure in result.failures] == ["no colours in it"]


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
    upload = decoding.decode(apply(BY_NAME["cropped 10 %"], PICTURES[0], Scene(np.random.default_rng(4))))
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
    listed = views.windows_to_list(PICTURES[0])
    assert len(listed) == 14
    assert all(isinstance(value, Hash) and (value.quality or 0) >= 50 for value, _ in listed)
    upload = decoding.decode(
        apply(BY_NAME["cropped 10 % on every side"], PICTURES[0], Scene(np.random.default_rng(0)))
    )
    hits = look(upload, Index([value for value, _ in listed]), "fast")
    assert listed[hits[0].row][1] == "without 10 % on every side"


def test_listed_windows_leave_flat_parts_out() -> None:
    assert views.windows_to_list(Image.new("RGB", (200, 200), "grey")) == ()
