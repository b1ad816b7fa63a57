"""The compiled part of safehash: which extensions, and why each flag.

Everything else about the package stands in pyproject.toml.
"""

import os
import re
import sys
import sysconfig
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

# One environment switch each for the checks CI makes of the same sources.
# Bounds checks on, and a warning of the compiler is an error.
CHECKED = os.environ.get("SAFEHASH_BUILD_CHECKED") == "1"
SANITIZE = os.environ.get("SAFEHASH_BUILD_SANITIZE") == "1"  # ASan + UBSan
# Compiled in half the time, slower, the same bits: for a first look (`make demo`).
QUICK = os.environ.get("SAFEHASH_BUILD_QUICK") == "1"
# Without the guards of compiler and linker: for what they cost (benchmarks/bench_hardening.py).
PLAIN = os.environ.get("SAFEHASH_BUILD_PLAIN") == "1"

if sys.platform == "win32":
    # /fp:precise never fuses a multiply with an add; /O2 is the release default.
    compile_args = ["/O2", "/fp:precise"]
    link_args: list[str] = []
else:
    # -O3 vectorises the integer loops at the platform's baseline; no -march, so a wheel runs everywhere
    # (wider instructions are chosen at run time, in _levels.h).
    # -ffp-contract=off: a fused multiply-add changes bits of symmetric pictures, and bits are the product.
    # -g0: interpreters hand their own -g on, and debug information is four fifths of a wheel.
    compile_args = [
        "-O1" if QUICK else "-O3",
        "-g0",
        "-ffp-contract=off",
        "-fno-math-errno",
        "-Wall",
        "-Wextra",
    ]
    link_args = []
    if CHECKED:
        compile_args += ["-Werror"]
    if PLAIN:
        compile_args += ["-fno-stack-protector", "-fno-stack-clash-protection", "-U_FORTIFY_SOURCE"]
        if sysconfig.get_platform() == "linux-x86_64":
            compile_args += ["-fcf-protection=none"]
    elif sys.platform.startswith("linux"):
        # Should one of our checks fail after all: a guard behind arrays on the stack, the checked forms of memcpy
        # and its like, tables of addresses that nothing can write to once the module is loaded, no stack that runs
        # as code, and (x86-64) marks where indirect jumps may lead. tests/test_hardening.py looks for them.
        compile_args += ["-fstack-protector-strong", "-fstack-clash-protection"]
        link_args += ["-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack"]
        if sysconfig.get_platform() == "linux-x86_64":  # of what is built for, where that is another machine
            compile_args += ["-fcf-protection=full"]
        if not SANITIZE:  # the sanitizers have checks of their own, and want the plain calls
            compile_args += ["-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=3"]
    if SANITIZE:
        flags = ["-fsanitize=address,undefined", "-fno-omit-frame-pointer", "-fno-sanitize-recover=undefined"]
        compile_args += [*flags, "-g", "-O1"]
        link_args += flags

directives = {
    "language_level": 3,
    "boundscheck": CHECKED,  # off in releases only because every wrapper validates its shapes
    "wraparound": False,
    "initializedcheck": CHECKED,
    "cdivision": True,
    "embedsignature": True,
    "freethreading_compatible": True,
}


HEADERS = Path("src/safehash/_c")


def headers(source: Path) -> set[str]:
    """Return the paths of all files of _c that a source includes, and those that these include."""
    names = re.findall(r'"(?:_c/)?(_\w+\.(?:h|pxi))"', source.read_text(encoding="utf-8"))
    paths = {HEADERS / name for name in names if HEADERS / name != source}
    return {str(path) for path in paths}.union(*(headers(path) for path in paths))


def extension(name: str) -> Extension:
    """Return one extension module built from ``src/safehash/<name>.pyx``."""
    source = Path(f"src/safehash/{name}.pyx")
    return Extension(
        f"safehash.{name}",
        [str(source)],
        depends=sorted(headers(source)),
        include_dirs=[str(HEADERS)],
        extra_compile_args=compile_args,
        extra_link_args=link_args,
    )


setup(
    ext_modules=cythonize(
        [extension(name) for name in ("_core", "_borrow", "_digests", "_search", "_join", "_views", "_rows")],
        compiler_directives=directives,
    ),
    options={"build_ext": {"parallel": os.cpu_count() or 1}},
)
