"""The tables of metrics: each name is one, is given once, and is read from counts of nothing and of something."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from proxy.call import Usage
from proxy.policies.families import COUNTERS, HISTOGRAMS, Family
from proxy.policies.series import Ended, Series

#: https://prometheus.io/docs/concepts/data_model/
NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
#: The names that dashboards know already.
KEPT = {
    "llm_requests_total",
    "llm_requests_success",
    "llm_requests_failure",
    "llm_request_duration_seconds",
    "llm_tokens_prompt",
    "llm_tokens_completion",
    "llm_cache_hits",
    "llm_cache_misses",
    "provider_request_total",
    "provider_request_duration",
    "provider_error_total",
}


def counted() -> Series:
    series = Series({})
    usage = Usage(input=3, output=11)
    series.count(Ended(None, "streaming", 2, 0.5, 0.25, usage, 1.25, cost=Decimal("0.5")))
    series.count(Ended("provider_stream_cut", "streaming", 1, 0.5, 0.25, None, 1.0))
    series.count(Ended("client_gone", "waiting", 1, 0.5, None, None, 1.0))
    return series


def read(name: str, series: Series) -> object:
    [family] = [family for family in (*COUNTERS, *HISTOGRAMS) if family.name == name]
    return family.read(series)


def test_names_are_names_and_each_stands_once() -> None:
    names = [family.name for family in (*COUNTERS, *HISTOGRAMS)]
    assert all(NAME.fullmatch(name) for name in names)
    assert len(set(names)) == len(names)
    assert set(names) >= KEPT


@pytest.mark.parametrize("family", COUNTERS, ids=lambda family: family.name)
def test_a_counter_begins_at_nothing(family: Family) -> None:
    value = family.read(Series({}))
    assert sum(value.values()) == 0 if family.label else value == 0


@pytest.mark.parametrize("family", HISTOGRAMS, ids=lambda family: family.name)
def test_a_histogram_ends_with_all_its_sum_and_its_count(family: Family) -> None:
    value = family.read(counted())
    assert list(value)[-3:] == [float("inf"), "sum", "count"]
    assert value[float("inf")] == value["count"] > 0


def test_what_is_read_is_what_was_counted() -> None:
    series = counted()
    assert read("llm_requests_total", series) == 3
    assert read("llm_requests_failure", series) == {"provider_stream_cut": 1, "client_gone": 1}
    assert read("outrider_stream_cut_total", series) == 1
    assert read("outrider_client_gone_total", series) == {"waiting": 1}
    assert read("outrider_attempts_total", series) == 4
    assert read("outrider_cost_dollars_total", series) == 0.5
