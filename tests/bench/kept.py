"""What is measured of the cache, and its table: a kept answer, a request whose answer is not there, streams that share one call.

Each beside the same load on neighbours that keep nothing, Outrider without a cache among them. What is asked fixes its
sampling, so that it is kept unasked; all else of the cache's configuration is the default. Nothing here is started or timed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tests.bench.applications import APPLICATIONS, QUESTION, TURNS
from tests.bench.framing import PLACEHOLDER, dump
from tests.bench.load import BenchError
from tests.bench.results import Bar, Results

HIT, MISS, SHARED = "cache-hit", "cache-miss", "cache-shared"
CACHING = "caching"
#: Those that it is compared with.
NEIGHBOURS = ("nginx", "bare", "relayed")
CONFIGURATION = "cache: {enabled: true}\n"
HEAD = ["Outrider caching", "us each", "over nginx", "over bare", "over relayed", "judged", "", "limit", ""]


def _ask(model: str, stream: bool) -> bytes:
    """The placeholder is where a request says that it is another one."""
    turn = {"role": "user", "content": f"{QUESTION} My trip has the number {PLACEHOLDER.decode()}."}
    body = {"model": model, "messages": [TURNS[0], turn], "max_tokens": 256, "temperature": 0}
    return dump(body | ({"stream": True, "stream_options": {"include_usage": True}} if stream else {}))


#: An application of OpenAI's that would get the same answer each time.
FIXED = APPLICATIONS["openai"]._replace(ask=_ask)


class Line(NamedTuple):
    """A line of the table. `judged`: the bar in words; what is shown beside it is CPU, and ratios of CPU."""

    cell: str
    title: str
    judged: str
    bar: Bar


LINES = (
    Line(
        HIT, "the same request each time", "requests/s over relayed", Bar(f"{HIT}.rate", CACHING, 1.3, "relayed", True)
    ),
    Line(MISS, "another request each time", "CPU over relayed", Bar(f"{MISS}.cpu", CACHING, 1.05, "relayed")),
    Line(SHARED, "an event of 100 equal streams", "CPU over nginx", Bar(f"{SHARED}.cpu", CACHING, 1.2, "nginx")),
)
CELLS = tuple(line.cell for line in LINES)
KEPT_BARS = tuple(line.bar for line in LINES)


def check_asked(cell: str, column: str, asked: int, answers: int) -> None:
    """How often the upstream was asked must be what the cell is named for: once at most, or for each answer."""
    kept = column == CACHING and cell != MISS
    if asked > 1 if kept else asked < answers:
        raise BenchError(f"{cell}, {column}: the upstream was asked {asked:,} times for {answers:,} answers")


def lines(results: Results) -> list[list[str]]:
    """The table: a row for each cell, and nothing where none was measured."""
    if not any(results.rounds(f"{cell}.cpu", CACHING) for cell in CELLS):
        return []
    return [HEAD, *(list(_row(results, line)) for line in LINES)]


def _row(results: Results, line: Line) -> Iterable[str]:
    cost = results.median(f"{line.cell}.cpu", CACHING)
    yield line.title
    yield "-" if cost is None else f"{cost:.1f}"
    for neighbour in NEIGHBOURS:
        yield _ratio(results.ratio(f"{line.cell}.cpu", CACHING, neighbour))
    yield line.judged
    yield _ratio(results.measured(line.bar))
    yield f"{'>=' if line.bar.at_least else '<='} {_ratio(line.bar.limit)}"
    yield results.verdict(line.bar)


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}x"
