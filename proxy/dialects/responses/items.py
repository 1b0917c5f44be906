"""Unified messages as the items of a Responses request's `input`.

A turn of the assistant becomes several: its reasoning, what it said, its tool calls. Source:
https://platform.openai.com/docs/api-reference/responses/create (input),
https://platform.openai.com/docs/guides/conversation-state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from proxy.call import Json
from proxy.dialects.ids import note_signature
from proxy.dialects.openai.messages import see_text
from proxy.dialects.responses.content import Parts, dump_text, extras_of
from proxy.dialects.responses.fields import EXTRAS
from proxy.dialects.responses.notes import render_notes
from proxy.dialects.responses.order import arrange, read_own
from proxy.dialects.responses.thoughts import can_return
from proxy.dialects.shape import asked, unsayable, wrong

#: Members of a message that the Responses API has no word for.
UNSAID = ("name", "audio", "function_call")


class Transcript:
    """The items so far, and the names of what could not be said. `kept`: earlier responses lie with the provider."""

    __slots__ = ("customs", "dropped", "items", "kept", "parts")

    def __init__(self, model: str, kept: bool) -> None:
        self.items: list[Json] = []
        self.dropped: list[str] = []
        self.parts = Parts(model, self.dropped)
        self.kept = kept
        #: Calls of tools that take text: their results are items of another type.
        self.customs: set[str] = set()


def render_messages(unified: Json, transcript: Transcript) -> None:
    """Every message. Failure("invalid_request") names the part that is wrong."""
    system = unified.get("system")
    if system is not None and not isinstance(system, str):
        render_said(transcript, {"role": "system", "content": system}, "system")
    for index, message in enumerate(asked(unified.get("messages"), list, "messages")):
        path = f"messages[{index}]"
        role = asked(asked(message, dict, path).get("role"), str, f"{path}.role")
        render = RENDERERS.get(role)
        if render is None:
            raise wrong(f"{path}.role", f"must be one of {', '.join(RENDERERS)}")
        if len(message) > 2:
            transcript.dropped += [f"messages.{name}" for name in UNSAID if message.get(name) is not None]
            note_signature(message, transcript.dropped)
        render(transcript, message, path)


def render_said(transcript: Transcript, message: Json, path: str) -> None:
    content = transcript.parts.render_content(message, f"{path}.content")
    if message["role"] != "user" and isinstance(message.get("content"), list):
        see_text(message["content"], path)
    transcript.items.append({"role": message["role"], "content": content, **extras_of(message, path)})


def render_tool(transcript: Transcript, message: Json, path: str) -> None:
    """The result of a call. One that was an error is only known by its words."""
    called = asked(message.get("tool_call_id"), str, f"{path}.tool_call_id")
    content = message.get("content")
    if isinstance(content, dict):
        output: list[Json] | str = dump_text(content, f"{path}.content")
    else:
        output = transcript.parts.render_content({**message, "content": content or ""}, f"{path}.content")
    if message.get("is_error"):
        transcript.dropped.append("messages.tool.is_error")
    kind = "custom_tool_call_output" if called in transcript.customs else "function_call_output"
    transcript.items.append({"type": kind, "call_id": called, "output": output, **extras_of(message, path)})


def render_assistant(transcript: Transcript, message: Json, path: str) -> None:
    if message.keys() == {"role", "content"} and isinstance(words := message["content"], str):
        transcript.items += [{"role": "assistant", "content": words}] if words else []
        return
    said = [*render_images(transcript, message), *render_words(transcript, message, path)]
    thoughts, calls = render_thoughts(transcript, message, path), render_calls(transcript, message, path)
    own = read_own(message.get("provider_blocks"), transcript.dropped)
    transcript.items += arrange(thoughts, own, said, calls)
    if message.get("cache_control"):
        transcript.dropped.append("messages.cache_control")


def render_thoughts(transcript: Transcript, message: Json, path: str) -> list[Json]:
    blocks = message.get("thinking_blocks")
    if blocks is None:
        if message.get("reasoning_content"):
            transcript.dropped.append("messages.reasoning_content")
        return []
    returned = [block for block in asked(blocks, list, f"{path}.thinking_blocks") if can_return(block, transcript.kept)]
    if len(returned) < len(blocks):
        transcript.dropped.append("messages.thinking_blocks")
    return returned


def render_images(transcript: Transcript, message: Json) -> list[Json]:
    """Images that the provider made itself go back; others' it has no place for."""
    items = []
    images = message.get("images")
    for image in images if isinstance(images, list) else ():
        item = generated_item(image)
        if item is None:
            transcript.dropped.append("messages.images")
        else:
            items.append(item)
    return items


