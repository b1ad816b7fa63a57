"""What the public face is made of: names loaded at first use, checked arguments, values that say what they are."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from importlib import import_module
from types import FunctionType
from typing import Any, NamedTuple, NoReturn, TypeVar

__all__ = [
    "attach",
    "checked",
    "expect_fields",
    "names_no_digest",
    "no_member",
    "public_value",
]


def attach(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return a package's ``__getattr__`` and ``__dir__``.

    Parameters
    ----------
    package : str
        Its name, ``__name__``.
    homes : mapping of str to str
        For each name the module below the package that defines it; the name itself for a module.
    """

    def getattr_(name: str) -> Any:
        home = homes.get(name)
        if home is None:
            from .errors import shortened

            raise AttributeError(f"module {package!r} has no attribute {shortened(name)!r}")
        module = import_module(f".{home}", package)
        value = module if home == name else getattr(module, name)
        setattr(sys.modules[package], name, value)
        return value

    def dir_() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    return getattr_, dir_


_Class = TypeVar("_Class", bound=type)


def public_value(kind: _Class) -> _Class:
    """Have a dataclass print no digest whole, and, where it is frozen, say so in words to whoever changes it.

    Examples
    --------
    >>> safehash.Limits().max_pixel = 1
    Traceback (most recent call last):
    ...
    dataclasses.FrozenInstanceError: Limits is frozen, and has no field 'max_pixel'
    """
    of_class: Any = kind.__repr__

    def __repr__(self: object) -> str:
        from .errors import shortened

        return shortened(of_class(self))

    kind.__repr__ = __repr__  # type: ignore[assignment]
    names_no_digest(kind)
    if kind.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        # What the standard library puts there knows of fields alone, of a class with slots: other names end in a
        # TypeError about `super`.
        kind.__setattr__ = _refuse_change  # type: ignore[method-assign]
        kind.__delattr__ = _refuse_change  # type: ignore[assignment]
    return kind


def names_no_digest(kind: _Class) -> _Class:
    """Have a class say of an attribute that it does not have no more than the first digits of a digest.

    Examples
    --------
    >>> safehash.Limits().b8f8f0cce0f4a84f0e370a22038f63f0
    Traceback (most recent call last):
    ...
    AttributeError: 'Limits' object has no attribute 'b8f8f0cc...'
    """
    if "__getattr__" not in vars(kind):

        def __getattr__(self: object, name: str) -> Any:
            if hasattr(type(self), name):  # it is there, and says itself why it cannot be had
                return object.__getattribute__(self, name)
            from .errors import shortened

            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {shortened(name)!r}", name=name, obj=self
            )

        kind.__getattr__ = __getattr__  # type: ignore[attr-defined]
    return kind


def _refuse_change(self: Any, name: str, *_: object) -> NoReturn:
    from dataclasses import FrozenInstanceError

    from .errors import shortened

    found = type(self).__name__
    if name in self.__dataclass_fields__:
        raise FrozenInstanceError(
            f"{found} is frozen, {name} with it: make a new one with dataclasses.replace"
        )
    raise FrozenInstanceError(f"{found} is frozen, and has no field {shortened(name)!r}")


def no_member(kind: Any, value: object) -> ValueError:
    """Return the error of an enumeration for what is none of its members; it shows no digest whole.

    Examples
    --------
    >>> safehash.Outcome("matched")
    Traceback (most recent call last):
    ...
    ValueError: no outcome 'matched'; there are match, no_match, low_quality, ...
    """
    from .errors import SHOWN_DIGITS, shortened_value

    text = shortened_value(value) if isinstance(value, str) else type(value).__name__
    if len(text) > 2 * SHOWN_DIGITS:  # a digest in its place
        text = f"{text[:SHOWN_DIGITS]}..."
    return ValueError(
        f"no {kind.__name__.lower()} {text!r}; there are {', '.join(each.value for each in kind)}"
    )


# -- arguments --------------------------------------------------------------------------------------------

_Face = TypeVar("_Face", bound=Callable[..., Any])


