"""Messages between this process and a worker of a lane: each whole, in time, and no longer than one may be."""

from __future__ import annotations

import errno
import os
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
#: An open file's number, as it goes along with a message.
_DESCRIPTOR = struct.Struct("i")


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
        self._passed: list[int] = []  # open files that came along, not taken yet

    @classmethod
    def pair(cls) -> tuple[Channel, Channel]:
        """Return both ends."""
        ours, theirs = socket.socketpair()
        return cls(ours), cls(theirs)

    def fileno(self) -> int:
        """Return what can be waited for."""
        return self._end.fileno()

    def send(self, message: bytes, *, timeout: float | None = None, descriptor: int | None = None) -> None:
        """Send a message, and an open file along with it.

        Raises
        ------
        TimeoutError, OSError
            The other end does not take it, or is gone.
        """
        self._wait_for(timeout)
        whole = _LENGTH.pack(len(message)) + message
        if descriptor is None:
            self._end.sendall(whole)
            return
        along = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, _DESCRIPTOR.pack(descriptor))]
        n_sent = self._end.sendmsg((whole,), along)
        if n_sent < len(whole):
            self._end.sendall(memoryview(whole)[n_sent:])

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
        """Return the next message. An open file that comes along is let go: who is sent some uses `receive_with`.

        Raises
        ------
        TimeoutError
            It was not whole in so many seconds.
        EOFError, OSError
            The other end is gone.
        MessageTooLong
        """
        due = None if timeout is None else time.monotonic() + timeout
        left = timeout
        while (message := self._whole(longest)) is None:
            if left is not None and left <= 0:
                raise TimeoutError(f"no message within {timeout} seconds")
            self._wait_for(left)
            self._keep(self._end.recv(_PIECE))
            if due is not None:
                left = due - time.monotonic()
        return message

    def receive_with(self) -> bytes:
        """Return the next message; `passed` returns the open file that came along.

        Raises
        ------
        EOFError, OSError
            The other end is gone.
        MessageTooLong
        """
        room = socket.CMSG_SPACE(_DESCRIPTOR.size)
        while self._passed:  # of a message that nobody could read: never taken for another's
            os.close(self._passed.pop())
        while (message := self._whole(_LONGEST)) is None:
            part, along, _, _ = self._end.recvmsg(_PIECE, room, getattr(socket, "MSG_CMSG_CLOEXEC", 0))
            self._passed += [_DESCRIPTOR.unpack(each[: _DESCRIPTOR.size])[0] for _, _, each in along]
            self._keep(part)
        return message

    def passed(self) -> int:
        """Return the open file that came along with the last message. The caller closes it.

        Raises
        ------
        OSError
            None came: this process may open no more.
        """
        if not self._passed:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return self._passed.pop(0)

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
