"""What an upload of low quality still matches: as it is, within bits of its own, and nothing that is a plain shape."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import skimage.data
from PIL import Image, ImageOps

import safehash
from safehash.hashing.algorithms import LOW_QUALITY_DISTANCE
from safehash.matching.settings import EFFORTS, Effort


def faint(name: str = "chelsea", contrast: float = 0.08) -> npt.NDArray[np.uint8]:
    """Return a photograph as fog leaves it: its quality lies between nothing and the usual threshold."""
    photo = np.asarray(getattr(skimage.data, name)()).astype(float)[:240, :320]
    return np.asarray(np.clip(200 + (photo - photo.mean()) * contrast, 0, 255).round().astype(np.uint8))


def matcher_of(folder: Path, pixels: npt.NDArray[np.uint8], **policy: object) -> safehash.Matcher:
    path = folder / "list.csv"
    path.write_text(f"hash,id\n{safehash.hash_array(pixels).hex},own\n")
    settings = safehash.Settings(policy=safehash.Policy(**policy))  # type: ignore[arg-type]
    return safehash.Matcher.from_files(path, settings=settings)


def as_jpeg(pixels: npt.NDArray[np.uint8], quality: int = 90) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


@pytest.mark.parametrize("effort", EFFORTS)
def test_a_faint_copy_matches_as_it_is_and_no_other_way(tmp_path: Path, effort: Effort) -> None:
    clear = np.asarray(skimage.data.chelsea())[:240, :320]
    matcher = matcher_of(tmp_path, clear)
    decision = matcher.check(as_jpeg(faint()), effort=effort)
    assert decision.hash is not None and decision.hash.quality is not None and decision.hash.quality < 50
    (match,) = decision.matches
    assert match.view == "as it is" and match.distance <= LOW_QUALITY_DISTANCE
    negative = matcher.check(ImageOps.invert(Image.fromarray(faint())), effort=effort)
    assert negative.outcome is safehash.Outcome.LOW_QUALITY
    if effort == "fast":  # what it is told to match within is what it does
        (near,) = (
            near for look in matcher.explain(as_jpeg(faint()), effort=effort).looks for near in look.nearest
        )
        assert (near.threshold, near.allowed, near.matches) == (
            LOW_QUALITY_DISTANCE,
            LOW_QUALITY_DISTANCE,
            True,
        )
    # And the same of a stored hash.
    assert [each.is_match for each in matcher.check_hashes([decision.hash])] == [True]


@pytest.mark.parametrize("within", [None, 0, 6, 12, 16, 40])
def test_it_must_come_nearer_than_the_setting_says(tmp_path: Path, within: int | None) -> None:
    faded = safehash.hash_array(faint())
    digest = np.unpackbits(np.frombuffer(faded.digest, np.uint8))
    path = tmp_path / "list.csv"
    rows = []
    for n_bits in (0, 6, 8, 12, 14, 30, 32):
        other = digest.copy()
        other[:n_bits] ^= 1
        rows.append(f"{np.packbits(other).tobytes().hex()},{n_bits}\n")
    path.write_text("hash,id\n" + "".join(rows))
    policy = safehash.Policy(low_quality_distance=within, include_suspicious=True)
    matcher = safehash.Matcher.from_files(path, settings=safehash.Settings(policy=policy))
    # What a window of it finds is another matter.
    stored, shown = matcher.check_hashes([faded])[0], matcher.check(faint(), effort="fast")
    limit = -1 if within is None else min(within, 31)
    for decision in (stored, shown):
        assert [match.distance for match in decision.matches] == [
            n_bits for n_bits in (0, 6, 8, 12, 14, 30) if n_bits <= limit
        ]
    # Nor farther than the list allows, which is what `explain` says of it.
    told = [near.threshold for look in matcher.explain(faint(), effort="fast").looks for near in look.nearest]
    assert told == [limit] * len(told) and bool(told) is (within is not None)
    assert matcher.audit.low_quality_distance == within
    saved = tmp_path / "list.shx"
    matcher.save(saved)
    assert safehash.Matcher.open(saved).audit.low_quality_distance == within


def test_a_blank_shape_is_no_copy_of_another(tmp_path: Path) -> None:
    """A faint disc on a ground is like any other: its entry lies too near to a plain shape."""

    def disc(radius: int) -> npt.NDArray[np.uint8]:
        rows, cols = np.mgrid[:240, :240] - 105.0
        soft = 1 / (1 + np.exp((np.hypot(rows, cols) - radius) / 6))
        return np.repeat((100 + 24 * soft)[..., None], 3, axis=2).round().astype(np.uint8)

    own = safehash.hash_array(disc(50))
    assert own.quality is not None and own.quality < 50
    anything = matcher_of(tmp_path, disc(50), include_suspicious=True, min_quality=0)
    assert anything.check(disc(50)).is_match
    matcher = matcher_of(tmp_path, disc(50), include_suspicious=True)
    for decision in (matcher.check(disc(50)), *matcher.check_hashes([own])):
        assert decision.outcome is safehash.Outcome.LOW_QUALITY


@pytest.mark.parametrize("value", [-1, 257])
def test_bits_that_are_none_are_refused(value: int) -> None:
    with pytest.raises(ValueError, match="low_quality_distance"):
        safehash.Policy(low_quality_distance=value)
