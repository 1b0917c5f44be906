"""Every row of the unified form and how the Responses API is told, and the fields that are its own.

Docs/unified.md says the same in prose. Source: https://platform.openai.com/docs/api-reference/responses/create.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from proxy.call import Json
from proxy.dialects import Support

#: What an item, a message, a part, a call or a tool says besides, and has no unified word, is carried in a member of this name.
EXTRAS = "responses"

#: Members that are the same on both sides.
NATIVE = (
    "temperature",
    "top_p",
    "top_logprobs",
    "stream",
    "parallel_tool_calls",
    "user",
    "safety_identifier",
    "metadata",
    "service_tier",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "moderation",
)
#: Its own, and carried as they are. `item_reference` stands for items of the input: it is true where some of them are only named.
CARRIED = (
    "previous_response_id",
    "conversation",
    "prompt",
    "background",
    "truncation",
    "max_tool_calls",
    "context_management",
    "access_programs",
    "image",
    "personality",
)
OWN = frozenset({*CARRIED, "item_reference", "include"})
#: Of these, what refers to something that lies with the provider.
STATEFUL = ("previous_response_id", "conversation", "item_reference", "prompt", "background")

#: Rows of capabilities.py.
SUPPORT: Mapping[str, Support] = {
    **dict.fromkeys(
        (
            *("model", "temperature", "top_p", "top_logprobs", "stream", "parallel_tool_calls", "user", "metadata"),
            *("safety_identifier", "service_tier", "prompt_cache_key", "store", "tool_choice", "tools.strict"),
            *("messages.system", "messages.developer"),
        ),
        "native",
    ),
    **dict.fromkeys(
        (
            *("messages", "system", "max_tokens", "max_completion_tokens", "logprobs", "stream_options", "tools"),
            *("tool_choice.named", "tool_choice.allowed_tools", "response_format.json_object", "verbosity"),
            *("response_format.json_schema", "reasoning_effort", "reasoning.effort", "reasoning.enabled"),
            *("web_search_options", "reasoning.budget_tokens"),
            *("messages.text", "messages.refusal", "messages.image.base64", "messages.image.url"),
            *("messages.image.detail", "messages.file.pdf", "messages.file.text", "messages.file.url"),
            *("messages.file.id", "messages.tool_calls", "messages.tool.text", "messages.tool.image"),
            *("messages.thinking_blocks.reasoning", "messages.annotations"),
        ),
        "translated",
    ),
    **dict.fromkeys(("timeout", "fallbacks", "cache"), "ours"),
}
KNOWN = frozenset({name for name in SUPPORT if "." not in name} | {*NATIVE, *OWN, "n", "reasoning", "response_format"})


def is_native(unified: Json) -> bool:
    """Whether the request was a Responses request before: parse_request always leaves `include`, [] where encrypted reasoning
    and nothing else was asked for. What it did not say then stays unsaid, while a chat request means by its silence what the
    chat API makes of it: nothing stored, no tool strict.
    """
    return "include" in unified


@dataclass(slots=True)
class Draft:
    """A Responses request in the making."""

    unified: Json
    model: str
    wire: Json
    dropped: list[str] = field(default_factory=list)
    translated: list[str] = field(default_factory=list)
