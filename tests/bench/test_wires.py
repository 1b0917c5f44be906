"""What provider and applications of the bench say is right: the dialects understand it, and endings are told from cuts."""

from __future__ import annotations

from typing import Any, cast

import orjson
import pytest

from proxy.call import Call
from proxy.server.routes import find_door
from proxy.translate import DIALECTS, Plan
from proxy.upstream.body import Translation
from proxy.upstream.opening import Opening
from tests.bench.applications import APPLICATIONS, END_OF_BODY
from tests.bench.pairs import PAIRS, Pair
from tests.bench.wires import OPENED, TEXT, TOKENS, WIRES

STAMPS = (1234567890123456, 42)
TRANSLATED = [pair for pair in PAIRS if not pair.relayed]


def chunks_of(data: bytes) -> bytes:
    """What a run of HTTP chunks holds."""
    held = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        held, data = held + data[:length], data[length + 2 :]
    return held


def stream_of(provider: str) -> tuple[bytes, list[bytes], bytes]:
    wire = WIRES[provider]
    opening = wire.opening.partition(b"\r\n\r\n")[2]
    return chunks_of(opening), [chunks_of(wire.say(stamp)) for stamp in STAMPS], chunks_of(wire.ending)


@pytest.mark.parametrize("provider", WIRES)
def test_a_reply_is_understood(provider: str) -> None:
    head, _, body = WIRES[provider].reply.partition(b"\r\n\r\n")
    assert head.endswith(b"content-length: %d" % len(body))
    reply = DIALECTS[provider].parse_reply(orjson.loads(body))
    usage = DIALECTS[provider].parse_usage(orjson.loads(body))
    assert reply["choices"][0]["message"]["content"] == TEXT
    assert usage is not None
    assert (usage.prompt, usage.completion) == TOKENS


@pytest.mark.parametrize("provider", WIRES)
def test_the_model_has_spoken_in_the_opening(provider: str) -> None:
    opening = Opening(DIALECTS[provider])
    opening.feed(stream_of(provider)[0])
    assert opening.over


@pytest.mark.parametrize("pair", [*TRANSLATED, Pair("openai", "anthropic")], ids=lambda pair: pair.name)
def test_a_stream_keeps_its_stamps_and_its_ending(pair: Pair) -> None:
    application = APPLICATIONS[pair.application]
    ours, theirs = DIALECTS[pair.application], DIALECTS[pair.provider]
    json = ours.parse_request(orjson.loads(application.ask("m", True))) | {"model": "m", "stream": True}
    call = Call("id", ours.name, "chat", b"{}", json, "m", True, {}, cast(Any, None))
    body = Translation(Plan(b"", "", False, ours, theirs, ours, theirs), call, created=1)
    opening, events, ending = stream_of(pair.provider)
    assert OPENED.encode() in body.feed(opening)
    said = [body.feed(event) for event in events]
    assert [application.stamp.findall(each) for each in said] == [[b"%016d" % stamp] for stamp in STAMPS]
    last = body.feed(ending) + body.end()
    assert application.stamp.findall(last) == []
    assert application.ended(last + END_OF_BODY)
    assert not application.ended(last[:-1] + END_OF_BODY)
    assert not application.ended(said[-1] + END_OF_BODY)


@pytest.mark.parametrize("name", ["anthropic", "bedrock"])
def test_a_relayed_stream_ends_as_its_provider_ends_it(name: str) -> None:
    assert APPLICATIONS[name].ended(stream_of(name)[2] + END_OF_BODY)
    assert not APPLICATIONS[name].ended(stream_of(name)[1][0] + END_OF_BODY)


def test_a_frame_with_a_wrong_checksum_is_no_ending() -> None:
    ending = stream_of("bedrock")[2]
    assert not APPLICATIONS["bedrock"].ended(ending[:-1] + bytes([ending[-1] ^ 1]) + END_OF_BODY)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", APPLICATIONS)
def test_a_question_comes_through_its_door(name: str, stream: bool) -> None:
    head, _, body = APPLICATIONS[name].request("openai:gpt", stream=stream).partition(b"\r\n\r\n")
    target = head.split()[1].decode()
    door = find_door(target)
    assert door is not None
    assert (door.dialect, door.operation) == (name, "chat")
    unified = DIALECTS[name].parse_request(orjson.loads(body))
    assert (door.model or unified["model"]) == "openai:gpt"
    assert (door.stream or unified.get("stream") is True) is stream
    assert head.endswith(b"Content-Length: %d" % len(body))
