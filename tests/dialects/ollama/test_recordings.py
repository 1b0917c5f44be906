"""Real traffic with Ollama through both roles of the dialect."""

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import orjson
import pytest
from ollama import ChatResponse

from proxy.call import Failure, Json
from proxy.dialects.ollama import DIALECT
from proxy.dialects.ollama.embed import EMBED
from proxy.wire.ndjson import Reader
from tests.conftest import ROOT

WIRE = ROOT.parent / "shared" / "wire" / "ollama"

#: Members of a recorded request that do not come back as they were, and why.
EXCEPTIONS: Mapping[str, Mapping[str, str]] = {
    "stream-structured-langchainrb-langchain-llm-ollama-initialize-when-default-0": {
        "temperature": "Ollama passes it over where it stands; it is said where it counts",
        "options": "the temperature is in it",
    },
    "tool-result-rig-optional-argument-1": {"messages": "calls and results without ids are given some"},
}
#: Members that say nothing, and are left out.
EMPTY: tuple[Any, ...] = ({}, [], None)

RECORDINGS: Mapping[str, Json] = {path.stem: orjson.loads(path.read_bytes()) for path in sorted(WIRE.glob("*.json"))}
CHATS = {name: recording for name, recording in RECORDINGS.items() if recording["api"] == "chat"}
REQUESTS = {
    name: recording["request"]["json"] for name, recording in CHATS.items() if (recording["request"] or {}).get("json")
}
REPLIES = {
    name: recording["response"]["json"]
    for name, recording in CHATS.items()
    if recording["response"]["status"] == 200 and "json" in recording["response"]
}
STREAMS = {
    name: recording["response"]["text"].encode() for name, recording in CHATS.items() if "text" in recording["response"]
}
#: How many recordings of each kind there are: fewer means that the sorting above has lost some.
COUNTS = [12, 7, 5]


