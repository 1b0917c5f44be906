"""Nothing is held back: the provider says its next word only after the application has read the one before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.promises.caller import chat
from tests.promises.dialects import WIRES as DIALECTS
from tests.promises.dialects import alone, like, pairs, speaking_alone
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


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_every_event_of_every_relay_arrives_before_the_next_is_sent(dialect: str, tmp_path: Path) -> None:
    wire = DIALECTS[dialect]
    said = wire.stream(WORDS[:8])
    first = len(said.opening)
    async with Provider() as provider, sidecar(tmp_path, {"up": like(wire, provider.url)}) as running:
        caller = await running.caller()
        caller.post(wire.ask("up:m", True), wire.headers, wire.path_to("up:m", True))
        link = (await provider.asked()).link
        link.start(wire.content_type)
        for number, event in enumerate(said.events):
            link.chunk(event)
            if number == first:
                head = await caller.head()
                assert (head.status, head.headers["content-type"].partition(";")[0]) == (200, wire.content_type)
                assert await caller.chunk() == b"".join(said.events[: first + 1])
            elif number > first:
                assert await caller.chunk() == event
        link.finish()
        assert await caller.rest() == (b"", True)


@pytest.mark.parametrize(("client", "target"), pairs(step=4))
async def test_every_event_is_said_anew_before_the_next_is_sent(client: str, target: str, tmp_path: Path) -> None:
    """The chunk that the application reads for a word holds that word whole, and is a whole event of its dialect."""
    ours, theirs = DIALECTS[client], DIALECTS[target]
    said = theirs.stream(WORDS[:6])
    with speaking_alone():
        async with Provider() as provider, sidecar(tmp_path, {"up": alone(theirs, provider.url)}) as running:
            caller = await running.caller()
            caller.post(ours.ask("up:m", True), ours.headers, ours.path_to("up:m", True))
            asked = await provider.asked()
            assert asked.line.split()[1] == theirs.path_to("m", True)
            asked.link.start(theirs.content_type)
            heard = b""
            asked.link.chunk(b"".join(said.opening))
            for number, (word, event) in enumerate(zip(WORDS, said.words, strict=False)):
                asked.link.chunk(event)
                if number == 0:
                    head = await caller.head()
                    assert (head.status, head.headers["content-type"].partition(";")[0]) == (200, ours.content_type)
                heard += await caller.chunk() or b""
                assert ours.hear(heard).text == "".join(WORDS[: number + 1]), (word, heard)
                assert not ours.hear(heard).finished
            asked.link.chunk(b"".join(said.ending))
            asked.link.finish()
            rest, complete = await caller.rest()
            assert complete
            assert ours.hear(heard + rest) == ("".join(WORDS[:6]), True, ())


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
