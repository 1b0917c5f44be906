"""Anthropic's stream: https://docs.claude.com/en/docs/build-with-claude/streaming.

One piece for each delta; the start of its block, and the end of the block before, go with it.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from proxy.call import Json
from proxy.upstream.mock.answer import Answer, Choice
from proxy.upstream.mock.anthropic.reply import ending_of, id_of, identity, signature, usage
from proxy.upstream.mock.wire import Events


def events(request: Json, answer: Answer, id: str) -> Events:
    [choice] = answer.choices
    begun: Json = identity(request, id) | {"content": [], "stop_reason": None, "stop_sequence": None}
    begun |= {"usage": usage(answer.prompt_tokens, 1)}
    opening = [event({"type": "message_start", "message": begun}), event({"type": "ping"})]
    ending = {"type": "message_delta", "delta": ending_of(choice), "usage": {"output_tokens": answer.tokens}}
    last = b"".join(close(at, key, id) for at, key in enumerate(keys_of(choice)) if is_open(choice, at))
    closing = [last] if last else []
    return Events(opening, content(choice, id), [*closing, event(ending), event({"type": "message_stop"})])


def event(payload: Json) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (payload["type"].encode(), orjson.dumps(payload))


def content(choice: Choice, id: str) -> Iterator[bytes]:
    """The deltas of the blocks one after another; of interleaved calls all blocks are open at once."""
    opened: list[str] = []
    for delta in choice.deltas():
        key, block, part = told(delta, choice)
        before = b""
        if key not in opened:
            if opened and not choice.interleaved:
                before += close(len(opened) - 1, opened[-1], id)
            opened.append(key)
            before += event({"type": "content_block_start", "index": len(opened) - 1, "content_block": block})
        yield before + event({"type": "content_block_delta", "index": opened.index(key), "delta": part})


def told(delta: Json, choice: Choice) -> tuple[str, Json, Json]:
    """Which block a delta is of, how that block begins, and the delta in Anthropic's words."""
    if "reasoning_content" in delta:
        block: Json = {"type": "thinking", "thinking": "", "signature": ""}
        return "thinking", block, {"type": "thinking_delta", "thinking": delta["reasoning_content"]}
    if "content" in delta:
        return "text", {"type": "text", "text": ""}, {"type": "text_delta", "text": delta["content"]}
    [part] = delta["tool_calls"]
    call = choice.calls[part["index"]]
    begun: Json = {"type": "tool_use", "id": id_of(call), "name": call.name, "input": {}}
    return call.id, begun, {"type": "input_json_delta", "partial_json": part["function"]["arguments"]}


def keys_of(choice: Choice) -> list[str]:
    """The blocks in the order in which they open."""
    said = ["thinking"] * bool(choice.reasoning) + ["text"] * bool(choice.text)
    return [*said, *(call.id for call in choice.calls)]


def is_open(choice: Choice, at: int) -> bool:
    """Whether a block still stands open when everything has been said."""
    return choice.interleaved or at == len(keys_of(choice)) - 1


def close(at: int, key: str, id: str) -> bytes:
    """The end of a block; a thought is signed before."""
    seal = {"type": "signature_delta", "signature": signature(id)}
    signed = event({"type": "content_block_delta", "index": at, "delta": seal}) if key == "thinking" else b""
    return signed + event({"type": "content_block_stop", "index": at})
