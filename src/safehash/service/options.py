"""How a service is run: where it listens, what one request may cost, and who may ask what."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Literal, get_args

from ..scanning.options import USUAL_MEMORY, USUAL_TIMEOUT, expect_memory, expect_timeout

__all__ = ["OnUndecided", "ServiceOptions", "is_loopback"]

#: What a validator of uploads says of a picture that could not be looked at.
OnUndecided = Literal["accept", "reject"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOptions:
    """How a service is run. What an upload is decided by stands in the matcher's `Settings`.

    Attributes
    ----------
    host, port : str, int
        Where it listens; port 0 for a free one.
    unix : str or None
        Path of a socket to listen on instead.
    workers : int or None
        Processes that decode; None for one a processor.
    max_memory : int or None
        Bytes one worker may take on top of what it holds when it is ready (Linux); None for no limit.
    max_body : int
        Bytes one request may have.
    max_requests : int
        Requests with an upload that are held at once, those being decided included; further ones are told to come
        back. Together they hold at most so many times `max_body`.
    timeout : float
        Seconds one request may take, from its first byte to its answer.
    reload_seconds : float or None
        How often the lists' files are looked at; None for never.
    tokens : str or None
        File of tokens; without one everybody who reaches it may ask.
    open_to_all : bool
        Listen beyond this machine without tokens.
    on_undecided : "accept", "reject" or None
        What ``/validate`` says of a picture that could not be looked at; None: there is no ``/validate``.
    fetch_from : tuple of str
        Hosts that ``url=`` may name; none: there is no fetching.
    state : str or None
        SQLite file in which flood counts and review verdicts are kept, shared with other processes.
    grace : float
        Seconds that requests under way have at the end.

    Raises
    ------
    ValueError
        A value that cannot mean anything, or one that would open the service to everybody unasked.
    """

    host: str = "127.0.0.1"
    port: int = 8117
    unix: str | None = None
    workers: int | None = None
    max_memory: int | None = USUAL_MEMORY
    max_body: int = 32 << 20
    max_requests: int = 32
    timeout: float = USUAL_TIMEOUT
    reload_seconds: float | None = 5.0
    tokens: str | None = None
    open_to_all: bool = False
    on_undecided: OnUndecided | None = None
    fetch_from: tuple[str, ...] = ()
    state: str | None = None
    grace: float = 20.0

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise ValueError(f"a service has at least 1 worker, not {self.workers}")
        expect_memory(self.max_memory)
        if not 0 <= self.port <= 65535:
            raise ValueError(f"a port is 0 to 65535, not {self.port}")
        if self.max_body < 1 or self.max_requests < 1:
            raise ValueError("max_body and max_requests are at least 1")
        expect_timeout(self.timeout)
        if not self.grace > 0:
            raise ValueError(f"grace is more than 0 seconds, not {self.grace}")
        if self.reload_seconds is not None and not self.reload_seconds > 0:
            raise ValueError(f"reload_seconds is more than 0, not {self.reload_seconds}; None is never")
        if self.on_undecided is not None and self.on_undecided not in get_args(OnUndecided):
            raise ValueError(f"on_undecided is accept or reject, not {self.on_undecided!r}")
        if self.unix is None and self.tokens is None and not self.open_to_all and not is_loopback(self.host):
            raise ValueError(
                f"{self.host} is reached from other machines: give a file of tokens, or say that it is open to all"
            )


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine alone, by its name or number."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