def checked(face: _Face) -> _Face:
    """Have a function, or a class and its public methods, refuse arguments that annotations do not take.

    The annotations are what is meant: nothing is said twice. What they leave open (arrays, uploads, which words of
    several) the function says itself.

    Parameters
    ----------
    face : callable
        A function, or a class: what makes it and what it can then do.

    Raises
    ------
    TypeError
        By the function that is returned: which argument, what it is, and what was given.

    Examples
    --------
    >>> @checked
    ... def look(threads: int | None = None): ...
    >>> look(threads="two")
    Traceback (most recent call last):
    ...
    TypeError: threads is int or None, not str
    """
    if isinstance(face, type):
        for name, part in list(vars(face).items()):
            if name.startswith("_") and name != "__init__":
                continue
            if isinstance(part, FunctionType):
                setattr(face, name, _asking(part, face.__module__))
            elif isinstance(part, classmethod):
                setattr(face, name, classmethod(_asking(part.__func__, face.__module__)))
        names_no_digest(face)
        return face
    return _asking(face, face.__module__)  # type: ignore[return-value]


def expect_fields(value: Any) -> None:
    """Say which field of a value, just made, holds what its annotation does not take.

    Raises
    ------
    TypeError

    Examples
    --------
    >>> safehash.Entry(hash=None, id=7)
    Traceback (most recent call last):
    ...
    TypeError: id is str or None, not int
    """
    scope = vars(sys.modules[type(value).__module__])
    for name, field in value.__dataclass_fields__.items():
        _Parameter(name, str(field.type), scope, several=False).expect(getattr(value, name))


def _asking(function: Callable[..., Any], module: str) -> Callable[..., Any]:
    read: list[_Signature] = []

    @wraps(function)
    def asked(*arguments: Any, **given: Any) -> Any:
        if not read:
            read.append(_Signature(function, vars(sys.modules[module])))
        signature = read[0]
        n_given = len(arguments)
        for place, plain, parameter in signature.places:
            if place < n_given and type(arguments[place]) not in plain:
                parameter.expect(arguments[place])
        for name, value in given.items():
            plain, parameter = signature.names.get(name, _UNKNOWN)
            if type(value) not in plain:
                parameter.expect(value)
        if signature.rest is not None:
            for value in arguments[signature.n_places :]:
                signature.rest.expect(value)
        try:
            return function(*arguments, **given)
        except Exception as exc:  # what was given by mistake, or is a file's name, may be a digest
            from .errors import shorten

            shorten(exc)
            raise

    return asked


class _Signature:
    """What a function's arguments are held against: by place, by name, and those of which there may be many."""

    def __init__(self, function: Callable[..., Any], scope: Mapping[str, Any]) -> None:
        import inspect

        self.n_places = 0
        self.places: list[tuple[int, frozenset[type], _Parameter]] = []  # of those that do not take anything
        self.names: dict[str, tuple[frozenset[type], _Parameter]] = {}
        self.rest: _Parameter | None = None
        for each in inspect.signature(function).parameters.values():
            text = "Any" if each.annotation is each.empty else str(each.annotation)
            parameter = _Parameter(each.name, text, scope, several=each.kind is each.VAR_POSITIONAL)
            if each.kind is each.VAR_POSITIONAL:
                self.rest = parameter if parameter.kinds else None
            elif each.kind is not each.VAR_KEYWORD:
                self.names[each.name] = parameter.plain, parameter
                if each.kind is not each.KEYWORD_ONLY:
                    if parameter.kinds:
                        self.places.append((self.n_places, parameter.plain, parameter))
                    self.n_places += 1


class _Kind(NamedTuple):
    """One kind of value that an annotation takes; of a collection, what is wrong with something in it."""

    words: str
    takes: Callable[[Any], bool]
    inside: Callable[[Any], str | None] | None = None
    plain: type | None = None
    is_collection: bool = False


