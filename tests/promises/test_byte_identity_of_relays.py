"""Every dialect that is spoken on both sides is relayed, byte for byte: unknown fields and beta headers included."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.promises.caller import Caller
from tests.promises.dialects import WIRES, like
from tests.promises.dialects.wire import Json, Wire
from tests.promises.sidecars import sidecar
from tests.promises.spellings import pieces
from tests.promises.upstream import Asked, Link, Provider

MODEL = "real-model.v1:0"
ALIAS = {"models": [{"model": "fast", "targets": [{"provider": "up", "model": MODEL}]}]}
#: What no dialect has, at the end and inside.
UNKNOWN: dict[str, Any] = {"x_new": {"model": "fast", "a": [1.50, None, "ü 🤖", {"b": []}]}, "xNew": "\x7f\\/"}
SPELLINGS: dict[str, Callable[[Json], str]] = {
    "dense": lambda body: json.dumps(body, separators=(",", ":"), ensure_ascii=False),
    "spaced": lambda body: " " + json.dumps(body, indent=3) + "\r\n",
    "backwards": lambda body: json.dumps(dict(reversed(body.items()))),
}


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def send(link: Link, kind: str, data: bytes, seed: int) -> None:
    link.start(kind)
    for piece in pieces(data, Random(seed)):
        link.chunk(piece)
    link.finish()


async def relay(
    caller: Caller, provider: Provider, wire: Wire, body: bytes, model: str, *, stream: bool, answer: bytes, seed: int
) -> Asked:
    """One call whose answer must come down as it was sent; what arrived above."""
    caller.post(body, wire.headers, wire.path_to(model, stream))
    asked = await provider.asked()
    send(asked.link, wire.content_type if stream else "application/json", answer, seed)
    heard = await caller.answer()
    assert (heard.status, heard.complete) == (200, True), heard.body
    assert digest(heard.body) == digest(answer)
    assert "x-outrider-dropped" not in heard.headers
    return asked


def answers(wire: Wire, stream: bool) -> bytes:
    """With more in it than anyone knows."""
    if stream:
        return wire.stream(["one", "zwölf 🤖", '"three"\\n']).data
    return json.dumps(wire.reply("hi") | UNKNOWN, indent=1, ensure_ascii=False).encode()


@pytest.mark.parametrize("dialect", WIRES)
@pytest.mark.parametrize("stream", [True, False])
async def test_no_byte_changes(dialect: str, stream: bool, tmp_path: Path) -> None:
    wire = WIRES[dialect]
    async with Provider() as provider, sidecar(tmp_path, {"up": like(wire, provider.url)}) as running:
        caller = await running.caller()
        names = {"openai": "gpt-5", "responses": "gpt-5", "anthropic": "claude-x"}
        model = names.get(dialect, f"up:{MODEL}")
        plain = model if dialect in names else MODEL
        for seed, spell in enumerate(SPELLINGS.values()):
            body = spell(wire.ask(model, stream, **UNKNOWN)).encode()
            asked = await relay(
                caller, provider, wire, body, model, stream=stream, answer=answers(wire, stream), seed=seed
            )
            assert asked.line == f"POST {wire.path_to(plain, stream)} HTTP/1.1"
            expected = body if model == plain or wire.model_in_path else renamed(body, model, plain)
            assert digest(asked.body) == digest(expected)


def renamed(body: bytes, model: str, instead: str) -> bytes:
    """The call's own model: no other member of these bodies names this one."""
    assert body.count(f'"{model}"'.encode()) == 1
    return body.replace(f'"{model}"'.encode(), f'"{instead}"'.encode())


@pytest.mark.parametrize("dialect", WIRES)
@pytest.mark.parametrize("stream", [True, False])
async def test_an_alias_changes_the_model_alone(dialect: str, stream: bool, tmp_path: Path) -> None:
    """Where the path names the model, no byte of the body changes."""
    wire = WIRES[dialect]
    async with Provider() as provider, sidecar(tmp_path, {"up": like(wire, provider.url)}, **ALIAS) as running:
        caller = await running.caller()
        for seed, spell in enumerate(SPELLINGS.values()):
            body = spell(wire.ask("fast", stream, **UNKNOWN)).encode()
            asked = await relay(
                caller, provider, wire, body, "fast", stream=stream, answer=answers(wire, stream), seed=seed
            )
            assert asked.line == f"POST {wire.path_to(MODEL, stream)} HTTP/1.1"
            assert asked.body in aliased(body, wire)


