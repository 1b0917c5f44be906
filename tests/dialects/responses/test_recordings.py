"""Real traffic of the Responses API, OpenAI's and that of others who speak it, through both roles of the dialect."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from openai import omit
from openai._models import construct_type
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import Response, ResponseStreamEvent

from proxy.call import Failure, Json
from proxy.dialects.responses import DIALECT
from proxy.dialects.responses.fields import EXTRAS
from proxy.wire.sse import Reader
from tests.conftest import ROOT

WIRE = ROOT.parent / "shared" / "wire"
FOLDERS = ("openai-responses", "azure", "bedrock-mantle", "deepseek", "lmstudio", "xai")

#: Members of a recorded request that do not come back as they were, and why.
EXCEPTIONS: Mapping[str, Mapping[str, str]] = {
    "openai-responses/document-dd-trace-py-response-with-file-inputs-0": {"model": "the prompt names it"},
}
#: How an error recording begins -> the kind it must have.
KINDS: Mapping[str, str] = {
    "openai-responses/error-400": "model_not_found",
    "openai-responses/error-401": "authentication_failed",
    "xai/error-400": "authentication_failed",
}


def stream_of(recording: Json) -> bytes:
    """The stream's bytes, or none. Bare payloads get their framing back."""
    text = recording["response"].get("text") or ""
    if text.startswith("{"):
        return b"".join(b"data: " + payload + b"\n\n" for payload in text.encode().splitlines() if payload)
    return str(text).encode()


RECORDINGS: Mapping[str, Json] = {
    f"{path.parent.name}/{path.stem}": recording
    for folder in FOLDERS
    for path in sorted((WIRE / folder).glob("*.json"))
    if (recording := orjson.loads(path.read_bytes())).get("api") == "responses"
}
REQUESTS = {
    name: recording["request"]["json"]
    for name, recording in RECORDINGS.items()
    if (recording.get("request") or {}).get("json")
}
REPLIES = {
    name: recording["response"]["json"]
    for name, recording in RECORDINGS.items()
    if (recording["response"].get("json") or {}).get("object") == "response"
}
STREAMS = {name: data for name, recording in RECORDINGS.items() if (data := stream_of(recording))}
FAILED = {name for name in STREAMS if "error-in-200" in RECORDINGS[name]["tags"]}
WHOLE_STREAMS = {name: data for name, data in STREAMS.items() if name not in FAILED}
ERRORS = {
    name: recording["response"] for name, recording in RECORDINGS.items() if recording["response"]["status"] >= 400
}
#: How many recordings of each kind there are: fewer means that the sorting above has lost some.
COUNTS = [34, 22, 11, 3]


