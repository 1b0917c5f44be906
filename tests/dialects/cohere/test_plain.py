"""What is plain is said in one go: the same, member for member and in the same order, as what the general way says of it."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from proxy.call import Failure, Json
from proxy.dialects.checks import check_range
from proxy.dialects.cohere.checks import KINDS, RANGES, check_members
from proxy.dialects.cohere.fields import Draft
from proxy.dialects.cohere.messages import render_message, render_messages
from proxy.dialects.cohere.parse import parse_message, parse_messages, parse_request
from proxy.dialects.cohere.reply import parse_members, parse_reply, render_members, render_reply
from proxy.dialects.cohere.reply import parse_message as parse_answer
from proxy.dialects.cohere.reply import render_message as render_answer
from proxy.dialects.cohere.usage import parse_usage
from tests.dialects.cohere.test_recordings import REPLIES, REQUESTS, each

BESIDE = (
    "tool_plan",
    "tool_calls",
    "citations",
    "reasoning_content",
    "annotations",
    "provider_blocks",
    "refusal",
    "name",
)
VALUES: tuple[Any, ...] = (None, "", "words", [], {}, 0, 1, False, [1], [{}])
TEXT: Json = {"type": "text", "text": "Hi"}
CONTENTS: tuple[Any, ...] = (
    *(None, "", "Hi", [], [TEXT], [TEXT, TEXT], [{**TEXT, "text": ""}], [{**TEXT, "more": 1}], [{"type": "text"}]),
    *([{"type": "thinking", "thinking": "Hm"}], [{"type": "hologram", "text": "Hi"}], [{"text": "Hi"}], ["Hi"], 1),
)
ROLES: tuple[Any, ...] = ("user", "system", "assistant", "tool", "developer", "nobody", None, [])
#: Each content alone, and with one thing beside it.
MESSAGES = [
    *({"content": content} for content in CONTENTS),
    *({"content": content, name: value} for content in CONTENTS for name in BESIDE for value in VALUES),
]


def outcome(act: Callable[[], Any]) -> Any:
    """Bytes, which have an order, or the Failure's words."""
    try:
        return orjson.dumps(act())
    except Failure as failure:
        return failure.kind, failure.detail, failure.param


@pytest.mark.parametrize("parse", [(parse_answer, parse_members), (render_answer, render_members)])
def test_an_answer(parse: tuple[Callable[[Json], Json], Callable[[Json], Json]]) -> None:
    plain, general = parse
    for message in MESSAGES:
        assert outcome(lambda: plain(message)) == outcome(lambda: general(message)), message  # noqa: B023


@each(REPLIES)
def test_a_recorded_answer(name: str, recorded: Json) -> None:
    assert outcome(lambda: parse_answer(recorded["message"])) == outcome(lambda: parse_members(recorded["message"]))
    unified = parse_reply(recorded)
    said = render_members(unified["choices"][0]["message"])
    assert orjson.dumps(render_reply(unified, {})["message"]) == orjson.dumps(said)


@pytest.mark.parametrize("role", ROLES, ids=str)
def test_a_message(role: Any) -> None:
    """In Cohere's order; a unified one may keep its own."""
    for rest in MESSAGES:
        see_message({"role": role, **rest})


def see_message(message: Json) -> None:
    messages, path = [message], "messages[0]"
    assert outcome(lambda: parse_messages({"messages": messages})) == outcome(lambda: [parse_message(message, path)])
    plain, general = Draft({"messages": messages}, {"model": "m"}), Draft({}, {"model": "m"})
    said = outcome(lambda: [turn for turn in [render_message(general, message, path)] if turn is not None])
    assert outcome(lambda: render_messages(plain)) == said
    assert plain.dropped == general.dropped


@each({**REQUESTS, "plain": {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9, "stream": False}})
def test_a_request(name: str, recorded: Json) -> None:
    """A null says nothing, and is no longer plain."""
    general = parse_request({**recorded, "p": None} if "p" not in recorded else recorded)
    assert orjson.dumps(parse_request(recorded)) == orjson.dumps(general)


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("value", [None, -1, 0, 0.0, 0.5, 1, 1.0, 1.01, 500, 501, True, "1", [], 10**400])
def test_a_number(name: str, value: Any) -> None:
    said = outcome(lambda: check_members({name: value}))
    if value is None or KINDS.get(name) in (None, type(value)):
        assert said == outcome(lambda: check_range(name, value, *RANGES[name]))
    else:
        assert said[0] == "invalid_request"


@pytest.mark.parametrize("prompt", [0, 7, 7.0, 7.5, -7, None, True, "7", 10**30])
@pytest.mark.parametrize("beside", [0, 0.0, None, False, "", [], -1, "x"])
def test_counts_without_parts(prompt: Any, beside: Any) -> None:
    """Parts of no tokens are no parts, however they are said."""
    tokens = {"input_tokens": prompt, "output_tokens": prompt}
    general = {"tokens": {**tokens, "reasoning_tokens": beside}, "cached_tokens": beside}
    assert parse_usage({"usage": {"tokens": tokens}}) == parse_usage({"usage": general})
