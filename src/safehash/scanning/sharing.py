"""A matcher's lists for worker processes: one snapshot in a file that nothing but an open descriptor leads to.

Whole lists lie in that file. It has no name where the system allows that, so that it vanishes with the last process
that holds it, however they end; nothing has to be deleted, and nobody can delete it from under a worker. A matcher that
was opened from a snapshot shares that very file. Elsewhere (Windows) the file lies in a private folder with a locked
file in it; whoever starts a scan removes folders of its own user whose lock nobody holds.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from multiprocessing import reduction
from pathlib import Path
from typing import IO, Any

from ..errors import IndexFileError, SafehashError
from ..files import open_regular
from ..matching.matcher import Matcher
from ..matching.saving import adopt_state
from ..matching.settings import Settings
from ..matching.snapshot import open_snapshot, state_of
from ..matching.state import Sources

__all__ = ["SharedLists", "descriptor_of", "uncounted"]

#: Folders of ours begin so; the random rest comes from the system's own maker of private folders.
_PREFIX = "safehash-"
_SNAPSHOT, _LOCK = "lists.safehash", "lock"


def uncounted(matcher: Matcher) -> Matcher:
    """Return a matcher of the same lists without a flood guard: for who counts decisions once they are final."""
    if matcher.flood_guard is None:
        return matcher
    settings = replace(matcher._asked, flood=None)
    return type(matcher)._made(
        matcher._state, settings=settings, flood_guard=None, sources=matcher._sources, is_known=True
    )


class SharedLists:
    """The lists of one matcher, open for as long as the block lasts.

    Attributes
    ----------
    opener : callable
        Returns the matcher where it is called: in this process, or in one that is given it when it is started.

    Parameters
    ----------
    matcher : Matcher
    settings : Settings
        Of the matchers that are opened.
    named : bool
        Use a private folder even where files need no name. For tests.
    """

    def __init__(
        self, matcher: Matcher, settings: Settings, *, named: bool = not Path("/dev/fd").is_dir()
    ) -> None:
        self._held = ExitStack()
        try:
            self.opener = self._share_named(matcher, settings) if named else self._share(matcher, settings)
        except BaseException:
            self._held.close()
            raise

    def __enter__(self) -> SharedLists:
        return self

    def __exit__(self, *error: object) -> None:
        self._held.close()

    def _share(self, matcher: Matcher, settings: Settings) -> Callable[[], Matcher]:
        descriptor = descriptor_of(matcher)
        if descriptor is None:
            # What is written here was checked already, and nobody else can name it.
            settings = replace(settings, trusted=())
            descriptor = self._held.enter_context(tempfile.TemporaryFile(prefix=_PREFIX)).fileno()  # noqa: SIM115
            _save(matcher, f"/dev/fd/{descriptor}")
        else:
            self._held.callback(os.close, descriptor)
        return _Opener(descriptor, settings)

    def _share_named(self, matcher: Matcher, settings: Settings) -> Callable[[], Matcher]:
        sweep()
        folder = self._held.enter_context(_private_folder())
        path = Path(folder, _SNAPSHOT)
        _save(matcher, path)
        return _NamedOpener(str(path), replace(settings, trusted=()))


def descriptor_of(matcher: Matcher) -> int | None:
    """Open the very snapshot file that a matcher reads; None where it reads none, or another took its place.

    The caller closes the descriptor.
    """
    path, origin = matcher._sources.snapshot, matcher._state.origin
    if path is None:
        return None
    try:
        with open_regular(path) as (file, status):
            return os.dup(file.fileno()) if (state_of(status),) == origin else None
    except OSError:
        return None


def _save(matcher: Matcher, path: str | Path) -> None:
    try:
        matcher.save(path)
    except IndexFileError as exc:
        where = tempfile.gettempdir()
        raise SafehashError(
            f"the lists cannot be written to {where} for the workers: {exc.__cause__}"
        ) from exc


@dataclass(frozen=True, slots=True)
class _Opener:
    """Opens the snapshot behind a descriptor, which goes along to a process that is being started."""

    descriptor: int
    settings: Settings

    def __call__(self) -> Matcher:
        return _opened(f"/dev/fd/{self.descriptor}", self.settings)

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, (reduction.DupFd(self.descriptor), self.settings)


def _received(descriptor: Any, settings: Settings) -> _Opener:
    return _Opener(descriptor.detach(), settings)


@dataclass(frozen=True, slots=True)
class _NamedOpener:
    """Opens the snapshot of a name."""

    path: str
    settings: Settings

    def __call__(self) -> Matcher:
        return _opened(self.path, self.settings)


def _opened(path: str, settings: Settings) -> Matcher:
    """Open the lists of a matcher that has said already what its settings name in vain: from files, not from here."""
    snapshot = open_snapshot(path, verify="lazy", trusted=settings.trusted)
    return Matcher._made(
        adopt_state(snapshot, settings),
        settings=settings,
        flood_guard=None,
        sources=Sources(snapshot=path),
        is_known=True,
    )


# -- where files need names -------------------------------------------------------------------------------------


class _private_folder:
    """A folder of mode 0700 with a file in it that is locked as long as this process lives."""

    def __enter__(self) -> str:
        self._folder = tempfile.mkdtemp(prefix=_PREFIX)
        self._lock = Path(self._folder, _LOCK).open("wb")
        if not _lock(self._lock):
            raise OSError(f"{self._folder}: locked by another process, though it was made just now")
        return self._folder

    def __exit__(self, *error: object) -> None:
        self._lock.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def sweep() -> None:
    """Remove private folders of this user whose process has ended without doing so."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            status = folder.lstat()
            if not stat.S_ISDIR(status.st_mode) or not _is_mine(status):
                continue
            with Path(folder, _LOCK).open("r+b") as lock:
                if _lock(lock):
                    lock.close()
                    shutil.rmtree(folder, ignore_errors=True)


def _is_mine(status: os.stat_result) -> bool:
    return not hasattr(os, "getuid") or status.st_uid == os.getuid()


def _lock(file: IO[bytes]) -> bool:
    """Take the lock that ends with the process; return whether nobody held it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
