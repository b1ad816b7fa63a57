"""What handlers of requests have at hand, and a route: its path, who may ask, and how it is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response

from ..errors import SafehashError
from ..hashing.hashes import Algorithm, Hash
from ..matching.decision import Decision
from ..matching.settings import Effort
from ..scanning.passing import Upload
from .access import AccessLog
from .asking import Asked
from .engine import Engine
from .fetching import Fetcher
from .numbers import Numbers
from .options import ServiceOptions
from .refusing import Refused, Shape
from .tokens import Tokens

__all__ = ["Answer", "Route", "Service", "algorithms_of"]

Role = Literal["anybody", "check", "admin"]


@dataclass(slots=True)
class Answer:
    """An answer, and what the access log says beside it."""

    response: Response
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What every handler has at hand."""

    engine: Engine
    options: ServiceOptions
    tokens: Tokens
    numbers: Numbers
    fetcher: Fetcher
    access: AccessLog | None = None

    async def reload(self) -> None:
        """Read tokens and lists again; tokens that can be used count though the lists cannot: one may be taken back.

        Raises
        ------
        SafehashError, OSError
            What is there now cannot be used: the state before stays, and where the tokens' does not, that is said.
        """
        self.tokens.reload()
        try:
            await self.engine.reload()
        except (SafehashError, OSError) as exc:
            if not self.tokens.are_needed:
                raise
            raise SafehashError(f"{exc} (the tokens were read again, and count)") from exc

    async def decide(self, upload: Upload, asked: Asked) -> Decision:
        """Decide one upload, and count it.

        Raises
        ------
        Refused
        """
        decision = await self.engine.check(upload, effort=asked.effort, lists=asked.lists, due=asked.due)
        self.numbers.decided(decision, effort=asked.effort or decision.audit.effort)
        return decision

    async def decide_hashes(
        self, values: Sequence[Hash], lists: Sequence[str] | None, *, effort: Effort | None = None
    ) -> list[Decision]:
        """Decide hashes, and count them.

        Raises
        ------
        Refused
            No list has hashes of that algorithm: nothing could be found, which is not the same as nothing there.
        """
        known = algorithms_of(self.engine)
        for algorithm in dict.fromkeys(value.algorithm for value in values):
            if algorithm not in known:
                raise Refused(
                    400,
                    f"no list here has hashes of {algorithm.value}, and nothing could be found: there are "
                    f"{', '.join(each.value for each in known)}",
                )
        decisions = await self.engine.check_hashes(values, effort=effort, lists=lists)
        for decision in decisions:
            self.numbers.decided(decision, effort="hash")
        return decisions


def algorithms_of(engine: Engine) -> tuple[Algorithm, ...]:
    """Return the algorithms that the lists have hashes of."""
    return _algorithms(engine.matcher.audit.algorithm)


@cache
def _algorithms(names: str) -> tuple[Algorithm, ...]:
    return tuple(Algorithm(name) for name in names.split(","))


Handler = Callable[[Service, Request], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One thing that can be asked.

    Attributes
    ----------
    method, path : str
        A part of the path in braces is a parameter.
    handler : callable
    role : str
        Who may ask: "anybody", who bears a token, or an administrator alone.
    shape : str
        How errors are told.
    summary : str
        One sentence.
    query : mapping of str to str
        Parameters of the query, and what each is.
    body : str
        What the request's body is; "" for none.
    statuses : mapping of int to str
        Answers, and what each means.
    answer : str
        The schema of what is answered with 200: "Decision", "Decisions"; "" for what has none.
    """

    method: str
    path: str
    handler: Handler
    role: Role = "check"
    shape: Shape = "problem"
    summary: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    statuses: Mapping[int, str] = field(default_factory=dict)
    answer: str = ""
