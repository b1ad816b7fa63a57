"""Look-ups that are asked for in one turn of the event loop, and made together at its end."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from ..hashing.hashes import Hash
from ..matching.decision import Decision

__all__ = ["Gathering"]

#: What decides hashes: those of some lists alone, and whether turned ones count.
Decide = Callable[[Sequence[Hash], frozenset[str] | None, bool], list[Decision]]
_Key = tuple[frozenset[str] | None, bool]


class Gathering:
    """Decides hashes of several requests at once, for the coroutines of one event loop.

    A look-up among ten million goes through more memory than the caches of a processor hold: whatever is done between
    two of them is slow. So all that have come go one after the other, and then all are answered.

    Parameters
    ----------
    decide : callable
        Decides hashes in their order.
    at_once : int
        Hashes between two turns of the loop, not to hold up what else there is.
    """

    def __init__(self, decide: Decide, *, at_once: int) -> None:
        self._decide = decide
        self._at_once = at_once
        self._asked: deque[tuple[Sequence[Hash], _Key, asyncio.Future[list[Decision]]]] = deque()

    async def decisions(
        self, values: Sequence[Hash], lists: frozenset[str] | None, *, turned: bool
    ) -> list[Decision]:
        """Return decisions on hashes, in their order."""
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._look)
        answer: asyncio.Future[list[Decision]] = loop.create_future()
        self._asked.append((values, (lists, turned), answer))
        return await answer

    def _look(self) -> None:
        """Decide what was asked first, as much as may be at once, and all that asks for the same."""
        asked = [self._asked.popleft()]
        key, n = asked[0][1], len(asked[0][0])
        while self._asked and self._asked[0][1] == key and n + len(self._asked[0][0]) <= self._at_once:
            asked.append(self._asked.popleft())
            n += len(asked[-1][0])
        if self._asked:
            asyncio.get_running_loop().call_soon(self._look)
        try:
            decisions = self._decide([value for values, _, _ in asked for value in values], *key)
        except Exception:  # whoever met it is told, and nobody else
            for values, _, answer in asked:
                self._alone(values, key, answer)
            return
        at = 0
        for values, _, answer in asked:
            if not answer.done():
                answer.set_result(decisions[at : at + len(values)])
            at += len(values)

    def _alone(self, values: Sequence[Hash], key: _Key, answer: asyncio.Future[list[Decision]]) -> None:
        if answer.done():
            return
        try:
            answer.set_result(self._decide(values, *key))
        except Exception as exc:
            answer.set_exception(exc)
