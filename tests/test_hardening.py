"""What the compiler and the linker were asked to guard stands in the modules that were built."""

from __future__ import annotations

import importlib
import platform
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
