"""Every row of the unified form and how OpenAI is told: mostly as it stands, for it is OpenAI's own form.

Source: https://platform.openai.com/docs/api-reference/chat/create. Compatible servers know less, and some know more: what a
provider accepts or refuses besides stands in its own file.
"""

from __future__ import annotations

from collections.abc import Mapping

from proxy.dialects import Support
from proxy.dialects.capabilities import ROWS

OURS = frozenset({"timeout", "fallbacks", "cache"})
TRANSLATED = frozenset(
    {
        *("system", "stop_sequences", "messages.tool.image"),
        *("reasoning.effort", "reasoning.budget_tokens", "reasoning.enabled"),
    }
)
UNSAID = frozenset(
    {
        "top_k",
        "cache_control",
        "messages.file.url",
        "messages.tool.is_error",
        "messages.reasoning_content",
        "messages.thinking_blocks.thinking",
        "messages.thinking_blocks.redacted_thinking",
        "messages.thinking_blocks.reasoning",
        "messages.thought_signature",
        "messages.cache_control",
        "messages.annotations",
    }
)


def support_of(row: str) -> Support:
    if row in OURS:
        return "ours"
    return "translated" if row in TRANSLATED else "native"


SUPPORT: Mapping[str, Support] = {row: support_of(row) for row in ROWS if row not in UNSAID}
