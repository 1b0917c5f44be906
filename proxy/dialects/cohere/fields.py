"""Every field of a unified request and how Cohere is told, and the chat request in the making.

docs/unified.md says the same in prose. Source: https://docs.cohere.com/v2/reference/chat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from proxy.call import Json
from proxy.dialects import Support

#: Members that Cohere knows by the same name and meaning.
NATIVE = ("stream", "seed", "logprobs")
#: Members that nobody else knows, of a chat and of embeddings.
OWN = frozenset({"documents", "citation_options", "safety_mode", "priority", "raw_prompting"})
#: Of these, what the answer is to rest upon: without it the question is another.
GROUNDING = frozenset({"documents"})
OWN_OF_EMBEDDINGS = frozenset({"embedding_types", "images", "inputs", "priority", "truncate"})

#: Row of capabilities.py -> how it is said. What is not here is dropped and named, or refused.
SUPPORT: Mapping[str, Support] = {
    **dict.fromkeys((*NATIVE, "model", "temperature", "max_tokens", "stop_sequences"), "native"),
    **dict.fromkeys(("frequency_penalty", "presence_penalty", "tools", "messages"), "native"),
    **dict.fromkeys(("system", "max_completion_tokens", "top_p", "top_k", "stop", "tools.strict"), "translated"),
    **dict.fromkeys(("tool_choice", "tool_choice.named", "tool_choice.allowed_tools"), "translated"),
    **dict.fromkeys(("response_format.json_object", "response_format.json_schema"), "translated"),
    **dict.fromkeys(
        ("reasoning_effort", "reasoning.effort", "reasoning.budget_tokens", "reasoning.enabled"), "translated"
    ),
    **dict.fromkeys(("stream_options", "timeout", "fallbacks", "cache"), "ours"),
    **dict.fromkeys(("messages.system", "messages.text", "messages.tool_calls", "messages.tool.text"), "native"),
    **dict.fromkeys(("messages.image.base64", "messages.image.url", "messages.image.detail"), "native"),
    **dict.fromkeys(("messages.developer", "messages.refusal", "messages.file.text"), "translated"),
    **dict.fromkeys(("messages.reasoning_content", "messages.annotations"), "translated"),
}
#: The fields that something is said of: any other is unknown here.
KNOWN = OWN | {"n"} | {row.partition(".")[0] for row in SUPPORT}


@dataclass(slots=True)
class Draft:
    """A chat request in the making, with the names of what was dropped and of what was said in a roundabout way."""

    unified: Json
    wire: Json
    dropped: list[str] = field(default_factory=list)
    translated: list[str] = field(default_factory=list)
