"""A process that gives up the file system and the network, where Linux can take them away: Landlock."""

from __future__ import annotations

import ctypes
import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

__all__ = ["landlock_version", "seal"]

#: Numbers of the calls, the same on every architecture but Alpha's (include/uapi/linux/landlock.h).
_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_ASK_VERSION = 1
_BENEATH = 1
_NO_NEW_PRIVILEGES = 38
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
#: Rights over files that each version knows, all of which are taken; what is read is given back by rules.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
#: From these versions on: opening and binding TCP ports; abstract sockets of other processes, and signals to them.
_NETWORK_SINCE, _SCOPE_SINCE = 4, 6
_TCP, _SCOPE = 0b11, 0b11

#: What a decoder may still read: what the loader and the C library look into.
_SYSTEM = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"),
    *("/usr/share/zoneinfo", "/sys/devices/system/cpu", "/dev/null", "/dev/urandom"),
)
#: And packages that are loaded at their first use.
_PACKAGES = ("safehash", "PIL", "numpy", "faiss", "pillow_heif")


class _Rules(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scope", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def seal() -> bool:
    """Give up files (but code, to read), TCP, and signals to others; return whether the system can.

    What is open stays open. It binds this thread and those that it starts from now on: to be called before any.

    Raises
    ------
    OSError
        The system has Landlock and refused.
    """
    version = landlock_version()
    if version <= 0:
        return False
    known = max(number for number in _FILE_RIGHTS if number <= version)
    rules = _Rules(
        files=(1 << _FILE_RIGHTS[known]) - 1,
        network=_TCP if version >= _NETWORK_SINCE else 0,
        scope=_SCOPE if version >= _SCOPE_SINCE else 0,
    )
    size = 8 * (3 if version >= _SCOPE_SINCE else 2 if version >= _NETWORK_SINCE else 1)
    ruleset = _call(_CREATE, ctypes.byref(rules), ctypes.c_size_t(size), ctypes.c_uint32(0))
    try:
        _allow_reading(ruleset, {*_SYSTEM, *_code()})
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_NO_NEW_PRIVILEGES, *(ctypes.c_ulong(each) for each in (1, 0, 0, 0))):
            raise OSError(ctypes.get_errno(), "no_new_privs")
        _call(_RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)
    return True


def _allow_reading(ruleset: int, paths: Iterable[str]) -> None:
    for path in paths:
        try:
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # not on this system
        try:
            allowed = _READ_FILE | (_READ_FOLDER if Path(path).is_dir() else 0)
            rule = _Beneath(allowed=allowed, parent=descriptor)
            _call(
                _ADD_RULE,
                ctypes.c_int(ruleset),
                ctypes.c_int(_BENEATH),
                ctypes.byref(rule),
                ctypes.c_uint32(0),
            )
        finally:
            os.close(descriptor)


def _code() -> Iterator[str]:
    """Yield where Python finds what it loads."""
    for name in ("stdlib", "platstdlib", "purelib", "platlib"):
        yield sysconfig.get_path(name)
    for name in _PACKAGES:
        for folder in getattr(sys.modules.get(name), "__path__", ()):
            yield str(folder)
            # Of wheels, the libraries that decoders load stand beside the package: outside of `purelib` where it is
            # one of the user's own, or anywhere else that Python was told of.
            yield from map(str, Path(folder).parent.glob("*.libs"))


def landlock_version() -> int:
    """Return the version of Landlock here, 0 or less where there is none."""
    if not sys.platform.startswith("linux"):
        return 0
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    return int(call(ctypes.c_long(_CREATE), None, ctypes.c_size_t(0), ctypes.c_uint32(_ASK_VERSION)))


def _call(number: int, *arguments: object) -> int:
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    answer = int(call(ctypes.c_long(number), *arguments))
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"landlock: {os.strerror(code)}")
    return answer
