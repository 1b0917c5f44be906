"""What a process has used in its whole life, as one line of the log at its end: a short Job is gone before anybody scrapes it.

Until then the same stands in each call's own line; this is their sum. It is made once, and costs a call nothing.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from proxy.call import BUCKETS, plain
from proxy.logs.lines import RecordLine

if TYPE_CHECKING:
    from proxy.app import Sidecar

read_buckets = attrgetter(*BUCKETS)


def last_line(sidecar: Sidecar, now: float) -> RecordLine:
    """`now` is in seconds since the epoch."""
    return RecordLine(now, "info", "outrider", "stopped", {"usage": used(sidecar)}, None)


def used(sidecar: Sidecar) -> list[dict[str, Any]]:
    """For each provider and model that was asked for: calls, those that failed, tokens by bucket, and dollars.

    estimated, unpriced: answers whose tokens are an estimate, and those that `cost` leaves out since nobody knows their price.
    """
    found = []
    for series in sidecar.metrics.series:
        counts = zip(BUCKETS, read_buckets(series.usage), strict=True)
        found.append(
            {
                "provider": series.labels["provider"],
                "model": series.labels["model"],
                "calls": series.total,
                "failed": sum(series.failures.values()),
                "tokens": {bucket: count for bucket, count in counts if count},
                "estimated": series.estimated,
                "cost": plain(series.cost),
                "unpriced": series.unpriced,
            }
        )
    return found
