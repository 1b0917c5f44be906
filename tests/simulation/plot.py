"""Line plots as SVG, by hand: the same numbers give the same bytes. Readable on light and on dark, and without colours.

A line is told by its colour, its dashes and its name in the legend. It knows nothing of what is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import pairwise
from math import log10
from typing import NamedTuple

WIDTH, HEIGHT = 720.0, 380.0
LEFT, RIGHT, BOTTOM = 64.0, 24.0, 52.0
#: The title, then so much for each row of the legend, then air.
TITLE, ROW, AIR = 40.0, 20.0, 16.0
#: Entries of the legend that stand beside each other: three where all are as short as this, else two.
SHORT = 22

#: (light, dark): near those that Okabe and Ito found to be told apart by most, https://jfly.uni-koeln.de/color/.
COLOURS = (
    ("#0072b2", "#56b4e9"),
    ("#c04a00", "#ff9d5c"),
    ("#007a5a", "#2fd6a3"),
    ("#a34c83", "#e6a3cb"),
    ("#6b5d00", "#f0e442"),
    ("#444444", "#bbbbbb"),
)
DASHES = ("", "7 4", "2 3", "11 4 2 4", "5 2", "1 4")


class Line(NamedTuple):
    """`points` are (x, y), from left to right; `step`: it stays where it is until the next one."""

    name: str
    points: Sequence[tuple[float, float]]
    step: bool = False


class Axis(NamedTuple):
    """`ticks` from the least to the most that is shown; `show` puts one into words."""

    name: str
    ticks: Sequence[float]
    log: bool = False
    show: Callable[[float], str] = "{:g}".format

    def place(self, value: float) -> float:
        """0 to 1; what is outside goes to the edge."""
        least, most = self._scaled(self.ticks[0]), self._scaled(self.ticks[-1])
        at = self._scaled(max(value, self.ticks[0])) if self.log else value
        return min(max((at - least) / (most - least), 0.0), 1.0)

    def _scaled(self, value: float) -> float:
        return log10(value) if self.log else value


class Band(NamedTuple):
    """A stretch of x in which something was different, and what."""

    start: float
    end: float
    name: str


class Plot(NamedTuple):
    """`says` is for who cannot see it."""

    title: str
    says: str
    x: Axis
    y: Axis
    lines: Sequence[Line]
    bands: Sequence[Band] = ()


def percent(value: float) -> str:
    return f"{value * 100:g} %"


def render(plot: Plot) -> str:
    return "\n".join([*head(plot), *bands(plot), *grid(plot), *curves(plot), *legend(plot), "</svg>", ""])


def head(plot: Plot) -> Iterator[str]:
    size = f'width="{WIDTH:g}" height="{HEIGHT:g}" viewBox="0 0 {WIDTH:g} {HEIGHT:g}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title desc">'
    yield f'<title id="title">{escape(plot.title)}</title>'
    yield f'<desc id="desc">{escape(plot.says)}</desc>'
    yield f"<style>{style(0, '#ffffff', '#1b1f24', '#d5d9de', '#eef1f5', '#57606a')}"
    yield f"@media (prefers-color-scheme: dark) {{{style(1, '#0d1117', '#e6edf3', '#30363d', '#1c232c', '#9198a1')}}}</style>"
    yield f'<rect class="paper" width="{WIDTH:g}" height="{HEIGHT:g}" rx="6"/>'
    yield text(LEFT, 26, plot.title, "head")


def style(dark: int, paper: str, ink: str, rule: str, band: str, soft: str) -> str:
    strokes = "".join(f".c{number}{{stroke:{pair[dark]}}}" for number, pair in enumerate(COLOURS))
    return (
        f".paper{{fill:{paper}}}.band{{fill:{band}}}.rule{{stroke:{rule}}}text{{fill:{ink};font:13px system-ui,sans-serif}}"
        f".head{{font-size:16px;font-weight:600}}.soft{{fill:{soft}}}.line{{fill:none;stroke-width:2.2;stroke-linejoin:round}}{strokes}"
    )


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start", more: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{named} text-anchor="{anchor}"{more}>{escape(words)}</text>'


# ---- where things are


def top(plot: Plot) -> float:
    rows = -(-len(plot.lines) // columns(plot))
    return TITLE + rows * ROW + AIR


def columns(plot: Plot) -> int:
    return 3 if max(len(line.name) for line in plot.lines) <= SHORT else 2


def across(plot: Plot, x: float) -> float:
    return LEFT + plot.x.place(x) * (WIDTH - LEFT - RIGHT)


def down(plot: Plot, y: float) -> float:
    return HEIGHT - BOTTOM - plot.y.place(y) * (HEIGHT - BOTTOM - top(plot))


# ---- what stands there


def bands(plot: Plot) -> Iterator[str]:
    for start, end, name in plot.bands:
        left, right = across(plot, start), across(plot, end)
        tall = HEIGHT - BOTTOM - top(plot)
        yield f'<rect class="band" x="{left:.1f}" y="{top(plot):.1f}" width="{right - left:.1f}" height="{tall:.1f}"/>'
        yield text(left + 6, top(plot) + 16, name, "soft")


def grid(plot: Plot) -> Iterator[str]:
    floor = HEIGHT - BOTTOM
    for tick in plot.y.ticks:
        y = down(plot, tick)
        yield f'<path class="rule" d="M{LEFT:.1f} {y:.1f}H{WIDTH - RIGHT:.1f}"/>'
        yield text(LEFT - 8, y + 4.5, plot.y.show(tick), "soft", "end")
    for tick in plot.x.ticks:
        x = across(plot, tick)
        yield f'<path class="rule" d="M{x:.1f} {floor:.1f}v5"/>'
        yield text(x, floor + 20, plot.x.show(tick), "soft", "middle")
    yield text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, plot.x.name, "", "middle")
    middle = (top(plot) + floor) / 2
    yield text(16, middle, plot.y.name, "", "middle", f' transform="rotate(-90 16 {middle:.1f})"')


def curves(plot: Plot) -> Iterator[str]:
    for number, line in enumerate(plot.lines):
        places = [(across(plot, x), down(plot, y)) for x, y in line.points]
        yield stroke(number, path(places, line.step))


def path(places: Sequence[tuple[float, float]], step: bool) -> str:
    drawn = "M{:.1f} {:.1f}".format(*places[0])
    for (_, before), (x, y) in pairwise(places):
        drawn += f"H{x:.1f}V{y:.1f}" if step and before != y else f"H{x:.1f}" if before == y else f"L{x:.1f} {y:.1f}"
    return drawn


def stroke(number: int, drawn: str) -> str:
    dash = f' stroke-dasharray="{DASHES[number]}"' if DASHES[number] else ""
    return f'<path class="line c{number}"{dash} d="{drawn}"/>'


def legend(plot: Plot) -> Iterator[str]:
    beside = columns(plot)
    wide = (WIDTH - LEFT - RIGHT) / beside
    for number, line in enumerate(plot.lines):
        x, y = LEFT + number % beside * wide, TITLE + number // beside * ROW + 8
        yield stroke(number, f"M{x:.1f} {y:.1f}h30")
        yield text(x + 36, y + 4.5, line.name)
