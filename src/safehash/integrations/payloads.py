"""What python-threatexchange keeps beside a digest, as JSON and back: values, and what exchanges say of a signal."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator
from typing import Any

from threatexchange.exchanges import fetch_state

__all__ = ["pack", "unpack"]

#: Plain values stand for themselves; everything else is a list whose first item says what it is.
_PLAIN = (type(None), bool, int, float, str)


def pack(value: Any) -> Any:
    """Return a payload as what JSON keeps.

    Raises
    ------
    TypeError
        It is no value, collection, enumeration or data class.

    Examples
    --------
    >>> pack({"id": 7, "tags": ("a", "b")})
    ['dict', [['id', 7], ['tags', ['tuple', ['a', 'b']]]]]
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind in (list, tuple, set, frozenset):
        return [kind.__name__, [pack(each) for each in value]]
    if kind is dict:
        return ["dict", [[pack(name), pack(each)] for name, each in value.items()]]
    if isinstance(value, enum.Enum):
        return ["enum", _name(kind), value.name]
    if dataclasses.is_dataclass(value):
        return [
            "data",
            _name(kind),
            [[f.name, pack(getattr(value, f.name))] for f in dataclasses.fields(value)],
        ]
    raise TypeError(
        f"a payload of type {kind.__name__} is not kept: values, collections and data classes are"
    )


def unpack(value: Any) -> Any:
    """Return the payload that `pack` made this of. Nothing is made but plain collections and what exchanges define.

    Raises
    ------
    TypeError, ValueError, KeyError
        It was not made by `pack`, or names a class that is no exchange's.

    Examples
    --------
    >>> unpack(pack({"id": 7, "tags": ("a", "b")}))
    {'id': 7, 'tags': ('a', 'b')}
    >>> unpack(["data", "os.system", []])
    Traceback (most recent call last):
    ...
    KeyError: 'os.system'
    """
    if type(value) in _PLAIN:
        return value
    kind, *rest = value
    if kind in _COLLECTIONS:
        (items,) = rest
        return _COLLECTIONS[kind](unpack(each) for each in items)
    if kind == "dict":
        (pairs,) = rest
        return {unpack(name): unpack(each) for name, each in pairs}
    name, held = rest
    found: Any = _known()[name]
    if kind == "enum" and issubclass(found, enum.Enum):
        return found[held]
    if kind == "data" and dataclasses.is_dataclass(found):
        make: Any = found
        return make(**{each: unpack(part) for each, part in held})
    raise ValueError(f"{name} is no {kind}")


_COLLECTIONS: dict[str, Any] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _known() -> dict[str, Any]:
    """Return what a payload may be of, by name: metadata of every exchange that is loaded, and what these hold."""
    found: dict[str, Any] = {}
    waiting = [
        fetch_state.FetchedSignalMetadata,
        fetch_state.SignalOpinion,
        fetch_state.SignalOpinionCategory,
    ]
    while waiting:
        kind = waiting.pop()
        if _name(kind) in found:
            continue
        found[_name(kind)] = kind
        waiting += kind.__subclasses__()
        if dataclasses.is_dataclass(kind):
            waiting += _held_by(kind)
    return found


def _held_by(kind: Any) -> Iterator[Any]:
    """Yield the data classes and enumerations that a data class's fields are of."""
    import typing

    waiting = list(typing.get_type_hints(kind).values())
    while waiting:
        each = waiting.pop()
        waiting += typing.get_args(each)
        if isinstance(each, type) and (dataclasses.is_dataclass(each) or issubclass(each, enum.Enum)):
            yield each
