"""Five hundred pods, sooner than in a minute, and what the sidecar adds to the creation of each. The numbers are printed."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.cluster.injectors import Injectors
from tests.cluster.load import Told, creating
from tests.cluster.pods import pod, sidecar

PODS = 500
SECONDS = 60.0
#: Half of what the chart gives the injector to answer in. A quiet machine of two cores takes a tenth of a second.
SLOWEST_P99_MS = 2500.0


def created(webhook: Injectors, inject: str) -> tuple[Told, float]:
    api = webhook.release.api
    began = time.monotonic()
    good = lambda made: (sidecar(made) is not None) is (inject == "true")  # noqa: E731
    with creating(api.admin, api.namespace("load"), lambda name: pod(name, inject), good, PODS) as told:
        pass
    return told, time.monotonic() - began


def shown(told: Told) -> str:
    return f"p50 {told.percentile(0.5):.0f} ms, p99 {told.percentile(0.99):.0f} ms"


def test_five_hundred_pods_a_minute(webhook: Injectors, record_property: Callable[[str, object], None]) -> None:
    plain, _ = created(webhook, "false")
    told, seconds = created(webhook, "true")
    record_property(
        "measured",
        f"{PODS} pods, injected: {shown(told)}, {PODS / seconds * 60:.0f} a minute; left alone: {shown(plain)}",
    )
    assert told.failures == []
    assert len(told.seconds) == PODS
    assert seconds < SECONDS
    assert told.percentile(0.99) < SLOWEST_P99_MS
