"""Every figure of an evaluation, held against one computed by hand: each number another, and none of them zero.

Run: python tests/evaluation/test_evaluated_figures.py   writes tests/data/evaluation.html and .txt anew: look at them.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from safehash import EvaluationOptions
from safehash.cli import main
from safehash.evaluation.calibration import Judged, by_evidence
from safehash.evaluation.evaluate import measure
from safehash.evaluation.manipulations import Manipulation, apply
from safehash.evaluation.page import as_page, as_table
from safehash.evaluation.results import Evaluation, EvaluationRow, ListEvaluation, ListMatch
from safehash.evaluation.scene import Picture, Scene
from safehash.hashing import compute

#: Five pictures, of which "d" is a copy of "c" that was compressed anew; "e" is kept for collages.
NAMES = "abcde"


def busy(seed: int) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((160, 128), Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("five")
    for seed, name in enumerate("abc"):
        busy(seed).save(where / f"{name}.png")
    busy(2).save(where / "d.jpg", quality=50)
    busy(4).save(where / "e.png")
    return where


def of_another(folder: Path) -> Manipulation:
    """Return a manipulation that puts "b" in the place of "a" and "c", and leaves "b" and "d" alone."""
    with Image.open(folder / "b.png") as image:
        other = image.convert("RGB")
    first = [np.asarray(Image.open(folder / f"{name}.png").convert("RGB")) for name in "ac"]

    def act(picture: Picture, scene: Scene) -> Picture:
        return other if any(np.array_equal(np.asarray(picture), each) for each in first) else picture

    return Manipulation("another's", "codec", act, "PNG")


AS_IT_IS = Manipulation("itself", "codec", lambda picture, scene: picture, "PNG")


def test_found_and_false_are_those_of_the_pictures(folder: Path) -> None:
    measured = measure(
        folder,
        manipulations=[AS_IT_IS, of_another(folder)],
        options=EvaluationOptions(list_size=300, efforts=("fast", "standard")),
    )
    itself, other = measured.rows
    # A copy that came near the other copy is no false match; another's picture is one.
    assert (itself.n, itself.found, itself.false) == (4, {"fast": 4, "standard": 4}, {})
    assert (itself.views, other.views) == ({"as it is": 4}, {"as it is": 2})
    assert (other.n, other.found, other.false) == (
        4,
        {"fast": 2, "standard": 2},
        {"fast": 2, "standard": 2},
    )
    assert other.recall("standard") == 0.5
    (both,) = measured.families()
    assert (both.n, both.found["fast"], both.false["fast"], both.recall("fast")) == (8, 6, 2, 0.75)


def test_a_sweep_is_that_of_plain_distances(folder: Path) -> None:
    """At "fast" a look-up is one comparison of digests, which numpy does as well."""
    noisy = np.random.default_rng(3).normal(0, 60, (128, 160, 3))

    def spoil(picture: Picture, scene: Scene) -> Picture:
        mixed = np.asarray(picture, float) * 0.5 + np.asarray(swapped, float) * 0.5 + noisy * 0.3
        return Image.fromarray(np.clip(mixed, 0, 255).astype(np.uint8))

    swapped = busy(1)
    spoiled = Manipulation("mixed with b", "codec", spoil, "PNG")
    thresholds = (20, 31, 60, 90)
    measured = measure(
        folder,
        manipulations=[spoiled, of_another(folder)],
        options=EvaluationOptions(list_size=4, thresholds=thresholds, efforts=("fast",)),
    )
    listed = [Image.open(folder / name).convert("RGB") for name in ("a.png", "b.png", "c.png", "d.jpg")]
    own = [compute.hash_array(np.asarray(picture)) for picture in listed]
    found, false = Counter[int](), Counter[int]()
    for manipulation in (spoiled, of_another(folder)):
        for at, picture in enumerate(listed):
            upload = compute.hash_bytes(apply(manipulation, picture, Scene(np.random.default_rng(0))))
            far = [upload.distance(each) for each in own]
            alike = {2, 3} if at in (2, 3) else {at}
            for threshold in thresholds:
                found[threshold] += far[at] <= threshold
                false[threshold] += any(d <= threshold for i, d in enumerate(far) if i not in alike)
    assert {point["max_distance"]: point["false_matches"]["fast"] for point in measured.sweep} == false
    assert {point["max_distance"]: point["recall"]["fast"] for point in measured.sweep} == {
        threshold: found[threshold] / 8 for threshold in thresholds
    }
    assert len(set(false.values())) >= 2 and min(false.values()) > 0
    assert len(set(found.values())) >= 2 and min(found.values()) > 0
    assert measured.rows[0].false["fast"] + measured.rows[1].false["fast"] == false[31]


def test_uploads_count_once_on_an_own_list(folder: Path, tmp_path: Path) -> None:
    """Two entries of one list, 40 bits from "a" on either side: one upload with two matches is one false match."""
    digest = bytearray(compute.hash_array(np.asarray(Image.open(folder / "a.png").convert("RGB"))).digest)
    first, second = bytearray(digest), bytearray(digest)
    for at in range(5):
        first[at] ^= 255
        second[at + 5] ^= 255
    own = tmp_path / "own.csv"
    own.write_text(f"pdq,id\n{first.hex()},one\n{second.hex()},two\n")
    measured = measure(
        folder,
        manipulations=[AS_IT_IS, AS_IT_IS],
        own_lists=[own],
        options=EvaluationOptions(list_size=50, efforts=("fast",), thresholds=(41,)),
    )
    (found,) = measured.own_lists
    assert found.false == {"fast": 2}
    assert sorted(match.entry for match in found.matches) == ["one", "one", "two", "two"]
    assert found.needs == {"fast": [40, None, None, None]}


def test_times_are_medians_in_milliseconds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that says how long each step took: 4, 7 and 19 ms, and a first upload that took much longer."""
    steps = itertools.chain([0.5, 0.6, 0.9], itertools.cycle([0.004, 0.007, 0.019]))
    now = [0.0]
    reads = itertools.count()

    def thread_time() -> float:
        if next(reads) % 2:
            now[0] += next(steps)
        return now[0]

    wall = iter([100.0, 161.25])
    monkeypatch.setattr(
        "safehash.evaluation.evaluate.time",
        SimpleNamespace(thread_time=thread_time, perf_counter=lambda: next(wall)),
    )
    measured = measure(
        folder,
        manipulations=[AS_IT_IS],
        threads=1,
        options=EvaluationOptions(list_size=50, efforts=("fast", "standard")),
    )
    assert measured.milliseconds == pytest.approx({"decode": 4.0, "fast": 7.0, "standard": 19.0})
    assert measured.seconds == pytest.approx(61.25)
    assert "median time an upload: decode 4.00 ms, fast 7.00 ms, standard 19.00 ms" in as_table(measured)


