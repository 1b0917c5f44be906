"""Unified chunks as a Responses stream, put together again by OpenAI's own SDK."""

from itertools import pairwise
from typing import Any

import orjson
import pytest
from openai import omit
from openai._models import construct_type
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import ParsedResponse, ResponseStreamEvent

from proxy.call import Failure, Json
from proxy.dialects.responses.parse import parse_request
from proxy.dialects.responses.render_stream import StreamRenderer
from proxy.wire.sse import Reader

REQUEST = parse_request({"model": "fast", "input": "hi", "stream": True})
SIGNED: Json = {"type": "thinking", "thinking": "hm", "signature": "s=="}


def chunk(finish: str | None = None, **delta: Any) -> Json:
    return {
        "id": "msg_01",
        "model": "claude",
        "created": 0,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


def call(index: int, words: str, **said: Any) -> Json:
    return {"index": index, **said, "function": {"arguments": words, **({"name": "f"} if said else {})}}


USAGE: Json = {"id": "msg_01", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}}


def render(*chunks: Json) -> list[Json]:
    renderer = StreamRenderer(REQUEST, 7)
    data = b"".join([*map(renderer.feed, chunks), renderer.end()])
    events = [orjson.loads(event.data) for event in Reader().feed(data)]
    assert [event["sequence_number"] for event in events] == [*range(len(events))]
    return events


def accumulate(events: list[Json]) -> ParsedResponse[Any]:
    state: ResponseStreamState[Any] = ResponseStreamState(input_tools=omit, text_format=omit)
    for payload in events:
        state.handle_event(construct_type(type_=ResponseStreamEvent, value=payload))  # type: ignore[arg-type]
    assert state._completed_response is not None
    return state._completed_response


def kinds(events: list[Json]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in events]


def test_text_is_said_in_the_order_of_the_reference() -> None:
    events = render(chunk(role="assistant", content=""), chunk(content="a"), chunk(content="b"), chunk("stop"), USAGE)
    assert kinds(events) == [
        *(
            "created",
            "in_progress",
            "output_item.added",
            "content_part.added",
            "output_text.delta",
            "output_text.delta",
        ),
        *("output_text.done", "content_part.done", "output_item.done", "completed"),
    ]
    first, last = events[0]["response"], events[-1]["response"]
    assert (first["id"], first["status"], first["created_at"], first["model"]) == ("msg_01", "in_progress", 7, "claude")
    assert last["usage"]["total_tokens"] == 7
    assert last["output"] == [events[-2]["item"]]
    response = accumulate(events)
    assert response.output_text == "ab"


def test_nothing_is_held_back() -> None:
    renderer = StreamRenderer(REQUEST, 7)
    assert b"response.created" in renderer.feed(chunk(role="assistant", content=""))
    for words in ("a", "b"):
        assert b'"delta":"%b"' % words.encode() in renderer.feed(chunk(content=words))
    assert b"output_item.done" in renderer.feed(chunk("stop"))


def test_interleaved_calls_keep_their_arguments() -> None:
    response = accumulate(
        render(
            chunk(tool_calls=[call(0, "", id="c0"), call(1, "", id="c1")]),
            chunk(tool_calls=[call(1, "{b")]),
            chunk(tool_calls=[call(0, "{a")]),
            chunk(tool_calls=[call(1, "b}"), call(0, "a}")]),
            chunk("tool_calls"),
        )
    )
    calls = [item for item in response.output if item.type == "function_call"]
    assert [(item.call_id, item.arguments, item.status) for item in calls] == [
        ("c0", "{aa}", "completed"),
        ("c1", "{bb}", "completed"),
    ]


def test_thoughts_then_text_then_a_call() -> None:
    events = render(
        chunk(reasoning_content="h"),
        chunk(reasoning_content="m"),
        chunk(thinking_blocks=[SIGNED]),
        chunk(thinking_blocks=[{"type": "redacted_thinking", "data": "d"}]),
        chunk(content="so"),
        chunk(tool_calls=[call(0, "{}", id="c0")]),
        chunk("tool_calls"),
    )
    response = accumulate(events)
    assert [item.type for item in response.output] == ["reasoning", "reasoning", "message", "function_call"]
    request = parse_request({"input": [{"role": "user", "content": "hi"}, *events[-1]["response"]["output"]]})
    said = request["messages"][1]
    assert said["thinking_blocks"] == [SIGNED, {"type": "redacted_thinking", "data": "d"}]
    assert (said["content"], said["tool_calls"][0]["id"]) == ("so", "c0")


