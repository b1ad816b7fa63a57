"""What a worker tells of an upload, as bytes: the values of a verdict and nothing else, whoever wrote them."""

from __future__ import annotations

import copyreg
import io
import pickle
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from ..images.pictures import Provenance
from ..lists.entry import Entry, Opinion
from ..matching.decision import Audit, Decision, ListInfo, Match, NearMiss
from .logs import Logged
from .worker import Verdict

__all__ = ["KINDS", "KNOWN", "Reader", "Writer"]

#: What a verdict is made of and is told by its fields, in their order; which kind it is, by its place here.
KINDS: tuple[type, ...] = (
    Verdict, Logged, Decision, Match, NearMiss, Audit, ListInfo, Entry, Opinion, Provenance,
)  # fmt: skip
_FIELDS = tuple(tuple(field.name for field in fields(kind)) for kind in KINDS)
#: And what is told by name: values that check themselves, and numbers with names.
KNOWN = {
    ("safehash.matching.decision", "Outcome"),
    ("safehash.hashing.hashes", "Hash"),
    ("safehash.hashing.hashes", "_restore"),
    ("safehash.hashing.hashes", "ForeignHash"),
    ("safehash.hashing.algorithms", "Algorithm"),
    ("safehash._face", "FrozenMap"),
}


class Writer:
    """Writes answers. An audit that was told once is only referred to: nearly every verdict has the same.

    Parameters
    ----------
    audit : Audit
        What the reader was given, too.
    """

    def __init__(self, audit: Audit | None) -> None:
        self._audit = audit
        self._table: Any = {**copyreg.dispatch_table, **{kind: _telling(k) for k, kind in enumerate(KINDS)}}
        tell = self._table[Audit]
        self._table[Audit] = lambda value: (_same, ()) if value is self._audit else tell(value)

    def write(self, answer: object) -> bytes:
        """Return an answer as bytes."""
        stream = io.BytesIO()
        pickler = pickle.Pickler(stream, protocol=5)
        pickler.dispatch_table = self._table
        pickler.dump(answer)
        return stream.getvalue()


class Reader:
    """Reads what a worker sent, which may have been taken over: nothing is made of it but what a verdict is made of.

    Parameters
    ----------
    audit : Audit or None
        As of the writer.
    """

    def __init__(self, audit: Audit | None) -> None:
        self._given: dict[tuple[str, str], Callable[..., Any]] = {
            (_made.__module__, _made.__qualname__): _made,
            (_same.__module__, _same.__qualname__): lambda: audit,
        }

    def read(self, message: bytes) -> Any:
        """Return the answer.

        Raises
        ------
        UnpicklingError
            It is none.
        """
        try:
            return _Unpickler(message, self._given).load()
        except pickle.UnpicklingError:
            raise
        except Exception as exc:  # a message of somebody's making can end in any of them
            raise pickle.UnpicklingError(f"a worker sent what is no verdict: {type(exc).__name__}") from exc


class _Unpickler(pickle.Unpickler):
    def __init__(self, message: bytes, given: dict[tuple[str, str], Callable[..., Any]]) -> None:
        super().__init__(io.BytesIO(message))
        self._given = given

    def find_class(self, module: str, name: str) -> Any:
        found = self._given.get((module, name))
        if found is not None:
            return found
        if (module, name) not in KNOWN:
            raise pickle.UnpicklingError(f"a worker sent {module}.{name}, which is no part of a verdict")
        return super().find_class(module, name)


def _telling(place: int) -> Callable[[Any], Any]:
    names = _FIELDS[place]
    return lambda value: (_made, (place, *[getattr(value, name) for name in names]))


def _made(place: int, *values: Any) -> Any:
    kind, names = KINDS[place], _FIELDS[place]
    made: Any = object.__new__(kind)
    for name, value in zip(names, values, strict=True):
        object.__setattr__(made, name, value)
    return made


def _same() -> Any:
    """Stand for the audit that was told once; the reader has it."""
