"""What of providers is shown besides their targets: limits that they told, time lost before they are asked, certificates."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proxy.app import Sidecar

Reading = dict[tuple[str, ...], float]


def add_provider_gauges(sidecar: Sidecar) -> None:
    gauge, count = sidecar.metrics.gauge, sidecar.metrics.count
    of_limit = ("provider", "target_model", "what")
    told = "What a provider's answers told of its limits: how much there is of one."
    gauge("outrider_provider_limit", told, lambda: told_limits(sidecar, 0), of_limit)
    left = "How much of it is left."
    gauge("outrider_provider_limit_remaining", left, lambda: told_limits(sidecar, 1), of_limit)
    spent = "Seconds that calls have waited for a free connection, for a new one, and between attempts."
    count("outrider_stage_seconds_total", spent, lambda: stages(sidecar), ("provider", "stage"))
    moved = "How often a target's breaker has gone to a state."
    of_breaker = ("provider", "target_model", "state")
    count("outrider_breaker_transitions_total", moved, lambda: sidecar.tallies.moved, of_breaker)
    until = "When the certificate that a provider showed last ends, since the epoch."
    gauge("outrider_certificate_not_after_seconds", until, lambda: sidecar.current.roads.certificates(), ("provider",))


def told_limits(sidecar: Sidecar, which: int) -> Reading:
    """`which`: 0 for the limits, 1 for what is left of them."""
    now = monotonic()
    return {
        (name, model, what): pair[which]
        for name, adaptive in sidecar.current.limits.learned.items()
        for model, what, *pair in adaptive.told(now)
    }


def stages(sidecar: Sidecar) -> Reading:
    current = sidecar.current
    found = current.roads.waits()
    for name, seconds in current.retry.backed_off.items():
        found[name, "backing_off"] = seconds
    return found
