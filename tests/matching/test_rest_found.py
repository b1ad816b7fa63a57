"""Copies of which little can be seen: found by what the rest says, and by nothing else."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw

import safehash
from drawn import Picture, decoded, picture
from safehash.hashing import compute
from safehash.matching import gates, holes, judgement
from safehash.matching.thumbnails import Thumbnails


def cropped(own: Picture) -> Picture:
    return own.crop((round(0.28 * own.width), round(0.2 * own.height), own.width, own.height))


def covered(own: Picture) -> Picture:
    own = own.copy()
    left, top = round(0.3 * own.width), round(0.25 * own.height)
    draw = ImageDraw.Draw(own)
    draw.ellipse((left, top, left + 0.6 * own.width, top + 0.6 * own.height), fill="white")
    draw.ellipse((left + 40, top + 40, left + 90, top + 90), fill="black")
    return own


def listed(own: Picture) -> safehash.Matcher:
    generated = np.random.default_rng(3).integers(0, 256, (20_000, 32), dtype=np.uint8)
    entries = [safehash.Entry(hash=compute.hash_array(np.asarray(own)), id="own", source="own")]
    entries += [
        safehash.Entry(hash=safehash.Hash("pdq", each.tobytes()), id=f"{at}", source="made")
        for at, each in enumerate(generated)
    ]
    return safehash.Matcher.from_entries(entries)


def encoded(upload: Picture) -> bytes:
    stream = io.BytesIO()
    upload.save(stream, "JPEG", quality=85)
    return stream.getvalue()


COPIES = [("coffee", cropped, "cropped about"), ("chelsea", covered, "with something over")]


@pytest.mark.parametrize(("name", "change", "view"), COPIES)
def test_a_copy_is_found_by_what_can_be_seen_of_it(
    name: str, change: Callable[[Picture], Picture], view: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = picture(name)
    matcher, upload = listed(own), encoded(change(own))
    (match,) = matcher.check(upload, effort="thorough").matches
    assert (match.entry.id, match.view.startswith(view)) == ("own", True)
    near = [
        each
        for look in matcher.explain(upload, "own", effort="thorough").looks
        for each in look.nearest
        if each.matches
    ]
    assert all(any(said.gate.startswith("rest") and said.bits for said in each.gates) for each in near)
    assert all(each.measures["rest"] > 62 for each in near)
    none = judgement.Gates(gate for gate in judgement.WINDOWS.gates if not isinstance(gate, gates.Rest))
    monkeypatch.setattr("safehash.matching.views.WINDOWS", none)
    assert not matcher.check(upload, effort="thorough").matches


@pytest.mark.parametrize(("name", "change", "view"), COPIES)
def test_another_picture_is_no_match_however_little_is_seen(
    name: str, change: Callable[[Picture], Picture], view: str
) -> None:
    upload = encoded(change(picture(name)))
    for other in ("rocket", "astronaut"):
        assert not listed(picture(other)).check(upload, effort="exhaustive").matches


def test_a_photograph_behind_a_plain_sticker_is_no_graphic() -> None:
    own = picture("chelsea").copy()
    ImageDraw.Draw(own).rectangle((0, 0, 0.65 * own.width, 0.6 * own.height), fill=(255, 214, 10))
    assert judgement.is_graphic(Thumbnails(decoded(own)))
    drawn = Image.new("RGB", own.size, "white")
    ImageDraw.Draw(drawn).rectangle((0, 0, 0.52 * own.width, 0.5 * own.height), fill=(255, 214, 10))
    matcher = listed(picture("chelsea"))
    looks = {
        name: {
            look.view: look.n_queries
            for look in matcher.explain(encoded(upload), "own", effort="thorough").looks
        }
        for name, upload in (("photograph", own), ("drawing", drawn))
    }
    assert looks["photograph"]["covered"] == len(holes._holes())
    assert looks["drawing"].get("covered", 0) == 0
