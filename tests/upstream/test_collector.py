"""Spans are queued and sent, whatever the collector does; nobody waits for it, nothing grows, and what is lost is counted."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from proxy.tracing.otlp import SERVER, SpanData, render_resource, render_scope, render_span
from proxy.upstream import collector as module
from proxy.upstream.collector import DROPPED, LOST, REFUSED, SENT, Collector, Destination
from tests.promises.caller import until
from tests.tracing.receiver import Answer, Receiver, partly, takes
from tests.upstream.certificates import Authority

BEGIN = render_resource({"service.name": "test"}), render_scope("scope", "1")


def span(name: str = "a", text: str = "") -> bytes:
    attributes = {"text": text} if text else {}
    data = SpanData("0" * 31 + "1", "0" * 15 + "1", "", False, "", name, SERVER, 1.0, 2.0, attributes)
    return render_span(data)


def sender(url: str, **more: Any) -> Collector:
    said = {"delay": 0.01, "timeout": 5.0, **more}
    return Collector(Destination(f"{url}/v1/traces", {"x-token": "secret"}, **said), BEGIN, lambda: 0.0, time.time)


@asynccontextmanager
async def sending(*answers: Answer, close: float = 1.0, **more: Any) -> AsyncIterator[tuple[Collector, Receiver]]:
    async with Receiver(*answers) as receiver:
        collector = sender(receiver.url, **more)
        collector.start()
        try:
            yield collector, receiver
        finally:
            await collector.close(close)


def answers(status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers=headers, body=body)

    return answer


def raw(data: bytes) -> Answer:
    """Whatever is said, and then the connection ends."""

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.write(data)
        request.transport.close()
        return web.Response(status=500)

    return answer


async def hangs(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(60)
    raise AssertionError("nobody waits as long")


async def trickles(request: web.Request) -> web.StreamResponse:
    """An answer without an end."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"\x08" * 4096)
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT", 0.01)


async def test_what_gathers_goes_in_one_request() -> None:
    async with sending() as (collector, receiver):
        for name in "abc":
            collector.put(span(name))
        assert [each.name for each in await receiver.has(3)] == ["a", "b", "c"]
        assert len(receiver.requests) == 1
        assert receiver.requests[0].headers["x-token"] == "secret"
        assert receiver.spans[0].resource == {"service.name": "test"}
        await until(lambda: collector.counted[SENT] == 3)
        assert collector.fill == (0, 2048)


async def test_a_full_batch_waits_for_nobody() -> None:
    async with sending(delay=600, batch=3) as (collector, receiver):
        for name in "abcdefgh":
            collector.put(span(name))
        await receiver.has(6)
        assert [len(body) for body in receiver.bodies] == [len(receiver.bodies[0])] * 2
    assert [each.name for each in receiver.spans] == list("abcdefgh"), "the rest goes at the end"


async def test_gzip() -> None:
    async with sending(gzip=True) as (collector, receiver):
        collector.put(span("a", "x" * 5000))
        [received] = await receiver.has(1)
        assert received.attributes == {"text": "x" * 5000}
        assert receiver.requests[0].headers["content-encoding"] == "gzip"
        assert int(receiver.requests[0].headers["content-length"]) < 1000


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_what_passes_is_tried_again(status: int) -> None:
    async with sending(answers(status), answers(status), takes) as (collector, receiver):
        collector.put(span())
        await receiver.has(1)
        assert len(receiver.requests) == 3
        await until(lambda: collector.counted[SENT] == 1)


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 408, 413, 500, 501])
async def test_what_is_refused_is_not(status: int) -> None:
    async with sending(answers(status, {"location": "/elsewhere"}), takes) as (collector, receiver):
        collector.put(span("a"))
        await until(lambda: collector.counted[REFUSED] == 1)
        collector.put(span("b"))
        assert [each.name for each in await receiver.has(1)] == ["b"]
        assert len(receiver.requests) == 2


async def test_a_wait_that_is_ordered_is_waited() -> None:
    async with sending(answers(503, {"retry-after": "0.3"}), takes) as (collector, receiver):
        began = time.monotonic()
        collector.put(span())
        await receiver.has(1)
        assert time.monotonic() - began >= 0.3


async def test_a_wait_without_measure_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_WAIT", 0.05)
    async with sending(answers(429, {"retry-after": "86400"}), takes) as (collector, receiver):
        collector.put(span())
        await receiver.has(1)


async def test_what_never_passes_is_lost() -> None:
    async with sending(answers(503)) as (collector, receiver):
        collector.put(span())
        await until(lambda: collector.counted[LOST] == 1)
        assert len(receiver.requests) == module.ATTEMPTS
        assert collector.fill[0] == 0


async def test_spans_that_are_rejected_are_counted_and_not_sent_again(caplog: pytest.LogCaptureFixture) -> None:
    partial = answers(200, body=partly(1, "too\nlong"))
    async with sending(partial) as (collector, receiver):
        for _ in range(2):
            collector.put(span())
        await until(lambda: collector.counted[SENT] == 1)
        assert collector.counted[REFUSED] == 1
        collector.put(span())
        await until(lambda: len(receiver.requests) == 2)
    told = [record for record in caplog.records if "does not take all" in record.message]
    assert [(each.spans, each.said) for each in told] == [(1, "toolong")]  # type: ignore[attr-defined]


