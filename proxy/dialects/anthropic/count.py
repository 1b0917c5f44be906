"""How many tokens a request would take, https://docs.claude.com/en/api/messages-count-tokens.

Asked like a message, without what only an answer needs; answered with one number, unified
`{object: token_count, prompt_tokens}`. Nothing is charged, so nothing is reported as used.
"""

from __future__ import annotations

from proxy.call import Json, Usage
from proxy.dialects import Operation, Rendering
from proxy.dialects.anthropic.errors import failure_of
from proxy.dialects.anthropic.parse import parse_question
from proxy.dialects.anthropic.request import render_request as render_message
from proxy.dialects.shape import answered, broken, chosen

#: What is counted, or bears on it. Anything else of a request concerns the answer.
COUNTED = (
    *("model", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "cache_control", "speed"),
    *("mcp_servers", "context_management"),
)
#: The unified fields behind these: of the others it is not told that they were dropped.
ASKED = frozenset({"messages", "system", "tools", "tool_choice", "response_format", "reasoning", "reasoning_effort"})
EXTRAS = ("context_management",)


def render_request(unified: Json, model: str) -> Rendering:
    wire, dropped, translated = render_message(unified, model)
    return Rendering(chosen(wire, COUNTED), [*filter(is_asked, dropped)], [*filter(is_asked, translated)])


def is_asked(name: str) -> bool:
    return name.partition(".")[0].partition("[")[0] in ASKED


def parse_reply(wire: Json) -> Json:
    if not isinstance(wire, dict):
        raise broken("the reply is not an object")
    if wire.get("type") == "error" or wire.get("error"):
        raise failure_of(wire.get("error"))
    count = answered(wire.get("input_tokens"), int, "input_tokens")
    return {"object": "token_count", "prompt_tokens": count, **chosen(wire, EXTRAS)}


def render_reply(unified: Json, request: Json) -> Json:
    return {"input_tokens": answered(unified.get("prompt_tokens"), int, "the count"), **chosen(unified, EXTRAS)}


def parse_usage(wire: Json) -> Usage | None:
    return None


OPERATION = Operation(render_request, parse_reply, parse_usage, parse_question, render_reply)
