"""A canary for a key: it goes to the provider in one header, and appears nowhere else, whatever fails and whoever repeats it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from proxy.upstream.mock.models import MODELS
from tests.promises.caller import Answer, chat, get, latest_events
from tests.promises.sidecars import KEY, InLoop, InProcess, anthropic_like, openai_like, process, sidecar
from tests.promises.upstream import Asked, Provider
from tests.promises.wires import OPENAI_OPENING, anthropic_opening, anthropic_word, openai_reply, openai_word, sse

HEADER_KEY = "canary-header-value-0123456789"
APP_KEY = "sk-the-application-s-own-0123456789"
CANARIES = (KEY.encode(), HEADER_KEY.encode())
ECHO = {"message": f"the key {KEY} with {HEADER_KEY} is wrong", "type": f"t {KEY}", "param": KEY, "code": f"c {KEY}"}
HEADERS = {
    "x-ratelimit-limit": KEY,
    "openai-organization": f"org {KEY}",
    "x-request-id": KEY,
    "retry-after": "1",
    KEY: "1",
}
CUT = sse({"error": ECHO})


def refuse(status: int) -> Callable[[Asked], None]:
    return lambda asked: asked.link.whole({"error": ECHO}, status, HEADERS)


def stream(*pieces: bytes) -> Callable[[Asked], None]:
    def answer(asked: Asked) -> None:
        asked.link.start(headers=HEADERS)
        for piece in pieces:
            asked.link.chunk(piece)
        asked.link.cut()

    return answer


def raw(data: bytes) -> Callable[[Asked], None]:
    def answer(asked: Asked) -> None:
        asked.link.send(data)
        asked.link.cut()

    return answer


#: Ways in which a provider repeats our key. A well-formed answer's own body is not ours to change, and is in none of them.
HOSTILE: dict[str, Callable[[Asked], None]] = {
    **{f"error {status}": refuse(status) for status in (400, 401, 404, 429, 500, 503)},
    "error as text": lambda asked: asked.link.whole(f"no: {KEY}".encode(), 500, HEADERS),
    "error as HTML": lambda asked: asked.link.whole(f"<html>{KEY}{HEADER_KEY}</html>".encode(), 200, HEADERS),
    "error in a 200": lambda asked: asked.link.whole({"error": ECHO}, 200, HEADERS),
    "error event first": stream(CUT),
    "anthropic error event first": stream(sse({"type": "error", "error": ECHO}, "error")),
    "event that is no JSON": stream(f"data: {KEY}\n\n".encode()),
    "anthropic error event later": stream(
        anthropic_opening(), anthropic_word("hi"), sse({"type": "error", "error": ECHO}, "error")
    ),
    "nonsense later": stream(anthropic_opening(), anthropic_word("hi"), f"data: {KEY}\n\n".encode()),
    "in the status line": raw(f"HTTP/1.1 500 {KEY}\r\ncontent-length: 0\r\n\r\n".encode()),
    "no HTTP": raw(f"{KEY}\r\n\r\n".encode()),
    "headers alone": lambda asked: asked.link.whole(openai_reply(), 200, HEADERS),
    "stream's headers": stream(OPENAI_OPENING, openai_word("hi")),
}


async def surfaces(running: InProcess | InLoop) -> bytes:
    """Everything that an operator or an attacker on this machine can read."""
    pages = [
        await get(running.ops, path)
        for path in (
            "/metrics",
            "/status",
            "/status.json",
            "/status/setup.json",
            "/readyz",
            "/livez",
            "/startupz",
            "/nothing",
        )
    ]
    pages.append(Answer(200, {}, await latest_events(running.ops)))
    pages.append(await get(running.port, "/v1/models"))
    pages.append(await get(running.port, "/nothing"))
    return b"".join(map(flat, pages))


def flat(answer: Answer) -> bytes:
    return answer.body + repr(answer.headers).encode()


def without_canaries(data: bytes, where: str) -> None:
    for canary in CANARIES:
        assert canary not in data, (where, data)


async def test_no_key_comes_out_whatever_fails(tmp_path: Path) -> None:
    headers = {"headers": {"x-extra-secret": HEADER_KEY}}
    async with Provider() as provider:
        providers = {"up": openai_like(provider.url, **headers), "claude": anthropic_like(provider.url, **headers)}
        async with process(tmp_path, providers, logging={"level": "debug"}) as running:
            for how, answer in HOSTILE.items():
                provider.answer = answer
                for model in ("up:m", "claude:m"):
                    for streamed in (True, False):
                        without_canaries(
                            flat(await running.ask(chat(model, stream=streamed))), f"{how} {model} {streamed}"
                        )
            without_canaries(await surfaces(running), "surfaces")
            assert all(request.headers["x-extra-secret"] == HEADER_KEY for request in provider.requests)
            running.stop()
            assert await running.ended() == 0
        without_canaries(running.log().encode(), "log")


async def test_no_failure_of_the_mock_shows_a_key(tmp_path: Path) -> None:
    """The mock has a key of its own here, and the caller sends another: neither is anybody's to read."""
    mock = {"mock": {"first_token_ms": 0, "inter_token_ms": 0}, "api_key": KEY}
    names = [model.example for model in MODELS if model.kind not in ("slow", "stall", "tokens")]
    async with sidecar(tmp_path, {"mock": mock}, logging={"level": "debug"}) as running:
        for name in names:
            for streamed in (True, False):
                answer = await running.ask(
                    chat(f"mock:{name}", stream=streamed), {"authorization": f"Bearer {APP_KEY}"}
                )
                without_canaries(flat(answer), name)
                assert APP_KEY.encode() not in flat(answer)
    without_canaries(running.log().encode(), "log")
    assert APP_KEY not in running.log()


