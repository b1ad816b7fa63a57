"""The gates: what each lets pass and what it refuses, on small pictures and on numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PIL import ImageDraw, ImageOps

from drawn import Picture, card, decoded, egg, lit_disc, night, picture, profiles, screen
from safehash import _digests
from safehash.hashing import compute
from safehash.images.pictures import Decoded
from safehash.matching import views
from safehash.matching.evidence import Candidate, Evidence
from safehash.matching.families import FADED, FRAMED, PANEL, TURNED, WHOLE, Family
from safehash.matching.gates import Refusal, Room
from safehash.matching.hiding import ENOUGH
from safehash.matching.judgement import GREYS, LAID_OUT, PLAIN_SHAPE, TURNS, WINDOWS
from safehash.matching.settings import EFFORTS, Effort
from safehash.matching.settling import LEAST_DOUBTED, MOST_DOUBTED
from safehash.matching.thumbnails import THE_UPLOAD, Thumbnails, Window
from safehash.search.index import Index

#: A window that is the upload but for a hundredth on every side.
NEARLY = (-0.01, 1.01, -0.01, 1.01)

NEVER = 257


def look(upload: Decoded, index: Index, effort: Effort = "standard") -> tuple[views.Hit, ...]:
    return views.look_up([upload], index, max_distance=31, min_quality=50, effort=effort).hits


def digest_of(own: Picture) -> np.ndarray:
    return np.frombuffer(compute.hash_array(np.asarray(own)).digest, np.uint8)[None]


def found(distance: int, agreement: float, family: Family = WHOLE, window: Window = NEARLY) -> Candidate:
    return Candidate(family=family, row=0, distance=distance, agreement=agreement, window=window, rest=0.0)


def evidence_of(own: Picture, candidate: Candidate, digest: np.ndarray | None = None) -> Evidence:
    return Evidence(candidate, digest_of(own) if digest is None else digest, Thumbnails(decoded(own, "PNG")))


def needed(own: Picture, candidate: Candidate, digest: np.ndarray | None = None) -> int:
    """Return the smallest threshold at which a window of this upload counts as the picture with this digest."""
    gates = TURNS if candidate.family is TURNED else WINDOWS
    said = gates.judge(evidence_of(own, candidate, digest))
    return NEVER if isinstance(said, Refusal) else said


def seen(own: Picture) -> Evidence:
    """Return what there is to see of a whole upload."""
    return evidence_of(own, Candidate(family=WHOLE, row=0, distance=0, window=THE_UPLOAD))


def test_gates_are_asked_from_what_decides_nothing_to_what_kind_of_picture_it_is() -> None:
    """The first that refuses is the one that a refusal names; those of one stage begin with the same room."""
    stages = [
        ["agreement", "missing", "window quality", "faint coefficients"], ["plain shape"], ["detail"], ["pixels"],
        ["laid out in boxes"],
        ["greys", "common greys", "flat share", "contrast", "lines", "plain ground", "flat share of the rest",
         "flat and common, aslant"],
        ["what is seen"],
        ["rest", "rest, sure"],
    ]  # fmt: skip
    for gates in (WINDOWS, TURNS):
        names = {gate.name for gate in gates.gates}
        expected = [[name for name in stage if name in names] for stage in stages]
        found = [[gate.name for gate in gates.gates if gate.stage == stage] for stage in range(len(stages))]
        assert found == expected
        assert [gate.name for gate in gates.gates] == [name for stage in expected for name in stage]


def test_what_gates_ask_of_the_rest_is_found_exactly() -> None:
    """What is not comes to less than is asked for, whatever it is."""
    asked = [each for gate in WINDOWS.gates for each in gate.ranges if each.measure == "rest"]
    assert len(asked) == 3
    assert all(min(each.none, each.full) >= ENOUGH for each in asked)
    assert all(LEAST_DOUBTED < each.none < MOST_DOUBTED for each in asked if 0 < each.none < 90)


@pytest.mark.parametrize("pips", [7, 8, 10, 11])
@pytest.mark.parametrize("turn", [ImageOps.mirror, ImageOps.flip, lambda im: im.rotate(180)])
def test_of_a_graphic_only_near_identity_counts_when_it_is_turned(
    pips: int, turn: Callable[[Picture], Picture]
) -> None:
    listed = compute.hash_array(np.asarray(turn(card(pips + 1))))
    # As near as a plain look-up asks, so that it is the gate that keeps them apart.
    assert 6 < compute.hash_array(np.asarray(turn(card(pips)))).distance(listed) <= 31
    for effort in EFFORTS:
        assert look(decoded(card(pips), "PNG"), Index([listed]), effort) == ()
    hits = look(decoded(card(pips + 1), "PNG"), Index([listed]))
    assert [hit.row for hit in hits] == [0] and hits[0].distance <= 6


def test_photographs_keep_the_usual_threshold_when_they_are_turned() -> None:
    for name in ("astronaut", "chelsea", "coffee"):
        own = picture(name)
        turned = Candidate(family=TURNED, row=0, distance=24)
        assert needed(own, turned) == 24
        # The same picture in four greys is nearly a drawing.
        drawing = ImageOps.posterize(own.convert("L"), 2).convert("RGB")
        assert needed(drawing, turned, digest_of(own)) > 31


def test_a_window_that_is_mostly_repeated_edge_decides_nothing() -> None:
    own = picture("astronaut")
    needs = {
        beyond: needed(own, found(40, 0.6, window=(-beyond, 1 + beyond, 0.0, 1.0)))
        for beyond in (0.1, 0.16, 0.17, 0.25)
    }
    assert needs[0.1] <= 31 and needs[0.16] <= 31
    assert needs[0.17] > 256 and needs[0.25] > 256


def test_pictures_of_few_pixels_have_no_bits_beyond_the_usual_threshold() -> None:
    own, near = picture("coffee"), found(40, 0.7)
    assert needed(own, near) < 31
    assert needed(own.resize((64, 96)), near) == 40
    assert needed(own.resize((128, 96)), near) > needed(own.resize((128, 128)), near)
    # A window of few pixels in a large upload is no better.
    panel = found(16, 0.7, PANEL, (0.2, 0.6, 0.1, 0.6))
    assert needed(own, panel) < needed(own.resize((150, 150)), panel) == 16


def test_a_window_in_another_orientation_must_agree_better() -> None:
    own = picture("coffee")
    near = found(36, 0.54)
    assert needed(own, near) <= 31
    for orientation in range(1, 8):
        assert needed(own, replace(near, orientation=orientation)) > 256
        assert needed(own, replace(near, orientation=orientation, agreement=0.58)) <= 31


def test_a_screen_laid_out_in_boxes_counts_near_identity_only() -> None:
    other = found(24, 0.7)
    assert WINDOWS.photograph(seen(screen(1))) == 1.0
    for family in (WHOLE, PANEL):
        assert needed(screen(1), replace(other, family=family)) > 31
    assert needed(picture("coffee"), other) < 31
    # It is found all the same, cropped and mirrored.
    listed = Index([compute.hash_array(np.asarray(screen(1)))])
    for upload in (ImageOps.mirror(screen(1)), screen(1).crop((20, 8, 996, 694))):
        assert [hit.row for hit in look(decoded(upload), listed, "thorough")] == [0]


def laid_out(own: Picture, window: Window, *, flat: float) -> float:
    """Return how much a window would be laid out in boxes if so much of it were flat."""
    evidence = evidence_of(own, found(0, 1.0, PANEL, window))
    return LAID_OUT.share(Evidence.of(PANEL, {"flat": flat, "boxes": evidence.boxes}))


def test_a_frame_does_not_make_a_picture_laid_out() -> None:
    for colour in ("white", "black"):
        framed = ImageOps.expand(picture("astronaut"), 26, fill=colour)
        inside = (26 / 564, 538 / 564, 26 / 564, 538 / 564)
        shares = [laid_out(framed, window, flat=0.3) for window in (THE_UPLOAD, inside)]
        assert shares == [1.0, 0.0]


def test_a_grid_without_flat_parts_is_not_laid_out() -> None:
    own = picture("coffee").resize((600, 400))
    pen = ImageDraw.Draw(own)
    for line in range(8):
        pen.line((0, 50 * line, 600, 50 * line), fill="black", width=3)
        pen.line((75 * line, 0, 75 * line, 400), fill="black", width=3)
    assert seen(own).flat < LAID_OUT.ranges[0].none
    assert laid_out(own, NEARLY, flat=0.3) == 1.0
    assert laid_out(own, NEARLY, flat=seen(own).flat) == 0.0


def test_a_photograph_at_night_may_lie_farther_than_a_drawing() -> None:
    own = night("coffee")
    assert WINDOWS.photograph(seen(own)) == 0.0
    near = found(10, 0.75)
    assert needed(own, near) <= 31 < needed(own, replace(near, distance=20))
    assert GREYS.near.share(seen(card(7))) == 0.0
    drawing = found(7, 0.75)
    assert needed(card(7), drawing) > 31 >= needed(card(7), replace(drawing, distance=6))


@pytest.mark.parametrize("effort", ["standard", "thorough"])
def test_a_photograph_with_a_degenerate_digest_is_found_where_it_is_near(effort: Effort) -> None:
    own = profiles("coffee")
    assert _digests.degenerate(digest_of(own))[0] and WINDOWS.photograph(seen(own)) == 1.0
    listed = Index([compute.hash_array(np.asarray(own))])
    assert [hit.view for hit in look(decoded(ImageOps.mirror(own)), listed, effort)] == ["mirrored"]
    cropped = own.crop((24, 20, 600, 392))
    assert look(decoded(cropped), listed, "fast") == ()
    assert len(look(decoded(cropped), listed, effort)) == (effort == "thorough")
    # Within the second line, and of a photograph only.
    near = found(26, 0.7)
    assert needed(own, near) <= 31
    assert needed(own, replace(near, distance=27)) > 256
    for family in (FRAMED, PANEL):
        assert needed(own, replace(near, distance=12, family=family)) <= 31
        assert needed(own, replace(near, distance=13, family=family)) > 256
    assert needed(ImageOps.posterize(own, 2), replace(near, distance=0), digest_of(own)) > 256


def plain_limit(digest: np.ndarray, evidence: Evidence, *, photograph: float, **measures: object) -> int:
    """Return the farthest distance that the gate against plain shapes lets pass."""
    room = Room(bits=14.0, agreement=0.5, photograph=photograph, large=1.0)
    known = {name: getattr(evidence, name) for name in ("plain_ground", "greys")} | measures
    known |= {"plain_distance": int(_digests.distance_to_plain(digest)[0]), "degenerate": False}
    passed = [
        distance
        for distance in range(257)
        if PLAIN_SHAPE.allows(Evidence.of(WHOLE, {**known, "distance": distance}), room) == 14.0
    ]
    return max(passed, default=-1)


def test_an_object_of_few_greys_on_a_plain_ground_is_nearly_a_plain_shape() -> None:
    there, few, many = seen(egg((0.6, 0.5), 150)), PLAIN_SHAPE.ranges[0].none, PLAIN_SHAPE.ranges[0].full
    assert there.plain_ground and there.greys < few
    digest = digest_of(picture("rocket"))
    apart = int(_digests.distance_to_plain(digest)[0])
    assert apart > 80
    assert (
        plain_limit(digest, there, photograph=0.0) == plain_limit(digest, there, photograph=1.0) == apart - 64
    )
    assert plain_limit(digest, there, photograph=0.0, plain_ground=False) == 2 * (apart - 64)
    assert plain_limit(digest, there, photograph=0.0, greys=many) == 2 * (apart - 64)
    # The second line, for what goes to the edges or has many greys.
    shape = digest_of(egg((0.6, 0.5), 150))
    apart = int(_digests.distance_to_plain(shape)[0])
    assert 50 < apart < 63
    assert plain_limit(shape, there, photograph=1.0) <= 0
    assert plain_limit(shape, there, photograph=1.0, plain_ground=False) == 2 * (apart - 50)


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


def test_an_overexposed_photograph_is_a_photograph_by_what_is_left_of_it() -> None:
    """Half white, it has a graphic's greys; a drawing that is half white has no more in its other half."""
    own = picture("camera")
    blown = own.point(lambda level: min(255, round(4 * level)))
    evidence = evidence_of(blown, found(36, 0.60))
    assert evidence.common > 0.45 and WINDOWS.photograph(evidence) == 0.0
    assert needed(blown, found(36, 0.60), digest_of(own)) <= 31
    # No farther than 9 bits beyond the usual threshold, and no agreement under 0.57.
    assert needed(blown, found(44, 0.60), digest_of(own)) > 31
    assert needed(blown, found(36, 0.56), digest_of(own)) == NEVER
    drawing = ImageOps.posterize(blown.convert("L"), 3).convert("RGB")
    assert needed(drawing, found(36, 0.60), digest_of(own)) > 31
    # Nor is it one before a plain ground.
    ground = ImageOps.expand(blown, 60, "white")
    assert evidence_of(ground, found(36, 0.60)).plain_ground
    assert needed(ground, found(36, 0.60), digest_of(own)) > 31


def test_what_a_faded_window_may_miss_is_a_third() -> None:
    own = picture("astronaut")
    for family, most in ((WHOLE, 0.25), (FADED, 0.35)):
        for missing, passes in ((most - 0.01, True), (most + 0.01, False)):
            beyond = (1 / (1 - missing) - 1) / 2
            near = found(36, 0.62, family, (-beyond, 1 + beyond, 0.0, 1.0))
            assert (needed(own, near) <= 31) is passes
