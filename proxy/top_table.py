"""What `outrider top` shows: rates of the last minute by provider and model, who is not well, and the latest failures.

It is made of ended calls and a status, as the ops port tells them, and of a clock that is an argument. Nothing is asked here.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from math import ceil
from typing import Any

from proxy.terminal import Paint, columns, duration, safe

Fields = Mapping[str, Any]
#: Seconds that are looked back; calls kept at most; latest failures shown.
WINDOW, MOST_CALLS, FAILURES = 60.0, 20_000, 8
#: So many calls the sidecar remembers for who comes later; seconds below which a rate is of no meaning.
REMEMBERED, SHORTEST = 200, 0.2
HEADS = ("provider", "model", "calls/s", "failed", "first token p50", "p95", "whole p50", "tokens/s", "$/min")
RIGHT = frozenset(range(2, len(HEADS)))
WIDEST = 32


class Recent:
    """The calls of the last WINDOW seconds, and the latest failures. wall: seconds since the epoch."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._since: float | None = None
        self._calls: deque[tuple[float, Fields]] = deque(maxlen=MOST_CALLS)
        self.failures: deque[Fields] = deque(maxlen=FAILURES)

    def add(self, call: Fields) -> None:
        """Calls come in the order in which they ended."""
        self._calls.append((moment(call.get("time")) or self._wall(), call))
        if call.get("kind") is not None:
            self.failures.append(call)

    def calls(self) -> list[Fields]:
        oldest = self._wall() - WINDOW
        while self._calls and self._calls[0][0] < oldest:
            self._calls.popleft()
        return [call for _, call in self._calls]

    def window(self, uptime: float | None) -> float:
        """Seconds of which all calls are known. Asked first when what the sidecar remembers has come, which may not be all."""
        now = self._wall()
        if self._since is None:
            self._since = self._calls[0][0] if len(self._calls) >= REMEMBERED else now - WINDOW
        return max(min(WINDOW, uptime or WINDOW, now - self._since), SHORTEST)


def moment(text: Any) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


# ---- for programs


def report(status: Fields, recent: Recent) -> dict[str, Any]:
    """`models`: a row for each provider and model, the busiest first. `unwell`: targets that may not be asked, and why."""
    window = recent.window(status.get("uptime_seconds"))
    calls = recent.calls()
    groups: dict[tuple[str, str], list[Fields]] = defaultdict(list)
    for call in calls:
        groups[safe(call.get("provider") or "-", WIDEST), safe(call.get("model"), WIDEST)].append(call)
    rows = [{"provider": name, "model": model, **rates(its, window)} for (name, model), its in groups.items()]
    targets = mapping(status.get("targets"))
    return {
        "version": status.get("version"),
        "uptime_seconds": status.get("uptime_seconds"),
        "config_fingerprint": status.get("config_fingerprint"),
        "not_ready": status.get("not_ready") or [],
        "loop_lag_seconds": status.get("loop_lag_seconds"),
        "calls_in_flight": status.get("calls_in_flight"),
        "window_seconds": round(window, 1),
        **rates(calls, window),
        "models": sorted(rows, key=lambda row: (-row["calls"], row["provider"], row["model"])),
        "unwell": {name: target for name, target in targets.items() if not mapping(target).get("healthy", True)},
        "failures": list(recent.failures)[::-1],
    }


def rates(calls: Sequence[Fields], window: float) -> dict[str, Any]:
    """Milliseconds, tokens of answers, dollars as text. What nobody told is null."""
    failed = [call for call in calls if call.get("kind") is not None]
    first = numbers(calls, "ttft_ms")
    costs = [cost for call in calls if (cost := dollars(call.get("cost"))) is not None]
    return {
        "calls": len(calls),
        "calls_per_second": round(len(calls) / window, 2),
        "failed": len(failed),
        "error_rate": round(len(failed) / len(calls), 4) if calls else 0.0,
        "first_token_ms": {"p50": quantile(first, 0.5), "p95": quantile(first, 0.95)},
        "duration_ms": {"p50": quantile(numbers(calls, "duration_ms"), 0.5)},
        "tokens_per_second": round(sum(numbers(calls, "tokens_out")) / window, 1),
        "dollars_per_minute": format(sum(costs, Decimal()) * 60 / Decimal(str(window)), ".6f") if costs else None,
    }


