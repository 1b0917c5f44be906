"""Every field of a unified request and how Ollama is told, and the request in the making.

Sources: https://docs.ollama.com/api/chat, https://docs.ollama.com/modelfile (what `options` may hold). Ollama passes over
what it does not know, so that a field it has no word for would be lost in silence: nothing that is not here is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from proxy.call import Json
from proxy.dialects import Support

#: Request fields of Ollama's own. `ollama_options` is what `options` holds besides the members with a unified word, `think` a
#: level of thinking that only the model knows.
OWN = frozenset({"keep_alive", "truncate", "shift", "think", "ollama_options"})

#: Samplers that stand in `options` under their unified names -> their kind of number. A whole number is a float too.
OPTIONS: Mapping[str, type[int] | type[float]] = {
    "temperature": float,
    "top_p": float,
    "top_k": int,
    "frequency_penalty": float,
    "presence_penalty": float,
    "seed": int,
}

SUPPORT: Mapping[str, Support] = {
    **dict.fromkeys(("model", "stream", "logprobs", "top_logprobs", *OPTIONS), "native"),
    **dict.fromkeys(
        ("messages", "system", "max_tokens", "max_completion_tokens", "stop", "stop_sequences"), "translated"
    ),
    **dict.fromkeys(("tools", "tool_choice", "tool_choice.allowed_tools"), "translated"),
    **dict.fromkeys(("response_format.json_object", "response_format.json_schema"), "translated"),
    **dict.fromkeys(("reasoning_effort", "reasoning.effort", "reasoning.enabled"), "translated"),
    **dict.fromkeys(("stream_options", "timeout", "fallbacks", "cache"), "ours"),
    **dict.fromkeys(("messages.system", "messages.text"), "native"),
    **dict.fromkeys(
        ("messages.developer", "messages.refusal", "messages.image.base64", "messages.file.text"), "translated"
    ),
    **dict.fromkeys(("messages.tool_calls", "messages.tool.text", "messages.tool.image"), "translated"),
    "messages.reasoning_content": "translated",
}
#: Top-level fields that some saying speaks of; a dotted row is a part of one.
KNOWN = frozenset(row.partition(".")[0] for row in SUPPORT) | {"n", "parallel_tool_calls"} | OWN


@dataclass(slots=True)
class Draft:
    """A request in the making. `options` is the wire member of that name."""

    unified: Json
    wire: Json
    options: Json
    dropped: list[str]
    translated: list[str]
