"""What is promised of the data path holds with TLS on the data port too, on the loop of the process and on the other one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.promises.caller import Caller, Cut, chat
from tests.promises.secured import connect, in_loop_or_process, tls_section, trusting
from tests.promises.sidecars import InLoop, InProcess, openai_like
from tests.promises.upstream import Provider
from tests.promises.wires import OPENAI_OPENING, openai_end, openai_reply, openai_word
from tests.upstream.certificates import Authority

PIECE, MOST = 1 << 18, 1 << 26
#: Seconds for which a provider can write nothing.
STUCK = 1.0


class Scene(NamedTuple):
    provider: Provider
    running: InLoop | InProcess
    caller: Caller


@pytest.fixture(params=[False, True], ids=["asyncio", "process"])
async def scene(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scene]:
    (tmp_path / "ca").mkdir()
    authority = Authority(tmp_path / "ca")
    listen = {"tls": tls_section(authority)}
    async with Provider() as provider:
        providers = {"up": openai_like(provider.url)}
        async with in_loop_or_process(request.param, tmp_path, providers, listen) as running:
            caller = await connect(running.port, trusting(authority))
            yield Scene(provider, running, caller)
            caller.hang_up()


async def test_nothing_is_held_back(scene: Scene) -> None:
    """Each event is read by the application before the provider says the next one."""
    scene.caller.post(chat(stream=True))
    asked = await scene.provider.asked()
    asked.link.start()
    asked.link.chunk(OPENAI_OPENING)
    asked.link.chunk(openai_word("first"))
    assert (await scene.caller.head()).status == 200
    await hear(scene.caller, OPENAI_OPENING + openai_word("first"))
    for number in range(50):
        event = openai_word(f"word {number} ")
        asked.link.chunk(event)
        await hear(scene.caller, event)
    asked.link.chunk(openai_end())
    asked.link.finish()
    assert await scene.caller.rest() == (openai_end(), True)


async def hear(caller: Caller, event: bytes) -> None:
    heard = b""
    while len(heard) < len(event):
        heard += await caller.chunk() or b""
    assert heard == event


async def test_bytes_are_the_same_both_ways(scene: Scene) -> None:
    body = b'{"messages": [{"content":"' + b"\xc3\xa9 \\u00e9 " * 40_000 + b'","role":"user"}],  "model":"up:m"}'
    scene.caller.post(body)
    asked = await scene.provider.asked()
    assert sha256(asked.body).digest() == sha256(body.replace(b'"up:m"', b'"m"')).digest()
    reply = b'{"id": "1",  "choices": [], "x": "' + b"y" * 300_000 + b'"}'
    asked.link.whole(reply)
    answer = await scene.caller.answer()
    assert (sha256(answer.body).digest(), answer.complete) == (sha256(reply).digest(), True)


async def test_an_application_that_hangs_up_ends_the_call(scene: Scene) -> None:
    scene.caller.post(chat(stream=True))
    link = (await scene.provider.asked()).link
    link.start()
    link.chunk(OPENAI_OPENING + openai_word("hi"))
    await scene.caller.head()
    scene.caller.hang_up()
    await link.is_closed()
    assert await scene.running.counted("provider_error_total") == 0


async def test_a_stream_that_was_cut_is_not_complete(scene: Scene) -> None:
    scene.caller.post(chat(stream=True))
    link = (await scene.provider.asked()).link
    link.start()
    link.chunk(OPENAI_OPENING + openai_word("hi"))
    await scene.caller.head()
    assert await scene.caller.chunk() == OPENAI_OPENING + openai_word("hi")
    link.cut()
    error = await scene.caller.chunk()
    assert error is not None
    assert b"provider_stream_cut" in error
    with pytest.raises(Cut):
        await scene.caller.chunk()


async def test_one_connection_carries_many_calls(scene: Scene) -> None:
    scene.provider.answer = lambda asked: asked.link.whole(openai_reply(asked.json["messages"][0]["content"]))
    for number in range(20):
        answer = await scene.caller.ask(chat(text=f"number {number}"))
        assert answer.json["choices"][0]["message"]["content"] == f"number {number}"


async def test_what_is_not_tls_gets_no_answer_and_harms_nobody(scene: Scene) -> None:
    plain = await scene.running.caller()
    plain.post(chat())
    assert b"HTTP/1.1 200" not in await plain.everything()
    scene.provider.answer = lambda asked: asked.link.whole(openai_reply())
    assert (await scene.caller.ask(chat())).status == 200


async def test_an_application_that_does_not_read_slows_the_provider(scene: Scene) -> None:
    """What TLS keeps for it is bounded like everything else."""
    scene.caller.post(chat(stream=True))
    link = (await scene.provider.asked()).link
    link.start()
    link.chunk(OPENAI_OPENING)
    event = openai_word("x" * PIECE)
    for _ in range(MOST // PIECE):
        link.chunk(event)
        try:
            await asyncio.wait_for(link.writable.wait(), STUCK)
        except TimeoutError:
            return
    pytest.fail(f"{MOST} bytes were taken in for an application that reads nothing")
