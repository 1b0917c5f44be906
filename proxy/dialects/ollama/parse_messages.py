"""The messages of a request to /api/chat in the unified form, and which call a tool's result answers.

Ollama's clients often keep no ids: a call is its function and arguments, a result the name of its tool. Then ids are made up
from where the call stands, which gives the same ids for the same conversation, and a result is the answer to the first call
of the turn before it that has no answer yet, of the same tool where it is named. What another provider had put into an id
(ids.py) is lost with a client that does not send the id back. Source: https://docs.ollama.com/capabilities/tool-calling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from proxy.call import Json
from proxy.dialects.checks import check_results
from proxy.dialects.ids import made_up_id
from proxy.dialects.ollama.calls import arguments_text
from proxy.dialects.ollama.parts import image_part
from proxy.dialects.parts import parse_arguments
from proxy.dialects.shape import asked, wrong

#: Members that are said anew; any other keeps its name and value.
SAID = frozenset({"role", "content", "images", "thinking", "tool_calls", "tool_name", "tool_call_id"})
#: Roles of those who talk, as clients spell them; a tool's message is a result.
TALKERS = ("system", "user", "assistant")


class Pending:
    """The calls of one turn that have no result yet: id -> function, in order."""

    __slots__ = ("calls",)

    def __init__(self) -> None:
        self.calls: dict[str, str] = {}

    def answer(self, called: Any, name: Any, path: str) -> str:
        """The id of the call that this result is of. Failure when there is none."""
        if called is not None:
            self.calls.pop(asked(called, str, f"{path}.tool_call_id"), None)
            return str(called)
        if name is not None:
            asked(name, str, f"{path}.tool_name")
        found = next((called for called, function in self.calls.items() if function == name), None)
        found = next(iter(self.calls), None) if found is None else found
        if found is None:
            raise wrong(path, "is the result of a tool that was not called")
        del self.calls[found]
        return found


def parse_messages(messages: list[Any]) -> list[Json]:
    unified: list[Json] = []
    pending: Pending | None = None
    for index, message in enumerate(messages):
        if type(message) is dict and len(message) == 2:
            # Most messages are a role and a string of words.
            role, words = message.get("role"), message.get("content")
            if type(words) is str and role in TALKERS:
                unified.append({"role": role, "content": words})
                continue
        pending = pending or Pending()
        unified.append(parse_message(message, index, pending))
    if pending is not None:
        check_results(unified, "messages[{}].tool_call_id".format)
    return unified


def parse_message(message: Any, index: int, pending: Pending) -> Json:
    path = f"messages[{index}]"
    role = asked(asked(message, dict, path).get("role"), str, f"{path}.role").lower()
    if role not in ROLES:
        raise wrong(f"{path}.role", f"must be one of {', '.join(ROLES)}")
    content = asked("" if message.get("content") is None else message["content"], str, f"{path}.content")
    unified: Json = {"role": role, "content": parse_content(content, message.get("images"), f"{path}.images")}
    if len(message) > 2:
        unified |= {name: value for name, value in message.items() if name not in SAID}
    ROLES[role](unified, message, index, pending)
    return unified


def parse_content(content: str, images: Any, path: str) -> str | list[Json]:
    """Ollama sets the images, which stand at `path`, before the text."""
    if not images:
        return content
    parts = []
    for index, image in enumerate(asked(images, list, path)):
        parts.append(image_part(asked(image, str, f"{path}[{index}]"), f"{path}[{index}]"))
    return [*parts, {"type": "text", "text": content}] if content else parts


def take_nothing(unified: Json, message: Json, index: int, pending: Pending) -> None:
    """A system or user message is what it says."""


def take_assistant(unified: Json, message: Json, index: int, pending: Pending) -> None:
    path = f"messages[{index}]"
    if message.get("thinking"):
        unified["reasoning_content"] = asked(message["thinking"], str, f"{path}.thinking")
    if message.get("tool_calls"):
        calls = asked(message["tool_calls"], list, f"{path}.tool_calls")
        unified["tool_calls"] = [
            parse_call(call, f"{path}.tool_calls[{at}]", index, at) for at, call in enumerate(calls)
        ]
        unified["content"] = unified["content"] or None
        pending.calls = {call["id"]: call["function"]["name"] for call in unified["tool_calls"]}


def parse_call(call: Any, path: str, *place: int) -> Json:
    function = asked(asked(call, dict, path).get("function"), dict, f"{path}.function")
    name = asked(function.get("name"), str, f"{path}.function.name")
    given = parse_arguments({} if function.get("arguments") is None else function["arguments"])
    arguments = None if given is None else arguments_text(given)
    if arguments is None:
        raise wrong(f"{path}.function.arguments", "must be an object, and not nested too deeply")
    called = asked(call["id"], str, f"{path}.id") if call.get("id") else made_up_id(*place, name, arguments)
    return {"id": called, "type": "function", "function": {"name": name, "arguments": arguments}}


def take_tool(unified: Json, message: Json, index: int, pending: Pending) -> None:
    name = message.get("tool_name") or unified.pop("name", None)
    unified["tool_call_id"] = pending.answer(message.get("tool_call_id") or None, name, f"messages[{index}]")


Take = Callable[[Json, Json, int, Pending], None]
ROLES: Mapping[str, Take] = {
    "system": take_nothing,
    "user": take_nothing,
    "assistant": take_assistant,
    "tool": take_tool,
}
