"""Any bytes into any door, any bytes from a provider in any framing: an answer or a clean end, in bounded memory, no traceback.

A traceback in the log fails the test, as everywhere here.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest

from tests.promises.caller import Answer
from tests.promises.dialects import TARGETS, WIRES, alone, like, pairs, speaking_alone
from tests.promises.dialects.wire import Wire, frame
from tests.promises.sidecars import InLoop, sidecar
from tests.promises.spellings import Speller, pieces
from tests.promises.upstream import Asked, Provider

ODD: list[Any] = [
    None,
    0,
    -1,
    1e300,
    True,
    "",
    "x",
    [],
    {},
    [None],
    [[]],
    [{}],
    {"type": None},
    [{"type": "x"}],
    {"a": []},
]


async def no_fault(running: InLoop) -> None:
    await running.is_idle()
    assert await running.counted("llm_requests_failure", kind="internal_error") == 0
    assert await running.counted("llm_active_connections") == 0


def well(wire: Wire, asked: Asked) -> None:
    """Whole or as a stream, as it was asked; Ollama streams unless it is told not to."""
    in_path = wire.model_in_path and asked.line.split()[1] == wire.path_to("m", True)
    said = asked.json.get("stream")
    if in_path or said is True or (said is None and wire.kind == "ollama"):
        asked.link.stream(wire.stream(["hi"]).data, wire.content_type)
    else:
        asked.link.whole(wire.reply("hi"))


def places(value: Any) -> list[list[Any]]:
    """The paths to everything inside a value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for key, inner in inside for path in ([key], *([key, *rest] for rest in places(inner)))]


def replaced(value: Any, path: list[Any], instead: Any) -> Any:
    if not path:
        return instead
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], instead)
    return copy


@pytest.mark.parametrize(("client", "target"), [(name, name) for name in WIRES if name != "openai"] + pairs(step=20))
async def test_odd_values_in_every_place_of_a_request(client: str, target: str, tmp_path: Path) -> None:
    ours, theirs = WIRES[client], WIRES[target]
    whole = ours.ask("up:m")
    entry = like if client == target else alone
    with speaking_alone():
        async with (
            Provider(lambda asked: well(theirs, asked)) as provider,
            sidecar(tmp_path, {"up": entry(theirs, provider.url)}) as running,
        ):
            caller = await running.caller()
            for path in places(whole):
                for odd in ODD:
                    body = orjson.dumps(replaced(whole, path, odd))
                    said = await caller.ask(body, ours.headers, ours.path_to("up:m"))
                    assert said.status in (200, 400, 404), (path, odd, said.body)
                    assert said.complete
            await no_fault(running)


@pytest.mark.parametrize("dialect", WIRES)
async def test_random_json_in_every_field(dialect: str, tmp_path: Path) -> None:
    wire = WIRES[dialect]
    names = sorted({*wire.ask("up:m"), "tools", "toolConfig", "generationConfig", "options", "stream", "metadata"})
    async with (
        Provider(lambda asked: well(wire, asked)) as provider,
        sidecar(tmp_path, {"up": like(wire, provider.url)}) as running,
    ):
        for seed in range(60):
            speller = Speller(seed)
            fields = {name: orjson.dumps(value).decode() for name, value in wire.ask("up:m").items()}
            fields |= {name: speller.value() for name in speller.dice.sample(names, 2)}
            text = speller.object([(f'"{name}"', value) for name, value in fields.items()])
            body = (speller.value() if seed % 6 == 0 else text).encode()
            said = await running.ask(body, wire.headers, wire.path_to("up:m"))
            assert said.status in (200, 400, 404), (seed, body, said.body)
        await no_fault(running)


@pytest.mark.parametrize("depth", [150, 1100, 50_000])
@pytest.mark.parametrize("dialect", WIRES)
async def test_json_in_any_depth(dialect: str, depth: int, tmp_path: Path) -> None:
    """In an unknown field of a relay, in a schema, and in what is translated."""
    wire = WIRES[dialect]
    deep = b'{"properties":' * depth + b"{}" + b"}" * depth
    body = orjson.dumps(wire.ask("up:m") | SCHEMA_AT.get(dialect, {"x": "DEEP"})).replace(b'"DEEP"', deep)
    async with (
        Provider(lambda asked: well(wire, asked)) as provider,
        sidecar(tmp_path, {"up": like(wire, provider.url)}) as running,
    ):
        for model in ("up:m", "mock"):
            said = await running.ask(
                body.replace(b'"up:m"', b'"%b"' % model.encode()), wire.headers, wire.path_to(model)
            )
            assert said.status in (200, 400), said.body
        await no_fault(running)


FUNCTION = {"tools": [{"type": "function", "function": {"name": "f", "parameters": "DEEP"}}]}
SCHEMA = {"tools": [{"name": "f", "input_schema": "DEEP"}]}
DECLARATION = {"tools": [{"functionDeclarations": [{"name": "f", "parameters": "DEEP"}]}]}
SCHEMA_AT: dict[str, dict[str, Any]] = {
    "openai": FUNCTION,
    "ollama": FUNCTION,
    "cohere": FUNCTION,
    "responses": {"tools": [{"type": "function", "name": "f", "parameters": "DEEP"}]},
    "anthropic": SCHEMA,
    "bedrock_invoke": SCHEMA,
    "gemini": DECLARATION,
    "gemini_array": DECLARATION,
    "bedrock": {"toolConfig": {"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": "DEEP"}}}]}},
}


