"""Whatever bytes come: an outcome. Every prefix, and every change of one byte, of small files of every format."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from safehash.errors import ImageError, ImageTooLarge
from safehash.hashing.compute import hash_bytes, reduction_for
from safehash.images.decoding import decode, decode_frames
from safehash.images.limits import Limits
from safehash.matching.matcher import Matcher
from safehash.matching.settings import Settings
from small_files import changed, prefixes, small_files

FILES = small_files()
#: All 255 other values of a byte in the long run; three of them otherwise.
EVERY_VALUE = os.environ.get("SAFEHASH_HYPOTHESIS") == "long"
#: Changes of a byte that makes a size: what is larger takes its time and tells nothing more.
LIMITS = Limits(max_pixels=1 << 20)


@pytest.fixture(scope="module")
def matcher(tmp_path_factory: pytest.TempPathFactory) -> Matcher:
    path: Path = tmp_path_factory.mktemp("lists") / "own.csv"
    path.write_text(f"hash\n{hash_bytes(FILES['png']).hex}\n", encoding="ascii")
    return Matcher.from_files(path, settings=Settings(limits=LIMITS))


def decoded_or_refused(data: bytes) -> int:
    """Decode both ways; return how many pictures came out. Anything raised but an ImageError is a defect."""
    try:
        decode(data, limits=LIMITS, step_for=reduction_for)
    except ImageError:
        return 0
    try:
        return len(list(decode_frames(data, limits=LIMITS, step_for=reduction_for)))
    except ImageError:
        return 0


@pytest.mark.parametrize("name", FILES)
def test_the_small_files_are_whole(name: str, matcher: Matcher) -> None:
    """What is altered below is a picture to begin with, with all its frames."""
    frames = list(decode_frames(FILES[name], limits=LIMITS))
    wanted = {
        "gif animated": 4,
        "apng": 3,
        "webp animated": 3,
        "avif animated": 2,
        "tiff pages": 3,
        "gif with keys": 2,
    }
    wanted["apng with a hidden image"] = 2
    assert len(frames) == wanted.get(name, 1)
    assert not frames[0].provenance.truncated


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("effort", ["fast", "standard", "thorough"])
def test_every_prefix_has_an_outcome(name: str, effort: str, matcher: Matcher) -> None:
    data = FILES[name]
    step = 1 if effort == "standard" or EVERY_VALUE else 11
    parts = prefixes(data)[::step]
    assert len(parts) >= 3
    for part in parts:
        decision = matcher.check(part, effort=effort)  # type: ignore[arg-type]
        assert decision.failure is None, (len(part), decision.reason)


@pytest.mark.parametrize("name", FILES)
def test_every_change_of_a_byte_is_decoded_or_refused(name: str) -> None:
    data = FILES[name]
    n_pictures = 0
    for at in range(len(data)):
        for altered in changed(data, at, every_value=EVERY_VALUE):
            n_pictures += decoded_or_refused(altered)
    assert n_pictures > 0


def test_a_cut_animation_shows_the_frames_before_the_cut() -> None:
    """Regression: looking whether a second frame follows raised out of `check` for a seventh of all prefixes."""
    data = FILES["gif animated"]
    first = decode(data)
    control = b"\x21\xf9\x04"
    second_at = data.index(control, data.index(control) + 1)
    for end in range(second_at, second_at + 40):
        cut = data[:end]
        assert (decode(cut).pixels == first.pixels).all()
        assert (next(decode_frames(cut)).pixels == first.pixels).all()


#: What a decoder's objects and our own conversions of them were seen to raise, and what nobody has seen yet.
ERRORS = (
    ValueError, TypeError, KeyError, IndexError, OverflowError, ZeroDivisionError, AttributeError, AssertionError,
    EOFError, OSError, RuntimeError, RecursionError, MemoryError, struct.error, SyntaxError,
)  # fmt: skip


#: Their pixels are in no object that the library loads.
OUR_OWN = ("tiff", "pgm", "ppm", "pbm")
#: What is called elsewhere: the grey of deep pictures, the pixels of an AVIF, which its decoder does not keep.
INSTEAD = {
    ("png 16 bit", "conversions._flatten"): "conversions._grey_of_deep",
    ("avif", "PIL.Image.Image.load"): "PIL.Image.frombytes",
}
CONVERSIONS = [
    (name, INSTEAD.get((name, where), where))
    for name in FILES
    for where in ("seen.to_pixels", "conversions._flatten", "PIL.Image.Image.load")
    if name not in ("jpeg", "jpeg progressive")  # ordinary ones need no conversion
    and not (where.startswith("PIL") and name.startswith(OUR_OWN))
]


@pytest.mark.parametrize(("name", "where"), CONVERSIONS)
def test_no_error_of_a_conversion_gets_out(name: str, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    met: list[type[Exception]] = []
    for error in ERRORS:

        def fail(*_: object, error: type[Exception] = error, **__: object) -> None:
            met.append(error)
            raise error("planted")

        monkeypatch.setattr(where if where.startswith("PIL") else f"safehash.images.{where}", fail)
        with pytest.raises(ImageTooLarge if error is MemoryError else ImageError):
            decode(FILES[name], limits=Limits(), step_for=reduction_for)
    assert set(met) == set(ERRORS)
