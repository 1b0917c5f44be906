"""Every field of a unified request and how Anthropic is told, and the Messages request in the making.

docs/unified.md says the same in prose. Source: https://docs.claude.com/en/api/messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from proxy.call import Json
from proxy.dialects import Support
from proxy.dialects.anthropic.models import Model
from proxy.dialects.shape import asked

#: Members that Anthropic knows by the same name and meaning, and those that nobody else knows.
NATIVE = ("stream", "top_k", "cache_control")
ANTHROPIC_ONLY = frozenset(
    {
        "container",
        "context_management",
        "diagnostics",
        "inference_geo",
        "mcp_servers",
        "output_config",
        "speed",
        "thread",
        "user_profile_id",
    }
)

#: What `max_tokens: 0` asks for, said by a name that no other dialect takes for a limit: no answer, only a filled cache.
CACHE_ONLY = "cache_only"
OWN = ANTHROPIC_ONLY | {CACHE_ONLY}

#: A thread's earlier messages, and what is cached, lie with Anthropic.
STATEFUL = frozenset({"thread", CACHE_ONLY})

#: Row of capabilities.py -> how it is said. What is not here is dropped and named, or refused.
SUPPORT: Mapping[str, Support] = {
    **dict.fromkeys((*NATIVE, "model", "temperature", "top_p", "stop_sequences", "tools.strict"), "native"),
    **dict.fromkeys(
        ("messages", "system", "max_tokens", "max_completion_tokens", "stop", "tools", "tool_choice"), "translated"
    ),
    **dict.fromkeys(
        (
            "tool_choice.named",
            "tool_choice.allowed_tools",
            "parallel_tool_calls",
            "response_format.json_schema",
            "response_format.json_object",
        ),
        "translated",
    ),
    **dict.fromkeys(
        ("reasoning_effort", "reasoning.effort", "reasoning.budget_tokens", "reasoning.enabled"), "translated"
    ),
    **dict.fromkeys(("user", "safety_identifier", "metadata", "service_tier"), "translated"),
    **dict.fromkeys(("stream_options", "timeout", "fallbacks", "cache"), "ours"),
    **dict.fromkeys(("messages.text", "messages.tool.is_error", "messages.cache_control"), "native"),
    **dict.fromkeys(("messages.thinking_blocks.thinking", "messages.thinking_blocks.redacted_thinking"), "native"),
    **dict.fromkeys(("messages.system", "messages.developer", "messages.refusal", "messages.tool_calls"), "translated"),
    **dict.fromkeys(("messages.image.base64", "messages.image.url", "messages.tool.text"), "translated"),
    **dict.fromkeys(
        ("messages.file.pdf", "messages.file.text", "messages.file.url", "messages.file.id", "messages.tool.image"),
        "translated",
    ),
}
#: The fields that something is said of: any other is unknown here.
KNOWN = OWN | {"n"} | {row.partition(".")[0] for row in SUPPORT}


@dataclass(slots=True)
class Draft:
    """A Messages request in the making, with the names of what was dropped and of what was said in a roundabout way."""

    unified: Json
    model: Model
    wire: Json
    dropped: list[str]
    translated: list[str] = field(default_factory=list)

    def configure(self, name: str, value: Any) -> None:
        """A member of `output_config`, beside those that the app gave itself."""
        held = asked(self.wire.get("output_config", {}), dict, "output_config")
        self.wire["output_config"] = {**held, name: value}
