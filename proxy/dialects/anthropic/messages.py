"""Unified messages as Anthropic's `system` and `messages`.

System and developer messages are gathered in front, tool messages become `tool_result` blocks of a user turn,
neighbours of one role become one turn. Thinking blocks go back byte for byte and first, as
https://platform.claude.com/docs/en/build-with-claude/thinking asks. Whatever Anthropic would refuse later because
this translation could not say it is refused here, by its path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from proxy.call import Json
from proxy.dialects.anthropic.blocks import render_part
from proxy.dialects.anthropic.weave import insert, is_anthropics, is_citation, listed, read_inserts, weave
from proxy.dialects.ids import note_signature, plain_id
from proxy.dialects.parts import parse_arguments
from proxy.dialects.shape import asked, chosen, unsayable, wrong

#: Members of a message that Anthropic has no word for.
UNSAID = ("name", "audio", "function_call")
#: Blocks that a system prompt cannot hold.
MEDIA = frozenset({"image", "document"})
TOOL_USE_EXTRAS = ("cache_control", "caller", "toolset_name")
TOOL_RESULT_EXTRAS = ("is_error", "cache_control", "toolset_name")


class Transcript:
    """The turns so far, the gathered system prompt, and the names of what could not be said."""

    __slots__ = ("_results", "dropped", "system", "turns")

    def __init__(self) -> None:
        self.system: list[Json | str] = []
        self.turns: list[Json] = []
        self.dropped: list[str] = []
        self._results = 0

    def add(self, role: str, content: list[Json] | str) -> None:
        """One turn; after another of the same role it is joined to it, for turns must alternate."""
        if not content and role == "assistant":
            return
        if not self.turns or self.turns[-1]["role"] != role:
            self.turns.append({"role": role, "content": content})
            self._results = 0
            return
        last = self.turns[-1]
        last["content"] = [*as_blocks(last["content"]), *as_blocks(content)]

    def add_result(self, block: Json) -> None:
        """A tool's result stands before anything else that the user says after the calls, or Anthropic refuses it."""
        if not self.turns or self.turns[-1]["role"] != "user":
            self.add("user", [])
        last = self.turns[-1]
        last["content"] = as_blocks(last["content"])
        last["content"].insert(self._results, block)
        self._results += 1

    def system_prompt(self) -> list[Json] | str | None:
        if len(self.system) == 1 and isinstance(self.system[0], str):
            return self.system[0]
        return [block for content in self.system for block in as_blocks(content)] or None


