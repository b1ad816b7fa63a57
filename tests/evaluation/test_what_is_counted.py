"""Which pictures an evaluation takes, which are alike, and what of it evidence is counted over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from safehash import EvaluationOptions
from safehash.evaluation.evaluate import measure
from safehash.evaluation.manipulations import Manipulation
from safehash.evaluation.peers import Peer
from safehash.evaluation.scene import Picture, Scene
from safehash.hashing import compute

AS_IT_IS = Manipulation("itself", "codec", lambda picture, scene: picture, "PNG")
MIRRORED = Manipulation("mirrored", "orientation", lambda picture, scene: ImageOps.mirror(picture), "PNG")


def busy(seed: int) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((160, 128), Image.Resampling.BICUBIC)


def between(first: Image.Image, second: Image.Image) -> Image.Image:
    """Return a picture that is more the first than the second: some 50 bits from the first."""
    return Image.blend(first, second, 0.4)


def distance(first: Image.Image, second: Image.Image) -> int:
    return compute.hash_array(np.asarray(first)).distance(compute.hash_array(np.asarray(second)))


def same(first: Image.Image, second: Image.Image) -> bool:
    return np.array_equal(np.asarray(first), np.asarray(second))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed, name in enumerate("abcd"):
        busy(seed).save(tmp_path / f"{name}.png")
    return tmp_path


def test_of_too_many_pictures_some_are_taken_from_all_over_the_folder(folder: Path) -> None:
    busy(4).save(folder / "e.png")
    seen: list[Picture] = []

    def act(picture: Picture, scene: Scene) -> Picture:
        seen.append(picture)
        return picture

    measure(
        folder,
        manipulations=[Manipulation("seen", "codec", act, "PNG")],
        threads=1,
        options=EvaluationOptions(list_size=9, efforts=("fast",), max_images=3),
    )
    assert [next(n for n in range(5) if same(busy(n), each)) for each in seen] == [0, 2, 4]


def test_a_picture_of_exactly_the_least_quality_is_taken(folder: Path) -> None:
    assert {compute.hash_array(np.asarray(busy(seed))).quality for seed in range(4)} == {100}
    measured = measure(
        folder,
        manipulations=[AS_IT_IS],
        options=EvaluationOptions(list_size=9, efforts=("fast",), min_quality=100),
    )
    assert (measured.n_images, measured.n_skipped) == (4, 0)


def test_pictures_that_are_alike_at_the_largest_threshold_are_no_false_matches(folder: Path) -> None:
    near = between(busy(0), busy(1))
    assert 31 < distance(near, busy(0)) <= 80 < distance(near, busy(1))
    near.save(folder / "b.png")
    measured = measure(
        folder,
        manipulations=[AS_IT_IS],
        options=EvaluationOptions(list_size=4, efforts=("fast",), thresholds=(31, 80)),
    )
    assert [point["false_matches"] for point in measured.sweep] == [{"fast": 0}, {"fast": 0}]


def test_without_the_usual_threshold_figures_are_those_of_the_largest(folder: Path) -> None:
    measured = measure(
        folder,
        manipulations=[AS_IT_IS],
        options=EvaluationOptions(list_size=9, efforts=("fast",), thresholds=(8, 20, 12)),
    )
    assert measured.max_distance == 20


def test_evidence_is_counted_of_the_most_thorough_effort(folder: Path) -> None:
    measured = measure(
        folder,
        manipulations=[MIRRORED],
        options=EvaluationOptions(list_size=9, efforts=("fast", "standard")),
    )
    assert measured.rows[0].found == {"standard": 4}
    assert sum(row["right"] for row in measured.evidence) == 4


def test_evidence_tells_a_match_from_what_a_larger_threshold_would_find(folder: Path) -> None:
    def act(picture: Picture, scene: Scene) -> Picture:
        return picture if same(picture, busy(2)) else between(picture, busy(9))

    far = [distance(busy(seed), between(busy(seed), busy(9))) for seed in (0, 1, 3)]
    assert all(31 < bits <= 80 for bits in far)
    measured = measure(
        folder,
        manipulations=[Manipulation("mixed", "codec", act, "PNG")],
        options=EvaluationOptions(list_size=4, efforts=("fast",), thresholds=(31, 80)),
    )
    assert sum(row["right"] for row in measured.evidence) == 4
    assert sum(row["matches"] for row in measured.evidence) == 1
    assert measured.rows[0].views == {"as it is": 1}


def test_a_false_match_is_one_by_the_threshold_that_it_needs(folder: Path) -> None:
    """The second picture and, in its place, the first are cropped: farther off than the threshold, and found."""

    def act(picture: Picture, scene: Scene) -> Picture:
        is_first = same(picture, busy(0)) or same(picture, busy(1))
        return busy(1).crop((16, 8, 152, 112)) if is_first else picture

    measured = measure(
        folder,
        manipulations=[Manipulation("cropped", "codec", act, "PNG")],
        options=EvaluationOptions(list_size=9, efforts=("fast", "thorough")),
    )
    (row,) = measured.rows
    assert max(row.distances["thorough"]) > 31
    assert (row.found, row.false) == ({"fast": 2, "thorough": 3}, {"thorough": 1})


def test_pictures_that_are_alike_are_no_false_matches_of_a_peer_either(folder: Path) -> None:
    busy(0).save(folder / "b.jpg", quality=60)
    (folder / "b.png").unlink()
    plain = Peer("plain", lambda picture: compute.hash_array(np.asarray(picture)).digest, 31)
    measured = measure(
        folder,
        manipulations=[AS_IT_IS],
        peers=[plain],
        options=EvaluationOptions(list_size=4, efforts=("fast",)),
    )
    (row,) = measured.rows
    assert (row.found, row.false) == ({"fast": 4, "plain": 4}, {})


def test_how_near_an_own_list_comes_is_told_beyond_the_threshold(folder: Path, tmp_path: Path) -> None:
    digest = bytearray(compute.hash_array(np.asarray(busy(0))).digest)
    digest[3:9] = (byte ^ 255 for byte in digest[3:9])
    own = tmp_path / "own.csv"
    own.write_text(f"pdq\n{digest.hex()}\n")
    measured = measure(
        folder,
        manipulations=[AS_IT_IS],
        own_lists=[own],
        options=EvaluationOptions(list_size=9, efforts=("fast",)),
    )
    assert (measured.max_distance, measured.own_lists[0].needs) == (31, {"fast": [48, None, None, None]})


def test_what_of_the_folder_is_on_an_own_list_is_no_false_match(folder: Path, tmp_path: Path) -> None:
    """A negative of the first picture, and the one that is kept for collages, which stands in for every upload."""
    busy(4).save(folder / "e.png")
    negative, kept = (compute.hash_array(np.asarray(busy(seed))) for seed in (0, 4))
    own = tmp_path / "own.csv"
    own.write_text(f"pdq\n{negative.negative().digest.hex()}\n{kept.digest.hex()}\n")
    measured = measure(
        folder,
        manipulations=[
            Manipulation("negative", "codec", lambda picture, scene: ImageOps.invert(picture), "PNG"),
            Manipulation("another's", "codec", lambda picture, scene: busy(4), "PNG"),
        ],
        own_lists=[own],
        options=EvaluationOptions(list_size=9, efforts=("fast",)),
    )
    (found,) = measured.own_lists
    assert (found.n_known, found.false, found.matches) == (2, {}, [])
    assert [row.false for row in measured.rows] == [{}, {}]
