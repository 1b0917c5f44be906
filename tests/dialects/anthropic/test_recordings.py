"""Real traffic with Anthropic, also by way of Vertex AI and Bedrock, through both roles of the dialect."""

from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from anthropic.lib.streaming._messages import accumulate_event

from proxy.call import Failure, Json
from proxy.dialects.anthropic import DIALECT
from proxy.dialects.anthropic.weave import cited
from proxy.wire.events import Event
from proxy.wire.sse import Reader
from tests.conftest import ROOT

FOLDERS = ("anthropic", "vertex-anthropic", "bedrock-invoke")
WIRE = ROOT.parent / "shared" / "wire"


#: Members of a recorded request that do not come back as they were, and why.
EXCEPTIONS: Mapping[str, Mapping[str, str]] = {
    "anthropic/stream-tool-result-llm-rb-llm-chat-stream-tool-1": {
        "messages": "two user messages in a row become one turn"
    },
    "anthropic/tool-choice-openinference-testtoolcallsinchatresponse-test-anthropic-0": {
        "system": "an empty list says nothing"
    },
    "bedrock-invoke/stream-basic-chatlas-test-anthropic-simple-request-2": {"tools": "an empty list says nothing"},
}
#: Members that name the road and not the request: a provider file adds them.
ROAD = frozenset({"anthropic_version", "model"})
#: How an error recording begins -> the kind it must have.
KINDS: Mapping[str, str] = {
    "error-400": "invalid_request",
    "error-401": "authentication_failed",
    "error-404": "model_not_found",
    "error-429": "provider_rate_limited",
    "error-500": "provider_error",
    "error-529": "provider_overloaded",
}


def framed(payloads: list[bytes]) -> bytes:
    return b"".join(b"data: " + payload + b"\n\n" for payload in payloads if payload)


def unwrap(body: bytes) -> list[bytes]:
    """The Messages events inside an AWS event stream: base64 in the `bytes` of each chunk."""
    return [b64decode(piece[: piece.index(b'"')]) for piece in body.split(b'{"bytes":"')[1:]]


def stream_of(recording: Json) -> bytes:
    """The stream's bytes, or none. Bare payloads get their framing back, and what Bedrock wraps is taken out."""
    response = recording["response"]
    if "body_b64" in response:
        return framed(unwrap(b64decode(response["body_b64"])))
    text = response.get("text") or ""
    return framed(text.encode().splitlines()) if text.startswith("{") else str(text).encode()


RECORDINGS: Mapping[str, Json] = {
    f"{path.parent.name}/{path.stem}": orjson.loads(path.read_bytes())
    for folder in FOLDERS
    for path in sorted((WIRE / folder).glob("*.json"))
}
REQUESTS = {
    name: recording["request"]["json"]
    for name, recording in RECORDINGS.items()
    if recording.get("request") and {"messages", "max_tokens"} <= (recording["request"].get("json") or {}).keys()
}
REPLIES = {
    name: recording["response"]["json"]
    for name, recording in RECORDINGS.items()
    if (recording["response"].get("json") or {}).get("type") == "message"
}
STREAMS = {name: data for name, recording in RECORDINGS.items() if b'"type"' in (data := stream_of(recording))}
WHOLE_STREAMS = {name: data for name, data in STREAMS.items() if b"message_stop" in data}
ERRORS = {
    name: recording["response"] for name, recording in RECORDINGS.items() if recording["response"]["status"] >= 400
}


#: How many recordings of each kind there are: fewer means that the sorting above has lost some.
COUNTS = [32, 19, 14, 7]


