"""The public names: stated once for people, type checkers and the interpreter, and closed under their signatures."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import safehash
import safehash.lists

PACKAGE = Path(safehash.__file__).parent

#: Where public names stand.
NAMESPACES: dict[str, ModuleType] = {"safehash": safehash, "safehash.lists": safehash.lists}

Module = tuple[str, ...]  # below the package: ("lists", "entry")


def tree_of(module: Module) -> ast.Module:
    place = PACKAGE.joinpath(*module)
    for path in (place.with_suffix(".py"), place / "__init__.py", place.with_suffix(".pyi")):
        if path.exists() and path != PACKAGE.with_suffix(".py"):
            return ast.parse(path.read_text(encoding="utf-8"))
    raise AssertionError(f"no module {module}")


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
    for namespace, package in NAMESPACES.items():
        below = tuple(namespace.split(".")[1:])
        for name, home in package._HOMES.items():
            if home == name:
                continue  # a namespace below
            module = home_of((*below, *home.split(".")), name)
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
        made_by_others = "made by" in (ast.get_docstring(node) or "").lower()
        for base in node.bases:
            yield from names_in(base)
        for part in node.body:
            name = getattr(part, "name", "")
            is_private = name.startswith("_") and not (name.startswith("__") and name.endswith("__"))
            if not is_private and not (name == "__init__" and made_by_others):
                yield from mentioned_by(part)


@pytest.mark.parametrize("full", DEFINITIONS)
def test_what_a_public_signature_mentions_is_public(full: str) -> None:
    """Whoever annotates their own code needs the name."""
    _, module, node = DEFINITIONS[full]
    missing = {
        name: home
        for name in set(mentioned_by(node))
        if not name.startswith("_") and name not in PUBLIC and (home := home_of(module, name)) is not None
    }
    assert missing == {}


@pytest.mark.parametrize("namespace", NAMESPACES)
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
