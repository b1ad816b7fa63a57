"""Palettes and deep samples by tables: the same pixels as when each is converted by itself."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageOps

from safehash.images import conversions
from safehash.images.conversions import Background, to_pixels, to_rgba


def one_by_one(
    image: Image.Image, background: Background, step: int, paint: object
) -> tuple[npt.NDArray[np.uint8], bool]:
    """Convert every pixel by itself, as it was done before there were tables."""
    if image.mode.startswith("I;16"):
        samples, key = np.asarray(image).astype(np.uint32), image.info.get("transparency")
        grey = ((samples + 128) // 257).astype(np.uint8)
        if isinstance(key, int):
            grey = np.where(samples == key, 255 if background == "white" else 0, grey).astype(np.uint8)
        return np.asarray(Image.fromarray(grey).reduce(step)), bool(
            isinstance(key, int) and (samples == key).any()
        )
    flat, transparent = conversions._flatten(image, background, paint)  # type: ignore[arg-type]
    return np.asarray(flat.convert("L").reduce(step)), transparent


def palette_images() -> list[Image.Image]:
    rng = np.random.default_rng(5)
    found = []
    for n_colours in (1, 2, 7, 16, 255, 256):
        for transparency in (
            None,
            0,
            n_colours - 1,
            255,
            bytes(rng.integers(0, 256, n_colours // 2 + 1, np.uint8)),
        ):
            indices = rng.integers(0, n_colours, (61, 47), dtype=np.uint8)
            indices[0] = 0
            image = Image.fromarray(indices).convert("P")
            image.putdata(indices.ravel().tolist())
            image.putpalette(rng.integers(0, 256, 3 * n_colours, dtype=np.uint8).tobytes())
            if transparency is not None:
                image.info["transparency"] = transparency
            found.append(image)
            stream = io.BytesIO()
            image.save(stream, "PNG", **({} if transparency is None else {"transparency": transparency}))
            again = Image.open(stream)
            again.load()
            found.append(again)
    return found


@pytest.mark.parametrize("background", ["white", "black"])
@pytest.mark.parametrize("paint", [None, ImageOps.invert])
@pytest.mark.parametrize("step", [2, 5])
def test_a_palette_by_its_table_is_what_its_pixels_are(
    background: Background, paint: object, step: int
) -> None:
    n_transparent = 0
    for image in palette_images():
        pixels, transparent = to_pixels(image, background, step, paint=paint)  # type: ignore[arg-type]
        wanted, was_transparent = one_by_one(image, background, step, paint)
        assert transparent == was_transparent
        assert np.array_equal(
            pixels if pixels.ndim == 2 else np.asarray(Image.fromarray(pixels).convert("L")), wanted
        )
        n_transparent += transparent
    assert n_transparent > 10


@pytest.mark.parametrize("background", ["white", "black"])
@pytest.mark.parametrize("key", [None, 0, 257, 65535, 70_000])
@pytest.mark.parametrize("mode", ["I;16", "I;16B"])
def test_deep_samples_by_their_table_are_what_they_are(
    background: Background, key: int | None, mode: str
) -> None:
    samples = np.random.default_rng(6).integers(0, 1 << 16, (300, 300), dtype=np.uint16)
    samples[:3] = np.arange(900, dtype=np.uint16).reshape(3, 300)
    samples[-1] = 65535
    order = ">u2" if mode.endswith("B") else "<u2"
    image = Image.frombytes(mode, (300, 300), samples.astype(order).tobytes())
    if key is not None:
        image.info["transparency"] = key
    for step in (1, 3):
        pixels, transparent = to_pixels(image, background, step)
        wanted, was_transparent = one_by_one(image, background, step, None)
        assert transparent == was_transparent == (key in (0, 257, 65535))
        assert np.array_equal(pixels, wanted)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"])
@pytest.mark.parametrize("sides", [(7, 5), (1_000, 700), (70_000, 9)])
def test_samples_with_alpha_are_the_library_s(mode: str, sides: tuple[int, int]) -> None:
    cols, rows = sides
    n_bands = Image.getmodebands(mode)
    samples = np.random.default_rng(7).integers(0, 256, (rows, cols, n_bands), dtype=np.uint8)
    first = Image.fromarray(samples[..., 0])
    image = (
        first.convert(mode) if n_bands == 1
        else Image.merge(mode, [Image.fromarray(samples[..., band]) for band in range(n_bands)])
    )  # fmt: skip
    for key in (None, 3) if mode in ("L", "P") else (None,):
        if key is not None:
            image.info["transparency"] = key
        found = to_rgba(image)
        assert found.dtype == np.uint8
        assert np.array_equal(found, np.asarray(image.convert("RGBA")))


@pytest.mark.parametrize("side", [40, 1_500])
def test_a_canvas_without_holes_is_seen_as_one_with_them(side: int) -> None:
    """Whether the fourth sample is looked at changes nothing but the time."""
    from safehash.images.limits import DEFAULT_LIMITS
    from safehash.images.pictures import Provenance
    from safehash.images.seen import seen_array

    pixels = np.random.default_rng(8).integers(0, 256, (side, side, 4), dtype=np.uint8)
    pixels[..., 3] = 255
    for scale in (1, 2):
        facts = Provenance(format="GIF", mode="P", width=side, height=side, scale=scale)
        opaque = seen_array(pixels, facts, limits=DEFAULT_LIMITS)
        wanted, transparent = to_pixels(Image.fromarray(pixels), "white", scale)
        assert not transparent
        assert not opaque.provenance.transparent
        assert np.array_equal(opaque.pixels, wanted)
        pixels[0, 0, 3] = 254
        assert seen_array(pixels, facts, limits=DEFAULT_LIMITS).provenance.transparent
        pixels[0, 0, 3] = 255


@pytest.mark.parametrize("key", [None, 4_321])
def test_deep_samples_are_shrunk_as_the_reference_tool_shrinks_them(key: int | None) -> None:
    """Before or after they are brought to 8 bits: the same pixels."""
    from safehash.images.older_tools import as_the_reference_tool, shrunk
    from safehash.images.pictures import Provenance

    samples = np.random.default_rng(9).integers(0, 1 << 16, (700, 1_300), dtype=np.uint16)
    samples[:, :40] = 4_321
    image = Image.fromarray(samples)
    assert image.mode == "I;16"
    if key is not None:
        image.info["transparency"] = key
    facts = Provenance(format="PNG", mode="I;16", width=1_300, height=700)
    found = as_the_reference_tool(lambda: image, facts).make().pixels
    assert np.array_equal(found, shrunk(to_pixels(image, "white", 1)[0]))
