"""Who reads slowly holds up nobody who shares the call, and only so long where there is no more room."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.promises.caching import FIXED, flying, joined, posted
from tests.promises.caller import chat
from tests.promises.wires import openai_end, openai_word

STREAM = chat(stream=True, **FIXED)


async def test_a_slow_follower_holds_up_nobody(tmp_path: Path) -> None:
    words = ["x" * 4000] * 100
    async with flying(tmp_path) as (running, provider):
        [leader] = await posted(running, 1, STREAM)
        asked = await provider.asked()
        slow = await running.caller(receive_buffer=4096)
        slow.post(STREAM)
        await joined(running, 1)
        asked.link.start()
        heard = asyncio.ensure_future(leader.answer())
        for word in words:
            asked.link.chunk(openai_word(word))
        asked.link.chunk(openai_end())
        asked.link.finish()
        whole = await heard
        assert whole.complete
        assert whole.body.endswith(b"[DONE]\n\n")
        late = await slow.answer()
        assert late.complete
        assert late.body == whole.body


async def test_a_slow_leader_holds_up_nobody_either(tmp_path: Path) -> None:
    words = ["x" * 4000] * 100
    async with flying(tmp_path) as (running, provider):
        slow = await running.caller(receive_buffer=4096)
        slow.post(STREAM)
        asked = await provider.asked()
        [quick] = await posted(running, 1, STREAM)
        await joined(running, 1)
        asked.link.start()
        for word in words:
            asked.link.chunk(openai_word(word))
        asked.link.chunk(openai_end())
        asked.link.finish()
        whole = await quick.answer()
        assert whole.complete
        late = await slow.answer()
        assert late.complete
        assert late.body == whole.body


async def test_who_holds_up_an_answer_too_large_to_keep_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.policies.flight.PATIENCE", 0.2)
    async with flying(tmp_path, largest=1 << 20) as (running, provider):
        [leader] = await posted(running, 1, STREAM)
        asked = await provider.asked()
        slow = await running.caller(receive_buffer=4096)
        slow.post(STREAM)
        await joined(running, 1)
        asked.link.start()
        heard = asyncio.ensure_future(leader.answer())
        for _ in range(3000):
            asked.link.chunk(openai_word("x" * 4000))
            if not asked.link.writable.is_set():
                async with asyncio.timeout(10):
                    await asked.link.writable.wait()
        asked.link.chunk(openai_end())
        asked.link.finish()
        whole = await heard
        assert whole.complete
        assert len(whole.body) > 3000 * 4000
        assert not (await slow.answer()).complete
