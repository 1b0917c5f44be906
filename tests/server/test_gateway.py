"""Requests of all shapes at the data port: what is answered, what is refused, and in which words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.promises.caller import CHAT, Answer, Caller, chat, http, until
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.promises.upstream import Provider
from tests.promises.wires import openai_reply

ALIASES = [{"model": "fast", "targets": [{"provider": "mock", "model": "mock"}]}]


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[InLoop]:
    async with sidecar(tmp_path, models=ALIASES) as running:
        yield running


async def say(caller: Caller, method: str, path: str, body: bytes = b"") -> Answer:
    length = f"content-length: {len(body)}\r\n" if body else ""
    caller.send(f"{method} {path} HTTP/1.1\r\nhost: x\r\n{length}\r\n".encode() + body)
    return await caller.answer()


# ---- what there is


@pytest.mark.parametrize("path", [CHAT, "/chat/completions", f"{CHAT}?api-version=1"])
async def test_chat_has_its_paths(path: str, running: InLoop) -> None:
    caller = await running.caller()
    answer = await say(caller, "POST", path, orjson.dumps(chat("mock", "hello there")))
    assert answer.status == 200
    assert answer.json["choices"][0]["message"]["content"].startswith("You said: hello there")


@pytest.mark.parametrize("path", ["/v1/models", "/models", "/v1/models?limit=1"])
async def test_models(path: str, running: InLoop) -> None:
    answer = await say(await running.caller(), "GET", path)
    assert answer.status == 200
    assert answer.json["object"] == "list"
    models = answer.json["data"]
    assert "fast" in [model["id"] for model in models]
    assert all({"id", "object", "created", "owned_by", "outrider"} == set(model) for model in models)


@pytest.mark.parametrize("model", ["mock", "mock:mock", "mock/mock", "fast"])
async def test_a_model_in_each_of_its_spellings(model: str, running: InLoop) -> None:
    answer = await running.ask(chat(model))
    assert answer.status == 200
    assert (answer.headers["x-outrider-provider"], answer.headers["x-outrider-model"]) == ("mock", "mock")


async def test_the_receipt(running: InLoop) -> None:
    answer = await running.ask(chat("mock"), {"x-request-id": "my-own-id"})
    assert answer.headers["x-request-id"] == "my-own-id"
    assert answer.headers["x-outrider-attempts"] == "1"
    assert float(answer.headers["x-outrider-overhead-ms"]) >= 0
    assert answer.headers["content-type"] == "application/json"
    made = {(await running.ask(chat("mock"))).headers["x-request-id"] for _ in range(3)}
    assert len(made) == 3


# ---- what there is not


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", CHAT, 405, "POST"),
        ("PUT", CHAT, 405, "POST"),
        ("DELETE", "/chat/completions", 405, "POST"),
        ("POST", "/v1/models", 405, "GET"),
        ("GET", "/", 404, None),
        ("GET", "/v1/chat/completion", 404, None),
        ("POST", "/v1/message", 404, None),
        ("POST", "/v3/chat", 404, None),
    ],
)
async def test_wrong_doors(method: str, path: str, status: int, allow: str | None, running: InLoop) -> None:
    caller = await running.caller()
    answer = await say(caller, method, path)
    assert (answer.status, answer.headers.get("allow")) == (status, allow)
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.error) == {"message", "type", "param", "code"}
    assert (
        CHAT in answer.error["message"]
        or "/v1/models" in answer.error["message"]
        or (allow or "") in answer.error["message"]
    )
    assert (await caller.ask(chat("mock"))).status == 200


async def test_an_answer_to_head_has_no_body(running: InLoop) -> None:
    """RFC 9110, section 9.3.2; one byte of it would be taken for the beginning of the next answer."""
    caller = await running.caller()
    for path in ("/v1/models", CHAT, "/"):
        caller.send(f"HEAD {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        assert (await caller.head()).status in (200, 404, 405)
    assert (await caller.ask(chat("mock"))).status == 200


async def test_a_body_where_none_belongs(running: InLoop) -> None:
    caller = await running.caller()
    assert (await say(caller, "GET", "/v1/models", b"surprise")).status == 200
    answer = await running.ask(chat("mock"))
    assert answer.status == 200


async def test_an_unknown_model_is_told_what_is_near(running: InLoop) -> None:
    answer = await running.ask(chat("fasd"))
    assert (answer.status, answer.error["type"], answer.error["param"]) == (404, "model_not_found", "model")
    assert "fast" in answer.error["message"]


@pytest.mark.parametrize("model", ["openai:gpt-4o", "gpt-4o"])
async def test_a_provider_that_is_off_says_what_turns_it_on(model: str, tmp_path: Path) -> None:
    async with sidecar(tmp_path, {"openai": {}}) as running:
        answer = await running.ask(chat(model))
        assert answer.status == 404
        assert "OPENAI_API_KEY" in answer.error["message"]


async def test_malformed_json_is_shown_its_place(running: InLoop) -> None:
    answer = await running.ask(b'{\n  "model": "mock",\n  "messages": [,]\n}')
    assert (answer.status, answer.error["type"]) == (400, "invalid_request")
    assert "line 3, column 16" in answer.error["message"]


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"messages": "hi"}, "messages", "array"),
    ({"messages": []}, "messages", "empty"),
    ({"messages": [1]}, "messages[0]", "object"),
    ({"messages": [{"role": "robot", "content": ""}]}, "messages[0].role", "one of"),
    ({"messages": [{"role": "user", "content": 1}]}, "messages[0].content", "string"),
    ({"messages": [{"role": "user", "content": ["x"]}]}, "messages[0].content[0]", "object"),
    ({"stream": "yes"}, "stream", "boolean"),
    ({"temperature": "hot"}, "temperature", "number"),
    ({"max_tokens": 1.5}, "max_tokens", "integer"),
    ({"max_tokens": True}, "max_tokens", "integer"),
    ({"tools": {}}, "tools", "array"),
    ({"timeout": -1}, "timeout", "positive"),
    ({"model": ""}, "model", "string"),
    ({"model": 7}, "model", "string"),
    ({"model": "a\nb"}, "model", "printable"),
]


@pytest.mark.parametrize(("fields", "param", "word"), WRONG, ids=lambda value: str(value)[:30])
async def test_a_wrong_type_is_named_with_its_field(
    fields: dict[str, Any], param: str, word: str, running: InLoop
) -> None:
    answer = await running.ask(chat("mock") | fields)
    assert (answer.status, answer.error["type"], answer.error["param"]) == (400, "invalid_request", param)
    assert word in answer.error["message"]
    assert answer.headers["x-should-retry"] == "false"


# ---- connections


async def test_a_connection_outlives_every_error(running: InLoop) -> None:
    caller = await running.caller()
    bodies: list[Any] = [
        b"{",
        chat("nobody:m"),
        chat("mock", stream=True),
        chat("mock:mock-status-500"),
        chat("mock:mock-error-event", stream=True),
    ]
    for body in [*bodies, *bodies]:
        answer = await caller.ask(body)
        assert answer.complete
        assert "connection" not in answer.headers
    assert (await caller.ask(chat("mock"))).status == 200


async def test_it_is_closed_where_the_application_asks_for_that(running: InLoop) -> None:
    caller = await running.caller()
    answer = await caller.ask(chat("mock"), {"connection": "close"})
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert await caller.is_closed()


async def test_two_requests_in_one_write(tmp_path: Path) -> None:
    """The second is answered after the first, though its provider could answer sooner."""
    async with Provider() as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}) as running:
        caller = await running.caller()
        caller.send(http(chat("up:m")) + http(chat("mock", "second")))
        link = (await provider.asked()).link
        await asyncio.sleep(0.05)
        link.whole(openai_reply("first"))
        said = [(await caller.answer()).json["choices"][0]["message"]["content"] for _ in range(2)]
        assert said[0] == "first"
        assert "second" in said[1]


async def test_a_body_that_comes_slowly(running: InLoop) -> None:
    caller = await running.caller()
    for piece in (http(chat("mock"))[start : start + 9] for start in range(0, len(http(chat("mock"))), 9)):
        caller.send(piece)
        await caller.sent()
        await asyncio.sleep(0.001)
    assert (await caller.answer()).status == 200


async def test_a_body_too_long_is_refused_before_it_is_read(tmp_path: Path) -> None:
    async with sidecar(tmp_path, listen={"body_limit": 1000}) as running:
        caller = await running.caller()
        caller.send(f"POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: 1001\r\n\r\n".encode())
        answer = await caller.answer()
        assert (answer.status, answer.error["type"], answer.headers["connection"]) == (
            413,
            "request_too_large",
            "close",
        )
        assert "1000" in answer.error["message"]


async def test_two_hosts(tmp_path: Path) -> None:
    async with sidecar(tmp_path, listen={"hosts": ["127.0.0.1", "127.0.0.2"]}) as running:
        hosts = [host for host, _ in running.sidecar.addresses]
        assert hosts == ["127.0.0.1", "127.0.0.2"]


async def test_a_refused_call_is_counted_and_logged(running: InLoop) -> None:
    await running.ask(b"{", {"x-request-id": "the-bad-one"})
    assert await running.counted("llm_requests_failure", kind="invalid_request") == 1
    await until(lambda: "the-bad-one" in running.log())
    line = orjson.loads(next(line for line in running.log().splitlines() if "the-bad-one" in line))
    assert (line["status"], line["kind"]) == (400, "invalid_request")
