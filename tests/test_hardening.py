"""What the compiler and the linker were asked to guard stands in the modules that were built."""

from __future__ import annotations

import ast
import importlib
import platform
import re
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

MODULES = ("_borrow", "_core", "_digests", "_join", "_rows", "_search", "_views")
#: Of ELF: kinds of program headers and of dynamic entries.
PT_DYNAMIC, PT_GNU_STACK, PT_GNU_RELRO = 2, 0x6474E551, 0x6474E552
PT_LOAD, PF_X, PF_W = 1, 1, 2
DT_FLAGS, DF_BIND_NOW = 30, 8
#: Of its sections: the table of what is looked up at loading; one entry of it.
SHT_DYNSYM, SYMBOL = 11, struct.Struct("<IBBHQQ")
#: endbr64, where indirect jumps may land.
LANDING = b"\xf3\x0f\x1e\xfa"

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="modules are ELF files on Linux")


@dataclass(frozen=True)
class Part:
    """One program header."""

    kind: int
    flags: int
    body: bytes


def parts_of(data: bytes) -> list[Part]:
    """Read the program headers of a 64-bit little-endian ELF file."""
    assert data[:6] == b"\x7fELF\x02\x01"
    (start,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    found = []
    for number in range(count):
        kind, flags, at, _, _, n_bytes = struct.unpack_from("<IIQQQQ", data, start + number * size)
        found.append(Part(kind, flags, data[at : at + n_bytes]))
    return found


def wanted_of(data: bytes) -> set[str]:
    """Return the names that an ELF file takes from other libraries."""
    (start,) = struct.unpack_from("<Q", data, 40)
    size, count = struct.unpack_from("<HH", data, 58)
    sections = [struct.unpack_from("<IIQQQQI", data, start + number * size) for number in range(count)]
    (symbols,) = (each for each in sections if each[1] == SHT_DYNSYM)
    names = sections[symbols[6]][4]
    table = data[symbols[4] : symbols[4] + symbols[5]]
    found = set()
    for name, _, _, section, _, _ in SYMBOL.iter_unpack(table):
        if section == 0 and name:
            found.add(data[names + name : data.index(b"\0", names + name)].decode())
    return found


@pytest.fixture(params=MODULES)
def built(request: pytest.FixtureRequest) -> bytes:
    path = importlib.import_module(f"safehash.{request.param}").__file__
    assert path is not None
    return Path(path).read_bytes()


def test_there_is_no_other_compiled_module() -> None:
    import safehash

    folder = Path(safehash.__file__).parent
    assert sorted(path.name.split(".")[0] for path in folder.glob("*.so")) == sorted(MODULES)


def test_memory_is_either_written_or_run(built: bytes) -> None:
    stack = [part for part in parts_of(built) if part.kind == PT_GNU_STACK]
    assert [part.flags & PF_X for part in stack] == [0]
    for part in parts_of(built):
        if part.kind == PT_LOAD:
            assert not (part.flags & PF_X and part.flags & PF_W)


def test_addresses_are_settled_and_sealed_at_loading(built: bytes) -> None:
    parts = parts_of(built)
    assert sum(part.kind == PT_GNU_RELRO for part in parts) == 1
    (dynamic,) = (part.body for part in parts if part.kind == PT_DYNAMIC)
    flags = dict(struct.iter_unpack("<QQ", dynamic)).get(DT_FLAGS, 0)
    assert flags & DF_BIND_NOW


def test_the_stack_and_copies_are_guarded(built: bytes) -> None:
    assert b"\0__stack_chk_fail\0" in built
    if b"\0__asan_init\0" not in built:  # whose own checks replace these
        assert b"\0__memcpy_chk\0" in built


@pytest.mark.skipif(platform.machine() != "x86_64", reason="marks of x86-64")
def test_indirect_jumps_land_where_they_may(built: bytes) -> None:
    assert built.count(LANDING) > 20


#: Of C's math library: what systems round differently, and so whose bits would be the system's. Absolute value, floor,
#: ceiling and square root are exact everywhere.
ROUNDED = re.compile(
    r"a?(sin|cos|tan)(h|pi)?|atan2|sincos|exp(2|10|m1)?|log(2|10|1p|b)?|pow|hypot|cbrt|[tl]gamma|erfc?|fma"
)


def test_no_function_of_the_system_rounds_for_us(built: bytes) -> None:
    names = {re.sub(r"[fl]$", "", name) for name in wanted_of(built)} | wanted_of(built)
    assert "PyErr_Format" in names or "PyErr_SetString" in names  # the table is read at all
    if b"\0__asan_init\0" not in built:
        assert [name for name in sorted(names) if ROUNDED.fullmatch(name)] == []


@pytest.mark.parametrize("room", ["hashing", "matching", "search"])
def test_nor_does_one_of_python_s_or_numpy_s(room: str) -> None:
    import safehash

    called = re.compile(rf"\b(?:math|np|numpy)\.((?:{ROUNDED.pattern})|power|float_power|arc\w+)\(")
    assert (
        called.search("np.sin(angle)") and called.search("math.log2(n)") and not called.search("np.mean(n)")
    )
    paths = sorted((Path(safehash.__file__).parent / room).rglob("*.py"))
    assert len(paths) > 3
    for path in paths:
        found = called.search(path.read_text(encoding="utf-8"))
        assert found is None, f"{path.name}: {found[0] if found else ''}"


#: What numpy hands to BLAS and LAPACK, whose sums have an order of their own, and are wrong in some builds.
BLAS = {"dot", "inner", "linalg", "matmul", "einsum", "tensordot", "vdot", "multi_dot"}


def handed_to_blas(source: str) -> list[int]:
    """Return the lines of a file where a product of arrays or a system of equations is left to a library."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult))
        or (isinstance(node, ast.Attribute) and node.attr in BLAS)
    ]


def test_no_product_is_left_to_a_library() -> None:
    """Pictures are evaluated with what manipulations make; all that is looked up is made by sums in a fixed order."""
    import safehash

    assert handed_to_blas("a = b @ c\nd = b.dot(c)\ne = np.linalg.inv(b)\nf = b * c\n") == [1, 2, 3]
    root = Path(safehash.__file__).parent
    paths = [path for path in sorted(root.rglob("*.py")) if "evaluation" not in path.parts]
    assert len(paths) > 200
    found = [
        f"{path.relative_to(root)}:{line}"
        for path in paths
        for line in handed_to_blas(path.read_text(encoding="utf-8"))
    ]
    assert found == []
