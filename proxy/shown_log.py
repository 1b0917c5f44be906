"""What a running sidecar shows of its log: lines that are lost, left out, or waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proxy.app import Sidecar


def add_log_counters(sidecar: Sidecar) -> None:
    sink = sidecar.journal.sink
    left_out = "Calls without a line because of `logging.sample`."
    sidecar.metrics.count("outrider_log_sampled_out_total", left_out, lambda: sink.sampled_out)


def log_bounds(sidecar: Sidecar) -> dict[str, tuple[float, float]]:
    """What is bounded, as (fill, limit); of content only where it is logged."""
    journal = sidecar.journal
    if journal.overhear is None:
        return {}
    found: dict[str, tuple[float, float]] = {"log_content": journal.sink.content_waiting}
    return found if journal.room is None else found | {"log_answers": journal.room.fill}
