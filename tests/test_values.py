"""The values of the public face: frozen as they say, down to the mappings they hold, and loud about it."""

from __future__ import annotations

import copy
import dataclasses
import enum
import importlib
import inspect
import json
import pickle
import pkgutil
import shutil
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import safehash
import safehash.lists
from public_names import public_values
from safehash import Entry, Hash
from safehash._frozen import FrozenList, FrozenMap, thawed


def frozen_types() -> dict[str, type[Any]]:
    """Return every public data class that says it is frozen."""
    found = {}
    for space in (safehash, safehash.lists):
        for name in space.__all__:
            value = getattr(space, name)
            if inspect.isclass(value) and dataclasses.is_dataclass(value):
                parameters: Any = vars(value)["__dataclass_params__"]
                if parameters.frozen:
                    found[name] = value
    return found


FROZEN = frozen_types()
DIGEST = "5af0" * 16


@pytest.mark.parametrize("name", FROZEN)
def test_setting_anything_on_a_frozen_value_is_an_attribute_error_that_names_it(name: str) -> None:
    """Regression: `Settings().zzz = 1` was a TypeError about `super(type, obj)`."""
    kind = FROZEN[name]
    value = object.__new__(kind)  # nothing is read of it
    for attribute in ("zzz", dataclasses.fields(kind)[0].name, "__class__"):
        with pytest.raises(AttributeError, match=rf"^{name} is frozen, .*{attribute}"):
            setattr(value, attribute, 1)
        with pytest.raises(AttributeError, match=rf"^{name} is frozen, .*{attribute}"):
            delattr(value, attribute)
    with pytest.raises(AttributeError, match="5af05af0") as caught:
        setattr(value, DIGEST, 1)
    assert DIGEST[:9] not in str(caught.value)


def given_for(annotation: str) -> object:
    """Return a mapping that a field of such a type takes."""
    key: object = safehash.Algorithm.PDQ if "Algorithm" in annotation else "pdq"
    held: object = 3
    if "ListPolicy" in annotation:
        held = safehash.ListPolicy()
    elif "NDArray" in annotation:
        held = np.zeros((1, 32), np.uint8)
    elif "tuple" in annotation:
        key, held = "hash", ("a",)
    return {key: held}


def mappings() -> list[tuple[str, str]]:
    return [
        (name, field.name)
        for name, kind in FROZEN.items()
        for field in dataclasses.fields(kind)
        if "Mapping" in str(field.type) or "dict" in str(field.type)
    ]


def made(kind: type[Any], **given: object) -> Any:
    """Make a value of which most fields do not matter."""
    needed: dict[str, object] = {
        each.name: "x"
        for each in inspect.signature(kind).parameters.values()
        if each.default is each.empty and each.name not in given
    }
    if kind is Entry:
        needed = {"hash": Hash("pdq", bytes(32))}
    return kind(**needed, **given)


@pytest.mark.parametrize(("name", "field"), mappings())
def test_a_mapping_of_a_frozen_value_is_frozen_and_no_alias(name: str, field: str) -> None:
    kind = FROZEN[name]
    annotation = str(next(each.type for each in dataclasses.fields(kind) if each.name == field))
    assert "dict" not in annotation, "a type checker would let it be changed"
    given: Any = given_for(annotation)
    value = made(kind, **{field: given})
    held: Any = getattr(value, field)
    assert issubclass(type(held), Mapping) and set(held) >= set(given)
    with pytest.raises(TypeError, match="frozen"):
        held["more"] = 1
    before = dict(held)
    given["more"] = 1
    assert dict(held).keys() == before.keys()


def test_there_are_mappings_to_look_at() -> None:
    assert len(mappings()) > 10


# -- fields of an entry that nobody knows ---------------------------------------------------------------------


