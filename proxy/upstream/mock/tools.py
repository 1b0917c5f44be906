"""Which tools the mock calls, and with what.

It calls the tools that the last user message names, what `tool_choice` forces, or every tool there is when the model
says so; never right after tool results, which it answers in words. Arguments are the smallest instance of the schema.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import orjson

from proxy.call import Json
from proxy.upstream.mock.instance import smallest
from proxy.upstream.mock.words import count_tokens, last_user, text_of


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call; `arguments` is JSON text."""

    id: str
    name: str
    arguments: str

    @property
    def tokens(self) -> int:
        return count_tokens(self.name) + count_tokens(self.arguments)

    def opening(self, index: int) -> Json:
        """The first delta of the call in a stream: everything but the arguments."""
        function = {"name": self.name, "arguments": ""}
        return {"index": index, "id": self.id, "type": "function", "function": function}

    def whole(self) -> Json:
        return {"id": self.id, "type": "function", "function": {"name": self.name, "arguments": self.arguments}}


def call_tools(request: Json, every: bool, id: str) -> tuple[list[ToolCall], str]:
    """The calls of an answer, none where it is to be text, and the finish reason that belongs to them.

    `every` calls all tools; `id` makes the ids of the calls unique.
    A call forced by name ends with `stop`, as OpenAI's do.
    """
    tools = [tool["function"] for tool in request.get("tools") or [] if tool["type"] == "function"]
    if not tools or request["messages"][-1]["role"] == "tool":
        return [], "stop"
    mode, names = _tool_choice(request.get("tool_choice") or "auto")
    allowed = [tool for tool in tools if names is None or tool["name"] in names]
    chosen = _chosen(allowed, mode, every, text_of(last_user(request["messages"])))
    if request.get("parallel_tool_calls") is False:
        chosen = chosen[:1]
    calls = [_call(tool, f"call_{id}{number}") for number, tool in enumerate(chosen)]
    return calls, "stop" if mode == "named" else "tool_calls"


def _tool_choice(choice: str | Json) -> tuple[str, list[str] | None]:
    """The mode, `named` being ours for a call forced by name, and the names it is confined to."""
    if isinstance(choice, str):
        return choice, None
    allowed = choice.get("allowed_tools")
    if allowed is None:
        return "named", [choice[choice["type"]]["name"]]
    return allowed["mode"], [tool[tool["type"]]["name"] for tool in allowed["tools"]]


def _chosen(allowed: list[Json], mode: str, every: bool, text: str) -> list[Json]:
    if mode == "none":
        return []
    if every or mode == "named":
        return allowed
    named = [tool for tool in allowed if _mentions(text, tool["name"])]
    return named or (allowed[:1] if mode == "required" else [])


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None


def _call(tool: Json, id: str) -> ToolCall:
    arguments = smallest({"type": "object", **(tool.get("parameters") or {})})
    return ToolCall(id, tool["name"], orjson.dumps(arguments).decode())
