"""Anthropic's Messages in Vertex's envelope, as it was recorded and as Anthropic's own library for Vertex says it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import httpx2
import orjson
import pytest
from anthropic import AnthropicVertex

from proxy.call import Failure, Json
from proxy.dialects import anthropic
from proxy.dialects.vertex_claude import DIALECT, VERSION
from proxy.wire.sse import Reader
from tests.conftest import ROOT

MODEL = "claude-3-7-sonnet@20250219"
HI = {"role": "user", "content": "hi"}
FOLDER = ROOT.parent / "shared" / "wire" / "vertex-anthropic"
RECORDINGS: Mapping[str, Json] = {path.stem: orjson.loads(path.read_bytes()) for path in sorted(FOLDER.glob("*.json"))}
STREAMS = [name for name, recorded in RECORDINGS.items() if "text" in recorded["response"]]


def test_the_recordings_are_there(recordings: Path) -> None:
    assert FOLDER.is_relative_to(recordings)
    assert (len(RECORDINGS), len(STREAMS)) == (3, 2)


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recorded_request_comes_back(name: str) -> None:
    recorded = RECORDINGS[name]["request"]["json"]
    wire, dropped, _ = DIALECT.render_request(DIALECT.parse_request(recorded), MODEL)
    assert wire == recorded
    assert dropped == []


@pytest.mark.parametrize("name", STREAMS)
def test_a_recorded_stream_is_anthropic_s_own(name: str) -> None:
    events = Reader().feed(RECORDINGS[name]["response"]["text"].encode())
    parser, signs = DIALECT.parser(), [DIALECT.read_event(event) for event in events]
    chunks = [chunk for event in events for chunk in parser.feed(event)] + parser.end()
    assert (signs[0], signs[-1]) == ("wait", "end")
    assert parser.usage is not None
    assert parser.usage.total == chunks[-1]["usage"]["total_tokens"] > 0


def test_a_recorded_reply_is_anthropic_s_own(recordings: Path) -> None:
    [reply] = [recorded["response"]["json"] for recorded in RECORDINGS.values() if "json" in recorded["response"]]
    assert DIALECT.parse_reply(reply) == anthropic.DIALECT.parse_reply(reply)


@pytest.mark.parametrize("stream", [False, True])
def test_anthropic_s_library_says_the_same(stream: bool) -> None:
    said: list[Json] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        said.append(orjson.loads(request.content))
        return httpx2.Response(400, json={"type": "error", "error": {"type": "invalid_request_error", "message": "no"}})

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    client = AnthropicVertex(region="global", project_id="p", access_token="t", http_client=http, max_retries=0)
    with pytest.raises(Exception, match="no"):
        client.messages.create(model=MODEL, max_tokens=9, messages=[{"role": "user", "content": "hi"}], stream=stream)
    http.close()
    unified = {"model": "x", "max_tokens": 9, "messages": [HI], **({"stream": True} if stream else {})}
    wire = DIALECT.render_request(unified, MODEL).wire
    # The library is of a later version of the Messages API than the one that Google documents.
    assert wire.pop("anthropic_version") == VERSION
    assert said[0].pop("anthropic_version")
    assert {"stream": stream, **wire} == {"stream": stream, **said[0]}


def test_the_envelope_is_ours_to_write() -> None:
    unified = {"model": "x", "messages": [HI], "max_tokens": 9, "anthropic_version": "vertex-1999-01-01"}
    wire, dropped, _ = DIALECT.render_request(unified, MODEL)
    assert wire == {"anthropic_version": VERSION, "max_tokens": 9, "messages": [HI]}
    assert dropped == []


@pytest.mark.parametrize("version", [None, 5, "2023-06-01", "bedrock-2023-05-31"])
def test_a_client_s_version_must_be_known(version: object) -> None:
    with pytest.raises(Failure) as caught:
        DIALECT.parse_request({"anthropic_version": version, "max_tokens": 9, "messages": [HI]})
    assert (caught.value.kind, caught.value.param) == ("invalid_request", "anthropic_version")


ANTHROPICS = {"type": "error", "error": {"type": "invalid_request_error", "message": "messages: required"}}
GOOGLES = {
    "error": {"code": 403, "status": "PERMISSION_DENIED", "message": "Permission aiplatform.endpoints.predict denied"}
}
NOT_FOUND = {"error": {"code": 404, "status": "NOT_FOUND", "message": "Publisher Model `x` was not found"}}
NO_QUOTA = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Quota exceeded"}}


@pytest.mark.parametrize(
    ("status", "body", "kind", "detail"),
    [
        (400, ANTHROPICS, "invalid_request", "messages: required"),
        (
            529,
            {"type": "error", "error": {"type": "overloaded_error", "message": "later"}},
            "provider_overloaded",
            "later",
        ),
        (403, GOOGLES, "authentication_failed", GOOGLES["error"]["message"]),
        (404, NOT_FOUND, "model_not_found", NOT_FOUND["error"]["message"]),
        (429, [NO_QUOTA], "provider_rate_limited", "Quota exceeded"),
        (404, "<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>", "model_not_found", None),
    ],
)
def test_an_error_is_anthropic_s_or_google_s(status: int, body: object, kind: str, detail: str | None) -> None:
    failure = DIALECT.parse_error(status, {}, body.encode() if isinstance(body, str) else orjson.dumps(body))
    assert failure.kind == kind
    assert detail is None or failure.detail == detail


def test_what_lies_at_an_address_is_fetched_first() -> None:
    assert DIALECT.needs_bytes == {"image", "file"}
