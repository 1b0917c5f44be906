"""Unified chunks as a ConverseStream, read by botocore."""

import io
from typing import Any

import pytest
from botocore.eventstream import EventStream  # type: ignore[import-untyped]
from botocore.exceptions import EventStreamError  # type: ignore[import-untyped]
from botocore.loaders import Loader  # type: ignore[import-untyped]
from botocore.model import ServiceModel  # type: ignore[import-untyped]
from botocore.parsers import EventStreamJSONParser  # type: ignore[import-untyped]

from proxy.call import Failure, Json
from proxy.dialects.bedrock.errors import render_error_event
from proxy.dialects.bedrock.render_stream import StreamRenderer
from proxy.dialects.bedrock.stream import StreamParser
from proxy.wire.eventstream import Reader

SERVICE = ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"))
SHAPE = SERVICE.operation_model("ConverseStream").output_shape.members["stream"]
OPENED: Json = {"role": "assistant", "content": ""}
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


class Pipe(io.BytesIO):
    """What botocore takes for a connection."""

    def stream(self) -> list[bytes]:
        return [self.getvalue()]


def read(data: bytes) -> Any:
    return EventStream(Pipe(data), SHAPE, EventStreamJSONParser(), "ConverseStream")


def chunk(delta: Json, **ended: Any) -> Json:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": None, **ended}]}


def render(*deltas: Json, finish: str = "stop", **extras: Any) -> bytes:
    renderer = StreamRenderer({"model": "x"}, 0)
    chunks = [*map(chunk, deltas), chunk({}, finish_reason=finish), {"choices": [], "usage": USAGE, **extras}]
    return b"".join([*map(renderer.feed, chunks), renderer.end()])


def put_together(events: Any) -> list[Json]:
    """The content blocks as an application would put them together."""
    blocks: dict[int, Json] = {}
    for event in events:
        [(name, payload)] = event.items()
        if name == "contentBlockStart":
            blocks[payload["contentBlockIndex"]] = {kind: {**start} for kind, start in payload["start"].items()}
        elif name == "contentBlockDelta":
            block = blocks.setdefault(payload["contentBlockIndex"], {})
            [(kind, said)] = payload["delta"].items()
            if isinstance(said, dict):
                held = block.setdefault(kind, {})
                for member, value in said.items():
                    held[member] = held[member] + value if isinstance(held.get(member), str) else value
            else:
                block[kind] = block.get(kind, "") + said if isinstance(said, str) else said
    return [blocks[index] for index in sorted(blocks)]


