"""The likelihood of tokens, in OpenAI's form and in Ollama's.

Both give a list of tokens with their alternatives; OpenAI puts it in a choice, under `content`, and always lists alternatives.
Sources: https://docs.ollama.com/api/chat, https://platform.openai.com/docs/api-reference/chat/object.
"""

from __future__ import annotations

from typing import Any

from proxy.call import Json
from proxy.dialects.shape import answered, chosen, some

TOKEN = ("token", "logprob", "bytes")


def parse_logprobs(wire: Json) -> Json:
    """The member of a choice; {} where there is none."""
    if wire.get("logprobs") is None:
        return {}
    tokens = [parse_token(token) for token in some(wire, "logprobs")]
    return {"logprobs": {"content": tokens, "refusal": None}}


def parse_token(token: Any) -> Json:
    likely = [alternative(other) for other in some(answered(token, dict, "a token"), "top_logprobs")]
    return {**alternative(token), "top_logprobs": likely}


def alternative(token: Any) -> Json:
    return {"bytes": None, **chosen(answered(token, dict, "a token"), TOKEN)}


def render_logprobs(choice: Json) -> Json:
    """The member of a reply or line; {} where there is none."""
    given = choice.get("logprobs")
    tokens = some(answered(given, dict, "logprobs"), "content") if given is not None else []
    said = [render_token(token) for token in tokens]
    return {"logprobs": said} if said else {}


def render_token(token: Any) -> Json:
    likely = [
        chosen(answered(other, dict, "a token"), TOKEN)
        for other in some(answered(token, dict, "a token"), "top_logprobs")
    ]
    return {**chosen(token, TOKEN), **({"top_logprobs": likely} if likely else {})}
