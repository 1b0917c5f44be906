"""A plain call is said by short ways: they must say what the general ones say, byte for byte."""

from itertools import product
from typing import Any
from unittest.mock import patch

import orjson
import pytest

from proxy.call import Failure, Json
from proxy.dialects.anthropic import parse, reply, usage

COUNTS = [0, 7, -1, True, None, "7", 1.0]
MESSAGES: list[Any] = [
    *(
        {"role": role, "content": content}
        for role in ("user", "assistant", "system", "tool")
        for content in ("a", "", 5)
    ),
    {"role": "user", "content": [{"type": "text", "text": "a"}]},
    {"role": "user", "content": "a", "cache_control": {"type": "ephemeral"}},
    {"role": ["user"], "content": "a"},
    "user",
]


class Everything(frozenset[Any]):
    """A set that has something of whatever it is asked about."""

    def isdisjoint(self, other: Any) -> bool:
        return False


def said(make: Any, *given: Any) -> Any:
    try:
        return orjson.dumps(make(*given))
    except Failure as failure:
        return failure.kind, failure.param, failure.detail


@pytest.mark.parametrize("message", MESSAGES, ids=repr)
@pytest.mark.parametrize("system", [None, "be brief", "", [{"type": "text", "text": "be brief"}], 5])
def test_requests(message: Any, system: Any) -> None:
    wire = {"model": "m", "max_tokens": 5, "system": system, "messages": [message, {"role": "user", "content": "b"}]}
    short = said(parse.parse_request, wire)
    with patch.object(parse, "PLAIN", ()), patch.object(parse, "BESIDE", Everything()):
        assert said(parse.parse_request, wire) == short


@pytest.mark.parametrize(
    "beside", [{}, {"annotations": []}, {"tool_calls": []}, {"thinking_blocks": None}, {"refusal": "no"}]
)
@pytest.mark.parametrize("content", ["a", "", None, 5])
def test_replies(beside: Json, content: Any) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **beside}, "finish_reason": "stop"}
    unified: Json = {"id": "i", "model": "m", "choices": [choice]}
    short = said(reply.render_reply, unified, {})
    with patch.object(reply, "BESIDE_TEXT", Everything()):
        assert said(reply.render_reply, unified, {}) == short


@pytest.mark.parametrize(("heard", "made"), [*product(COUNTS, COUNTS)])
@pytest.mark.parametrize("cache", [{}, {"cache_read_input_tokens": 3}, {"cache_creation_input_tokens": None}])
def test_counts(heard: Any, made: Any, cache: Json) -> None:
    wire: Json = {"usage": {"input_tokens": heard, "output_tokens": made, **cache}}
    short = usage.parse_usage(wire)
    with patch.object(usage, "RARE", Everything()):
        assert usage.parse_usage(wire) == short
