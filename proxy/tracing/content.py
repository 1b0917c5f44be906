"""The text of a prompt, for a span that is to have it: shortened, and without what looks like a secret.

As https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-input-messages.json has it. Pictures,
files and sound are told by their type alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from proxy.call import Json

#: Secrets are taken out before a text is cut. They are looked for as far as this behind the cut, which none of them spans.
MARGIN = 4096
CUT = "…"
MOST_MESSAGES = 64
MOST_PARTS = 200
LONGEST_ROLE = 32
#: What is asked where there are no messages.
ASKED = ("prompt", "input", "query")


class Room:
    """How many characters there are left for all texts together. `clean` takes out of a text what must not leave."""

    def __init__(self, limit: int, clean: Callable[[str], str]) -> None:
        self.left = limit
        self._clean = clean

    def fit(self, text: str) -> str:
        window = text[: self.left + MARGIN]
        whole = len(window) == len(text)
        cleaned = self._clean(window)
        said = cleaned[: self.left if whole else min(self.left, max(len(cleaned) - MARGIN, 0))]
        self.left -= len(said)
        return said if whole and len(said) == len(cleaned) else said + CUT


def input_messages(unified: Json, limit: int, clean: Callable[[str], str]) -> str | None:
    """The latest messages of a request in at most about `limit` characters, as JSON; None where nothing is asked in words."""
    room = Room(limit, clean)
    said = [
        told for message in reversed(messages_of(unified)) if room.left > 0 and (told := told_message(message, room))
    ]
    return orjson.dumps(said[::-1]).decode() if said else None


def messages_of(unified: Json) -> list[Any]:
    messages = unified.get("messages")
    if isinstance(messages, list):
        return messages[-MOST_MESSAGES:]
    asked = [unified[name] for name in ASKED if name in unified]
    texts = [text for each in asked for text in (each if isinstance(each, list) else [each]) if isinstance(text, str)]
    return [{"role": "user", "content": text} for text in texts[-MOST_MESSAGES:]]


def told_message(message: Any, room: Room) -> Json | None:
    if not isinstance(message, dict):
        return None
    role = message.get("role")
    parts = list(parts_of(message, room))
    return {"role": role[:LONGEST_ROLE] if isinstance(role, str) else "user", "parts": parts} if parts else None


def parts_of(message: Json, room: Room) -> Iterator[Json]:
    content = message.get("content")
    answers = message.get("role") == "tool"
    for part in content[:MOST_PARTS] if isinstance(content, list) else [content]:
        if room.left <= 0:
            return
        text = part.get("text") if isinstance(part, dict) else part
        if isinstance(text, str):
            said = room.fit(text)
            yield {"type": "tool_call_response", "response": said} if answers else {"type": "text", "content": said}
        elif isinstance(part, dict):
            yield {"type": str(part.get("type"))[:32]}
    calls = message.get("tool_calls")
    for called in calls[:MOST_MESSAGES] if isinstance(calls, list) else ():
        function = called.get("function") if isinstance(called, dict) else None
        if isinstance(function, dict) and isinstance(function.get("name"), str):
            arguments = function.get("arguments")
            given = room.fit(arguments) if isinstance(arguments, str) else None
            yield {"type": "tool_call", "name": room.fit(function["name"]), "arguments": given}
