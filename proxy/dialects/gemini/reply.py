"""A generateContent reply as a unified reply, and back.

Source: https://ai.google.dev/api/generate-content#GenerateContentResponse. Candidates, their content and its parts may each be
missing; a prompt that was not let through has no candidate at all. `created` is 0, for there is no clock here.
"""

from __future__ import annotations

from typing import Any

from proxy.call import Json
from proxy.dialects.gemini.candidate import Candidate
from proxy.dialects.gemini.errors import failure_of
from proxy.dialects.gemini.finish import FINISH_REASONS, blocked
from proxy.dialects.gemini.logprobs import parse_logprobs
from proxy.dialects.gemini.usage import parse_usage
from proxy.dialects.ids import signature_of, signed
from proxy.dialects.openai.usage import render_usage
from proxy.dialects.shape import answered, broken, some

#: Members of a reply without a unified word; they keep their name.
EXTRAS = ("promptFeedback", "createTime", "modelStatus")
#: Members of a candidate that says nothing of itself but how it ended.
BARE = frozenset({"content", "finishReason", "index"})
TEXTS = ("content", "reasoning_content")
LISTS = ("tool_calls", "images", "provider_blocks", "annotations")


class Content:
    """The deltas of a candidate put together. `signatures`: (characters before its end, signature) of each signed text."""

    __slots__ = ("lists", "signatures", "texts")

    def __init__(self) -> None:
        self.texts: dict[str, list[str]] = {}
        self.lists: dict[str, list[Json]] = {}
        self.signatures: list[tuple[int, str]] = []

    def add(self, delta: Json, length: int) -> None:
        for name in TEXTS:
            if name in delta:
                self.texts.setdefault(name, []).append(delta[name])
        for name in LISTS:
            if name in delta:
                self.lists.setdefault(name, []).extend(delta[name])
        signature = signature_of(delta)
        if signature is not None:
            self.signatures.append((length, signature))

    def message(self) -> Json:
        """The last signature stands in the open; earlier ones on empty parts of Google's own, where they stood."""
        for length, signature in self.signatures[:-1]:
            block = {"text": "", "thoughtSignature": signature}
            self.lists.setdefault("provider_blocks", []).append({"at": length, "block": block, "dialect": "gemini"})
        for call in self.lists.get("tool_calls", ()):
            del call["index"]
        said: Json = {"role": "assistant", "content": None, "refusal": None}
        said |= {name: "".join(pieces) for name, pieces in self.texts.items()}
        return said | self.lists | (signed(self.signatures[-1][1]) if self.signatures else {})


def parse_reply(wire: Json) -> Json:
    """generateContent reply -> unified reply. Failure for an error inside a 200, or for anything that is no reply."""
    if not isinstance(wire, dict):
        raise broken("the reply is not an object")
    if wire.get("error"):
        raise failure_of(wire["error"])
    called, model = wire.get("responseId"), wire.get("modelVersion")
    unified: Json = {
        "id": called if type(called) is str else "",
        "created": 0,
        "model": model if type(model) is str else "",
    }
    for name in EXTRAS:
        if name in wire:
            unified[name] = wire[name]
    unified["object"] = "chat.completion"
    unified["choices"] = parse_choices(wire)
    if (usage := parse_usage(wire)) is not None:
        unified["usage"] = render_usage(usage)
    return unified


def parse_choices(wire: Json) -> list[Json]:
    candidates = wire.get("candidates")
    if not candidates or type(candidates) is not list:
        candidates = some(wire, "candidates")
    if not candidates:
        return [unanswered(wire)]
    choices = []
    for place, candidate in enumerate(candidates):
        choices.append(parse_text(candidate, place) or parse_candidate(candidate, place, wire))
    return choices


def unanswered(wire: Json) -> Json:
    """The choice of a prompt that was not let through."""
    block = blocked(wire.get("promptFeedback"))
    if block is None:
        raise broken("the reply has no candidates and no reason for it")
    reason, words = block
    message = {"role": "assistant", "content": None, "refusal": words}
    return {"index": 0, "message": message, "finish_reason": "content_filter", "native_finish_reason": reason}


def parse_text(wire: Any, place: int) -> Json | None:
    """The choice of a candidate that is nothing but one text, and how it ended, as most are; None for any other."""
    content = wire.get("content") if type(wire) is dict and wire.keys() <= BARE else None
    parts = content.get("parts") if type(content) is dict else None
    part = parts[0] if type(parts) is list and len(parts) == 1 else None
    words = part.get("text") if type(part) is dict and len(part) == 1 else None
    reason = wire.get("finishReason") if words and type(words) is str else None
    if type(reason) is not str or reason not in FINISH_REASONS:
        return None
    index = wire.get("index")
    return {
        "index": index if type(index) is int and index >= 0 else place,
        "message": {"role": "assistant", "content": words, "refusal": None},
        "finish_reason": FINISH_REASONS[reason],
        "native_finish_reason": reason,
    }


def parse_candidate(wire: Any, place: int, reply: Json) -> Json:
    wire = answered(wire, dict, "a candidate")
    candidate = Candidate(index_of(wire, place), str(reply.get("responseId") or ""))
    content = Content()
    for part in parts_of(wire):
        content.add(candidate.take(part), candidate.ruler.length)
    candidate.note(wire)
    delta, ended = candidate.finish()
    if not ended["finish_reason"]:
        raise broken("a candidate does not say how it ended")
    choice = {"index": candidate.index, "message": content.message() | delta, **ended}
    logprobs = parse_logprobs(wire.get("logprobsResult"))
    return choice if logprobs is None else {**choice, "logprobs": logprobs}


def index_of(candidate: Json, place: int) -> int:
    index = candidate.get("index")
    return index if type(index) is int and index >= 0 else place


def parts_of(candidate: Json) -> list[Any]:
    content = answered(candidate.get("content") or {}, dict, "content")
    return some(content, "parts")
