"""Any JSON in, no traceback out: everything that reads foreign input ends in a result or a Failure."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.call import Failure
from proxy.dialects.cohere import DIALECT
from proxy.wire.events import Event

WORDS = """
type text thinking document data id image_url url detail content tool_calls tool_plan citations annotations provider_blocks
thinking_blocks reasoning_content refusal tool_call_id role at block dialect cohere extra_content start end start_index end_index
content_index sources citation url_citation function name arguments parameters strict tools tool_choice messages model index delta
message choices finish_reason native_finish_reason usage tokens billed_units input_tokens output_tokens reasoning_tokens
cached_tokens logprobs token_ids token logprob error error_type documents response_format json_schema schema
json_object reasoning effort
budget_tokens enabled token_budget temperature top_p p k stop stop_sequences max_tokens allowed_tools mode file file_data source
embeddings float base64 int8 input texts meta input_type encoding_format embedding_types user assistant system developer tool
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
MEMBERS = dict.fromkeys(WORDS[1:9], ANYTHING)
BLOCKS = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["text", "thinking", "document", "image_url", "file", "image", "refusal"])},
        optional=MEMBERS,
    )
    | ANYTHING,
    max_size=4,
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "system", "tool", "developer"])},
        optional={"content": BLOCKS | ANYTHING, **dict.fromkeys(WORDS[10:19], BLOCKS | ANYTHING)},
    ),
    max_size=4,
)
REQUESTS = st.builds(lambda messages, rest: {**rest, "messages": messages}, MESSAGES | ANYTHING, OBJECTS)
REPLIES = st.builds(
    lambda content, rest: {**rest, "id": "m", "message": {**rest, "content": content}, "choices": [{"message": rest}]},
    BLOCKS,
    OBJECTS,
)
EVENTS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            [
                *(
                    "message-start",
                    "content-start",
                    "content-delta",
                    "content-end",
                    "tool-plan-delta",
                    "tool-call-start",
                ),
                *("tool-call-delta", "tool-call-end", "citation-start", "citation-end", "message-end"),
            ]
        ),
        "index": st.integers(0, 1) | ANYTHING,
        "delta": st.fixed_dictionaries(
            {"message": st.dictionaries(st.sampled_from(WORDS[9:13]), OBJECTS | ANYTHING, max_size=3)}
        )
        | ANYTHING,
    },
    optional={"logprobs": ANYTHING, "error": ANYTHING, "id": ANYTHING},
)
FEW = settings(max_examples=150, deadline=None, database=None)


def ends(act: Callable[[], Any]) -> None:
    """`act` ends in a Failure or in something that can be sent."""
    with suppress(Failure):
        orjson.dumps(act())


@FEW
@given(ANYTHING | OBJECTS | REQUESTS)
def test_any_request_of_a_cohere_client(wire: Any) -> None:
    ends(lambda: DIALECT.render_request(DIALECT.parse_request(wire), "command-a-03-2025").wire)


@FEW
@given(OBJECTS | REQUESTS, st.sampled_from(["command-a-03-2025", "command-a-reasoning-08-2025"]))
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
@given(ANYTHING | OBJECTS, OBJECTS)
def test_any_embeddings(wire: Any, request: Any) -> None:
    operation = DIALECT.embeddings
    assert operation is not None
    ends(lambda: operation.render_request(operation.parse_request(wire), "m").wire)
    ends(lambda: operation.render_request(request, "m").wire)
    ends(lambda: operation.render_reply(operation.parse_reply(wire), request))
    ends(lambda: operation.render_reply(request, request))
    ends(lambda: operation.parse_usage(wire))


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
    for payload in payloads:
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


def test_what_is_nested_more_deeply_than_json_is_written() -> None:
    """orjson reads 1024 levels and writes 254."""
    deep = orjson.loads(b'{"a":' * 900 + b"1" + b"}" * 900)
    block = {"type": "document", "document": {"data": deep}}
    call = {"id": "c", "function": {"name": "f", "arguments": deep}}
    results = [
        {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c", "content": [block]},
    ]
    own = {"at": 0, "block": {"type": "hologram", "deep": deep}, "dialect": "cohere"}
    acts: list[Callable[[], Any]] = [
        lambda: DIALECT.parse_request({"messages": results}),
        lambda: DIALECT.render_request({"messages": [{"role": "tool", "tool_call_id": "c", "content": deep}]}, "m"),
        lambda: DIALECT.render_request({"messages": [{"role": "assistant", "tool_calls": [call]}]}, "m"),
        lambda: DIALECT.renderer({}, 0).feed({"choices": [{"delta": {"provider_blocks": [own]}}]}),
        lambda: DIALECT.renderer({}, 0).feed({"choices": [{"delta": {"content": deep}}]}),
    ]
    for act in acts:
        with pytest.raises(Failure):
            act()
    assert (
        DIALECT.read_event(Event("", b'{"type":"content-delta","delta":' + b'{"a":' * 900 + b"1" + b"}" * 901))
        == "spoken"
    )
    with pytest.raises(Failure):
        DIALECT.parser().feed(
            Event("", b'{"type":"content-delta","index":0,"delta":' + b'{"a":' * 900 + b"1" + b"}" * 901)
        )
