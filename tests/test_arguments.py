"""Every parameter of every public function, method and class, given what it does not take: an error in words of ours.

What a parameter takes is read from its annotation, so a new one is tested as soon as there is a call to start from.
"""

from __future__ import annotations

import ast
import base64
import enum
import inspect
import io
import re
import traceback
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

import safehash
import safehash.integrations.batch
import safehash.lists
from safehash import SafehashError

#: One value of each kind that a slip hands over.
VALUES: dict[str, object] = {
    "int": -7, "float": 1.5, "bool": True, "str": "no such thing", "bytes": b"x", "None": None, "list": [object()],
    "dict": {7: object()},
}  # fmt: skip

#: The kinds that an annotation takes, by its outermost name. A list and a dict hold what no annotation means.
TAKES: dict[str, set[str]] = {
    "int": {"int"}, "float": {"int", "float"}, "bool": {"bool"}, "str": {"str"}, "bytes": {"bytes"}, "None": {"None"},
    "bytearray": set(), "memoryview": set(), "Literal": {"str"}, "Effort": {"str"}, "Decode": {"str"},
    "StrPath": {"str", "bytes"}, "_Path": {"str", "bytes"}, "os.PathLike": {"bytes"}, "ListPath": {"str", "bytes"},
    "Upload": {"str", "bytes"}, "Unopened": {"str", "bytes"}, "Blob": {"bytes"}, "Algorithm": set(),
    "Any": set(VALUES), "object": set(VALUES), "_T": set(VALUES), "Hashable": set(VALUES) - {"list", "dict"},
}  # fmt: skip
#: Words by which a parameter is named in a message, where they are not its name.
NAMED = {
    "item": "an upload is", "items": "an upload is|items", "data": "hash_bytes|fingerprint_bytes|data",
    "upload": "an upload is", "other": "expected a Hash", "efforts": "efforts? is",
    "image": "hash_image", "pixels": "hash_array",
}  # fmt: skip
#: Arrays say themselves what they are made of: of these only that nothing odd is raised.
ARRAYS = ("npt.ArrayLike", "npt.NDArray", "_UInt8Array", "_Int64Array")

#: What is called for every row of a list of millions, and by nobody else; and what takes arrays alone.
INNER = {"EntryTable.id_of", "EntryTable.identity", "EntryTable.same_dates", "EntryTable.from_sections"}

#: Given by mistake, or as the name of a file.
DIGEST = "5af0" * 16
IN_BASE64 = base64.b64encode(bytes.fromhex("91a7" * 16)).decode()

Call = tuple[Callable[..., Any], dict[str, Any]]


