"""Legacy completions, https://platform.openai.com/docs/api-reference/completions: a prompt and what comes after it.

They are no chat and have no unified form: a provider of this dialect is sent what the application wrote, and no other is asked.
"""

from __future__ import annotations

from collections.abc import Mapping

from proxy.call import Json
from proxy.dialects import Operation, Rendering
from proxy.dialects.checks import check_range
from proxy.dialects.openai import reply, usage
from proxy.dialects.openai.embeddings import check_input
from proxy.dialects.shape import asked

#: For the proxy alone.
EXTRAS = frozenset({"timeout", "fallbacks", "cache"})
TYPES: Mapping[str, type] = {
    "stream": bool,
    "stream_options": dict,
    "echo": bool,
    "suffix": str,
    "user": str,
    "logit_bias": dict,
}
LIMITS: Mapping[str, tuple[float, float | None]] = {
    "max_tokens": (0, None),
    "temperature": (0, 2),
    "top_p": (0, 1),
    "n": (1, 128),
    "best_of": (1, 128),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
}


def parse_request(wire: Json) -> Json:
    """The same dict, checked. Failure("invalid_request") names the field that is wrong."""
    if asked(wire, dict, "body").get("prompt") is not None:
        check_input(wire["prompt"], "prompt")
    for name, kind in TYPES.items():
        if wire.get(name) is not None:
            asked(wire[name], kind, name)
    for name, (low, high) in LIMITS.items():
        check_range(name, wire.get(name), low, high)
    return wire


def render_request(unified: Json, model: str) -> Rendering:
    wire = {name: value for name, value in unified.items() if name not in EXTRAS}
    return Rendering({**wire, "model": model}, [])


OPERATION = Operation(render_request, reply.parse_reply, usage.parse_usage, parse_request, reply.render_reply)
