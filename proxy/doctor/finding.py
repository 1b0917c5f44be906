"""What a check has found: of what, how it is, in which words, and what to do. It checks nothing itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

State = Literal["ok", "warning", "failed", "skipped"]
OK: State = "ok"
WARNING: State = "warning"
FAILED: State = "failed"
SKIPPED: State = "skipped"


class Finding(NamedTuple):
    """subject: whom it is about, a provider by its configured name or a part of the sidecar. check: what was looked at.

    detail: what was found, and never a key. advice: what to do; "" where there is nothing to do.
    """

    subject: str
    check: str
    state: State
    detail: str
    advice: str = ""


def counted(findings: Iterable[Finding]) -> dict[State, int]:
    """How many there are in each state."""
    totals: dict[State, int] = {OK: 0, WARNING: 0, FAILED: 0, SKIPPED: 0}
    for finding in findings:
        totals[finding.state] += 1
    return totals
