"""What is inside a frozen value and does not change either: mappings and lists, however deep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

__all__ = ["DEEPEST", "FrozenList", "FrozenMap", "freeze_mappings", "frozen", "frozen_json", "thawed"]

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def _refuse(self: object, *_: object, **__: object) -> NoReturn:
    raise TypeError("part of a frozen value: make a new one with dataclasses.replace")


class FrozenMap(dict[_Key, _Value]):
    """A mapping inside a frozen value: it does not change, has a hash, pickles and copies.

    Examples
    --------
    >>> frozen = FrozenMap({"pdq": 31})
    >>> hash(frozen) == hash(FrozenMap(pdq=31)), frozen == {"pdq": 31}
    (True, True)
    >>> frozen["pdq"] = 20
    Traceback (most recent call last):
    ...
    TypeError: part of a frozen value: make a new one with dataclasses.replace
    """

    __slots__ = ()

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenMap, (dict(self),)

    def __copy__(self) -> FrozenMap[_Key, _Value]:
        return self

    def __deepcopy__(self, memo: object) -> FrozenMap[_Key, _Value]:
        return self

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse


class FrozenList(list[_Value]):
    """A list inside a frozen value: equal to a list, and as JSON one, but it does not change.

    Examples
    --------
    >>> frozen = FrozenList([1, 2])
    >>> frozen == [1, 2], hash(frozen) == hash(FrozenList([1, 2]))
    (True, True)
    >>> frozen.append(3)
    Traceback (most recent call last):
    ...
    TypeError: part of a frozen value: make a new one with dataclasses.replace
    """

    __slots__ = ()

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenList, (list(self),)

    def __copy__(self) -> FrozenList[_Value]:
        return self

    def __deepcopy__(self, memo: object) -> FrozenList[_Value]:
        return self

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse


def frozen(value: Any) -> Any:
    """Return a value whose dicts and lists, however deep, do not change; whatever else is in it stays as it is.

    Examples
    --------
    >>> facts = frozen({"labels": ["a"], "size": 7})
    >>> facts == {"labels": ["a"], "size": 7}, type(facts["labels"]).__name__
    (True, 'FrozenList')
    """
    if isinstance(value, dict):
        return FrozenMap({name: frozen(part) for name, part in value.items()})
    if isinstance(value, list):
        return FrozenList(map(frozen, value))
    return tuple(map(frozen, value)) if type(value) is tuple else value


def thawed(value: Any) -> Any:
    """Return what `frozen` made as plain data, a copy that its caller may change.

    Examples
    --------
    >>> type(thawed(frozen({"labels": ["a"]}))["labels"]).__name__
    'list'
    """
    if isinstance(value, dict):
        return {name: thawed(part) for name, part in value.items()}
    return list(map(thawed, value)) if isinstance(value, list) else value


_PLAIN = (str, int, float, type(None))  # a bool is an int


#: Lists and mappings inside each other are looked at so deep; what is deeper no process could copy, pickle or compare.
DEEPEST = 64


def frozen_json(value: Any, name: str, depth: int = 0) -> Any:
    """Do the same with what JSON can hold.

    Raises
    ------
    TypeError
        It holds something else, which would be lost where it is written; `name` says of what.
    ValueError
        It is nested deeper than `DEEPEST`.

    Examples
    --------
    >>> frozen_json({"a": b"bytes"}, "extra")
    Traceback (most recent call last):
    ...
    TypeError: extra holds what JSON can: texts, numbers, True, False, None, lists and mappings of texts, not bytes
    """
    if isinstance(value, _PLAIN):
        return value
    if depth > DEEPEST:
        raise ValueError(f"{name} is nested more than {DEEPEST} deep")
    if isinstance(value, dict) and all(isinstance(each, str) for each in value):
        return FrozenMap({each: frozen_json(part, name, depth + 1) for each, part in value.items()})
    if isinstance(value, list):
        return FrozenList([frozen_json(part, name, depth + 1) for part in value])
    if type(value) is tuple:
        return tuple([frozen_json(part, name, depth + 1) for part in value])
    found = "a mapping of others" if isinstance(value, dict) else type(value).__name__
    raise TypeError(
        f"{name} holds what JSON can: texts, numbers, True, False, None, lists and mappings of texts, not {found}"
    )


def freeze_mappings(value: Any) -> None:
    """Have a frozen value, just made, hold mappings that do not change either, nor what is in them."""
    for name in value.__dataclass_fields__:
        part = getattr(value, name)
        if isinstance(part, Mapping):
            object.__setattr__(value, name, frozen(dict(part)))
