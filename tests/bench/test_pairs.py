"""The table of pairs: every dialect on either side, bars by what is spoken, the worst of verdicts."""

from __future__ import annotations

import pytest

from tests.bench.applications import APPLICATIONS
from tests.bench.pairs import EVENTS, MODELS, PAIRS, REQUESTS, Pair, lines
from tests.bench.results import Results
from tests.bench.table import missed, render
from tests.bench.wires import WIRES


def measured(rate: float, capacity: float, event: float, pair: Pair) -> Results:
    """What a pair makes of neighbours that need 100 us and 10 us."""
    results = Results()
    for row, values in {
        f"{REQUESTS}.rate": (1000.0, rate),
        f"{REQUESTS}.capacity": (1000.0, capacity),
        f"{REQUESTS}.cpu": (100.0, 1e5 / capacity),
    }.items():
        for column, value in zip(("bare", pair.name), values, strict=True):
            results.add(row, column, value)
    results.add(f"{EVENTS}.cpu", "nginx", 10.0)
    results.add(f"{EVENTS}.cpu", pair.name, event)
    return results


def test_every_dialect_is_asked_and_answers() -> None:
    assert {pair.application for pair in PAIRS} == APPLICATIONS.keys()
    assert {pair.provider for pair in PAIRS} == WIRES.keys() == MODELS.keys()
    assert len(set(PAIRS)) == len(PAIRS)


@pytest.mark.parametrize(
    ("pair", "requests", "events"),
    [
        (Pair("anthropic", "anthropic"), 2.0, 1.5),
        (Pair("bedrock", "bedrock"), 2.0, 1.5),
        (Pair("gemini", "openai"), 1.5, 2.0),
        (Pair("bedrock", "openai"), 1.5, 2.5),
        (Pair("openai", "bedrock"), 1.5, 2.5),
    ],
)
def test_the_bars_are_by_what_is_spoken(pair: Pair, requests: float, events: float) -> None:
    assert [bar.limit for bar in pair.request_bars()] == [requests, requests]
    assert pair.event_bar().limit == events


def test_a_row_shows_costs_ratios_and_verdicts() -> None:
    pair = Pair("gemini", "openai")
    row = next(line for line in lines(measured(1600, 1500, 20.5, pair)) if line[0] == pair.name)
    assert row[1:] == ["66.7", "1.60x", "1.50x", ">= 1.50x", "pass", "20.5", "2.05x", "<= 2.00x", "MISS"]


def test_one_bar_missed_of_two_is_missed() -> None:
    pair = Pair("gemini", "openai")
    results = measured(1600, 1400, 19.0, pair)
    assert [bar.row for bar in missed(results)] == [f"{REQUESTS}.capacity"]
    assert "MISS" in next(line for line in lines(results) if line[0] == pair.name)


def test_the_page_has_the_pairs_only_when_they_were_measured() -> None:
    assert lines(Results()) == []
    assert "gemini -> openai" not in render(Results(), [])
    page = render(measured(1600, 1500, 19.0, Pair("gemini", "openai")), [])
    assert "gemini -> openai" in page
    absent = next(line for line in page.splitlines() if line.startswith("anthropic -> gemini"))
    assert absent.split()[3:6] == ["-", "-", "-"]
