"""Several lists of the user's own, peers, chance and pictures that are alike: what an evaluation holds apart."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps
from test_evaluated_figures import made_by_hand

from safehash import EvaluationOptions, ListSource
from safehash.cli import main
from safehash.errors import ListError
from safehash.evaluation import evaluate as evaluating
from safehash.evaluation import own_list as listing
from safehash.evaluation.evaluate import measure
from safehash.evaluation.manipulations import Manipulation, apply
from safehash.evaluation.page import as_page
from safehash.evaluation.peers import Peer, find_peers
from safehash.evaluation.results import EvaluationRow
from safehash.evaluation.scene import Picture, Scene
from safehash.hashing import compute
from safehash.hashing.algorithms import LOW_QUALITY_DISTANCE
from safehash.matching.views import Hit, look_up

AS_IT_IS = Manipulation("itself", "codec", lambda picture, scene: picture, "PNG")


def busy(seed: int) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((160, 128), Image.Resampling.BICUBIC)


def digest_of(picture: Image.Image, n_bytes_off: int = 0, at: int = 0) -> bytes:
    """Return a picture's digest, with so many bytes of it turned over from one on: 8 bits each."""
    digest = bytearray(compute.hash_array(np.asarray(picture)).digest)
    digest[at : at + n_bytes_off] = (byte ^ 255 for byte in digest[at : at + n_bytes_off])
    return bytes(digest)


def same(first: Image.Image, second: Image.Image) -> bool:
    return np.array_equal(np.asarray(first), np.asarray(second))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pictures, named in the order of their seeds, of different suffixes and at different depths."""
    where = tmp_path / "pictures"
    (where / "deep" / "er").mkdir(parents=True)
    for seed, name in enumerate(("a.PNG", "b.tiff", "deep/c.png", "deep/er/d.bmp")):
        busy(seed).save(where / name)
    return where


def options(**more: Any) -> EvaluationOptions:
    return EvaluationOptions(**{"list_size": 50, "efforts": ("fast",), **more})


def test_each_own_list_has_its_own_counts_and_names(folder: Path, tmp_path: Path) -> None:
    """Of the first list the second PDQ entry is near "c", of the second the first near "d" and "a"."""
    none, near_c, near_d, near_a = (
        digest_of(busy(9)), digest_of(busy(2), 5), digest_of(busy(3), 5, 10), digest_of(busy(0), 5, 20),
    )  # fmt: skip
    (tmp_path / "one.csv").write_text(
        f"hash,id\n{'ab' * 16},m-1\n{none.hex()},n-0\n{'cd' * 20},s-1\n{near_c.hex()},\n"
    )
    (tmp_path / "two.csv").write_text(f"pdq,id\n{near_d.hex()},x-7\n{near_a.hex()},x-8\n")
    measured = measure(
        folder,
        manipulations=[AS_IT_IS],
        own_lists=[tmp_path / "one.csv", tmp_path / "two.csv"],
        options=options(thresholds=(41,)),
    )
    one, two = measured.own_lists
    assert (one.name, one.n_entries, one.n_known, one.false) == ("one", 2, 0, {"fast": 1})
    assert (two.name, two.n_entries, two.n_known, two.false) == ("two", 2, 0, {"fast": 2})
    assert [(each.picture, each.distance, each.entry) for each in one.matches] == [
        ("deep/c.png", 40, f"{near_c.hex()[:8]}...")
    ]
    assert sorted((each.picture, each.entry) for each in two.matches) == [
        ("a.PNG", "x-8"),
        ("deep/er/d.bmp", "x-7"),
    ]
    assert one.needs == {"fast": [None, None, 40, None]}
    assert two.needs == {"fast": [40, None, None, 40]}
    assert (measured.n_images, measured.n_skipped, measured.rows[0].false) == (4, 0, {"fast": 3})


def test_entries_near_a_picture_to_begin_with_are_neither_false_nor_nearest(
    folder: Path, tmp_path: Path
) -> None:
    """Within 31 bits, whatever threshold is measured; beyond, they are others'."""
    lines = [digest_of(busy(seed), n).hex() for seed, n in ((0, 0), (1, 3), (2, 4))]
    (tmp_path / "own.csv").write_text("pdq\n" + "\n".join(lines) + "\n")
    measured = measure(
        folder,
        manipulations=[AS_IT_IS],
        own_lists=[tmp_path / "own.csv"],
        options=options(thresholds=(8, 33)),
    )
    (found,) = measured.own_lists
    assert (found.n_known, found.needs) == (2, {"fast": [None, None, 32, None]})
    assert (measured.max_distance, found.false) == (33, {"fast": 1})


