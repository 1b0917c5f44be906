"""The counts of one provider and model: how each end of a call moves them, and what follows from them."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.call import KINDS, Usage
from proxy.policies.series import CALL_BOUNDS, Distribution, Ended, Series


def ended(kind: str | None = None, **known: Any) -> Ended:
    plain = {"attempts": 1, "upstream_seconds": 0.5, "usage": None, "ttft": None, "phase": "streaming", "seconds": 1.0}
    return Ended(kind, **plain | known)


@pytest.mark.parametrize(
    ("seconds", "first_bound"), [(0.0, 0.005), (0.005, 0.005), (0.0051, 0.01), (600.0, 600.0), (601.0, float("inf"))]
)
def test_an_observation_counts_from_its_own_bound_upwards(seconds: float, first_bound: float) -> None:
    distribution = Distribution(CALL_BOUNDS)
    distribution.observe(seconds)
    reading = distribution.read()
    assert {bound for bound in (*CALL_BOUNDS, float("inf")) if reading[bound]} == {
        bound for bound in (*CALL_BOUNDS, float("inf")) if bound >= first_bound
    }
    assert (reading["count"], reading["sum"]) == (1, seconds)


def test_a_success_counts_its_time_and_what_we_added_to_it() -> None:
    series = Series({})
    series.count(ended(attempts=2, usage=Usage(input=10, output=3), ttft=0.25, seconds=0.75))
    assert (series.total, series.success, series.attempts) == (1, 1, 2)
    assert (series.duration.sum, series.upstream.sum, series.overhead.sum, series.ttft.sum) == (0.75, 0.5, 0.25, 0.25)


def test_the_pace_of_a_stream_is_the_time_after_the_first_token_by_the_tokens_after_it() -> None:
    series = Series({})
    series.count(ended(ttft=0.5, seconds=2.5, usage=Usage(input=10, output=30, reasoning=11)))
    assert series.pace.count == 1
    assert series.pace.sum == pytest.approx(2.0 / 40)


@pytest.mark.parametrize(
    "known",
    [
        {"usage": Usage(output=5)},  # not a stream
        {"ttft": 0.1, "usage": Usage(input=3, output=1)},  # nothing between
        {"ttft": 0.1},
        {"ttft": 0.1, "usage": Usage(output=5), "kind": "provider_stream_cut"},
    ],
)
def test_there_is_no_pace_where_nothing_is_between_two_tokens(known: dict[str, Any]) -> None:
    series = Series({})
    series.count(ended(**known))
    assert series.pace.count == 0


def test_overhead_is_never_negative() -> None:
    series = Series({})
    series.count(ended(upstream_seconds=2.0))
    assert (series.overhead.sum, series.overhead.count) == (0.0, 1)


def test_usage_adds_up_bucket_by_bucket() -> None:
    series = Series({})
    series.count(ended(usage=Usage(input=10, cache_read=5, output=3, reasoning=2)))
    series.count(ended(usage=Usage(input=1, cache_write=4, audio_output=7)))
    assert series.usage == Usage(input=11, cache_read=5, cache_write=4, output=3, reasoning=2, audio_output=7)
    assert series.tokens["cache_read"] == 5
    assert (series.usage.prompt, series.usage.completion) == (20, 12)


def test_what_was_received_before_a_failure_is_counted() -> None:
    series = Series({})
    series.count(ended("provider_stream_cut", usage=Usage(input=10, output=3), ttft=0.1))
    assert (series.usage.total, series.ttft.count, series.overhead.count) == (13, 1, 0)


def test_a_call_that_reached_no_provider_is_no_request_of_one() -> None:
    series = Series({})
    series.count(ended("invalid_request", attempts=0, upstream_seconds=0.0))
    assert (series.total, series.upstream.count, series.attempts) == (1, 0, 0)


def test_only_the_provider_and_its_key_are_blamed() -> None:
    series = Series({})
    for kind in KINDS:
        series.count(ended(kind))
    assert series.failures == dict.fromkeys(KINDS, 1)
    assert set(series.provider_errors) == {
        "authentication_failed",
        "provider_rate_limited",
        "provider_error",
        "provider_overloaded",
        "provider_stream_cut",
        "timeout",
        "network_error",
    }


def test_a_client_that_left_is_counted_by_phase() -> None:
    series = Series({})
    for phase in ("queued", "streaming", "streaming"):
        series.count(ended("client_gone", phase=phase))
    assert series.gone == {"queued": 1, "streaming": 2}
