"""What a worker tells of an upload, as bytes: the values of a verdict and nothing else, whoever wrote them."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Sequence
from dataclasses import fields
from itertools import chain
from operator import attrgetter
from typing import Any, NoReturn

from .._frozen import FrozenList, FrozenMap
from ..hashing.algorithms import Algorithm
from ..hashing.hashes import ForeignHash, Hash
from ..images.pictures import Provenance
from ..lists.entry import Entry, Opinion
from ..matching.decision import Audit, Decision, ListInfo, Match, NearMiss, Outcome
from .logs import Logged
from .worker import Verdict

__all__ = ["KINDS", "Reader", "Writer"]

#: What a verdict is made of and is told by its fields, in their order; which kind it is, by its place here.
KINDS: tuple[type, ...] = (
    Verdict, Logged, Decision, Match, NearMiss, Audit, ListInfo, Entry, Opinion, Provenance,
)  # fmt: skip

# A message is one pickle of plain values and tuples. Each tuple begins with a number that says what the rest makes: the
# place of one of KINDS, or one of these; one of nothing is itself. Nothing is found by its name, and nothing is called
# but what stands below.
_AUDIT, _TUPLE, _LIST, _MAPPING, _FROZEN, _STILL, _OUTCOME, _ALGORITHM, _HASH, _FOREIGN = range(-10, 0)

_NAMES = tuple(tuple(field.name for field in fields(kind)) for kind in KINDS)
#: What sets a field, however frozen its value is.
_PUTTING = tuple(
    tuple(kind.__dict__[name].__set__ for name in names) for kind, names in zip(KINDS, _NAMES, strict=True)
)
_PLAIN = frozenset({str, bytes, int, float, bool, type(None)})
_NOTHING: tuple[()] = ()
_THAT_AUDIT = (_AUDIT,)


class Writer:
    """Writes answers. An audit that was told once is only referred to: nearly every verdict has the same.

    Parameters
    ----------
    audit : Audit
        What the reader was given, too.
    """

    def __init__(self, audit: Audit | None) -> None:
        self._audit = audit

    def write(self, answer: object) -> bytes:
        """Return an answer as bytes.

        Raises
        ------
        PicklingError
            It holds what no answer does.
        """
        return pickle.dumps(self._told(answer), protocol=5)

    def _told(self, value: Any) -> Any:
        kind = type(value)
        if kind in _PLAIN or (kind is tuple and not value):
            return value
        if kind is Audit and value is self._audit:
            return _THAT_AUDIT
        tell = _TELLING.get(kind)
        if tell is None:
            raise pickle.PicklingError(f"{kind.__name__} is no part of a verdict")
        number, parts = tell
        told = parts(value)
        if _PLAIN.issuperset(map(type, told)):
            return (number, *told)
        return (
            number,
            *[part if type(part) in _PLAIN or part is _NOTHING else self._told(part) for part in told],
        )


def _by_fields(place: int) -> Callable[[Any], Any]:
    return attrgetter(*_NAMES[place])


_OF_FOREIGN = tuple(field.name for field in fields(ForeignHash))
#: By what a value is: the number that stands for that, and how to take it apart.
_TELLING: dict[type, tuple[int, Callable[[Any], Any]]] = {
    **{kind: (place, _by_fields(place)) for place, kind in enumerate(KINDS)},
    tuple: (_TUPLE, tuple),
    list: (_LIST, tuple),
    dict: (_MAPPING, lambda value: tuple(chain.from_iterable(value.items()))),
    FrozenMap: (_FROZEN, lambda value: tuple(chain.from_iterable(value.items()))),
    FrozenList: (_STILL, tuple),
    Outcome: (_OUTCOME, lambda value: (value.value,)),
    Algorithm: (_ALGORITHM, lambda value: (value.value,)),
    Hash: (_HASH, lambda value: (value.algorithm.value, value.digest, value.quality)),
    ForeignHash: (_FOREIGN, lambda value: tuple(getattr(value, name) for name in _OF_FOREIGN)),
}


class Reader:
    """Reads what a worker sent, which may have been taken over: nothing is made of it but what a verdict is made of.

    Parameters
    ----------
    audit : Audit or None
        As of the writer.
    """

    def __init__(self, audit: Audit | None) -> None:
        self._audit = audit
        self._left = (
            0  # values that may still come of the message: each of ours takes a byte of it, and stands once
        )

    def read(self, message: bytes) -> Any:
        """Return the answer.

        Raises
        ------
        UnpicklingError
            It is none.
        """
        self._left = len(message)
        try:
            return self._made(_Plain(io.BytesIO(message)).load())
        except pickle.UnpicklingError:
            raise
        except Exception as exc:  # a message of somebody's making can end in any of them
            raise pickle.UnpicklingError(f"a worker sent what is no verdict: {type(exc).__name__}") from exc

    def _made(self, told: Any) -> Any:
        if type(told) in _PLAIN or told is _NOTHING:
            return told
        if type(told) is not tuple or type(told[0]) is not int:
            raise pickle.UnpicklingError(
                f"a worker sent {type(told).__name__}, which is no part of a verdict"
            )
        self._left -= len(told)
        if self._left < 0:
            raise pickle.UnpicklingError("a worker sent what is more than its message holds")
        number = told[0]
        if number == _AUDIT:
            return self._audit
        parts: Any = told[1:]
        if not _PLAIN.issuperset(map(type, parts)):
            parts = [part if type(part) in _PLAIN or part is _NOTHING else self._made(part) for part in parts]
        if number >= 0:
            made: Any = object.__new__(KINDS[number])
            for put, part in zip(_PUTTING[number], parts, strict=True):
                put(made, part)
            return made
        return _MAKING[number](parts)


def _pairs(parts: Sequence[Any]) -> dict[Any, Any]:
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _only(parts: Sequence[Any]) -> Any:
    (part,) = parts
    return part


#: By what is told of them: to call an enumeration costs three times as much.
_OUTCOMES = {each.value: each for each in Outcome}
_ALGORITHMS = {each.value: each for each in Algorithm}
_MAKING: dict[int, Callable[[Sequence[Any]], Any]] = {
    _TUPLE: tuple,
    _LIST: list,
    _MAPPING: _pairs,
    _FROZEN: lambda parts: FrozenMap(_pairs(parts)),
    _STILL: FrozenList,
    _OUTCOME: lambda parts: _OUTCOMES[_only(parts)],
    _ALGORITHM: lambda parts: _ALGORITHMS[_only(parts)],
    _HASH: lambda parts: Hash(_ALGORITHMS[parts[0]], parts[1], quality=parts[2]),
    _FOREIGN: lambda parts: ForeignHash(**dict(zip(_OF_FOREIGN, parts, strict=True))),
}


class _Plain(pickle.Unpickler):
    """Reads plain values alone."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"a worker sent {module}.{name}, which is no part of a verdict")

    def persistent_load(self, pid: Any) -> NoReturn:
        raise pickle.UnpicklingError("a worker sent a reference, which is no part of a verdict")
