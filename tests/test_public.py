"""The public names: stated once for people, type checkers and the interpreter, and closed under their signatures."""

from __future__ import annotations

import ast
import builtins
import dataclasses
import inspect
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import safehash
import safehash.lists
from public_names import NAMESPACES, homes_of, public_values

PACKAGE = Path(safehash.__file__).parent
DOCS = Path(__file__).parent.parent / "docs"

Module = tuple[str, ...]  # below the package: ("lists", "entry")


@cache
def tree_of(module: Module) -> ast.Module:
    place = PACKAGE.joinpath(*module)
    for path in (place.with_suffix(".py"), place / "__init__.py", place.with_suffix(".pyi")):
        if path.exists() and path != PACKAGE.with_suffix(".py"):
            return ast.parse(path.read_text(encoding="utf-8"))
    raise AssertionError(f"no module {module}")


@cache
def home_of(module: Module, name: str) -> Module | None:
    """Return the module of ours that defines what `module` calls `name`; None where it is not ours."""
    is_package = (PACKAGE.joinpath(*module) / "__init__.py").exists()
    base = module if is_package else module[:-1]
    for node in ast.walk(tree_of(module)):
        if (
            isinstance(node, ast.ImportFrom)
            and node.level
            and name in (a.asname or a.name for a in node.names)
        ):
            parts = tuple((node.module or "").split(".")) if node.module else ()
            return home_of((*base[: len(base) - node.level + 1], *parts), name)
    return module if name in defined_in(module) else None


@cache
def defined_in(module: Module) -> dict[str, ast.stmt]:
    """Return what a module defines at its top, by name."""
    found: dict[str, ast.stmt] = {}
    for node in tree_of(module).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            found[node.name] = node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = node
        elif isinstance(node, ast.Assign):
            found |= {each.id: node for each in node.targets if isinstance(each, ast.Name)}
    return found


def definitions() -> Iterator[tuple[str, str, Module, ast.stmt]]:
    """Yield (namespace, public name, module that defines it, its definition)."""
    for namespace in NAMESPACES:
        below = tuple(namespace.split(".")[1:])
        for name, home in homes_of(namespace).items():
            module = home_of((*below, *filter(None, home.split("."))), name)
            assert module is not None, f"{namespace}.{name} is not in {home}"
            yield namespace, name, module, defined_in(module)[name]


DEFINITIONS = {f"{namespace}.{name}": (name, module, node) for namespace, name, module, node in definitions()}
PUBLIC = {name for name, _, _ in DEFINITIONS.values()}


def names_in(annotation: ast.expr | None) -> Iterator[str]:
    for node in ast.walk(annotation) if annotation is not None else ():
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            yield node.value


def mentioned_by(node: ast.stmt) -> Iterator[str]:
    """Yield the types that a definition shows: of parameters, results, bases, attributes and public methods."""
    if isinstance(node, ast.FunctionDef):
        arguments = node.args
        every = [
            *arguments.posonlyargs,
            *arguments.args,
            *arguments.kwonlyargs,
            arguments.vararg,
            arguments.kwarg,
        ]
        for each in every:
            yield from names_in(each.annotation if each is not None else None)
        yield from names_in(node.returns)
    elif isinstance(node, ast.Assign):
        yield from names_in(node.value)  # an alias
    elif isinstance(node, ast.AnnAssign):
        if isinstance(node.target, ast.Name) and not node.target.id.startswith("_"):
            is_alias = "TypeAlias" in names_in(node.annotation)
            yield from names_in(node.value if is_alias else node.annotation)
    elif isinstance(node, ast.ClassDef):
        for base in node.bases:
            yield from names_in(base)
        for part in node.body:
            name = getattr(part, "name", "")
            is_private = name.startswith("_") and not (name.startswith("__") and name.endswith("__"))
            if not is_private:
                yield from mentioned_by(part)


def meant_by(module: Module, name: str) -> set[str]:
    """Return the names that an alias of a module's own stands for; the name itself where it is none."""
    node = defined_in(module).get(name)
    is_alias = isinstance(node, ast.Assign) or (
        isinstance(node, ast.AnnAssign) and "TypeAlias" in names_in(node.annotation)
    )
    value = getattr(node, "value", None)
    if not name.startswith("_") or not is_alias or value is None or isinstance(value, ast.Call):
        return {name}
    return {each for inner in names_in(value) for each in meant_by(module, inner)}