def as_blocks(content: list[Json] | Json | str) -> list[Json]:
    """Content as a list of new blocks. Anthropic refuses empty text beside other blocks, so it is left out."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return content if isinstance(content, list) else [content]


def render_messages(unified: Json) -> Transcript:
    """Every message of a unified request. Failure("invalid_request") names the part that is wrong."""
    transcript = Transcript()
    if unified.get("system") is not None:
        say_system(transcript, {"content": unified["system"]}, "system")
    for index, message in enumerate(asked(unified.get("messages"), list, "messages")):
        if type(message) is dict and len(message) == 2 and type(words := message.get("content")) is str:
            # Most messages are a role and a string of words.
            role = message.get("role")
            if role in ("user", "assistant"):
                transcript.add(role, words)
                continue
            if role in ("system", "developer"):
                transcript.system.append(words)
                continue
        path = f"messages[{index}]"
        role = asked(asked(message, dict, path).get("role"), str, f"{path}.role")
        render = RENDERERS.get(role)
        if render is None:
            raise wrong(f"{path}.role", f"must be one of {', '.join(RENDERERS)}")
        note_unsaid(transcript.dropped, message)
        render(transcript, message, path)
    return transcript


def note_unsaid(dropped: list[str], message: Json) -> None:
    dropped += [f"messages.{name}" for name in UNSAID if message.get(name) is not None]
    note_signature(message, dropped)
    if any(not is_anthropics(entry) for entry in listed(message.get("provider_blocks"))):
        dropped.append("messages.provider_blocks")
    if any(not is_citation(note) for note in listed(message.get("annotations"))):
        dropped.append("messages.annotations")


def render_system(transcript: Transcript, message: Json, path: str) -> None:
    say_system(transcript, message, f"{path}.content")


def say_system(transcript: Transcript, message: Json, path: str) -> None:
    """Failure("unsupported_capability") for an image or a document: a system prompt is text."""
    content = render_content(message, path, transcript.dropped)
    if isinstance(content, str):
        transcript.system.append(content)
        return
    for block in content:
        if block["type"] in MEDIA:
            raise unsayable(path, f"must be text: Anthropic takes no {block['type']} there")
    transcript.system += content


def render_user(transcript: Transcript, message: Json, path: str) -> None:
    transcript.add("user", render_content(message, f"{path}.content", transcript.dropped))


def render_assistant(transcript: Transcript, message: Json, path: str) -> None:
    thinking = render_thinking_blocks(message, path, transcript.dropped)
    content = render_content(unmarked(message), f"{path}.content", transcript.dropped)
    calls = render_tool_calls(message, path, transcript.dropped)
    marker = message.get("cache_control")
    if isinstance(content, str) and not (thinking or calls or marker):
        transcript.add("assistant", content)
    else:
        transcript.add("assistant", [*thinking, *marked([*as_blocks(content), *calls], marker)])


def render_tool(transcript: Transcript, message: Json, path: str) -> None:
    result: Json = {
        "type": "tool_result",
        "tool_use_id": plain_id(asked(message.get("tool_call_id"), str, f"{path}.tool_call_id")),
    }
    if isinstance(message.get("content"), dict):
        content: list[Json] | str = orjson.dumps(message["content"]).decode()
    else:
        content = render_content(unmarked(message), f"{path}.content", transcript.dropped)
    if content:
        result["content"] = content
    transcript.add_result({**result, **chosen(message, TOOL_RESULT_EXTRAS)})


RENDERERS: Mapping[str, Callable[[Transcript, Json, str], None]] = {
    "system": render_system,
    "developer": render_system,
    "user": render_user,
    "assistant": render_assistant,
    "tool": render_tool,
}


def render_content(message: Json, path: str, dropped: list[str]) -> list[Json] | str:
    """A message's content: a plain string stays one, unless a marker or a block of the provider's own belongs to it."""
    content = message.get("content")
    if content is None:
        content = message.get("refusal") or ""
    own, marker = message.get("provider_blocks"), message.get("cache_control")
    if isinstance(content, str):
        if not marker and not read_inserts(own) and not any(map(is_citation, listed(message.get("annotations")))):
            return content
        blocks = weave(content, message.get("annotations"), own)
    else:
        parts = asked(content, list, path)
        blocks = insert([render_part(part, f"{path}[{at}]", dropped) for at, part in enumerate(parts)], own)
        blocks = [block for block in blocks if not is_blank(block, dropped)]
    return marked(blocks, marker)


def is_blank(block: Json, dropped: list[str]) -> bool:
    """Whether it is text that says nothing, which Anthropic refuses; it could not be marked either."""
    if block["type"] != "text" or not isinstance(block.get("text"), str) or block["text"].strip():
        return False
    if block.get("cache_control"):
        dropped.append("messages.cache_control")
    return True


def marked(blocks: list[Json], marker: Any) -> list[Json]:
    """A cache marker of the whole message stands on its last block."""
    return [*blocks[:-1], {**blocks[-1], "cache_control": marker}] if marker and blocks else blocks


def unmarked(message: Json) -> Json:
    return {**message, "cache_control": None}


def render_thinking_blocks(message: Json, path: str, dropped: list[str]) -> list[Json]:
    """Anthropic's own blocks as they were.

    Thoughts that it did not sign it would refuse: they are left out and named.
    """
    blocks = message.get("thinking_blocks")
    if blocks is None:
        if message.get("reasoning_content"):
            dropped.append("messages.reasoning_content")
        return []
    signed = [block for block in asked(blocks, list, f"{path}.thinking_blocks") if is_signed(block)]
    if len(signed) < len(blocks):
        dropped.append("messages.thinking_blocks")
    return signed


def is_signed(block: Any) -> bool:
    if not isinstance(block, dict):
        return False
    seal = {"thinking": "signature", "redacted_thinking": "data"}.get(str(block.get("type")))
    return seal is not None and isinstance(block.get(seal), str) and block[seal] != ""


def render_tool_calls(message: Json, path: str, dropped: list[str]) -> list[Json]:
    calls = message.get("tool_calls")
    return [
        render_tool_call(call, f"{path}.tool_calls[{index}]", dropped)
        for index, call in enumerate([] if calls is None else asked(calls, list, f"{path}.tool_calls"))
    ]


def render_tool_call(call: Any, path: str, dropped: list[str]) -> Json:
    function = asked(asked(call, dict, path).get("function"), dict, f"{path}.function")
    note_signature(call, dropped)
    arguments = parse_arguments(function.get("arguments"))
    if arguments is None:
        raise wrong(f"{path}.function.arguments", "must be the JSON text of an object")
    return {
        "type": "tool_use",
        "id": plain_id(asked(call.get("id"), str, f"{path}.id")),
        "name": asked(function.get("name"), str, f"{path}.function.name"),
        "input": arguments,
        **chosen(call, TOOL_USE_EXTRAS),
    }
