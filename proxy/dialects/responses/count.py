"""How many tokens a request would have: the Responses API's own count.

Source: https://platform.openai.com/docs/api-reference/responses/input-tokens.
"""

from __future__ import annotations

from proxy.call import Json, Usage
from proxy.dialects import Operation, Rendering
from proxy.dialects.responses.parse import parse_request
from proxy.dialects.responses.request import render_request
from proxy.dialects.shape import answered

#: What the count looks at. The rest of a request has no part in it.
COUNTED = frozenset(
    {
        *("model", "input", "instructions", "tools", "tool_choice", "text", "reasoning", "parallel_tool_calls"),
        *("previous_response_id", "conversation", "truncation", "personality"),
    }
)


def render_count_request(unified: Json, model: str) -> Rendering:
    rendering = render_request(unified, model)
    wire = {name: value for name, value in rendering.wire.items() if name in COUNTED}
    return Rendering(wire, rendering.dropped, rendering.translated)


def parse_count(wire: Json) -> Json:
    tokens = answered(answered(wire, dict, "the reply").get("input_tokens"), int, "input_tokens")
    return {"object": "token_count", "prompt_tokens": tokens}


def parse_no_usage(wire: Json) -> Usage | None:
    """A count costs nothing."""
    return None


def render_count(unified: Json, request: Json) -> Json:
    tokens = answered(unified.get("prompt_tokens"), int, "prompt_tokens")
    return {"object": "response.input_tokens", "input_tokens": tokens}


COUNT_TOKENS = Operation(
    render_request=render_count_request,
    parse_reply=parse_count,
    parse_usage=parse_no_usage,
    parse_request=parse_request,
    render_reply=render_count,
)