@pytest.mark.parametrize("like", [openai_like, anthropic_like])
async def test_the_application_s_own_credentials_stay_here(like: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    """And so does every other header but those that the provider's file or the tracing standard names."""
    own = ("authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "proxy-authorization")
    other = ("x-forwarded-for", "user-agent", "referer", "origin", "x-custom", "accept-encoding")
    sent = dict.fromkeys(own, f"Bearer {APP_KEY}") | dict.fromkeys(other, "app-value")
    passed = {
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "openai-beta": "b",
        "anthropic-beta": "c",
    }
    async with Provider(refuse(400)) as provider, sidecar(tmp_path, {"up": like(provider.url)}) as running:
        await running.ask(chat(), {**sent, **passed})
        [request] = provider.requests
        assert APP_KEY.encode() not in request.head
        assert b"app-value" not in request.head
        assert request.headers["traceparent"] == passed["traceparent"]
        mine, theirs = ("openai-beta", "anthropic-beta") if like is openai_like else ("anthropic-beta", "openai-beta")
        assert request.headers[mine] == passed[mine]
        assert theirs not in request.headers
    assert APP_KEY not in running.log()


INJECTIONS = [
    "up:m\r\nx-evil: 1",
    "up:m\nx-evil: 1",
    "up:m\0",
    "up:m\u0085x-evil: 1",
    "up:m\u2028x-evil: 1",
    "up:ü🤖",
    'up:m"} 1\nllm_requests_total 9',
    'up:m"}',
    "up:m\\",
    "up:" + "m" * 10_000,
]


@pytest.mark.parametrize("model", INJECTIONS)
async def test_a_model_name_writes_no_header_no_metric_and_no_line(model: str, tmp_path: Path) -> None:
    async with (
        Provider(lambda asked: asked.link.whole(openai_reply())) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}) as running,
    ):
        answer = await running.ask(chat(model), {"x-request-id": "a\tb", "openai-beta": "a\tx-evil: 1"})
        assert "x-evil" not in answer.headers
        assert answer.status in (200, 400, 404)
        assert await running.counted("llm_requests_total") == 1
        for request in provider.requests:
            assert "x-evil" not in request.headers
    for line in running.log().splitlines():
        assert isinstance(orjson.loads(line), dict)
