"""One state of the package, loaded by a process of its own, that is asked a line and answers with one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["Loaded"]


class Loaded:
    """A script's other half, run as ``SCRIPT --serve`` with one state of the package loaded.

    Parameters
    ----------
    script : str
        The script that asks: given ``--serve``, it reads lines from its standard input and answers each with a line of
        JSON.
    sources : Path
        The state's ``src`` folder, built in place.
    *arguments : str
        Given to the script behind ``--serve``.
    """

    def __init__(self, script: str, sources: Path, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, script, "--serve", *arguments],
            env={**os.environ, "PYTHONPATH": str(sources.resolve())},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def answer(self) -> Any:
        """Return the next line that it wrote.

        Raises
        ------
        RuntimeError
            It has ended.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r} has ended, with exit code {self._process.wait()}")
        return json.loads(line)

    def ask(self, line: str) -> Any:
        """Return its answer to one line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self.answer()

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