@pytest.fixture(scope="module")
def calls(examples_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Call]]:
    """Return a call that works of everything public that is called: what, and with which arguments."""
    folder, out = examples_folder, tmp_path_factory.mktemp("out")
    photo = folder / "photo.jpg"
    value = safehash.hash_file(photo)
    matcher = safehash.Matcher.from_files(folder / "list.csv")
    entries = list(safehash.read_list(folder / "list.csv"))
    entry = entries[0]
    loaded = safehash.load_list(folder / "list.csv")
    decision = matcher.check(photo)
    row = safehash.EvaluationRow(name="a", family="b")
    growing: Any = safehash.GrowingIndex()
    written = io.BytesIO()
    growing.write(written)
    index = safehash.Index([value])
    digests = np.frombuffer(value.digest, np.uint8)[None]
    guard = safehash.FloodGuard()
    policy = safehash.Policy()
    looked: Any = next(
        iter(safehash.scan(folder / "photos", matcher=matcher, options=safehash.ScanOptions(workers=0)))
    )
    running: Any = safehash.scan(folder / "photos", matcher=matcher, options=safehash.ScanOptions(workers=0))
    list(running)
    summary = running.summary
    known: Any = safehash.Known(
        path="a", facts={name: each for name, each in looked.to_record().items() if name != "type"}
    )
    evaluated = safehash.ListEvaluation(name="a", n_entries=1)
    pair = safehash.Pair(
        source="own", id="b-1", hash=value, picture=value, view="as it is", distance=3, wrong=True
    )
    text: Any = {"algorithm": "pdq", "text": value.hex}
    catalog = safehash.Catalog(folder / "scan.db")
    pool = safehash.isolated(matcher, workers=1)

    def opened_and_closed(**given: Any) -> None:
        safehash.isolated(**given).close()

    own = {
        "Catalog": (safehash.Catalog, {"path": folder / "scan.db"}),
        "Catalog.records": (catalog.records, {}),
        "Catalog.changes": (catalog.changes, {"after": 0, "to": 1}),
        "Catalog.confirmed": (catalog.confirmed, {"owner": "42"}),
        "Change.to_record": (safehash.Change(kind="gone", path="a.jpg").to_record, {}),
        "Catalog.relocate": (catalog.relocate, {"old": folder / "photos", "new": folder / "photos"}),
        "EntryTable.known_ids": (loaded.table.known_ids, {"wanted": ["b-1"], "before": 1}),
        "EntryTable.rows_called": (loaded.table.rows_called, {"text": "a-1", "before": 1}),
        "EntryTable.rows_of": (loaded.table.rows_of, {"algorithm": "pdq", "positions": [0]}),
        "Known.to_record": (known.to_record, {}),
        "ListEvaluation.nearest": (evaluated.nearest, {"effort": "fast"}),
        "Pair.apart": (pair.apart, {"own": value}),
        "Summary.add": (summary.add, {"record": looked}),
        "Decision.suppressing": (decision.suppressing, {"keys": set(), "by": "review"}),
        "Decision.to_record": (decision.to_record, {}),
        "Entry": (safehash.Entry, {"hash": value}),
        "EntryTable.digests": (loaded.table.digests, {"algorithm": "pdq"}),
        "EvaluationRow.interval": (row.interval, {"way": "fast"}),
        "EvaluationRow.recall": (row.recall, {"way": "fast"}),
        "EvaluationRow.to_record": (row.to_record, {"ways": ["fast"]}),
        "Explanation.to_record": (matcher.explain(photo).to_record, {}),
        "FloodGuard": (safehash.FloodGuard, {}),
        "FloodGuard.is_quarantined": (guard.is_quarantined, {"entry": "b-1"}),
        "FloodGuard.merge_counts": (guard.merge_counts, {"n_uploads": 1, "matches": []}),
        "FloodGuard.quarantine": (guard.quarantine, {"entry": "b-1", "n_uploads": 9, "n_matches": 9}),
        "FloodGuard.record": (guard.record, {"entries": ["b-1"]}),
        "FloodGuard.release": (guard.release, {"entry": "b-1"}),
        "FloodLimits": (safehash.FloodLimits, {}),
        "ForeignHash": (safehash.ForeignHash, {"algorithm": "photodna", "value": "AAAA"}),
        "GrowingIndex": (safehash.GrowingIndex, {}),
        "GrowingIndex.add": (growing.add, {"value": value, "payload": 1}),
        "GrowingIndex.add_many": (growing.add_many, {"entries": [(value, 1)]}),
        "GrowingIndex.read": (safehash.GrowingIndex.read, {"stream": io.BytesIO(written.getvalue())}),
        "GrowingIndex.search": (growing.search, {"value": value, "max_distance": 31}),
        "GrowingIndex.write": (growing.write, {"stream": io.BytesIO()}),
        "Hash": (safehash.Hash, {"algorithm": "pdq", "digest": bytes(32)}),
        "Hash.distance": (value.distance, {"other": value}),
        "Hash.from_hex": (safehash.Hash.from_hex, text),
        "Index": (safehash.Index, {"hashes": [value]}),
        "Index.digests_of": (index.digests_of, {"rows": [0]}),
        "Index.from_digests": (safehash.Index.from_digests, {"digests": digests}),
        "Index.nearest": (index.nearest, {"query": value, "max_distance": 31}),
        "Index.search": (index.search, {"query": value, "max_distance": 31}),
        "Index.search_many": (index.search_many, {"queries": digests, "max_distance": 31}),
        "Index.search_views": (index.search_views, {"queries": [value], "max_distance": 31}),
        "Index.updated": (index.updated, {}),
        "Index.without": (index.without, {"rows": [0]}),
        "Isolated.check": (pool.check, {"item": photo}),
        "Limits": (safehash.Limits, {}),
        "ListPolicy": (safehash.ListPolicy, {}),
        "ListSource": (safehash.ListSource, {"path": "a.csv"}),
        "ListSource.of": (safehash.ListSource.of, {"source": "a.csv"}),
        "ListSource.parse": (safehash.ListSource.parse, {"text": "a.csv"}),
        "Matcher.check": (matcher.check, {"item": photo}),
        "Matcher.check_hash": (matcher.check_hash, {"value": value}),
        "Matcher.check_hashes": (matcher.check_hashes, {"values": [value]}),
        "Matcher.check_many": (matcher.check_many, {"items": [photo]}),
        "Matcher.explain": (matcher.explain, {"item": photo}),
        "Matcher.from_entries": (safehash.Matcher.from_entries, {"entries": entries}),
        "Matcher.from_files": (safehash.Matcher.from_files, {"lists": folder / "list.csv"}),
        "Matcher.near_any": (matcher.near_any, {"digests": digests, "algorithm": "pdq"}),
        "Matcher.open": (safehash.Matcher.open, {"path": folder / "lists.safehash"}),
        "Matcher.save": (matcher.save, {"path": out / "saved"}),
        "Opinion": (safehash.Opinion, {"owner": "a", "category": "positive"}),
        "Policy": (safehash.Policy, {}),
        "Policy.of_list": (policy.of_list, {"name": "own"}),
        "Policy.reason_against": (policy.reason_against, {"entry": entry}),
        "ReportPart": (safehash.ReportPart, {}),
        "ScanOptions": (safehash.ScanOptions, {}),
        "ScanRecord.to_record": (looked.to_record, {}),
        "Settings": (safehash.Settings, {}),
        "apply_verdicts": (safehash.apply_verdicts, {"catalog": catalog, "verdicts": []}),
        "compliance_record": (safehash.compliance_record, {"catalog": catalog, "path": out / "c.html"}),
        "evaluate": (
            safehash.evaluate,
            {
                "folder": folder / "photos",
                "options": safehash.EvaluationOptions(efforts=["fast"], families=["codec"], list_size=9),
                "threads": 1,
            },
        ),
        "EvaluationOptions": (safehash.EvaluationOptions, {}),
        "lists.AddOptions": (safehash.lists.AddOptions, {}),
        "fingerprint_bytes": (safehash.fingerprint_bytes, {"data": photo.read_bytes()}),
        "fingerprint_file": (safehash.fingerprint_file, {"path": photo}),
        "hash_array": (safehash.hash_array, {"pixels": np.zeros((9, 9), np.uint8)}),
        "hash_bytes": (safehash.hash_bytes, {"data": photo.read_bytes()}),
        "hash_file": (safehash.hash_file, {"path": photo}),
        "hash_image": (safehash.hash_image, {"image": Image.new("L", (9, 9))}),
        "hash_many": (safehash.hash_many, {"items": [photo]}),
        "isolated": (opened_and_closed, {"matcher": matcher, "workers": 1}),
        "load_list": (safehash.load_list, {"path": folder / "list.csv"}),
        "merge_lists": (safehash.merge_lists, {"lists": entries}),
        "pairs_of": (safehash.pairs_of, {"catalog": catalog}),
        "read_list": (safehash.read_list, {"path": folder / "list.csv"}),
        "read_pairs": (safehash.read_pairs, {"path": out / "pairs"}),
        "read_verdicts": (safehash.read_verdicts, {"path": out / "verdicts"}),
        "rematch": (safehash.rematch, {"catalog": catalog, "matcher": matcher}),
        "report": (safehash.report, {"catalog": catalog, "path": out / "r.html"}),
        "scan": (safehash.scan, {"paths": photo, "matcher": matcher, "options": safehash.ScanOptions(workers=0)}),
        "sign_list": (safehash.sign_list, {"source": folder / "list.csv", "key": bytes(32)}),
        "similar": (safehash.similar, {"catalog": catalog, "value": value, "max_distance": 31}),
        "windows_to_list": (safehash.windows_to_list, {"upload": photo}),
        "write_pairs": (safehash.write_pairs, {"path": out / "pairs", "pairs": []}),
        "lists.add": (safehash.lists.add, {"path": out / "own.jsonl", "images": [photo]}),
        "lists.diff_lists": (safehash.lists.diff_lists, {"old": entries, "new": entries}),
        "lists.list_stats": (safehash.lists.list_stats, {"table": loaded.table}),
        "lists.remove": (safehash.lists.remove, {"path": out / "own.jsonl", "names": [photo]}),
        "lists.staleness": (safehash.lists.staleness, {"report": loaded.report}),
        "lists.unite_digests": (safehash.lists.unite_digests, {"entries": entries}),
        "lists.write_csv": (safehash.lists.write_csv, {"path": out / "w.csv", "entries": entries}),
        "batch.Check": (safehash.integrations.batch.Check, {"snapshot": folder / "lists.safehash"}),
        "batch.Check.schema": (
            safehash.integrations.batch.Check(folder / "lists.safehash").schema,
            {"given": pa.schema([("data", pa.binary())])},
        ),
        "batch.record_schema": (safehash.integrations.batch.record_schema, {}),
        "lists.write_list": (safehash.lists.write_list, {"path": out / "w.jsonl", "entries": entries}),
    }  # fmt: skip
    safehash.write_pairs(out / "pairs", [])
    (out / "verdicts").write_text('{"kind": "safehash verdicts", "version": 1, "verdicts": 0}\n')
    yield own
    pool.close()
    catalog.close()


