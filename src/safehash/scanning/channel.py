"""Messages between this process and a worker of a lane: each whole, in time, and no longer than one may be."""

from __future__ import annotations

import socket
import struct
import time
from contextlib import suppress

__all__ = ["Channel", "MessageTooLong"]

_LENGTH = struct.Struct("!I")
#: Bytes asked of the system at once: most messages are shorter.
_PIECE = 1 << 16
#: Bytes of the longest message that is taken from a worker, which may have been taken over: an explanation has less.
_LONGEST = 64 << 20


class MessageTooLong(Exception):
    """A message says that it is longer than any is."""


class Channel:
    """One end of a pair of sockets. Pickles on its way to a process that is being started.

    Parameters
    ----------
    end : socket
    """

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._parts: list[bytes] = []  # what came of the next message, and perhaps of those behind it
        self._n_bytes = 0
        self._wanted: int | None = None  # bytes of the next message, its length included

    @classmethod
    def pair(cls) -> tuple[Channel, Channel]:
        """Return both ends."""
        ours, theirs = socket.socketpair()
        return cls(ours), cls(theirs)

    def fileno(self) -> int:
        """Return what can be waited for."""
        return self._end.fileno()

    def send(self, message: bytes, *, timeout: float | None = None) -> None:
        """Send a message.

        Raises
        ------
        TimeoutError, OSError
            The other end does not take it, or is gone.
        """
        self._wait_for(timeout)
        self._end.sendall(_LENGTH.pack(len(message)) + message)

    def send_now(self, message: bytes) -> None:
        """Send a short message without waiting.

        Raises
        ------
        OSError
            The other end is gone, or took none of the messages before.
        """
        self._wait_for(None)
        whole = _LENGTH.pack(len(message)) + message
        if self._end.send(whole, socket.MSG_DONTWAIT) != len(whole):
            raise BrokenPipeError("the other end takes nothing")

    def receive(self, *, timeout: float | None = None, longest: int = _LONGEST) -> bytes:
        """Return the next message.

        Raises
        ------
        TimeoutError
            It was not whole in so many seconds.
        EOFError, OSError
            The other end is gone.
        MessageTooLong
        """
        due = None if timeout is None else time.monotonic() + timeout
        while (message := self._whole(longest)) is None:
            self._wait_for(None if due is None else max(due - time.monotonic(), 1e-6))
            self._keep(self._end.recv(_PIECE))
        return message

    def receive_now(self) -> bytes | None:
        """Return the next message, or None where it is not whole yet.

        Raises
        ------
        EOFError, OSError
            The other end is gone.
        MessageTooLong
        """
        self._wait_for(None)
        with suppress(BlockingIOError):
            self._keep(self._end.recv(_PIECE, socket.MSG_DONTWAIT))
        return self._whole(_LONGEST)

    def close(self) -> None:
        """Close this end."""
        self._end.close()

    def _wait_for(self, seconds: float | None) -> None:
        if self._end.gettimeout() != seconds:  # saves a call of the system
            self._end.settimeout(seconds)

    def _keep(self, part: bytes) -> None:
        if not part:
            raise EOFError("the other end is closed")
        self._parts.append(part)
        self._n_bytes += len(part)

    def _whole(self, longest: int) -> bytes | None:
        if self._wanted is None and self._n_bytes >= _LENGTH.size:
            self._parts = [b"".join(self._parts)]
            self._wanted = _LENGTH.size + _LENGTH.unpack_from(self._parts[0])[0]
            if self._wanted > longest:
                raise MessageTooLong(f"a message of {self._wanted} bytes")
        if self._wanted is None or self._n_bytes < self._wanted:
            return None
        whole = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        message, behind = whole[_LENGTH.size : self._wanted], whole[self._wanted :]
        self._parts, self._n_bytes, self._wanted = [behind] if behind else [], len(behind), None
        return message
