"""The values of the public face: frozen as they say, down to the mappings they hold, and loud about it."""

from __future__ import annotations

import copy
import dataclasses
import enum
import inspect
import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import safehash
import safehash.lists
from public_names import public_values
from safehash import Entry, Hash
from safehash._face import FrozenMap


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
