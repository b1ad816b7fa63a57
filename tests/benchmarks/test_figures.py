"""What benchmarks make of what they measured: ratios, quartiles, losses, verdicts and aims, by hand on few numbers."""

from __future__ import annotations

import argparse
import importlib
import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def reachable() -> Iterator[None]:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    yield
    sys.path.remove(str(ROOT / "benchmarks"))


def of(name: str) -> ModuleType:
    return importlib.import_module(name)


#: Seconds of three calls in five rounds; the third round met a busy machine.
TIMES = {
    "ours": [1.0, 2.0, 10.0, 4.0, 5.0],
    "peer": [3.0, 4.0, 90.0, 4.0, 35.0],
    "idle": [0.5, 1.0, 5.0, 2.0, 2.5],
}


def test_a_ratio_is_the_median_of_the_rounds_own() -> None:
    common = of("common")
    assert common.ratios(TIMES, "peer", "ours") == [1.0, 2.0, 3.0, 7.0, 9.0]
    assert common.ratio(TIMES, "peer", "ours") == 3.0  # neither the most, nor the least, nor 27.2 / 4.4
    assert common.ratio(TIMES, "ours", "peer") == 1 / 3


def test_a_row_has_the_median_and_its_spread() -> None:
    rows = of("common").beside(TIMES, "ours")
    assert rows == {
        "ours": {"ms": 4000.0, "times_ours": 1.0, "quartiles": [1.0, 1.0]},
        "peer": {"ms": 4000.0, "times_ours": 3.0, "quartiles": [2.0, 7.0]},
        "idle": {"ms": 2000.0, "times_ours": 0.5, "quartiles": [0.5, 0.5]},
    }
    assert of("common").beside({"ours": [2.0]}, "ours")["ours"] == {
        "ms": 2000.0, "times_ours": 1.0, "quartiles": [1.0, 1.0],
    }  # fmt: skip


def test_calls_are_timed_in_turn_forwards_and_backwards() -> None:
    seen: list[str] = []
    now = itertools.count()
    times = of("common").interleaved(
        {"a": lambda: seen.append("a"), "b": lambda: seen.append("b")},
        rounds=4,
        least_seconds=0,
        clock=lambda: float(next(now)),
    )
    assert "".join(seen) == "aabb" + "ab" + "ba" + "ab" + "ba"
    assert times == {"a": [1.0] * 4, "b": [1.0] * 4}


def test_a_quick_call_is_repeated_and_counts_once() -> None:
    now = [0.0]
    n_calls = [0]

    def quick() -> None:
        n_calls[0] += 1
        now[0] += 0.002

    times = of("common").interleaved({"quick": quick}, rounds=3, least_seconds=0.02, clock=lambda: now[0])
    assert times["quick"] == pytest.approx([0.002] * 3)
    assert n_calls[0] == 2 + 3 * 10


def test_results_of_machines_stand_beside_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    common = of("common")
    for cpu, name in (("AMD EPYC (one)", "hash-amd-epyc-one"), ("Intel(R) Xeon(R)", "hash-intel-r-xeon-r")):
        monkeypatch.setattr(common, "machine", lambda cpu=cpu: {"cpu": cpu, "cores": 2})
        path = common.of_this_machine(tmp_path, "hash")
        assert path == tmp_path / f"{name}.json"
        common.write_result(path, {"x": 1}, seed=3)
        record = json.loads(path.read_text())
        assert (record["machine"], record["seed"], record["result"]) == (
            {"cpu": cpu, "cores": 2},
            3,
            {"x": 1},
        )
    assert len(list(tmp_path.iterdir())) == 2


def test_machines_of_one_name_that_know_other_instructions_are_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    common = of("common")
    for instructions, name in (("avx2", "hash-amd"), ("avx512", "hash-amd-avx512"), ("avx2", "hash-amd")):
        monkeypatch.setattr(common, "machine", lambda it=instructions: {"cpu": "AMD", "instructions": it})
        path = common.of_this_machine(tmp_path, "hash")
        assert path == tmp_path / f"{name}.json"
        common.write_result(path, {"of": instructions})
    found = {path.name: json.loads(path.read_text())["result"]["of"] for path in tmp_path.iterdir()}
    assert found == {"hash-amd.json": "avx2", "hash-amd-avx512.json": "avx512"}


