"""Unified messages as Cohere's.

The roles are `system`, `user`, `assistant` and `tool`; a developer is a system. What the model thought goes back as a
`thinking` part, which nobody signs; the plan it made before it called tools is `tool_plan`, a member of that name in the
unified message too, and there also the end of `reasoning_content`. Source: https://docs.cohere.com/v2/reference/chat,
https://docs.cohere.com/v2/docs/reasoning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from proxy.call import Json
from proxy.dialects.cohere.citations import cite
from proxy.dialects.cohere.fields import Draft
from proxy.dialects.cohere.parts import insert, json_text, render_part
from proxy.dialects.ids import note_signature
from proxy.dialects.parts import parse_arguments
from proxy.dialects.shape import asked, wrong

#: Members of a message that Cohere has no word for, and how they are named.
UNSAID = {
    **{
        name: f"messages.{name}"
        for name in ("name", "audio", "function_call", "images", "thinking_blocks", "cache_control", "toolset_name")
    },
    "is_error": "messages.tool.is_error",
}
PLAIN = frozenset({"role", "content", "tool_calls", "tool_call_id"})


def render_messages(draft: Draft) -> list[Json]:
    """Every message of a unified request. Failure("invalid_request") names the part that is wrong."""
    said: list[Json] = []
    unified = draft.unified
    if "system" in unified and unified["system"] is not None:
        said.append(render_prompt(draft, {"role": "system", "content": unified["system"]}, "system", "system"))
    messages: Any = unified.get("messages")
    if type(messages) is not list:
        asked(messages, list, "messages")
    for index, message in enumerate(messages):
        if type(message) is dict and len(message) == 2 and type(message.get("content")) is str:
            # Most messages are a role and a string of words.
            role = message.get("role")
            if role in ("user", "system") or (role == "assistant" and message["content"]):
                said.append(message)
                continue
        rendered = render_message(draft, message, f"messages[{index}]")
        if rendered is not None:
            said.append(rendered)
    return said


def render_message(draft: Draft, message: Any, path: str) -> Json | None:
    role = asked(asked(message, dict, path).get("role"), str, f"{path}.role")
    render = RENDERERS.get(role)
    if render is None:
        raise wrong(f"{path}.role", f"must be one of {', '.join(RENDERERS)}")
    if not message.keys() <= PLAIN:
        draft.dropped += [noted for name, noted in UNSAID.items() if message.get(name)]
        note_signature(message, draft.dropped)
    return render(draft, message, path)


def render_system(draft: Draft, message: Json, path: str) -> Json:
    return render_prompt(draft, message, "system", f"{path}.content")


def render_user(draft: Draft, message: Json, path: str) -> Json:
    return render_prompt(draft, message, "user", f"{path}.content")


def render_prompt(draft: Draft, message: Json, role: str, path: str) -> Json:
    return {"role": role, "content": render_content(draft, message, role, path)}


def render_content(draft: Draft, message: Json, role: str, path: str) -> list[Json] | str:
    """A plain string stays one, unless a block of Cohere's own belongs to it."""
    content = message.get("content")
    if isinstance(content, str):
        blocks = insert([{"type": "text", "text": content}], message.get("provider_blocks"), draft.dropped)
        return content if len(blocks) == 1 else blocks
    parts = asked(content, list, path)
    rendered = [render_part(part, f"{path}[{at}]", draft, role) for at, part in enumerate(parts)]
    return insert([part for part in rendered if part is not None], message.get("provider_blocks"), draft.dropped)


def render_assistant(draft: Draft, message: Json, path: str) -> Json | None:
    """None for a turn in which nothing was said: Cohere refuses it."""
    spoken = message if message.get("content") is not None else {**message, "content": message.get("refusal") or ""}
    content = render_content(draft, spoken, "assistant", f"{path}.content")
    plan, thoughts = read_thoughts(message, path)
    if thoughts:
        said = [{"type": "text", "text": content}] if isinstance(content, str) and content else content or []
        content = [{"type": "thinking", "thinking": thoughts}, *said]
    members: Json = {
        "content": content,
        "tool_calls": render_tool_calls(draft, message, path),
        "tool_plan": plan,
        "citations": render_citations(draft, message),
    }
    turn = {name: value for name, value in members.items() if value}
    return {"role": "assistant", **turn} if turn else None


def read_thoughts(message: Json, path: str) -> tuple[str, str]:
    """The plan, and the thoughts without it."""
    plan = asked(message.get("tool_plan") or "", str, f"{path}.tool_plan")
    thoughts = asked(message.get("reasoning_content") or "", str, f"{path}.reasoning_content")
    return plan, thoughts.removesuffix(plan)


def render_tool_calls(draft: Draft, message: Json, path: str) -> list[Json]:
    calls = message.get("tool_calls")
    return [
        render_tool_call(draft, call, f"{path}.tool_calls[{index}]")
        for index, call in enumerate([] if calls is None else asked(calls, list, f"{path}.tool_calls"))
    ]


def render_tool_call(draft: Draft, call: Any, path: str) -> Json:
    function = asked(asked(call, dict, path).get("function"), dict, f"{path}.function")
    arguments = function.get("arguments")
    if parse_arguments(arguments) is None:
        raise wrong(f"{path}.function.arguments", "must be the JSON text of an object")
    note_signature(call, draft.dropped)
    if call.get("cache_control"):
        draft.dropped.append("messages.cache_control")
    said = json_text(arguments, f"{path}.function") if isinstance(arguments, dict) else arguments or "{}"
    named = {"name": asked(function.get("name"), str, f"{path}.function.name"), "arguments": said}
    return {"id": asked(call.get("id"), str, f"{path}.id"), "type": "function", "function": named}


def render_citations(draft: Draft, message: Json) -> list[Json]:
    notes = message.get("annotations")
    if not isinstance(notes, list):
        return []
    text = message["content"] if isinstance(message.get("content"), str) else ""
    citations = [citation for note in notes if (citation := cite(note, text)) is not None]
    if len(citations) < len(notes):
        draft.dropped.append("messages.annotations")
    return citations


def render_tool(draft: Draft, message: Json, path: str) -> Json:
    called = asked(message.get("tool_call_id"), str, f"{path}.tool_call_id")
    content = message.get("content")
    if isinstance(content, dict):
        result: list[Json] | str = json_text(content, f"{path}.content")
    else:
        spoken = message if content is not None else {**message, "content": ""}
        result = render_content(draft, spoken, "tool", f"{path}.content")
    return {"role": "tool", "tool_call_id": called, "content": result}


RENDERERS: Mapping[str, Callable[[Draft, Json, str], Json | None]] = {
    "system": render_system,
    "developer": render_system,
    "user": render_user,
    "assistant": render_assistant,
    "tool": render_tool,
}
