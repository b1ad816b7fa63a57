"""What worker processes log, carried to the log of the process that started them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import logger_of

__all__ = ["Collector", "Logged", "relay"]

#: A file whose decoder says more than this many things has said enough.
_MAX_EACH = 20


@dataclass(frozen=True, slots=True)
class Logged:
    """One message of a worker: the logger's name, the level, and the text with its traceback if there was one."""

    logger: str
    level: int
    text: str


class Collector(logging.Handler):
    """Keeps the messages of the package's loggers until they are taken along with a verdict."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(message)s"))  # which appends the traceback
        self._held: list[Logged] = []

    def install(self) -> None:
        """Collect what is logged under "safehash" in this process, and let it go nowhere else."""
        logger = logging.getLogger("safehash")
        logger.addHandler(self)
        logger.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message."""
        if len(self._held) < _MAX_EACH:
            self._held.append(Logged(record.name, record.levelno, self.format(record)))

    def take(self) -> tuple[Logged, ...]:
        """Return what has come since the last call."""
        held, self._held = tuple(self._held), []
        return held


def relay(messages: Iterable[Logged], *, about: str) -> None:
    """Log a worker's messages here, each with what it is about."""
    for each in messages:
        logger_of(each.logger).log(each.level, "%s: %s", about, each.text)
