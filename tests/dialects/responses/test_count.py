"""Counting tokens, both ways."""

import pytest

from proxy.call import Failure, Json
from proxy.dialects.responses.count import COUNT_TOKENS

WIRE: Json = {"model": "gpt-5", "input": "hi", "instructions": "be brief", "tools": [{"type": "web_search"}]}


def test_a_count_is_asked_for_with_what_counts() -> None:
    unified = COUNT_TOKENS.parse_request(WIRE)
    wire, dropped, _ = COUNT_TOKENS.render_request(unified, "gpt-5")
    assert wire == {**WIRE, "input": [{"role": "user", "content": "hi"}]}
    assert not dropped


def test_a_chat_request_is_counted_without_what_has_no_part_in_it() -> None:
    unified = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 5, "temperature": 1}
    wire, dropped, _ = COUNT_TOKENS.render_request(unified, "gpt-5")
    assert wire == {"model": "gpt-5", "input": [{"role": "user", "content": "hi"}]}
    assert not dropped


def test_the_count_comes_back() -> None:
    wire = {"object": "response.input_tokens", "input_tokens": 11}
    unified = COUNT_TOKENS.parse_reply(wire)
    assert unified == {"object": "token_count", "prompt_tokens": 11}
    assert COUNT_TOKENS.render_reply(unified, {}) == wire
    assert COUNT_TOKENS.parse_usage(wire) is None


@pytest.mark.parametrize("wire", [{}, {"input_tokens": "11"}, []])
def test_no_count_breaks_the_protocol(wire: Json) -> None:
    with pytest.raises(Failure, match="broke its protocol"):
        COUNT_TOKENS.parse_reply(wire)