def generated_item(image: Any) -> Json | None:
    """The `image_generation_call` that an output image came in."""
    extras = image.get(EXTRAS) if isinstance(image, dict) else None
    url = image.get("image_url") if isinstance(image, dict) else None
    data = url.get("url") if isinstance(url, dict) else None
    if not isinstance(extras, dict) or not isinstance(data, str):
        return None
    return {**extras, "result": data.partition(",")[2]}


def render_words(transcript: Transcript, message: Json, path: str) -> list[Json]:
    """What was said as one item: plain text stays a string unless the item was more than that."""
    extras = extras_of(message, path)
    parts = words_of(transcript, message, f"{path}.content")
    notes = render_notes(message.get("annotations"), transcript.dropped)
    if not parts:
        return []
    if len(parts) == 1 and parts[0]["type"] == "output_text":
        if not (notes or "id" in extras):
            return [{"role": "assistant", "content": parts[0]["text"], **extras}]
        parts = [{**parts[0], "annotations": notes}]
    elif notes:
        transcript.dropped.append("messages.annotations")
    return [{"type": "message", "role": "assistant", "content": parts, **extras}]


def words_of(transcript: Transcript, message: Json, path: str) -> list[Json]:
    """The parts of what an assistant said: text, and the refusal."""
    content, refusal = message.get("content"), message.get("refusal")
    parts = []
    if isinstance(content, str):
        parts = [{"type": "output_text", "text": content}] if content else []
    elif content is not None:
        for index, part in enumerate(asked(content, list, path)):
            parts.append(word_of(asked(part, dict, f"{path}[{index}]"), f"{path}[{index}]"))
            if part.get("cache_control"):
                transcript.dropped.append("messages.cache_control")
            note_signature(part, transcript.dropped)
    if refusal is not None and refusal != "":
        parts.append({"type": "refusal", "refusal": asked(refusal, str, f"{path[: -len('.content')]}.refusal")})
    return parts


def word_of(part: Json, path: str) -> Json:
    kind = asked(part.get("type"), str, f"{path}.type")
    if kind == "text":
        return {"type": "output_text", "text": asked(part.get("text"), str, f"{path}.text")}
    if kind == "refusal":
        return {"type": "refusal", "refusal": asked(part.get("refusal"), str, f"{path}.refusal")}
    raise unsayable(f"{path}.type", f"{kind} cannot be said by the assistant in the Responses API")


def render_calls(transcript: Transcript, message: Json, path: str) -> list[Json]:
    calls = message.get("tool_calls")
    return [
        render_call(transcript, call, f"{path}.tool_calls[{index}]")
        for index, call in enumerate([] if calls is None else asked(calls, list, f"{path}.tool_calls"))
    ]


def render_call(transcript: Transcript, call: Any, path: str) -> Json:
    called = asked(asked(call, dict, path).get("id"), str, f"{path}.id")
    note_signature(call, transcript.dropped)
    if call.get("cache_control"):
        transcript.dropped.append("messages.cache_control")
    kind, words, item_type = CALLS["custom" if call.get("type") == "custom" else "function"]
    function = asked(call.get(kind), dict, f"{path}.{kind}")
    said = function.get(words)
    said = dump_text(said, path) if isinstance(said, dict) else asked(said, str, f"{path}.{kind}.{words}")
    if kind == "function":
        said = said or "{}"
    if kind == "custom":
        transcript.customs.add(called)
    name = asked(function.get("name"), str, f"{path}.{kind}.name")
    return {"type": item_type, "call_id": called, "name": name, words: said, **extras_of(call, path)}


#: Type of a unified call -> its member, what that member says, the item's type.
CALLS: Mapping[str, tuple[str, str, str]] = {
    "function": ("function", "arguments", "function_call"),
    "custom": ("custom", "input", "custom_tool_call"),
}

RENDERERS: Mapping[str, Callable[[Transcript, Json, str], None]] = {
    "system": render_said,
    "developer": render_said,
    "user": render_said,
    "assistant": render_assistant,
    "tool": render_tool,
}
