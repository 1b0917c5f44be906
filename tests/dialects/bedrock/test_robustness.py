"""Any JSON in, no traceback out: everything that reads foreign input ends in a result or a Failure."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.call import Failure, Json
from proxy.dialects import Operation
from proxy.dialects.bedrock import DIALECT
from proxy.wire.events import Event

BLOCK_WORDS = """
text image document video audio toolUse toolResult guardContent cachePoint reasoningContent citationsContent
searchResult json
""".split()  # noqa: SIM905
MEMBERS = """
role user assistant system tool content messages toolUseId name input type server_tool_use status error format png
source bytes s3Location uri reasoningText signature redactedContent citations citation title location web url
default ttl toolConfig tools toolSpec inputSchema systemTool toolChoice auto any inferenceConfig maxTokens
temperature topP stopSequences additionalModelRequestFields thinking budget_tokens reasoningConfig
maxReasoningEffort reasoning_effort reasoning effort reasoning_config output_config top_k topK k tool_choice
disable_parallel_tool_use outputConfig textFormat structure jsonSchema schema requestMetadata serviceTier output
message stopReason end_turn tool_use usage inputTokens outputTokens totalTokens cacheReadInputTokens metrics trace
start delta contentBlockIndex choices finish_reason native_finish_reason tool_calls function arguments id index
annotations url_citation start_index end_index provider_blocks at block dialect bedrock thinking_blocks
redacted_thinking data reasoning_content images image_url file file_data filename input_audio video_url
cache_control tool_call_id is_error response_format json_schema embedding embeddings float texts inputText
dimensions input_type converse
""".split()  # noqa: SIM905
WORDS = [*BLOCK_WORDS, *MEMBERS]
NAMES = st.sampled_from(WORDS)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 1 << 62)
    | st.floats(allow_nan=False, allow_infinity=False)
    | NAMES
    | st.sampled_from(["{}", "AAAA", "data:image/png;base64,AAAA", "s3://a/b.png", "low"])
    | st.text(max_size=3)
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=2), inner, max_size=5),
    max_leaves=25,
)
OBJECTS = st.dictionaries(NAMES, ANYTHING, max_size=6)
BLOCKS = st.lists(st.dictionaries(st.sampled_from(BLOCK_WORDS), OBJECTS | ANYTHING, max_size=2) | ANYTHING, max_size=4)
WIRE_TURNS = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "system"]), "content": BLOCKS}), max_size=4
)
PARTS = st.lists(
    st.fixed_dictionaries({"type": NAMES}, optional=dict.fromkeys([*WORDS[:13], *WORDS[-22:]], OBJECTS | LEAVES)),
    max_size=3,
)
MESSAGE_MEMBERS = ("tool_calls", "thinking_blocks", "annotations", "provider_blocks", "cache_control", "tool_call_id")
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "system", "tool"])},
        optional={"content": PARTS | ANYTHING, **dict.fromkeys(MESSAGE_MEMBERS, st.lists(OBJECTS) | ANYTHING)},
    ),
    max_size=4,
)
REQUESTS = st.builds(lambda turns, rest: {**rest, "messages": turns}, WIRE_TURNS, OBJECTS)
UNIFIED = st.builds(lambda messages, rest: {**rest, "messages": messages}, MESSAGES | ANYTHING, OBJECTS)
REPLIES = st.builds(lambda content, rest: {**rest, "output": {"message": {"content": content}}}, BLOCKS, OBJECTS)
UNIFIED_REPLIES = st.builds(lambda message, rest: {**rest, "choices": [{"message": message}]}, OBJECTS, OBJECTS)
PAYLOADS = st.fixed_dictionaries(
    {},
    optional={
        "contentBlockIndex": st.integers(0, 1) | ANYTHING,
        "start": st.dictionaries(st.sampled_from(BLOCK_WORDS), OBJECTS, max_size=1) | ANYTHING,
        "delta": st.dictionaries(st.sampled_from(["citation", *BLOCK_WORDS]), OBJECTS | LEAVES, max_size=2) | ANYTHING,
        "usage": OBJECTS | ANYTHING,
        "stopReason": ANYTHING,
    },
)
EVENT_NAMES = st.sampled_from(
    [
        "messageStart",
        "contentBlockStart",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
        "ping",
        "exception/throttlingException",
        "error/",
    ]
)
FEW = settings(max_examples=60, deadline=None, database=None)
MODELS = st.sampled_from(["us.anthropic.claude-sonnet-4-6", "anthropic.claude-3-haiku", "amazon.nova-2-lite-v1:0", "x"])


def ends(act: Callable[[], Any]) -> None:
    """`act` ends in a Failure or in something that can be sent."""
    with suppress(Failure):
        orjson.dumps(act())


@FEW
@given(OBJECTS | REQUESTS, MODELS)
def test_any_request_of_a_bedrock_client(wire: Any, model: str) -> None:
    ends(lambda: DIALECT.render_request(DIALECT.parse_request(wire), model)._asdict())


@FEW
@given(OBJECTS | UNIFIED, MODELS)
def test_any_unified_request(unified: Any, model: str) -> None:
    ends(lambda: DIALECT.render_request(unified, model)._asdict())


@FEW
@given(ANYTHING | REPLIES)
def test_any_reply(wire: Any) -> None:
    ends(lambda: DIALECT.render_reply(DIALECT.parse_reply(wire), {}))


@FEW
@given(OBJECTS | UNIFIED_REPLIES)
def test_any_unified_reply(unified: Any) -> None:
    ends(lambda: DIALECT.render_reply(unified, {}))


@FEW
@given(st.integers(100, 999), st.text(max_size=9), ANYTHING.map(orjson.dumps) | st.binary(max_size=20))
def test_any_error(status: int, kind: str, body: bytes) -> None:
    assert DIALECT.parse_error(status, {"x-amzn-errortype": kind}, body).detail


@FEW
@given(ANYTHING)
def test_any_usage(wire: Any) -> None:
    usage = DIALECT.parse_usage(wire)
    assert usage is None or usage.total >= 0


@FEW
@given(st.lists(st.tuples(EVENT_NAMES, (PAYLOADS | ANYTHING).map(orjson.dumps) | st.binary(max_size=9)), max_size=8))
def test_any_stream(events: list[tuple[str, bytes]]) -> None:
    parser = DIALECT.parser()
    for name, data in events:
        event = Event(name, data)
        ends(lambda event=event: parser.feed(event))  # type: ignore[misc]
        ends(lambda event=event: DIALECT.read_event(event))  # type: ignore[misc]
    ends(parser.end)


@FEW
@given(st.lists(OBJECTS | st.builds(lambda delta: {"choices": [{"delta": delta}]}, OBJECTS), max_size=6))
def test_any_chunks(chunks: list[Any]) -> None:
    renderer = DIALECT.renderer({}, 0)
    for chunk in chunks:
        with suppress(Failure):
            renderer.feed(chunk)
    renderer.end()


@pytest.mark.parametrize("operation", [DIALECT.embeddings, DIALECT.count_tokens])
@FEW
@given(OBJECTS | REQUESTS, OBJECTS)
def test_any_other_operation(operation: Operation, wire: Any, other: Any) -> None:
    ends(lambda: operation.render_request(wire, "amazon.titan-embed-text-v2:0").wire)
    ends(lambda: operation.render_request(operation.parse_request(wire), "cohere.embed-v4:0").wire)
    ends(lambda: operation.render_reply(operation.parse_reply(wire), other))
    ends(lambda: operation.render_reply(wire, other))
    usage = operation.parse_usage(wire)
    assert usage is None or usage.total >= 0


def deep(levels: int) -> Any:
    return orjson.loads(b'{"a":' * levels + b"1" + b"}" * levels)


def test_what_can_be_read_but_not_written_is_a_failure() -> None:
    tool = {"toolUse": {"toolUseId": "t", "name": "f", "input": deep(600)}}
    wire: Json = {"messages": [{"role": "assistant", "content": [tool]}]}
    with pytest.raises(Failure, match="nested too deeply"):
        DIALECT.parse_request(wire)
    with pytest.raises(Failure, match="too deep"):
        DIALECT.parse_reply({"output": {"message": {"content": [tool]}}, "stopReason": "tool_use"})
