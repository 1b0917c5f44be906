"""Who is let in at the data port, how the others are told, and what is left of a credential behind the door."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from proxy.call import Failure
from proxy.server.guarded import MOST_NAMES, Guard
from tests.promises.caller import Answer, chat, http, until
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.promises.upstream import Provider
from tests.promises.wires import openai_reply

TOKEN = "token-of-shop-0123456789"
BEARER = {"authorization": f"Bearer {TOKEN}"}
REFUSED = "a token is needed: as `Authorization: Bearer`, or in x-api-key, api-key or x-goog-api-key"
LIMITS = [{"name": "each", "header": "x-outrider-caller", "requests": 1, "per": "day"}]


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with Provider(lambda asked: asked.link.whole(openai_reply())) as provider:
        yield provider


@pytest.fixture
async def running(tmp_path: Path, provider: Provider) -> AsyncIterator[InLoop]:
    tokens = tmp_path / "tokens"
    tokens.mkdir()
    (tokens / "shop").write_text(TOKEN, "latin-1")
    (tokens / "bank").write_text(TOKEN[::-1], "latin-1")
    async with sidecar(tmp_path, {"up": openai_like(provider.url)}, listen={"tokens": "tokens"}) as running:
        yield running


async def say(running: InLoop, method: str, path: str, headers: dict[str, str] | None = None) -> Answer:
    caller = await running.caller()
    lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    caller.send(f"{method} {path} HTTP/1.1\r\nhost: x\r\n{lines}\r\n".encode())
    return await caller.answer()


async def call_line(running: InLoop) -> dict[str, Any]:
    """Lines leave in their own time."""
    await until(lambda: '"event":"call"' in running.log())
    [line] = [line for line in map(orjson.loads, running.log().splitlines()) if line["event"] == "call"]
    found: dict[str, Any] = line
    return found


# ---- every door


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/v1/chat/completions", lambda wire: (wire["error"]["type"], wire["error"]["message"])),
        ("/v1/responses", lambda wire: (wire["error"]["type"], wire["error"]["message"])),
        ("/v1/messages", lambda wire: (wire["error"]["kind"], wire["error"]["message"])),
        ("/v1beta/models/m:generateContent", lambda wire: (wire["error"]["status"], wire["error"]["message"])),
        ("/model/m/converse", lambda wire: (wire["kind"], wire["message"])),
        ("/api/chat", lambda wire: ("unauthenticated", wire["error"])),
        ("/v2/chat", lambda wire: ("unauthenticated", wire["message"])),
        ("/v1/images/generations", lambda wire: (wire["error"]["type"], wire["error"]["message"])),
        ("/providers/up/v1/files", lambda wire: (wire["error"]["type"], wire["error"]["message"])),
    ],
)
async def test_a_call_without_a_token(path: str, where: Any, running: InLoop, provider: Provider) -> None:
    answer = await running.ask(chat(), path=path)
    assert answer.status == 401
    kind, message = where(answer.json)
    assert (kind.lower(), message) == ("unauthenticated", REFUSED)
    assert answer.headers["www-authenticate"] == 'Bearer realm="outrider"'
    assert answer.headers["x-should-retry"] == "false"
    assert provider.requests == []
    assert await running.counted("llm_requests_failure", kind="unauthenticated") == 1
    assert await running.counted("outrider_callers_refused_total", reason="no_token") == 1


async def test_anthropics_sdk_is_told_in_its_own_words(running: InLoop) -> None:
    assert (await running.ask(chat(), path="/v1/messages")).error["type"] == "authentication_error"
    converse = await running.ask(chat(), path="/model/m/converse")
    assert converse.headers["x-amzn-errortype"] == "AccessDeniedException"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/v1/models", 200), ("GET", "/v1beta/models", 200), ("GET", "/nowhere", 404)]
)
async def test_what_is_no_call(method: str, path: str, status: int, running: InLoop) -> None:
    assert (await say(running, method, path)).status == 401
    assert (await say(running, method, path, BEARER)).status == status
    assert await running.counted("llm_requests_failure") == 0


async def test_a_connection_lives_on_after_a_refusal(running: InLoop) -> None:
    caller = await running.caller()
    assert (await caller.ask(chat())).status == 401
    assert (await caller.ask(chat(), BEARER)).status == 200


async def test_a_body_is_not_waited_for(running: InLoop) -> None:
    """Neither is leave given to send it."""
    caller = await running.caller()
    head, _, _ = http(chat(), {"expect": "100-continue"}).partition(b"\r\n\r\n")
    caller.send(head + b"\r\n\r\n")
    answer = await caller.answer()
    assert (answer.status, answer.headers["connection"]) == (401, "close")


# ---- who is known


async def test_the_credential_ends_here_and_the_name_goes_on(running: InLoop, provider: Provider) -> None:
    headers = {"x-api-key": TOKEN, "api-key": "other", "x-outrider-caller": "bank"}
    assert (await running.ask(chat(), headers)).status == 200
    sent = provider.requests[0]
    assert sent.headers["authorization"] != BEARER["authorization"]
    assert not {"x-api-key", "api-key", "x-outrider-caller"} & sent.headers.keys()
    line = await call_line(running)
    assert line["caller"] == "shop"
    assert await running.counted("outrider_caller_requests_total", caller="shop") == 1


async def test_a_refused_call_has_no_name(running: InLoop) -> None:
    await running.ask(chat(), {"x-outrider-caller": "bank", "authorization": "Bearer no-token-of-anybody"})
    line = await call_line(running)
    assert (line["caller"], line["kind"], line["phase"]) == (None, "unauthenticated", "reading")


async def test_limits_go_by_the_name(tmp_path: Path, provider: Provider) -> None:
    """And nobody has another one's by saying so."""
    (tmp_path / "tokens").mkdir()
    for name, token in (("shop", TOKEN), ("bank", TOKEN[::-1])):
        (tmp_path / "tokens" / name).write_text(token, "latin-1")
    sections: dict[str, Any] = {"listen": {"tokens": "tokens"}, "limits": LIMITS}
    async with sidecar(tmp_path, {"up": openai_like(provider.url)}, **sections) as running:
        statuses = [
            (await running.ask(chat(), {"api-key": token, "x-outrider-caller": said})).status
            for token, said in ((TOKEN, "a"), (TOKEN, "b"), (TOKEN[::-1], "shop"), (TOKEN[::-1], ""))
        ]
    assert statuses == [200, 429, 200, 429]


# ---- the guard alone


class Shown:
    """A connection that shows a certificate."""

    def __init__(self, peer: dict[str, Any] | None) -> None:
        self.transport = self
        self.peer = peer

    def get_extra_info(self, name: str) -> Any:
        return {"peercert": self.peer}[name]


def named(name: str) -> Any:
    return Shown({"subjectAltName": (("DNS", name),)})


def test_a_certificate_names_its_caller() -> None:
    guard = Guard(None, ["*.shop"])
    assert guard.name_of({}, named("a.shop")) == "a.shop"
    nobody: list[Any] = [named("a.bank"), Shown(None), Shown({})]
    for connection in nobody:
        with pytest.raises(Failure, match="the certificate names nobody that is let in"):
            guard.name_of({}, connection)
    assert guard.refused == {"unknown_certificate": 3}


def test_names_are_counted_apart_up_to_a_bound() -> None:
    guard = Guard(None, [])
    for number in range(MOST_NAMES + 5):
        guard.name_of({}, named(f"{number}"))
    guard.name_of({}, named("0"))
    assert (len(guard.admitted), guard.admitted["other"], guard.admitted["0"]) == (MOST_NAMES + 1, 5, 2)