def made_by_hand() -> Evaluation:
    """Return an evaluation in which no two figures are alike."""
    mirrored = EvaluationRow("mirrored", "orientation", n=40)
    mirrored.found.update(fast=10, standard=38)
    mirrored.false.update(fast=3, standard=5)
    mirrored.distances = {"fast": [9, 2, 4], "standard": [12, 6]}
    mirrored.views.update({"mirrored": 30, "as it is": 7, "negative": 1})
    turned = EvaluationRow("turned", "orientation", n=24)
    turned.found.update(fast=1, standard=17)
    turned.false.update(fast=8, standard=2)
    border = EvaluationRow("border", "frame", n=21)
    border.found.update(fast=4, standard=18)
    border.false.update(standard=11)
    own = ListEvaluation("ours", n_entries=71, n_known=13)
    own.false.update(fast=14, standard=15)
    own.needs = {"fast": [52, None, 46], "standard": [43, 55, 61, None, None]}
    own.matches = [
        ListMatch(
            picture="p.jpg", manipulation="border", effort="fast", view="negative", distance=27, entry="e-9"
        )
    ]
    sweep = [
        {"max_distance": bits, "recall": {"fast": fast, "standard": standard}, "false_matches": false}
        for bits, fast, standard, false in (
            (25, 0.171, 0.842, {"fast": 1, "standard": 6}),
            (31, 0.176, 0.859, {"fast": 12, "standard": 20}),
        )
    ]
    return Evaluation(
        version="9.8.7", n_images=66, n_listed=53, n_background=16, n_skipped=22, list_size=1234, max_distance=31,
        min_quality=49, seed=77, ways=("fast", "standard"), rows=[mirrored, turned, border],
        milliseconds={"decode": 2.345, "fast": 0.678, "standard": 3.912}, sweep=sweep, own_lists=(own,),
        seconds=90.6,
    )  # fmt: skip


