"""The plots in the documents are the ones that are drawn now, and a plot is what it says."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.simulation.__main__ import PLOTS, differing, main
from tests.simulation.drawings import DRAWINGS
from tests.simulation.plot import COLOURS, DASHES, WIDTH, Axis, Band, Line, Plot, percent, render

TEXT = (PLOTS.parent / "simulation.md").read_text("utf-8")
SVG = "{http://www.w3.org/2000/svg}"
LARGEST = 30_000


def plot(*lines: Line, log: bool = False) -> Plot:
    y = Axis("share", [0.01, 0.1, 1] if log else [0, 0.5, 1], log, percent)
    return Plot("A < B", "what is seen", Axis("seconds", [0, 10]), y, lines, [Band(2, 4, "dead")])


def curve(drawn: str) -> str:
    """The first one."""
    return next(re.finditer(r'class="line c0" d="([^"]*)"', drawn))[1]


def test_the_plots_are_those_that_are_drawn_now() -> None:
    stale = [path.name for path in differing(PLOTS)]
    assert not stale, f"{', '.join(stale)}: draw them with `python -m tests.simulation --write`, and look at them"


def test_each_has_its_place_and_its_caption() -> None:
    assert {path.stem for path in PLOTS.glob("*")} == DRAWINGS.keys()
    for name in DRAWINGS:
        assert re.search(rf"!\[[^\]]+\]\(plots/{name}\.svg\)\n\n\*[^*]+\*\n", TEXT), f"{name} has no caption"


@pytest.mark.parametrize("path", sorted(PLOTS.glob("*.svg")), ids=lambda path: path.stem)
def test_each_is_small_whole_and_needs_nothing_from_elsewhere(path: Path) -> None:
    data = path.read_text("utf-8")
    assert len(data) < LARGEST
    root = ElementTree.fromstring(data)
    assert root.find(f"{SVG}title") is not None
    assert root.find(f"{SVG}desc") is not None
    assert "prefers-color-scheme: dark" in data
    assert not re.search(r"href|url\(|<script|nan|inf\b", data)


def test_writing_is_telling_and_then_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tests.simulation.__main__.PLOTS", tmp_path / "plots")
    monkeypatch.setattr("tests.simulation.__main__.DRAWINGS", {"one": lambda: plot(Line("a", [(0, 0), (10, 1)]))})
    assert main([]) == 1
    assert "differs" in capsys.readouterr().out
    assert main(["--write"]) == 0
    assert "written" in capsys.readouterr().out
    assert main([]) == 0
    assert capsys.readouterr().out == ""


def test_a_line_goes_from_corner_to_corner() -> None:
    drawn = curve(render(plot(Line("a", [(0, 0), (5, 0.5), (10, 1)]))))
    assert drawn == "M64.0 328.0L380.0 202.0L696.0 76.0"


def test_what_is_outside_stays_at_the_edge() -> None:
    assert curve(render(plot(Line("a", [(-5, -1), (20, 7)])))) == "M64.0 328.0L696.0 76.0"


def test_a_tenth_is_half_way_down_to_a_hundredth() -> None:
    assert (
        curve(render(plot(Line("a", [(0, 0.01), (5, 0.1), (10, 0.0)]), log=True)))
        == "M64.0 328.0L380.0 202.0L696.0 328.0"
    )


def test_a_step_stays_until_the_next() -> None:
    assert curve(render(plot(Line("a", [(0, 0), (5, 1), (10, 1)], step=True)))) == "M64.0 328.0H380.0V76.0H696.0"


def test_words_are_escaped_and_every_line_is_in_the_legend_inside_the_picture() -> None:
    lines = [Line(f"number {number} & more", [(0, 0), (10, 1)]) for number in range(6)]
    drawn = render(plot(*lines))
    assert "A &lt; B" in drawn
    assert "number 5 &amp; more" in drawn
    places = [float(x) for x in re.findall(r'<text x="([\d.]+)"', drawn)]
    assert max(places) <= WIDTH
    assert len(COLOURS) == len(DASHES) == len(lines)
