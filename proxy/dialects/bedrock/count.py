"""How many tokens a conversation has: CountTokens, about the same words as Converse.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html.
"""

from __future__ import annotations

from typing import Any

from proxy.call import Json
from proxy.dialects import Operation, Rendering
from proxy.dialects.bedrock.parse import parse_request as parse_converse
from proxy.dialects.bedrock.request import render_request as render_converse
from proxy.dialects.shape import answered, asked, broken, unsayable

#: What of a Converse request is counted.
COUNTED = ("messages", "system", "toolConfig", "additionalModelRequestFields")
#: Beginnings of the names of what those are said from.
SAID = ("messages", "system", "tools", "tool_choice", "reasoning")


def render_request(unified: Json, model: str) -> Rendering:
    """What is not counted need not be said, and is not named."""
    wire, dropped, translated = render_converse(unified, model)
    counted = {name: wire[name] for name in COUNTED if name in wire}
    return Rendering({"input": {"converse": counted}}, named(dropped), named(translated))


def named(names: Any) -> list[str]:
    return [name for name in names if name.startswith(SAID)]


def parse_reply(wire: Json) -> Json:
    counted = answered(wire, dict, "the reply").get("inputTokens")
    if type(counted) is not int or counted < 0:
        raise broken("inputTokens is not a count")
    return {"object": "token_count", "prompt_tokens": counted}


def parse_usage(wire: Json) -> None:
    """Counting is free."""


def parse_request(wire: Json) -> Json:
    given = asked(asked(wire, dict, "body").get("input"), dict, "input")
    if "invokeModel" in given:
        raise unsayable("input.invokeModel", "is another provider's form; give the conversation in input.converse")
    return parse_converse(asked(given.get("converse"), dict, "input.converse"))


def render_reply(unified: Json, request: Json) -> Json:
    return {"inputTokens": answered(unified.get("prompt_tokens"), int, "prompt_tokens")}


OPERATION = Operation(render_request, parse_reply, parse_usage, parse_request, render_reply)
