"""The two doors over real sockets: what they refuse, what they stand, and how they close."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest
from aiohttp.web_request import BaseRequest
from aiohttp.web_response import Response

from proxy.injector import webhook as subject
from proxy.injector.listening import listen_first
from proxy.injector.review import LONGEST_BODY
from proxy.injector.webhook import CONNECTIONS, PROMETHEUS_TEXT, Door, Ops, Scale, Webhook


class Answering:
    """What stands behind the webhook: it says how long the body was, as soon as it may."""

    def __init__(self) -> None:
        self.free = asyncio.Event()
        self.free.set()
        self.asked = asyncio.Event()
        self.lengths: list[int] = []
        self.allowed: list[bool | None] = []

    async def answer(self, body: bytes, allow: bool | None) -> tuple[int, bytes]:
        self.asked.set()
        self.allowed.append(allow)
        self.lengths.append(len(body))
        await self.free.wait()
        return 200, json.dumps({"length": len(body)}).encode()


@asynccontextmanager
async def opened(handle: subject.Handle) -> AsyncIterator[tuple[Door, str]]:
    door = Door(handle)
    port = await door.start(listen_first(("127.0.0.1",), 0))
    try:
        yield door, f"http://127.0.0.1:{port}"
    finally:
        await door.close(0.1)


async def test_a_review_is_taken_and_answered_as_json() -> None:
    async with opened(Webhook(Answering().answer).handle) as (_, url), aiohttp.ClientSession() as session:
        for length in (0, 10, LONGEST_BODY):
            async with session.post(f"{url}/mutate?timeout=5s", data=io.BytesIO(b"x" * length)) as answer:
                assert (answer.status, answer.content_type) == (200, "application/json")
                assert await answer.json() == {"length": length}


async def test_the_path_says_what_becomes_of_a_pod_where_a_fault_is_ours() -> None:
    answering = Answering()
    async with opened(Webhook(answering.answer).handle) as (_, url), aiohttp.ClientSession() as session:
        for path in ("/mutate", "/mutate/deny", "/mutate/allow"):
            async with session.post(url + path, data=b"x") as answer:
                assert answer.status == 200
    assert answering.allowed == [None, False, True]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/mutate", 405),
        ("PUT", "/mutate", 405),
        ("POST", "/", 404),
        ("POST", "/mutate/x", 404),
        ("GET", "/metrics", 404),
    ],
)
async def test_nothing_else_is_there(method: str, path: str, status: int) -> None:
    async with opened(Webhook(Answering().answer).handle) as (_, url), aiohttp.request(method, url + path) as answer:
        assert answer.status == status
        assert "error" in await answer.json()


@pytest.mark.parametrize("head", [f"Content-Length: {2 * LONGEST_BODY}", "Transfer-Encoding: chunked"])
async def test_a_body_that_is_too_long_is_refused_before_its_end(head: str) -> None:
    """None of the two ends: what is answered is answered to what came so far."""
    async with opened(Webhook(Answering().answer).handle) as (_, url):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        chunk = b"%x\r\n%b\r\n" % (1 << 16, b"x" * (1 << 16))
        writer.write(
            f"POST /mutate HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode() + chunk * (LONGEST_BODY // (1 << 16) + 1)
        )
        assert b" 413 " in await asyncio.wait_for(reader.readline(), 5)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "BODY_SECONDS", 0.1)
    async with opened(Webhook(Answering().answer).handle) as (_, url):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(b"POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert b" 408 " in await asyncio.wait_for(reader.readline(), 5)
        writer.close()
        await writer.wait_closed()


async def test_bodies_are_bounded_together_and_room_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "LONGEST_HELD", 1000)
    answering = Answering()
    answering.free.clear()
    async with opened(Webhook(answering.answer).handle) as (_, url), aiohttp.ClientSession() as session:
        first = asyncio.create_task(session.post(f"{url}/mutate", data=b"x" * 600))
        await asyncio.wait_for(answering.asked.wait(), 5)
        async with session.post(f"{url}/mutate", data=b"x" * 600) as answer:
            assert answer.status == 503
        answering.free.set()
        async with await first as answer:
            assert answer.status == 200
        async with session.post(f"{url}/mutate", data=b"x" * 600) as answer:
            assert answer.status == 200


async def test_who_hangs_up_in_the_middle_is_no_fault_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    async with opened(Webhook(Answering().answer).handle) as (_, url), aiohttp.ClientSession() as session:
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(b"POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        async with session.post(f"{url}/mutate", data=b"x") as answer:
            assert answer.status == 200
    assert not [each for each in caplog.records if each.levelname in ("ERROR", "CRITICAL")]


async def test_who_holds_many_connections_keeps_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert CONNECTIONS >= 100
    monkeypatch.setattr(subject, "CONNECTIONS", 5)
    async with opened(Webhook(Answering().answer).handle) as (_, url), aiohttp.ClientSession() as session:
        port = int(url.rpartition(":")[2])
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
        async with session.post(f"{url}/mutate", data=b"x") as answer:
            assert answer.status == 200
        assert await asyncio.wait_for(held[0][0].read(), 5) == b""
        for _, writer in held:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for _, writer in held), return_exceptions=True)


async def test_a_retired_door_answers_and_sends_callers_elsewhere() -> None:
    async with opened(Webhook(Answering().answer).handle) as (door, url), aiohttp.ClientSession() as session:
        async with session.post(f"{url}/mutate", data=b"x") as answer:
            assert "Connection" not in answer.headers
        door.retire()
        async with session.post(f"{url}/mutate", data=b"x") as answer:
            assert (answer.status, answer.headers["Connection"]) == (200, "close")


async def test_what_is_being_answered_ends_before_the_door_is_closed() -> None:
    answering = Answering()
    answering.free.clear()
    door = Door(Webhook(answering.answer).handle)
    port = await door.start(listen_first(("127.0.0.1",), 0))
    async with aiohttp.ClientSession() as session:
        asked = asyncio.create_task(session.post(f"http://127.0.0.1:{port}/mutate", data=b"xyz"))
        await asyncio.wait_for(answering.asked.wait(), 5)
        closing = asyncio.create_task(door.close(5))
        await asyncio.sleep(0)
        answering.free.set()
        async with await asked as answer:
            assert await answer.json() == {"length": 3}
        await asyncio.wait_for(closing, 5)
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.post(f"http://127.0.0.1:{port}/mutate", data=b"xyz")


async def test_the_ops_port_says_what_is_wrong() -> None:
    reasons, started = ["certificate: not yet served", "caBundle: not yet published"], [False]
    ops = Ops(lambda: reasons, lambda: started[0], lambda: b"a 1\n")
    async with opened(ops.handle) as (_, url), aiohttp.ClientSession() as session:

        async def ask(path: str) -> tuple[int, str]:
            async with session.get(url + path) as answer:
                return answer.status, await answer.text()

        assert await ask("/livez") == (200, "ok\n")
        assert await ask("/readyz") == (503, "certificate: not yet served\ncaBundle: not yet published\n")
        assert await ask("/startupz") == (503, "starting\n")
        reasons.clear()
        started[0] = True
        assert await ask("/readyz") == await ask("/startupz") == (200, "ok\n")
        assert (await ask("/mutate"))[0] == 404
        async with session.get(f"{url}/metrics") as answer:
            assert (answer.headers["Content-Type"], await answer.read()) == (PROMETHEUS_TEXT, b"a 1\n")
        async with session.post(f"{url}/readyz") as answer:
            assert answer.status == 405


async def test_much_is_worked_on_one_after_the_other_and_in_order() -> None:
    """A large review takes thirty times its length while it is looked at."""
    scale, order = Scale(10), []

    async def work(name: str, weight: int) -> None:
        async with scale.weighed(weight):
            order.append(f"{name}+")
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            order.append(f"{name}-")

    await asyncio.gather(work("a", 4), work("b", 6), work("c", 99), work("d", 1), work("e", 1))
    assert order == ["a+", "b+", "a-", "b-", "c+", "c-", "d+", "e+", "d-", "e-"]


async def until(holds: Callable[[], bool]) -> None:
    """Turn by turn of the loop; the caller has the timeout."""
    while not holds():  # noqa: ASYNC110
        await asyncio.sleep(0)


async def test_a_review_that_nobody_waits_for_any_more_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "WORKED_ON", 1)
    behind, seen = Answering(), list[BaseRequest]()
    behind.free.clear()
    webhook = Webhook(behind.answer)

    async def handle(request: BaseRequest) -> Response:
        seen.append(request)
        return await webhook.handle(request)

    async with opened(handle) as (_, url), aiohttp.ClientSession() as session, asyncio.timeout(5):
        first = asyncio.create_task(session.post(f"{url}/mutate", data=b"x"))
        await behind.asked.wait()
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(b"POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
        await until(lambda: webhook.scale.waiting > 0)
        writer.transport.abort()
        await until(lambda: seen[1].transport is None)
        behind.free.set()
        async with await first as answer:
            assert answer.status == 200
        async with session.post(f"{url}/mutate", data=b"xy") as answer:
            assert await answer.json() == {"length": 2}
    assert behind.lengths == [1, 2]
