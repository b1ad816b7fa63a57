"""A matcher whose snapshot is only the names of its lists: for tests of the scan, not of snapshots."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from safehash.images import DEFAULT_LIMITS, Limits
from safehash.matcher import Matcher


class ListMatcher(Matcher):
    """Saves where its lists lie, and opens by reading them again."""

    paths: tuple[str, ...] = ()
    own_limits: Limits = DEFAULT_LIMITS

    @classmethod
    def from_lists(cls, *paths: Path | str, limits: Limits = DEFAULT_LIMITS) -> ListMatcher:
        made = cls.from_files(*paths, limits=limits)
        assert isinstance(made, ListMatcher)
        made.paths = tuple(os.fspath(path) for path in paths)
        made.own_limits = limits
        return made

    @property
    def limits(self) -> Limits:
        return self.own_limits

    @property
    def settings(self) -> dict[str, Any]:
        return {"limits": self.own_limits}

    def save(self, path: Path | str) -> None:
        Path(path).write_text(json.dumps(self.paths), encoding="utf-8")

    @classmethod
    def open(cls, path: Path | str, *, limits: Limits = DEFAULT_LIMITS) -> ListMatcher:
        return cls.from_lists(*json.loads(Path(path).read_text(encoding="utf-8")), limits=limits)
