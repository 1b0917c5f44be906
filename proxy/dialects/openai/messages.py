"""Unified messages as OpenAI's: what other dialects gave the application to carry is taken out by name, everything else stays.

Content is refused where OpenAI can neither take it nor do without: an image that lies with another provider, a file by its
address. Sources: https://platform.openai.com/docs/api-reference/chat/create, platform.openai.com/docs/guides/pdf-files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from proxy.call import Json
from proxy.dialects.ids import made_up_id, note_signature
from proxy.dialects.shape import unsayable

#: What an OpenAI message has no word for, and how it is named: members of messages, of their parts and tool calls.
HUB_ONLY = frozenset({"thinking_blocks", "provider_blocks", "responses", "tool_plan", "images", "extra_content"})
#: Of these, what repeats something else in another dialect's own words, or is no part of a request: it goes without a word.
SILENT = {"responses": "", "tool_plan": "", "images": ""}
MARKER = {"cache_control": "messages.cache_control"}
OF_MESSAGES = {
    **{
        name: f"messages.{name}"
        for name in ("provider_blocks", "thinking_blocks", "reasoning_content", "annotations", "toolset_name")
    },
    **MARKER,
    **SILENT,
    "is_error": "messages.tool.is_error",
}
OF_PARTS = {**MARKER, **SILENT, "citations": "messages.citations", "context": "messages.context"}
#: Whose messages hold nothing but text, and the parts that are none.
PROMPTS = frozenset({"system", "developer"})
SHOWN = frozenset({"image_url", "image", "file", "input_audio", "video_url"})
#: OpenAI refuses a longer id of a call.
LONGEST_ID = 40
OF_CALLS = {
    **MARKER,
    **SILENT,
    "caller": "messages.tool_calls.caller",
    "toolset_name": "messages.tool_calls.toolset_name",
}


def render_messages(unified: Json, dropped: list[str], translated: list[str]) -> list[Json]:
    messages = [
        render_message(message, f"messages[{index}]", dropped) for index, message in enumerate(unified["messages"])
    ]
    if unified.get("system"):
        messages.insert(0, render_message({"role": "system", "content": unified["system"]}, "system", dropped))
    if any(map(shows_more_than_text, messages)):
        translated.append("messages.tool.image")
        return [*with_shown(messages)]
    return messages


def shows_more_than_text(message: Json) -> bool:
    content = message.get("content")
    return message["role"] == "tool" and type(content) is list and not all(map(is_text, content))


def is_text(part: Json) -> bool:
    return bool(part.get("type") == "text")


def with_shown(messages: list[Json]) -> Iterator[Json]:
    """OpenAI takes only text as a tool's result: what else there was is shown by the user, after the last result of the turn."""
    shown: list[Json] = []
    for message in [*messages, None]:
        if shown and (message is None or message["role"] != "tool"):
            yield {"role": "user", "content": shown}
            shown = []
        if message is None:
            return
        if shows_more_than_text(message):
            said = [part for part in message["content"] if is_text(part)]
            shown.append({"type": "text", "text": f"Result of the tool call {message.get('tool_call_id')}:"})
            shown += [part for part in message["content"] if not is_text(part)]
            message = {**message, "content": said or "The next message shows the result."}
        yield message


def render_message(message: Json, path: str, dropped: list[str]) -> Json:
    said = without(message, OF_MESSAGES, dropped)
    content, calls = said.get("content"), said.get("tool_calls")
    if isinstance(content, list):
        if message["role"] in PROMPTS:
            see_text(content, path)
        parts = [render_part(part, f"{path}.content[{index}]", dropped) for index, part in enumerate(content)]
        said = {**said, "content": parts}
    if calls:
        said = {**said, "tool_calls": [render_call(without(call, OF_CALLS, dropped)) for call in calls]}
    return fitting(said, "tool_call_id") if "tool_call_id" in said else said


def render_call(call: Json) -> Json:
    """A call of a function that takes nothing says so in JSON."""
    function = call.get("function")
    if isinstance(function, dict) and function.get("arguments") == "":
        call = {**call, "function": {**function, "arguments": "{}"}}
    return fitting(call, "id")


def fitting(carrier: Json, member: str) -> Json:
    """The call or result with an id that is short enough, the same in both."""
    called = carrier.get(member)
    return {**carrier, member: made_up_id(called)} if type(called) is str and len(called) > LONGEST_ID else carrier


def see_text(content: list[Json], path: str) -> None:
    """Only a user shows anything: OpenAI refuses it in a prompt of the system's, and leaving it out asks another question."""
    for index, part in enumerate(content):
        if part.get("type") in SHOWN:
            raise unsayable(f"{path}.content[{index}]", "is no text, and only a user's message may hold such a part")


def render_part(part: Json, path: str, dropped: list[str]) -> Json:
    part = without(part, OF_PARTS, dropped)
    if part.get("type") == "file":
        return render_file(part, path)
    if (
        part.get("type") == "image_url"
        and isinstance(part.get("image_url"), dict)
        and "media_type" in part["image_url"]
    ):
        image = {name: value for name, value in part["image_url"].items() if name != "media_type"}
        return {**part, "image_url": image}
    if not is_short_image(part):
        return part
    image = {"url": url_of(part["source"], f"{path}.source")}
    if part.get("detail") is not None:
        image["detail"] = part["detail"]
    return {"type": "image_url", "image_url": image}


def render_file(part: Json, path: str) -> Json:
    """A file is given whole or by its id: OpenAI fetches none for a chat."""
    file = part.get("file")
    if not isinstance(file, dict):
        return part
    if file.get("file_url") is not None:
        raise unsayable(f"{path}.file.file_url", "is an address, and a file must be given by value or id here")
    see_file_id(file.get("file_id"), f"{path}.file.file_id")
    return {**part, "file": {name: value for name, value in file.items() if name != "media_type"}}


def see_file_id(called: Any, path: str) -> None:
    """Other providers' ids are addresses in a store of theirs (`gs://...`)."""
    if isinstance(called, str) and "://" in called:
        raise unsayable(path, "is an address, and no id of a file that lies with OpenAI")


def url_of(source: Json, path: str) -> str:
    """The URL of an image's source; base64 becomes a data: URL (RFC 2397)."""
    if source.get("type") == "url" and isinstance(source.get("url"), str):
        return str(source["url"])
    if (
        source.get("type") == "base64"
        and isinstance(source.get("media_type"), str)
        and isinstance(source.get("data"), str)
    ):
        return f"data:{source['media_type']};base64,{source['data']}"
    raise unsayable(path, "is neither a url nor base64 with a media_type")


def is_short_image(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "image" and isinstance(part.get("source"), dict)


def without(mapping: Json, names: Mapping[str, str], dropped: list[str]) -> Json:
    """`mapping` without the members that stand here. Those that say something are noted by their name here, if they have one;
    null, false and empty ones say nothing.
    """
    present = names.keys() & mapping.keys()
    if "extra_content" in mapping:
        present.add("extra_content")
        note_signature(mapping, dropped)
    if not present:
        return mapping
    dropped += [noted for name, noted in names.items() if noted and mapping.get(name)]
    return {name: value for name, value in mapping.items() if name not in present}
