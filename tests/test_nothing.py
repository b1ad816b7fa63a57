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


# -- loops over what may be nothing -----------------------------------------------------------------------------


_LITERALS = (ast.Tuple, ast.List, ast.Set, ast.Dict, ast.Constant)
#: Calls that give as many as they are told, whatever the package does; and such that give what they are given.
_SURE, _THROUGH = frozenset({"range"}), frozenset({"enumerate", "sorted", "reversed", "list", "tuple", "zip"})


def _may_be_nothing(node: ast.expr, known: set[str]) -> bool:
    """Tell whether there may be nothing to go through: what a call gave, unless what is `known` says how many."""
    names = {getattr(each, "id", getattr(each, "attr", "")) for each in ast.walk(node)}
    if any(name.isupper() for name in names):
        return False  # a table of the test file, or a constant of the package
    if isinstance(node, _LITERALS):
        return False
    if isinstance(node, ast.IfExp):
        return _may_be_nothing(node.body, known) or _may_be_nothing(node.orelse, known)
    if isinstance(node, (ast.Name, ast.Subscript)):
        root = node.value if isinstance(node, ast.Subscript) else node
        return not (isinstance(root, ast.Name) and root.id in known)
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in ("items", "keys", "values") and isinstance(node.func, ast.Attribute):
            return _may_be_nothing(node.func.value, known)
        if name in _THROUGH:
            return all(_may_be_nothing(each, known) for each in node.args)
        return name not in _SURE
    return True


def _known(function: ast.FunctionDef) -> set[str]:
    """Return the names in a test of what it was given, or wrote down itself."""
    known = {argument.arg for argument in function.args.args}
    for node in ast.walk(function):
        if isinstance(node, ast.For) and isinstance(node.iter, _LITERALS):
            known |= {each.id for each in ast.walk(node.target) if isinstance(each, ast.Name)}
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
            continue
        given = isinstance(node.value, ast.Name) and node.value.id in known
        if given or isinstance(node.value, _LITERALS):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            known |= {
                each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)
            }
    return known


def _assertions(node: ast.AST) -> set[ast.AST]:
    return {
        each for each in ast.walk(node)
        if isinstance(each, (ast.Assert, ast.Raise))
        or (isinstance(each, ast.Attribute) and (each.attr in _ASSERTING or each.attr.startswith("assert_")))
    }  # fmt: skip


def _goes_through_nothing(test: ast.expr, known: set[str]) -> bool:
    """Tell whether an assertion is about all of what may be nothing, or about none of it."""
    denied = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    call = test.operand if isinstance(test, ast.UnaryOp) else test
    name = "any" if denied else "all"
    if not (isinstance(call, ast.Call) and getattr(call.func, "id", "") == name and call.args):
        return False
    every = call.args[0]
    return isinstance(every, (ast.GeneratorExp, ast.ListComp)) and _may_be_nothing(
        every.generators[0].iter, known
    )


def looping_tests(source: str) -> list[str]:
    """Return the names of the tests of a file that assert something only of each of what may be nothing."""
    names = []
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef) or not function.name.startswith("test_"):
            continue
        known = _known(function)
        within: set[ast.AST] = set()
        for node in ast.walk(function):
            if isinstance(node, ast.For) and _may_be_nothing(node.iter, known):
                within |= _assertions(node)
            elif isinstance(node, ast.Assert) and _goes_through_nothing(node.test, known):
                within.add(node)
        if within and within == _assertions(function):
            names.append(function.name)
    return names


def told() -> dict[str, str]:
    lines = (TESTS / "nothing.tsv").read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines if line and not line.startswith("#"))


def test_every_weak_test_says_what_shows_that_it_can_fail() -> None:
    found = {
        f"{path.relative_to(TESTS).as_posix()}::{name}"
        for path in TESTS.rglob("test_*.py")
        for text in [path.read_text(encoding="utf-8")]
        for name in (*weak_tests(text), *looping_tests(text))
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


LOOPING = """
def test_each():
    for one in f(): assert one == 1
def test_all(): assert all(one == 1 for one in f())
def test_none(): assert not any(one == 1 for one in f())
def test_pairs():
    for one, other in zip(f(), g(), strict=True): np.testing.assert_array_equal(one, other)
def test_named():
    found = f()
    for one in found: assert one == 1
"""
COUNTED = """
def test_counted():
    found = f()
    assert len(found) == 3
    for one in found: assert one == 1
def test_of_a_table():
    for one in ROWS: assert one == 1
def test_written_down():
    calls = [f, g]
    for call in calls: assert call() == 1
def test_given(rows):
    first, others = rows
    for one in others: assert one == 1
def test_so_often():
    for number in range(9): assert f(number) == 1
def test_with_what_is_written_down():
    for one, wanted in zip(f(), (1, 2), strict=True): assert one == wanted
def test_something(): assert any(one == 1 for one in f())
"""


@pytest.mark.parametrize(("source", "is_found"), [(LOOPING, True), (COUNTED, False)])
def test_loops_over_nothing_are_told_from_others(source: str, is_found: bool) -> None:
    tests = [
        line.split("(")[0].removeprefix("def ")
        for line in source.splitlines()
        if line.startswith("def test_")
    ]
    assert len(tests) > 4
    assert looping_tests(source) == (tests if is_found else [])