def made_by_others(value: object) -> bool:
    return "made by" in (inspect.getdoc(value) or "").lower()


def public() -> Iterator[tuple[str, Any]]:
    """Yield everything public that a user calls with arguments."""
    for prefix, space in (
        ("", safehash),
        ("lists.", safehash.lists),
        ("batch.", safehash.integrations.batch),
    ):
        for name in space.__all__:
            value = getattr(space, name)
            if inspect.isroutine(value):
                yield prefix + name, value
            elif inspect.isclass(value) and not issubclass(value, BaseException):
                if getattr(value, "_is_protocol", False):
                    continue  # what users have, not what they call
                if issubclass(value, enum.Enum):
                    continue
                if not made_by_others(value) and parameters_of(value):
                    yield prefix + name, value
                for part in vars(value):
                    method = getattr(value, part)
                    if f"{name}.{part}" in INNER:
                        continue
                    if not part.startswith("_") and inspect.isroutine(method) and parameters_of(method):
                        yield f"{prefix}{name}.{part}", method


def parameters_of(value: Any) -> list[inspect.Parameter]:
    return [
        each
        for each in inspect.signature(value).parameters.values()
        if each.name not in ("self", "cls") and not each.name.startswith("_")
    ]


PUBLIC = dict(public())


def taken_by(annotation: str) -> tuple[set[str], bool]:
    """Return the kinds that an annotation takes, and whether it is an array."""
    kinds: set[str] = set()
    is_array = False
    todo: list[ast.expr] = [ast.parse(annotation, mode="eval").body]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.BinOp):
            todo += [node.left, node.right]
        elif isinstance(node, ast.Constant):
            kinds.add("None")
        else:
            name = ast.unparse(node.value if isinstance(node, ast.Subscript) else node)
            if isinstance(node, ast.Subscript) and ast.unparse(node.slice) in ("object", "Hashable", "Any"):
                kinds |= {"list"} | ({"dict"} if name == "Container" else set())
            is_array |= name in ARRAYS
            kinds |= TAKES.get(name, set())
    return kinds, is_array