def imported_from(module: Module, name: str) -> str | None:
    """Return the module, not ours, that a name is imported from; "" for one of our own or the language's."""
    if home_of(module, name) is not None or hasattr(builtins, name):
        return ""
    for node in ast.walk(tree_of(module)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                if name == (alias.asname or alias.name.partition(".")[0]):
                    return (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
    return None


@pytest.mark.parametrize("full", DEFINITIONS)
def test_what_a_public_signature_mentions_is_public(full: str) -> None:
    """Whoever annotates their own code needs the name."""
    _, module, node = DEFINITIONS[full]
    mentioned = {each for name in mentioned_by(node) for each in meant_by(module, name)}
    missing = {
        name: home
        for name in mentioned
        if not name.startswith("_") and name not in PUBLIC and (home := home_of(module, name)) is not None
    }
    assert missing == {}


@pytest.mark.parametrize("full", DEFINITIONS)
def test_what_a_public_signature_takes_from_others_can_be_imported(full: str) -> None:
    """`_typeshed` is there for type checkers alone."""
    _, module, node = DEFINITIONS[full]
    mentioned = {each for name in mentioned_by(node) for each in meant_by(module, name)}
    for name in mentioned:
        origin = imported_from(module, name)
        if origin and not name.startswith("_"):
            assert not origin.startswith("_"), f"{full} mentions {name} of {origin}"
            import_module(origin)


#: Sections of a docstring that name types, and what tells a type there from a parameter's name.
SECTION = re.compile(
    r"^(Parameters|Attributes|Returns|Yields|Raises)\n-+\n(.*?)(?=^\w[^\n]*\n-+\n|\Z)",
    re.MULTILINE | re.DOTALL,
)


def docstrings(name: str, node: ast.stmt) -> Iterator[tuple[str, str]]:
    if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        yield name, ast.get_docstring(node) or ""
    if isinstance(node, ast.ClassDef):
        for part in node.body:
            if isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
                yield f"{name}.{part.name}", ast.get_docstring(part) or ""


def types_in(docstring: str) -> Iterator[str]:
    """Yield what the sections of a docstring call the types of what they list."""
    for title, body in SECTION.findall(docstring):
        for line in body.splitlines():
            name, colon, kind = line.partition(" : ")
            if line and not line.startswith(" ") and (colon or title not in ("Parameters", "Attributes")):
                yield kind if colon else name


def of_ours() -> set[str]:
    """Return every name that a file of the package defines at its top."""
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        found |= set(defined_in(path.relative_to(PACKAGE).with_suffix("").parts)) - {"__all__"}
    return found


OURS = of_ours()


def members_of(node: ast.stmt) -> set[str]:
    """Return what a definition calls its own: methods, attributes, parameters."""
    own = {
        each.arg
        for part in ast.walk(node)
        if isinstance(part, ast.arguments)
        for each in [*part.posonlyargs, *part.args, *part.kwonlyargs]
    }
    if not isinstance(node, ast.ClassDef):
        return own
    return (
        own
        | {str(getattr(part, "name", "")) for part in node.body}
        | {
            part.target.id
            for part in node.body
            if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
        }
    )


def test_what_is_mentioned_is_seen() -> None:
    """What the tests of signatures and docstrings look at is there: one definition may have none, all have many."""
    origins = {
        imported_from(module, each)
        for _, module, node in DEFINITIONS.values()
        for name in mentioned_by(node)
        for each in meant_by(module, name)
    }
    assert {"", "os", "pathlib", "typing"} <= origins
    told = {
        kind
        for name, _, node in DEFINITIONS.values()
        for _, docstring in docstrings(name, node)
        for kind in types_in(docstring)
    }
    assert {"int", "str", "Hash", "Entry"} <= told
    words = {each for kind in told for each in re.findall(r"\w+", kind)}
    assert len(words & OURS & PUBLIC) > 20


@pytest.mark.parametrize("full", DEFINITIONS)
def test_what_a_public_docstring_mentions_is_public(full: str) -> None:
    """Its sections name types, and what stands in backticks is to be found: both by names that users have."""
    name, _, node = DEFINITIONS[full]
    known = PUBLIC | members_of(node)
    for place, docstring in docstrings(name, node):
        for kind in types_in(docstring):
            hidden = {word for word in re.findall(r"\b[A-Z]\w+", kind) if word in OURS and word not in PUBLIC}
            assert not hidden, f"{place} is of type {kind!r}"
        told = docstring.partition("Examples\n---")[0]
        for reference in re.findall(r"(?<!`)`([\w.]+)`(?!`)", told):
            parts = [part for part in reference.split(".") if part != "safehash"]
            if parts[0] == "lists":
                assert parts[1:2] == [] or parts[1] in safehash.lists.__all__, (
                    f"{place} mentions `{reference}`"
                )
                continue
            if parts[0] in known:
                continue
            hidden = {part for part in parts if part in OURS}
            assert not hidden, f"{place} mentions `{reference}`, which is not public"


@pytest.mark.parametrize("namespace", [each for each in NAMESPACES if hasattr(NAMESPACES[each], "_HOMES")])
def test_public_names_stand_once(namespace: str) -> None:
    """In `__all__` for people, in the imports for type checkers, in the table for the interpreter: the same ones."""
    package = NAMESPACES[namespace]
    shown = {
        alias.asname or alias.name: (node.module or alias.name)
        for block in tree_of(tuple(namespace.split(".")[1:])).body
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert shown == package._HOMES
    assert package.__all__ == sorted(
        package._HOMES, key=lambda name: (not name.isupper(), not name[0].isupper(), name)
    )
    for name in package.__all__:
        assert getattr(package, name) is getattr(package, name)
    assert set(package.__all__) <= set(dir(package))


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_what_is_no_public_name_is_an_attribute_error(namespace: str) -> None:
    with pytest.raises(AttributeError, match=f"module '{namespace}' has no attribute 'Nonsense'"):
        NAMESPACES[namespace].Nonsense  # noqa: B018
    with pytest.raises(ImportError, match="Nonsense"):
        exec(f"from {namespace} import Nonsense")


def test_modules_take_the_place_of_no_function() -> None:
    """A module called scan would replace the function as soon as something imports it."""
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir()}
    files = {path.stem for path in PACKAGE.glob("*.py")}
    assert (rooms | files) & set(safehash.__all__) == {"lists"}
    assert {path.stem for path in (PACKAGE / "lists").glob("*.py")} & set(safehash.lists.__all__) == set()


#: Parameters that a call may have: more are a value's attributes.
MOST_PARAMETERS = 8


def callables() -> Iterator[tuple[str, Any]]:
    """Yield every public function and method, and what makes anything but a value: of that each part has its name."""
    for full, value in public_values():
        if inspect.isroutine(value):
            yield full, value
        elif inspect.isclass(value):
            if not dataclasses.is_dataclass(value) and "__init__" in vars(value):
                yield full, value.__init__
            for name, part in vars(value).items():
                inner = getattr(part, "__func__", part)
                if not name.startswith("_") and inspect.isroutine(inner):
                    yield f"{full}.{name}", inner


def test_no_public_call_has_more_parameters_than_a_reader_keeps_apart() -> None:
    """What belongs together is a frozen value: `Settings`, `ListSource`, `ScanOptions` ..."""
    counts = {
        name: sum(each not in ("self", "cls") for each in inspect.signature(value).parameters)
        for name, value in callables()
    }
    assert len(counts) > 120
    too_many = {name: count for name, count in counts.items() if count > MOST_PARAMETERS}
    assert not too_many
    assert max(counts.values()) >= 7, "what is counted here has none"


#: A value's fields, each of which has its name wherever one is made.
OF_VALUES = {"lists/source.py: ListSource.__init__"}


def test_no_inner_function_has_more_parameters_either() -> None:
    counts = {}
    for path in PACKAGE.rglob("*.py"):
        place = path.relative_to(PACKAGE).as_posix()
        owners: list[tuple[ast.AST, str]] = [(ast.parse(path.read_text(encoding="utf-8")), "")]
        while owners:
            owner, name = owners.pop()
            for node in ast.iter_child_nodes(owner):
                full = ".".join(filter(None, (name, str(getattr(node, "name", "") or ""))))
                owners.append((node, full))
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                    counts[f"{place}: {full}"] = sum(each.arg not in ("self", "cls") for each in every)
    assert len(counts) > 2000
    assert {place for place, count in counts.items() if count > MOST_PARAMETERS} == OF_VALUES


@pytest.mark.skipif(not DOCS.exists(), reason="the docs are out of reach")
def test_pages_import_from_public_modules_alone() -> None:
    """And each of these is looked at here, example by example."""
    told = {
        module
        for page in [*DOCS.rglob("*.md"), DOCS.parent / "README.md"]
        for found in re.findall(
            r"^\s*(?:from (safehash[\w.]*) import|import (safehash[\w.]*))",
            page.read_text(encoding="utf-8"),
            re.MULTILINE,
        )
        for module in filter(None, found)
    }
    assert {"safehash", "safehash.integrations.batch", "safehash.integrations.threatexchange"} <= told
    assert told <= set(NAMESPACES)
