"""What is shown of tracing: what became of spans, and how many wait. Nothing where calls are not traced."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proxy.app import Sidecar


def add_trace_counters(sidecar: Sidecar) -> None:
    spans = "Spans by what became of them: sent, dropped for want of room, refused by the collector, lost on the way."
    sidecar.metrics.count(
        "outrider_spans_total",
        spans,
        lambda: {} if sidecar.traces is None else sidecar.traces.collector.counted,
        ("result",),
    )


def trace_bounds(sidecar: Sidecar) -> dict[str, tuple[float, float]]:
    """As (fill, limit)."""
    return {} if sidecar.traces is None else {"spans": sidecar.traces.collector.fill}
