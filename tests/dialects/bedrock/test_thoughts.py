"""What a model thought, byte for byte."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.bedrock.thoughts import parse_thought, render_reply_thoughts, render_thought, render_thoughts

SIGNED = {"type": "thinking", "thinking": "hm", "signature": "EqoD+/=="}
HIDDEN = {"type": "redacted_thinking", "data": "AAAA"}


@pytest.mark.parametrize("block", [SIGNED, HIDDEN, {**SIGNED, "thinking": ""}])
def test_a_sealed_thought_goes_there_and_back(block: Json) -> None:
    rendered = render_thought(block)
    assert rendered is not None
    assert parse_thought(rendered["reasoningContent"]) == (block.get("thinking", ""), block)


@pytest.mark.parametrize(
    "block",
    [
        "x",
        {"type": "thinking", "thinking": "hm"},
        {**SIGNED, "signature": ""},
        {**HIDDEN, "data": "no base64"},
        {"type": "reasoning"},
    ],
)
def test_what_bedrock_would_refuse_is_left_out_and_named(block: Any) -> None:
    assert render_thought(block) is None
    dropped: list[str] = []
    assert render_thoughts({"thinking_blocks": [block, HIDDEN]}, "x", dropped) == [render_thought(HIDDEN)]
    assert dropped == ["messages.thinking_blocks"]


def test_words_that_nobody_signed_are_only_words() -> None:
    assert parse_thought({"reasoningText": {"text": "hm"}}) == ("hm", None)
    dropped: list[str] = []
    assert render_thoughts({"reasoning_content": "hm"}, "x", dropped) == []
    assert dropped == ["messages.reasoning_content"]


def test_an_application_sees_them_all_the_same() -> None:
    assert render_reply_thoughts({"reasoning_content": "hm"}) == [
        {"reasoningContent": {"reasoningText": {"text": "hm"}}}
    ]
    assert render_reply_thoughts({"reasoning_content": "hm", "thinking_blocks": [SIGNED]}) == [render_thought(SIGNED)]
    assert render_reply_thoughts({}) == []


@pytest.mark.parametrize(
    "reasoning", [{}, {"reasoningText": "x"}, {"reasoningText": {"text": 5}}, {"redactedContent": 5}]
)
def test_a_broken_thought_is_the_providers_fault(reasoning: Json) -> None:
    with pytest.raises(Failure) as caught:
        parse_thought(reasoning)
    assert caught.value.kind == "provider_error"
