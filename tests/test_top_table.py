"""Rates of the last minute, and a table that fits: with a clock of the test's own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from proxy.terminal import plain
from proxy.top_table import FAILURES, REMEMBERED, Recent, lines, quantile, rates, report, span

NOW = 1_800_000_000.0
STATUS: dict[str, Any] = {
    "version": "1.2",
    "uptime_seconds": 3700,
    "config_fingerprint": "abc",
    "not_ready": [],
    "loop_lag_seconds": 0.0012,
    "calls_in_flight": 3,
    "targets": {
        "openai:gpt-4o": {"healthy": True, "reasons": []},
        "groq:x": {
            "healthy": False,
            "reasons": ["circuit_open"],
            "breaker": "open",
            "last_failure": "timeout",
            "retry_after": 12.5,
        },
    },
}


def call(ago: float, **fields: Any) -> dict[str, Any]:
    time = datetime.fromtimestamp(NOW - ago, UTC).isoformat(timespec="milliseconds")
    usual = {"provider": "openai", "model": "gpt-4o", "kind": None, "ttft_ms": 100.0, "duration_ms": 900.0}
    return {"time": time, **usual, "tokens_out": 60, "cost": "0.001", "id": "r1", **fields}


def recent(*calls: dict[str, Any]) -> Recent:
    found = Recent(lambda: NOW)
    for each in calls:
        found.add(each)
    return found


FAILED = call(1, kind="timeout", party="provider", provider="groq", model="x", ttft_ms=None, cost=None, hint="wait")


def test_what_is_counted() -> None:
    found = report(STATUS, recent(call(61), call(30, ttft_ms=300.0), call(10), FAILED))
    assert [(row["provider"], row["model"], row["calls"], row["failed"]) for row in found["models"]] == [
        ("openai", "gpt-4o", 2, 0),
        ("groq", "x", 1, 1),
    ]
    assert (found["calls"], found["failed"], found["error_rate"]) == (3, 1, 0.3333)
    assert (found["calls_per_second"], found["tokens_per_second"]) == (0.05, 3.0)
    assert found["first_token_ms"] == {"p50": 100.0, "p95": 300.0}
    assert found["dollars_per_minute"] == "0.002000"
    assert found["window_seconds"] == 60.0
    assert list(found["unwell"]) == ["groq:x"]
    assert found["failures"] == [FAILED]


def test_a_young_sidecar_and_one_that_has_forgotten_are_not_thought_slow() -> None:
    young = report(STATUS | {"uptime_seconds": 10.0}, recent(call(1), call(2)))
    assert (young["window_seconds"], young["calls_per_second"]) == (10.0, 0.2)
    busy = report(STATUS, recent(*(call(4 - at / 100) for at in range(REMEMBERED))))
    assert (busy["window_seconds"], busy["calls_per_second"]) == (4.0, 50.0)


def test_the_latest_failures_alone() -> None:
    found = report(STATUS, recent(*(call(9, kind="timeout", id=str(at)) for at in range(20))))
    assert [each["id"] for each in found["failures"]] == [str(at) for at in range(19, 19 - FAILURES, -1)]


def test_nothing_yet() -> None:
    found = report({}, recent())
    assert (found["calls"], found["error_rate"], found["dollars_per_minute"], found["models"]) == (0, 0.0, None, [])
    assert [line.split() for line in lines(found, plain)][-1] == ["all", "0.00", "0%", "-", "-", "-", "0.0", "-"]


GOLDEN = """\
outrider 1.2  ready  up 1 h 1 min  3 in flight  loop 1.2 ms  config abc

provider  model   calls/s  failed  first token p50     p95  whole p50  tokens/s     $/min
groq      x          0.02  100.0%                -       -     900 ms       1.0         -
openai    gpt-4o     0.02      0%           100 ms  100 ms     900 ms       1.0  0.001000
all                  0.03   50.0%           100 ms  100 ms     900 ms       2.0  0.001000

not asked now
groq:x  circuit_open  breaker open  last failure timeout  again in 12.5 s

latest failures (time in UTC, kind, whose fault, provider, model, request, what to do)
07:59:59  timeout  provider  groq  x  r1  do: wait
"""


def test_the_table() -> None:
    text = lines(report(STATUS, recent(call(10), FAILED)), plain)
    assert "\n".join(text) + "\n" == GOLDEN


def test_no_line_is_wider_than_the_terminal_and_nothing_moves_its_cursor() -> None:
    hostile = "\x1b[2J\n" + "ä" * 10_000
    fields = {"kind": hostile, "model": hostile, "provider": hostile, "id": hostile, "party": hostile, "time": hostile}
    status = STATUS | {"version": hostile, "not_ready": [hostile], "targets": {hostile: {"healthy": False}}}
    text = list(lines(report(status, recent(fields)), plain, 79))
    assert max(map(len, text)) <= 79
    assert all(line.isprintable() for line in text)


@pytest.mark.parametrize("fields", [{"time": None}, {"time": "soon"}, {"cost": "much"}, {"ttft_ms": "x"}, {"kind": 5}])
def test_members_of_another_sort_are_passed_over(fields: dict[str, Any]) -> None:
    found = report({"targets": [1]}, recent(call(1, **fields)))
    assert found["calls"] == 1
    assert list(lines(found, plain))


def test_quantiles() -> None:
    assert [quantile([1, 2, 3, 4], share) for share in (0.5, 0.95)] == [2, 4]
    assert (quantile([7], 0.95), quantile([], 0.5)) == (7, None)
    assert rates([], 60.0)["duration_ms"] == {"p50": None}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "0 s"), (59.9, "59 s"), (60, "1 min"), (3600, "1 h 0 min"), (90000, "1 d 1 h")],
)
def test_spans(seconds: float | None, text: str) -> None:
    assert span(seconds) == text
