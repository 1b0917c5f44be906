"""Real traffic with Google's API and with Vertex, through both roles of the dialect."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from google.genai import types

from proxy.call import Json
from proxy.dialects.gemini import ARRAY_DIALECT, DIALECT
from proxy.dialects.gemini.embeddings import EMBED_BATCH
from tests.dialects.gemini.recorded import RECORDINGS, WIRE, model_of, parse_stream, plain, said, stream_of

#: Members of a recorded request that do not come back as they were, and why.
EXCEPTIONS: Mapping[str, Mapping[str, str]] = {
    "gemini/document-ellmer-google-upload-2": {"systemInstruction": "an instruction of empty words is none"},
    "gemini/reasoning-ellmer-google-web-search-0": {"systemInstruction": "an instruction of empty words is none"},
    "gemini/vision-base64-openinference-test-google-adk-instrumentor-image-artifacts-2": {
        "contents": "what stands beside a function's result in one content becomes a content of its own"
    },
}
#: Streams that do not end well, and how.
CUT: Mapping[str, str] = {
    "gemini/stream-refusal-safety-firebase-streaming-failure-prompt-blocked-safety-0": "kept without its last line ending"
}
#: How an error recording begins -> the kind it must have, but for a key that is wrong, which is a 400 at Google.
KINDS: Mapping[str, str] = {
    "gemini/error-400": "authentication_failed",
    "vertex/error-400": "invalid_request",
    "gemini/error-403": "authentication_failed",
    "vertex/error-401": "authentication_failed",
    "gemini/error-404": "model_not_found",
    "vertex/error-404": "model_not_found",
    "gemini/error-503": "provider_overloaded",
}
REQUESTS = {
    name: recording
    for name, recording in RECORDINGS.items()
    if "contents" in ((recording.get("request") or {}).get("json") or {})
}
REPLIES = {
    name: recording["response"]["json"]
    for name, recording in RECORDINGS.items()
    if recording["api"] == "generate" and recording["response"]["status"] == 200
}
STREAMS = {name: data for name, recording in RECORDINGS.items() if (data := stream_of(recording))}
ERRORS = {
    name: recording["response"] for name, recording in RECORDINGS.items() if recording["response"]["status"] >= 400
}
#: How many recordings of each kind there are: fewer means that the sorting above has lost some.
COUNTS = [38, 22, 14, 7]


def each(recorded: Mapping[str, Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("name", "recorded"), recorded.items(), ids=recorded)


def test_the_recordings_are_there(recordings: Path) -> None:
    assert recordings == WIRE
    assert [len(kind) for kind in (REQUESTS, REPLIES, STREAMS, ERRORS)] == COUNTS


@each(REQUESTS)
def test_a_request_comes_back_equal_by_value(name: str, recorded: Json) -> None:
    body = recorded["request"]["json"]
    wire, dropped, translated = DIALECT.render_request(DIALECT.parse_request(body), model_of(recorded))
    before, after = plain(body), plain(wire)
    changed = {member for member in before.keys() | after.keys() if before.get(member) != after.get(member)}
    assert changed == EXCEPTIONS.get(name, {}).keys()
    assert not dropped
    assert not translated


@each(REPLIES)
def test_a_reply_is_parsed_and_comes_back(name: str, recorded: Json) -> None:
    reply = DIALECT.parse_reply(recorded)
    usage = DIALECT.parse_usage(recorded)
    total = (recorded.get("usageMetadata") or {}).get("totalTokenCount")
    assert (usage and usage.total) == (reply.get("usage") or {}).get("total_tokens")
    if total is not None:
        assert usage is not None
        assert usage.total == total
    back = DIALECT.render_reply(reply, {})
    assert DIALECT.parse_reply(back) == reply
    assert texts(back) == texts(recorded)
    assert kinds(back) == kinds(recorded)
    types.GenerateContentResponse.model_validate(back)


def texts(wire: Json) -> list[Any]:
    parts = [part for each in wire.get("candidates", ()) for part in each.get("content", {}).get("parts", ())]
    return [(part.get("thought"), part["text"], part.get("thoughtSignature")) for part in parts if "text" in part]


def kinds(wire: Json) -> list[list[str]]:
    """What follows what in each candidate."""
    parts = [each.get("content", {}).get("parts", ()) for each in wire.get("candidates", ())]
    return [[" ".join(sorted(part.keys() - {"role"})) for part in each] for each in parts]


def splits(data: bytes) -> list[list[bytes]]:
    """Every cut in two, at most some 300 of them, and the whole byte by byte."""
    step = max(1, len(data) // 300)
    halves = [[data[:at], data[at:]] for at in range(0, len(data), step)]
    return [*halves, [data[at : at + 1] for at in range(len(data))]]


@each(STREAMS)
def test_a_stream_is_parsed_the_same_however_it_is_cut(name: str, recorded: bytes) -> None:
    whole = parse_stream([recorded])
    if name in CUT:
        assert whole[1].startswith("provider_stream_cut")
        assert parse_stream([recorded + b"\r\n"])[1] == "well"
    else:
        assert whole[1] == "well"
        assert whole[0][-1]["usage"]["total_tokens"] > 0
        assert whole[0][-2]["choices"][0]["finish_reason"]
    for pieces in splits(recorded):
        assert parse_stream(pieces) == whole


@each(STREAMS)
def test_a_stream_that_ends_early_is_never_completed(name: str, recorded: bytes) -> None:
    last = recorded.rfind(b'"finishReason"')
    if last > 0:
        assert parse_stream([recorded[:last]])[1].startswith("provider_stream_cut")


@each({name: data for name, data in STREAMS.items() if name not in CUT})
def test_a_stream_through_the_hub_says_the_same(name: str, recorded: bytes) -> None:
    chunks, _ = parse_stream([recorded])
    for dialect in (DIALECT, ARRAY_DIALECT):
        renderer = dialect.renderer({}, 0)
        back, ended = parse_stream([b"".join(map(renderer.feed, chunks)) + renderer.end()])
        assert ended == "well"
        assert said(back) == said(chunks)


@each(ERRORS)
def test_an_error_has_its_kind_and_its_words(name: str, recorded: Json) -> None:
    wire = recorded.get("json")
    body = orjson.dumps(wire) if wire else recorded["text"].encode()
    failure = DIALECT.parse_error(recorded["status"], {}, body)
    assert failure.kind == KINDS[name[:16]]
    assert failure.detail == wire["error"]["message"] if wire else "404" in failure.detail
    assert bool(failure.provider_body) == bool(wire)


def test_embeddings_of_a_batch() -> None:
    recording = RECORDINGS.get("gemini/embeddings-llm-gemini-test-embedding-batch-0")
    if recording is None:
        pytest.skip(f"no recordings: {WIRE} does not exist")
    wire, reply = recording["request"]["json"], recording["response"]["json"]
    unified = EMBED_BATCH.parse_request(wire)
    assert unified == {"input": ["First text", "Second text"], "dimensions": 768}
    assert EMBED_BATCH.render_request(unified, "gemini-embedding-2") == (wire, [], ())
    vectors = EMBED_BATCH.parse_reply(reply)
    assert vectors["usage"]["prompt_tokens"] == 4
    assert EMBED_BATCH.render_reply(vectors, unified)["embeddings"] == reply["embeddings"]
