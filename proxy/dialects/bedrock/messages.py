"""Unified messages as Converse's `system` and `messages`.

System and developer messages are gathered in front, tool messages become `toolResult` blocks of a user turn, neighbours
of one role become one turn. Blank text is left out, for Converse refuses it. Signed thoughts go back as they were,
first in their turn; a cache marker becomes a `cachePoint` after its block. Source:
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from proxy.call import Json
from proxy.dialects.bedrock.blocks import is_told
from proxy.dialects.bedrock.citations import citation_of, read_inserts, weave
from proxy.dialects.bedrock.fields import NAME
from proxy.dialects.bedrock.media import RENDERERS as MEDIA
from proxy.dialects.bedrock.media import Names
from proxy.dialects.bedrock.models import Known
from proxy.dialects.bedrock.thoughts import render_thoughts
from proxy.dialects.parts import parse_arguments
from proxy.dialects.shape import asked, unsayable, wrong

#: Members of a message that Converse has no word for.
UNSAID = ("name", "audio", "function_call")
IN_SYSTEM = ("text", "guardContent", "cachePoint")
TTLS = ("5m", "1h")


class Transcript:
    """The turns so far, the gathered system prompt, and the names of what could not be said."""

    __slots__ = ("_names", "_results", "dropped", "known", "only_texts", "system", "turns")

    def __init__(self, known: Known) -> None:
        self.known = known
        self.system: list[Json] = []
        self.turns: list[Json] = []
        self.dropped: list[str] = []
        self.only_texts = True
        self._names: Names | None = None
        self._results = 0

    @property
    def names(self) -> Names:
        """Few requests have documents to be named."""
        if self._names is None:
            self._names = Names()
        return self._names

    def add(self, role: str, blocks: list[Json]) -> None:
        """One turn; after another of the same role it is joined to it, for turns must alternate."""
        if not blocks:
            return
        if self.turns and self.turns[-1]["role"] == role:
            self.turns[-1]["content"] += blocks
        else:
            self.turns.append({"role": role, "content": blocks})
            self._results = 0

    def add_result(self, blocks: list[Json]) -> None:
        """A tool's result, and what marks it, stands before anything else that the user says after the calls."""
        if not self.turns or self.turns[-1]["role"] != "user":
            self.add("user", blocks)
        else:
            self.turns[-1]["content"][self._results : self._results] = blocks
        self._results += len(blocks)

    def cache_point(self, marker: Any, where: str = "messages") -> list[Json]:
        """What follows a block that ends what is to be cached."""
        if not marker:
            return []
        if where not in self.known.cache:
            self.dropped.append(f"{where}.cache_control")
            return []
        ttl = marker.get("ttl") if isinstance(marker, dict) else None
        return [{"cachePoint": {"type": "default", **({"ttl": ttl} if ttl in TTLS else {})}}]


def render_messages(unified: Json, known: Known) -> Transcript:
    """Every message of a unified request. Failure("invalid_request") names the part that is wrong.

    A message that is nothing but its role and a text, not a blank one, is one block; any other has its own renderer.
    """
    transcript = Transcript(known)
    if unified.get("system") is not None:
        say_system(transcript, {"content": unified["system"]}, "system")
    messages = unified.get("messages")
    for index, message in enumerate(messages if type(messages) is list else asked(messages, list, "messages")):
        text = message.get("content") if type(message) is dict and len(message) == 2 else None
        plain = type(text) is str and text.strip()
        if plain and message.get("role") in SPEAKERS:
            transcript.add(message["role"], [{"text": text}])
        elif plain and message.get("role") in INSTRUCTORS:
            transcript.system.append({"text": text})
        else:
            transcript.only_texts = False
            render_message(transcript, message, f"messages[{index}]")
    marker = unified.get("cache_control")
    if marker and transcript.turns:
        transcript.turns[-1]["content"] += transcript.cache_point(marker)
    return transcript


def render_message(transcript: Transcript, message: Any, path: str) -> None:
    role = asked(asked(message, dict, path).get("role"), str, f"{path}.role")
    render = RENDERERS.get(role)
    if render is None:
        raise wrong(f"{path}.role", f"must be one of {', '.join(RENDERERS)}")
    if len(message) > 2:
        note_unsaid(transcript, message)
    render(transcript, message, path)


def note_unsaid(transcript: Transcript, message: Json) -> None:
    dropped = transcript.dropped
    dropped += [f"messages.{name}" for name in UNSAID if message.get(name) is not None]
    own, notes = message.get("provider_blocks"), message.get("annotations")
    if isinstance(own, list) and len(read_inserts(own)) < len(own):
        dropped.append("messages.provider_blocks")
    if isinstance(notes, list) and len(own_notes(notes)) < len(notes):
        dropped.append("messages.annotations")


def own_notes(notes: Any) -> list[Json]:
    """Another provider's citations would not be understood."""
    if not isinstance(notes, list):
        return []
    return [note for note in notes if isinstance(note, dict) and note.get("dialect") == NAME and citation_of(note)]


def render_system(transcript: Transcript, message: Json, path: str) -> None:
    say_system(transcript, message, f"{path}.content")


