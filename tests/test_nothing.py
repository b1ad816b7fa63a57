"""Tests that can hardly fail are looked for: who asserts only that there is nothing says where something is found."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
#: Names whose call or use asserts something by itself.
_ASSERTING = frozenset({"raises", "warns", "fail"})
_BEGINNING = ("assert_", "check_", "expect_")
_EMPTY = frozenset({"set", "frozenset", "dict", "list", "tuple", "Counter"})


def is_nothing(node: ast.expr) -> bool:
    """Tell whether an expression is zero, none, or an empty thing."""
    if isinstance(node, ast.Constant):
        return node.value is None or (not node.value and not isinstance(node.value, type(...)))
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return not node.elts
    if isinstance(node, ast.Dict):
        return not node.keys
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in _EMPTY
        and not node.args
    )


def _called(node: ast.expr, name: str) -> bool:
    if not isinstance(node, ast.Call):
        return False
    return name in (getattr(node.func, "id", ""), getattr(node.func, "attr", ""))


def is_weak(test: ast.expr) -> bool:
    """Tell whether an assertion holds of nothing, of anything, of a type, of keys or of lengths, or of itself."""
    if isinstance(test, ast.BoolOp):
        return all(map(is_weak, test.values))
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return True
    if isinstance(test, ast.Compare):
        sides = [test.left, *test.comparators]
        if any(isinstance(side, ast.Constant) and isinstance(side.value, bool) for side in sides):
            return False  # said of a thing by name, which is not nothing
        if all(isinstance(op, (ast.Eq, ast.Is)) for op in test.ops):
            alike = len({ast.dump(side) for side in sides}) == 1
            lengths = all(_called(side, "len") for side in sides)
            return alike or lengths or any(is_nothing(side) or _called(side, "keys") for side in sides)
        return all(isinstance(op, ast.IsNot) for op in test.ops) and any(map(is_nothing, sides))
    return any(_called(test, name) for name in ("isinstance", "hasattr", "callable"))


def _asserts(node: ast.AST, helpers: frozenset[str]) -> bool:
    """Tell whether a node asserts something that is not weak."""
    if isinstance(node, ast.Assert):
        return not is_weak(node.test)
    if isinstance(node, ast.Raise):
        return True
    name = getattr(node, "attr", "") if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name in helpers | _ASSERTING or name.startswith(_BEGINNING)


def _says_both(function: ast.FunctionDef) -> bool:
    """Tell whether it is asserted that here there is nothing, and there is something."""
    tests = [node.test for node in ast.walk(function) if isinstance(node, ast.Assert)]
    there = [test for test in tests if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.IsNot)]
    return bool(there) and len(there) < len(tests)


def weak_tests(source: str) -> list[str]:
    """Return the names of the tests of a file that assert nothing, or only what is weak."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    helpers = frozenset(
        node.name
        for node in functions
        if not node.name.startswith("test_") and any(_asserts(each, frozenset()) for each in ast.walk(node))
    )
    return [
        node.name
        for node in functions
        if node.name.startswith("test_")
        and not _says_both(node)
        and not any(_asserts(each, helpers) for statement in node.body for each in ast.walk(statement))
    ]


def told() -> dict[str, str]:
    lines = (TESTS / "nothing.tsv").read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines if line and not line.startswith("#"))


def test_every_weak_test_says_what_shows_that_it_can_fail() -> None:
    found = {
        f"{path.relative_to(TESTS).as_posix()}::{name}"
        for path in TESTS.rglob("test_*.py")
        for name in weak_tests(path.read_text(encoding="utf-8"))
    }
    assert sorted(found - told().keys()) == [], (
        "assert what is there beside it, or name in nothing.tsv what does"
    )
    assert sorted(told().keys() - found) == [], "these are not weak any more"
    for test, shown_by in told().items():
        if shown_by != "raises":
            path, _, name = shown_by.partition("::")
            assert shown_by not in found and f"def {name}(" in (TESTS / path).read_text(encoding="utf-8"), (
                test
            )


WEAK = """
def test_nothing(): assert f() == []
def test_none(): assert f() is None and not g()
def test_there(): assert f() is not None
def test_keys(): assert f().keys() == {"a"}
def test_lengths(): assert len(f()) == len(g())
def test_itself(): assert f(1) == f(1)
def test_of_a_type(): assert isinstance(f(), int)
def test_runs(): f()
"""
STRONG = """
def helper(): assert f() == 1
def test_one(): assert f() == 1
def test_of_two(): assert f() == [] and g() == 2
def test_by_a_helper(): helper()
def test_both(): assert f(1) is None; assert f(2) is not None
def test_raising():
    with pytest.raises(ValueError): f()
def test_by_numpy(): np.testing.assert_array_equal(f(), g())
"""


@pytest.mark.parametrize(("source", "is_found"), [(WEAK, True), (STRONG, False)])
def test_weak_ones_are_told_from_others(source: str, is_found: bool) -> None:
    tests = [
        line.split("(")[0].removeprefix("def ")
        for line in source.splitlines()
        if line.startswith("def test_")
    ]
    assert weak_tests(source) == (tests if is_found else [])
