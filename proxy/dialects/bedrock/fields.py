"""Every field of a unified request and how Converse is told, and the Converse request in the making.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from proxy.call import Json
from proxy.dialects import Support
from proxy.dialects.bedrock.models import Known

NAME = "bedrock"

#: Request fields that nobody else knows; they go as they are.
OWN = frozenset(
    {
        "guardrailConfig",
        "additionalModelRequestFields",
        "promptVariables",
        "additionalModelResponseFieldPaths",
        "performanceConfig",
    }
)

#: A guardrail and a prompt lie with AWS: without them it would be another question.
STATEFUL = frozenset({"guardrailConfig", "promptVariables"})

#: Row of capabilities.py -> how it is said. What is not here is dropped and named, or refused.
SUPPORT: Mapping[str, Support] = {
    **dict.fromkeys(("model", "messages", "system", "stream", "max_tokens", "max_completion_tokens"), "translated"),
    **dict.fromkeys(("temperature", "top_p", "top_k", "stop", "stop_sequences"), "translated"),
    **dict.fromkeys(("tools", "tools.strict", "tool_choice", "tool_choice.named"), "translated"),
    **dict.fromkeys(
        (
            "tool_choice.allowed_tools",
            "parallel_tool_calls",
            "response_format.json_schema",
            "response_format.json_object",
        ),
        "translated",
    ),
    **dict.fromkeys(("reasoning_effort", "reasoning.effort", "reasoning.budget_tokens"), "translated"),
    **dict.fromkeys(("reasoning.enabled", "cache_control", "metadata", "service_tier"), "translated"),
    **dict.fromkeys(("stream_options", "timeout", "fallbacks", "cache"), "ours"),
    **dict.fromkeys(("messages.system", "messages.developer", "messages.text", "messages.refusal"), "translated"),
    **dict.fromkeys(("messages.image.base64", "messages.file.pdf", "messages.file.text"), "translated"),
    **dict.fromkeys(("messages.input_audio", "messages.tool_calls", "messages.tool.text"), "translated"),
    **dict.fromkeys(("messages.tool.image", "messages.tool.is_error", "messages.cache_control"), "translated"),
    **dict.fromkeys(("messages.thinking_blocks.thinking", "messages.thinking_blocks.redacted_thinking"), "translated"),
}
#: The fields that something is said of: any other is unknown here.
KNOWN = OWN | {"n"} | {row.partition(".")[0] for row in SUPPORT}


@dataclass(slots=True)
class Draft:
    """A Converse request in the making, with the names of what was dropped and of what was said in a roundabout way."""

    unified: Json
    known: Known
    wire: Json
    dropped: list[str]
    translated: list[str] = field(default_factory=list)

    def add(self, path: tuple[str, ...], value: Any) -> None:
        """A field of the model's own, by its path in `additionalModelRequestFields`."""
        place = self.wire.setdefault("additionalModelRequestFields", {})
        for step in path[:-1]:
            held = place.get(step)
            place[step] = dict(held) if isinstance(held, dict) else {}
            place = place[step]
        place[path[-1]] = value