#: Recall and its interval of every row above, by Wilson's formula on paper.
SHARES = {
    ("mirrored", "fast"): "0.25 [0.14-0.40]",
    ("mirrored", "standard"): "0.95 [0.83-0.99]",
    ("turned", "fast"): "0.04 [0.01-0.20]",
    ("turned", "standard"): "0.71 [0.51-0.85]",
    ("border", "fast"): "0.19 [0.08-0.40]",
    ("border", "standard"): "0.86 [0.65-0.95]",
    ("orientation", "fast"): "0.17 [0.10-0.28]",
    ("orientation", "standard"): "0.86 [0.75-0.92]",
}
#: Pictures, and uploads with a false match: of a row the worse effort's.
COUNTS = {
    "mirrored": (40, 5),
    "turned": (24, 8),
    "border": (21, 11),
    "orientation": (64, 11),
    "frame": (21, 11),
}


def test_what_is_not_said_is_as_usual() -> None:
    usual = EvaluationOptions()
    assert (usual.list_size, usual.max_images, usual.seed) == (100_000, 50, 0)
    assert (usual.min_quality, tuple(usual.thresholds), usual.peers) == (50, (31,), False)


def test_the_table_says_every_figure() -> None:
    lines = as_table(made_by_hand()).splitlines()
    rows = {line.split()[0]: line for line in lines if line.split() and line.split()[0] in COUNTS}
    assert set(rows) == set(COUNTS)
    for name, line in rows.items():
        n, false = COUNTS[name]
        assert line.split()[1] == str(n), line
        assert line.split()[-1] == str(false), line
    for (name, _), text in SHARES.items():
        assert text in rows[name]
    headings = [line for line in lines if line.startswith("[")]
    assert headings == ["[orientation]", "[frame]"]  # two rows of one family have one heading
    assert lines[2:6] == [headings[0], rows["mirrored"], rows["turned"], headings[1]]
    after = lines[lines.index("median time an upload: decode 2.35 ms, fast 0.68 ms, standard 3.91 ms") + 1 :]
    assert after == [
        "threshold  25: recall fast 0.171, standard 0.842; false matches fast 1, standard 6",
        "threshold  31: recall fast 0.176, standard 0.859; false matches fast 12, standard 20",
        "own list ours: 71 PDQ entries; 13 pictures of the folder are on it",
        "  fast: 14 uploads with a false match; nearest entry to an unaltered picture: 46 bits (2 of 3 within 64)",
        "  standard: 15 uploads with a false match; nearest entry to an unaltered picture: 43 bits (3 of 5 within 64)",
        "53 pictures listed by hash among 1234 entries, 16 used as backgrounds, 22 left out (unreadable or too flat); "
        "threshold 31 bits, quality 49, seed 77; 91 s",
    ]


def test_the_page_says_every_figure() -> None:
    page = as_page(made_by_hand())
    rows = {
        match[1]: match[0] for match in re.finditer(r"<tr><td>(\w+)</td>.*?</tr>", page) if match[1] in COUNTS
    }
    assert set(rows) == set(COUNTS)
    for name, row in rows.items():
        cells = re.findall(r"<td class=n>(.*?)</td>", row)
        assert (cells[0], cells[-1]) == tuple(map(str, COUNTS[name])), row
        for way, cell in zip(("fast", "standard"), cells[1:-1], strict=True):
            if (name, way) in SHARES:
                assert re.sub(r"<.*?>|[\[\]]", "", cell) == re.sub(r"[\[\]]", "", SHARES[name, way])
    assert 'width="60.0"' in rows["mirrored"] and 'width="228.0"' in rows["mirrored"]  # 240 is all of them
    assert "mirrored (30), as it is (7)</td>" in rows["mirrored"]
    for name, value in (("decode", "2.35"), ("fast", "0.68"), ("standard", "3.91")):
        assert f"<tr><td>{name}</td><td class=n>{value} ms</td></tr>" in page
    listed = re.search(r"<tr><td>p\.jpg</td>.*?</tr>", page)
    assert listed is not None
    assert re.findall(r"<td.*?>(.*?)</td>", listed[0]) == ["p.jpg", "border", "fast", "negative", "27", "e-9"]
    lines = re.findall(r'<polyline points="(.*?)"', page)
    assert lines == ["40.0,175.8 630.0,174.8", "40.0,41.6 630.0,38.2"]  # 0 at 210, 1 at 10
    rings = re.findall(r'<circle cx="(.*?)" cy="(.*?)"', page)
    assert rings == [("40.0", "200.0"), ("630.0", "90.0"), ("40.0", "150.0"), ("630.0", "10.0")]
    assert "Rings: uploads with a false match, 20 at the top" in page