def each(recorded: Mapping[str, Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("name", "recorded"), recorded.items(), ids=recorded)


def test_the_recordings_are_there(recordings: Path) -> None:
    assert recordings == WIRE
    assert [len(kind) for kind in (REQUESTS, REPLIES, STREAMS, ERRORS)] == COUNTS


@each(REQUESTS)
def test_a_request_comes_back_equal_by_value(name: str, recorded: Json) -> None:
    body = recorded
    model = body.get("model", "claude-3-7-sonnet@20250219")
    wire, dropped, translated = DIALECT.render_request(DIALECT.parse_request(body), model)
    changed = {name for name in (body.keys() | wire.keys()) - ROAD if body.get(name) != wire.get(name)}
    assert changed == EXCEPTIONS.get(name, {}).keys()
    assert set(dropped) <= ROAD
    assert translated == []


@each(REPLIES)
def test_a_reply_is_parsed_and_comes_back(name: str, recorded: Json) -> None:
    wire = recorded
    reply = DIALECT.parse_reply(wire)
    usage = DIALECT.parse_usage(wire)
    assert usage is not None
    assert (
        reply["usage"]["total_tokens"]
        == usage.total
        >= sum(
            wire["usage"].get(name) or 0
            for name in ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
        )
    )
    back = DIALECT.render_reply(reply, {})
    assert back["content"] == joined(wire["content"])
    assert {name: back[name] for name in ("id", "model", "stop_reason")} == {
        name: wire[name] for name in ("id", "model", "stop_reason")
    }


def joined(blocks: list[Json]) -> list[Json]:
    """Plain texts that stand side by side as one: the unified form has one string."""
    whole: list[Json] = []
    for block in blocks:
        block = {name: value for name, value in block.items() if value is not None}
        if is_plain(block) and whole and is_plain(whole[-1]):
            whole[-1] = cited(whole[-1]["text"] + block["text"], None)
        else:
            whole.append(block)
    return whole


def is_plain(block: Json) -> bool:
    return block["type"] == "text" and not block.get("citations")


def parse_stream(pieces: list[bytes]) -> tuple[list[Json], str]:
    """The chunks of a stream in pieces, and how it ended."""
    reader, parser = Reader(), DIALECT.parser()
    chunks: list[Json] = []
    try:
        for piece in pieces:
            for event in reader.feed(piece):
                chunks += parser.feed(event)
        chunks += parser.end()
    except Failure as failure:
        return chunks, f"{failure.kind}: {failure.detail}"
    return chunks, "well"


def splits(data: bytes) -> list[list[bytes]]:
    """Every cut in two, at most some 400 of them, and the whole byte by byte."""
    step = max(1, len(data) // 400)
    halves = [[data[:at], data[at:]] for at in range(0, len(data), step)]
    return [*halves, [data[at : at + 1] for at in range(len(data))]]


@each(STREAMS)
def test_a_stream_is_parsed_the_same_however_it_is_cut(name: str, recorded: bytes) -> None:
    data = recorded
    whole = parse_stream([data])
    if "error-in-200" in RECORDINGS[name]["tags"]:
        assert whole == ([], "provider_overloaded: Overloaded")
    elif b"message_stop" not in data:
        assert whole[1].startswith("provider_stream_cut")
    else:
        assert whole[1] == "well"
        assert whole[0][-1]["usage"]["total_tokens"] > 0
        assert whole[0][-2]["choices"][0]["finish_reason"]
    for pieces in splits(data):
        assert parse_stream(pieces) == whole


def accumulate(events: list[Event]) -> Any:
    snapshot: Any = None
    buffers: dict[int, bytes] = {}
    for event in events:
        payload: Any = orjson.loads(event.data)
        if payload["type"] != "ping":
            snapshot = accumulate_event(event=payload, current_snapshot=snapshot, json_bufs=buffers)
    return snapshot


@each(WHOLE_STREAMS)
def test_a_stream_through_the_hub_is_the_same_message_to_the_sdk(name: str, recorded: bytes) -> None:
    data = recorded
    chunks, _ = parse_stream([data])
    renderer = DIALECT.renderer({"model": "fast"}, 0)
    rendered = b"".join([*map(renderer.feed, chunks), renderer.end()])
    direct, through = (accumulate(Reader().feed(stream)) for stream in (data, rendered))
    assert joined(through.model_dump(exclude_none=True)["content"]) == joined(
        direct.model_dump(exclude_none=True)["content"]
    )
    assert (through.id, through.model, through.stop_reason) == (direct.id, direct.model, direct.stop_reason)
    assert through.usage.input_tokens == direct.usage.input_tokens
    assert through.usage.output_tokens == direct.usage.output_tokens


@each(ERRORS)
def test_an_error_has_the_right_kind_and_the_providers_words(name: str, recorded: Json) -> None:
    headers = {header.lower(): value for header, value in recorded.get("headers", {}).items()}
    failure = DIALECT.parse_error(recorded["status"], headers, orjson.dumps(recorded["json"]))
    assert failure.kind == KINDS[name.partition("/")[2][:9]]
    assert failure.detail == recorded["json"]["error"]["message"]
    assert failure.code == recorded["json"]["error"]["type"]
