"""Batches of any kind end in the records that the library gives for each of their rows."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import safehash
from safehash.integrations.batch import Check, _opened, _seen, record_schema
from safehash.matching.record import FIELDS
from stores import environment, write_list, write_pictures


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("batch")


@pytest.fixture(scope="module")
def pictures(here: Path) -> list[Path]:
    return write_pictures(here / "pictures", 4)


@pytest.fixture(scope="module")
def snapshot(here: Path, pictures: list[Path]) -> Path:
    own, partner = write_list(here / "own.csv", pictures[1]), write_list(here / "partner.csv", pictures[2])
    safehash.Matcher.from_files(own, partner).save(here / "lists.safehash")
    return here / "lists.safehash"


@pytest.fixture(scope="module")
def matcher(snapshot: Path) -> safehash.Matcher:
    return safehash.Matcher.open(snapshot)


#: What two decisions on one upload have not in common.
TIMES = ("decided", "milliseconds")


def rows_of(found: Any) -> list[dict[str, Any]]:
    """Return what came of a batch as rows, times aside, matches without what only a catalog knows."""
    if isinstance(found, dict):
        found = pa.table({field.name: pa.array(found[field.name], field.type) for field in record_schema()})
    rows = found.select(record_schema().names).to_pylist()
    for row in rows:
        row["matches"] = [{k: v for k, v in match.items() if v is not None} for match in row["matches"]]
        row["decode"] = None if row["decode"] is None else json.loads(row["decode"])
    return [{k: v for k, v in row.items() if k not in TIMES} for row in rows]


def wanted(decisions: list[safehash.Decision], *, full_hashes: bool = False) -> list[dict[str, Any]]:
    rows = []
    for decision in decisions:
        record = decision.to_record(full_hashes=full_hashes)
        rows.append({name: record.get(name) for name in record_schema().names if name not in TIMES})
    return json.loads(json.dumps(rows))  # type: ignore[no-any-return]


def test_every_kind_of_batch_ends_in_the_librarys_records(
    snapshot: Path, matcher: safehash.Matcher, pictures: list[Path]
) -> None:
    uploads = [*(path.read_bytes() for path in pictures), b"", b"words"]
    right = wanted(matcher.check_many(uploads))
    assert {row["outcome"] for row in right} == {"match", "no_match", "unreadable", "unsupported"}
    check = pickle.loads(pickle.dumps(Check(snapshot)))
    ids = list(range(len(uploads)))
    batches: list[Any] = [
        {"id": ids, "data": uploads},
        {"id": np.array(ids), "data": np.array(uploads, object)},
        pa.record_batch({"id": ids, "data": pa.array(uploads, pa.binary())}),
        pa.table({"id": ids, "data": pa.array(uploads, pa.large_binary())}),
    ]
    for batch in batches:
        found = check(batch)
        assert rows_of(found) == right
        assert type(found) is (dict if isinstance(batch, dict) else type(batch))
        if not isinstance(found, dict):
            assert found.schema == check.schema(batch.schema)
            assert found.schema.names == ["id", *record_schema().names]
        else:
            assert list(found["id"]) == ids and "data" not in found


def test_paths_stay_and_one_that_is_not_there_is_unreadable(
    snapshot: Path, matcher: safehash.Matcher, pictures: list[Path], here: Path
) -> None:
    paths = [str(path) for path in (*pictures, here / "none.png")]
    found = Check(snapshot, column="path", kind="path")({"path": paths})
    assert found["path"] == paths
    assert rows_of(found) == wanted([matcher.check(Path(path)) for path in paths])
    assert found["outcome"][-1] == "unreadable"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(data=st.data())
def test_stored_hashes_are_decided_as_one_by_one(
    snapshot: Path, matcher: safehash.Matcher, pictures: list[Path], data: st.DataObject
) -> None:
    """The join leaves none out that a look-up of each would find."""
    known = [safehash.hash_file(path) for path in pictures]
    turns = [turned for value in known for turned in (*value.orientations(), value.negative())]
    chosen = data.draw(
        st.lists(st.tuples(st.sampled_from(turns), st.integers(0, 60), st.integers(0, 100)), max_size=30)
    )
    values = []
    for value, n_flips, quality in chosen:
        bits = np.unpackbits(np.frombuffer(value.digest, np.uint8))
        bits[np.random.default_rng(n_flips).choice(256, n_flips, replace=False)] ^= 1
        values.append(safehash.Hash("pdq", np.packbits(bits).tobytes(), quality=quality))
    batch = pa.table({
        "pdq": pa.array([value.hex for value in values], pa.string()),
        "quality of it": pa.array([value.quality for value in values], pa.int64()),
    })  # fmt: skip
    check = Check(snapshot, column="pdq", kind="hash", quality="quality of it", full_hashes=True)
    assert rows_of(check(batch)) == wanted(matcher.check_hashes(values), full_hashes=True)
    packed = pa.table(
        {"pdq": pa.array([v.digest for v in values], pa.binary()), "quality of it": batch["quality of it"]}
    )
    assert rows_of(check(packed)) == rows_of(check(batch))


@pytest.mark.parametrize("policy", [safehash.Policy(), None])
def test_every_row_has_all_that_its_own_decision_says(
    snapshot: Path, pictures: list[Path], policy: safehash.Policy | None
) -> None:
    """Regression: of hashes near nothing, `decided` and `milliseconds` were None."""
    asked = safehash.Settings(policy=policy)
    near = safehash.hash_file(pictures[1])
    values = [near] + [safehash.Hash("pdq", bytes([k] * 32), quality=k) for k in (1, 49, 50, 100)]
    check = Check(snapshot, column="h", kind="hash", quality="q", settings=asked)
    found = check({"h": [value.hex for value in values], "q": [value.quality for value in values]})
    decisions = safehash.Matcher.open(snapshot, settings=asked).check_hashes(values)
    for row, decision in enumerate(decisions):
        record = decision.to_record()
        given = {name for name, column in found.items() if column[row] is not None} - {"h", "q"}
        assert given == {name for name, value in record.items() if value is not None} - {"type"}
        assert found["outcome"][row] == record["outcome"]
        assert found["milliseconds"][row] > 0 and found["decided"][row].endswith("+00:00")
    assert found["outcome"] == ["match", "low_quality", "low_quality", "no_match", "no_match"]
    assert len({id(each) for each in found["matches"]}) == len(values), "one row's matches are another's, too"
    with pytest.raises(ValueError, match="nowhere"):
        Check(snapshot, column="h", kind="hash", lists=["nowhere"])({"h": [values[1].hex]})


def test_the_columns_are_what_a_decision_tells_by_itself(
    matcher: safehash.Matcher, pictures: list[Path]
) -> None:
    """One definition of the fields: a new one is a column of a batch, of CSV and of Parquet."""
    facts = matcher.check(pictures[1]).facts()
    assert {*facts, "suggestion"} == set(record_schema().names)
    assert [field.name for field in FIELDS if field.is_own] == record_schema().names


@pytest.mark.parametrize("missing", [None, float("nan"), np.float64("nan")])
def test_a_quality_that_is_missing_is_none(snapshot: Path, missing: object) -> None:
    check = Check(snapshot, column="h", kind="hash", quality="q")
    assert check({"h": ["ab" * 32] * 2, "q": [50.0, missing]})["quality"] == [50, None]


@pytest.mark.parametrize("quality", [101, -1, 49.5, "50", b"2"])
def test_a_quality_that_is_none_is_refused_wherever_its_hash_lies(
    snapshot: Path, pictures: list[Path], quality: object
) -> None:
    """Regression: it was looked at where something was near, and kept as it came everywhere else."""
    check = Check(snapshot, column="h", kind="hash", quality="q")
    for digest in ("ab" * 32, safehash.hash_file(pictures[1]).hex):
        with pytest.raises((TypeError, ValueError)):
            check({"h": [digest], "q": [quality]})


def test_lists_and_settings_hold(snapshot: Path, pictures: list[Path]) -> None:
    upload = {"data": [pictures[2].read_bytes()]}
    assert Check(snapshot, lists=["own"])(upload)["outcome"] == ["no_match"]
    assert Check(snapshot, lists=["partner"])(upload)["outcome"] == ["match"]
    allowed = safehash.Settings(allow_ids=["entry-picture00002"])
    assert Check(snapshot, settings=allowed)(upload)["outcome"] == ["suppressed"]


def test_what_cannot_be_meant_is_refused(snapshot: Path, tmp_path: Path) -> None:
    check = Check(snapshot)
    for batch, error in (
        ({"picture": [b""]}, KeyError), ({"data": ["text"]}, TypeError), ({"data": [None]}, TypeError),
        ({"data": [b""], "outcome": [1]}, ValueError), ([b""], TypeError), (7, TypeError),
    ):  # fmt: skip
        with pytest.raises(error):
            check(batch)
    for column in (["zz"], ["ab" * 31], [None], [7]):
        with pytest.raises(TypeError):
            Check(snapshot, column="h", kind="hash")({"h": column})
    with pytest.raises(safehash.SafehashError, match=r"no list .* has hashes of phash"):
        Check(snapshot, column="h", kind="hash", algorithm="phash")({"h": ["ab" * 8]})
    with pytest.raises(safehash.IndexFileError):
        Check(tmp_path / "none.safehash")({"data": [b""]})
    for wrong in (
        {"kind": "url"},
        {"lists": "own"},
        {"settings": safehash.Settings(flood=safehash.FloodLimits())},
    ):
        with pytest.raises((TypeError, ValueError)):
            Check(snapshot, **wrong)


@pytest.mark.parametrize(
    "hashes",
    [
        [32, 32],
        [bytes(31), bytes(33)],
        ["00" * 31, "00" * 33],
        [True],
        [SimpleNamespace()],
        np.array([32, 32]),
    ],
    ids=["numbers", "short and long", "likewise in digits", "truth", "an object", "numpy's numbers"],
)
def test_what_is_no_digest_is_refused_wherever_it_lies(snapshot: Path, hashes: Any) -> None:
    """A number was as many zeros, and of a long one beside a short one both were others: near nothing, in silence."""
    with pytest.raises(TypeError, match=r"holds what is no pdq hash|some have others"):
        Check(snapshot, column="h", kind="hash")({"h": hashes})


@pytest.mark.parametrize("quality", [float("inf"), True, "50", 50.5])
def test_what_is_no_quality_is_refused(snapshot: Path, quality: object) -> None:
    with pytest.raises(TypeError, match="not whole numbers from 0 to 100"):
        Check(snapshot, column="h", kind="hash", quality="q")({"h": [bytes(32)], "q": [quality]})


def test_what_is_no_table_is_refused(snapshot: Path) -> None:
    for batch in (pa.array([b""]), pa.chunked_array([[b""]]), [b""], b""):
        with pytest.raises(TypeError, match="a batch is a mapping of columns, or a table of"):
            Check(snapshot)(batch)


def test_a_snapshot_is_opened_once_a_process_and_again_when_it_was_replaced(
    snapshot: Path, pictures: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "lists.safehash"
    safehash.Matcher.from_files(write_list(tmp_path / "own.csv", pictures[1])).save(place)
    opened: list[Any] = []
    real = safehash.Matcher.open.__func__  # type: ignore[attr-defined]

    def counted(cls: Any, *given: Any, **options: Any) -> Any:
        opened.append(given)
        return real(cls, *given, **options)

    monkeypatch.setattr(safehash.Matcher, "open", classmethod(counted))
    upload = {"data": [pictures[3].read_bytes()]}
    for _ in range(3):
        assert pickle.loads(pickle.dumps(Check(place)))(upload)["outcome"] == ["no_match"]
    assert len(opened) == 1
    safehash.Matcher.from_files(write_list(tmp_path / "own.csv", *pictures)).save(place)
    assert Check(place)(upload)["outcome"] == ["match"]
    assert len(opened) == 2


def test_another_process_decides_alike(snapshot: Path, pictures: list[Path]) -> None:
    code = (
        "import pickle, sys; check = pickle.load(sys.stdin.buffer); "
        "print(check({'path': sys.argv[1:]})['outcome'])"
    )
    sent = pickle.dumps(Check(snapshot, column="path", kind="path"))
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, pictures)],
        input=sent,
        capture_output=True,
        env=environment(),
        check=True,
    )
    assert done.stdout.split(b"\n")[0] == b"['no_match', 'match', 'match', 'no_match']"


class Frame:
    """What of a frame of pandas is asked for, which need not be installed."""

    def __init__(self, columns: dict[str, Any], index: Any = None) -> None:
        self._columns, self.index, self.columns = columns, index, list(columns)

    def __getitem__(self, name: str) -> Any:
        return self._columns[name]


def test_rows_keep_the_names_that_pandas_has_for_them(
    snapshot: Path, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Frame, "__module__", "pandas.core.frame")
    names = [str(each) for each in pictures[:3]]
    told = Check(snapshot, column="path", kind="path")(Frame({"path": names}, index=[7, 3, 5]))
    assert (told.index, told["path"], told["outcome"]) == (
        [7, 3, 5], names, ["no_match", "match", "match"],
    )  # fmt: skip


def test_a_snapshot_as_large_as_the_one_before_is_another(tmp_path: Path) -> None:
    """Whether another file took its place, or it was written over: by when, too."""
    path = tmp_path / "a.snapshot"
    seen: list[Any] = []
    for text in ("one", "two"):
        path.write_text(text)
        os.utime(path, ns=(1, 10**18 + len(seen)))
        seen.append(_seen(str(path)))
    other = tmp_path / "b"
    other.write_text("six")
    os.utime(other, ns=(1, 10**18 + 1))
    other.replace(path)
    seen.append(_seen(str(path)))
    assert len(set(seen)) == 3


def test_hashes_share_the_time_that_all_of_them_took(
    snapshot: Path, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([100.0, 100.5, 200.0])
    stopped = SimpleNamespace(perf_counter=lambda: next(clock))
    monkeypatch.setattr("safehash.integrations.batch.time", stopped)
    check = Check(snapshot, column="hash", kind="hash")
    hashes = [safehash.hash_file(each).hex for each in pictures]
    assert check({"hash": hashes})["milliseconds"] == [125.0] * 4


def test_four_snapshots_stay_open_by_path_and_settings(
    snapshot: Path, pictures: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    of: Any = _opened

    def known(path: str, *, settings: safehash.Settings) -> str:
        opened.append(path)
        return f"{path} at {settings.effort}"

    monkeypatch.setattr("safehash.integrations.batch._OPEN", [])
    monkeypatch.setattr("safehash.integrations.batch.Matcher", SimpleNamespace(open=known))
    paths = [str(tmp_path / name) for name in "abcd"]
    for path in paths:
        Path(path).write_text("a snapshot")
    fast, usual = safehash.Settings(effort="fast"), safehash.Settings()
    for _ in range(2):
        assert [of(path, usual) for path in paths] == [f"{path} at standard" for path in paths]
    assert opened == paths
    assert of(paths[0], fast) == f"{paths[0]} at fast"
    assert [of(path, usual) for path in paths[1:]] == [f"{path} at standard" for path in paths[1:]]
    assert opened == [*paths, paths[0]], "the oldest has made way, and no other"
    assert of(paths[0], usual) == f"{paths[0]} at standard"
    assert opened == [*paths, paths[0], paths[0]]