# ---- from the provider


NOISE = (
    b"",
    b"\0",
    b"\n\n",
    b"data: ",
    b"[",
    b"]",
    b",",
    b"{",
    b"}",
    b'"',
    b"\xff\xfe",
    b"event: x\n",
    b"null",
    b"[]\n",
    b"5\n",
)


def mutated(data: bytes, dice: Random) -> bytes:
    for _ in range(dice.randrange(1, 4)):
        at = dice.randrange(len(data))
        instead = dice.choice((dice.choice(NOISE), dice.randbytes(4), data[at : at + 60] * 2))
        data = data[:at] + instead + data[at + dice.randrange(12) :]
    return data


def hostile(wire: Wire, seed: int) -> bytes:
    """Noise, a damaged stream, or whole events whose payloads are damaged or in any order."""
    dice = Random(seed)
    said = wire.stream(["one", "two"])
    kind = seed % 4
    if kind == 0:
        return dice.randbytes(dice.randrange(1, 3000))
    if kind == 1:
        return mutated(said.data, dice)
    if kind == 2:
        return b"".join(dice.choices(said.events, k=dice.randrange(1, 12)))
    return odd_events(wire, dice)


def odd_events(wire: Wire, dice: Random) -> bytes:
    speller = Speller(dice.randrange(1 << 30))
    payloads = [speller.value().encode() for _ in range(4)]
    if wire.content_type.endswith("eventstream"):
        kinds = ["messageStart", "contentBlockStart", "contentBlockDelta", "messageStop", "metadata", "chunk", "new"]
        return b"".join(frame(payload, dice.choice(kinds)) for payload in payloads)
    if wire.content_type.startswith("text"):
        return b"".join(b"data: %b\n\n" % b" ".join(payload.split()) for payload in payloads)
    if wire.content_type.endswith("ndjson"):
        return b"".join(b" ".join(payload.split()) + b"\n" for payload in payloads)
    return b"[" + b",\r\n".join(payloads) + b"]"


class Hostile:
    """Answers the next request with `data` in pieces, as a stream or as a whole, and then ends well or dies."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.data = b""
        self.dice = Random(0)

    def __call__(self, asked: Asked) -> None:
        stream = self.dice.random() < 0.8
        asked.link.start(self.wire.content_type if stream else "application/json")
        for piece in pieces(self.data, self.dice, 12):
            asked.link.chunk(piece)
        if self.dice.random() < 0.5:
            asked.link.finish()
        else:
            asked.link.cut()


async def hear(running: InLoop, ours: Wire, stream: bool) -> Answer:
    return await running.ask(ours.ask("up:m", stream), ours.headers, ours.path_to("up:m", stream))


PAIRS = [*((name, name) for name in WIRES), *pairs(step=9)]


@pytest.mark.parametrize(("client", "target"), PAIRS)
async def test_any_bytes_from_a_provider(client: str, target: str, tmp_path: Path) -> None:
    ours, theirs = WIRES[client], WIRES[target]
    provide = Hostile(theirs)
    entry = like if client == target else alone
    with speaking_alone():
        async with Provider(provide) as provider, sidecar(tmp_path, {"up": entry(theirs, provider.url)}) as running:
            for seed in range(60):
                provide.data, provide.dice = hostile(theirs, seed), Random(seed)
                said = await hear(running, ours, seed % 5 != 4)
                assert said.status in (200, 400, 404, 413, 429, 500, 502, 504), (seed, said)
                if said.status != 200:
                    assert said.complete
                    assert ours.words_of(said.json), (seed, said.body)
                elif said.complete and seed % 5 != 4 and client != target:
                    # [DONE] alone is an end too, of which Google's dialect has no word.
                    assert ours.hear(said.body).finished or b"[DONE]" in provide.data, (seed, provide.data, said.body)
            await no_fault(running)


ENDLESS = {
    "sse": b'data: {"x":"',
    "ndjson": b'{"model":"m","x":"',
    "json_array": b'[{"x":"',
    "eventstream": b"\x00\xff\xff\xff\x00\x00\x00\x10",
}
FRAMING = {name: "ndjson" if "ndjson" in wire.content_type else "sse" for name, wire in WIRES.items()} | {
    "gemini_array": "json_array",
    "bedrock": "eventstream",
    "bedrock_invoke": "eventstream",
}


@pytest.mark.parametrize("target", ["gemini", "ollama", "bedrock", "cohere"])
async def test_an_event_without_end_is_given_up(target: str, tmp_path: Path) -> None:
    """Past the largest event that is read, the attempt is over: nothing grows for ever."""
    theirs = WIRES[target]
    ours = WIRES["anthropic"]
    assert target in TARGETS

    def flood(asked: Asked) -> None:
        asked.link.start(theirs.content_type)
        said = theirs.stream(["hi"])
        asked.link.chunk(b"".join([*said.opening, *said.words]))
        asked.link.chunk(ENDLESS[FRAMING[target]])
        for _ in range(20):
            asked.link.chunk(b"x" * (1 << 20))

    async with Provider(flood) as provider, sidecar(tmp_path, {"up": like(theirs, provider.url)}) as running:
        said = await hear(running, ours, True)
        assert (said.status, said.complete) == (200, False)
        assert ours.hear(said.body).errors
        await running.is_idle()
        assert await running.counted("llm_requests_failure", kind="provider_error") == 1
        await provider.links[0].is_closed()
