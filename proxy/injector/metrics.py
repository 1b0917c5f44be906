"""The injector's metrics and their page. It knows the names and what they count; others count.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

PREFIX = "outrider_injector_"
#: seconds; the API server gives up after 5 by the chart's default, 30 at most
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Family(NamedTuple):
    """label: its one label, "" for none. values: what the label may be; every one is shown from the start, as 0."""

    kind: str
    label: str
    values: Sequence[str]
    about: str


FAMILIES: Mapping[str, Family] = {
    "admissions_total": Family(
        "counter",
        "result",
        ("injected", "unchanged", "skipped", "refused", "failed", "malformed"),
        "Reviews answered, by what was answered.",
    ),
    "template_reloads_total": Family("counter", "result", ("ok", "refused"), "Readings of a changed template."),
    "certificate_steps_total": Family(
        "counter",
        "step",
        ("begin", "restore", "renew", "prepare", "promote", "forget", "publish", "serve"),
        "Changes of certificates made by this replica.",
    ),
    "certificate_failures_total": Family("counter", "", ("",), "Rounds of certificate keeping that failed."),
    "namespace_reads_total": Family(
        "counter", "result", ("ok", "failed", "late"), "Readings of a namespace's annotations."
    ),
    "events_total": Family("counter", "result", ("sent", "failed", "dropped", "repeated"), "Events on owners of pods."),
    "cert_expiry_timestamp_seconds": Family("gauge", "kind", (), "When a certificate ends, in seconds since 1970."),
    "ready": Family("gauge", "", ("",), "1 while the replica is ready."),
}


class Metrics:
    """`count` and `put` values by family and label value, `observe` a duration in seconds, `render` the page."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, float]] = {
            name: dict.fromkeys(family.values, 0.0) for name, family in FAMILIES.items()
        }
        self._buckets = [0] * (len(BOUNDS) + 1)
        self._sum = 0.0

    def count(self, name: str, value: str = "") -> None:
        self._values[name][value] += 1

    def put(self, name: str, number: float, value: str = "") -> None:
        self._values[name][value] = number

    def read(self, name: str, value: str = "") -> float:
        return self._values[name][value]

    def observe(self, seconds: float) -> None:
        self._buckets[bisect_left(BOUNDS, seconds)] += 1
        self._sum += seconds

    def render(self) -> bytes:
        return "".join(f"{line}\n" for line in (*self._families(), *self._durations())).encode()

    def _families(self) -> Iterator[str]:
        for name, family in FAMILIES.items():
            yield from headed(name, family.kind, family.about)
            for value, number in self._values[name].items():
                label = f'{{{family.label}="{value}"}}' if family.label else ""
                yield f"{PREFIX}{name}{label} {number:.15g}"

    def _durations(self) -> Iterator[str]:
        name = "admission_duration_seconds"
        yield from headed(name, "histogram", "From a review's last byte to its answer.")
        so_far = 0
        for bound, count in zip((*BOUNDS, None), self._buckets, strict=True):
            so_far += count
            yield f'{PREFIX}{name}_bucket{{le="{"+Inf" if bound is None else f"{bound:g}"}"}} {so_far}'
        yield f"{PREFIX}{name}_sum {self._sum:.9g}"
        yield f"{PREFIX}{name}_count {so_far}"


def headed(name: str, kind: str, about: str) -> Iterator[str]:
    yield f"# HELP {PREFIX}{name} {about}"
    yield f"# TYPE {PREFIX}{name} {kind}"
