"""The row of everything switched on: its configuration is one, its ratios are judged, unmeasured it is no table."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from proxy.config import load
from tests.bench.processes import outrider
from tests.bench.results import Results
from tests.bench.seen import CELL, HEAD, NEIGHBOURS, SEEING, SEEN_BARS, configuration, lines
from tests.bench.table import CELLS, missed, render


def measured(theirs: float, ours: float) -> Results:
    results = Results()
    for column, cost in (*((neighbour, theirs) for neighbour in NEIGHBOURS), (SEEING, ours)):
        results.add(f"{CELL}.cpu", column, cost)
        results.add(f"{CELL}.rate", column, 1e6 / cost)
        results.add(f"{CELL}.capacity", column, 1e6 / cost)
    return results


def test_it_is_one_of_the_cells() -> None:
    assert CELL in CELLS


def test_what_is_switched_on_is_a_configuration(tmp_path: Path) -> None:
    command = outrider(tmp_path, 1, 2, 3, "warning", seen := configuration(tmp_path, 3))
    config = load(command[-1], {})
    assert (config.logging.level, config.tracing.otlp, config.tracing.sample) == ("info", "http://127.0.0.1:3", 0.1)
    assert set(yaml.safe_load(seen)) == {"logging", "tracing"}


@pytest.mark.parametrize(("ours", "verdict"), [(100.0, "pass"), (110.0, "MISS")])
def test_it_is_judged_beside_the_bare_pass_through(ours: float, verdict: str) -> None:
    results = measured(180.0, ours)
    head, first, second = lines(results)
    assert head == HEAD
    assert {len(row) for row in (head, first, second)} == {len(HEAD)}
    assert (first[-1], second[-1]) == (verdict, verdict)
    assert [bar for bar in missed(results) if bar in SEEN_BARS] == ([] if verdict == "pass" else list(SEEN_BARS))
    assert "everything on" in render(results, [])


def test_what_was_not_measured_has_no_table() -> None:
    assert lines(Results()) == []
