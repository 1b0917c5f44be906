"""What is counted about the calls of one provider and model: plain numbers, so that counting costs next to nothing.

It knows how calls end. How the numbers are named, labelled and shown is not its affair.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from operator import attrgetter

from proxy.call import BUCKETS, KINDS, Call, Outcome, Usage

#: Upper bounds in seconds, inclusive. A model answers in milliseconds to minutes; what we add takes microseconds.
CALL_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
OVERHEAD_BOUNDS = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1.0)

BLAMED_ON_PROVIDER = frozenset(kind for kind, rule in KINDS.items() if rule.party in ("provider", "operator"))

read_buckets = attrgetter(*BUCKETS)


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
        "duration",
        "failures",
        "gone",
        "labels",
        "overhead",
        "success",
        "ttft",
        "upstream",
        "usage",
    )

    def __init__(self, labels: dict[str, str]) -> None:
        self.labels = labels
        self.success = 0
        self.failures: dict[str, int] = {}
        self.gone: dict[str, int] = {}
        self.attempts = 0
        self.usage = Usage()
        self.duration = Distribution(CALL_BOUNDS)
        self.upstream = Distribution(CALL_BOUNDS)
        self.ttft = Distribution(CALL_BOUNDS)
        self.overhead = Distribution(OVERHEAD_BOUNDS)

    def succeed(self, call: Call, outcome: Outcome, seconds: float) -> None:
        self.success += 1
        self.overhead.observe(max(0.0, seconds - call.upstream_seconds))
        self._record(call, outcome.usage or call.usage, outcome.ttft, seconds)

    def fail(self, call: Call, kind: str, seconds: float) -> None:
        """What the provider had already said is counted too: it is billed."""
        self.failures[kind] = self.failures.get(kind, 0) + 1
        if kind == "client_gone":
            self.gone[call.phase] = self.gone.get(call.phase, 0) + 1
        self._record(call, call.usage, call.ttft, seconds)

    def _record(self, call: Call, usage: Usage | None, ttft: float | None, seconds: float) -> None:
        self.duration.observe(seconds)
        if call.attempts:
            self.attempts += call.attempts
            self.upstream.observe(call.upstream_seconds)
        if ttft is not None:
            self.ttft.observe(ttft)
        if usage is not None:
            self._add(usage)

    def _add(self, usage: Usage) -> None:
        for bucket, count in zip(BUCKETS, read_buckets(usage), strict=True):
            if count:
                setattr(self.usage, bucket, getattr(self.usage, bucket) + count)

    @property
    def total(self) -> int:
        return self.success + sum(self.failures.values())

    @property
    def tokens(self) -> dict[str, int]:
        return dict(zip(BUCKETS, read_buckets(self.usage), strict=True))

    @property
    def provider_errors(self) -> dict[str, int]:
        """Failures by kind that are the provider's or its key's; not a caller's mistake, and not a client that left."""
        return {kind: count for kind, count in self.failures.items() if kind in BLAMED_ON_PROVIDER}
