"""A command run as at a terminal: with a pseudo-terminal as all three streams, and keys pressed in it."""

from __future__ import annotations

import os
import re
import signal
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from stores import command, environment

__all__ = ["Terminal", "colours_in", "shown", "uncoloured"]

#: Sequences that a terminal obeys: colours, and moves of the cursor.
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_UNDONE = re.compile(r"[^\n]*\n(?:\x1b\[\?25h|\r)*\x1b\[1A\x1b\[2K")  # a line that was taken away again
_MOVE = re.compile(r"\x1b\[\??[0-9;]*[A-HJKSTfhl]")


class Terminal:
    """One command at a terminal of its own.

    Parameters
    ----------
    arguments : sequence
        Of safehash.
    more : mapping
        Added to the environment.
    """

    def __init__(
        self,
        arguments: Sequence[str | Path],
        *,
        more: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        import fcntl
        import pty
        import termios

        def at_its_own() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell has what runs in the background ignore it

        self._primary, secondary = pty.openpty()
        fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
        usual = {"TERM": "xterm-256color", "NO_COLOR": "", "COLUMNS": "160"}
        self.process = subprocess.Popen(
            command(*arguments),
            stdin=secondary, stdout=secondary, stderr=secondary,
            env={**environment(), **usual, **(more or {})}, cwd=cwd, start_new_session=True,
            preexec_fn=at_its_own,
        )  # fmt: skip
        os.close(secondary)
        self._read: list[bytes] = []
        self._reader = threading.Thread(target=self._drain, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        """What has been written so far."""
        return b"".join(self._read).decode("utf-8", "replace").replace("\r\n", "\n")

    def press(self, keys: str) -> None:
        """Press keys; "\\x03" is ctrl-C."""
        os.write(self._primary, keys.encode())

    def wait_for(self, condition: Callable[[str], bool], seconds: float = 60) -> None:
        """Wait until what was written is as wanted."""
        deadline = time.monotonic() + seconds
        while not condition(self.output):
            assert time.monotonic() < deadline and self.process.poll() is None, self.output
            time.sleep(0.02)

    def finish(self, seconds: float = 120) -> int:
        """Wait for the command's end and return its exit code."""
        try:
            code = self.process.wait(seconds)
        finally:
            self.process.kill()
            self.process.wait()
        self._reader.join(10)
        os.close(self._primary)
        return code

    def _drain(self) -> None:
        with suppress(OSError):  # the other end is closed
            while part := os.read(self._primary, 65536):
                self._read.append(part)


def shown(output: str) -> list[str]:
    """Return the lines that a person sees at the end, without colour; bars that were drawn over are gone."""
    text = _MOVE.sub("", _UNDONE.sub("", _COLOUR.sub("", output)))
    lines = [line.split("\r")[-1] for line in text.split("\n")]
    return [line.rstrip() for line in lines if line.strip()]


def uncoloured(output: str) -> str:
    """Return what was written, without what sets a colour."""
    return _COLOUR.sub("", output)


def colours_in(output: str) -> list[str]:
    """Return the sequences that set a colour or another attribute."""
    return _COLOUR.findall(output)
