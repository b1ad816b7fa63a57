"""Messages between this process and a worker of a lane: each whole, in time, and no longer than one may be."""

from __future__ import annotations

import socket
import struct
import time

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
        self._ahead = b""

    @classmethod
    def pair(cls) -> tuple[Channel, Channel]:
        """Return both ends."""
        ours, theirs = socket.socketpair()
        return cls(ours), cls(theirs)

    def send(self, message: bytes, *, timeout: float | None = None) -> None:
        """Send a message.

        Raises
        ------
        TimeoutError, OSError
            The other end does not take it, or is gone.
        """
        self._end.settimeout(timeout)
        self._end.sendall(_LENGTH.pack(len(message)) + message)

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
        parts, n_bytes, wanted = [self._ahead], len(self._ahead), _LENGTH.size
        is_known = False
        while True:
            if not is_known and n_bytes >= _LENGTH.size:
                parts = [b"".join(parts)]
                wanted = _LENGTH.size + _LENGTH.unpack_from(parts[0])[0]
                if wanted > longest:
                    raise MessageTooLong(f"a message of {wanted} bytes")
                is_known = True
            if n_bytes >= wanted:
                whole = parts[0] if len(parts) == 1 else b"".join(parts)
                self._ahead = whole[wanted:]
                return whole[_LENGTH.size : wanted]
            self._end.settimeout(None if due is None else max(due - time.monotonic(), 1e-6))
            part = self._end.recv(_PIECE)
            if not part:
                raise EOFError("the other end is closed")
            parts.append(part)
            n_bytes += len(part)

    def close(self) -> None:
        """Close this end."""
        self._end.close()
