"""Counting the tokens of a request before it is sent: countTokens.

Unified, the question is a chat request and the answer `{"object": "token_count", "prompt_tokens": n}`. Source:
https://ai.google.dev/api/tokens.
"""

from __future__ import annotations

from proxy.call import Json, Usage
from proxy.dialects import Operation, Rendering
from proxy.dialects.gemini.errors import failure_of
from proxy.dialects.gemini.parse import parse_request as parse_chat
from proxy.dialects.gemini.request import render_request as render_chat
from proxy.dialects.gemini.spelling import camel
from proxy.dialects.shape import answered, asked, broken


def render_request(unified: Json, model: str) -> Rendering:
    """The whole request is counted, instruction and tools too. Inside it the model is named as everywhere at Google."""
    said = render_chat(unified, model)
    named = model if "/" in model else f"models/{model}"
    return said._replace(wire={"generateContentRequest": {"model": named, **said.wire}})


def parse_request(wire: Json) -> Json:
    """Either form: a whole request, or `contents` by themselves (Vertex: with an instruction and tools beside them)."""
    said = camel(wire, "body")
    inner = said.get("generateContentRequest")
    if inner is None:
        return parse_chat(said)
    whole = camel(asked(inner, dict, "generateContentRequest"), "generateContentRequest")
    whole.pop("model", None)
    return parse_chat(whole)


def parse_reply(wire: Json) -> Json:
    """Failure for an error inside a 200, or for an answer without a count."""
    if not isinstance(wire, dict):
        raise broken("the reply is not an object")
    if wire.get("error"):
        raise failure_of(wire["error"])
    return {"object": "token_count", "prompt_tokens": answered(wire.get("totalTokens", 0), int, "totalTokens")}


def render_reply(unified: Json, request: Json) -> Json:
    return {"totalTokens": answered(unified.get("prompt_tokens"), int, "prompt_tokens")}


def parse_usage(wire: Json) -> Usage | None:
    """Counting costs nothing."""
    return None


COUNT_TOKENS = Operation(render_request, parse_reply, parse_usage, parse_request, render_reply)
