"""What Anthropic would refuse of a Messages request, refused at the door by the name of the member.

Which types the members have is seen where they are read, in parse.py; here are limits, names, schemas and content by value.
Sources: https://docs.claude.com/en/api/messages, https://platform.claude.com/docs/en/build-with-claude/extended-thinking (the
least budget).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from proxy.call import Json
from proxy.dialects.anthropic.models import LEAST_BUDGET
from proxy.dialects.checks import check_base64, check_names, check_range, check_results, check_schema
from proxy.dialects.shape import asked, wrong

#: The header that says which version of the API is spoken, and those there are. In 2026-10-21 a Messages request only has
#: fewer members: https://platform.claude.com/docs/en/api/versioning.
VERSIONS = ("anthropic-version", frozenset({"2023-01-01", "2023-06-01", "2026-10-21"}))

#: Member -> its type and limits. `max_tokens: 0` fills the prompt cache and says nothing.
LIMITS: Mapping[str, tuple[type, float, float | None]] = {
    "max_tokens": (int, 0, None),
    "temperature": (float, 0, 1),
    "top_p": (float, 0, 1),
    "top_k": (int, 0, None),
}


def check_limits(wire: Json) -> None:
    for name, (kind, low, high) in LIMITS.items():
        value = wire.get(name)
        if value is not None:
            if kind is int:
                asked(value, int, name)
            check_range(name, value, low, high)
    if wire.get("stream") is not None:
        asked(wire["stream"], bool, "stream")
    thinking = wire.get("thinking")
    if isinstance(thinking, dict):
        check_range("thinking.budget_tokens", thinking.get("budget_tokens"), LEAST_BUDGET)


def check_tools(tools: list[Any]) -> None:
    """Every tool has its own name, those of Anthropic's too; what the app's own take is told by a schema."""
    named = [(tool.get("name"), f"tools[{index}].name") for index, tool in enumerate(tools) if isinstance(tool, dict)]
    strings = [(name, path) for name, path in named if isinstance(name, str)]
    check_names([name for name, _ in strings], [path for _, path in strings])
    for index, tool in enumerate(tools):
        if tool.get("input_schema") is not None:
            check_schema(tool["input_schema"], f"tools[{index}].input_schema")


def check_source(block: Json, path: str) -> None:
    """An image or a document by value can be decoded, and is what it says."""
    source = block.get("source")
    if isinstance(source, dict) and source.get("type") == "base64":
        media_type = asked(source.get("media_type"), str, f"{path}.source.media_type")
        check_base64(source.get("data"), media_type, f"{path}.source.data")


def check_order(messages: list[Json], wire: list[Any]) -> None:
    """`messages` in the unified form, `wire` as they came: there is something to answer, and results are of calls."""
    if not wire:
        raise wrong("messages", "must not be empty")
    results = [index for index, message in enumerate(messages) if message["role"] == "tool"]
    if results:
        check_results(messages, lambda index: next(islice(result_paths(wire), results.index(index), None)))


def result_paths(wire: list[Any]) -> Iterator[str]:
    """Where each result stands on the wire, in order."""
    for at, message in enumerate(wire):
        content = message["content"]
        for place, block in enumerate(content if isinstance(content, list) else ()):
            if message["role"] == "user" and block["type"] == "tool_result":
                yield f"messages[{at}].content[{place}].tool_use_id"