def say_system(transcript: Transcript, message: Json, path: str) -> None:
    """Failure("unsupported_capability") for what is neither text nor something for the guardrail."""
    blocks = render_content(transcript, message, path) + transcript.cache_point(message.get("cache_control"))
    for block in blocks:
        if block.keys().isdisjoint(IN_SYSTEM):
            raise unsayable(path, f"must be text: Bedrock takes no {next(iter(block), 'other block')} there")
    transcript.system += blocks


def render_user(transcript: Transcript, message: Json, path: str) -> None:
    blocks = render_content(transcript, message, f"{path}.content")
    if not blocks:
        raise wrong(f"{path}.content", "is blank: Bedrock wants something said")
    transcript.add("user", blocks + transcript.cache_point(message.get("cache_control")))


def render_assistant(transcript: Transcript, message: Json, path: str) -> None:
    blocks = render_thoughts(message, f"{path}.thinking_blocks", transcript.dropped) if len(message) > 2 else []
    blocks = blocks + render_content(transcript, message, f"{path}.content")
    calls = message.get("tool_calls")
    for index, call in enumerate([] if calls is None else asked(calls, list, f"{path}.tool_calls")):
        blocks.append(render_tool_call(transcript, call, f"{path}.tool_calls[{index}]"))
        blocks += transcript.cache_point(call.get("cache_control"))
    transcript.add("assistant", blocks + transcript.cache_point(blocks and message.get("cache_control")))


def render_tool_call(transcript: Transcript, call: Any, path: str) -> Json:
    function = asked(asked(call, dict, path).get("function"), dict, f"{path}.function")
    arguments = parse_arguments(function.get("arguments"))
    if arguments is None:
        raise wrong(f"{path}.function.arguments", "must be the JSON text of an object")
    if call.get("extra_content") is not None:
        transcript.dropped.append("messages.thought_signature")
    name = asked(function.get("name"), str, f"{path}.function.name")
    return {"toolUse": {"toolUseId": asked(call.get("id"), str, f"{path}.id"), "name": name, "input": arguments}}


def render_tool(transcript: Transcript, message: Json, path: str) -> None:
    """A result may be empty; an object goes as JSON."""
    content = message.get("content")
    if isinstance(content, dict):
        blocks: list[Json] = [{"json": content}]
    else:
        blocks = render_content(transcript, message, f"{path}.content") or [*transcript.known.family.nothing]
        for block in blocks:
            if "cachePoint" in block or "audio" in block:
                raise wrong(f"{path}.content", f"a tool's result cannot hold a {next(iter(block))}")
    result = {"toolUseId": asked(message.get("tool_call_id"), str, f"{path}.tool_call_id"), "content": blocks}
    failed = message.get("is_error")
    if failed is not None and transcript.known.family.status:
        result["status"] = "error" if failed else "success"
    elif failed:
        transcript.dropped.append("messages.tool.is_error")
    transcript.add_result([{"toolResult": result}, *transcript.cache_point(message.get("cache_control"))])


RENDERERS: Mapping[str, Callable[[Transcript, Json, str], None]] = {
    "system": render_system,
    "developer": render_system,
    "user": render_user,
    "assistant": render_assistant,
    "tool": render_tool,
}
#: Tuples, for what stands in a request's `role` need not be hashable.
SPEAKERS = ("user", "assistant")
INSTRUCTORS = ("system", "developer")


def render_content(transcript: Transcript, message: Json, path: str) -> list[Json]:
    content = message.get("content")
    if content is None:
        content = message.get("refusal") or ""
    if isinstance(content, str):
        return weave(content, own_notes(message.get("annotations")), message.get("provider_blocks"))
    parts = asked(content, list, path)
    inserts: dict[int, list[Json]] = {}
    for place, block in read_inserts(message.get("provider_blocks")):
        inserts.setdefault(min(place, len(parts)), []).append(block)
    blocks: list[Json] = []
    for at, part in enumerate(parts):
        own = inserts.get(at, [])
        told = bool(own) and is_told(asked(part, dict, f"{path}[{at}]"), own, f"{path}[{at}]")
        blocks += own + render_part(transcript, part, f"{path}[{at}]", told)
    return blocks + inserts.get(len(parts), [])


def render_part(transcript: Transcript, part: Any, path: str, told: bool = False) -> list[Json]:
    """A unified part as a block, and the cache point after it. Failure names what is wrong or what Converse cannot take.

    `told`: the block stands there already, in Bedrock's own words.
    """
    kind = asked(asked(part, dict, path).get("type"), str, f"{path}.type")
    if told:
        said: list[Json] = []
    elif kind in WORDS:
        words = asked(part.get(kind), str, f"{path}.{kind}")
        said = [{"text": words}] if words.strip() else []
    elif kind in MEDIA:
        said = [MEDIA[kind](part, path, transcript.dropped, transcript.names)]
    else:
        raise wrong(f"{path}.type", f"{kind!r} is not a known part; known are {', '.join([*WORDS, *MEDIA])}")
    if part.get("extra_content") is not None:
        transcript.dropped.append("messages.thought_signature")
    return said + transcript.cache_point(part.get("cache_control"))


WORDS = ("text", "refusal")
