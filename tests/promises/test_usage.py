"""Tokens are counted in buckets that share nothing and sum to the total, however the provider reports them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

from proxy.call import BUCKETS
from tests.promises.caller import Answer, chat
from tests.promises.dialects import WIRES, alone, gemini, like, ollama, pairs, speaking_alone
from tests.promises.dialects.wire import Said, Wire
from tests.promises.sidecars import InLoop, anthropic_like, openai_like, sidecar
from tests.promises.upstream import Asked, Provider
from tests.promises.wires import (
    OPENAI_OPENING,
    OPENAI_USAGE,
    anthropic_end,
    anthropic_opening,
    anthropic_reply,
    anthropic_word,
    openai_chunk,
    openai_end,
    openai_reply,
    openai_stream,
    openai_word,
)

ANTHROPIC_USAGE = {
    "input_tokens": 10,
    "cache_read_input_tokens": 7,
    "cache_creation_input_tokens": 5,
    "output_tokens": 9,
    "output_tokens_details": {"thinking_tokens": 4},
}
OPENAI_BUCKETS = {"input": 65, "cache_read": 30, "audio_input": 5, "output": 27, "reasoning": 20, "audio_output": 3}
ANTHROPIC_BUCKETS = {"input": 10, "cache_read": 7, "cache_write": 5, "output": 5, "reasoning": 4}

#: Reported three times, each time more: the last report is the truth, and no report is added to another.
REPEATED = b"".join(
    openai_chunk(
        {"content": "x"}, usage={"prompt_tokens": 100, "completion_tokens": count, "total_tokens": 100 + count}
    )
    for count in (10, 20, 30)
)


class Case(NamedTuple):
    """What the provider answers, and the buckets that must be counted."""

    like: Callable[..., dict[str, Any]]
    answer: dict[str, Any] | bytes
    buckets: dict[str, int]


CASES = {
    "openai reply": Case(openai_like, openai_reply(usage=OPENAI_USAGE), OPENAI_BUCKETS),
    "openai stream": Case(openai_like, openai_stream("a", "b", usage=OPENAI_USAGE), OPENAI_BUCKETS),
    "openai stream, long": Case(openai_like, openai_stream(*(["word"] * 500), usage=OPENAI_USAGE), OPENAI_BUCKETS),
    "openai stream, repeated": Case(
        openai_like, OPENAI_OPENING + REPEATED + openai_end(), {"input": 100, "output": 30}
    ),
    "anthropic reply": Case(
        anthropic_like, anthropic_reply([{"type": "text", "text": "hi"}], ANTHROPIC_USAGE), ANTHROPIC_BUCKETS
    ),
    "anthropic stream": Case(
        anthropic_like,
        anthropic_opening(ANTHROPIC_USAGE | {"output_tokens": 1})
        + anthropic_word("hi")
        + anthropic_end(ANTHROPIC_USAGE),
        ANTHROPIC_BUCKETS,
    ),
}


def answering(said: dict[str, Any] | bytes) -> Callable[[Asked], None]:
    return lambda asked: asked.link.stream(said) if isinstance(said, bytes) else asked.link.whole(said)


async def counted(running: InLoop) -> dict[str, int]:
    await running.is_idle()
    found = {bucket: int(await running.counted("outrider_tokens_total", bucket=bucket)) for bucket in BUCKETS}
    return {bucket: count for bucket, count in found.items() if count}


@pytest.mark.parametrize("case", CASES)
async def test_every_token_is_in_one_bucket(case: str, tmp_path: Path) -> None:
    like, said, buckets = CASES[case]
    async with Provider(answering(said)) as provider, sidecar(tmp_path, {"up": like(provider.url)}) as running:
        stream = isinstance(said, bytes)
        answer = await running.ask(chat(stream=stream, stream_options={"include_usage": True}) if stream else chat())
        assert answer.complete
        assert await counted(running) == buckets
        assert await running.counted("outrider_tokens_estimated_total") == 0
        told = usage_of(answer)
        if told:
            assert told["total_tokens"] == sum(buckets.values())
            assert told["prompt_tokens"] + told["completion_tokens"] == told["total_tokens"]
        assert await running.counted("llm_tokens_prompt") + await running.counted("llm_tokens_completion") == sum(
            buckets.values()
        )


def usage_of(answer: Answer) -> dict[str, Any] | None:
    """What the application is told last."""
    if not answer.headers["content-type"].startswith("text/event-stream"):
        return answer.json["usage"]  # type: ignore[no-any-return]
    events = [event[6:] for event in answer.body.split(b"\n\n") if event.startswith(b"data: {")]
    told = [usage for event in events if (usage := orjson.loads(event).get("usage"))]
    return told[-1] if told else None


async def test_a_stream_without_a_report_is_estimated(tmp_path: Path) -> None:
    """A relay asks for nothing that the application did not ask for: what it used is then estimated from its words."""
    data = OPENAI_OPENING + b"".join(openai_word("word ") for _ in range(200)) + openai_end()
    async with (
        Provider(lambda asked: asked.link.stream(data)) as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}) as running,
    ):
        await running.ask(chat(stream=True))
        assert 150 < (await counted(running))["output"] < 250
        assert await running.counted("outrider_tokens_estimated_total") == sum((await counted(running)).values())


async def test_two_calls_add_up(tmp_path: Path) -> None:
    said = openai_reply(usage=OPENAI_USAGE)
    async with Provider(answering(said)) as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}) as running:
        for _ in range(2):
            await running.ask(chat())
        assert await counted(running) == {bucket: 2 * count for bucket, count in OPENAI_BUCKETS.items()}


async def spent(running: InLoop, ours: Wire, *, stream: bool) -> dict[str, int]:
    answer = await running.ask(ours.ask("up:m", stream), ours.headers, ours.path_to("up:m", stream))
    assert (answer.status, answer.complete) == (200, True), answer.body
    assert await running.counted("outrider_tokens_estimated_total") == 0
    return await counted(running)


def telling(wire: Wire, said: Said) -> Callable[[Asked], None]:
    """A stream or a whole answer, as it is asked for."""

    def answer(asked: Asked) -> None:
        streamed = asked.json.get("stream", asked.line.split()[1] == wire.path_to("m", True))
        if streamed:
            asked.link.start(wire.content_type)
            for event in said.events:
                asked.link.chunk(event)
            asked.link.finish()
        else:
            asked.link.whole(wire.reply("hi"))

    return answer


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("dialect", WIRES)
async def test_what_every_relay_reports(dialect: str, stream: bool, tmp_path: Path) -> None:
    """Of a long stream too, of which only the beginning and the end are kept."""
    wire = WIRES[dialect]
    answer = telling(wire, wire.stream(["word "] * 400))
    async with Provider(answer) as provider, sidecar(tmp_path, {"up": like(wire, provider.url)}) as running:
        assert await spent(running, wire, stream=stream) == wire.buckets


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("client", "target"), pairs(step=3))
async def test_what_every_target_reports_to_any_client(client: str, target: str, stream: bool, tmp_path: Path) -> None:
    ours, theirs = WIRES[client], WIRES[target]
    stream = stream or client == "gemini_array"  # which is a stream
    with speaking_alone():
        async with (
            Provider(telling(theirs, theirs.stream(["one", "two"]))) as provider,
            sidecar(tmp_path, {"up": alone(theirs, provider.url)}) as running,
        ):
            assert await spent(running, ours, stream=stream) == theirs.buckets


#: Dialects that say the whole answer, or something as long, in the event that holds the counts.
LONG_ENDS: dict[str, Callable[[int], bytes]] = {
    "responses": lambda size: WIRES["responses"].stream(["x" * size]).ending[-1],
    "gemini": lambda size: gemini.event(gemini.reply("x" * size)),
    "gemini_array": lambda size: gemini.element(gemini.reply("x" * size)),
    "ollama_generate": lambda size: ollama.generate_end([7] * (size // 2)),
}


@pytest.mark.parametrize("size", [10_000, 70_000, 200_000])
@pytest.mark.parametrize("dialect", LONG_ENDS)
async def test_a_last_event_of_any_length(dialect: str, size: int, tmp_path: Path) -> None:
    wire = WIRES[dialect]
    said = wire.stream(["word "] * 20)
    last = max(range(len(said.ending)), key=lambda index: len(said.ending[index]))
    said.ending[last] = LONG_ENDS[dialect](size)
    async with (
        Provider(telling(wire, said)) as provider,
        sidecar(tmp_path, {"up": like(wire, provider.url)}) as running,
    ):
        assert await spent(running, wire, stream=True) == wire.buckets