def numbers(calls: Sequence[Fields], name: str) -> list[float]:
    return sorted(value for call in calls if isinstance(value := call.get(name), int | float))


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """The least value that so many are not above."""
    return ordered[max(0, ceil(len(ordered) * share) - 1)] if ordered else None


def dollars(text: Any) -> Decimal | None:
    try:
        return None if text is None else Decimal(str(text))
    except InvalidOperation:
        return None


def mapping(value: Any) -> Fields:
    return value if isinstance(value, Mapping) else {}


# ---- for people


def lines(found: Fields, paint: Paint, width: int = 10_000) -> Iterator[str]:
    """Each cut to `width` before it is painted."""
    ready = "ready" if not found["not_ready"] else safe(", ".join(map(str, found["not_ready"])))
    lag = (found["loop_lag_seconds"] or 0.0) * 1000
    yield paint(
        f"outrider {safe(found['version'])}  {ready}  up {span(found['uptime_seconds'])}  {found['calls_in_flight']} in flight"
        f"  loop {lag:.1f} ms  config {safe(found['config_fingerprint'])}"[:width],
        "bold" if not found["not_ready"] else "yellow",
    )
    yield ""
    cells = [HEADS, *map(row_cells, found["models"]), row_cells({"provider": "all", "model": "", **found})]
    head, *rows = ["  ".join(row)[:width].rstrip() for row in columns(cells, RIGHT)]
    yield paint(head, "dim")
    every = [*found["models"], found]
    for row, told in zip(rows, every, strict=True):
        yield paint(row, "" if not told["failed"] else "red" if told["error_rate"] >= 0.1 else "yellow")
    yield from unwell_lines(found["unwell"], paint, width)
    yield from failure_lines(found["failures"], paint, width)


def row_cells(row: Fields) -> list[str]:
    first = row["first_token_ms"]
    return [
        row["provider"],
        row["model"],
        f"{row['calls_per_second']:.2f}",
        f"{row['error_rate']:.1%}" if row["failed"] else "0%",
        duration(first["p50"]),
        duration(first["p95"]),
        duration(row["duration_ms"]["p50"]),
        f"{row['tokens_per_second']:.1f}",
        row["dollars_per_minute"] or "-",
    ]


def unwell_lines(unwell: Fields, paint: Paint, width: int) -> Iterator[str]:
    if unwell:
        yield ""
        yield paint("not asked now"[:width], "dim")
    for name, target in unwell.items():
        reasons = safe(", ".join(map(str, target.get("reasons") or [])))
        state, last = safe(target.get("breaker")), safe(target.get("last_failure"))
        again = f"  again in {target['retry_after']:g} s" if target.get("retry_after") else ""
        yield paint(f"{safe(name)}  {reasons}  breaker {state}  last failure {last}{again}"[:width], "red")


def failure_lines(failures: Sequence[Fields], paint: Paint, width: int) -> Iterator[str]:
    if failures:
        yield ""
        yield paint(
            "latest failures (time in UTC, kind, whose fault, provider, model, request, what to do)"[:width], "dim"
        )
    for call in failures:
        told = [safe(call.get("time") or "")[11:19], *(safe(call.get(name) or "-") for name in FAILURE_FIELDS)]
        yield "  ".join([*told, *([f"do: {safe(call['hint'])}"] if call.get("hint") else [])])[:width]


FAILURE_FIELDS = ("kind", "party", "provider", "model", "id")


def span(seconds: Any) -> str:
    """`42 s`, `17 min`, `5 h 3 min`, `12 d 4 h`."""
    whole = int(seconds or 0)
    for size, unit, smaller, name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // smaller} {name}"
    return f"{whole // 60} min" if whole >= 60 else f"{whole} s"
