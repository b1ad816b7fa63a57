"""What a service counts of itself, for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timezone
from functools import cache
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from .. import __version__
from ..matching.decision import Decision
from .engine import Engine

__all__ = ["CONTENT_TYPE", "Numbers"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

#: Seconds of a decision or a request; most uploads take some milliseconds.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Numbers:
    """Counters of one service.

    Parameters
    ----------
    engine : Engine
    """

    def __init__(self, engine: Engine) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Lists(engine))
        self._decisions = Counter(
            "safehash_decisions", "Uploads and hashes decided", ("outcome", "effort"), registry=self._registry
        )
        self._failures = Counter(
            "safehash_failures",
            "Decisions that failed beside the picture",
            ("failure",),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "safehash_decision_seconds", "What a worker took for one upload", ("effort",),
            buckets=_BUCKETS, registry=self._registry,
        )  # fmt: skip
        self._requests = Counter(
            "safehash_requests", "Requests answered", ("route", "status"), registry=self._registry
        )
        self._latency = Histogram(
            "safehash_request_seconds", "From a request's head to its answer", ("route",),
            buckets=_BUCKETS, registry=self._registry,
        )  # fmt: skip

    def decided(self, decision: Decision, *, effort: str) -> None:
        """Count one decision; `effort` is "hash" where no picture was looked at."""
        _of(self._decisions, decision.outcome.value, effort).inc()
        if decision.failure is not None:
            _of(self._failures, decision.failure).inc()
        if effort != "hash":
            _of(self._seconds, effort).observe(decision.milliseconds / 1e3)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        _of(self._requests, route, str(status)).inc()
        _of(self._latency, route).observe(seconds)

    def page(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)


@cache
def _of(metric: Any, *labels: str) -> Any:
    """Return a counter's part of some labels, of which there are few: finding it anew costs what counting costs."""
    return metric.labels(*labels)


class _Lists(Collector):
    """What can be asked of the engine at any time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        engine = self._engine
        build = GaugeMetricFamily("safehash_build_info", "The version that runs", labels=["version"])
        build.add_metric([__version__], 1)
        yield build
        yield GaugeMetricFamily("safehash_ready", "Whether uploads are decided", value=float(engine.is_ready))
        yield GaugeMetricFamily(
            "safehash_uploads_held", "Requests with an upload held now", value=engine.n_held
        )
        yield CounterMetricFamily("safehash_reloads", "Lists read anew", value=engine.reloads.done)
        yield CounterMetricFamily("safehash_reloads_refused", "Updates refused", value=engine.reloads.refused)
        quarantined = 0 if engine.guard is None else len(engine.guard.quarantined())
        yield GaugeMetricFamily("safehash_quarantined_entries", "Entries out of service", value=quarantined)
        if not engine.is_ready:
            return
        matcher = engine.matcher
        entries = GaugeMetricFamily("safehash_list_entries", "Entries of a list", labels=["list"])
        age = GaugeMetricFamily("safehash_list_age_seconds", "Since a list was read", labels=["list"])
        kept = GaugeMetricFamily(
            "safehash_list_last_good",
            "Whether a list is in its last good state, as it was refused",
            labels=["list"],
        )
        for info in matcher.lists:
            entries.add_metric([info.name], info.n_entries)
            age.add_metric([info.name], max(0.0, time.time() - _seconds(info.loaded)))
            kept.add_metric([info.name], float(info.name in engine.kept))
        yield from (entries, age, kept)
        yield GaugeMetricFamily("safehash_list_notes", "Remarks about the lists", value=len(matcher.notes))


def _seconds(when: str) -> float:
    moment = datetime.fromisoformat(when)
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
