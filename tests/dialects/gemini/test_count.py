"""Counting tokens, both ways."""

from typing import Any

import pytest

from proxy.call import Failure
from proxy.dialects.gemini.count import COUNT_TOKENS

CONTENTS = [{"role": "user", "parts": [{"text": "a"}]}]
UNIFIED = {"messages": [{"role": "user", "content": "a"}], "max_tokens": 3}


def test_requests() -> None:
    inner = {"model": "models/m", "contents": CONTENTS, "generationConfig": {"maxOutputTokens": 3}}
    rendering = COUNT_TOKENS.render_request(UNIFIED, "m")
    assert rendering.wire == {"generateContentRequest": inner}
    assert COUNT_TOKENS.parse_request(rendering.wire) == UNIFIED
    assert COUNT_TOKENS.parse_request({"contents": CONTENTS}) == {"messages": UNIFIED["messages"]}


def test_replies() -> None:
    unified = {"object": "token_count", "prompt_tokens": 7}
    assert COUNT_TOKENS.parse_reply({"totalTokens": 7, "promptTokensDetails": []}) == unified
    assert COUNT_TOKENS.render_reply(unified, {}) == {"totalTokens": 7}
    assert COUNT_TOKENS.parse_usage({"totalTokens": 7}) is None


def test_what_is_no_answer() -> None:
    wires: list[Any] = [[], {"totalTokens": "7"}, {"error": {"code": 404, "message": "m", "status": "NOT_FOUND"}}]
    for wire in wires:
        with pytest.raises(Failure):
            COUNT_TOKENS.parse_reply(wire)
