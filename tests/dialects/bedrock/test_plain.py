"""What is plain goes a shorter way; it must say the same, byte for byte, as the way that takes everything."""

from collections.abc import Callable
from itertools import product
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.call import Failure, Json
from proxy.dialects.bedrock import DIALECT, messages, parse, render_reply, reply, turns, usage
from tests.dialects.bedrock.test_recordings import REPLIES, REQUESTS
from tests.dialects.bedrock.test_robustness import REPLIES as ANY_REPLIES
from tests.dialects.bedrock.test_robustness import UNIFIED as ANY_UNIFIED
from tests.dialects.bedrock.test_robustness import UNIFIED_REPLIES

MODELS = ("anthropic.claude-sonnet-4-5", "amazon.nova-lite-v1:0", "m")
ROLES: st.SearchStrategy[Any] = st.sampled_from(
    ["user", "assistant", "system", "developer", "tool", "nobody", None]
) | st.just([])
TEXTS = st.sampled_from(["hi", "", " \n", "two words"]) | st.none() | st.just([{"type": "text", "text": "part"}])
SAID = st.fixed_dictionaries({"role": ROLES, "content": TEXTS}, optional={"name": st.just("n")})
FIELDS = {
    "max_tokens": st.sampled_from([256, 0, None, True]),
    "temperature": st.sampled_from([0.2, 1.5, None, "hot"]),
    "system": st.just("be kind"),
    "cache_control": st.just({"type": "ephemeral"}),
    "tools": st.sampled_from([[], None, [{"name": "f"}]]),
    "response_format": st.just({"type": "json_object"}),
    "seed": st.just(1),
}
UNIFIED = st.fixed_dictionaries({"messages": st.lists(SAID, max_size=4)}, optional=FIELDS)
BLOCKS = st.lists(
    st.sampled_from(
        [
            {"text": "hi"},
            {"text": ""},
            {"text": 5},
            {"text": "hi", "novelty": 1},
            {"cachePoint": {"type": "default"}},
            {"toolUse": {"toolUseId": "t", "name": "f", "input": {}}},
            {"toolResult": {"toolUseId": "t", "content": [{"text": "ok"}]}},
            "hi",
        ]
    ),
    max_size=2,
)
TURNS = st.lists(st.fixed_dictionaries({"role": ROLES, "content": BLOCKS | st.none()}), max_size=4)
WIRE = st.fixed_dictionaries({"messages": TURNS}, optional={"system": BLOCKS, "novelty": st.just(1)})
COUNT = st.sampled_from([0, 3, 10, -1, None, "x", True])
COUNTS = st.fixed_dictionaries(
    {"inputTokens": COUNT, "outputTokens": COUNT},
    optional={"totalTokens": st.sampled_from([13, 20]), **dict.fromkeys(sorted(usage.CACHED), COUNT)},
)
BESIDE: list[Json] = [{}, {"annotations": []}, {"images": []}, {"tool_calls": {}}]
CHOICE_MESSAGES: list[Json] = [
    {"role": "assistant", "content": content, "refusal": refusal, **beside}
    for content, refusal, beside in product(("hi", "", None, " "), ("no", None), BESIDE)
]


def said_by(say: Callable[..., Any], *given: Any) -> tuple[Any, ...]:
    """What comes of it, in the order in which it would be written."""
    try:
        return ("said", orjson.dumps(say(*given), default=repr))
    except Failure as failure:
        return (failure.kind, failure.detail, failure.param)


def held_equal(say: Callable[..., Any], *given: Any) -> None:
    plain = said_by(say, *given)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(turns, "only_text", lambda content: None)
        patch.setattr(reply, "only_text", lambda content: None)
        patch.setattr(messages, "SPEAKERS", ())
        patch.setattr(messages, "INSTRUCTORS", ())
        patch.setattr(parse, "SAID_FIRST", frozenset())
        patch.setattr(render_reply, "BESIDE_TEXT", SimpleNamespace(isdisjoint=lambda members: False))
        patch.setattr(usage, "CACHED", frozenset({"inputTokens", "outputTokens", *usage.CACHED}))
        assert said_by(say, *given) == plain


@pytest.mark.parametrize("recorded", REQUESTS.values(), ids=REQUESTS)
def test_a_recorded_request(recorded: Json) -> None:
    held_equal(DIALECT.parse_request, recorded["json"])


@pytest.mark.parametrize("recorded", REPLIES.values(), ids=REPLIES)
def test_a_recorded_reply(recorded: Json) -> None:
    held_equal(DIALECT.parse_reply, recorded)
    held_equal(DIALECT.render_reply, DIALECT.parse_reply(recorded), {})


@settings(max_examples=300, deadline=None)
@given(WIRE)
def test_a_request(wire: Json) -> None:
    held_equal(DIALECT.parse_request, wire)


@settings(max_examples=300, deadline=None)
@given(UNIFIED | ANY_UNIFIED, st.sampled_from(MODELS))
def test_a_unified_request(unified: Json, model: str) -> None:
    held_equal(DIALECT.render_request, unified, model)


@settings(max_examples=200, deadline=None)
@given(BLOCKS.map(lambda content: {"output": {"message": {"content": content}}}) | ANY_REPLIES, COUNTS)
def test_a_reply(wire: Json, counts: Json) -> None:
    held_equal(DIALECT.parse_reply, {**wire, "usage": counts})
    held_equal(DIALECT.parse_usage, {"usage": counts})


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(CHOICE_MESSAGES).map(lambda message: {"choices": [{"message": message}]}) | UNIFIED_REPLIES)
def test_a_unified_reply(unified: Json) -> None:
    held_equal(DIALECT.render_reply, unified, {})
