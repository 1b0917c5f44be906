"""Where a provider does not tell what an answer took, it is estimated and marked as such; what was told of it stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from proxy.call import BUCKETS
from tests.promises.caller import Answer
from tests.promises.dialects import TARGETS, WIRES, alone, like, speaking_alone
from tests.promises.dialects.wire import Wire
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.promises.upstream import Asked, Link, Provider

WORDS = 50
QUESTION = "Why does a proxy count what it passes on? " * 10
#: The question's tokens, give or take a third.
ASKED = range(60, 140)
#: The answer's: a word is one.
ANSWERED = range(33, 100)
#: Dialects that tell what the prompt took before they tell what the answer does, and what they tell.
EARLY: Mapping[str, dict[str, int]] = {
    "anthropic": {name: WIRES["anthropic"].buckets[name] for name in ("input", "cache_read", "cache_write")},
    "gemini": {"input": 100},
    "gemini_array": {"input": 100},
}


async def counted(running: InLoop) -> dict[str, int]:
    await running.is_idle()
    found = {bucket: int(await running.counted("outrider_tokens_total", bucket=bucket)) for bucket in BUCKETS}
    return {bucket: count for bucket, count in found.items() if count}


async def check(running: InLoop, theirs: Wire) -> None:
    """What of a stream was counted that ended before its end."""
    tokens, estimated = await counted(running), await running.counted("outrider_tokens_estimated_total")
    assert tokens.pop("output") in ANSWERED
    assert tokens == EARLY.get(theirs.name, {"input": tokens["input"]})
    assert tokens["input"] in ASKED or theirs.name in EARLY
    assert estimated == sum((await counted(running)).values())


async def leave(running: InLoop, link: Link, caller: Any) -> None:
    caller.hang_up()
    await link.is_closed()


async def cut(running: InLoop, link: Link, caller: Any) -> None:
    link.cut()
    await caller.everything()


ENDS: Mapping[str, Callable[..., Any]] = {"the application leaves": leave, "the provider cuts": cut}


async def begin(running: InLoop, provider: Provider, ours: Wire, theirs: Wire) -> tuple[Link, Any]:
    """A stream of which all words have been said, and not the end."""
    said = theirs.stream(["word "] * WORDS)
    caller = await running.caller()
    caller.post(ours.ask("up:m", True, QUESTION), ours.headers, ours.path_to("up:m", True))
    link = (await provider.asked()).link
    link.start(theirs.content_type)
    for event in said.opening:
        link.chunk(event)
    link.chunk(said.words[0])
    await caller.head()
    await caller.chunk()
    for word in said.words[1:]:
        link.chunk(word)
    heard = b""
    while heard.count(b"word ") < WORDS - 1:
        heard += await caller.chunk() or b""
    return link, caller


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("dialect", [name for name in WIRES if name != "bedrock_invoke"])
async def test_a_relay_that_ends_early(dialect: str, end: str, tmp_path: Path) -> None:
    wire = WIRES[dialect]
    async with Provider() as provider, sidecar(tmp_path, {"up": like(wire, provider.url)}) as running:
        await ENDS[end](running, *await begin(running, provider, wire, wire))
        await check(running, wire)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("target", [name for name in TARGETS if name != "openai"])
async def test_a_translation_that_ends_early(target: str, end: str, tmp_path: Path) -> None:
    ours, theirs = WIRES["openai"], WIRES[target]
    with speaking_alone():
        async with Provider() as provider, sidecar(tmp_path, {"up": alone(theirs, provider.url)}) as running:
            await ENDS[end](running, *await begin(running, provider, ours, theirs))
            await check(running, theirs)


# ---- whole answers

USAGE = ("usage", "usageMetadata", "prompt_eval_count", "eval_count")


def silent(wire: Wire) -> Callable[[Asked], None]:
    reply = {name: value for name, value in wire.reply("word " * WORDS).items() if name not in USAGE}
    return lambda asked: asked.link.whole(reply)


@pytest.mark.parametrize("dialect", [name for name in WIRES if name != "gemini_array"])
async def test_a_silent_reply_that_is_relayed(dialect: str, tmp_path: Path) -> None:
    wire = WIRES[dialect]
    async with Provider(silent(wire)) as provider, sidecar(tmp_path, {"up": like(wire, provider.url)}) as running:
        answer = await running.ask(wire.ask("up:m", False, QUESTION), wire.headers, wire.path_to("up:m"))
        await check_silent(running, answer)


@pytest.mark.parametrize("target", [name for name in TARGETS if name != "openai"])
async def test_a_silent_reply_that_is_translated(target: str, tmp_path: Path) -> None:
    ours, theirs = WIRES["openai"], WIRES[target]
    with speaking_alone():
        async with (
            Provider(silent(theirs)) as provider,
            sidecar(tmp_path, {"up": alone(theirs, provider.url)}) as running,
        ):
            answer = await running.ask(ours.ask("up:m", False, QUESTION), ours.headers, ours.path_to("up:m"))
            await check_silent(running, answer)


async def check_silent(running: InLoop, answer: Answer) -> None:
    assert answer.status == 200
    tokens = await counted(running)
    assert tokens.keys() == {"input", "output"}
    assert tokens["input"] in ASKED
    assert tokens["output"] in ANSWERED
    assert await running.counted("outrider_tokens_estimated_total") == sum(tokens.values())


async def test_silent_embeddings(tmp_path: Path) -> None:
    reply = {"object": "list", "model": "m", "data": [{"object": "embedding", "index": 0, "embedding": [0.5] * 64}]}
    async with (
        Provider(lambda asked: asked.link.whole(reply)) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}) as running,
    ):
        await running.ask({"model": "up:m", "input": QUESTION}, path="/v1/embeddings")
        tokens = await counted(running)
        assert tokens.keys() == {"input"}
        assert tokens["input"] in ASKED
        assert await running.counted("outrider_tokens_estimated_total") == tokens["input"]


# ---- what is no answer


@pytest.mark.parametrize("status", [400, 401, 429, 500])
@pytest.mark.parametrize("stream", [True, False])
async def test_what_was_refused_takes_nothing(status: int, stream: bool, tmp_path: Path) -> None:
    wire = WIRES["openai"]
    refuse = {"error": {"message": "no", "type": "x"}}
    async with (
        Provider(lambda asked: asked.link.whole(refuse, status)) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}, retry={"attempts": 1}) as running,
    ):
        await running.ask(wire.ask("up:m", stream, QUESTION))
        assert await counted(running) == {}


@pytest.mark.parametrize("dialect", WIRES)
async def test_an_error_before_the_model_has_spoken_takes_nothing(dialect: str, tmp_path: Path) -> None:
    """But for what the provider itself has told."""
    wire = WIRES[dialect]
    error = next(iter(wire.errors.values()))

    def fail(asked: Asked) -> None:
        asked.link.start(wire.content_type)
        asked.link.chunk(error.event)
        asked.link.finish()

    async with (
        Provider(fail) as provider,
        sidecar(tmp_path, {"up": like(wire, provider.url)}, retry={"attempts": 1}) as running,
    ):
        await running.ask(wire.ask("up:m", True, QUESTION), wire.headers, wire.path_to("up:m", True))
        assert await counted(running) == {}
        assert await running.counted("outrider_tokens_estimated_total") == 0
