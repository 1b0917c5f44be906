"""CountTokens, both ways."""

import pytest

from proxy.call import Failure
from proxy.dialects.bedrock.count import OPERATION

TURN = {"role": "user", "content": [{"text": "hi"}]}


def test_only_what_is_counted_is_said_and_only_of_that_is_something_named() -> None:
    unified = {"messages": [{"role": "user", "content": "hi", "name": "x"}], "temperature": 2, "seed": 1, "system": "s"}
    wire, dropped, translated = OPERATION.render_request(unified, "anthropic.claude-sonnet-4-5")
    assert wire == {"input": {"converse": {"messages": [TURN], "system": [{"text": "s"}]}}}
    assert (dropped, translated) == (["messages.name"], [])


def test_a_count_both_ways() -> None:
    unified = OPERATION.parse_reply({"inputTokens": 12})
    assert unified == {"object": "token_count", "prompt_tokens": 12}
    assert OPERATION.render_reply(unified, {}) == {"inputTokens": 12}
    assert OPERATION.parse_usage({"inputTokens": 12}) is None


def test_a_clients_request_holds_the_conversation() -> None:
    assert OPERATION.parse_request({"input": {"converse": {"messages": [TURN]}}})["messages"] == [
        {"role": "user", "content": "hi"}
    ]


@pytest.mark.parametrize(
    ("wire", "kind", "param"),
    [
        ({}, "invalid_request", "input"),
        ({"input": {}}, "invalid_request", "input.converse"),
        ({"input": {"invokeModel": {"body": ""}}}, "unsupported_capability", "input.invokeModel"),
    ],
)
def test_what_cannot_be_counted_is_refused(wire: dict[str, object], kind: str, param: str) -> None:
    with pytest.raises(Failure) as caught:
        OPERATION.parse_request(wire)
    assert (caught.value.kind, caught.value.param) == (kind, param)


@pytest.mark.parametrize("wire", [{}, {"inputTokens": "12"}, {"inputTokens": -1}, {"inputTokens": True}])
def test_a_reply_without_a_count_is_broken(wire: dict[str, object]) -> None:
    with pytest.raises(Failure, match="inputTokens"):
        OPERATION.parse_reply(wire)
