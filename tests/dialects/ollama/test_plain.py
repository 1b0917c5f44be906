"""What a plain request and a plain reply pass over changes nothing: the short way says what the general way says."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxy.call import Failure, Json
from proxy.dialects import Dialect
from proxy.dialects.ollama import DIALECT, fields, messages, parse, parse_messages, reply, request
from proxy.dialects.ollama.usage import parse_usage, unify_usage
from proxy.dialects.openai.usage import render_usage
from tests.dialects.ollama.test_recordings import REPLIES, REQUESTS
from tests.dialects.ollama.test_robustness import BOTH

NONE: frozenset[str] = frozenset()
NUMBERS = st.none() | st.booleans() | st.integers(-3, 9) | st.floats(-3, 3) | st.sampled_from([3.0, "3", [3]])
TALK: st.SearchStrategy[list[Json]] = st.lists(
    st.dictionaries(
        st.sampled_from(["role", "content", "images", "name"]),
        st.sampled_from(["user", "User", "system", "developer", "assistant", "tool", "", None, 3, ["user"], {}]),
        min_size=1,
        max_size=3,
    )
    | st.fixed_dictionaries({"role": st.sampled_from([*messages.ROLES]), "content": st.text(max_size=3)}),
    max_size=3,
)
OPTIONS = st.dictionaries(st.sampled_from([*fields.OPTIONS, "num_predict", "stop", "num_ctx"]), NUMBERS, max_size=5)
ASKED = st.fixed_dictionaries(
    {"model": st.just("m")}, optional={"messages": TALK, "options": OPTIONS, "stream": NUMBERS, "tools": st.just([])}
)
SAMPLERS = st.dictionaries(st.sampled_from(sorted(request.PLAIN - {"messages", "system"})), NUMBERS, max_size=5)
UNIFIED = st.builds(lambda talk, rest: {**rest, "messages": talk}, TALK, SAMPLERS)
COUNTS = st.integers(-3, 9) | NUMBERS
COUNTED = st.fixed_dictionaries({}, optional={"prompt_eval_count": COUNTS, "eval_count": COUNTS, "done": COUNTS})
WORDS = st.none() | st.sampled_from(["", "a", 3])
BESIDE = {"reasoning_content": WORDS, "thinking": WORDS, "images": st.just(["aGk="]), "tool_calls": st.just([{}])}
MESSAGES = st.fixed_dictionaries({"content": WORDS}, optional={"refusal": WORDS, **BESIDE})
LINES = st.builds(lambda message, counts: {"model": "m", **counts, "message": message, "done": True}, MESSAGES, COUNTED)
REPLIED = st.builds(lambda message: {"model": "m", "choices": [{"message": message}]}, MESSAGES)
FEW = settings(max_examples=300, deadline=None, database=None)


@contextmanager
def general_way() -> Iterator[None]:
    """Nothing is known to be plain."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parse, "USUAL", {})
        patch.setattr(parse, "RARE", frozenset({"model"}))
        patch.setattr(parse_messages, "TALKERS", ())
        patch.setattr(messages, "TALKERS", {})
        patch.setattr(request, "PLAIN", NONE)
        patch.setattr(reply, "BESIDE_TEXT", frozenset({"content"}))
        patch.setattr(reply, "BESIDE_UNIFIED_TEXT", frozenset({"content"}))
        yield


def outcome(act: Callable[..., Any], *arguments: Any) -> str:
    """What comes out, in its order, or what is complained of."""
    try:
        return repr(act(*arguments))
    except Failure as failure:
        return repr((failure.kind, failure.detail, failure.param))


def same(act: Callable[..., Any], *arguments: Any) -> None:
    short = outcome(act, *arguments)
    with general_way():
        assert outcome(act, *arguments) == short


@BOTH
@FEW
@given(ASKED)
@example({"model": "m", "options": {"num_predict": 0}})
@example({"model": "m", "options": {"num_predict": True, "seed": -1}})
def test_a_request_of_a_client(dialect: Dialect, wire: Json) -> None:
    same(dialect.parse_request, wire)


@BOTH
@FEW
@given(UNIFIED)
def test_a_unified_request(dialect: Dialect, unified: Json) -> None:
    same(dialect.render_request, unified, "m")


@FEW
@given(LINES)
def test_a_reply(wire: Json) -> None:
    same(DIALECT.parse_reply, wire)


@BOTH
@FEW
@given(REPLIED)
def test_a_unified_reply(dialect: Dialect, unified: Json) -> None:
    same(dialect.render_reply, unified, {})


@pytest.mark.parametrize("wire", REQUESTS.values(), ids=REQUESTS)
def test_a_recorded_request(wire: Json) -> None:
    same(DIALECT.parse_request, wire)
    same(DIALECT.render_request, DIALECT.parse_request(wire), "m")


@pytest.mark.parametrize("wire", REPLIES.values(), ids=REPLIES)
def test_a_recorded_reply(wire: Json) -> None:
    same(DIALECT.parse_reply, wire)
    same(DIALECT.render_reply, DIALECT.parse_reply(wire), {})


@FEW
@given(COUNTED)
@example({"prompt_eval_count": -1, "eval_count": 3})
@example({"prompt_eval_count": 3, "eval_count": -1})
def test_counts(wire: Json) -> None:
    usage = parse_usage(wire)
    assert usage == parse_usage({**wire, "prompt_eval_cached_count": 0})
    assert unify_usage(wire) == (None if usage is None else render_usage(usage))


def test_what_is_plain_leaves_nothing_to_say() -> None:
    spoken_of = {name for names, say in request.SAYINGS if say is not request.say_options for name in names}
    assert request.PLAIN.isdisjoint(spoken_of)
    assert request.PLAIN | spoken_of <= fields.KNOWN
    limits = {name: (low, high) for name, (_, _, low, high) in parse.USUAL.items() if name in parse.RANGES}
    assert limits == {name: (low, high or float("inf")) for name, (low, high) in parse.RANGES.items() if name in limits}
