"""Any JSON in, no traceback out: everything that reads foreign input ends in a result or a Failure."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxy.call import Failure
from proxy.dialects.responses import DIALECT
from proxy.wire.events import Event

WORDS = """
type text id role user assistant system developer tool content message input_text output_text refusal input_image
input_file image_url file_id file_url file_data filename detail reasoning summary summary_text encrypted_content
function_call function_call_output custom_tool_call custom_tool_call_output item_reference web_search_call
image_generation_call result output_format call_id name arguments input output status annotations url_citation
file_citation start_index end_index index citation dialect responses provider_blocks at block after
thinking_blocks thinking signature reasoning_content tool_calls tool_call_id function custom delta choices
finish_reason usage input_tokens output_tokens input_tokens_details cached_tokens messages model tools tool_choice
allowed_tools mode response_format json_schema schema format json_object verbosity effort enabled budget_tokens
store include stream stream_options metadata logprobs images extra_content cache_control prompt_cache_breakpoint
instructions system error code incomplete_details reason created_at web_search_options user_location approximate
""".split()  # noqa: SIM905
NAMES = st.sampled_from(WORDS)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | NAMES
    | st.sampled_from(["data:image/png;base64,AAAA", "outrider_e30", "outrider_eyJ0eXBlIjoidGhpbmtpbmcifQ"])
    | st.text(max_size=3)
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=2), inner, max_size=5),
    max_leaves=25,
)
OBJECTS = st.dictionaries(NAMES, ANYTHING, max_size=6)


def some_of(kinds: tuple[str, ...], members: tuple[str, ...]) -> st.SearchStrategy[Any]:
    typed = st.fixed_dictionaries({"type": st.sampled_from(kinds)}, optional=dict.fromkeys(members, ANYTHING))
    return typed | ANYTHING


PARTS = some_of(
    ("input_text", "output_text", "refusal", "input_image", "input_file", "text", "image_url", "file", "other"),
    ("text", "refusal", "image_url", "file", "file_data", "file_id", "annotations", "logprobs", "cache_control"),
)
ITEMS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            [
                *("message", "reasoning", "function_call", "function_call_output", "custom_tool_call"),
                *("custom_tool_call_output", "image_generation_call", "item_reference", "web_search_call"),
            ]
        ),
        "content": st.lists(PARTS, max_size=3) | ANYTHING,
    },
    optional={
        "role": st.sampled_from(["user", "assistant", "system", "developer", "tool"]),
        "name": LEAVES,
        "call_id": LEAVES,
        "arguments": LEAVES,
        **dict.fromkeys(("id", "input", "output", "summary", "encrypted_content", "result", "output_format"), ANYTHING),
    },
)
REQUESTS = st.builds(lambda items, rest: {**rest, "input": items}, st.lists(ITEMS | ANYTHING, max_size=5), OBJECTS)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "system", "tool", "developer"])},
        optional={
            "content": st.lists(PARTS, max_size=3) | ANYTHING,
            **dict.fromkeys(("tool_calls", "thinking_blocks", "provider_blocks", "annotations", "images"), ANYTHING),
            **dict.fromkeys(("tool_call_id", "responses", "refusal", "reasoning_content", "extra_content"), ANYTHING),
        },
    ),
    max_size=4,
)
UNIFIED = st.builds(lambda messages, rest: {**rest, "messages": messages}, MESSAGES | ANYTHING, OBJECTS)
REPLIES = st.builds(
    lambda items, messages, rest: {
        **rest,
        "id": "r",
        "model": "m",
        "output": items,
        "choices": [{"message": message} for message in messages],
    },
    st.lists(ITEMS | ANYTHING, max_size=4),
    MESSAGES,
    OBJECTS,
)
START = {"type": "response.created", "response": {"id": "r", "model": "m"}}
EVENTS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            [
                *("response.output_item.added", "response.output_item.done", "response.output_text.delta"),
                *("response.refusal.delta", "response.function_call_arguments.delta", "response.completed"),
                *("response.function_call_arguments.done", "response.custom_tool_call_input.done", "error"),
                *("response.reasoning_summary_text.delta", "response.reasoning_text.delta", "response.failed"),
                *("response.output_text.annotation.added", "response.incomplete", "response.in_progress"),
            ]
        ),
        "output_index": st.integers(0, 1) | ANYTHING,
        "item": ITEMS | ANYTHING,
        "delta": LEAVES,
        "response": REPLIES | ANYTHING,
    },
    optional=dict.fromkeys(("annotation", "logprobs", "arguments", "content_index", "error", "code"), ANYTHING),
)
FEW = settings(max_examples=200, deadline=None, database=None)


def ends(act: Callable[[], Any]) -> None:
    """`act` ends in a Failure or in something that can be sent."""
    with suppress(Failure):
        orjson.dumps(act())


@FEW
@given(OBJECTS | REQUESTS)
def test_any_request_of_a_responses_client(wire: Any) -> None:
    ends(lambda: DIALECT.render_request(DIALECT.parse_request(wire), "gpt-5.6").wire)


@FEW
@given(OBJECTS | UNIFIED, st.sampled_from(["gpt-5.6", "gpt-4o"]))
def test_any_unified_request(unified: Any, model: str) -> None:
    ends(lambda: DIALECT.render_request(unified, model).wire)


@FEW
@given(ANYTHING | REPLIES, OBJECTS)
def test_any_reply(wire: Any, request: Any) -> None:
    ends(lambda: DIALECT.render_reply(DIALECT.parse_reply(wire), request))


@FEW
@given(OBJECTS | REPLIES, UNIFIED)
def test_any_unified_reply(unified: Any, request: Any) -> None:
    ends(lambda: DIALECT.render_reply(unified, request))


@FEW
@given(ANYTHING)
def test_any_count_and_any_usage(wire: Any) -> None:
    usage = DIALECT.parse_usage(wire)
    assert usage is None or usage.total >= 0
    assert DIALECT.count_tokens is not None
    ends(lambda: DIALECT.count_tokens and DIALECT.count_tokens.parse_reply(wire))


#: A call without a name, in a response that ends with it.
NAMELESS = {
    "type": "response.completed",
    "response": {"id": "r", "model": "m", "output": [{"type": "function_call"}]},
}


@FEW
@example([NAMELESS, {"type": "response.output_item.done", "output_index": 0, "item": {}}], b"")
@example([NAMELESS, {"type": "response.function_call_arguments.done", "output_index": 0}], b"")
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
@given(
    st.lists(
        OBJECTS
        | st.builds(
            lambda message, finish: {"choices": [{"delta": message, "finish_reason": finish}]},
            OBJECTS | MESSAGES.map(lambda messages: messages[0] if messages else {}),
            st.sampled_from([None, None, "stop", "length", 7]),
        ),
        max_size=6,
    )
)
def test_any_chunks(chunks: list[Any]) -> None:
    renderer = DIALECT.renderer({}, 0)
    for chunk in chunks:
        with suppress(Failure):
            renderer.feed(chunk)
    with suppress(Failure):
        renderer.end()


def test_what_is_nested_too_deeply_to_be_said() -> None:
    deep: Any = {}
    for _ in range(300):
        deep = {"a": deep}
    called = {"id": "c", "type": "function", "function": {"name": "f", "arguments": deep}}
    ends(lambda: DIALECT.render_request({"messages": [{"role": "assistant", "tool_calls": [called]}]}, "m"))
    ends(lambda: DIALECT.render_request({"messages": [{"role": "tool", "tool_call_id": "c", "content": deep}]}, "m"))
    block = {"type": "thinking", "thinking": "", "signature": "s", "more": deep}
    with suppress(Failure):
        DIALECT.render_reply({"choices": [{"message": {"thinking_blocks": [block]}}]}, {})
    with suppress(Failure):
        DIALECT.renderer({}, 0).feed({"choices": [{"delta": {"thinking_blocks": [block]}}]})
