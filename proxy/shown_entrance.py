"""Who is let in, as numbers: callers by name, refusals by reason, and when the certificate of the data port ends.

A name is a file's in the directory of tokens, or one in a certificate that was let in; there are so many and no more. Where
nobody is asked there are no samples of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proxy.app import Sidecar

Reading = dict[tuple[str, ...], float]


def add_entrance_gauges(sidecar: Sidecar) -> None:
    gauge, count, entrance = sidecar.metrics.gauge, sidecar.metrics.count, sidecar.entrance
    guard, callers, certificates = entrance.guard, entrance.callers, entrance.certificates
    admitted = "Requests that were let in, by the name of the caller."
    count(
        "outrider_caller_requests_total",
        admitted,
        lambda: labelled(None if guard is None else guard.admitted),
        ("caller",),
    )
    refused = "Requests that were not let in, by reason."
    count(
        "outrider_callers_refused_total",
        refused,
        lambda: labelled(None if guard is None else guard.refused),
        ("reason",),
    )
    having = "Callers that have a token."
    gauge("outrider_callers", having, lambda: known(None if callers is None else len(callers.names)))
    wrong = "What is wrong with the files of tokens."
    gauge("outrider_callers_faults", wrong, lambda: known(None if callers is None else len(callers.faults)))
    ends = "When the certificate of the data port ends, since the epoch."
    gauge(
        "outrider_listen_certificate_not_after_seconds",
        ends,
        lambda: known(None if certificates is None else certificates.not_after),
    )
    unfit = "1 while the files hold no pair that fits."
    gauge(
        "outrider_listen_certificate_faults",
        unfit,
        lambda: known(None if certificates is None else len(certificates.faults)),
    )


def labelled(counts: Mapping[str, int] | None) -> Reading:
    return {(name,): count for name, count in (counts or {}).items()}


def known(number: float | None) -> Reading:
    return {} if number is None else {(): number}