def each(recorded: Mapping[str, Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("name", "recorded"), recorded.items(), ids=recorded)


def test_the_recordings_are_there(recordings: Path) -> None:
    assert recordings == WIRE
    assert [len(kind) for kind in (REQUESTS, REPLIES, STREAMS, ERRORS)] == COUNTS


# ---- what the API itself takes for the same


def same_request(wire: Json) -> Json:
    """A string of input is one user message; null and empty say nothing."""
    said = {name: value for name, value in wire.items() if value not in (None, [])}
    if isinstance(said.get("input"), str):
        said["input"] = [{"role": "user", "content": said["input"]}]
    if "input" in said:
        said["input"] = [same_item(item) for item in said["input"]]
    if "tools" in said:
        said["tools"] = [without_nothing(tool) for tool in said["tools"]]
    return said


def same_item(item: Json) -> Json:
    """A message need not say that it is one; an assistant's only text may be a string."""
    item = without_nothing(item)
    if item.get("type", "message") != "message":
        return item
    content = item["content"]
    if isinstance(content, list):
        content = [without_nothing(part) for part in content]
    if (
        item["role"] == "assistant"
        and isinstance(content, list)
        and [part["type"] for part in content] == ["output_text"]
    ):
        content = content[0]["text"] if content[0].keys() == {"type", "text"} else content
    return {**{name: value for name, value in item.items() if name != "type"}, "content": content}


def without_nothing(mapping: Json) -> Json:
    """Null, no logprobs and no annotations are as if they were not there."""
    return {
        name: value
        for name, value in mapping.items()
        if value is not None and not (name in ("logprobs", "annotations") and value == [])
    }


@each(REQUESTS)
def test_a_request_comes_back_equal_by_value(name: str, recorded: Json) -> None:
    wire, dropped, translated = DIALECT.render_request(DIALECT.parse_request(recorded), recorded.get("model", "m"))
    before, after = same_request(recorded), same_request(wire)
    changed = {member for member in before.keys() | after.keys() if before.get(member) != after.get(member)}
    assert changed == EXCEPTIONS.get(name, {}).keys()
    assert not dropped
    assert not translated


def same_output(items: list[Json]) -> list[Json]:
    return [same_output_item(item) for item in items]


def same_output_item(item: Json) -> Json:
    """Some servers add an item's place, or call its id otherwise; an empty list of content says nothing."""
    item = {name: value for name, value in item.items() if name not in ("output_index", "item_id", "id")}
    if "content" in item and item["type"] == "message":
        item["content"] = [without_nothing(part) for part in item["content"]]
    return item


def ids_of(items: list[Json]) -> list[str]:
    return [item["id"] for item in items if "id" in item]


@each(REPLIES)
def test_a_reply_is_parsed_and_comes_back(name: str, recorded: Json) -> None:
    unified = DIALECT.parse_reply(recorded)
    usage = DIALECT.parse_usage(recorded)
    assert usage is not None
    assert unified["usage"]["total_tokens"] == usage.total == recorded["usage"]["total_tokens"]
    assert usage.reasoning == recorded["usage"]["output_tokens_details"]["reasoning_tokens"]
    request = DIALECT.parse_request(REQUESTS[name])
    back = DIALECT.render_reply(unified, request)
    assert same_output(back["output"]) == same_output(recorded["output"])
    assert set(ids_of(recorded["output"])) <= set(ids_of(back["output"]))
    kept = ("id", "model", "status", "incomplete_details", "service_tier", "tool_choice", "object", "error")
    assert {member: back[member] for member in kept} == {member: recorded.get(member) for member in kept} | {
        "tool_choice": recorded["tool_choice"],
    }
    assert back["created_at"] == recorded["created_at"]
    assert back["store"] is False
    Response.model_validate(back)


# ---- streams


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
    """Every cut in two, at most some 60 of them, and the whole byte by byte."""
    step = max(1, len(data) // 60)
    halves = [[data[:at], data[at:]] for at in range(0, len(data), step)]
    return [*halves, [data[at : at + 1] for at in range(len(data))]]


@each(STREAMS)
def test_a_stream_is_parsed_the_same_however_it_is_cut(name: str, recorded: bytes) -> None:
    whole = parse_stream([recorded])
    if name in FAILED:
        assert whole[1].startswith("provider_rate_limited: Request too large for gpt-4o")
    else:
        assert whole[1] == "well"
        assert whole[0][-1]["usage"]["total_tokens"] > 0
        assert whole[0][-2]["choices"][0]["finish_reason"]
    for pieces in splits(recorded):
        assert parse_stream(pieces) == whole


@each(WHOLE_STREAMS)
def test_a_stream_that_breaks_off_is_cut_and_has_no_ending(name: str, recorded: bytes) -> None:
    events = recorded.split(b"\n\n")
    last = max(index for index, event in enumerate(events) if b"sequence_number" in event)
    chunks, ending = parse_stream([b"\n\n".join(events[:last]) + b"\n\n"])
    assert ending.startswith("provider_stream_cut")
    assert all(not choice["finish_reason"] for chunk in chunks for choice in chunk["choices"])


def gathered(chunks: list[Json]) -> Json:
    """What the chunks say, put together: text by text, call by call."""
    said: Json = {"calls": {}}
    for choice in (choice for chunk in chunks for choice in chunk["choices"]):
        for name, value in choice["delta"].items():
            if name == "tool_calls":
                for call in value:
                    take_call(said["calls"].setdefault(call["index"], {"arguments": ""}), call)
            elif isinstance(value, str) and name != "role":
                said[name] = said.get(name, "") + value
            elif isinstance(value, list):
                said[name] = said.get(name, []) + value
        for name in ("finish_reason", "native_finish_reason"):
            said[name] = choice.get(name) or said.get(name)
    return {**said, "usage": chunks[-1]["usage"]}


def take_call(held: Json, call: Json) -> None:
    held |= {name: call[name] for name in ("id", "type") if name in call}
    held["name"] = call["function"].get("name") or held["name"]
    held["arguments"] += call["function"].get("arguments", "")


@each(STREAMS)
def test_a_stream_says_what_its_response_says(name: str, recorded: bytes) -> None:
    """The chunks of a stream are the reply that the response at its end would have made."""
    chunks, ending = parse_stream([recorded])
    if ending != "well":
        return
    response = orjson.loads(Reader().feed(recorded)[-1].data)["response"]
    reply = DIALECT.parse_reply(response)
    message, said = reply["choices"][0]["message"], gathered(chunks)
    for member in ("content", "refusal", "reasoning_content"):
        assert (said.get(member) or None) == message.get(member)
    calls = [call["function"] | {"id": call["id"]} for call in message.get("tool_calls", [])]
    assert [{key: call[key] for key in ("name", "arguments", "id")} for call in said["calls"].values()] == calls
    assert said["finish_reason"] == reply["choices"][0]["finish_reason"]
    assert said["usage"] == reply["usage"]
    ids = [block["id"] for block in message.get("thinking_blocks", [])]
    assert [block["id"] for block in said.get("thinking_blocks", [])] == ids


def rendered(chunks: list[Json], request: Json) -> bytes:
    renderer = DIALECT.renderer(request, 7)
    return b"".join([*map(renderer.feed, chunks), renderer.end()])


@each(WHOLE_STREAMS)
def test_a_stream_through_the_hub_says_the_same_again(name: str, recorded: bytes) -> None:
    chunks, _ = parse_stream([recorded])
    again, ending = parse_stream([rendered(chunks, {"model": "fast"})])
    assert ending == "well"
    before, after = gathered(chunks), gathered(again)
    before.pop(EXTRAS, None)
    assert after == before | {"native_finish_reason": after["native_finish_reason"]}


@each(WHOLE_STREAMS)
def test_a_stream_through_the_hub_is_put_together_by_the_sdk(name: str, recorded: bytes) -> None:
    chunks, _ = parse_stream([recorded])
    request = DIALECT.parse_request(REQUESTS.get(name, {"input": "hi"}))
    state: ResponseStreamState[Any] = ResponseStreamState(input_tools=omit, text_format=omit)
    events = [orjson.loads(event.data) for event in Reader().feed(rendered(chunks, request))]
    for payload in events:
        state.handle_event(construct_type(type_=ResponseStreamEvent, value=payload))  # type: ignore[arg-type]
    assert all(before["sequence_number"] + 1 == after["sequence_number"] for before, after in pairwise(events))
    last, said = events[-1], gathered(chunks)
    if last["type"] == "response.incomplete":
        assert last["response"]["incomplete_details"] == {"reason": "max_output_tokens"}
        return
    response = state._completed_response
    assert response is not None
    assert response.output_text == said.get("content", "")
    calls = [item for item in response.output if item.type == "function_call"]
    assert [call.arguments for call in calls] == [call["arguments"] for call in said["calls"].values()]
    assert response.usage is not None
    assert response.usage.total_tokens == said["usage"]["total_tokens"]


@each(ERRORS)
def test_an_error_has_the_right_kind_and_the_providers_words(name: str, recorded: Json) -> None:
    headers = {header.lower(): value for header, value in recorded.get("headers", {}).items()}
    failure = DIALECT.parse_error(recorded["status"], headers, orjson.dumps(recorded["json"]))
    assert failure.kind == KINDS[name[: name.index("error") + 9]]
    error = recorded["json"]["error"]
    assert failure.detail == (error if isinstance(error, str) else error["message"])
