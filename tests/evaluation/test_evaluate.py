"""The evaluation: its counts, its forms, and the command as a user runs it."""

from __future__ import annotations

import itertools
import json
import threading
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from safehash import EvaluationOptions
from safehash.cli import main
from safehash.evaluation.evaluate import evaluate, measure
from safehash.evaluation.intervals import wilson
from safehash.evaluation.manipulations import FAMILIES, MANIPULATIONS, Manipulation, apply, as_picture
from safehash.evaluation.page import as_page, as_table
from safehash.evaluation.peers import find_peers
from safehash.evaluation.scene import Scene
from safehash.hashing import compute
from safehash.images.decoding import decode

NAMES = ("astronaut", "chelsea", "coffee", "rocket", "camera", "gravel", "immunohistochemistry")
SOME = [
    item for item in MANIPULATIONS if item.name in ("jpeg quality 30", "mirrored", "white border", "sticker")
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("pictures")
    for name in NAMES:
        image = Image.fromarray(np.asarray(getattr(skimage.data, name)())).convert("RGB")
        image.thumbnail((320, 320))
        image.save(where / f"{name}.jpg", quality=90)
    Image.new("RGB", (200, 200), "grey").save(where / "flat.png")
    (where / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    (where / "notes.txt").write_text("not a picture either")
    return where


def test_the_set_is_documented_whole_and_deterministic() -> None:
    assert len(MANIPULATIONS) >= 45
    assert len({item.name for item in MANIPULATIONS}) == len(MANIPULATIONS)
    assert {item.family for item in MANIPULATIONS} == set(FAMILIES)
    own = Image.fromarray(np.asarray(skimage.data.chelsea())).convert("RGB").resize((240, 160))
    other = own.rotate(180)
    for item in MANIPULATIONS:
        made = [apply(item, own, Scene(np.random.default_rng(5), [other])) for _ in range(2)]
        assert made[0] == made[1]
        assert len(apply(item, own, Scene(np.random.default_rng(5)))) > 100  # without other pictures too


def test_counts_are_right_and_repeat(folder: Path) -> None:
    calls: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        calls.append((done, total))

    measured = measure(
        folder, manipulations=SOME, progress=progress, threads=2, options=EvaluationOptions(list_size=2000)
    )
    assert (measured.n_images, measured.n_listed, measured.n_background, measured.n_skipped) == (7, 6, 1, 2)
    assert measured.list_size == 2000
    rows = {row.name: row for row in measured.rows}
    assert all(row.n == 6 for row in measured.rows)
    assert [rows["jpeg quality 30"].recall(way) for way in measured.ways] == [1.0, 1.0, 1.0]
    assert rows["mirrored"].recall("fast") == 0.0
    assert rows["mirrored"].recall("standard") == 1.0
    assert rows["mirrored"].views == {"mirrored": 6}
    assert rows["white border"].recall("fast") == 0.0
    assert rows["white border"].recall("standard") >= 0.8
    assert calls[0] == (1, 24) and calls[-1] == (24, 24) and len(calls) == 24
    again = measure(folder, manipulations=SOME, threads=1, options=EvaluationOptions(list_size=2000))
    assert again.to_record()["manipulations"] == measured.to_record()["manipulations"]


class Steps(threading.local):
    """A clock of each thread's own: however uploads are shared out, each of their steps takes as long."""

    def __init__(self) -> None:
        self.now = 0.0
        self.taken = itertools.chain.from_iterable((0.0, ms) for ms in itertools.cycle((3, 5, 11, 23)))

    def __call__(self) -> float:
        self.now += next(self.taken) / 1000
        return self.now


def test_found_wrong_and_times_of_every_effort_by_hand(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of six one becomes another's, one another's mirrored, one its own mirrored, one is cropped, and two stay."""
    listed = {
        name: as_picture(decode((folder / f"{name}.jpg").read_bytes())) for name in NAMES if name != "gravel"
    }
    becomes = {
        "astronaut": listed["chelsea"],
        "camera": ImageOps.mirror(listed["coffee"]),
        "chelsea": ImageOps.crop(listed["chelsea"], 24),
        "rocket": ImageOps.mirror(listed["rocket"]),
    }

    def act(picture: Image.Image, scene: Scene) -> Image.Image:
        (name,) = (name for name, own in listed.items() if own == picture)
        return becomes.get(name, picture)

    monkeypatch.setattr(
        "safehash.evaluation.evaluate.time", SimpleNamespace(thread_time=Steps(), perf_counter=lambda: 0.0)
    )
    measured = measure(
        folder,
        manipulations=[Manipulation("swapped", "codec", act, "PNG")],
        threads=2,
        options=EvaluationOptions(list_size=2000),
    )
    (row,) = measured.rows
    assert row.found == {"fast": 2, "standard": 3, "thorough": 4}
    assert row.false == {"fast": 1, "standard": 2, "thorough": 2}
    assert row.views == {"as it is": 2, "mirrored": 1, "cropped about 21 %": 1}
    assert measured.milliseconds == pytest.approx({"decode": 3, "fast": 5, "standard": 11, "thorough": 23})


def test_a_sweep_never_loses_what_a_lower_threshold_found(folder: Path) -> None:
    measured = measure(
        folder,
        manipulations=SOME[:2],
        options=EvaluationOptions(list_size=500, thresholds=(31, 8, 20), efforts=("fast",)),
    )
    assert [point["max_distance"] for point in measured.sweep] == [8, 20, 31]
    recalls = [point["recall"]["fast"] for point in measured.sweep]
    assert recalls == sorted(recalls)
    assert measured.max_distance == 31
    total = sum(row.found["fast"] for row in measured.rows) / sum(row.n for row in measured.rows)
    assert recalls[-1] == pytest.approx(total, abs=1e-3)


def test_peers_are_measured_beside(folder: Path) -> None:
    peers = find_peers()
    assert "plain PDQ (pdqhash)" in [peer.name for peer in peers]
    some = [item for item in SOME if item.name != "sticker"]
    measured = measure(
        folder,
        manipulations=some,
        peers=peers,
        options=EvaluationOptions(list_size=100, efforts=("standard",)),
    )
    rows = {row.name: row for row in measured.rows}
    assert rows["mirrored"].recall("plain PDQ (pdqhash)") == 0.0
    assert rows["jpeg quality 30"].recall("plain PDQ (pdqhash)") == 1.0


def test_peers_that_are_not_installed_are_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(f"no module named {name}")

    monkeypatch.setattr("safehash.evaluation.peers.importlib.import_module", missing)
    assert find_peers() == []


def test_pictures_are_upright_before_they_are_manipulated(tmp_path: Path) -> None:
    stored = Image.fromarray(np.asarray(skimage.data.chelsea())).resize((90, 60))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored.save(tmp_path / "turned.png", exif=exif)
        shown = as_picture(decode((tmp_path / "turned.png").read_bytes()), longer_side=80)
        expected = ImageOps.exif_transpose(Image.open(tmp_path / "turned.png"))
        assert shown.size == ImageOps.contain(expected, (80, 80)).size
        np.testing.assert_array_equal(np.asarray(shown), np.asarray(ImageOps.contain(expected, (80, 80))))


def test_too_few_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 2"):
        evaluate(tmp_path)
    with pytest.raises(ValueError, match="threshold"):
        evaluate(tmp_path, options=EvaluationOptions(thresholds=()))
    with pytest.raises(ValueError, match="no family 'colour'; there are codec, "):
        evaluate(tmp_path, options=EvaluationOptions(families=["colour"]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"efforts": []}, "efforts is empty"),
        ({"efforts": ["maximal"]}, "effort is one of"),
        ({"families": []}, "families is empty"),
        ({"thresholds": [31, 257]}, "thresholds are 0 to 256 bits, not 257"),
        ({"min_quality": 101}, "min_quality is 0 to 100"),
        ({"list_size": -1}, "list_size is at least 0"),
        ({"max_images": 1}, "max_images is at least 2"),
        ({"min_images": 1}, "min_images is at least 2"),
        ({"seed": -1}, "seed is at least 0"),
    ],
)
def test_what_an_evaluation_cannot_do_is_refused_before_it_begins(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        EvaluationOptions(**options)


class Strict(HTMLParser):
    """Collect tags and every address the page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_command_prints_writes_and_returns_zero(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, figures = tmp_path / "page.html", tmp_path / "figures.json"
    code = main(
        ["evaluate", str(folder), "--family", "orientation", "--list-size", "300", "--threshold", "20,31",
         "--min-images", "5", "--effort", "fast,standard", "--page", str(page), "--json", str(figures)]
    )  # fmt: skip
    assert code == 0
    out = capsys.readouterr().out
    assert "mirrored" in out and "threshold  20" in out
    record = json.loads(figures.read_text())
    assert record["type"] == "evaluation"
    assert {row["family"] for row in record["manipulations"]} == {"orientation"}
    assert [point["max_distance"] for point in record["sweep"]] == [20, 31]
    assert record["max_distance"] == 31, "the usual threshold is the one reported, wherever it stands"
    row = record["manipulations"][0]
    assert row["recall"]["fast"] == row["found"]["fast"] / row["images"]
    low, high = row["recall_interval"]["standard"]
    assert 0 <= low <= row["recall"]["standard"] <= high <= 1
    assert f"[{low:.2f}-{high:.2f}]" in out
    strict = Strict()
    strict.feed(page.read_text())
    assert strict.loads == []
    assert "svg" in strict.tags and "script" not in strict.tags
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figures.json", "page.html"]


def test_figures_from_few_pictures_are_refused_unless_asked_for(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", str(folder), "--family", "codec", "--list-size", "20", "--effort", "fast"]
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert "7 usable pictures, fewer than 20" in said
    assert said.endswith("to have them all the same, --min-images 7\n")
    assert main([*arguments, *said.split()[-2:]]) == 0


def test_an_output_that_cannot_be_written_is_said_before_the_work(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "safehash.evaluation.evaluate.evaluate", lambda *_, **__: pytest.fail("it worked already")
    )
    for name in ("--page", "--json"):
        assert main(["evaluate", str(folder), name, str(tmp_path / "none" / "x")]) == 2
        assert "No such file" in capsys.readouterr().err


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_wilsons_interval(n_found: int, n_more: int) -> None:
    n = n_found + n_more
    low, high = wilson(n_found, n)
    assert 0 <= low <= high <= 1
    if n:
        share = n_found / n
        assert low <= share <= high
        # The ends are the shares of which this count is just as far as 95 of 100 of all counts go.
        for end, sign in ((low, 1), (high, -1)):
            if 0 < end < 1:
                assert share - end == pytest.approx(sign * 1.959964 * (end * (1 - end) / n) ** 0.5, abs=1e-9)


def write_list(path: Path, pictures: dict[str, np.ndarray]) -> Path:
    lines = [f"{compute.hash_array(pixels).hex},{name}" for name, pixels in pictures.items()]
    path.write_text("hash,id\n" + "\n".join(lines) + "\n")
    return path


def test_an_own_list_is_looked_up_beside_the_folder(folder: Path, tmp_path: Path) -> None:
    pixels = {name: np.asarray(Image.open(folder / f"{name}.jpg")) for name in NAMES}
    away = np.asarray(skimage.data.brick())
    # The folder is in the order of its names: "rocket" is kept for collages, "coffee" is listed.
    own = write_list(
        tmp_path / "own.csv", {"known": np.ascontiguousarray(pixels["coffee"][:, ::-1]), "brick": away}
    )
    measured = measure(
        folder,
        manipulations=SOME,
        own_lists=[own],
        options=EvaluationOptions(list_size=500, efforts=("fast", "standard")),
    )
    (found,) = measured.own_lists
    assert (found.name, found.n_entries, found.n_known) == ("own", 2, 1)
    assert found.false == {}, "a mirrored copy of what is on the list is no false match"
    assert found.matches == []
    assert {effort: len(needs) for effort, needs in found.needs.items()} == {"fast": 6, "standard": 6}
    assert measured.list_size == 500


def test_matches_on_an_own_list_are_counted_and_named(folder: Path, tmp_path: Path) -> None:
    # 40 bits beside an upload as it is: not on the list to begin with, and near once the threshold is wide.
    value = compute.hash_array(np.asarray(Image.open(folder / "chelsea.jpg"))).digest
    other = bytes(
        [value[0] ^ 255, value[1] ^ 255, value[2] ^ 255, value[3] ^ 255, value[4] ^ 255, *value[5:]]
    )
    own = tmp_path / "own.csv"
    own.write_text(f"hash,id\n{other.hex()},near\n")
    some = [item for item in SOME if item.name == "jpeg quality 30"]
    measured = measure(
        folder,
        manipulations=some,
        own_lists=[own],
        options=EvaluationOptions(list_size=50, efforts=("fast",), thresholds=(50,)),
    )
    (found,) = measured.own_lists
    assert found.n_known == 0
    assert found.false == {"fast": 1}
    assert measured.rows[0].false["fast"] == 1
    assert found.nearest("fast") is not None and abs((found.nearest("fast") or 0) - 40) <= 4
    (match,) = found.matches
    assert (match.picture, match.manipulation, match.effort) == ("chelsea.jpg", "jpeg quality 30", "fast")
    assert match.entry == "near"
    record = measured.to_record()["own_lists"][0]
    assert record["name"] == "own"
    assert record["false_matches"] == {"fast": 1}
    assert record["nearest"]["fast"]["pictures_within"] == 1
    for text in (as_table(measured), as_page(measured)):
        assert "own list own: 1 PDQ entries" in text
    assert "chelsea.jpg" in as_page(measured)


def test_an_own_list_without_pdq_is_refused(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("d41d8cd98f00b204e9800998ecf8427e\n")
    with pytest.raises(ValueError, match="no PDQ"):
        measure(folder, manipulations=SOME[:1], own_lists=[own])
    for path in (own, tmp_path / "missing.csv"):
        assert main(["evaluate", str(folder), "--list", str(path)]) == 2


@pytest.mark.parametrize(
    "arguments",
    [["nowhere"], [".", "--effort", "best"], [".", "--threshold", "many"], [".", "--threshold", "300"]],
)
def test_wrong_usage_is_exit_code_two(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", *arguments]) == 2
    assert "safehash evaluate:" in capsys.readouterr().err


def test_names_cannot_break_the_page(folder: Path) -> None:
    measured = measure(
        folder, manipulations=SOME[:1], options=EvaluationOptions(list_size=50, efforts=("fast",))
    )
    measured.rows[0].name = "<script>alert(1)</script>"
    assert "<script>" not in as_page(measured)
    assert "<script>" in as_table(measured)
