"""Where both sides speak the same dialect, what is kept and what is shared is told as the provider said it, to the byte."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from random import Random

import pytest

from tests.promises.caching import joined, read
from tests.promises.caller import Answer
from tests.promises.dialects import WIRES, like
from tests.promises.dialects.wire import Wire
from tests.promises.sidecars import InLoop, sidecar
from tests.promises.upstream import EVENT_STREAM, Asked, Provider

CACHE = {"enabled": True, "which": "all", "streams": "store"}
WORDS = ["h\u00e9llo ", "\U0001f600 ", "th\u2028ere", ' \\ "quoted"']
EACH = pytest.mark.parametrize("name", WIRES)


def oddly_written(wire: Wire) -> bytes:
    """A whole answer with white space, an escape and a member that nobody knows."""
    said = {"x_unheard_of": {"b": 1.50, "a": None}, **wire.reply("".join(WORDS))}
    return b" \n" + json.dumps(said, indent=3, ensure_ascii=True).encode() + b"\r\n "


def streamed(wire: Wire, dice: Random) -> list[bytes]:
    """A stream in pieces that have nothing to do with its events."""
    data = wire.stream(WORDS).data
    if wire.content_type == EVENT_STREAM:
        data = b": a comment\r\n\r\n" + data
    cuts = sorted({0, len(data), *(dice.randrange(len(data)) for _ in range(8))})
    return [data[start:end] for start, end in itertools.pairwise(cuts)]


def answer(wire: Wire, pieces: list[bytes], asked: Asked) -> None:
    if pieces:
        asked.link.start(wire.content_type)
        for piece in pieces:
            asked.link.chunk(piece)
        asked.link.finish()
    else:
        asked.link.whole(oddly_written(wire))


async def ask(running: InLoop, wire: Wire, stream: bool, **headers: str) -> Answer:
    path = wire.path_to("up:m", stream)
    found = await running.ask(wire.ask("up:m", stream), {**wire.headers, **headers}, path)
    await read(running)
    return found


@EACH
@pytest.mark.parametrize("stream", [False, True])
async def test_a_hit_is_what_the_provider_said(tmp_path: Path, name: str, stream: bool) -> None:
    wire = WIRES[name]
    pieces = streamed(wire, Random(name)) if stream else []
    said = b"".join(pieces) if stream else oddly_written(wire)
    async with (
        Provider(lambda asked: answer(wire, pieces, asked)) as provider,
        sidecar(tmp_path, {"up": like(wire, provider.url)}, cache=CACHE) as running,
    ):
        found = [await ask(running, wire, stream) for _ in range(3)]
        words = [each.headers["x-outrider-cache"] for each in found]
        assert (words, len(provider.requests)) == (["miss", "hit", "hit"], 1), running.log()
        assert [each.body == said for each in found] == [True] * 3
        assert all(each.complete for each in found)
        passed = await ask(running, wire, stream, **{"x-outrider-cache": "bypass"})
        assert passed.body == said
        assert passed.headers["content-type"] == found[1].headers["content-type"]
        assert provider.requests[0].body == provider.requests[1].body


@EACH
async def test_whoever_shares_a_stream_hears_what_the_provider_said(tmp_path: Path, name: str) -> None:
    wire, dice = WIRES[name], Random(f"{name} shared")
    pieces = streamed(wire, dice)
    async with Provider() as provider, sidecar(tmp_path, {"up": like(wire, provider.url)}, cache=CACHE) as running:
        callers = [await running.caller() for _ in range(4)]
        for caller in callers:
            caller.post(wire.ask("up:m", True), wire.headers, wire.path_to("up:m", True))
        asked = await provider.asked()
        await joined(running, 3)
        answer(wire, pieces, asked)
        answers = [await caller.answer() for caller in callers]
        assert [each.body == b"".join(pieces) for each in answers] == [True] * 4
        assert all(each.complete for each in answers)
        assert len(provider.requests) == 1
