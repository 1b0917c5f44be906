"""From numbers to the printed page: the rows and columns, the bars and their verdicts; behind them dialects and cache.

Nothing but text; it knows nothing of how a number came about.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tests.bench import kept, seen
from tests.bench.pairs import PAIR_BARS, lines
from tests.bench.results import Bar, Results

COLUMNS = {
    "direct": "no proxy",
    "nginx": "nginx",
    "bare": "bare aiohttp",
    "relayed": "Outrider relayed",
    "translated": "Outrider translated",
}
STREAMS = (1, 128, 1000)
#: Per cent of a cell that a proxy may wait for its core before the run says so.
QUIET = 5.0


@dataclass(frozen=True, slots=True)
class Row:
    """`cells` names the measurement it comes from, as --rows takes it."""

    key: str
    cells: str
    title: str
    digits: int = 0


def _request_rows(count: int, connections: str) -> Iterable[Row]:
    cells = f"requests-{count}"
    yield Row(f"{cells}.rate", cells, f"requests/s, {connections}")
    yield Row(f"{cells}.cpu", cells, f"CPU per request, {connections}, us", 1)
    yield Row(f"{cells}.capacity", cells, f"requests per CPU second, {connections}")
    yield Row(f"{cells}.busy", cells, f"proxy's core in use, {connections}, %")
    yield Row(f"{cells}.around", cells, f"load's core in use, {connections}, %")
    yield Row(f"{cells}.waited", cells, f"proxy ready but without a core, {connections}, %", 1)


def _event_rows(count: int, streams: str) -> Iterable[Row]:
    cells = f"events-{count}"
    yield Row(f"{cells}.rate", cells, f"events/s, {streams}")
    yield Row(f"{cells}.cpu", cells, f"CPU per event, {streams}, us", 1)
    yield Row(f"{cells}.p50", cells, f"latency p50, {streams}, us")
    yield Row(f"{cells}.p99", cells, f"latency p99, {streams}, us")
    yield Row(f"{cells}.added_p50", cells, f"added latency p50, {streams}, us")
    yield Row(f"{cells}.added_p99", cells, f"added latency p99, {streams}, us")
    yield Row(f"{cells}.waited", cells, f"proxy ready but without a core, {streams}, %", 1)


ROWS: tuple[Row, ...] = (
    *_request_rows(1, "1 connection"),
    *_request_rows(32, "32 connections"),
    *(row for count in STREAMS for row in _event_rows(count, f"{count:,} stream{'s' if count > 1 else ''}")),
    Row("idle.rss", "idle", "resident, idle, MB", 1),
    Row("idle.pss", "idle", "resident, idle, shared pages divided, MB", 1),
    Row("events-1000.rss", "events-1000", "resident, 1,000 open streams, MB", 1),
    Row("growth.calls", "growth", "calls made to see growth"),
    Row("growth.mb", "growth", "resident growth over the last nine tenths of them, MB", 1),
    Row("growth.peak", "growth", "highest resident until then, MB", 1),
    Row("start.ms", "start", "exec to ready, ms"),
)
CELLS = (*dict.fromkeys(row.cells for row in ROWS), "pairs", *kept.CELLS, seen.CELL)


BARS: tuple[Bar, ...] = (
    Bar("requests-32.rate", "relayed", 2.0, "bare", at_least=True),
    Bar("requests-32.capacity", "relayed", 2.0, "bare", at_least=True),
    Bar("requests-32.rate", "translated", 1.5, "bare", at_least=True),
    Bar("requests-32.capacity", "translated", 1.5, "bare", at_least=True),
    *(Bar(f"events-{count}.cpu", "relayed", 1.5, "nginx") for count in STREAMS),
    *(Bar(f"events-{count}.cpu", "translated", 2.0, "nginx") for count in STREAMS),
    Bar("events-128.added_p99", "relayed", 1000),
    Bar("events-128.added_p99", "translated", 1000),
    Bar("idle.rss", "relayed", 50),
    Bar("events-1000.rss", "relayed", 100),
    Bar("events-1000.rss", "translated", 100),
    Bar("growth.mb", "relayed", 2),
    Bar("start.ms", "relayed", 600),
)


def disturbed(results: Results) -> str | None:
    """A warning when something else had the proxies' core: the neighbours tell, having no second thread to wait for."""
    rows = [row for row in results.values if row.endswith(".waited")]
    share = max((results.median(row, name) or 0.0 for row in rows for name in ("nginx", "bare")), default=0.0)
    if share <= QUIET:
        return None
    return f"NOT QUIET: something else had the proxies' core for {share:.0f} % of a cell; run again"


def missed(results: Results) -> list[Bar]:
    return [bar for bar in (*BARS, *PAIR_BARS, *kept.KEPT_BARS, *seen.SEEN_BARS) if results.verdict(bar) == "MISS"]


def align(lines: list[list[str]]) -> list[str]:
    """First column to the left, the others to the right, widths as needed."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(_pad(line, widths)).rstrip() for line in lines]


def _pad(line: list[str], widths: list[int]) -> Iterable[str]:
    for place, (cell, width) in enumerate(zip(line, widths, strict=True)):
        yield cell.rjust(width) if place else cell.ljust(width)


def render(results: Results, notes: Iterable[str]) -> str:
    """The whole printed page: notes, the table of medians, the bars, the table of pairs."""
    warning = disturbed(results)
    tables = [
        table
        for table in (_table(results), _bars(results), lines(results), kept.lines(results), seen.lines(results))
        if table
    ]
    said = [line for table in tables for line in ("", *align(table))]
    return "\n".join([*notes, *([warning] if warning else []), *said, ""])


def _table(results: Results) -> list[list[str]]:
    rows = [row for row in ROWS if row.key in results.values]
    if not rows:
        return []
    return [["", *COLUMNS.values()]] + [[row.title, *(_cell(results, row, c) for c in COLUMNS)] for row in rows]


def _cell(results: Results, row: Row, column: str) -> str:
    value = results.median(row.key, column)
    return results.absent.get(column, "-") if value is None else f"{value:,.{row.digits}f}"


def _bars(results: Results) -> list[list[str]]:
    return [["bar", "limit", "measured", "verdict"]] + [
        [_title(bar), _limit(bar), _measured(bar, results.measured(bar)), results.verdict(bar)] for bar in BARS
    ]


def _title(bar: Bar) -> str:
    row = next(row.title for row in ROWS if row.key == bar.row)
    return f"{COLUMNS[bar.column]}: {row}" + (f", over {COLUMNS[bar.against]}" if bar.against else "")


def _limit(bar: Bar) -> str:
    return f"{'>=' if bar.at_least else '<='} {_measured(bar, bar.limit)}"


def _measured(bar: Bar, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}x" if bar.against else f"{value:,.1f}"
