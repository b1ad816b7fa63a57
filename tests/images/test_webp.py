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
from safehash.images.decoding import decode, decode_frames


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


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 12
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        found.append((data[at : at + 4], data[at + 8 : at + 8 + length]))
        at += 8 + length + length % 2
    return found


def riff(*parts: tuple[bytes, bytes], missing: int = 0) -> bytes:
    body = b"".join(
        kind + len(part).to_bytes(4, "little") + part + bytes(len(part) % 2) for kind, part in parts
    )
    data = b"RIFF" + (4 + len(body)).to_bytes(4, "little") + b"WEBP" + body
    return data[: len(data) - missing]


#: What may stand behind a picture and be cut: remarks, what nobody knows, another picture.
_REMARKS = tuple((kind, bytes(200)) for kind in (b"XMP ", b"abcd", b"VP8L", b"VP8 ", b"ALPH"))


@pytest.mark.parametrize("name", [name for name in files() if name != "animated"])
@pytest.mark.parametrize("behind", _REMARKS, ids=[kind.decode().strip() for kind, _ in _REMARKS])
def test_what_is_cut_behind_the_pixels_takes_none_of_them_away(
    name: str, behind: tuple[bytes, bytes]
) -> None:
    """No viewer needs it. Rows were missing, or all was damaged, where the file was shorter than it says."""
    whole = decode(files()[name])
    cut = decode(riff(*chunks(files()[name]), behind, missing=50))
    assert not cut.provenance.truncated
    assert cut.pixels.tobytes() == whole.pixels.tobytes()
    assert [each.name for each in cut.also] == [each.name for each in whole.also]


@pytest.mark.parametrize("missing", [50, 500])
def test_an_animation_that_is_cut_has_the_frames_before_whole(missing: int) -> None:
    """With 50 bytes less what is cut is a remark, with 500 the last of its three frames, too."""
    image = Image.fromarray(made(1, 60, 80))
    stream = io.BytesIO()
    turned = [image.rotate(90), image.rotate(180)]
    image.save(stream, "WEBP", save_all=True, append_images=turned, duration=40)
    wanted = [frame.pixels.tobytes() for frame in decode_frames(stream.getvalue())]
    data = riff(*chunks(stream.getvalue()), _REMARKS[0], missing=missing)
    frames = [frame.pixels.tobytes() for frame in decode_frames(data)]
    assert len(wanted) == 3 and frames[:2] == wanted[:2]
    assert (frames == wanted) == (missing == 50)


def test_how_a_picture_is_turned_is_read_where_what_follows_is_cut() -> None:
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(made(1, 60, 80)).save(stream, "WEBP", exif=exif)
    whole = decode(stream.getvalue())
    cut = decode(riff(*chunks(stream.getvalue()), (b"XMP ", bytes(200)), missing=50))
    assert [each.name for each in whole.also] == [each.name for each in cut.also] != []
