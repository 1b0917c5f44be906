"""A whole unified reply as the chunks of a stream: for an answer that came at once to somebody who listens bit by bit. Pure."""

from __future__ import annotations

from proxy.call import Json
from proxy.dialects import openai
from proxy.dialects.chunks import chunk_of, head_of, usage_chunk
from proxy.dialects.shape import answered, some


def chunks_of(reply: Json) -> list[Json]:
    """Of each choice one chunk that says it and one that ends it; then what it took, where that is known."""
    head = head_of(reply.get("id") or "", reply.get("model") or "", reply.get("created") or 0)
    said = []
    for choice in some(reply, "choices"):
        message = answered(answered(choice, dict, "a choice").get("message"), dict, "a message")
        delta = {name: value for name, value in message.items() if value is not None}
        if "tool_calls" in delta:
            calls = enumerate(some(message, "tool_calls"))
            delta["tool_calls"] = [{**answered(call, dict, "a tool call"), "index": index} for index, call in calls]
        index, ended = choice.get("index") or 0, choice.get("finish_reason")
        said += [chunk_of(head, delta, index), chunk_of(head, {}, index, finish_reason=ended)]
    usage = openai.DIALECT.parse_usage(reply)
    return [*said, usage_chunk(head, usage)] if usage is not None else said
