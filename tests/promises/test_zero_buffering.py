"""Nothing is held back: the provider says its next word only after the application has read the one before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.promises.caller import chat
from tests.promises.sidecars import anthropic_like, openai_like, sidecar
from tests.promises.upstream import Provider
from tests.promises.wires import (
    OPENAI_OPENING,
    anthropic_end,
    anthropic_opening,
    anthropic_word,
    openai_end,
    openai_word,
)

WORDS = [f"word-{number}" for number in range(50)]
WIRES = {
    "relayed": (openai_like, OPENAI_OPENING, openai_word, openai_end),
    "translated": (anthropic_like, anthropic_opening(), anthropic_word, anthropic_end),
}


@pytest.mark.parametrize("wire", WIRES)
async def test_every_event_arrives_before_the_next_is_sent(wire: str, tmp_path: Path) -> None:
    like, opening, word, end = WIRES[wire]
    async with Provider() as provider, sidecar(tmp_path, {"up": like(provider.url)}) as running:
        caller = await running.caller()
        caller.post(chat(stream=True))
        link = (await provider.asked()).link
        link.start()
        link.chunk(opening)
        for number, said in enumerate(WORDS):
            link.chunk(word(said))
            if number == 0:
                assert (await caller.head()).status == 200
            heard = await caller.chunk()
            assert heard is not None
            assert heard.count(said.encode()) == 1
        link.chunk(end())
        link.finish()
        rest, complete = await caller.rest()
        assert complete
        assert rest.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("wire", WIRES)
async def test_half_an_event_is_not_waited_for_where_bytes_are_relayed(wire: str, tmp_path: Path) -> None:
    """A relay passes on what it has; a translation cannot say half an event, and says it as soon as it is whole."""
    like, opening, word, _ = WIRES[wire]
    first, second = word("half")[:30], word("half")[30:]
    async with Provider() as provider, sidecar(tmp_path, {"up": like(provider.url)}) as running:
        caller = await running.caller()
        caller.post(chat(stream=True))
        link = (await provider.asked()).link
        link.start()
        link.chunk(opening + word("spoken"))
        await caller.head()
        await caller.chunk()
        link.chunk(first)
        if wire == "relayed":
            assert await caller.chunk() == first
        link.chunk(second)
        heard = await caller.chunk()
        assert heard == second if wire == "relayed" else b'"half"' in (heard or b"")


async def test_the_head_does_not_wait_for_the_end_of_a_quiet_opening(tmp_path: Path) -> None:
    """While the model says nothing the opening is held, but no longer than configured."""
    providers = {"timeouts": {"opening": 0.05}}
    async with Provider() as provider, sidecar(tmp_path, {"up": openai_like(provider.url, **providers)}) as running:
        caller = await running.caller()
        caller.post(chat(stream=True))
        link = (await provider.asked()).link
        link.start()
        link.chunk(OPENAI_OPENING)
        assert (await caller.head()).status == 200
        assert await caller.chunk() == OPENAI_OPENING