def test_the_unknown_fields_of_an_entry_are_as_good_as_a_dict() -> None:
    given = {"filename": "a.jpg", "numbers": [1, 2], "nested": {"a": None}}
    entry = Entry(hash=Hash("pdq", bytes(32)), extra=given)
    assert entry.extra == given and dict(entry.extra) == given and {**entry.extra} == given
    assert json.loads(json.dumps(entry.extra)) == given
    for other in (pickle.loads(pickle.dumps(entry)), copy.copy(entry), copy.deepcopy(entry)):
        assert other == entry and type(other.extra) is FrozenMap
    assert dataclasses.replace(entry, id="7").extra == given
    assert dataclasses.asdict(entry)["extra"] == given
    assert entry == Entry(hash=Hash("pdq", bytes(32)), extra=FrozenMap(given))


@pytest.mark.parametrize(
    "change",
    [
        lambda extra: extra.update(a=1),
        lambda extra: extra.__setitem__("a", 1),
        lambda extra: extra.pop("filename"),
        lambda extra: extra.popitem(),
        lambda extra: extra.clear(),
        lambda extra: extra.setdefault("a", 1),
        lambda extra: extra.__delitem__("filename"),
        lambda extra: extra.__ior__({"a": 1}),
    ],
)
def test_no_method_changes_the_unknown_fields(change: Any) -> None:
    entry = Entry(hash=None, id="1", deleted=True, extra={"filename": "a.jpg"})
    with pytest.raises(TypeError, match="frozen"):
        change(entry.extra)
    assert entry.extra == {"filename": "a.jpg"}


#: Everything that changes a list, and how a dict inside is changed.
LIST_CHANGES: list[Any] = [
    lambda part: part.append(1),
    lambda part: part.extend([1]),
    lambda part: part.insert(0, 1),
    lambda part: part.pop(),
    lambda part: part.remove(1),
    lambda part: part.clear(),
    lambda part: part.reverse(),
    lambda part: part.sort(),
    lambda part: part.__setitem__(0, 9),
    lambda part: part.__delitem__(0),
    lambda part: part.__iadd__([1]),
    lambda part: part.__imul__(2),
]


def test_every_method_that_changes_a_list_is_refused() -> None:
    names = {name for name in dir(list) if name not in dir(tuple)} - {"__reversed__", "copy"}
    assert names == {
        *("append", "extend", "insert", "pop", "remove", "clear", "reverse", "sort"),
        *("__setitem__", "__delitem__", "__iadd__", "__imul__"),
    }
    for kind, plain in ((FrozenList, list), (FrozenMap, dict)):
        changing = (
            names if plain is list else {"__setitem__", "__delitem__", "__ior__", "update", "setdefault"}
        )
        for name in changing:
            with pytest.raises(TypeError, match="part of a frozen value"):
                getattr(kind(), name)()


@pytest.mark.parametrize("change", LIST_CHANGES)
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_nothing_inside_the_unknown_fields_changes(change: Any, depth: int) -> None:
    """Regression: the mapping was frozen, and a list in it was not."""
    given: Any = [3, 1, 2]
    for _ in range(depth):
        given = {"inner": [given]}
    entry = Entry(hash=None, id="1", deleted=True, extra={"a": given})
    held: Any = entry.extra["a"]
    for _ in range(depth):
        with pytest.raises(TypeError, match="part of a frozen value"):
            held["more"] = 1
        held = held["inner"][0]
    with pytest.raises(TypeError, match="part of a frozen value"):
        change(held)
    before = json.dumps(entry.extra)
    inner = given
    for _ in range(depth):
        inner = inner["inner"][0]
    inner.append(7)  # whoever made it still has it
    assert json.dumps(entry.extra) == before


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(), parts, max_size=3),
    max_leaves=12,
)


@given(extra=st.dictionaries(st.text(), JSON, max_size=4))
def test_whatever_json_holds_stays_equal_pickles_copies_and_has_a_hash(extra: dict[str, Any]) -> None:
    entry = Entry(hash=Hash("pdq", bytes(32)), extra=extra)
    assert entry.extra == extra and extra == entry.extra
    for other in (pickle.loads(pickle.dumps(entry)), copy.copy(entry), copy.deepcopy(entry)):
        assert other == entry and hash(other) == hash(entry) and other.extra == extra
        assert list(changing_parts(other)) == []
    assert dataclasses.replace(entry, id="7").extra == extra
    assert thawed(entry.extra) == extra
    hash(entry.extra)
    (again,) = safehash.lists.unite_digests([entry])
    assert again.extra == extra


