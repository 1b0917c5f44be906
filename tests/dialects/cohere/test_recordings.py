"""Real traffic with Cohere's chat, second version, through both roles of the dialect."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from proxy.call import Failure, Json
from proxy.dialects.cohere import DIALECT
from proxy.wire.sse import Reader
from tests.conftest import ROOT

WIRE = ROOT.parent / "shared" / "wire" / "cohere"

#: Members of a recorded request that do not come back as they were, and why.
EXCEPTIONS: Mapping[str, Mapping[str, str]] = {
    "structured-langchain-cohere-test-cohere-with-structured-output-person-js-0": {
        "response_format": "`schema` was the name of `json_schema` before"
    },
    "tool-result-openllmetry-test-cohere-v2-chat-legacy-with-tool-calls-a-1": {
        "messages": "a content of null says nothing"
    },
}
#: Streams that do not come back byte for byte, and why.
STREAM_EXCEPTIONS = {
    "stream-tool-call-ruby_llm-chat-function-calling-cohere-command-a-03-20-0": "a call without arguments says {} in the hub"
}

RECORDINGS: Mapping[str, Json] = {
    path.stem: recording
    for path in sorted(WIRE.glob("*.json"))
    if (recording := orjson.loads(path.read_bytes()))["api"] == "chat-v2"
}
REQUESTS = {name: recording["request"]["json"] for name, recording in RECORDINGS.items()}
ERRORS = {
    name: recording["response"] for name, recording in RECORDINGS.items() if recording["response"]["status"] >= 400
}
REPLIES = {
    name: recording["response"]["json"]
    for name, recording in RECORDINGS.items()
    if "json" in recording["response"] and name not in ERRORS
}
STREAMS = {
    name: recording["response"]["text"].encode()
    for name, recording in RECORDINGS.items()
    if "text" in recording["response"]
}
WHOLE_STREAMS = {name: data for name, data in STREAMS.items() if "error" not in name}
#: How many recordings of each kind there are: fewer means that the sorting above has lost some.
COUNTS = [13, 8, 4, 1]


def each(recorded: Mapping[str, Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("name", "recorded"), recorded.items(), ids=recorded)


def test_the_recordings_are_there(recordings: Path) -> None:
    assert recordings == WIRE.parent
    assert [len(kind) for kind in (REQUESTS, REPLIES, STREAMS, ERRORS)] == COUNTS


@each(REQUESTS)
def test_a_request_comes_back_equal_by_value(name: str, recorded: Json) -> None:
    rendered = DIALECT.render_request(DIALECT.parse_request(recorded), recorded["model"])
    changed = {
        member for member in recorded.keys() | rendered.wire.keys() if recorded.get(member) != rendered.wire.get(member)
    }
    assert changed == EXCEPTIONS.get(name, {}).keys()
    assert (rendered.dropped, rendered.translated) == ([], [])


@each(REPLIES)
def test_a_reply_comes_back_equal_by_value(name: str, recorded: Json) -> None:
    reply = DIALECT.parse_reply(recorded)
    usage = DIALECT.parse_usage(recorded)
    assert usage is not None
    counts, billed = recorded["usage"]["tokens"], recorded["usage"]["billed_units"]
    assert reply["usage"]["total_tokens"] == counts["input_tokens"] + counts["output_tokens"]
    assert usage.total == billed["input_tokens"] + billed["output_tokens"]
    assert DIALECT.render_reply(reply, {}) == recorded
    message = reply["choices"][0]["message"]
    for note in message.get("annotations", ()):
        assert message["content"][note["start_index"] : note["end_index"]] == note["citation"]["text"]


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
    """Every cut in two, at most some 300 of them, and the whole byte by byte."""
    step = max(1, len(data) // 300)
    halves = [[data[:at], data[at:]] for at in range(0, len(data), step)]
    return [*halves, [data[at : at + 1] for at in range(len(data))]]


@each(STREAMS)
def test_a_stream_is_parsed_the_same_however_it_is_cut(name: str, recorded: bytes) -> None:
    whole = parse_stream([recorded])
    if name in WHOLE_STREAMS:
        assert whole[1] == "well"
        assert whole[0][-1]["usage"]["total_tokens"] > 0
        assert whole[0][-2]["choices"][0]["finish_reason"]
    else:
        assert whole[1].startswith("provider_error: your request resulted in an invalid tool generation")
    for pieces in splits(recorded):
        assert parse_stream(pieces) == whole


@each(WHOLE_STREAMS)
def test_a_stream_that_stops_early_was_cut(name: str, recorded: bytes) -> None:
    ending = recorded.index(b"event: message-end")
    chunks, ended = parse_stream([recorded[:ending]])
    assert ended.startswith("provider_stream_cut")
    assert not any(choice["finish_reason"] for chunk in chunks for choice in chunk["choices"])


@each(WHOLE_STREAMS)
def test_a_stream_comes_back_byte_for_byte(name: str, recorded: bytes) -> None:
    chunks, _ = parse_stream([recorded])
    renderer = DIALECT.renderer({}, 0)
    rendered = b"".join([*map(renderer.feed, chunks), renderer.end()])
    assert (rendered == recorded) == (name not in STREAM_EXCEPTIONS)
    assert parse_stream([rendered]) == (chunks, "well")


@each(WHOLE_STREAMS)
def test_citations_span_what_they_cite(name: str, recorded: bytes) -> None:
    chunks, _ = parse_stream([recorded])
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]
    text = "".join(delta.get("content") or "" for delta in deltas)
    notes = [note for delta in deltas for note in delta.get("annotations", ())]
    assert bool(notes) == (b"citation-start" in recorded)
    for note in notes:
        assert text[note["start_index"] : note["end_index"]] == note["citation"]["text"]


@each(ERRORS)
def test_an_error_has_the_right_kind_and_the_providers_words(name: str, recorded: Json) -> None:
    failure = DIALECT.parse_error(recorded["status"], recorded["headers"], orjson.dumps(recorded["json"]))
    assert (failure.kind, failure.status) == ("invalid_request", 400)
    assert (failure.detail, failure.code) == (recorded["json"]["message"], recorded["json"]["error_type"])
    assert failure.retry_after is None
