"""Whom one limit is for: all calls that meet it together, or each value of a header for itself; and what is shown of it.

Values of a header are the callers' to invent: so many are told apart and no more, and none is ever shown.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Protocol

from proxy.call import Call
from proxy.config.limits import Rule
from proxy.policies.bucket import Bucket, Gate
from proxy.policies.limiter import Limiter, Line, Patience

#: A longer value of a header is told apart by its hash.
LONGEST_VALUE = 64
#: Seconds that a call may wait for what is shared to be heard of, where it may not wait for its turn.
ANSWER = 1.0
#: No header has such a value.
OTHER = "\0other"

#: (rule, "requests" or "tokens", amount, value of the header) -> what keeps it.
Build = Callable[[Rule, str, int, str], Gate]
Reading = dict[tuple[str, ...], float]


def own_bucket(rule: Rule, what: str, amount: int, value: str) -> Gate:
    """What keeps a limit that no other pod shares."""
    return Bucket(amount, rule.period)


class Kept(Protocol):
    """One limit as calls meet it. `weighs`: it counts tokens; `limiter` None: this call is not meant."""

    weighs: bool
    line: Line

    def limiter(self, call: Call) -> Limiter | None: ...
    def every(self) -> Sequence[Limiter]: ...


class Scope:
    """One rule. A rule with a header has a limiter for each of its values, and one more for those that are too many."""

    def __init__(self, rule: Rule, time: Callable[[], float], build: Build) -> None:
        self.rule = rule
        self.line = Line(rule.name, Patience(max(rule.wait, ANSWER if rule.shared else 0.0), rule.queue))
        self.weighs = rule.tokens is not None
        self.folded = 0
        self._time = time
        self._build = build
        self._one = None if rule.header else self._limiter("")
        self._values: OrderedDict[str, Limiter] = OrderedDict()

    @property
    def values(self) -> tuple[int, int]:
        """How many values are told apart, and how many may be before the next ones share what is called `other`."""
        return len(self._values) - (OTHER in self._values), self.rule.values

    def limiter(self, call: Call) -> Limiter | None:
        rule = self.rule
        if rule.provider and rule.model and call.target is not None and call.target.model != rule.model:
            return None
        if not rule.provider and rule.model and call.model != rule.model:
            return None
        return self._one or self._by_value(call.caller.get(rule.header, ""))

    def every(self) -> Sequence[Limiter]:
        return [self._one] if self._one is not None else list(self._values.values())

    def _by_value(self, value: str) -> Limiter:
        """The value used longest ago makes room for a new one, if nothing of its limit is in use."""
        key = value if len(value) <= LONGEST_VALUE else blake2b(value.encode(), digest_size=32).hexdigest()
        if key not in self._values and not self._has_room():
            self.folded += 1
            key = OTHER
        if key not in self._values:
            self._values[key] = self._limiter(key)
        self._values.move_to_end(key)
        return self._values[key]

    def _has_room(self) -> bool:
        count, most = self.values
        if count < most:
            return True
        oldest = next(key for key in self._values if key != OTHER)
        if not self._values[oldest].idle:
            return False
        del self._values[oldest]
        return True

    def _limiter(self, value: str) -> Limiter:
        rule = self.rule
        requests = None if rule.requests is None else self._build(rule, "requests", rule.requests, value)
        tokens = None if rule.tokens is None else self._build(rule, "tokens", rule.tokens, value)
        return Limiter(self.line, requests, tokens, self._time)


# ---- what is shown


def read_fill(limits: Iterable[Kept], now: float) -> Reading:
    """(limit, requests | tokens | queue | values) -> how much of it is in use; of several values, of the fullest."""
    return {key: pair[0] for key, pair in _pairs(limits, now)}


def read_limit(limits: Iterable[Kept], now: float) -> Reading:
    """The same keys -> how much of it there is."""
    return {key: pair[1] for key, pair in _pairs(limits, now)}


def read_waits(limits: Iterable[Kept]) -> Reading:
    """(limit, count | seconds) -> calls that have waited, and for how long in all."""
    lines = [limit.line for limit in limits]
    counts: Reading = {(line.name, "count"): float(line.waited) for line in lines}
    return counts | {(line.name, "seconds"): line.waited_seconds for line in lines}


def read_refusals(limits: Iterable[Kept]) -> Reading:
    """(limit, reason) -> calls refused. The reasons: exhausted, waited, queue_full, too_large."""
    return {(limit.line.name, reason): float(count) for limit in limits for reason, count in limit.line.refused.items()}


def _pairs(limits: Iterable[Kept], now: float) -> Iterator[tuple[tuple[str, str], tuple[float, float]]]:
    for limit in limits:
        name, every = limit.line.name, limit.every()
        for what in ("requests", "tokens"):
            gates = [gate for limiter in every if (gate := getattr(limiter, what)) is not None]
            if gates:
                yield (name, what), max((gate.fill(now) for gate in gates), key=_share)
        yield (name, "queue"), (limit.line.waiting, limit.line.patience.queue)
        if isinstance(limit, Scope) and limit.rule.header:
            yield (name, "values"), limit.values


def _share(fill: tuple[float, float]) -> float:
    return fill[0] / fill[1] if fill[1] else 1.0
