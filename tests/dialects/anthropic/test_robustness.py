"""Any JSON in, no traceback out: everything that reads foreign input ends in a result or a Failure."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.call import Failure
from proxy.dialects.anthropic import DIALECT
from proxy.wire.events import Event

WORDS = """
type text thinking signature redacted_thinking data tool_use tool_result tool_use_id server_tool_use id name
input role user assistant system developer tool content messages model tools tool_choice function arguments
source base64 url image document image_url file file_data media_type citations citation annotations at block
provider_blocks thinking_blocks reasoning_content tool_calls refusal index delta choices message finish_reason
stop_reason native_finish_reason stop_details stop_sequence usage input_tokens output_tokens
output_tokens_details iterations message_start message_delta message_stop content_block content_block_start
content_block_delta content_block_stop text_delta input_json_delta partial_json thinking_delta signature_delta
citations_delta error reasoning effort budget_tokens max_tokens temperature stop stop_sequences metadata
user_id output_config format schema response_format json_schema cache_control tool_call_id allowed_tools mode
json_answer start_index end_index
""".split()  # noqa: SIM905
NAMES = st.sampled_from(WORDS)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | NAMES
    | st.text(max_size=3)
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=2), inner, max_size=5),
    max_leaves=25,
)
OBJECTS = st.dictionaries(NAMES, ANYTHING, max_size=6)
BLOCKS = st.lists(
    st.fixed_dictionaries({"type": NAMES}, optional=dict.fromkeys(WORDS[1:12], ANYTHING)) | ANYTHING, max_size=4
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "system", "tool"])},
        optional={"content": BLOCKS | ANYTHING, **dict.fromkeys(WORDS[36:46], BLOCKS | ANYTHING)},
    ),
    max_size=4,
)
REQUESTS = st.builds(lambda messages, rest: {**rest, "messages": messages}, MESSAGES | ANYTHING, OBJECTS)
REPLIES = st.builds(
    lambda content, rest: {**rest, "id": "m", "model": "m", "content": content, "choices": [{"message": rest}]},
    BLOCKS,
    OBJECTS,
)
START = {"type": "message_start", "message": {"id": "m", "model": "m"}}
EVENTS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            ["content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop"]
        ),
        "index": st.integers(0, 1) | ANYTHING,
        "content_block": st.fixed_dictionaries({"type": NAMES}, optional=dict.fromkeys(WORDS[1:12], ANYTHING))
        | ANYTHING,
        "delta": st.fixed_dictionaries({"type": NAMES}, optional=dict.fromkeys(WORDS[1:12], ANYTHING)) | ANYTHING,
    },
    optional={"usage": OBJECTS | ANYTHING, "error": ANYTHING},
)
FEW = settings(max_examples=150, deadline=None, database=None)


def ends(act: Callable[[], Any]) -> None:
    """`act` ends in a Failure or in something that can be sent."""
    with suppress(Failure):
        orjson.dumps(act())


@FEW
@given(OBJECTS | REQUESTS)
def test_any_request_of_an_anthropic_client(wire: Any) -> None:
    ends(lambda: DIALECT.render_request(DIALECT.parse_request(wire), "claude-sonnet-4-6").wire)


@FEW
@given(OBJECTS | REQUESTS, st.sampled_from(["claude-sonnet-4-0", "claude-opus-4-8", "other"]))
def test_any_unified_request(unified: Any, model: str) -> None:
    ends(lambda: DIALECT.render_request(unified, model).wire)


@FEW
@given(ANYTHING | REPLIES)
def test_any_reply(wire: Any) -> None:
    ends(lambda: DIALECT.render_reply(DIALECT.parse_reply(wire), {}))


@FEW
@given(OBJECTS | REPLIES)
def test_any_unified_reply(unified: Any) -> None:
    ends(lambda: DIALECT.render_reply(unified, {}))


@FEW
@given(st.integers(100, 999), ANYTHING.map(orjson.dumps) | st.binary(max_size=20))
def test_any_error(status: int, body: bytes) -> None:
    assert DIALECT.parse_error(status, {}, body).detail


@FEW
@given(ANYTHING)
def test_any_usage(wire: Any) -> None:
    usage = DIALECT.parse_usage(wire)
    assert usage is None or usage.total >= 0


@FEW
@given(st.lists(EVENTS | OBJECTS | ANYTHING, max_size=8), st.binary(max_size=9))
def test_any_stream(payloads: list[Any], noise: bytes) -> None:
    parser = DIALECT.parser()
    for payload in [START, *payloads]:
        event = Event("", orjson.dumps(payload))
        ends(lambda event=event: parser.feed(event))  # type: ignore[misc]
        ends(lambda event=event: DIALECT.read_event(event))  # type: ignore[misc]
    ends(lambda: parser.feed(Event("", noise)))
    ends(parser.end)


@FEW
@given(st.lists(OBJECTS | st.builds(lambda delta: {"choices": [{"delta": delta}]}, OBJECTS), max_size=6))
def test_any_chunks(chunks: list[Any]) -> None:
    renderer = DIALECT.renderer({}, 0)
    for chunk in chunks:
        with suppress(Failure):
            renderer.feed(chunk)
    renderer.end()
