"""How a scan is done: its workers, their time limit and memory, its order, and what it looks into."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass

from .._face import checked, public_value
from ..hashing.hashes import Algorithm

__all__ = [
    "DEFAULT_OPTIONS",
    "LEAST_MEMORY",
    "USUAL_MEMORY",
    "USUAL_TIMEOUT",
    "ScanOptions",
    "expect_memory",
    "expect_timeout",
]

#: Seconds one file may take, and bytes one worker may take for it, unless told otherwise: the largest pictures that
#: `Limits` lets through take a fraction of either.
USUAL_TIMEOUT, USUAL_MEMORY = 30.0, 1 << 30

#: Bytes; a worker cannot even start with less.
LEAST_MEMORY = 1 << 26


@checked
@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """How a scan is done. What an upload is decided by stands in the matcher's `Settings`.

    Attributes
    ----------
    workers : int or None
        Worker processes; None for one a processor. 0 decides in this process, without protection from decoders
        that crash or hang.
    timeout : float
        Seconds one file may take.
    max_memory : int or None
        Bytes one worker may take on top of what it holds when it is ready (Linux); None for no limit.
    nice : int
        Added to the workers' niceness; 0 where there is none (Windows).
    rate : float or None
        Files a second, at most.
    ordered : bool
        Records come in the order of the walk, folders in name order; otherwise as they are decided.
    retry_failed : bool
        Decide again what the catalog knows as crashed, timed out or too large for the memory.
    unchanged : bool
        `Scan.events` gives a `Known` for each file that the catalog knows unchanged, too.
    file_digests : collection of "md5", "sha1", "sha256", or None
        Digests of each file's bytes to put into the records (and the catalog, for later lists). None are, with a
        catalog, those of which the lists hold some, and none without one. Of files that match, or that could not be
        decided, a catalog has SHA-256 in any case.
    follow_links : bool
        Follow symbolic links met in folders, each folder once.
    skip_hidden : bool
        Leave aside names that begin with a dot.
    archives : bool
        Look into zip and tar archives.
    allow_empty : bool
        With a catalog: a folder that had files and shows none is empty, and a store that is no longer mounted is given
        up, so that their files are gone. Otherwise each is a `Problem`, and what is known of its files stays.
    watch : bool
        The paths are folders: after what is there, files are decided as they arrive, each once, when nobody writes
        them any more, until `Scan.stop`.

    Raises
    ------
    ValueError
        A number out of range.

    Examples
    --------
    >>> ScanOptions(workers=0, file_digests=["sha256"]).file_digests
    (<Algorithm.SHA256: 'sha256'>,)
    """

    workers: int | None = None
    timeout: float = USUAL_TIMEOUT
    max_memory: int | None = USUAL_MEMORY
    nice: int = 0
    rate: float | None = None
    ordered: bool = False
    retry_failed: bool = False
    unchanged: bool = False
    file_digests: Collection[str | Algorithm] | None = None
    follow_links: bool = False
    skip_hidden: bool = False
    archives: bool = True
    allow_empty: bool = False
    watch: bool = False

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 0:
            raise ValueError(f"workers is 0 or more, not {self.workers}")
        expect_timeout(self.timeout)
        if self.rate is not None and not self.rate > 0:
            raise ValueError(f"a rate is more than 0 files a second, not {self.rate}")
        expect_memory(self.max_memory)
        if self.nice and not hasattr(os, "nice"):
            raise ValueError(f"nice is 0 where processes have no niceness, as on Windows, not {self.nice}")
        if isinstance(self.file_digests, str):
            raise TypeError(f"file_digests is a collection: write [{self.file_digests!r}]")
        if self.file_digests is not None:
            object.__setattr__(self, "file_digests", tuple(Algorithm(name) for name in self.file_digests))


def expect_timeout(seconds: float) -> None:
    """Refuse a time limit in which nothing can be decided.

    Raises
    ------
    ValueError
    """
    if not seconds > 0:
        raise ValueError(f"a timeout is more than 0 seconds, not {seconds}")


def expect_memory(n_bytes: int | None) -> None:
    """Refuse less memory than a worker can live with; None is no limit.

    Raises
    ------
    ValueError
    """
    if n_bytes is not None and n_bytes < LEAST_MEMORY:
        raise ValueError(f"max_memory is at least {LEAST_MEMORY >> 20} MiB, not {n_bytes} bytes")


DEFAULT_OPTIONS = ScanOptions()
