"""Unified messages as Ollama's: a role, one text, and beside it images, thoughts and tool calls.

Ollama has no parts. The texts of a message become one, its images stand beside it, in order; a system message may stand
anywhere. Thoughts need no signature. Source: https://docs.ollama.com/api/chat, https://docs.ollama.com/capabilities/tool-calling.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.call import Json
from proxy.dialects.ids import note_signature
from proxy.dialects.ollama.calls import arguments_text
from proxy.dialects.ollama.parts import inline, render_content
from proxy.dialects.parts import image_url_of, parse_arguments
from proxy.dialects.shape import asked, wrong

#: Roles of those who talk; a tool's message is a result.
TALKERS: Mapping[str, str] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
ROLES: Mapping[str, str] = {**TALKERS, "tool": "tool"}
#: Members of a message that Ollama has no word for.
UNSAID = ("audio", "function_call", "cache_control", "annotations", "provider_blocks", "thinking_blocks")


def render_messages(unified: Json, dropped: list[str]) -> list[Json]:
    """Every message of a unified request. Failure names the part that is wrong; `dropped` grows by what cannot be said."""
    said: list[Json] = []
    names: dict[str, str] = {}
    if unified.get("system") is not None:
        said.append(render_text("system", {"content": unified["system"]}, "system", dropped))
    messages = unified.get("messages")
    for index, message in enumerate(messages if type(messages) is list else asked(messages, list, "messages")):
        if type(message) is dict and len(message) == 2:
            # Most messages are a role and a string of words.
            role, words = message.get("role"), message.get("content")
            if type(role) is str and type(words) is str and role in TALKERS:
                said.append({"role": TALKERS[role], "content": words})
                continue
        said.append(render_message(message, f"messages[{index}]", names, dropped))
    return said


def render_message(message: Any, path: str, names: dict[str, str], dropped: list[str]) -> Json:
    role = asked(asked(message, dict, path).get("role"), str, f"{path}.role")
    if role not in ROLES:
        raise wrong(f"{path}.role", f"must be one of {', '.join(ROLES)}")
    note_unsaid(message, role, dropped)
    wire = render_text(ROLES[role], message, f"{path}.content", dropped)
    if role == "assistant":
        wire |= render_thoughts(message, path)
        wire |= render_calls(message, path, names, dropped)
        wire |= render_pictures(message, path)
    elif role == "tool":
        wire |= render_result(message, path, names)
    return wire


def render_text(role: str, message: Json, path: str, dropped: list[str]) -> Json:
    content = message.get("content")
    if content is None:
        content = message.get("refusal") or ""
    elif isinstance(content, dict) and role == "tool":
        content = arguments_text(content)
        if content is None:
            raise wrong(path, "is nested too deeply")
    return {"role": role, **render_content(content, role, path, dropped)}


def note_unsaid(message: Json, role: str, dropped: list[str]) -> None:
    """A tool's message has a word for its name; an error has none."""
    dropped += [f"messages.{name}" for name in UNSAID if message.get(name)]
    if role != "tool" and message.get("name") is not None:
        dropped.append("messages.name")
    if message.get("is_error"):
        dropped.append("messages.tool.is_error")
    note_signature(message, dropped)


def render_thoughts(message: Json, path: str) -> Json:
    thoughts = message.get("reasoning_content")
    return {"thinking": asked(thoughts, str, f"{path}.reasoning_content")} if thoughts else {}


def render_pictures(message: Json, path: str) -> Json:
    """What an image model drew in an earlier turn."""
    drawn = asked(message.get("images") or [], list, f"{path}.images")
    paths = [f"{path}.images[{index}]" for index in range(len(drawn))]
    images = [inline(image_url_of(asked(image, dict, at), at), at).data for image, at in zip(drawn, paths, strict=True)]
    return {"images": images} if images else {}


def render_calls(message: Json, path: str, names: dict[str, str], dropped: list[str]) -> Json:
    """`tool_calls`; `names` learns which function each id called, for the results that answer it."""
    calls = message.get("tool_calls")
    if not calls:
        return {}
    said = []
    for index, call in enumerate(asked(calls, list, f"{path}.tool_calls")):
        said.append(render_call(call, f"{path}.tool_calls[{index}]"))
        names[said[-1]["id"]] = said[-1]["function"]["name"]
        note_signature(call, dropped)
        if call.get("cache_control"):
            dropped.append("messages.cache_control")
    return {"tool_calls": said}


def render_call(call: Any, path: str) -> Json:
    function = asked(asked(call, dict, path).get("function"), dict, f"{path}.function")
    arguments = parse_arguments(function.get("arguments"))
    if arguments is None:
        raise wrong(f"{path}.function.arguments", "must be the JSON text of an object")
    called = asked(call.get("id"), str, f"{path}.id")
    name = asked(function.get("name"), str, f"{path}.function.name")
    return {"id": called, "type": "function", "function": {"name": name, "arguments": arguments}}


def render_result(message: Json, path: str, names: dict[str, str]) -> Json:
    """Older servers know the call by `tool_name` alone, newer ones by its id too."""
    called = asked(message.get("tool_call_id"), str, f"{path}.tool_call_id")
    name = names.get(called) or message.get("name")
    named = {} if name is None else {"tool_name": asked(name, str, f"{path}.name")}
    return {**named, "tool_call_id": called}
