"""What is counted about the calls of one provider and model: plain numbers, so that counting costs next to nothing.

It knows how calls end. How the numbers are named, labelled and shown is not its affair.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate
from operator import attrgetter
from typing import NamedTuple

from proxy.call import BUCKETS, KINDS, Usage

#: Upper bounds in seconds, inclusive. A model answers in milliseconds to minutes; what we add takes microseconds.
CALL_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
#: Between two tokens: fast hardware makes a thousand a second, a busy one a few.
PACE_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5)
OVERHEAD_BOUNDS = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1.0)

BLAMED_ON_PROVIDER = frozenset(kind for kind, rule in KINDS.items() if rule.party in ("provider", "operator"))

read_buckets = attrgetter(*BUCKETS)


class Ended(NamedTuple):
    """What is counted of a call, so that nothing holds on to it. `kind` is None when it ended well; times in seconds."""

    kind: str | None
    phase: str
    attempts: int
    upstream_seconds: float
    ttft: float | None
    usage: Usage | None
    seconds: float
    cache: str = ""
    saved: Usage | None = None
    cost: Decimal | None = None


class Distribution:
    """Observations in seconds, counted by upper bound; the last count is of those above every bound."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.sum += seconds

    @property
    def count(self) -> int:
        return sum(self.counts)

    def read(self) -> dict[float | str, float]:
        """Cumulative counts by bound, then `sum` and `count`: a histogram as aioprometheus writes it."""
        bounds = (*self.bounds, float("inf"))
        return {**dict(zip(bounds, accumulate(self.counts), strict=True)), "sum": self.sum, "count": self.count}


class Series:
    """The counts themselves. A number that follows from others is a property and not kept."""

    __slots__ = (
        "attempts",
        "cache",
        "cost",
        "duration",
        "estimated",
        "failures",
        "gone",
        "labels",
        "overhead",
        "pace",
        "saved",
        "success",
        "ttft",
        "unpriced",
        "upstream",
        "usage",
    )

    def __init__(self, labels: dict[str, str]) -> None:
        self.labels = labels
        self.success = 0
        self.failures: dict[str, int] = {}
        self.gone: dict[str, int] = {}
        self.attempts = 0
        self.estimated = 0
        self.cache: dict[str, int] = {}
        self.cost = Decimal(0)
        self.saved = 0
        self.unpriced = 0
        self.usage = Usage()
        self.duration = Distribution(CALL_BOUNDS)
        self.upstream = Distribution(CALL_BOUNDS)
        self.ttft = Distribution(CALL_BOUNDS)
        self.pace = Distribution(PACE_BOUNDS)
        self.overhead = Distribution(OVERHEAD_BOUNDS)

    def count(self, ended: Ended) -> None:
        """Of a failed call too: what the provider had already said is billed."""
        if ended.kind is None:
            self.success += 1
            self.overhead.observe(max(0.0, ended.seconds - ended.upstream_seconds))
        else:
            self._fail(ended.kind, ended.phase)
        self.duration.observe(ended.seconds)
        if ended.attempts:
            self.attempts += ended.attempts
            self.upstream.observe(ended.upstream_seconds)
        if ended.ttft is not None:
            self.ttft.observe(ended.ttft)
            if ended.kind is None and ended.usage is not None and (tokens := ended.usage.completion) > 1:
                self.pace.observe(max(0.0, ended.seconds - ended.ttft) / (tokens - 1))
        if ended.cache:
            self.cache[ended.cache] = self.cache.get(ended.cache, 0) + 1
            if ended.saved is not None:
                self.saved += ended.saved.total
        if ended.usage is not None:
            self._add(ended.usage)
            if ended.cost is not None:
                self.cost += ended.cost
            else:
                self.unpriced += 1

    def _fail(self, kind: str, phase: str) -> None:
        self.failures[kind] = self.failures.get(kind, 0) + 1
        if kind == "client_gone":
            self.gone[phase] = self.gone.get(phase, 0) + 1

    def _add(self, usage: Usage) -> None:
        mine = self.usage
        mine.input += usage.input
        mine.cache_read += usage.cache_read
        mine.cache_write += usage.cache_write
        mine.output += usage.output
        mine.reasoning += usage.reasoning
        mine.audio_input += usage.audio_input
        mine.audio_output += usage.audio_output
        mine.cache_write_1h += usage.cache_write_1h
        mine.audio_cache_read += usage.audio_cache_read
        mine.image_input += usage.image_input
        mine.image_output += usage.image_output
        if usage.estimated:
            self.estimated += usage.total

    @property
    def total(self) -> int:
        return self.success + sum(self.failures.values())

    @property
    def tokens(self) -> dict[str, int]:
        """Those that hold any: there are eleven, and most models have three."""
        return {name: count for name, count in zip(BUCKETS, read_buckets(self.usage), strict=True) if count}

    @property
    def provider_errors(self) -> dict[str, int]:
        """Failures by kind that are the provider's or its key's; not a caller's mistake, and not a client that left."""
        return {kind: count for kind, count in self.failures.items() if kind in BLAMED_ON_PROVIDER}
