"""What the model said in a reply or in an event of a stream, in whatever dialect: for an estimate where no usage is told.

It goes by the names of members, for what a model says has few of them, and refuses to know which dialect it reads. What repeats
the model's words, or holds those of others, is left out.
"""

from __future__ import annotations

from typing import Any

import orjson

#: Members that hold words of the model; the name is that of a tool it calls.
SAID = frozenset(
    {
        *("content", "text", "delta", "refusal", "transcript", "response", "output"),
        *("thinking", "reasoning", "reasoning_content", "tool_plan"),
        *("name", "arguments", "partial_json", "input"),
    }
)
#: Objects that are the arguments of a call.
ARGUMENTS = frozenset({"args", "arguments", "input"})
#: What is not looked into: what the model was told, and what says its words again.
APART = frozenset(
    {
        *("annotations", "citations", "citationMetadata", "groundingMetadata", "logprobs", "logprobsResult"),
        *("instructions", "metadata", "response", "tools", "usage"),
        *("reasoning_details", "thinking_blocks", "provider_blocks"),
    }
)


def text_in(payload: Any) -> str:
    """All words of a reply, or of one event; "" where it has none, or says again at the end of something what that was."""
    if isinstance(payload, dict) and str(payload.get("type")).endswith(".done"):
        return ""
    found: list[str] = []
    collect(payload, found)
    return "".join(found)


def collect(value: Any, found: list[str]) -> None:
    if isinstance(value, dict):
        for name, held in value.items():
            if type(held) is str:
                if name in SAID:
                    found.append(held)
            elif held and name in ARGUMENTS and type(held) is dict:
                found.append(orjson.dumps(held, option=orjson.OPT_NON_STR_KEYS).decode())
            elif name not in APART:
                collect(held, found)
    elif isinstance(value, list):
        for item in value:
            collect(item, found)