def test_an_aim_of_hashing_is_as_it_was_measured_last() -> None:
    def record(parts: list[str], **aims: int) -> dict[str, Any]:
        told = [{"what": what, "measured": measured} for what, measured in aims.items()]
        return {"result": {**{part: {} for part in parts}, "aims": told}}

    records = [record(["files"], old=1), record(["files", "arrays"], a=2, b=3), record(["arrays"], b=4)]
    found = of("make_tables").aims_of_hashing(records)
    assert [(row["what"], row["measured"]) for row in found] == [("a", 2), ("b", 4)]
    assert len(of("make_tables").aims_of_hashing(records[:2])) == 2


def test_a_result_that_joins_says_by_which_run_the_others_were_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    common, path = of("common"), tmp_path / "views.json"
    monkeypatch.setattr(common, "machine", dict)

    def run(what: str, result: dict[str, int]) -> dict[str, Any]:
        monkeypatch.setattr("sys.argv", ["bench.py", what])
        common.write_result(path, result, joins=True)
        record: dict[str, Any] = json.loads(path.read_text())
        assert record["command"] == f"python benchmarks/bench.py {what}"
        return record

    assert "earlier" not in run("both", {"cost": 1, "false": 2})
    record = run("recall", {"recall": 3})
    assert record["result"] == {"cost": 1, "false": 2, "recall": 3}
    assert [(each["keys"], each["command"][-4:]) for each in record["earlier"]] == [
        (["cost", "false"], "both")
    ]
    record = run("cost", {"cost": 4})
    assert record["result"] == {"false": 2, "recall": 3, "cost": 4}
    assert [(each["keys"], each["command"][-6:]) for each in record["earlier"]] == [
        (["false"], "y both"), (["recall"], "recall"),
    ]  # fmt: skip


def test_the_machine_says_what_the_figures_depend_on() -> None:
    machine = of("common").machine()
    assert set(machine) == {"cpu", "cores", "system", "instructions", "python", "versions"}
    assert {"numpy", "pillow", "faiss-cpu", "pdqhash", "imagehash"} <= set(machine["versions"])


def test_where_we_lose_is_every_such_row_worst_first() -> None:
    rows = {
        "arrays": {"big": {"safehash pdq": {"times_ours": 1.0}, "pdqhash": {"times_ours": 30.0}}},
        "files": {
            "small": {
                "safehash pdq": {"times_ours": 1.0},
                "safehash kernel": {"times_ours": 0.1},
                "open": {"times_ours": 0.2},
                "bare luma decode": {"times_ours": 0.97},
                "opencv phash": {"times_ours": 0.78},
                "imagehash phash": {"times_ours": 2.0},
            },
            "webp": {"opencv phash": {"times_ours": 0.51}},
        },
        "phone": {"p": {"opencv phash, grey": {"times_ours": 0.9}}},
    }
    assert of("common").losses(rows) == [
        {"what": "webp", "peer": "opencv phash", "times_ours": 0.51},
        {"what": "small", "peer": "opencv phash", "times_ours": 0.78},
        {"what": "p", "peer": "opencv phash, grey", "times_ours": 0.9},
    ]


def test_an_aim_is_met_on_its_own_side() -> None:
    bench_hash = of("bench_hash")

    def rows(peer: str, times: float) -> dict[str, dict[str, float]]:
        return {peer: {"times_ours": times}}

    result = {
        "arrays": {"256x256 rgb to pdq": rows("pdqhash", 44.9), "512x512 rgb to pdq": rows("pdqhash", 130.0)},
        "files": {
            "1600x1004 jpeg (3 kB)": rows("bare luma decode", 0.8),
            "256x256 jpeg (2 kB)": rows("bare luma decode", 0.9),
        },
        "threads": {"one over two threads": 1.79},
    }
    met = {row["what"]: (row["measured"], row["met"]) for row in bench_hash.judged(result)}
    assert met == {
        "256x256 RGB array to PDQ, times pdqhash": (44.9, False),
        "512x512 RGB array to PDQ, times pdqhash": (130.0, True),
        "1600x1004 JPEG to PDQ, of a bare luma decode": (1.25, False),  # 1 / 0.8, wanted at most 1.08
        "256x256 JPEG to PDQ, of a bare luma decode": (1.111, True),
        "two threads, times one": (1.79, False),
    }