class _Parameter:
    """One parameter: the kinds that it takes, none where its annotation leaves it to the function."""

    def __init__(self, name: str, annotation: str, scope: Mapping[str, Any], *, several: bool) -> None:
        self._name = name
        self._several = several
        self.kinds = _kinds(_parsed(annotation), scope)
        #: Types that need no second look.
        self.plain = frozenset(kind.plain for kind in self.kinds if kind.plain is not None)

    def expect(self, value: Any) -> None:
        problem = _problem(self.kinds, value) if self.kinds else None
        if problem is None:
            return
        if problem:
            raise TypeError(f"{self._name} is {problem}")
        wanted = " or ".join(dict.fromkeys(kind.words for kind in self.kinds))
        found = _named(value)
        for kind in self.kinds:
            if kind.inside is not None and kind.is_collection and isinstance(value, (str, bytes)):
                from .errors import shortened

                is_text = isinstance(value, str) and kind.inside([value]) is None
                hint = f"[{shortened(repr(value))}]" if is_text else "[...]"
                raise TypeError(f"{self._name} is {kind.words}: write {hint}, not {found}")
        if self._several and isinstance(value, (list, tuple, set, frozenset)):
            raise TypeError(f"each of {self._name} is {wanted}, not {found}: write *{self._name} for several")
        raise TypeError(f"{self._name} is {wanted}, not {found}")


def _problem(kinds: list[_Kind], value: Any) -> str | None:
    """Return None for what is taken, words for what is wrong inside a value, "" for one of another kind."""
    said = ""
    for kind in kinds:
        if kind.takes(value):
            inside = kind.inside(value) if kind.inside is not None else None
            if inside is None:
                return None
            said = inside
    return said


def _is_whole(value: Any) -> bool:
    """Tell whole numbers, numpy's among them; a truth value is none."""
    return hasattr(type(value), "__index__") and not _is_truth(value)


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool) or type(value).__name__ in ("bool_", "bool")


def _is_number(value: Any) -> bool:
    import numbers

    return isinstance(value, numbers.Real) and not _is_truth(value)


def _is_path(value: Any) -> bool:
    return isinstance(value, str) or _is_path_like(value)


def _is_path_like(value: Any) -> bool:
    """Tell what stands for a path as text; of what only promises that, `_named` says what it gives."""
    return hasattr(type(value), "__fspath__") and isinstance(type(value).__fspath__(value), str)


def _named(value: Any) -> str:
    """Name the type of what was given, and what makes a path object none."""
    name = type(value).__name__
    if hasattr(type(value), "__fspath__") and not _is_path_like(value):
        name += f", whose __fspath__ gives {type(type(value).__fspath__(value)).__name__}"
    return name


_USUAL = frozenset({tuple, list, set, frozenset})


def _is_stream(value: Any) -> bool:
    return hasattr(value, "read") or hasattr(value, "write")


def _is_collection(value: Any) -> bool:
    if type(value) in _USUAL:  # what abstract classes cost is a tenth of looking a hash up
        return True
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, bytearray, memoryview, Mapping))


def _is_sized(value: Any) -> bool:
    return _is_collection(value) and hasattr(type(value), "__len__")


_PLAIN: dict[str, _Kind] = {
    "int": _Kind("int", _is_whole, plain=int),
    "float": _Kind("float", _is_number, plain=float),
    "bool": _Kind("bool", _is_truth, plain=bool),
    "str": _Kind("str", lambda value: isinstance(value, str), plain=str),
    "bytes": _Kind("bytes", lambda value: isinstance(value, bytes), plain=bytes),
    "None": _Kind("None", lambda value: value is None, plain=type(None)),
    "_Path": _Kind("a path", _is_path),
    "PathLike": _Kind("a path", _is_path_like),
    "Callable": _Kind("a function", callable),
    "Parts": _Kind("a function", callable),
    "Hashable": _Kind("something hashable", lambda value: type(value).__hash__ is not None),
    "IO": _Kind("a binary file", _is_stream),
    "BinaryIO": _Kind("a binary file", _is_stream),
}
_COLLECTIONS = {
    "Iterable": _is_collection, "Collection": _is_sized, "Sequence": _is_sized, "tuple": _is_sized, "list": _is_sized,
    "frozenset": _is_sized, "Container": _is_sized,
}  # fmt: skip
#: What a function says itself: which pictures it takes, which arrays, and which words of several.
_OPEN = frozenset(
    {
        "Any",
        "object",
        "Upload",
        "Unopened",
        "Decoded",
        "Blob",
        "Literal",
        "Effort",
        "Decode",
        "NDArray",
        "ArrayLike",
    }
)