def test_how_near_a_list_comes_is_told_for_each_effort(folder: Path, tmp_path: Path) -> None:
    """Of a mirrored copy 40 bits off "a", only who looks at orientations comes near."""
    near = digest_of(ImageOps.mirror(busy(0)), 5)
    (tmp_path / "own.csv").write_text(f"pdq\n{near.hex()}\n")
    measured = measure(
        folder,
        manipulations=[AS_IT_IS],
        own_lists=[tmp_path / "own.csv"],
        options=options(efforts=("fast", "standard")),
    )
    needs = measured.own_lists[0].needs
    assert needs["fast"] == [None] * 4 and needs["standard"] == [40, None, None, None]


def test_no_more_matches_are_kept_than_a_person_looks_at(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [digest_of(busy(0), 5, at).hex() for at in (0, 5, 10)]
    (tmp_path / "own.csv").write_text("pdq\n" + "\n".join(lines) + "\n")
    monkeypatch.setattr(listing, "_MATCHES_KEPT", 2)
    measured = measure(
        folder, manipulations=[AS_IT_IS], own_lists=[tmp_path / "own.csv"], options=options(thresholds=(41,))
    )
    assert len(measured.own_lists[0].matches) == 2 and measured.own_lists[0].false == {"fast": 1}


def test_two_own_lists_of_one_name_are_refused(folder: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.csv").write_text(f"pdq\n{digest_of(busy(9)).hex()}\n")
    with pytest.raises(ListError, match="two lists are called 'one'"):
        measure(
            folder,
            manipulations=[AS_IT_IS],
            own_lists=[tmp_path / "one.csv", ListSource(tmp_path / "two.csv", name="one")],
            options=options(),
        )


# -- peers --------------------------------------------------------------------------------------------------


def test_a_peer_finds_up_to_its_threshold(folder: Path) -> None:
    """Its digest of a picture has the bits of its number, 0 to 3: 0 and 3 are two bits apart, the others one or two."""

    def digest(picture: Picture) -> bytes:
        return bytes([next(seed for seed in range(4) if same(busy(seed), picture))])

    swapped = Manipulation(
        "swapped", "codec", lambda picture, scene: busy(1) if same(picture, busy(0)) else picture, "PNG"
    )
    measured = measure(
        folder,
        manipulations=[AS_IT_IS, swapped],
        peers=[Peer("equal", digest, 0), Peer("a bit", digest, 1), Peer("two bits", digest, 2)],
        options=options(),
    )
    itself, other = measured.rows
    assert measured.ways == ("fast", "equal", "a bit", "two bits")
    assert (itself.found, itself.false) == (
        {"fast": 4, "equal": 4, "a bit": 4, "two bits": 4}, {"a bit": 4, "two bits": 4},
    )  # fmt: skip
    # What became of the first is found as such by who takes a bit's difference, and is the second's for all.
    assert (other.found, other.false) == (
        {"fast": 3, "equal": 3, "a bit": 4, "two bits": 4}, {"fast": 1, "equal": 1, "a bit": 4, "two bits": 4},
    )  # fmt: skip


def test_peers_are_taken_at_their_users_thresholds() -> None:
    known = {"plain PDQ (pdqhash)": 31, "imagehash phash": 8, "perception PHash": 12}
    found = {peer.name: peer.max_distance for peer in find_peers()}
    assert found and found.items() <= known.items()


# -- chance, and what is alike ------------------------------------------------------------------------------


def drawn(folder: Path, seed: int) -> list[int]:
    """Return the chance of each of eight uploads."""
    seen: list[int] = []

    def act(picture: Picture, scene: Scene) -> Picture:
        seen.append(int(scene.rng.integers(1 << 62)))
        return picture

    measure(
        folder,
        manipulations=[Manipulation(name, "codec", act, "PNG") for name in ("one", "two")],
        options=options(seed=seed),
        threads=1,
    )
    return seen


def test_chance_is_of_the_seed_the_picture_and_the_manipulation(folder: Path) -> None:
    three, four = drawn(folder, 3), drawn(folder, 4)
    assert len({*three, *four}) == 16 and drawn(folder, 3) == three


def test_generated_digests_are_of_the_seed() -> None:
    def made(seed: int) -> np.ndarray:
        named = [evaluating._Named(str(at), busy(at)) for at in range(2)]
        index = evaluating._Bench(named, [], options(seed=seed, list_size=9), [], []).index
        return np.asarray(index.digests_of(list(range(9))))

    assert np.array_equal(made(3), made(3)) and np.array_equal(made(3)[:2], made(4)[:2])
    assert not (made(3)[2:] == made(4)[2:]).all(axis=1).any()


def test_a_mirrored_copy_in_the_folder_is_alike(folder: Path) -> None:
    ImageOps.mirror(busy(0)).save(folder / "b.tiff")
    measured = measure(folder, manipulations=[AS_IT_IS], options=options(efforts=("standard",)))
    (row,) = measured.rows
    assert (row.found, row.false) == ({"standard": 4}, {})


def test_what_is_alike_at_the_usual_threshold_is_so_at_a_lower_one(folder: Path) -> None:
    near = Image.blend(busy(0), busy(9), 0.2)
    apart = compute.hash_array(np.asarray(near)).distance(compute.hash_array(np.asarray(busy(0))))
    assert 8 < apart <= 31
    near.save(folder / "b.tiff")
    becomes = Manipulation(
        "near", "codec", lambda picture, scene: near if same(picture, busy(0)) else picture, "PNG"
    )
    measured = measure(folder, manipulations=[becomes], options=options(thresholds=(8,)))
    assert measured.rows[0].false == {}


# -- how uploads are looked up ------------------------------------------------------------------------------


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """Note how every look-up is asked for."""
    seen: list[dict[str, Any]] = []
    own = look_up

    def noting(frames: Any, index: Any, **named: Any) -> Any:
        seen.append(named)
        return own(frames, index, **named)

    monkeypatch.setattr(evaluating, "look_up", noting)
    yield seen


def test_uploads_are_looked_up_as_a_check_does(
    folder: Path, tmp_path: Path, looked: list[dict[str, Any]]
) -> None:
    (tmp_path / "own.csv").write_text(f"pdq\n{digest_of(busy(9)).hex()}\n")
    asked = options(efforts=("standard", "fast"), thresholds=(40, 31), min_quality=37)
    measured = measure(
        folder, manipulations=[AS_IT_IS], own_lists=[tmp_path / "own.csv"], options=asked, threads=1
    )
    assert [each["effort"] for each in looked] == ["standard", "fast"] * 4 + ["standard"] * 4 + ["fast"] * 4
    assert [each["max_distance"] for each in looked] == [40] * 8 + [64] * 8 and measured.max_distance == 31
    assert {(each["min_quality"], each["low_quality_distance"]) for each in looked} == {
        (37, LOW_QUALITY_DISTANCE)
    }


def test_views_are_those_of_the_most_thorough_effort_wherever_it_stands(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = look_up

    def by_effort(frames: Any, index: Any, **named: Any) -> Any:
        result = own(frames, index, **named)
        hits = tuple(Hit(row=hit.row, distance=hit.distance, view=named["effort"]) for hit in result.hits)
        return type(result)(hash=result.hash, provenance=result.provenance, hits=hits)

    monkeypatch.setattr(evaluating, "look_up", by_effort)
    for efforts in (("fast", "standard"), ("standard", "fast")):
        measured = measure(folder, manipulations=[AS_IT_IS], options=options(efforts=efforts))
        assert measured.rows[0].views == {"standard": 4}


@pytest.mark.parametrize("encoding", ["JPEG", "WEBP"])
def test_a_manipulation_is_written_in_its_quality(encoding: str) -> None:
    n_bytes = []
    for quality in (10, 50, 85, 95):
        written = Manipulation("x", "codec", AS_IT_IS.change, encoding, quality)
        n_bytes.append(len(apply(written, busy(0), Scene(np.random.default_rng(0)))))
    assert n_bytes == sorted(set(n_bytes))


def test_pictures_are_brought_to_a_longer_side_of_1024(folder: Path) -> None:
    busy(0).resize((1500, 750)).save(folder / "a.PNG")
    sizes: list[tuple[int, int]] = []

    def act(picture: Picture, scene: Scene) -> Picture:
        sizes.append(picture.size)
        return picture

    measure(folder, manipulations=[Manipulation("x", "codec", act, "PNG")], options=options(), threads=1)
    assert sizes == [(1024, 512), *[(160, 128)] * 3]


# -- what is shown ------------------------------------------------------------------------------------------


def test_a_row_names_its_five_commonest_views() -> None:
    row = EvaluationRow("cropped", "crop")
    row.views.update({name: 9 - at for at, name in enumerate("abcdefg")})
    assert row.to_record([])["views"] == {"a": 9, "b": 8, "c": 7, "d": 6, "e": 5}


def test_no_text_of_an_evaluation_is_markup_nor_moves_a_terminal(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names of lists, pictures, entries, views and peers are others' words."""
    odd = [f"<i>\x1b[{number}J&" for number in range(13)]
    made = made_by_hand()
    made.version, made.rows[0].name, made.rows[1].family = odd[:3]
    made.ways, made.milliseconds = ("fast", odd[3]), {odd[4]: 3.0}
    made.rows[2].views.update([odd[5]])
    (own,) = made.own_lists
    own.name, own.needs = odd[6], {odd[7]: [7]}
    (match,) = own.matches
    names = [name for name in match.to_record() if name != "distance"]
    own.matches = [type(match)(distance=7, **dict(zip(names, odd[8:], strict=True)))]
    page = as_page(made)
    assert "<i>" not in page
    assert [each for each in odd if escape(each) not in page] == []
    monkeypatch.setattr("safehash.evaluation.evaluate.evaluate", lambda *_, **__: made)
    assert main(["evaluate", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said and "<i>\\x1b[1J&" in said and "<i>\\x1b[6J&" in said