def each(recorded: Mapping[str, Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("name", "recorded"), recorded.items(), ids=recorded)


def test_the_recordings_are_there(recordings: Path) -> None:
    assert recordings == WIRE.parent
    assert [len(kind) for kind in (REQUESTS, REPLIES, STREAMS)] == COUNTS


@each(REQUESTS)
def test_a_request_comes_back_equal_by_value(name: str, recorded: Json) -> None:
    wire, dropped, translated = DIALECT.render_request(DIALECT.parse_request(recorded), recorded["model"])
    said = {name: value for name, value in recorded.items() if value not in EMPTY}
    changed = {name for name in said.keys() | wire.keys() if said.get(name) != wire.get(name)}
    assert changed == EXCEPTIONS.get(name, {}).keys()
    assert (dropped, list(translated)) == ([], [])


def plain(message: Json) -> Json:
    """What a message says, whether its calls have ids and places or not."""
    calls = [(call["function"]["name"], call["function"]["arguments"]) for call in message.get("tool_calls", ())]
    return {"content": message["content"], "thinking": message.get("thinking"), "calls": calls}


@each(REPLIES)
def test_a_reply_is_parsed_and_comes_back(name: str, recorded: Json) -> None:
    reply = DIALECT.parse_reply(recorded)
    usage = DIALECT.parse_usage(recorded)
    assert usage is not None
    assert reply["usage"]["total_tokens"] == usage.total == recorded["prompt_eval_count"] + recorded["eval_count"]
    back = DIALECT.render_reply(reply, {})
    assert plain(back["message"]) == plain(recorded["message"])
    assert {name: value for name, value in back.items() if name not in ("message", "created_at")} == {
        name: value for name, value in recorded.items() if name not in ("message", "created_at")
    }
    assert back["created_at"][:19] == recorded["created_at"][:19]
    ids = [call["id"] for call in recorded["message"].get("tool_calls", ())]
    assert [call["id"] for call in back["message"].get("tool_calls", ())] == ids
    assert ChatResponse(**back).message.content == recorded["message"]["content"]
    assert stripped(DIALECT.parse_reply(back)) == stripped(reply)


def stripped(reply: Json) -> Json:
    """Without the id, which is made up from a moment that has lost its fractions."""
    return {**reply, "id": ""}


def parse_stream(pieces: list[bytes]) -> tuple[list[Json], str]:
    """The chunks of a stream in pieces, and how it ended."""
    reader, parser = Reader(), DIALECT.parser()
    chunks: list[Json] = []
    try:
        for piece in pieces:
            for event in reader.feed(piece):
                chunks += parser.feed(event)
        assert not reader.end()
        chunks += parser.end()
    except Failure as failure:
        return chunks, failure.kind
    return chunks, "well"


def splits(data: bytes) -> list[list[bytes]]:
    """Every cut in two, at most some 100 of them, and the whole byte by byte."""
    step = max(1, len(data) // 100)
    halves = [[data[:at], data[at:]] for at in range(0, len(data), step)]
    return [*halves, [data[at : at + 1] for at in range(len(data))]]


@each(STREAMS)
def test_a_stream_is_parsed_the_same_however_it_is_cut(name: str, recorded: bytes) -> None:
    whole, ended = parse_stream([recorded])
    assert ended == "well"
    assert whole[-1]["usage"]["total_tokens"] > 0
    assert whole[-2]["choices"][0]["finish_reason"] == ("tool_calls" if b"tool_calls" in recorded else "stop")
    for pieces in splits(recorded):
        assert parse_stream(pieces) == (whole, "well")


@each(STREAMS)
def test_a_stream_that_was_cut_is_never_complete(name: str, recorded: bytes) -> None:
    lines = recorded.splitlines(keepends=True)
    for kept in (0, 1, len(lines) // 2, len(lines) - 1):
        assert parse_stream(lines[:kept])[1] == "provider_stream_cut"


@each(STREAMS)
def test_the_lane_says_what_the_parser_says(name: str, recorded: bytes) -> None:
    slow, fast = DIALECT.parser(), DIALECT.parser()
    lane = fast.text_lane
    assert lane is not None
    matched = 0
    for line in recorded.splitlines(keepends=True):
        [event] = Reader().feed(line)
        text = lane.match(line)
        said = fast.feed(event) if text is None else [lane.chunk(text.decode())]
        assert said == slow.feed(event)
        matched += text is not None
    assert matched > 0 or b"tool_calls" in recorded


def gather(lines: list[Json]) -> Json:
    """What the lines of a stream say together."""
    messages = [line["message"] for line in lines]
    calls = [plain(message)["calls"] for message in messages]
    counts = {
        name: lines[-1][name] for name in ("prompt_eval_count", "eval_count", "eval_duration", "done_reason", "done")
    }
    said = {name: "".join(message.get(name, "") for message in messages) for name in ("content", "thinking")}
    return {**said, "calls": [*chain.from_iterable(calls)], "model": lines[-1]["model"], **counts}


@each(STREAMS)
def test_a_stream_through_the_hub_says_the_same_to_the_client(name: str, recorded: bytes) -> None:
    chunks, _ = parse_stream([recorded])
    renderer = DIALECT.renderer({"model": "fast"}, 1)
    rendered = b"".join([*map(renderer.feed, chunks), renderer.end()])
    lines = [orjson.loads(line) for line in rendered.splitlines()]
    assert gather(lines) == gather([orjson.loads(line) for line in recorded.splitlines()])
    assert all(ChatResponse(**line).message.role == "assistant" for line in lines)
    again, ended = parse_stream([rendered])
    assert ended == "well"
    assert again[-1]["usage"] == chunks[-1]["usage"]


def test_an_error(recordings: Path) -> None:
    [response] = [recording["response"] for recording in CHATS.values() if recording["response"]["status"] >= 400]
    failure = DIALECT.parse_error(response["status"], {}, orjson.dumps(response["json"]))
    assert (failure.kind, failure.status) == ("model_not_found", 404)
    assert failure.detail == response["json"]["error"]
    assert DIALECT.render_error(failure)["error"] == response["json"]["error"]


def test_embeddings(recordings: Path) -> None:
    [recording] = [recording for recording in RECORDINGS.values() if recording["api"] == "embeddings"]
    wire, reply = recording["request"]["json"], recording["response"]["json"]
    assert EMBED.render_request(EMBED.parse_request(wire), wire["model"]) == (wire, [], ())
    unified = EMBED.parse_reply(reply)
    assert unified["data"][0]["embedding"] == reply["embeddings"][0]
    assert unified["usage"]["prompt_tokens"] == reply["prompt_eval_count"] > 0
    assert EMBED.render_reply(unified, {})["embeddings"] == reply["embeddings"]
