"""Whose trace a call belongs to, which calls are followed, and what the provider hears of it."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.promises.caller import chat, until
from tests.promises.scripts import refuses, says
from tests.promises.sidecars import InLoop, openai_like, process, sidecar
from tests.promises.tracing import CALLER, SAMPLED, TRACE, UNSAMPLED, traced
from tests.promises.upstream import Provider
from tests.promises.wires import OPENAI_OPENING, openai_word
from tests.tracing.receiver import Receiver

STATE = "vendor=value, other@system=1"
NONE = {"sample": 0, "errors": False}


async def test_a_caller_s_trace_goes_on(tmp_path: Path) -> None:
    async with traced(tmp_path, says(), tracing={"sample": 0}) as at:
        await at.running.ask(chat(), {"traceparent": SAMPLED, "tracestate": STATE})
        root, [attempt] = await at.collector.call(1)
        assert (root.trace_id, root.parent) == (TRACE, CALLER)
        assert (root.span.trace_state, attempt.span.trace_state) == (STATE, STATE)
        assert (root.span.flags, attempt.span.flags) == (0x301, 0x101)
        [asked] = at.up.requests
        assert asked.headers["traceparent"] == f"00-{TRACE}-{attempt.id}-01"
        assert asked.headers["tracestate"] == STATE
        assert asked.head.lower().count(b"traceparent:") == 1


async def test_a_trace_of_our_own(tmp_path: Path) -> None:
    async with traced(tmp_path, says()) as at:
        for _ in range(2):
            await at.running.ask(chat(), {"tracestate": STATE})
        spans = await at.collector.has(4)
        traces = {span.trace_id for span in spans}
        assert len(traces) == 2
        assert {asked.headers["traceparent"][3:35] for asked in at.up.requests} == traces
        assert all("tracestate" not in asked.headers for asked in at.up.requests), "it says nothing without its parent"


MALFORMED = [
    "",
    "00",
    f"00-{TRACE}-{CALLER}",
    f"00-{TRACE}-{CALLER}-01-more",
    f"ff-{TRACE}-{CALLER}-01",
    f"00-{'0' * 32}-{CALLER}-01",
    f"00-{TRACE}-{'0' * 16}-01",
    f"00-{TRACE.upper()}-{CALLER}-01",
    f"00-{TRACE}-{CALLER}-0g",
    f"00_{TRACE}_{CALLER}_01",
    "00-" + "a" * 5000,
    f"{SAMPLED}, {SAMPLED}",
    "\xff\xfe",
]


@pytest.mark.parametrize("given", MALFORMED)
async def test_what_is_no_traceparent_is_as_good_as_absent(given: str, tmp_path: Path) -> None:
    async with traced(tmp_path, says()) as at:
        assert (await at.running.ask(chat(), {"traceparent": given, "tracestate": STATE})).status == 200
        root, [attempt] = await at.collector.call(1)
        assert root.parent == ""
        assert root.trace_id != TRACE
        [asked] = at.up.requests
        assert asked.headers["traceparent"] == f"00-{root.trace_id}-{attempt.id}-01"
        assert "tracestate" not in asked.headers


async def test_a_later_version_is_read_as_this_one(tmp_path: Path) -> None:
    async with traced(tmp_path, says()) as at:
        await at.running.ask(chat(), {"traceparent": f"cc-{TRACE}-{CALLER}-01-what-the-future-will-be-like"})
        root, _ = await at.collector.call(1)
        assert (root.trace_id, root.parent) == (TRACE, CALLER)


async def not_traced(running: InLoop, provider: Provider, headers: dict[str, str]) -> dict[str, str]:
    assert (await running.ask(chat(), headers)).status == 200
    return {name: value for name, value in provider.requests[-1].headers.items() if name.startswith("trace")}


async def test_a_call_that_is_not_followed_passes_as_it_came(tmp_path: Path) -> None:
    given = {"traceparent": UNSAMPLED, "tracestate": STATE}
    async with traced(tmp_path, says(), tracing={"sample": 1}) as at:
        assert await not_traced(at.running, at.up, given) == given
        await at.running.ask(chat("nobody-has-it"), given)
        await at.running.is_idle()
        assert at.running.sidecar.traces is not None
        assert at.running.sidecar.traces.collector.fill[0] == 0
    assert at.collector.spans == []


async def test_without_tracing_the_headers_pass(tmp_path: Path) -> None:
    given = {"traceparent": SAMPLED, "tracestate": STATE}
    async with Provider(says()) as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}) as running:
        assert running.sidecar.traces is None
        assert await not_traced(running, provider, given) == given
        assert await not_traced(running, provider, {}) == {}


async def test_the_dice_decide_where_the_caller_does_not(tmp_path: Path) -> None:
    async with traced(tmp_path, says(), tracing={"sample": 0.5}) as at:
        caller = await at.running.caller()
        for _ in range(100):
            await caller.ask(chat())
        await at.running.is_idle()
        followed = [asked for asked in at.up.requests if "traceparent" in asked.headers]
        assert 20 < len(followed) < 80
        spans = await at.collector.has(2 * len(followed))
        assert {asked.headers["traceparent"][3:35] for asked in followed} == {span.trace_id for span in spans}


async def test_a_caller_need_not_be_heeded(tmp_path: Path) -> None:
    """Then the identifier decides, for all who go by the same ratio alike."""
    low, high = "0" * 15 + "1" + "0" * 15 + "1", "0" * 15 + "1" + "f" * 16
    async with traced(tmp_path, says(), tracing={"sample": 0.5, "parent": False, "errors": False}) as at:
        for trace, flag in ((low, "00"), (high, "01")):
            await at.running.ask(chat(), {"traceparent": f"00-{trace}-{CALLER}-{flag}"})
        root, _ = await at.collector.call(1)
        assert (root.trace_id, root.parent) == (low, CALLER)


async def test_failures_are_told_although_the_dice_left_them_out(tmp_path: Path) -> None:
    async with traced(tmp_path, refuses(500), tracing={"sample": 0}) as at:
        assert (await at.running.ask(chat())).status == 502
        root, [] = await at.collector.call(0)
        assert root.attributes["error.type"] == "provider_error"
        assert root.attributes["provider.name"] == "up"
        assert root.seconds > 0
        await at.running.ask({**chat(), "temperature": "warm"})
        await at.running.ask(chat(), {"traceparent": UNSAMPLED})
        await at.running.is_idle()
    assert len(at.collector.spans) == 1, "neither a caller's mistake, nor what its caller does not follow"


async def test_failures_are_left_out_where_that_is_said(tmp_path: Path) -> None:
    async with traced(tmp_path, refuses(500), tracing=NONE) as at:
        assert (await at.running.ask(chat())).status == 502
    assert at.collector.spans == []


async def test_the_end_waits_for_spans_and_a_dead_collector_is_said_once(tmp_path: Path) -> None:
    """All that is told when nobody listens: two lines of the log, and a count."""
    async with traced(tmp_path, says(), tracing={"delay": 600}) as at:
        await at.running.ask(chat())
        await at.running.is_idle()
        assert at.collector.spans == []
    assert len(at.collector.spans) == 2

    async with Provider(says()) as provider:
        entries = {"up": openai_like(provider.url)}
        dead = {"otlp": "http://127.0.0.1:9", "delay": 0.01, "queue": 10}
        async with sidecar(tmp_path, entries, tracing=dead) as running:
            for _ in range(20):
                assert (await running.ask(chat())).status == 200

            async def dropped() -> bool:
                return await running.counted("outrider_spans_total", result="dropped") == 30

            await until(dropped)
            assert await running.counted("outrider_bound_fill", bound="spans") == 10
            assert await running.counted("outrider_bound_limit", bound="spans") == 10
    said = [line for line in map(orjson.loads, running.log().splitlines()) if "span" in line.get("message", "")]
    assert [line["message"] for line in said] == [
        "spans do not get through to the collector",
        "spans are lost: the collector did not take them before the end",
    ]
    assert said[1]["spans"] == 10


async def test_a_process_that_ends_tells_what_it_has_cut(tmp_path: Path) -> None:
    tracing = {"delay": 600, "headers": {"authorization": "Bearer the-collector-s-token"}}
    async with Receiver() as collector, Provider() as provider:
        up = {"up": openai_like(provider.url)}
        said = {**tracing, "otlp": collector.url}
        async with process(tmp_path, up, tracing=said, drain={"grace": 0.1}, logging={"level": "debug"}) as running:
            await running.ask(chat("mock"))
            caller = await running.caller()
            caller.post(chat(stream=True))
            link = (await provider.asked()).link
            link.start()
            link.chunk(OPENAI_OPENING + openai_word("first"))
            await caller.head()
            running.stop()
            assert await running.ended() == 0
        cut = [span for span in collector.spans if span.attributes["provider.name"] == "up"]
        assert [span.attributes["error.type"] for span in cut] == ["draining", "draining"]
        mock = [span.attributes["gen_ai.provider.name"] for span in collector.spans if span not in cut]
        assert mock == ["mock", "mock"]
        assert collector.requests[0].headers["authorization"] == "Bearer the-collector-s-token"
    assert "the-collector-s-token" not in running.log()
