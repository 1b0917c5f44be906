"""Unified messages as Google's `systemInstruction` and `contents`.

System and developer messages are gathered in front. Results of tools are a content of their own, right behind the calls they
answer and in their order, as Google wants them; neighbours of one kind become one content. What Google would refuse later
because this translation could not say it is refused here, by its path. Source: https://ai.google.dev/api/caching#Content.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any

from proxy.call import Json
from proxy.dialects.gemini.calls import excuse, render_calls, render_result
from proxy.dialects.gemini.models import Model
from proxy.dialects.gemini.parts import MEDIA, render_address, render_part
from proxy.dialects.gemini.weave import insert, weave
from proxy.dialects.ids import signature_of
from proxy.dialects.parts import image_url_of
from proxy.dialects.shape import asked, unsayable, wrong

#: Members of a message that Google has no word for, and unsigned or foreign thoughts, which it would not take.
UNSAID = ("name", "audio", "function_call", "annotations", "reasoning_content", "thinking_blocks", "cache_control")


class Transcript:
    """The contents so far, the gathered instruction, and the names of what could not be said, or only otherwise.

    `calls` are (place among all calls, name) by id; `results`, with the places of their calls, wait for the last of them.
    """

    __slots__ = ("called", "calls", "contents", "dropped", "kind", "model", "results", "system", "translated")

    def __init__(self, model: Model) -> None:
        self.model = model
        self.contents: list[Json] = []
        self.system: list[Json] = []
        self.called = 0
        self.calls: dict[str, tuple[int, str]] = {}
        self.results: list[tuple[int, list[Json]]] = []
        self.dropped: list[str] = []
        self.translated: list[str] = []
        self.kind = ""

    def add(self, kind: str, role: str, parts: list[Json]) -> None:
        """Parts of a turn; behind another of the same kind they join it."""
        if not parts:
            return
        if self.results:
            self.settle()
        if kind == self.kind:
            self.contents[-1]["parts"] += parts
        else:
            self.contents.append({"role": role, "parts": parts})
            self.kind = kind

    def note(self, called: str, name: str) -> None:
        self.calls[called] = self.called, name
        self.called += 1

    def settle(self) -> None:
        """The results that have come, in the order of their calls: Google tells those without ids apart by nothing else."""
        results, self.results = sorted(self.results, key=itemgetter(0)), []
        self.add("tool", "user", [part for _, parts in results for part in parts])


def render_messages(unified: Json, model: Model) -> Transcript:
    """Every message of a unified request. Failure("invalid_request") names the part that is wrong."""
    transcript = Transcript(model)
    if unified.get("system") is not None:
        transcript.system += render_instruction({"content": unified["system"]}, "system", transcript.dropped)
    messages = unified.get("messages")
    for index, message in enumerate(messages if type(messages) is list else asked(messages, list, "messages")):
        if type(message) is dict and len(message) == 2 and type(words := message.get("content")) is str and words:
            # Most messages are a role and a string of words.
            role = message.get("role")
            if role in ("user", "assistant"):
                transcript.add(role, "user" if role == "user" else "model", [{"text": words}])
                continue
            if role in ("system", "developer"):
                transcript.system.append({"text": words})
                continue
        render_message(transcript, message, f"messages[{index}]")
    if transcript.results:
        transcript.settle()
    if not transcript.contents:
        raise wrong("messages", "must hold something to answer: Google takes no request of instructions only")
    return transcript


def render_message(transcript: Transcript, message: Any, path: str) -> None:
    role = asked(asked(message, dict, path).get("role"), str, f"{path}.role")
    render = RENDERERS.get(role)
    if render is None:
        raise wrong(f"{path}.role", f"must be one of {', '.join(RENDERERS)}")
    if len(message) > 2:
        transcript.dropped += [f"messages.{name}" for name in UNSAID if message.get(name)]
    render(transcript, message, path)


def render_system(transcript: Transcript, message: Json, path: str) -> None:
    transcript.system += render_instruction(message, f"{path}.content", transcript.dropped)


def render_instruction(message: Json, path: str, dropped: list[str]) -> list[Json]:
    """Google takes instructions in words only."""
    content = message.get("content")
    for at, part in enumerate(content if isinstance(content, list) else ()):
        kind = part.get("type") if isinstance(part, dict) else None
        if isinstance(kind, str) and kind in MEDIA:
            raise unsayable(f"{path}[{at}]", f"is of the type {kind}: Google takes instructions in words only")
    return render_content(message, path, dropped)


def render_user(transcript: Transcript, message: Json, path: str) -> None:
    transcript.add("user", "user", render_content(message, f"{path}.content", transcript.dropped))


def render_assistant(transcript: Transcript, message: Json, path: str) -> None:
    """Words, pictures, then calls."""
    parts = render_content(message, f"{path}.content", transcript.dropped)
    calls = render_calls(message, path)
    if transcript.model.wants_signatures and excuse(calls):
        transcript.translated.append("messages.thought_signature")
    for call in message.get("tool_calls") or ():
        transcript.note(call["id"], call["function"]["name"])
    calls = insert(calls, own_parts(message)[0], "calls")
    transcript.add("assistant", "model", [*parts, *render_images(message, path), *calls])


def render_images(message: Json, path: str) -> list[Json]:
    images = asked(message.get("images") or [], list, f"{path}.images")
    return [
        render_address(
            image_url_of(asked(image, dict, f"{path}.images[{at}]"), f"{path}.images[{at}]"), f"{path}.images[{at}]"
        )
        for at, image in enumerate(images)
    ]


def render_tool(transcript: Transcript, message: Json, path: str) -> None:
    called = asked(message.get("tool_call_id"), str, f"{path}.tool_call_id")
    place, name = transcript.calls.get(called, (transcript.called, message.get("name")))
    if not isinstance(name, str):
        raise wrong(f"{path}.tool_call_id", "answers no call of an assistant message before it")
    said = render_result(message, name, path, transcript.model.media_in_results, transcript.dropped)
    transcript.results.append((place, said))


RENDERERS: Mapping[str, Callable[[Transcript, Json, str], None]] = {
    "system": render_system,
    "developer": render_system,
    "user": render_user,
    "assistant": render_assistant,
    "tool": render_tool,
}


def render_content(message: Json, path: str, dropped: list[str]) -> list[Json]:
    """The parts of a message's content, with Google's own parts back in their places and the message's signature on its text.

    Empty words are none, unless they are signed: Google refuses them.
    """
    content = message.get("content")
    if content is None:
        content = message.get("refusal") or ""
    own, foreign = own_parts(message)
    dropped += foreign
    if isinstance(content, str):
        parts = weave(asked(content, str, path), own)
        signature = signature_of(message)
        parts = parts if signature is None else sign(parts, signature)
    else:
        listed = asked(content, list, path)
        parts = insert([render_part(part, f"{path}[{at}]", dropped) for at, part in enumerate(listed)], own)
    return [part for part in parts if part.get("text") != "" or "thoughtSignature" in part]


def sign(parts: list[Json], signature: str) -> list[Json]:
    """The signature of a text goes back on its last piece; where there is no text, on an empty one."""
    for at in reversed(range(len(parts))):
        if parts[at].keys() == {"text"}:
            return [*parts[:at], {**parts[at], "thoughtSignature": signature}, *parts[at + 1 :]]
    return [*parts, {"text": "", "thoughtSignature": signature}]


def own_parts(message: Json) -> tuple[list[Any], list[str]]:
    """Google's own parts of a message, and the name of those of others, if there are any."""
    blocks = message.get("provider_blocks")
    if not isinstance(blocks, list):
        return [], []
    own = [entry for entry in blocks if isinstance(entry, dict) and entry.get("dialect") == "gemini"]
    return own, ["messages.provider_blocks"] if len(own) < len(blocks) else []