def test_text_after_a_call_is_another_item() -> None:
    events = render(
        chunk(content="a"),
        chunk(tool_calls=[call(0, "{", id="c0")]),
        chunk(content="b"),
        chunk(tool_calls=[call(0, "}")]),
    )
    assert [item.type for item in accumulate(events).output] == ["message", "function_call", "message"]


def test_a_refusal_after_text_is_another_part() -> None:
    response = accumulate(render(chunk(content="a"), chunk(refusal="no"), chunk("stop")))
    [item] = response.output
    assert item.type == "message"
    assert [part.type for part in item.content] == ["output_text", "refusal"]


def test_citations_images_and_own_items() -> None:
    page = {"type": "url_citation", "url_citation": {"url": "u", "title": "t", "start_index": 0, "end_index": 1}}
    search = {"type": "web_search_call", "id": "ws", "status": "completed", "action": {"type": "search", "query": "q"}}
    events = render(
        chunk(provider_blocks=[{"at": 0, "after": 0, "block": search, "dialect": "responses"}]),
        chunk(content="so"),
        chunk(annotations=[page, {"type": "citation", "citation": {}}]),
        chunk(images=[{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]),
        chunk("stop", responses={"id": "msg_x", "phase": "final_answer"}),
    )
    response = accumulate(events)
    assert [item.type for item in response.output] == ["web_search_call", "message", "image_generation_call"]
    assert response.output[1].content[0].annotations[0].url == "u"  # type: ignore[index, union-attr]


def test_a_phase_is_kept_and_an_id_that_was_given_stays() -> None:
    events = render(chunk(content="so"), chunk("stop", responses={"id": "msg_x", "phase": "final_answer"}))
    added, done = (event["item"] for event in events if "output_item" in event["type"])
    assert done["phase"] == "final_answer"
    assert done["id"] == added["id"]


def test_probabilities_are_in_the_part_that_is_done() -> None:
    entry = {"token": "so", "logprob": -0.5}
    said = chunk(content="so")
    said["choices"][0]["logprobs"] = {"content": [entry]}
    events = render(said, chunk("stop"))
    assert events[-1]["response"]["output"][0]["content"][0]["logprobs"] == [entry]


@pytest.mark.parametrize(("finish", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")])
def test_a_cut_answer_is_incomplete(finish: str, reason: str) -> None:
    events = render(chunk(content="so"), chunk(finish))
    assert events[-1]["type"] == "response.incomplete"
    assert events[-1]["response"]["incomplete_details"] == {"reason": reason}
    assert events[-1]["response"]["output"][0]["status"] == "incomplete"


def test_a_finish_that_is_repeated_ends_nothing_twice() -> None:
    events = render(chunk(content="so"), chunk("stop"), chunk("stop"), USAGE)
    assert kinds(events).count("output_item.done") == kinds(events).count("completed") == 1


def test_usage_that_comes_early_and_again_is_merged() -> None:
    early = chunk(content="so") | {"usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}}
    assert render(early, chunk("stop"), USAGE)[-1]["response"]["usage"]["output_tokens"] == 4


def test_an_empty_answer_is_an_empty_response() -> None:
    events = render()
    assert kinds(events) == ["created", "in_progress", "completed"]
    assert accumulate(events).output == []


@pytest.mark.parametrize("delta", [{"tool_calls": [{"index": 0, "id": "c"}]}, {"content": 3}, {"thinking_blocks": "x"}])
def test_a_chunk_that_cannot_be_said_is_a_failure(delta: Json) -> None:
    with pytest.raises(Failure):
        StreamRenderer(REQUEST, 0).feed(chunk(**delta))


def test_every_item_has_its_own_id_and_index() -> None:
    events = render(chunk(reasoning_content="a"), chunk(content="b"), chunk(reasoning_content="c"), chunk(content="d"))
    added = [event for event in events if event["type"] == "response.output_item.added"]
    assert [event["output_index"] for event in added] == [0, 1, 2, 3]
    assert all(before["item"]["id"] != after["item"]["id"] for before, after in pairwise(added))


def test_a_call_that_lost_its_end_to_the_limit_is_incomplete() -> None:
    calls = [call(0, "{}", id="a", type="function"), call(1, '{"x":', id="b", type="function")]
    events = render(*(chunk(tool_calls=[each]) for each in calls), chunk("length"))
    assert [item["status"] for item in events[-1]["response"]["output"]] == ["completed", "incomplete"]
    assert events[-1]["response"]["incomplete_details"] == {"reason": "max_output_tokens"}
