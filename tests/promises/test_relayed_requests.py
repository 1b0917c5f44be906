"""`/providers/{name}/{path}`: what goes up and what comes down is the same, whatever it is; and what never passes."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.promises.caller import Answer
from tests.promises.relaying import Store, asking, echo, store
from tests.promises.sidecars import KEY, InLoop, openai_like, sidecar

ODD = bytes(range(256)) * 40


@pytest.fixture
async def there() -> AsyncIterator[Store]:
    async with store(echo) as found:
        yield found


@pytest.fixture
async def running(there: Store, tmp_path: Path) -> AsyncIterator[InLoop]:
    async with sidecar(tmp_path, {"up": openai_like(there.url)}) as found:
        yield found


async def ask(running: InLoop, request: bytes) -> Answer:
    caller = await running.caller()
    caller.send(request)
    return await caller.answer()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_any_method_goes_on_with_path_and_query_as_they_came(method: str, running: InLoop) -> None:
    path = "/files/a%2Fb%20c/content?limit=2&after=%C3%A4&x"
    answer = await ask(running, asking(method, f"/providers/up{path}"))
    assert answer.status == 200
    assert answer.body == f"{method} /v1{path}\n".encode()


async def test_bytes_go_up_and_come_down_as_they_are(running: InLoop, there: Store) -> None:
    request = asking("POST", "/providers/up/files", ODD, content_type="multipart/form-data; boundary=x")
    answer = await ask(running, request)
    assert answer.body == b"POST /v1/files\n" + ODD
    assert there.visits[0].asked.headers["content-type"] == "multipart/form-data; boundary=x"
    assert there.visits[0].asked.headers["content-length"] == str(len(ODD))


async def test_what_comes_in_chunks_goes_on_in_chunks_and_trailers_are_dropped(running: InLoop, there: Store) -> None:
    caller = await running.caller()
    caller.send(asking("POST", "/providers/up/files", transfer_encoding="chunked", trailer="x-sum"))
    caller.send(b"3\r\nabc\r\n")
    caller.send(b"4\r\ndefg\r\n0\r\nx-sum: 1\r\n\r\n")
    answer = await caller.answer()
    assert answer.body == b"POST /v1/files\nabcdefg"
    assert "x-sum" not in there.visits[0].asked.headers


async def test_leave_to_send_is_given_once_somebody_takes_it(running: InLoop) -> None:
    caller = await running.caller()
    head = asking("PUT", "/providers/up/files", content_length="5", expect="100-continue")
    caller.send(head)
    assert (await caller.head()).status == 100
    caller.send(b"hello")
    assert (await caller.answer()).body == b"PUT /v1/files\nhello"


async def test_leave_to_send_is_not_given_where_nobody_would_take_it(running: InLoop) -> None:
    caller = await running.caller()
    caller.send(asking("PUT", "/providers/nobody/files", content_length="5", expect="100-continue"))
    answer = await caller.answer()
    assert (answer.status, answer.error["type"]) == (404, "model_not_found")
    assert "up" in answer.error["message"]


async def test_a_compressed_body_is_unpacked_and_said_to_be(running: InLoop, there: Store) -> None:
    packed = zlib.compress(ODD)
    answer = await ask(running, asking("POST", "/providers/up/files", packed, content_encoding="deflate"))
    assert answer.body == b"POST /v1/files\n" + ODD
    assert "content-encoding" not in there.visits[0].asked.headers


async def test_headers_that_pass_are_named(running: InLoop, there: Store) -> None:
    headers = {
        "range": "bytes=0-9",
        "if_none_match": '"x"',
        "idempotency_key": "one",
        "openai_beta": "assistants=v2",
        "accept": "text/plain",
        "traceparent": "00-1-1-00",
    }
    private = {
        "authorization": "Bearer mine",
        "cookie": "a=b",
        "x_api_key": "mine",
        "x_mine": "1",
        "forwarded": "for=me",
    }
    await ask(running, asking("GET", "/providers/up/files/1", **headers, **private))
    sent = there.visits[0].asked.headers
    assert headers.items() <= {name.replace("-", "_"): value for name, value in sent.items()}.items()
    assert sent["authorization"] == f"Bearer {KEY}"
    assert sent.keys().isdisjoint({"cookie", "x-api-key", "x-mine", "forwarded"})
    assert "mine" not in str(sent)


async def test_the_receipt_comes_with_the_answer_and_other_headers_do_not(running: InLoop) -> None:
    answer = await ask(running, asking("GET", "/providers/up/files"))
    assert answer.headers["x-outrider-provider"] == "up"
    assert answer.headers["x-outrider-attempts"] == "1"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "x-secret" not in answer.headers
    assert await running.counted("llm_requests_success", provider="up", model="raw") == 1


REFUSED = {
    "/providers/up/../admin": 400,
    "/providers/up/a/..%2f..%2fadmin": 400,
    "/providers/up/%2e%2e/admin": 400,
    "/providers/up/..%5cadmin": 400,
    "/providers/up//evil.example/x": 400,
    "/providers/up/https://evil.example/x": 400,
    "/providers/up/a#b": 400,
    "/providers/up/%252e%252e/admin": 400,
    "/providers/up/..;x/admin": 400,
    "/providers/up": 404,
    "/providers/up?x=/files": 404,
    "/providers/": 404,
    "/providers/nobody/files": 404,
}


@pytest.mark.parametrize(("path", "status"), REFUSED.items(), ids=REFUSED)
async def test_a_path_that_could_lead_elsewhere_is_refused(
    path: str, status: int, running: InLoop, there: Store
) -> None:
    answer = await ask(running, asking("GET", path))
    assert answer.status == status
    assert answer.error["message"]
    assert not there.visits


@pytest.mark.parametrize("upgrade", ["websocket", "h2c, WebSocket"])
async def test_connections_that_turn_into_others_are_refused_clearly(
    upgrade: str, running: InLoop, there: Store
) -> None:
    request = asking("GET", "/providers/up/realtime?model=m", upgrade=upgrade, connection="upgrade")
    answer = await ask(running, request)
    assert (answer.status, answer.error["type"]) == (501, "unsupported_capability")
    assert "realtime" in answer.error["message"]
    assert not there.visits


async def test_a_connection_carries_one_request_after_the_other_on_both_sides(running: InLoop, there: Store) -> None:
    caller = await running.caller()
    for number in range(3):
        caller.send(asking("POST", f"/providers/up/files/{number}", b"x"))
        assert (await caller.answer()).body == f"POST /v1/files/{number}\nx".encode()
    assert len(there.visits) == 1
