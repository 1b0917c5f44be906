"""Any JSON in, no traceback out: everything that reads foreign input ends in a result or a Failure."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.call import Failure, Json
from proxy.dialects import Dialect
from proxy.dialects.ollama import DIALECT, GENERATE
from proxy.dialects.ollama.embed import EMBED, EMBED_LEGACY
from proxy.wire.events import Event

WORDS = """
role content thinking images image tool_calls tool_name tool_call_id name function arguments index id type text
user assistant system developer tool model messages prompt system suffix context template raw response
tools format json options num_predict stop temperature top_k seed think high stream keep_alive logprobs top_logprobs
token logprob bytes done done_reason length load error created_at prompt_eval_count prompt_eval_cached_count eval_count
total_duration choices message delta finish_reason native_finish_reason usage prompt_tokens reasoning effort
budget_tokens enabled reasoning_effort response_format json_schema json_object schema tool_choice allowed_tools mode
ollama_options image_url url file file_data refusal reasoning_content provider_blocks thinking_blocks cache_control
input dimensions embeddings embedding data object parameters properties iVBORw0KGgo= data:image/png;base64,aGk=
""".split()  # noqa: SIM905
NAMES = st.sampled_from(WORDS)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 9)
    | st.integers(-(1 << 63), (1 << 64) - 1)
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
CALLS = st.lists(
    st.fixed_dictionaries({}, optional={"function": OBJECTS | ANYTHING, "id": LEAVES, "index": LEAVES}), max_size=2
)
PARTS = st.lists(
    st.fixed_dictionaries({"type": NAMES}, optional={"text": LEAVES, "image_url": OBJECTS, "file": OBJECTS})
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "system", "tool"])},
        optional={
            "content": st.text(max_size=3) | PARTS | ANYTHING,
            "images": st.lists(NAMES, max_size=2) | ANYTHING,
            "tool_calls": CALLS | ANYTHING,
            "tool_call_id": LEAVES,
            "tool_name": LEAVES,
            "thinking": LEAVES,
            "reasoning_content": LEAVES,
        },
    ),
    max_size=4,
)
REQUESTS = st.builds(lambda messages, rest: {**rest, "messages": messages}, MESSAGES | ANYTHING, OBJECTS)
LINES = st.fixed_dictionaries(
    {"done": st.booleans() | ANYTHING},
    optional={
        "model": LEAVES,
        "created_at": LEAVES | st.just("2025-06-05T00:31:49Z"),
        "message": st.fixed_dictionaries({}, optional={"content": LEAVES, "tool_calls": CALLS, "images": ANYTHING})
        | ANYTHING,
        "response": LEAVES,
        "done_reason": LEAVES,
        "eval_count": LEAVES,
        "logprobs": ANYTHING,
    },
)
CHOICES = st.lists(
    st.fixed_dictionaries(
        {"delta": OBJECTS, "message": OBJECTS},
        optional={"finish_reason": LEAVES, "native_finish_reason": LEAVES, "logprobs": ANYTHING},
    ),
    max_size=2,
)
REPLIES = st.builds(lambda choices, rest: {**rest, "choices": choices}, CHOICES | ANYTHING, OBJECTS)
FEW = settings(max_examples=150, deadline=None, database=None)
BOTH = pytest.mark.parametrize("dialect", [DIALECT, GENERATE], ids=["chat", "generate"])


def ends(act: Callable[[], Any]) -> None:
    """`act` ends in a Failure or in something that can be sent."""
    with suppress(Failure):
        orjson.dumps(act())


@BOTH
@FEW
@given(OBJECTS | REQUESTS | ANYTHING)
def test_any_request_of_a_client(dialect: Dialect, wire: Any) -> None:
    ends(lambda: dialect.render_request(dialect.parse_request(wire), "m").wire)


@BOTH
@FEW
@given(OBJECTS | REQUESTS)
def test_any_unified_request(dialect: Dialect, unified: Any) -> None:
    ends(lambda: dialect.render_request(unified, "m").wire)


@BOTH
@FEW
@given(ANYTHING | LINES)
def test_any_reply(dialect: Dialect, wire: Any) -> None:
    ends(lambda: dialect.render_reply(dialect.parse_reply(wire), {}))


@BOTH
@FEW
@given(OBJECTS | REPLIES)
def test_any_unified_reply(dialect: Dialect, unified: Any) -> None:
    ends(lambda: dialect.render_reply(unified, {}))


@FEW
@given(st.integers(100, 999), ANYTHING.map(orjson.dumps) | st.binary(max_size=20))
def test_any_error(status: int, body: bytes) -> None:
    assert DIALECT.parse_error(status, {}, body).detail


@FEW
@given(ANYTHING | OBJECTS, st.lists(OBJECTS, max_size=3))
def test_any_usage(wire: Any, payloads: list[Json]) -> None:
    for usage in (DIALECT.parse_usage(wire), DIALECT.gather_usage(payloads)):
        assert usage is None or usage.total >= 0


@FEW
@given(st.lists(LINES | OBJECTS | ANYTHING, max_size=8), st.binary(max_size=9))
def test_any_stream(lines: list[Any], noise: bytes) -> None:
    parser = DIALECT.parser()
    for data in [*map(orjson.dumps, lines), noise]:
        event = Event("", data)
        ends(lambda event=event: parser.feed(event))  # type: ignore[misc]
        ends(lambda event=event: DIALECT.read_event(event))  # type: ignore[misc]
    ends(parser.end)


@BOTH
@FEW
@given(st.lists(OBJECTS | REPLIES, max_size=6))
def test_any_chunks(dialect: Dialect, chunks: list[Any]) -> None:
    renderer = dialect.renderer({}, 0)
    said = b""
    for chunk in chunks:
        with suppress(Failure):
            said += renderer.feed(chunk)
    with suppress(Failure):
        said += renderer.end()
    assert all(type(orjson.loads(line)["done"]) is bool for line in said.splitlines())


@FEW
@given(ANYTHING | OBJECTS)
def test_any_embedding(given_: Any) -> None:
    for operation in (EMBED, EMBED_LEGACY):
        ends(lambda operation=operation: operation.render_request(operation.parse_request(given_), "m").wire)  # type: ignore[misc]
        ends(lambda operation=operation: operation.render_reply(operation.parse_reply(given_), {}))  # type: ignore[misc]
    if isinstance(given_, dict):
        ends(lambda: EMBED.render_request(given_, "m").wire)
        ends(lambda: EMBED.render_reply(given_, {}))


def test_what_is_nested_deeper_than_can_be_written() -> None:
    deep: Json = {"a": 1}
    for _ in range(600):
        deep = {"a": deep}
    call = {"function": {"name": "a", "arguments": deep}}
    calling = {"role": "assistant", "content": "", "tool_calls": [call]}
    for act in (
        lambda: DIALECT.parse_request({"messages": [calling]}),
        lambda: DIALECT.parse_reply({"model": "m", "message": calling, "done": True}),
        lambda: (
            DIALECT.render_request({"messages": [{"role": "tool", "tool_call_id": "c", "content": deep}]}, "m").wire
        ),
        lambda: (
            DIALECT.parse_request({"messages": [], "tools": [{"function": {"name": "a", "parameters": deep}}]}) and None
        ),
    ):
        ends(act)
    with pytest.raises(Failure):
        DIALECT.parser().feed(
            Event("", orjson.dumps({"done": False, "message": {"content": []}})[:-2] + b'3]},"done":false}')
        )
