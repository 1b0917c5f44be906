"""Real traffic with Bedrock's Converse through both roles of the dialect."""

from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import orjson
import pytest

from proxy.call import Failure, Json
from proxy.dialects.bedrock import DIALECT
from proxy.wire.eventstream import Reader
from tests.conftest import ROOT

WIRE = ROOT.parent / "shared" / "wire"
FOLDER = WIRE / "bedrock-converse"

#: Members of a recorded request that do not come back as they were, and why.
EXCEPTIONS: Mapping[str, Mapping[str, str]] = {
    "reasoning-roundtrip-ruby_llm-chat-with-extended-thinking-bedrock-claude-h-1": {
        "additionalModelRequestFields": "`reasoning_config` is another spelling of `thinking`"
    },
    "refusal-safety-openllmetry-test-guardrail-converse-0": {"messages": "two user turns in a row become one"},
}
#: Recorded requests that are refused before they are sent, and the member at fault.
REFUSED: Mapping[str, str] = {
    "stream-error-req_llm-converse-stream-validation-exception-0": "messages[0].content[1].image.source.bytes",
}
#: How an error recording begins -> the kind it must have.
KINDS: Mapping[str, str] = {
    "error-400": "model_not_found",
    "error-403": "authentication_failed",
    "error-429": "provider_rate_limited",
}

RECORDINGS: Mapping[str, Json] = {path.stem: orjson.loads(path.read_bytes()) for path in sorted(FOLDER.glob("*.json"))}
REQUESTS = {
    name: recording["request"] for name, recording in RECORDINGS.items() if (recording.get("request") or {}).get("json")
}
REPLIES = {
    name: recording["response"]["json"]
    for name, recording in RECORDINGS.items()
    if "json" in recording["response"] and recording["response"].get("status", 200) < 400
}
STREAMS = {
    name: b64decode(recording["response"]["body_b64"])
    for name, recording in RECORDINGS.items()
    if "body_b64" in recording["response"]
}
WHOLE_STREAMS = {name: data for name, data in STREAMS.items() if b"messageStop" in data}
ERRORS = {name: recording["response"] for name, recording in RECORDINGS.items() if name.startswith("error-")}
#: How many recordings of each kind there are: fewer means that the sorting above has lost some.
COUNTS = [23, 14, 7, 3]


def each(recorded: Mapping[str, Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("name", "recorded"), recorded.items(), ids=recorded)


def test_the_recordings_are_there(recordings: Path) -> None:
    assert recordings == WIRE
    assert [len(kind) for kind in (REQUESTS, REPLIES, STREAMS, ERRORS)] == COUNTS


@each(REQUESTS)
def test_a_request_comes_back_equal_by_value(name: str, recorded: Json) -> None:
    body = recorded["json"]
    model = unquote(recorded["url"]).partition("/model/")[2].rpartition("/")[0]
    if name in REFUSED:
        with pytest.raises(Failure) as caught:
            DIALECT.parse_request(body)
        assert (caught.value.kind, caught.value.param) == ("invalid_request", REFUSED[name])
        return
    wire, dropped, translated = DIALECT.render_request(DIALECT.parse_request(body), model)
    said = {member: value for member, value in body.items() if value not in ([], {})}
    changed = {member for member in said.keys() | wire.keys() if said.get(member) != wire.get(member)}
    assert changed == EXCEPTIONS.get(name, {}).keys()
    assert dropped == list(translated) == []


@each(REPLIES)
def test_a_reply_is_parsed_and_comes_back(name: str, recorded: Json) -> None:
    reply = DIALECT.parse_reply(recorded)
    usage = DIALECT.parse_usage(recorded)
    assert usage is not None
    assert reply["usage"]["total_tokens"] == usage.total == recorded["usage"]["totalTokens"]
    back = DIALECT.render_reply(reply, {})
    assert back["output"]["message"] == without_types(recorded["output"]["message"])
    assert {name: back[name] for name in ("stopReason", "metrics")} == {
        name: recorded[name] for name in ("stopReason", "metrics")
    }
    assert back.get("trace") == recorded.get("trace")
    for count, value in back["usage"].items():
        assert value == recorded["usage"].get(count, 0)


def without_types(message: Json) -> Json:
    """An application's own tool needs no type, and mostly has none."""
    content = [
        {"toolUse": {name: value for name, value in block["toolUse"].items() if (name, value) != ("type", "tool_use")}}
        if "toolUse" in block
        else block
        for block in message["content"]
    ]
    return {**message, "content": content}


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
    """Every cut in two, at most some 100 of them, and the whole in threes of bytes."""
    step = max(1, len(data) // 100)
    halves = [[data[:at], data[at:]] for at in range(0, len(data), step)]
    return [*halves, [data[at : at + 3] for at in range(0, len(data), 3)]]


@each(STREAMS)
def test_a_stream_is_parsed_the_same_however_it_is_cut(name: str, recorded: bytes) -> None:
    whole = parse_stream([recorded])
    if name in WHOLE_STREAMS:
        assert whole[1] == "well"
        assert "total_tokens" in whole[0][-1]["usage"]
        assert whole[0][-2]["choices"][0]["finish_reason"]
    else:
        assert whole[0] == []
        assert whole[1].startswith("invalid_request: The model returned the following errors")
    for pieces in splits(recorded):
        assert parse_stream(pieces) == whole


@each(WHOLE_STREAMS)
def test_a_stream_that_is_cut_has_no_ending(name: str, recorded: bytes) -> None:
    events = Reader().feed(recorded)
    last = [event.name for event in events].index("messageStop")
    parser = DIALECT.parser()
    chunks = [chunk for event in events[:last] for chunk in parser.feed(event)]
    assert all(chunk["choices"][0]["finish_reason"] is None for chunk in chunks)
    with pytest.raises(Failure) as caught:
        parser.end()
    assert caught.value.kind == "provider_stream_cut"


@each(WHOLE_STREAMS)
def test_a_stream_through_the_hub_is_the_same_answer(name: str, recorded: bytes) -> None:
    chunks, _ = parse_stream([recorded])
    renderer = DIALECT.renderer({}, 0)
    rendered = b"".join([*map(renderer.feed, chunks), renderer.end()])
    assert parse_stream([rendered]) == (chunks, "well")


@each(ERRORS)
def test_an_error_has_the_right_kind_and_the_providers_words(name: str, recorded: Json) -> None:
    failure = DIALECT.parse_error(recorded["status"], recorded["headers"], orjson.dumps(recorded["json"]))
    assert failure.kind == KINDS[name[:9]]
    assert failure.detail == recorded["json"]["message"]
    assert failure.code == recorded["headers"]["x-amzn-errortype"].partition(":")[0]
