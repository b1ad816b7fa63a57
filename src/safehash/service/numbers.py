"""What a service counts of itself, for Prometheus."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timezone
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from .. import __version__
from ..matching.decision import Decision
from .engine import Engine

__all__ = ["CONTENT_TYPE", "Numbers"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

#: Seconds of a decision or a request; most uploads take some milliseconds.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Numbers:
    """Counters of one service, for the thread of its event loop: counting takes no lock.

    The client library's own counters cost a twentieth of what a look-up does beside the search; so it writes the page,
    and no more.

    Parameters
    ----------
    engine : Engine
    """

    def __init__(self, engine: Engine) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Lists(engine))
        self._decisions = _Counts("safehash_decisions", "Uploads and hashes decided", ("outcome", "effort"))
        self._failures = _Counts(
            "safehash_failures", "Decisions that failed beside the picture", ("failure",)
        )
        self._seconds = _Times("safehash_decision_seconds", "What a worker took for one upload", ("effort",))
        self._requests = _Counts("safehash_requests", "Requests answered", ("route", "status"))
        self._latency = _Times("safehash_request_seconds", "From a request's head to its answer", ("route",))
        for each in (self._decisions, self._failures, self._seconds, self._requests, self._latency):
            self._registry.register(each)

    def decided(self, decision: Decision, *, effort: str) -> None:
        """Count one decision; `effort` is "hash" where no picture was looked at."""
        self._decisions.by_labels[decision.outcome.value, effort] += 1
        if decision.failure is not None:
            self._failures.by_labels[(decision.failure,)] += 1
        if effort != "hash":
            self._seconds.add((effort,), decision.milliseconds / 1e3)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        self._requests.by_labels[route, str(status)] += 1
        self._latency.add((route,), seconds)

    def page(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)


_Labels = tuple[str, ...]


class _Counts(Collector):
    """How often something happened, by labels."""

    def __init__(self, name: str, what: str, labels: _Labels) -> None:
        self._told = name, what, labels
        self.by_labels: defaultdict[_Labels, int] = defaultdict(int)

    def collect(self) -> Iterator[Metric]:
        name, what, labels = self._told
        family = CounterMetricFamily(name, what, labels=labels)
        for values, n in self.by_labels.items():
            family.add_metric(values, n)
        yield family


class _Times(Collector):
    """How long something took, by labels."""

    def __init__(self, name: str, what: str, labels: _Labels) -> None:
        self._told = name, what, labels
        self._by_labels: defaultdict[_Labels, list[int]] = defaultdict(lambda: [0] * (len(_BUCKETS) + 1))
        self._sums: defaultdict[_Labels, float] = defaultdict(float)

    def add(self, labels: _Labels, seconds: float) -> None:
        self._by_labels[labels][bisect_left(_BUCKETS, seconds)] += 1
        self._sums[labels] += seconds

    def collect(self) -> Iterator[Metric]:
        name, what, labels = self._told
        family = HistogramMetricFamily(name, what, labels=labels)
        for values, counts in self._by_labels.items():
            limits = zip([*map(str, _BUCKETS), "+Inf"], accumulate(counts), strict=True)
            family.add_metric(values, buckets=list(limits), sum_value=self._sums[values])
        yield family


class _Lists(Collector):
    """What can be asked of the engine at any time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

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
