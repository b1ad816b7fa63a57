"""A WebP picture taken from where its decoder has put it is the library's own, damage included."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures_made import made
from PIL import Image

from safehash.errors import ImageError
from safehash.images import webp
from safehash.images.decoding import decode


def files() -> dict[str, bytes]:
    image = Image.fromarray(made(1, 60, 80))
    alpha = image.copy()
    alpha.putalpha(image.convert("L"))

    def write(one: Image.Image, **options: object) -> bytes:
        stream = io.BytesIO()
        one.save(stream, "WEBP", **options)
        return stream.getvalue()

    return {
        "lossy": write(image),
        "lossless": write(image, lossless=True),
        "alpha": write(alpha),
        "alpha, lossless": write(alpha, lossless=True, exact=True),
        "animated": write(image, save_all=True, append_images=[image.rotate(180)]),
    }


def outcome(data: bytes, step_for: Callable[[int], int] | None) -> object:
    try:
        decoded = decode(data, step_for=step_for)
    except ImageError as exc:
        return type(exc), str(exc)
    also = tuple((each.name, each.make().pixels.tobytes()) for each in decoded.also)
    return decoded.pixels.tobytes(), decoded.pixels.shape, decoded.provenance, also


def same_without(data: bytes, step_for: Callable[[int], int] | None = None) -> bool:
    found = outcome(data, step_for)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(webp, "CODEC", replace(webp.CODEC, take=None))
        return outcome(data, step_for) == found


@pytest.mark.parametrize("name", files())
@pytest.mark.parametrize("step", [None, 1, 2])
def test_the_library_gives_the_same(name: str, step: int | None) -> None:
    assert same_without(files()[name], None if step is None else lambda side: step)


def test_it_is_taken_so(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[bool] = []

    def watched(image: Image.Image) -> Image.Image | None:
        found = webp._take(image)
        taken.append(found is not None)
        return found

    monkeypatch.setattr(webp, "CODEC", replace(webp.CODEC, take=watched))
    every = files()
    assert "animated" in every and len(every) > 2
    for name, data in every.items():
        decode(data)
        assert taken.pop() == (name != "animated"), name


@given(
    name=st.sampled_from(sorted(files())),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=3),
    length=st.floats(0.2, 1),
)
def test_damage_has_the_same_outcome(name: str, changes: list[tuple[float, int]], length: float) -> None:
    data = bytearray(files()[name])
    for place, value in changes:
        data[12 + int(place * (len(data) - 12))] = value
    del data[max(20, int(length * len(data))) :]
    assert same_without(bytes(data))
