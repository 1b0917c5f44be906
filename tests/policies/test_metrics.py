"""The counting policy over real calls: what each end of one moves."""

from __future__ import annotations

import asyncio

import pytest

from proxy.call import CUT, Call, Failure, Outcome, Usage
from proxy.policies.metrics import Metrics
from proxy.stack import compose
from tests.policies.pages import OPENAI, Clock, names, new_call, pass_call, value


async def test_a_call_that_ends_well() -> None:
    clock = Clock()
    metrics = Metrics(clock)

    async def exchange(call: Call) -> Outcome:
        assert metrics.active == 1
        clock.now += 2.0
        call.upstream_seconds = 1.75
        return Outcome(200, Usage(input=7, cache_read=2, output=5), ttft=0.4)

    outcome = await compose([metrics], exchange)(new_call())
    assert outcome.status == 200
    assert value(metrics, "llm_requests_total") == value(metrics, "llm_requests_success") == 1
    assert value(metrics, "llm_request_duration_seconds_sum") == 2.0
    assert value(metrics, "llm_request_duration_seconds_bucket", le="1.0") == 0
    assert value(metrics, "llm_request_duration_seconds_bucket", le="2.5") == 1
    assert value(metrics, "llm_request_duration_seconds_bucket", le="+Inf") == 1
    assert value(metrics, "provider_request_total") == value(metrics, "outrider_attempts_total") == 1
    assert value(metrics, "provider_request_duration_sum") == 1.75
    assert value(metrics, "outrider_overhead_seconds_sum") == 0.25
    assert value(metrics, "outrider_time_to_first_token_seconds_sum") == 0.4
    assert value(metrics, "llm_tokens_prompt") == 9
    assert value(metrics, "llm_tokens_completion") == 5
    assert value(metrics, "outrider_tokens_total", bucket="cache_read") == 2
    assert metrics.active == 0


async def test_time_counts_from_the_arrival_of_the_call() -> None:
    metrics = Metrics(Clock())
    await pass_call(metrics, new_call(started=97.0), Outcome(200))
    assert value(metrics, "llm_request_duration_seconds_sum") == 3.0


async def test_a_failure_of_the_provider() -> None:
    metrics = Metrics()
    with pytest.raises(Failure, match="overloaded"):
        await pass_call(metrics, new_call(), Failure("provider_overloaded", "busy"))
    assert value(metrics, "llm_requests_failure", kind="provider_overloaded") == 1
    assert value(metrics, "provider_error_total", kind="provider_overloaded") == 1
    assert value(metrics, "llm_requests_total") == 1
    assert value(metrics, "llm_requests_success") == 0


async def test_a_mistake_of_the_caller_is_no_error_of_the_provider() -> None:
    metrics = Metrics()
    with pytest.raises(Failure):
        await pass_call(metrics, new_call(), Failure("invalid_request", "no messages"))
    assert value(metrics, "llm_requests_failure", kind="invalid_request") == 1
    assert "provider_error_total" not in names(metrics)


async def test_a_cut_stream_is_counted() -> None:
    metrics = Metrics()
    with pytest.raises(Failure):
        await pass_call(metrics, new_call(), Failure("provider_stream_cut", "cut"))
    assert value(metrics, "outrider_stream_cut_total") == 1


async def test_a_client_that_leaves_cancels_the_call_and_is_nobodys_failure() -> None:
    metrics = Metrics()
    call = new_call(phase="streaming", usage=Usage(input=4, output=2))

    async def hang(_: Call) -> Outcome:
        await asyncio.Event().wait()
        return Outcome(200)

    async def run() -> None:
        await compose([metrics], hang)(call)

    task = asyncio.create_task(run())
    await asyncio.sleep(0)
    assert metrics.active == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert metrics.active == 0
    assert value(metrics, "outrider_client_gone_total", phase="streaming") == 1
    assert value(metrics, "llm_requests_failure", kind="client_gone") == 1
    assert value(metrics, "llm_tokens_completion") == 2
    assert "provider_error_total" not in names(metrics)


async def test_a_call_that_the_sidecar_cuts_is_not_the_application_s_doing() -> None:
    metrics, call = Metrics(), new_call()

    async def cut(asked: Call) -> Outcome:
        asked.phase = CUT
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await compose([metrics], cut)(call)
    assert value(metrics, "llm_requests_failure", kind="draining") == 1
    assert "outrider_client_gone_total" not in names(metrics)


async def test_an_error_of_ours_is_counted_and_goes_on() -> None:
    metrics = Metrics()

    async def break_down(_: Call) -> Outcome:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await compose([metrics], break_down)(new_call())
    assert value(metrics, "llm_requests_failure", kind="internal_error") == 1
    assert metrics.active == 0


async def test_a_known_model_for_which_no_provider_was_asked_keeps_its_name() -> None:
    metrics = Metrics()
    with pytest.raises(Failure):
        await pass_call(metrics, new_call(target=None, targets=[OPENAI]), Failure("circuit_open", "no"))
    assert value(metrics, "llm_requests_total", provider="none") == 1