def test_both_sides_are_given_the_same_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours was given grey where pdqhash was given RGB: half of its lead was that."""
    bench_hash = of("bench_hash")
    given: dict[str, Any] = {}

    def keep(calls: dict[str, Any], *, rounds: int) -> dict[str, list[float]]:
        for name, call in calls.items():
            given[name] = call.args[0]
        return {name: [1.0] for name in calls}

    monkeypatch.setattr(bench_hash, "interleaved", keep)
    seen: list[dict[str, Any]] = []

    def note(times: object, ours: str) -> dict[str, object]:
        seen.append(dict(given))
        given.clear()
        return {}

    monkeypatch.setattr(bench_hash, "beside", note)
    bench_hash.arrays([Image.effect_noise((64, 48), 80).convert("RGB")], 1)
    pairs = [row for row in seen if "pdqhash" in row]
    assert len(pairs) == 8
    for row in pairs:
        ours, theirs = row["safehash pdq"], row["pdqhash"]
        if ours.ndim == 2:
            ours = np.dstack([ours] * 3)
        np.testing.assert_array_equal(ours, theirs)
    assert {row["safehash pdq"].ndim for row in pairs} == {2, 3}


def test_phone_pictures_are_the_very_files(tmp_path: Path) -> None:
    bench_hash = of("bench_hash")
    named = bench_hash.read_phone_pictures()
    assert len(named) == 11 and {each.package.startswith("npm:") for each in named} == {True, False}
    one = bench_hash.PhonePicture("npm:thing", "1.2", "package/a.jpg", "ab" * 32, "4x3", "cam")
    assert one.find(tmp_path) is None
    path = tmp_path / "thing-1.2" / "package" / "a.jpg"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"another")
    assert one.find(tmp_path) is None
    digest = "ae448ac86c4e8e4dec645729708ef41873ae79c6dff84eff73360989487f08e5"  # of "another", by sha256sum
    assert (
        bench_hash.PhonePicture("npm:thing", "1.2", "package/a.jpg", digest, "4x3", "cam").find(tmp_path)
        == path
    )


def false_results() -> dict[str, Any]:
    """Three uploads of two mixes, two of them matched, one by two efforts; a wide look found three near entries."""
    return {
        "mixes": {"maps": {"n": 9, "uploads": {}}, "icons": {"n": 7, "uploads": {}}},
        "matches": [
            ["standard", "maps", "m1", "L1", 20, "mirrored"],
            ["thorough", "maps", "m1", "L1", 20, "mirrored"],
            ["thorough", "maps", "m2", "L2", 30, "inside a frame"],
            ["thorough", "icons", "i1", "L3", 31, "rotated about 2 degrees"],
        ],
        "near": [
            ["maps", "m1", "L1", 20, "turned"],
            ["maps", "m2", "L2", 44, "framed or panel"],
            ["maps", "m3", "L9", 41, "framed or panel"],
            ["icons", "i1", "L3", 33, "rotated"],
        ],
    }


def test_a_person_s_verdicts_are_applied(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.tsv"
    path.write_text("upload\tlisted\tverdict\nm1\tL1\tright\nm2\tL2\tunclear\ni1\tL3\tliterally true\n")
    false = false_results()
    of("bench_views").judge(false, str(path))
    assert false["mixes"]["maps"]["wrong"] == {
        "standard": 0,
        "thorough": 1,
        "exhaustive": 0,
    }  # m2: unclear is wrong
    assert false["mixes"]["icons"]["wrong"] == {"standard": 0, "thorough": 0, "exhaustive": 0}
    assert false["mixes"]["maps"]["nearest"] == {"framed or panel": 41}  # the least, of what is not right
    assert false["mixes"]["icons"]["nearest"] == {}
    path.write_text("upload\tlisted\tverdict\n")
    false = false_results()
    of("bench_views").judge(false, str(path))
    assert false["mixes"]["maps"]["wrong"] == {
        "standard": 1,
        "thorough": 2,
        "exhaustive": 0,
    }  # what nobody judged is wrong
    assert false["mixes"]["icons"]["nearest"] == {"rotated": 33}


def test_the_committed_verdicts_are_words_that_count() -> None:
    lines = (ROOT / "benchmarks" / "results" / "views-verdicts.tsv").read_text(encoding="utf-8").splitlines()
    assert lines[0].split("\t")[:3] == ["upload", "listed", "verdict"]
    verdicts = [line.split("\t")[2] for line in lines[1:]]
    assert set(verdicts) <= {"right", "literally true", "wrong", "unclear"} and len(verdicts) > 10


def test_shards_add_up(tmp_path: Path) -> None:
    parts = []
    for number, (n, found, distance, nearest) in enumerate(((3, 2, 7, 40), (5, 1, 9, 35))):
        row = {"family": "crop", "n": n, "found": {"fast": found}, "other": {"fast": number + 1}}
        row |= {"distances": {"fast": [distance]}, "nearest_other": {"fast": nearest}}
        part = {"rows": {"cropped": row}, "others": [["fast", "cropped", f"p{number}", "x", 3, "as it is"]]}
        (tmp_path / f"{number}.json").write_text(json.dumps(part))
        parts.append(str(tmp_path / f"{number}.json"))
    total = of("bench_views").add_shards(parts)
    row = total["rows"]["cropped"]
    assert (row["n"], row["found"], row["other"]) == (8, {"fast": 3}, {"fast": 3})
    assert (row["distances"], row["nearest_other"]) == ({"fast": [7, 9]}, {"fast": 35})
    assert [each[2] for each in total["others"]] == ["p0", "p1"]


@pytest.mark.parametrize(
    ("view", "family"),
    [
        ("as it is", "as it is"),
        ("negative, mirrored", "negative"),
        ("mirrored, rotated about 2 degrees", "rotated"),
        ("mirrored, panel 2 of 4", "framed or panel"),
        ("inside a larger picture, 20 % of it", "framed or panel"),
        ("cropped about 5 %", "whole"),
        ("upside down", "turned"),
    ],
)
def test_a_view_has_one_family(view: str, family: str) -> None:
    assert of("bench_views").view_family(view) == family


def test_drift_is_mean_percentile_and_most() -> None:
    found = of("drift").summary([0] * 95 + [2, 2, 4, 6, 10])
    assert found == {"n": 100, "p1": 0, "mean": 0.24, "p99": 6, "max": 10}


def test_claims_of_the_search_are_held_against_their_bounds() -> None:
    ours = {
        "update_1_percent": {"added_share": 0.2, "removed_share": 0.34, "both_share": 0.3},
        "two_threads": {"ratio": 1.9},
        "build_s": 2.0,
    }
    record = {
        "n": 1_000_000, "digests": "random", "ours": ours, "single_ratio": 13.9, "single_cold_ratio": 1.5,
        "nine_views_ratio": 14.0, "peers": [{"name": "faiss IndexBinaryMultiHash", "build_s": 31.0}],
        "answers": {"differing": 0},
    }  # fmt: skip
    found = {each["what"]: (each["measured"], each["met"]) for each in of("bench_index").judge([record])}
    assert found == {
        "one query at 1,000,000, times FAISS flat": (13.9, False),
        "the same, every query cold, at 1,000,000": (1.5, True),
        "9 views at 1,000,000, times 9 FAISS flat": (14.0, True),
        "build at 1,000,000, times IndexBinaryMultiHash": (15.5, True),
        "1 % added, removed or both, share of a build": (0.34, False),
        "two threads at 1,000,000, times one": (1.9, True),
        "answers that differ from brute force at 1,000,000": (0, True),
    }


def hit(row: int, distance: int, view: str = "as it is") -> Any:
    return SimpleNamespace(row=row, distance=distance, needs=distance + 1, view=view)


@pytest.fixture
def eight(tmp_path: Path) -> list[str]:
    """Write eight pictures of chance, each another; return where they are."""
    chance = np.random.default_rng(3)
    paths = [str(tmp_path / f"{number}.png") for number in range(8)]
    for path in paths:
        Image.fromarray(chance.integers(0, 256, (96, 128, 3), dtype=np.uint8)).save(path)
    return paths


def test_recall_counts_the_photograph_and_whatever_is_not_in_the_upload(
    eight: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found is the picture itself; of a collage its other pictures are no wrong match, another is, and a drawn one."""
    bench = of("bench_views")
    (tmp_path / "photos").write_text("\n".join(eight) + "\n")
    (tmp_path / "mixes").write_text("")
    shown, drawn = (0 + 1 + 17) % 8, 8  # beside the first, and the first of those that are generated
    answers = {
        "fast": [hit(0, 3), hit(shown, 0), hit(7, 9)], "standard": [hit(0, 4), hit(drawn, 31)],
        "thorough": [hit(0, 5)], "exhaustive": [],
    }  # fmt: skip
    asked: list[tuple[Any, ...]] = []

    def look_up(frames: list[Any], index: Any, *, effort: str, **limits: int) -> Any:
        asked.append((effort, len(index), *limits.values()))
        return SimpleNamespace(hits=answers[effort])

    monkeypatch.setattr(bench.views, "look_up", look_up)
    monkeypatch.setattr(bench, "LIST_SIZE", 11)
    monkeypatch.setattr(bench, "MANIPULATIONS", bench.MANIPULATIONS[:2])
    args = argparse.Namespace(
        photos=str(tmp_path / "photos"), mixes=str(tmp_path / "mixes"), names=None, first=0, kinds=[],
        each=str(tmp_path / "each"),
    )  # fmt: skip
    first, second = bench.MANIPULATIONS
    for shard, n_found in ((0, {"fast": 1, "standard": 1, "thorough": 1}), (1, {})):
        result = bench.measure_recall(args, shard, 8)
        assert (result["n_photos"], result["n_real_listed"], result["list_size"]) == (8, 8, 11)
        assert {name: row["n"] for name, row in result["rows"].items()} == {first.name: 1, second.name: 1}
        assert {name: dict(row["found"]) for name, row in result["rows"].items()} == {
            first.name: n_found, second.name: n_found,
        }  # fmt: skip
        if shard == 0:
            own = {"fast": [3, "as it is"], "standard": [4, "as it is"], "thorough": [5, "as it is"]}
            assert list(map(json.loads, (tmp_path / "each").read_text().splitlines())) == [
                [first.name, "0.png", own], [second.name, "0.png", own],
            ]  # fmt: skip
            assert result["rows"][second.name]["distances"] == {"fast": [3], "standard": [4], "thorough": [5]}
            assert result["others"] == [
                [effort, name, "0.png", other, far, "as it is"]
                for name in (first.name, second.name)
                for effort, other, far in (("fast", "7.png", 9), ("standard", "generated", 31))
            ]
            assert {name: dict(row["other"]) for name, row in result["rows"].items()} == {
                first.name: {"fast": 1, "standard": 1}, second.name: {"fast": 1, "standard": 1},
            }  # fmt: skip
            assert result["rows"][first.name]["nearest_other"] == {"fast": 10, "standard": 32}
    assert set(asked) == {(effort, 11, most, 50, 16) for effort in answers for most in (31, 64)}


