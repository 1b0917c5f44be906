"""What is measured of being seen: an Outrider that tells all there is, a line in a file for each call and one in ten traced.

Beside the bare pass-through, which tells nothing. The collector is the fake upstream, which takes whatever it is sent.
"""

from __future__ import annotations

from pathlib import Path

from tests.bench.results import Bar, Results

CELL, SEEING = "seen", "seeing"
NEIGHBOURS = ("nginx", "bare", "relayed")
CONFIGURATION = """\
logging: {{level: info, format: json, file: "{file}"}}
tracing: {{otlp: "http://127.0.0.1:{upstream}", sample: 0.1}}
"""
HEAD = ["Outrider with everything on", "us each", "over nginx", "over bare", "over relayed", "judged", "", "limit", ""]
SEEN_BARS = (
    Bar(f"{CELL}.rate", SEEING, 1.7, "bare", at_least=True),
    Bar(f"{CELL}.capacity", SEEING, 1.7, "bare", at_least=True),
)
JUDGED = ("requests/s over bare", "requests/s of CPU over bare")


def configuration(folder: Path, upstream: int) -> str:
    return CONFIGURATION.format(file=folder / "calls.log", upstream=upstream)


def lines(results: Results) -> list[list[str]]:
    """The table; nothing where it was not measured."""
    cost = results.median(f"{CELL}.cpu", SEEING)
    if cost is None:
        return []
    ratios = [_ratio(results.ratio(f"{CELL}.cpu", SEEING, neighbour)) for neighbour in NEIGHBOURS]
    rows = []
    for place, (bar, judged) in enumerate(zip(SEEN_BARS, JUDGED, strict=True)):
        first = ["metrics, log to a file, traces of 10 %", f"{cost:.1f}", *ratios] if not place else [""] * 5
        rows.append([*first, judged, _ratio(results.measured(bar)), f">= {_ratio(bar.limit)}", results.verdict(bar)])
    return [HEAD, *rows]


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}x"