def test_botocore_reads_text_its_end_and_its_counts() -> None:
    events = list(read(render(OPENED, {"content": "he"}, {"content": "llo"}, metrics={"latencyMs": 7})))
    assert [next(iter(event)) for event in events] == [
        "messageStart",
        "contentBlockDelta",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    assert put_together(events) == [{"text": "hello"}]
    assert events[-2] == {"messageStop": {"stopReason": "end_turn"}}
    assert events[-1]["metadata"]["usage"]["totalTokens"] == 5
    assert events[-1]["metadata"]["metrics"] == {"latencyMs": 7}


def test_interleaved_calls_keep_their_arguments() -> None:
    def call(index: int, words: str, **head: Any) -> Json:
        named = {"name": head.pop("name")} if "name" in head else {}
        return {"tool_calls": [{"index": index, "function": {"arguments": words, **named}, **head}]}

    events = list(
        read(
            render(
                {"content": "so"},
                call(0, "", id="t1", name="f"),
                call(1, '{"b"', id="t2", name="g"),
                call(0, '{"a":1}'),
                call(1, ":2}"),
                finish="tool_calls",
            )
        )
    )
    assert put_together(events) == [
        {"text": "so"},
        {"toolUse": {"toolUseId": "t1", "name": "f", "input": '{"a":1}'}},
        {"toolUse": {"toolUseId": "t2", "name": "g", "input": '{"b":2}'}},
    ]
    stops = [event["contentBlockStop"]["contentBlockIndex"] for event in events if "contentBlockStop" in event]
    assert stops == [0, 1, 2]
    assert {"messageStop": {"stopReason": "tool_use"}} in events


def test_thoughts_and_their_signature_are_one_block() -> None:
    signed = {"type": "thinking", "thinking": "hm", "signature": "s+/="}
    hidden = {"type": "redacted_thinking", "data": "AAAA"}
    for said in (
        [{"reasoning_content": "h"}, {"reasoning_content": "m"}, {"thinking_blocks": [signed]}],
        [{"thinking_blocks": [signed]}],
    ):
        blocks = put_together(read(render(*said, {"thinking_blocks": [hidden]}, {"content": "a"})))
        assert blocks == [
            {"reasoningContent": {"text": "hm", "signature": "s+/="}},
            {"reasoningContent": {"redactedContent": b"\0\0\0"}},
            {"text": "a"},
        ]


def test_a_citation_belongs_to_the_text_before_it_and_ends_it() -> None:
    page = {"url_citation": {"url": "https://a", "title": "A", "start_index": 0, "end_index": 1}}
    blocks = put_together(read(render({"content": "a"}, {"annotations": [page, {"x": 1}]}, {"content": "b"})))
    assert blocks == [
        {"text": "a", "citation": {"title": "A", "location": {"web": {"url": "https://a"}}}},
        {"text": "b"},
    ]


def test_images_and_bedrocks_own_blocks_come_whole() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    use = {"toolUse": {"toolUseId": "s", "name": "n", "type": "server_tool_use", "input": {"a": 1}}}
    result = {"toolResult": {"toolUseId": "s", "status": "success", "content": [{"json": {"b": 2}}]}}
    own = [{"at": 0, "block": block, "dialect": "bedrock"} for block in (use, result, {"novelty": 1})]
    other = {"at": 0, "block": {"type": "server_tool_use"}}
    data = render({"images": [image]}, {"provider_blocks": [*own, other]})
    assert put_together(read(data)) == [
        {"image": {"format": "png", "source": {"bytes": b"\0\0\0"}}},
        {"toolUse": {"toolUseId": "s", "name": "n", "type": "server_tool_use", "input": '{"a":1}'}},
        {"toolResult": [{"json": {"b": 2}}]},
    ]
    parser = StreamParser()
    blocks = [
        entry["block"]
        for event in Reader().feed(data)
        for parsed in parser.feed(event)
        for choice in parsed["choices"]
        for entry in choice["delta"].get("provider_blocks", ())
    ]
    assert blocks == [use, result]


def test_every_chunk_leaves_at_once() -> None:
    renderer = StreamRenderer({}, 0)
    assert [event.name for event in Reader().feed(renderer.feed(chunk(OPENED)))] == ["messageStart"]
    for words in ("a", "b"):
        [event] = Reader().feed(renderer.feed(chunk({"content": words})))
        assert event.name == "contentBlockDelta"
    assert renderer.feed(chunk({})) == b""


def test_a_refusal_is_text() -> None:
    assert put_together(read(render({"refusal": "no"}))) == [{"text": "no"}]


def test_a_broken_stream_makes_botocore_raise_with_the_words() -> None:
    renderer = StreamRenderer({}, 0)
    data = renderer.feed(chunk({"content": "a"})) + render_error_event(Failure("provider_stream_cut", "it was cut"))
    with pytest.raises(EventStreamError, match=r"modelStreamErrorException.*it was cut"):
        list(read(data))


@pytest.mark.parametrize(
    "delta",
    [
        {"content": 5},
        {"tool_calls": [{"index": 0, "id": "t", "function": {}}]},
        {"tool_calls": [{"index": 0, "function": {"name": "f"}}]},
        {"tool_calls": "x"},
        {"thinking_blocks": 5},
    ],
)
def test_what_cannot_be_said_is_the_providers_fault(delta: Json) -> None:
    with pytest.raises(Failure) as caught:
        StreamRenderer({}, 0).feed(chunk(delta))
    assert caught.value.kind == "provider_error"