#: Page and table of the evaluation above, as somebody looked at them.
LOOKED_AT = Path(__file__).parents[1] / "data"


def with_evidence() -> Evaluation:
    made = made_by_hand()
    bits = (-9.0, -5.0, -1.0, 3.0, 3.5, 7.0, 7.5, 7.7, 13.0, 14.0)
    made.evidence = by_evidence(Judged(bits=each, is_right=each > 3, is_match=each > -5) for each in bits)
    return made


def test_page_and_table_are_those_that_were_looked_at() -> None:
    """All of them: where bars, lines and rings stand, how wide columns are, what is said around the figures."""
    assert as_page(with_evidence()) == (LOOKED_AT / "evaluation.html").read_text(encoding="utf-8")
    assert as_table(with_evidence()) + "\n" == (LOOKED_AT / "evaluation.txt").read_text(encoding="utf-8")


def test_what_is_not_there_is_not_shown() -> None:
    plain = made_by_hand()
    plain.sweep, plain.own_lists, plain.n_skipped, plain.n_background = [], (), 0, 0
    for text in (as_page(plain), as_table(plain)):
        for words in ("threshold  ", "own list", "False matches on", "left out", "evidence", "polyline"):
            assert words not in text, words


def test_the_record_says_every_figure() -> None:
    record = json.loads(json.dumps(made_by_hand().to_record()))
    assert {key: record[key] for key in ("images", "listed", "background", "skipped", "list_size")} == {
        "images": 66, "listed": 53, "background": 16, "skipped": 22, "list_size": 1234,
    }  # fmt: skip
    assert {key: record[key] for key in ("max_distance", "min_quality", "seed", "seconds")} == {
        "max_distance": 31, "min_quality": 49, "seed": 77, "seconds": 90.6,
    }  # fmt: skip
    assert record["milliseconds"] == {"decode": 2.345, "fast": 0.678, "standard": 3.912}
    mirrored, _, border = record["manipulations"]
    assert mirrored == {
        "manipulation": "mirrored",
        "family": "orientation",
        "images": 40,
        "found": {"fast": 10, "standard": 38},
        "recall": {"fast": 0.25, "standard": 0.95},
        "recall_interval": {"fast": [0.1419, 0.4019], "standard": [0.835, 0.9862]},
        "false_matches": {"fast": 3, "standard": 5},
        "median_distance": {"fast": 4, "standard": 9.0},
        "views": {"mirrored": 30, "as it is": 7, "negative": 1},
    }
    assert border["false_matches"] == {"fast": 0, "standard": 11}
    families = {row["family"]: row for row in record["families"]}
    assert families["orientation"]["found"] == {"fast": 11, "standard": 55}
    assert families["orientation"]["false_matches"] == {"fast": 11, "standard": 7}
    (own,) = record["own_lists"]
    assert (own["name"], own["entries"], own["pictures_on_it"]) == ("ours", 71, 13)
    assert own["false_matches"] == {"fast": 14, "standard": 15}
    assert own["nearest"]["standard"] == {
        "least": 43, "within": 64, "pictures": 5, "pictures_within": 3, "median_of_those": 55,
    }  # fmt: skip
    assert own["nearest"]["fast"]["median_of_those"] == 49


def test_seconds_of_the_command_are_seconds(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("safehash.evaluation.evaluate.evaluate", lambda *_, **__: made_by_hand())
    assert main(["evaluate", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "fast 0.68 ms" in out and "seed 77; 91 s" in out


if __name__ == "__main__":
    (LOOKED_AT / "evaluation.html").write_text(as_page(with_evidence()), encoding="utf-8")
    (LOOKED_AT / "evaluation.txt").write_text(as_table(with_evidence()) + "\n", encoding="utf-8")