@pytest.mark.parametrize(
    "held", [b"bytes", bytearray(b"x"), {1, 2}, {7: "a"}, object(), np.zeros(2), [[b"x"]], {"a": {7: 1}}]
)
def test_what_json_cannot_hold_is_refused_at_once(held: object) -> None:
    """Regression: it was kept, and an error where the list was written."""
    with pytest.raises(TypeError, match=r"^extra holds what JSON can"):
        Entry(hash=Hash("pdq", bytes(32)), extra={"a": held})


# -- every value that says it is frozen -----------------------------------------------------------------------

#: What does not change; of a tuple or a frozen set, its parts are looked at.
STILL = (str, bytes, int, float, type(None), enum.Enum, Path, datetime)


def changing_parts(value: object, place: str = "") -> Iterator[str]:
    """Yield where something stands, however deep in a value, that somebody could change."""
    if isinstance(value, STILL) or callable(value):
        return
    if isinstance(value, (tuple, frozenset, FrozenList)):
        for k, part in enumerate(value):
            yield from changing_parts(part, f"{place}[{k}]")
    elif isinstance(value, FrozenMap):
        for name, part in value.items():
            yield from changing_parts(part, f"{place}[{name!r}]")
    elif isinstance(value, np.ndarray):
        if value.flags.writeable:
            yield place
    elif dataclasses.is_dataclass(value):
        parameters: Any = vars(type(value))["__dataclass_params__"]
        if not parameters.frozen:
            yield place
        for field in dataclasses.fields(value):
            yield from changing_parts(getattr(value, field.name), f"{place}.{field.name}")
    elif not type(value).__module__.startswith("safehash."):  # a table or an index shows no way to change it
        yield f"{place} ({type(value).__name__})"


def met(folder: Path) -> Iterator[object]:
    """Yield values as calls give them."""
    lists = [folder / "list.csv"]
    nested = folder / "nested.json"
    record = {"pdq": "5af0" * 16, "id": "n-1", "more": {"numbers": [1, [2]]}, "tags": [{"a": []}]}
    nested.write_text(json.dumps([record, {**record, "id": "n-2", "deleted": True}]))
    for path in (*lists, nested):
        yield from safehash.read_list(path)
        yield safehash.load_list(path)
    matcher = safehash.Matcher.from_files(*lists)
    yield from matcher.check_many([folder / "photo.jpg", folder / "other.jpg", b"words"])
    yield matcher.explain(folder / "photo.jpg")
    yield from (
        matcher.settings,
        matcher.audit,
        *matcher.lists,
        safehash.ScanOptions(),
        safehash.FloodLimits(),
    )
    shutil.copy(folder / "scan.db", folder / "own.db")
    with safehash.Catalog(folder / "own.db") as catalog:
        options = safehash.ScanOptions(workers=0, unchanged=True)
        for _ in range(2):
            running = safehash.scan(folder / "photos", matcher=matcher, options=options, catalog=catalog)
            yield from running.events()
        yield from catalog.changes(after=0, to=1)
    old, new = safehash.read_list(lists[0]), safehash.read_list(safehash.ListSource(nested, name="list"))
    yield safehash.lists.diff_lists(old, new)
    yield safehash.lists.list_stats(safehash.load_list(nested).table)
    yield safehash.fingerprint_file(folder / "photo.jpg")