HOSTILE: dict[str, Answer] = {
    "no answer": raw(b""),
    "no HTTP": raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "half a head": raw(b"HTTP/1.1 200 OK\r\ncontent-le"),
    "half a body": raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc"),
    "a head without end": raw(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000),
    "a status that is none": raw(b"HTTP/1.1 99999 OK\r\n\r\n"),
}
LYING: dict[str, Answer] = {
    "garbage": answers(200, body=b"\xff" * 100),
    "HTML": answers(200, {"content-type": "text/html"}, b"<html>hello</html>"),
    "gzip that is none": answers(200, {"content-encoding": "gzip"}, b"nope"),
    "more rejected than sent": answers(200, body=partly(2**62, "")),
    "fewer than none": answers(200, body=partly(-1, "x")),
    "no content": answers(204),
    "without end": trickles,
}


@pytest.mark.parametrize("how", HOSTILE)
async def test_what_is_no_answer_is_tried_again(how: str) -> None:
    async with sending(HOSTILE[how], takes) as (collector, receiver):
        collector.put(span())
        await receiver.has(1)


@pytest.mark.parametrize("how", LYING)
async def test_an_answer_that_makes_no_sense_ends_the_matter(how: str) -> None:
    async with sending(LYING[how]) as (collector, receiver):
        collector.put(span())
        await until(lambda: collector.fill[0] == 0)
        assert sum(collector.counted.values()) == 1
        assert min(collector.counted.values()) == 0
        assert len(receiver.requests) == 1


async def test_ten_thousand_spans_are_bounded_while_nobody_takes_them() -> None:
    async with sending(hangs, close=0.05, timeout=0.2) as (collector, _):
        for _ in range(10_000):
            collector.put(span())
        assert collector.fill == (2048, 2048)
        assert collector.counted[DROPPED] == 10_000 - 2048
    assert collector.counted[LOST] == 2048
    assert sum(collector.counted.values()) == 10_000


async def test_bytes_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 10_000)
    monkeypatch.setattr(module, "LARGEST_REQUEST", 3_000)
    async with sending() as (collector, receiver):
        for _ in range(20):
            collector.put(span(text="x" * 900))
        kept = 10_000 // len(span(text="x" * 900))
        assert (collector.fill[0], collector.counted[DROPPED]) == (kept, 20 - kept)
        await receiver.has(kept)
        assert max(map(len, receiver.bodies)) < 4_100
        await until(lambda: collector.counted[SENT] == kept)
        collector.put(span(text="x" * 900))
        await receiver.has(kept + 1)


async def test_nobody_waits_for_a_collector_that_does_not_answer() -> None:
    async with sending(hangs, close=0.1) as (collector, receiver):
        collector.put(span())
        await until(lambda: len(receiver.requests) == 1)
        began = time.monotonic()
        for _ in range(100):
            collector.put(span())
            await asyncio.sleep(0)
        assert time.monotonic() - began < 0.5
    assert collector.counted[LOST] == 101


async def test_a_collector_that_comes_late_gets_what_waits(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with Receiver() as receiver:
        port = receiver.port
    collector = sender(f"http://127.0.0.1:{port}")
    collector.start()
    collector.put(span("a"))
    await until(lambda: any("do not get through" in record.message for record in caplog.records))
    late = Receiver()
    late.port = port
    async with late:
        await late.has(1)
        await until(lambda: collector.counted[SENT] == 1)
        await collector.close(1)
    said = [record.message for record in caplog.records if record.name == module.__name__]
    assert said == [
        "spans do not get through to the collector",
        "spans get through to the collector again",
    ]


async def test_the_end_sends_what_was_being_sent() -> None:
    gate = asyncio.Event()

    async def waits(request: web.Request) -> web.StreamResponse:
        await gate.wait()
        raise AssertionError("it was left")

    async with sending(waits, takes) as (collector, receiver):
        collector.put(span("a"))
        await until(lambda: len(receiver.requests) == 1)
        collector.put(span("b"))
    assert sorted(each.name for each in receiver.spans) == ["a", "b"]
    assert collector.counted[SENT] == 2


async def test_the_end_of_one_that_was_never_started() -> None:
    collector = sender("http://127.0.0.1:9")
    await collector.close(1)
    assert sum(collector.counted.values()) == 0


async def test_the_environment_s_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Receiver() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        collector = sender("http://collector.example:4318")
        collector.start()
        collector.put(span())
        await proxy.has(1)
        await collector.close(1)
        assert proxy.requests[0].headers["host"] == "collector.example:4318"


async def test_tls(trusted: Authority) -> None:
    receiver = Receiver()
    receiver.tls = trusted.server()
    async with receiver:
        collector = sender(receiver.url)
        collector.start()
        collector.put(span())
        await receiver.has(1)
        await collector.close(1)


async def test_a_certificate_that_nobody_has_signed(authority: Authority, caplog: pytest.LogCaptureFixture) -> None:
    receiver = Receiver()
    receiver.tls = authority.server()
    async with receiver:
        collector = sender(receiver.url)
        collector.start()
        collector.put(span())
        await until(lambda: collector.counted[LOST] == 1)
        await collector.close(1)
    assert receiver.requests == []
    assert [record.why for record in caplog.records if "get through" in record.message] == [  # type: ignore[attr-defined]
        "ClientConnectorCertificateError"
    ]
