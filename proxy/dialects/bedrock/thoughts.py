"""What a model thought, as Converse's `reasoningContent` and as unified thinking blocks, byte for byte.

A signed thought is `reasoningText` with its `signature`; one that is hidden is `redactedContent`, base64. They are
interchangeable with Anthropic's `thinking` and `redacted_thinking`. What nobody signed is only text, and is never sent
back. Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ReasoningContentBlock.html.
"""

from __future__ import annotations

from typing import Any

from proxy.call import Json
from proxy.dialects.checks import is_base64
from proxy.dialects.shape import answered, asked


def render_thought(block: Any) -> Json | None:
    """A unified thinking block as a content block; None when Bedrock would refuse it."""
    if not isinstance(block, dict):
        return None
    words, signature, data = block.get("thinking"), block.get("signature"), block.get("data")
    if block.get("type") == "thinking" and isinstance(signature, str) and signature:
        return {"reasoningContent": {"reasoningText": {"text": str(words or ""), "signature": signature}}}
    if block.get("type") == "redacted_thinking" and isinstance(data, str) and data and is_base64(data, False):
        return {"reasoningContent": {"redactedContent": data}}
    return None


def render_thoughts(message: Json, path: str, dropped: list[str]) -> list[Json]:
    """The thoughts of a request's message. What nobody signed is left out and named."""
    blocks = message.get("thinking_blocks")
    if blocks is None:
        if message.get("reasoning_content"):
            dropped.append("messages.reasoning_content")
        return []
    rendered = [render_thought(block) for block in asked(blocks, list, path)]
    said = [block for block in rendered if block is not None]
    if len(said) < len(blocks):
        dropped.append("messages.thinking_blocks")
    return said


def parse_thought(reasoning: Json) -> tuple[str, Json | None]:
    """The words of a `reasoningContent`, and the thinking block that it is if it is sealed."""
    if reasoning.get("redactedContent") is not None:
        data = answered(reasoning["redactedContent"], str, "redactedContent")
        return "", {"type": "redacted_thinking", "data": data}
    told = answered(reasoning.get("reasoningText"), dict, "reasoningText")
    words = answered(told.get("text", ""), str, "the text of a thought")
    return words, sealed(words, told.get("signature"))


def sealed(words: str, signature: Any) -> Json | None:
    if signature is None or signature == "":
        return None
    return {"type": "thinking", "thinking": words, "signature": answered(signature, str, "signature")}


def render_reply_thoughts(message: Json) -> list[Json]:
    """The thoughts of an answer, for the application to see: also those that nobody signed."""
    blocks = message.get("thinking_blocks")
    said = [block for block in map(render_thought, blocks if isinstance(blocks, list) else ()) if block is not None]
    words = message.get("reasoning_content")
    if said or not isinstance(words, str) or not words:
        return said
    return [{"reasoningContent": {"reasoningText": {"text": words}}}]
