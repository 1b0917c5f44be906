"""The arithmetic of the bench: medians, ratios within rounds, differences, verdicts, and the table that shows them."""

from __future__ import annotations

import pytest

from tests.bench.results import Bar, Results
from tests.bench.table import BARS, COLUMNS, ROWS, align, missed, render

RATE = "requests-32.rate"


def filled(**columns: list[float]) -> Results:
    results = Results()
    for column, values in columns.items():
        for value in values:
            results.add(RATE, column, value)
    return results


def test_the_median_is_over_the_rounds() -> None:
    assert filled(relayed=[9.0, 1.0, 5.0]).median(RATE, "relayed") == 5.0


def test_what_was_not_measured_has_no_median() -> None:
    assert Results().median(RATE, "relayed") is None


def test_a_ratio_is_taken_within_each_round() -> None:
    results = filled(relayed=[10.0, 40.0, 900.0], bare=[5.0, 10.0, 300.0])
    assert results.ratio(RATE, "relayed", "bare") == 3.0  # of 2, 4, 3; the ratio of the medians would be 4


def test_there_is_no_ratio_to_a_column_that_is_absent() -> None:
    assert filled(relayed=[10.0]).ratio(RATE, "relayed", "nginx") is None


def test_there_is_no_ratio_when_a_round_is_missing() -> None:
    assert filled(relayed=[10.0, 11.0], bare=[5.0]).ratio(RATE, "relayed", "bare") is None


def test_a_difference_is_taken_within_each_round() -> None:
    results = filled(relayed=[10.0, 7.0], direct=[4.0, 5.0])
    results.subtract(RATE, "relayed", "direct", "added")
    assert results.rounds("added", "relayed") == [6.0, 2.0]


@pytest.mark.parametrize(
    ("at_least", "value", "verdict"),
    [
        (True, 2.0, "pass"),
        (True, 1.999, "MISS"),
        (False, 2.0, "pass"),
        (False, 2.001, "MISS"),
        (True, None, "not measured"),
        (False, None, "not measured"),
    ],
)
def test_a_bar_counts_its_own_limit_as_met(at_least: bool, value: float | None, verdict: str) -> None:
    assert Bar(RATE, "relayed", 2.0, at_least=at_least).verdict(value) == verdict


def test_only_bars_that_were_measured_can_be_missed() -> None:
    assert missed(Results()) == []
    assert missed(filled(relayed=[19.9], bare=[10.0])) == [Bar(RATE, "relayed", 2.0, "bare", at_least=True)]
    assert missed(filled(relayed=[20.0], bare=[10.0])) == []


def test_every_bar_names_a_row_and_columns_of_the_table() -> None:
    for bar in BARS:
        assert bar.row in {row.key for row in ROWS}
        assert {bar.column, bar.against or "bare"} <= set(COLUMNS)


def test_columns_are_aligned() -> None:
    assert align([["a", "1"], ["bbb", "1,000"]]) == ["a        1", "bbb  1,000"]


def test_the_page_shows_numbers_bars_and_what_is_not_installed() -> None:
    results = filled(relayed=[1234.4], bare=[1000.0])
    results.absent["nginx"] = "not installed"
    page = render(results, ["a note"]).splitlines()
    row = next(line for line in page if line.startswith("requests/s, 32 connections"))
    bar = next(line for line in page if line.startswith("Outrider relayed: requests/s, 32 connections"))
    assert page[0] == "a note"
    assert row.split("connections")[1].split() == ["-", "not", "installed", "1,000", "1,234", "-"]
    assert bar.split()[-4:] == [">=", "2.00x", "1.23x", "MISS"]


def test_a_disturbed_run_says_so() -> None:
    results = Results()
    results.add("requests-32.waited", "bare", 5.1)
    assert "NOT QUIET" in render(results, [])


def test_waiting_for_its_own_second_thread_does_not_count_as_disturbed() -> None:
    results = Results()
    results.add("requests-32.waited", "bare", 4.9)
    results.add("requests-32.waited", "relayed", 30.0)
    assert "NOT QUIET" not in render(results, [])
