"""Callers known by a token: rotation under load refuses nobody who has one, and a token is to be read nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.promises.caller import Caller, chat, get, latest_events, until
from tests.promises.secured import put_tokens
from tests.promises.sidecars import InProcess, openai_like, process
from tests.promises.upstream import Provider
from tests.promises.wires import openai_reply

OLD, NEW, OTHER = (f"canary-{name}-0123456789abcdef" for name in ("old", "new", "other"))
CALLERS = 8
#: In which a change of the directory has to be heeded.
SOON = 2.0


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with Provider(lambda asked: asked.link.whole(openai_reply())) as provider:
        yield provider


@pytest.fixture
async def running(tmp_path: Path, provider: Provider) -> AsyncIterator[InProcess]:
    put_tokens(tmp_path / "tokens", {"shop": OLD, "other": OTHER})
    async with process(tmp_path, {"up": openai_like(provider.url)}, listen={"tokens": "tokens"}) as running:
        yield running


class Load:
    """Callers that ask without a pause, each with the token that is the present one for it."""

    def __init__(self, running: InProcess, tokens: list[str]) -> None:
        self.tokens = tokens
        self.statuses: list[int] = []
        self._running = running

    async def ask(self, number: int) -> None:
        caller: Caller = await self._running.caller()
        while self.tokens:
            token = self.tokens[number % len(self.tokens)]
            self.statuses.append((await caller.ask(chat(), {"authorization": f"Bearer {token}"})).status)


async def status_for(running: InProcess, token: str) -> int:
    return (await running.ask(chat("mock"), {"authorization": f"Bearer {token}"})).status


async def test_a_token_is_rotated_under_load(running: InProcess, tmp_path: Path) -> None:
    """First both hold, then applications change, then the old one is taken away."""
    load = Load(running, [OLD, OTHER])
    async with asyncio.TaskGroup() as group:
        for number in range(CALLERS):
            group.create_task(load.ask(number))
        await until(lambda: len(load.statuses) > 50)
        put_tokens(tmp_path / "tokens", {"shop": f"{OLD}\n{NEW}", "other": OTHER})
        async with asyncio.timeout(SOON):
            while await status_for(running, NEW) == 401:
                pass
        load.tokens[0] = NEW
        before = len(load.statuses)
        await until(lambda: len(load.statuses) > before + 2 * CALLERS)
        put_tokens(tmp_path / "tokens", {"shop": NEW, "other": OTHER})
        async with asyncio.timeout(SOON):
            while await status_for(running, OLD) == 200:
                pass
        before = len(load.statuses)
        await until(lambda: len(load.statuses) > before + 50)
        load.tokens.clear()
    assert set(load.statuses) == {200}


async def test_an_empty_directory_never_opens_the_door(running: InProcess, tmp_path: Path) -> None:
    put_tokens(tmp_path / "tokens", {})
    async with asyncio.timeout(SOON):
        while await status_for(running, OTHER) == 200:
            pass
    refused = await running.ask(chat("mock"))
    assert (refused.status, refused.error["type"]) == (401, "unauthenticated")
    [*_, fault] = (await running.status())["callers"]["faults"]
    assert fault == f"nobody is let in: {tmp_path}/tokens holds no token"


async def test_a_token_is_to_be_read_nowhere(running: InProcess, provider: Provider) -> None:
    """Neither one that holds nor one that does not, wherever its caller writes it."""
    wrong = "canary-of-nobody-0123456789"
    for token in (OLD, wrong):
        for header in ("authorization", "x-api-key", "api-key", "x-goog-api-key"):
            value = f"Bearer {token}" if header == "authorization" else token
            await running.ask(chat(), {header: value})
            await running.ask(chat("mock:mock-status-500", stream=True), {header: value})
            await running.ask(b"{", {header: value}, path="/v1/messages")
            await running.ask(chat(), {header: value}, path="/providers/up/v1/files")
    await running.ask(chat(f"nobody:{OLD}"), {"api-key": OLD, "x-request-id": OLD})
    pages = [await get(running.ops, path) for path in ("/metrics", "/status", "/status.json", "/status/setup.json")]
    events = await latest_events(running.ops)
    shown = b"".join([page.body for page in pages]) + events + running.log().encode()
    sent = b"".join(asked.head + asked.body for asked in provider.requests)
    assert b"shop" in shown
    for token in (OLD, OTHER, wrong):
        assert token.encode() not in shown
        assert token.encode() not in sent