def test_whatever_says_it_is_frozen_is_so_down_to_its_last_part(
    examples_folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(examples_folder, tmp_path, dirs_exist_ok=True)
    kinds = set()
    for value in met(tmp_path):
        if dataclasses.is_dataclass(value):
            parameters: Any = vars(type(value))["__dataclass_params__"]
            if parameters.frozen:
                kinds.add(type(value).__name__)
                assert list(changing_parts(value, type(value).__name__)) == []
    assert {"Entry", "LoadedList", "Decision", "Explanation", "Known", "Settings", "ListDiff"} <= kinds


def test_a_record_of_what_a_catalog_knows_is_nobody_else_s(examples_folder: Path) -> None:
    """Regression: how pixels came about was one dict for all records alike."""
    with safehash.Catalog(examples_folder / "scan.db") as catalog:
        one, two = catalog.records()
        one["decode"]["format"] = one["matches"] = "x"
        again, other = catalog.records()
    assert two == other and again["decode"]["format"] != "x" and again["matches"] != "x"
    known = safehash.Known(
        path="a", facts={k: v for k, v in again.items() if k not in ("type", "suggestion")}
    )
    record = known.to_record()
    record["decode"]["format"] = "x"
    assert known.to_record()["decode"]["format"] != "x" and type(record["matches"]) is list


def test_entries_of_one_record_share_nothing_that_changes(tmp_path: Path) -> None:
    """Regression: two digests of one record were two entries of one and the same dict."""
    path = tmp_path / "own.csv"
    path.write_text(f"md5,sha1,file name\n{'00ff' * 8},{'00ff' * 10},a.jpg\n")
    one, two = safehash.read_list(path)
    assert one.extra == two.extra == {"file name": "a.jpg"}
    with pytest.raises(TypeError, match="frozen"):
        one.extra["more"] = 1  # type: ignore[index]


@pytest.mark.parametrize("extra", [None, 7, "a", [("a", 1)], {7: 1}])
def test_what_is_no_mapping_of_names_is_refused(extra: Any) -> None:
    with pytest.raises(TypeError, match="extra is a mapping of str to anything"):
        Entry(hash=Hash("pdq", bytes(32)), extra=extra)


def test_enumerations_show_no_digest_that_was_given() -> None:
    for kind in (safehash.Outcome, safehash.Algorithm):
        with pytest.raises(
            ValueError, match=f"^no {kind.__name__.lower()} '5af05af0...'; there are "
        ) as caught:
            kind(DIGEST)
        assert DIGEST[:9] not in str(caught.value)
        with pytest.raises(ValueError, match=f"no {kind.__name__.lower()} 'int'"):
            kind(7)
    with pytest.raises(AttributeError) as missing:
        getattr(safehash, DIGEST)
    assert DIGEST[:9] not in str(missing.value)


def classes() -> dict[str, type[Any]]:
    """Return every public class of which users hold instances."""
    return {
        name: value
        for name, value in public_values()
        if inspect.isclass(value)
        and value.__module__.startswith("safehash.")
        and not issubclass(value, enum.Enum)
        and not getattr(value, "_is_protocol", False)
        and not name.startswith("safehash.integrations.threatexchange.")  # theirs are what it derives from
    }


@pytest.mark.parametrize("name", classes())
def test_an_attribute_that_there_is_not_is_named_without_a_digest(name: str) -> None:
    """Regression: `getattr(hash, digest)` repeated the digest."""
    kind = classes()[name]
    make: Any = kind.__new__
    value = make(kind)
    for attribute in (DIGEST, f"zz{DIGEST}"):
        assert not hasattr(value, attribute)
        with pytest.raises(AttributeError, match=r"has no attribute '(zz)?5af05af0\.\.\.'$") as caught:
            getattr(value, attribute)
        assert DIGEST[:9] not in str(caught.value)


def test_an_attribute_that_fails_by_itself_says_why() -> None:
    """What a property raises is not taken for its absence."""
    matcher = safehash.Matcher.__new__(safehash.Matcher)
    with pytest.raises(AttributeError) as caught:
        _ = matcher.notes
    assert "'notes'" not in str(caught.value)


def test_no_default_of_a_dataclass_is_a_kind_of_list_or_mapping() -> None:
    """Python 3.10 refuses the class for that, hash or no hash: nothing could be matched there."""
    names = [each.name for each in pkgutil.walk_packages(safehash.__path__, "safehash.")]
    found = [importlib.import_module(name) for name in names if name != "safehash.__main__"]
    classes = {
        each
        for module in found
        for each in vars(module).values()
        if isinstance(each, type) and dataclasses.is_dataclass(each) and each.__module__ == module.__name__
    }
    assert len(classes) > 100
    assert [
        f"{each.__qualname__}.{field.name}"
        for each in classes
        for field in dataclasses.fields(each)
        if isinstance(field.default, (list, dict, set))
    ] == []
