"""Every field of a unified request and how Anthropic is told, and the Messages request in the making.

docs/unified.md says the same in prose. Source: https://docs.claude.com/en/api/messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from proxy.call import Json
from proxy.dialects.anthropic.models import Model

Support = Literal["native", "translated", "ours"]

#: Members that Anthropic knows by the same name and meaning; those in the second group are its own, for an app that
#: asks for them.
NATIVE = ("stream", "top_k")
ANTHROPIC_ONLY = (
    "cache_control",
    "container",
    "context_management",
    "diagnostics",
    "inference_geo",
    "mcp_servers",
    "speed",
    "user_profile_id",
)

#: Unified field -> how it is said. `ours` is for the proxy itself and never leaves it. A field that is not here is
#: dropped and named.
SUPPORT: Mapping[str, Support] = {
    **dict.fromkeys((*NATIVE, *ANTHROPIC_ONLY, "model", "temperature", "top_p", "stop_sequences"), "native"),
    **dict.fromkeys(
        ("messages", "system", "max_tokens", "max_completion_tokens", "stop", "tools", "tool_choice"), "translated"
    ),
    **dict.fromkeys(
        ("parallel_tool_calls", "reasoning", "reasoning_effort", "response_format", "service_tier"), "translated"
    ),
    **dict.fromkeys(("user", "safety_identifier", "metadata", "n"), "translated"),
    **dict.fromkeys(("stream_options", "timeout", "fallbacks", "cache"), "ours"),
}
KNOWN = frozenset(SUPPORT)

#: Values that ask for what Anthropic does anyway: leaving them out changes nothing.
NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "frequency_penalty": (0,),
    "logit_bias": ({},),
    "logprobs": (False,),
    "modalities": (["text"],),
    "presence_penalty": (0,),
    "store": (False,),
}


def is_neutral(name: str, value: Any) -> bool:
    return value is None or value in NEUTRAL.get(name, ())


@dataclass(slots=True)
class Draft:
    """A Messages request in the making."""

    unified: Json
    model: Model
    wire: Json
    dropped: list[str]