def aliased(body: bytes, wire: Wire) -> list[bytes]:
    """Either `fast` may be the call's own model by its looks; the one that makes the call's model right is meant."""
    if wire.model_in_path:
        return [body]
    place, found = body.find(b'"fast"'), []
    while place >= 0:
        found.append(body[:place] + f'"{MODEL}"'.encode() + body[place + 6 :])
        place = body.find(b'"fast"', place + 1)
    return [each for each in found if json.loads(each) == json.loads(body) | {"model": MODEL}]


BETAS: dict[str, dict[str, str]] = {
    "anthropic": {"anthropic-beta": "new-1,new-2", "anthropic-version": "2023-01-01"},
    "openai": {"openai-beta": "a=v2"},
    "responses": {"openai-beta": "responses=v9"},
}


@pytest.mark.parametrize("dialect", BETAS)
async def test_the_caller_s_version_and_betas_go_up(dialect: str, tmp_path: Path) -> None:
    wire = WIRES[dialect]
    reply = json.dumps(wire.reply("hi")).encode()
    async with (
        Provider(lambda asked: asked.link.whole(reply)) as provider,
        sidecar(tmp_path, {"up": like(wire, provider.url)}) as running,
    ):
        answer = await running.ask(wire.ask("up:m"), BETAS[dialect], wire.path_to("up:m"))
        assert (answer.status, answer.body) == (200, reply)
        [asked] = provider.requests
        assert {name: asked.headers[name] for name in BETAS[dialect]} == BETAS[dialect]
        assert asked.head.lower().count(b"anthropic-version") <= 1


# ---- what an operator may ask for


async def test_usage_is_asked_for_and_kept_and_nothing_else_changes(tmp_path: Path) -> None:
    wire = WIRES["openai"]
    said = wire.stream(["one", "two"])
    without = b"".join(event for event in said.events if b'"choices":[]' not in event)
    assert without != said.data
    async with (
        Provider() as provider,
        sidecar(tmp_path, {"up": like(wire, provider.url)}, stream_usage="ask") as running,
    ):
        caller = await running.caller()
        for seed in range(20):
            body = json.dumps(wire.ask("gpt-5", True, **UNKNOWN), indent=seed % 3 or None).encode()
            caller.post(body)
            asked = await provider.asked()
            assert asked.json["stream_options"] == {"include_usage": True}
            assert asked.body.replace(b'"stream_options":{"include_usage":true},', b"", 1) == body
            send(asked.link, wire.content_type, said.data, seed)
            heard = await caller.answer()
            assert (heard.complete, heard.body) == (True, without)
        await running.is_idle()
        assert await running.counted("llm_tokens_prompt") == 20 * 100
        assert await running.counted("outrider_tokens_estimated_total") == 0


async def test_who_asks_for_usage_gets_it(tmp_path: Path) -> None:
    wire = WIRES["openai"]
    said = wire.stream(["one"]).data
    body = json.dumps(wire.ask("gpt-5", True, stream_options={"include_usage": True})).encode()
    async with (
        Provider() as provider,
        sidecar(tmp_path, {"up": like(wire, provider.url)}, stream_usage="ask") as running,
    ):
        caller = await running.caller()
        asked = await relay(caller, provider, wire, body, "gpt-5", stream=True, answer=said, seed=1)
        assert asked.body == body


@pytest.mark.parametrize("dialect", [name for name in WIRES if name != "openai"])
async def test_other_dialects_are_not_asked_what_they_tell_anyway(dialect: str, tmp_path: Path) -> None:
    wire = WIRES[dialect]
    body = json.dumps(wire.ask("fast", True) | UNKNOWN).encode()
    async with (
        Provider() as provider,
        sidecar(tmp_path, {"up": like(wire, provider.url)}, stream_usage="ask", **ALIAS) as running,
    ):
        caller = await running.caller()
        asked = await relay(caller, provider, wire, body, "fast", stream=True, answer=wire.stream(["a"]).data, seed=2)
        assert asked.body in aliased(body, wire)
