"""The mock over its real socket pair, on asyncio's loop and on uvloop's."""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from proxy.upstream.mock import MockSettings
from proxy.upstream.mock import server as module
from proxy.upstream.mock.server import MockServer
from tests.upstream.mock.playing import AT_ONCE, Answer, Client, chat, http

LAST = b"0\r\n\r\n"


@pytest.fixture
async def server() -> AsyncIterator[MockServer]:
    found = MockServer(AT_ONCE)
    yield found
    found.close()
    await settled(lambda: found.connections == 0)
    assert found.active == 0


async def settled(condition: Callable[[], bool]) -> None:
    """Let the loop turn until `condition` holds; it depends on callbacks alone, so there is nothing to wait on."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0)


def streamed(model: str, **fields: Any) -> bytes:
    return http(chat(model=model, stream=True, **fields))


async def test_several_requests_on_one_connection(server: MockServer) -> None:
    transport, client = await server.connect(Client)
    for number in range(3):
        transport.write(http(chat(f"number {number}")))
        answer = await client.answer()
        assert f"number {number}" in answer.json["choices"][0]["message"]["content"]
    transport.write(streamed("mock"))
    assert (await client.answer()).data[-1] == b"[DONE]"
    assert (server.requests, server.connections, server.active, server.cancelled) == (4, 1, 0, 0)
    transport.close()
    await settled(lambda: server.connections == 0)
    assert server.cancelled == 0


async def test_a_request_in_any_pieces(server: MockServer) -> None:
    body = http(chat("pieces"))
    for size in (1, 7, len(body) - 1):
        transport, client = await server.connect(Client)
        for start in range(0, len(body), size):
            transport.write(body[start : start + size])
            await asyncio.sleep(0)
        assert (await client.answer()).status == 200


async def test_a_chunked_request(server: MockServer) -> None:
    transport, client = await server.connect(Client)
    body = http(chat("pieces")).partition(b"\r\n\r\n")[2]
    transport.write(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
    transport.write(b"5\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (body[:5], len(body) - 5, body[5:]))
    assert (await client.answer()).status == 200


async def test_the_list_of_models_and_unknown_paths(server: MockServer) -> None:
    transport, client = await server.connect(Client)
    transport.write(http(b"", "/v1/models?limit=1", "GET"))
    assert (await client.answer()).json["object"] == "list"
    for method, path in (("POST", "/v1/moderations"), ("GET", "/v1/chat/completions"), ("GET", "/")):
        transport.write(http(b"", path, method))
        answer = await client.answer()
        assert (answer.status, answer.json["error"]["code"]) == (404, "unknown_url")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"\\ud800"', b"\xff", b"[" * 5000, b'{"model":"mock"}'])
async def test_a_bad_body_is_a_400_and_the_connection_lives(server: MockServer, body: bytes) -> None:
    transport, client = await server.connect(Client)
    transport.write(http(body))
    answer = await client.answer()
    assert (answer.status, answer.json["error"]["type"]) == (400, "invalid_request_error")
    transport.write(http(chat()))
    assert (await client.answer()).status == 200


async def test_what_is_not_http_is_refused(server: MockServer) -> None:
    transport, client = await server.connect(Client)
    transport.write(b"hello\r\n\r\n")
    answer = Answer(await client.ended())
    assert (answer.status, answer.headers["connection"]) == (400, "close")


async def test_connection_close_is_honoured(server: MockServer) -> None:
    transport, client = await server.connect(Client)
    transport.write(http(chat(), extra="connection: close\r\n"))
    assert Answer(await client.ended()).status == 200


async def test_a_body_over_the_limit_is_read_and_refused(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BODY_LIMIT", 1000)
    transport, client = await server.connect(Client)
    transport.write(http(chat("x" * 1000)))
    assert (await client.answer()).status == 413
    transport.write(http(chat("x")))
    assert (await client.answer()).status == 200


async def test_a_body_over_the_limit_is_not_kept(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BODY_LIMIT", 100_000)
    connection = module.Connection(server)
    connection.data_received(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n")
    piece = bytes(50_000)
    tracemalloc.start()
    for _ in range(100):
        connection.data_received(piece)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 300_000


async def test_a_request_before_the_answer_has_ended_is_cut_off(server: MockServer) -> None:
    transport, client = await server.connect(Client)
    transport.write(streamed("mock-stall-1"))
    await client.until(b"\n\n\r\n")
    transport.write(http(chat()))
    await client.ended()
    transport, client = await server.connect(Client)
    transport.write(http(chat()) + http(chat()))
    assert await client.ended() == b""


@pytest.mark.parametrize("model", ["mock-cut-3", "mock-cut-event-3", "mock-cut-head", "mock-truncated"])
@pytest.mark.parametrize("stream", [True, False])
async def test_cuts_close_the_connection(server: MockServer, model: str, stream: bool) -> None:
    transport, client = await server.connect(Client)
    transport.write(http(chat(model=model, stream=stream)))
    wire = await client.ended()
    assert wire.startswith(b"HTTP/1.1 200 OK\r\n")
    assert not Answer(wire).complete
    await settled(lambda: server.connections == 0)
    assert (server.cancelled, server.active) == (0, 0)


async def test_flaky_works_at_the_third_try_and_then_begins_again(server: MockServer) -> None:
    transport, client = await server.connect(Client)
    statuses = []
    for _ in range(6):
        transport.write(http(chat(model="mock-flaky-2")))
        statuses.append((await client.answer()).status)
    assert statuses == [503, 503, 200, 503, 503, 200]


async def test_flaky_counts_each_request_by_itself_and_forgets_the_oldest(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FLAKY_LIMIT", 2)
    transport, client = await server.connect(Client)

    async def status(text: str) -> int:
        transport.write(http(chat(text, "mock-flaky-1")))
        return (await client.answer()).status

    assert [await status(text) for text in "abcb"] == [503, 503, 503, 200]
    assert await status("a") == 503


@pytest.mark.parametrize("stream", [True, False])
async def test_a_hang_up_stops_the_script(stream: bool) -> None:
    server = MockServer(MockSettings((0.0, 0.0), (30.0, 30.0)))
    transport, _ = await server.connect(Client)
    transport.write(http(chat(model="mock", stream=stream)))
    await settled(lambda: server.active == 1)
    transport.abort()
    await settled(lambda: server.connections == 0)
    assert (server.active, server.cancelled, server.requests) == (0, 1, 1)
    del transport
    gc.collect()
    assert not [found for found in gc.get_objects() if isinstance(found, module.Connection)], "a timer still holds it"


async def test_nothing_more_is_written_to_a_client_that_has_gone(
    server: MockServer, caplog: pytest.LogCaptureFixture
) -> None:
    transport, _ = await server.connect(Client)
    transport.write(streamed("mock-tokens-1000"))
    transport.abort()
    await settled(lambda: server.connections == 0)
    assert server.active == 0
    assert caplog.text == ""


async def test_a_hang_up_ends_a_stall(server: MockServer) -> None:
    transport, client = await server.connect(Client)
    transport.write(streamed("mock-stall-3"))
    await client.until(b"\n\n\r\n")
    assert (Answer(bytes(client.wire)).content_events, server.active) == (3, 1)
    transport.close()
    await settled(lambda: server.cancelled == 1)


async def test_a_client_that_does_not_read_stops_the_script_and_may_go_on(server: MockServer) -> None:
    transport, client = await server.connect(Client)
    transport.pause_reading()
    transport.write(streamed("mock-tokens-20000"))
    await settled(lambda: server.active == 1)
    for _ in range(100):
        await asyncio.sleep(0)
    assert server.active == 1
    transport.resume_reading()
    answer = Answer(await client.until(LAST))
    assert (answer.content_events, server.active) == (20_000, 0)


async def test_delays_pass_between_the_events() -> None:
    server = MockServer(MockSettings((0.05, 0.05), (0.02, 0.02)))
    transport, client = await server.connect(Client)
    started = time.monotonic()
    transport.write(streamed("mock-tokens-4"))
    await client.until(LAST)
    assert 0.1 < time.monotonic() - started < 2
    assert client.reads >= 4
    server.close()
    await client.ended()


async def test_the_same_request_gives_the_same_answer_everywhere(server: MockServer) -> None:
    answers = set()
    for _ in range(2):
        transport, client = await server.connect(Client)
        transport.write(streamed("mock-reasoning", n=2))
        answers.add(await client.until(LAST))
    assert len(answers) == 1


async def test_closing_ends_everything_and_is_no_cancellation(server: MockServer) -> None:
    idle = (await server.connect(Client))[1]
    transport, busy = await server.connect(Client)
    transport.write(streamed("mock-stall-1"))
    await settled(lambda: server.active == 1)
    server.close()
    await idle.ended()
    await busy.ended()
    assert (server.active, server.cancelled) == (0, 0)
    with pytest.raises(ConnectionRefusedError):
        await server.connect(Client)


async def test_a_client_that_cannot_be_made_leaves_no_connection(server: MockServer) -> None:
    def refuse() -> asyncio.Protocol:
        raise RuntimeError("no protocol today")

    with pytest.raises(RuntimeError, match="no protocol today"):
        await server.connect(refuse)
    await settled(lambda: server.connections == 0)
