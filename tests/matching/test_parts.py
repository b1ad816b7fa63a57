"""Parts of a picture that its holder lists beside it."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from drawn import decoded, picture
from safehash.evaluation.manipulations import MANIPULATIONS, apply
from safehash.evaluation.scene import Scene
from safehash.hashing import compute
from safehash.hashing.hashes import Hash
from safehash.images import decoding
from safehash.lists.suspicion import suspicion
from safehash.matching import views
from safehash.matching.parts import windows_to_list
from safehash.search.index import Index

BY_NAME = {manipulation.name: manipulation for manipulation in MANIPULATIONS}


def test_listed_windows_catch_a_large_crop() -> None:
    listed = windows_to_list(picture("astronaut"))
    assert len(listed) == 14
    assert all(isinstance(value, Hash) and (value.quality or 0) >= 50 for value, _ in listed)
    upload = decoding.decode(
        apply(BY_NAME["cropped 10 % on every side"], picture("astronaut"), Scene(np.random.default_rng(0)))
    )
    index = Index([value for value, _ in listed])
    hits = views.look_up([upload], index, max_distance=31, min_quality=50, effort="fast").hits
    assert listed[hits[0].row][1] == "without 10 % on every side"


def test_listed_windows_leave_flat_parts_out() -> None:
    assert windows_to_list(Image.new("RGB", (200, 200), "grey")) == ()


def test_mirrored_windows_are_the_windows_of_the_mirrored_picture() -> None:
    own = picture("astronaut")
    listed = windows_to_list(own, mirrored=True)
    assert len(listed) == 28 and not any(suspicion(value) for value, _ in listed)
    by_name = {name: value for value, name in listed}
    turned = {name: value for value, name in windows_to_list(ImageOps.mirror(own))}
    swapped = {"left": "right", "right": "left"}
    for name, value in turned.items():
        words = name.split()
        other = " ".join([*words[:-1], swapped.get(words[-1], words[-1])])
        assert by_name[f"mirrored, {other}"].distance(value) <= 4, name
        assert by_name[other].distance(value) > 60, name


def test_a_listed_hole_finds_what_something_hides() -> None:
    """From beside the hole all of an upload that hides it agrees: 30 % of a picture, too much for its own hash."""
    own = picture("astronaut")
    listed = windows_to_list(own, holes=True)
    assert len(listed) == 69
    assert ("without 25 to 75 % of its height, 12 to 88 % of its width") in {name for _, name in listed}
    covered = own.copy()
    width, height = own.size
    pasted = picture("chelsea").resize((round(width * 0.48), round(height * 0.72)))
    covered.paste(pasted, (round(width * 0.26), round(height * 0.14)))
    found = {}
    for name, entries in (
        ("whole", [compute.hash_array(np.asarray(own))]),
        ("parts", [value for value, _ in listed]),
    ):
        generated = np.random.default_rng(3).integers(0, 256, (20_000, 32), dtype=np.uint8)
        digests = np.frombuffer(b"".join(value.digest for value in entries), np.uint8).reshape(-1, 32)
        index = Index.from_digests(np.concatenate([digests, generated]))
        hits = views.look_up(
            [decoded(covered)], index, max_distance=31, min_quality=50, effort="thorough"
        ).hits
        found[name] = [(hit.row, hit.distance) for hit in hits if hit.row < len(entries)]
    row, distance = found["parts"][0]
    assert listed[row][1] == "without 12 to 88 % of its height, 25 to 75 % of its width"
    assert distance <= 16
    assert all(distance > 24 for _, distance in found["whole"])


def test_a_graphic_has_no_holes_to_list() -> None:
    """A poster without its picture is any poster."""
    page = Image.new("RGB", (700, 800), (30, 30, 34))
    draw = ImageDraw.Draw(page)
    draw.rectangle((44, 54, 656, 566), outline="white", width=4)
    for line in range(3):
        draw.rectangle((120, 610 + 50 * line, 580 - 60 * line, 640 + 50 * line), fill="white")
    plain = windows_to_list(page, min_quality=0)
    assert len(plain) == 14 and windows_to_list(page, min_quality=0, holes=True) == plain