def test_of_unrelated_pictures_an_upload_counts_once_and_for_what_its_effort_adds(
    eight: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the picture as it is matches is no effort's own; no picture at all is none of them."""
    bench = of("bench_views")
    (tmp_path / "words.png").write_text("words")
    words = str(tmp_path / "words.png")
    parts = (
        ("maps", "listed", 0),
        ("maps", "listed", 1),
        ("maps", "test", 2),
        ("maps", "test", 3),
        ("maps", "tuning", 4),
    )
    rows = [*((mix, part, eight[at]) for mix, part, at in parts), ("icons", "test", words)]
    (tmp_path / "mixes").write_text("\n".join("\t".join(row) for row in rows) + "\n")
    answers = {
        "fast": [hit(0, 3)], "standard": [hit(0, 3), hit(1, 6, "mirrored")],
        "thorough": [hit(0, 3), hit(1, 6, "mirrored"), hit(5, 8, "panel 2 of 4")], "exhaustive": [hit(0, 3)],
    }  # fmt: skip
    wide = [hit(0, 3), hit(1, 40, "mirrored"), hit(6, 50, "rotated about 2 degrees")]

    def look_up(frames: list[Any], index: Any, *, effort: str, max_distance: int, **_: int) -> Any:
        return SimpleNamespace(hits=answers[effort] if max_distance == 31 else wide)

    monkeypatch.setattr(bench.views, "look_up", look_up)
    monkeypatch.setattr(bench, "LIST_SIZE", 9)
    found = bench.measure_false(argparse.Namespace(mixes=str(tmp_path / "mixes"), part="test"), 1, 3)
    assert found["n_real_listed"] == 2 and found["list_size"] == 9
    uploads = {"fast": 1, "standard": 1, "thorough": 1, "exhaustive": 0}
    assert found["mixes"] == {"maps": {"n": 1, "uploads": uploads}}
    assert found["matches"] == [
        ["standard", "maps", "3.png", "1.png", 6, "mirrored"], ["thorough", "maps", "3.png", "1.png", 6, "mirrored"],
        ["thorough", "maps", "3.png", "generated", 8, "panel 2 of 4"],
    ]  # fmt: skip
    assert found["near"] == [
        ["maps", "3.png", "1.png", 41, "turned"], ["maps", "3.png", "generated", 51, "rotated"],
    ]  # fmt: skip
    all_of = bench.measure_false(argparse.Namespace(mixes=str(tmp_path / "mixes"), part="test"), 0, 1)
    assert {mix: row["n"] for mix, row in all_of["mixes"].items()} == {"maps": 2, "icons": 0}


@pytest.mark.parametrize(
    ("bound", "value", "met"),
    [(2.5, 2.5, True), (2.5, 2.4, False), (-2.5, 2.5, True), (-2.5, 2.6, False), (0, 0, True), (0, 1, False)],
)
def test_an_aim_that_is_just_reached_is_met(bound: float, value: float, met: bool) -> None:
    line = of("told").aim("what", bound, value)
    assert line.endswith("| yes |" if met else "| **no** |"), line
    assert (f"| >= {bound:g} |" if bound > 0 else f"| <= {-bound:g} |") in line
