"""Every field of a unified request and how Google is told, and a generateContent request in the making.

docs/unified.md says the same in prose. Source: https://ai.google.dev/api/generate-content.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from proxy.call import Json
from proxy.dialects import Support
from proxy.dialects.gemini.models import Model

#: Members of the wire request that no other dialect knows. Of `generationConfig` and `toolConfig` only what has no unified word
#: stands here. `store` is about logging at Google, which is not what OpenAI's `store` says, and has a name of its own.
OWN = frozenset(
    {
        *("cachedContent", "continuationToken", "generationConfig", "labels", "modelArmorConfig", "outputConfig"),
        *("safetySettings", "toolConfig", "functionDeclarations", "gemini_store"),
    }
)
OWN_NAMES: Mapping[str, str] = {"gemini_store": "store"}
#: Of these, what refers to something that lies with Google.
STATEFUL = frozenset({"cachedContent"})

#: Fields that say the same in a member of generationConfig: as they are, or where the model takes them.
CARRIED: Mapping[str, str] = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "seed": "seed",
    "n": "candidateCount",
    "logprobs": "responseLogprobs",
    "top_logprobs": "logprobs",
}
PENALTIES: Mapping[str, str] = {"presence_penalty": "presencePenalty", "frequency_penalty": "frequencyPenalty"}
CONFIG: Mapping[str, str] = {**CARRIED, **PENALTIES}
#: Google takes no more sequences to stop at.
MOST_STOPS = 5

#: How each row of capabilities.py is said. What is not here is dropped and named, or refused.
SUPPORT: Mapping[str, Support] = {
    **dict.fromkeys(("temperature", "seed", "messages.text", "messages.thought_signature"), "native"),
    **dict.fromkeys(("model", "messages", "system", "stream", "tools", "tool_choice"), "translated"),
    **dict.fromkeys(("tool_choice.named", "tool_choice.allowed_tools", "modalities", "service_tier"), "translated"),
    **dict.fromkeys(
        ("max_tokens", "max_completion_tokens", "top_p", "top_k", "stop", "stop_sequences", "n"), "translated"
    ),
    **dict.fromkeys(("presence_penalty", "frequency_penalty", "logprobs", "top_logprobs"), "translated"),
    **dict.fromkeys(("response_format.json_object", "response_format.json_schema"), "translated"),
    **dict.fromkeys(
        ("reasoning_effort", "reasoning.effort", "reasoning.budget_tokens", "reasoning.enabled"), "translated"
    ),
    **dict.fromkeys(("messages.system", "messages.developer", "messages.refusal", "messages.tool_calls"), "translated"),
    **dict.fromkeys(
        ("messages.image.base64", "messages.image.url", "messages.file.pdf", "messages.file.text"), "translated"
    ),
    **dict.fromkeys(
        ("messages.file.url", "messages.file.id", "messages.input_audio", "messages.video_url"), "translated"
    ),
    **dict.fromkeys(("messages.tool.text", "messages.tool.image", "messages.tool.is_error"), "translated"),
    **dict.fromkeys(("stream_options", "timeout", "fallbacks", "cache"), "ours"),
}
KNOWN = frozenset(
    {name for name in SUPPORT if "." not in name} | OWN | {"reasoning", "response_format", "parallel_tool_calls"}
)


@dataclass(slots=True)
class Draft:
    """A request in the making; `config` is its generationConfig."""

    unified: Json
    model: Model
    wire: Json
    dropped: list[str]
    config: Json = field(default_factory=dict)
    translated: list[str] = field(default_factory=list)


#: Google fetches public addresses itself, but wants to know what lies there, and an image's address need not tell.
NEEDS_BYTES = frozenset({"image"})