def test_there_is_a_call_of_everything(calls: dict[str, Call]) -> None:
    assert set(calls) == set(PUBLIC)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_what_a_parameter_does_not_take_is_an_error_in_words(
    name: str, calls: dict[str, Call], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    function, given = calls[name]
    wrong = []
    for parameter in parameters_of(PUBLIC[name]):
        if parameter.kind is parameter.VAR_KEYWORD:
            continue
        takes, is_array = taken_by(str(parameter.annotation))
        for kind, value in VALUES.items():
            said = outcome(function, given, parameter, value)
            if isinstance(said, str):
                if kind not in takes and not is_array:
                    wrong.append(f"{parameter.name}={value!r} is taken")
            elif isinstance(said, LookupError) and not isinstance(said, KeyError):
                continue  # no such row, no such entry
            elif not isinstance(said, (TypeError, ValueError, SafehashError, OSError)):
                wrong.append(f"{parameter.name}={value!r}: {type(said).__name__}: {said}")
            elif kind not in takes and not is_array:
                words = NAMED.get(parameter.name, rf"\b{parameter.name}\b")
                if isinstance(said, OSError) or not re.search(words, str(said)):
                    wrong.append(f"{parameter.name}={value!r} is not named: {type(said).__name__}: {said}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_no_message_shows_a_digest_that_was_given(
    name: str, calls: dict[str, Call], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever a digest is given by mistake, or is somebody's id, name or label."""
    monkeypatch.chdir(tmp_path)
    function, given = calls[name]
    shown_whole = re.compile("|".join(re.escape(each[:9]) for each in (DIGEST, DIGEST[2:], IN_BASE64)))
    for parameter in parameters_of(PUBLIC[name]):
        for value in (
            DIGEST,
            [DIGEST],
            {DIGEST: DIGEST},
            f"{DIGEST}.jpg",
            Path(DIGEST),
            IN_BASE64,
            [IN_BASE64],
        ):
            said = outcome(function, given, parameter, value)
            if isinstance(said, Exception):
                told = "".join(traceback.format_exception(said)) + repr(said)
                assert shown_whole.search(told) is None, f"{parameter.name}: {told}"


def outcome(
    function: Callable[..., Any], given: dict[str, Any], parameter: inspect.Parameter, value: object
) -> str | Exception:
    """Return what came of a call with one argument replaced: an error, or a word."""
    arguments = {**given, parameter.name: value}
    several = [
        arguments.pop(each.name)
        for each in inspect.signature(function).parameters.values()
        if each.kind is each.VAR_POSITIONAL and each.name in arguments
    ]
    try:
        found = function(*several, **arguments)
        if isinstance(found, safehash.Catalog):
            found.close()
        elif isinstance(found, Iterator) or hasattr(found, "__next__"):
            list(islice(found, 3))
    except Exception as exc:
        return exc
    return "taken"


def test_pairs_have_two_places_of_different_meaning() -> None:
    """Regression: what stands second in a pair was held against what stands first."""
    growing: safehash.GrowingIndex[int] = safehash.GrowingIndex()
    growing.add_many([("00ff" * 16, 7), (safehash.Hash("pdq", bytes(32)), 8)])
    assert len(growing) == 2
    for wrong in ([(1, 2)], [("00ff" * 16,)], ["00ff" * 16]):
        with pytest.raises(TypeError, match=r"entries is a collection of \(Hash or str, anything\), found"):
            growing.add_many(wrong)  # type: ignore[arg-type]
