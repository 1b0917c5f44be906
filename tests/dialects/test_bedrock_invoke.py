"""Anthropic's Messages in Bedrock's envelope, and what Anthropic's SDK for Bedrock makes of it."""

from base64 import b64decode
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from anthropic.lib.bedrock._stream_decoder import AWSEventStreamDecoder
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.call import Failure, Json
from proxy.dialects import anthropic
from proxy.dialects.bedrock_invoke import DIALECT, METRICS, VERSION
from proxy.wire.events import Event
from proxy.wire.eventstream import Reader
from tests.conftest import ROOT

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
HI = {"role": "user", "content": "hi"}
FOLDER = ROOT.parent / "shared" / "wire" / "bedrock-invoke"
RECORDINGS: Mapping[str, Json] = {path.stem: orjson.loads(path.read_bytes()) for path in sorted(FOLDER.glob("*.json"))}
REQUESTS = {
    name: recorded["request"]["json"]
    for name, recorded in RECORDINGS.items()
    if "anthropic_version" in recorded["request"]["json"]
}
STREAMS = {
    name: b64decode(recorded["response"]["body_b64"])
    for name, recorded in RECORDINGS.items()
    if "body_b64" in recorded["response"]
}


def test_the_recordings_are_there(recordings: Path) -> None:
    assert FOLDER.is_relative_to(recordings)
    assert (len(REQUESTS), len(STREAMS)) == (3, 2)


@pytest.mark.parametrize("name", REQUESTS)
def test_a_recorded_request_comes_back(name: str) -> None:
    wire, dropped, _ = DIALECT.render_request(DIALECT.parse_request(REQUESTS[name]), MODEL)
    assert wire == {member: value for member, value in REQUESTS[name].items() if value != []}
    assert dropped == []


def test_the_envelope_holds_no_model_and_no_stream_and_what_bedrock_refuses_is_named() -> None:
    beta = ["context-1m-2025-08-07"]
    unified = {
        "messages": [HI],
        "model": "x",
        "stream": True,
        "anthropic_beta": beta,
        "service_tier": "auto",
        "speed": "fast",
    }
    wire, dropped, _ = DIALECT.render_request({**unified, "max_tokens": 9}, MODEL)
    assert wire == {"anthropic_version": VERSION, "max_tokens": 9, "messages": [HI], "anthropic_beta": beta}
    assert sorted(dropped) == ["service_tier", "speed"]


def test_a_client_is_read_as_anthropics_and_its_version_must_be_known() -> None:
    body = {"anthropic_version": VERSION, "max_tokens": 9, "messages": [HI], "anthropic_beta": ["x"]}
    unified = DIALECT.parse_request(body)
    assert unified["max_tokens"] == 9
    assert unified["anthropic_beta"] == ["x"]
    assert "anthropic_version" not in unified
    assert DIALECT.own >= {"anthropic_beta"} | anthropic.DIALECT.own
    for wrong in ({**body, "anthropic_version": "2023-06-01"}, {"max_tokens": 9, "messages": [HI]}):
        with pytest.raises(Failure) as caught:
            DIALECT.parse_request(wrong)
        assert (caught.value.kind, caught.value.param) == ("invalid_request", "anthropic_version")


def parse_stream(data: bytes) -> tuple[list[Json], Any]:
    parser = DIALECT.parser()
    chunks = [chunk for event in Reader().feed(data) for chunk in parser.feed(event)]
    return chunks + parser.end(), parser.usage


@pytest.mark.parametrize("name", STREAMS)
def test_a_recorded_stream_goes_through_the_hub(name: str) -> None:
    chunks, usage = parse_stream(STREAMS[name])
    renderer = DIALECT.renderer({"model": "fast"}, 0)
    rendered = b"".join([*map(renderer.feed, chunks), renderer.end()])
    assert parse_stream(rendered) == (chunks, usage)
    payloads = [orjson.loads(event.data) for event in Reader().feed(STREAMS[name])]
    assert DIALECT.gather_usage(payloads) == usage
    assert usage.total == chunks[-1]["usage"]["total_tokens"] > 0
    signs = [DIALECT.read_event(event) for event in Reader().feed(STREAMS[name])]
    assert (signs[0], signs[-1]) == ("wait", "end")
    assert "spoken" in signs


@pytest.mark.parametrize("name", STREAMS)
def test_anthropics_sdk_reads_the_frames(name: str) -> None:
    chunks, usage = parse_stream(STREAMS[name])
    renderer = DIALECT.renderer({"model": "fast"}, 0)
    frames = [*map(renderer.feed, chunks), renderer.end()]
    events = [orjson.loads(sse.data) for sse in AWSEventStreamDecoder().iter_bytes(iter(frames))]
    assert [events[0]["type"], events[-1]["type"]] == ["message_start", "message_stop"]
    assert events[-1][METRICS] == {"inputTokenCount": usage.prompt, "outputTokenCount": usage.completion}
    cut = DIALECT.render_error_event(Failure("provider_overloaded", "words"))
    [told] = AWSEventStreamDecoder().iter_bytes(iter([cut]))
    assert (told.event, "words" in told.data) == ("error", True)


def test_a_cut_stream_has_no_ending_and_an_exception_is_raised(recordings: Path) -> None:
    events = Reader().feed(next(iter(STREAMS.values())))
    parser = DIALECT.parser()
    for event in events[:-1]:
        parser.feed(event)
    with pytest.raises(Failure) as caught:
        parser.end()
    assert caught.value.kind == "provider_stream_cut"
    told = Event("exception/throttlingException", b'{"message":"slow"}')
    for act in (parser.feed, DIALECT.read_event):
        with pytest.raises(Failure, match="slow") as caught:
            act(told)
        assert caught.value.kind == "provider_rate_limited"


def test_a_whole_reply_is_anthropics(recordings: Path) -> None:
    reply = RECORDINGS["tool-call-openinference-should-handle-tool-calling-with-function-def-0"]["response"]["json"]
    assert DIALECT.parse_usage(reply) == anthropic.DIALECT.parse_usage(reply)
    assert DIALECT.render_reply(DIALECT.parse_reply(reply), {})["content"] == reply["content"]


@settings(max_examples=100, deadline=None, database=None)
@given(
    st.sampled_from(["chunk", "exception/x", ""]),
    st.binary(max_size=9)
    | st.sampled_from([b"{}", b'{"bytes":5}', b'{"bytes":"%"}', b'{"bytes":"e30="}', b'{"bytes":"YQ=="}']),
)
def test_any_frame_ends_in_chunks_or_a_failure(name: str, data: bytes) -> None:
    for act in (DIALECT.parser().feed, DIALECT.read_event):
        with suppress(Failure):
            act(Event(name, data))
    with suppress(orjson.JSONDecodeError):
        DIALECT.gather_usage([orjson.loads(data)])