def _kinds(node: Any, scope: Mapping[str, Any]) -> list[_Kind]:
    """Return the kinds that an annotation takes; none for one that leaves it open."""
    import ast

    if isinstance(node, ast.BinOp):
        both = [_kinds(side, scope) for side in (node.left, node.right)]
        return [kind for kinds in both for kind in kinds] if all(both) else []
    if isinstance(node, ast.Constant):
        return [_PLAIN["None"]] if node.value is None else _kinds(_parsed(str(node.value)), scope)
    parts: list[Any] = []
    if isinstance(node, ast.Subscript):
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        node = node.value
    name = ast.unparse(node)
    last = name.rpartition(".")[2]
    if last in _PLAIN:
        return [_PLAIN[last]]
    if last == "tuple" and ast.unparse(parts[-1]) != "...":
        return [_row([_kinds(part, scope) for part in parts])]
    if last in _COLLECTIONS:
        return [_collection(_COLLECTIONS[last], _kinds(parts[0], scope) if parts else [])]
    if last == "Mapping":
        return [_mapping(*(_kinds(part, scope) for part in parts))]
    value = scope.get(name)
    if last in _OPEN or isinstance(value, TypeVar) or last.startswith("_"):
        return []
    if isinstance(value, type):
        return [_Kind(last, lambda given: isinstance(given, value), plain=value)]
    union = [_one_of(each) for each in _members(value)]
    if union:
        return union
    # Known to type checkers alone: by its name, so that nothing is imported for it.
    return [_Kind(last, lambda given: any(each.__name__ == last for each in type(given).__mro__))]


def _parsed(annotation: str) -> Any:
    import ast

    return ast.parse(annotation, mode="eval").body


def _one_of(one: type) -> _Kind:
    name = one.__name__
    return _PLAIN[name] if name == "PathLike" else _Kind(name, lambda given: isinstance(given, one))


def _members(union: Any) -> list[type]:
    from typing import get_args, get_origin

    return [get_origin(each) or each for each in get_args(union)]


def _collection(takes: Callable[[Any], bool], kinds: list[_Kind]) -> _Kind:
    wanted = " or ".join(kind.words for kind in kinds)
    words = f"a collection of {wanted}" if kinds else "a collection"
    plain = {kind.plain for kind in kinds}

    def inside(value: Any) -> str | None:
        if kinds and hasattr(
            type(value), "__len__"
        ):  # what can be gone through only once is left to the function
            if plain.issuperset(map(type, value)):
                return None
            for each in {type(one): one for one in value}.values():
                if _problem(kinds, each) is not None:
                    return f"{words}, found {_named(each)} in it"
        return None

    return _Kind(words, takes, inside, is_collection=True)


def _row(parts: list[list[_Kind]]) -> _Kind:
    """Return the kind of tuples of a length, each place of which has a meaning of its own."""
    words = f"({', '.join(' or '.join(kind.words for kind in kinds) or 'anything' for kinds in parts)})"

    def takes(value: Any) -> bool:
        return isinstance(value, (tuple, list)) and len(value) == len(parts)

    def inside(value: Any) -> str | None:
        for kinds, part in zip(parts, value, strict=True):
            if kinds and _problem(kinds, part) is not None:
                return f"{words}, found {_named(part)} in it"
        return None

    return _Kind(words, takes, inside)


def _mapping(keys: list[_Kind], values: list[_Kind]) -> _Kind:
    wanted = " to ".join(" or ".join(kind.words for kind in kinds) or "anything" for kinds in (keys, values))
    words = f"a mapping of {wanted}"

    def inside(value: Any) -> str | None:
        for key, each in value.items():
            for kinds, part in ((keys, key), (values, each)):
                if kinds and _problem(kinds, part) is not None:
                    return f"{words}, found {_named(part)} in it"
        return None

    return _Kind(words, lambda value: isinstance(value, Mapping), inside)


_UNKNOWN = (frozenset[type](), _Parameter("", "Any", {}, several=False))
