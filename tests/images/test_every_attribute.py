"""Whatever of a decoder's objects runs code is used behind the guard: an error at any use of any attribute is typed."""

from __future__ import annotations

import ast
import io
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageFile

import safehash
from house import PACKAGE
from safehash.errors import ImageError
from safehash.hashing.compute import reduction_for
from safehash.images.decoding import decode_frames
from small_files import small_files

FILES = small_files()
#: Uses of one attribute in one file that are tried, the first ones: later ones are repeats of strips and rows.
MOST_USES = 12


class Odd(Exception):
    """Nobody expects it."""


class Planted:
    """An attribute of a class that fails at one of its uses."""

    def __init__(self, original: Any, at: int) -> None:
        self._original = original
        self._at = at
        self.n_uses = 0

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        if instance is not None:
            self.n_uses += 1
            if self.n_uses == self._at:
                raise Odd("planted")
        bind = getattr(self._original, "__get__", None)
        return self._original if bind is None else bind(instance, owner)


class PlantedData(Planted):
    """The same of one that can be set."""

    def __set__(self, instance: object, value: object) -> None:
        self._original.__set__(instance, value)


def used_names() -> set[str]:
    """Return every attribute that a file of the room names."""
    return {
        node.attr
        for path in sorted(Path(PACKAGE, "images").glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and not node.attr.startswith("__")
    }


NAMES = used_names()


def owners(data: bytes) -> list[type]:
    """Return the classes of the objects that the library makes of a file."""
    own: type = ImageFile.ImageFile
    with warnings.catch_warnings(), suppress(OSError):
        warnings.simplefilter("ignore")  # of what the library finds odd
        with Image.open(io.BytesIO(data)) as image:
            own = type(image)
    return [each for each in own.__mro__ if each is not object]


def running(names: set[str], data: bytes) -> list[tuple[type, str]]:
    """Return the attributes among `names` that run code of the library."""
    return [
        (owner, name)
        for owner in owners(data)
        for name in sorted(names & vars(owner).keys())
        if hasattr(vars(owner)[name], "__get__")
    ]


def look_at_all(data: bytes) -> None:
    """Decode every picture of a file, and whatever else may be seen of it."""
    for frame in decode_frames(data, limits=safehash.Limits(), step_for=reduction_for, effort="thorough"):
        for also in frame.also:
            also.make()


def test_the_names_are_found() -> None:
    """Those that once ran unguarded, and what every reader uses."""
    found = {name for data in FILES.values() for _, name in running(NAMES, data)}
    assert found >= {"seek", "tell", "load", "convert", "crop"}


@pytest.mark.parametrize("name", FILES)
def test_an_error_at_any_use_of_any_attribute_is_one_of_ours(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = FILES[name]
    for owner, attribute in running(NAMES, data):
        original = vars(owner)[attribute]
        kind = PlantedData if hasattr(original, "__set__") else Planted
        for at in range(1, MOST_USES + 1):
            planted = kind(original, at)
            with monkeypatch.context() as patched:
                patched.setattr(owner, attribute, planted)
                try:
                    look_at_all(data)
                except ImageError:
                    pass
                except Odd as exc:
                    raise AssertionError(f"{owner.__name__}.{attribute}, use {at}, is not guarded") from exc
            if planted.n_uses < at:
                break
