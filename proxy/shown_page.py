"""What the status page needs besides health: calls in flight, totals since the start, and the configuration with secrets masked.

Read when somebody looks; a call pays for none of it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from heapq import nsmallest
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec

from proxy.call import Call, plain
from proxy.config import Config
from proxy.config.values import Secret

if TYPE_CHECKING:
    from proxy.app import Sidecar
    from proxy.server.feed import Feed

#: Calls in flight that are shown, the oldest, and how much of what they are called.
MOST_CALLS = 50
LONGEST_NAME = 128

older = attrgetter("started")


def page_state(sidecar: Sidecar) -> dict[str, Any]:
    """Members of `/status.json`."""
    return {
        "time": round(time.time(), 3),
        "calls": [in_flight(call, time.monotonic()) for call in nsmallest(MOST_CALLS, sidecar.gateway.calls, older)],
        "totals": totals(sidecar),
        "feed": feed_state(sidecar.feed),
        "reload": {"last": sidecar.reloads.last or None, "faults": sidecar.reloads.faults},
    }


def feed_state(feed: Feed) -> dict[str, int]:
    """`first` is of this process alone, `last` the number of the latest event."""
    return {"first": feed.first, "last": feed.last, "listeners": feed.listeners[0], "let_go": feed.let_go}


def in_flight(call: Call, now: float) -> dict[str, Any]:
    """Never anything that was said. `age` in seconds; `now` is on the clock of `Call.started`."""
    return {
        "id": call.id[:LONGEST_NAME],
        "model": call.model[:LONGEST_NAME],
        "provider": None if call.target is None else call.target.name,
        "target_model": None if call.target is None else call.target.model[:LONGEST_NAME],
        "phase": call.phase,
        "age": round(max(0.0, now - call.started), 3),
        "attempts": call.attempts,
        "stream": call.stream,
    }


def totals(sidecar: Sidecar) -> dict[str, Any]:
    """Since the start, over all providers and models. Tokens are counts, `cost` is in dollars, as far as prices are known."""
    calls = tokens_in = tokens_out = 0
    failures: Counter[str] = Counter()
    cost = Decimal(0)
    for series in sidecar.metrics.series:
        calls += series.total
        failures.update(series.failures)
        tokens_in += series.usage.prompt
        tokens_out += series.usage.completion
        cost += series.cost
    return {
        "calls": calls,
        "failed": failures.total(),
        "failures": dict(failures),
        "tokens_in": tokens_in,
        "tokens_out": tokens_out,
        "cost": plain(cost),
    }


def add_feed_counter(sidecar: Sidecar) -> None:
    lost = "What the feed of ended calls has lost: listeners that took nothing and were let go, calls that came too fast for one."
    feed = sidecar.feed
    sidecar.metrics.count(
        "outrider_feed_lost_total",
        lost,
        lambda: {("listeners",): feed.let_go, ("calls",): feed.missed},
        ("what",),
    )


def setup(sidecar: Sidecar) -> Mapping[str, Any]:
    """The configuration in use, and what each kind of failure means. Its words are imported once somebody looks."""
    from proxy.advice import ADVICE

    return {
        "config_fingerprint": sidecar.current.fingerprint,
        "config": shown_config(sidecar.current.config),
        "kinds": {kind: advice._asdict() for kind, advice in ADVICE.items()},
    }


def shown_config(config: Config) -> dict[str, Any]:
    """All of it, defaults and what was taken from the environment filled in. Of secrets: where they came from, and a mask."""
    found: dict[str, Any] = msgspec.to_builtins(config, enc_hook=masked)
    return found


def masked(secret: Secret) -> str:
    return f"{secret.masked} ({secret.origin})"
