"""What is found is counted by its state."""

from __future__ import annotations

from proxy.doctor.finding import Finding, counted


def test_states_are_counted() -> None:
    found = [Finding("a", "dns", "ok", ""), Finding("b", "dns", "failed", "", "do"), Finding("c", "dns", "ok", "")]
    assert counted(found) == {"ok": 2, "warning": 0, "failed": 1, "skipped": 0}
