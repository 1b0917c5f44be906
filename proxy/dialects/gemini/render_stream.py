"""Unified chunks as a streamGenerateContent stream: each a reply of its own with the next parts in it.

A call is said whole, when its candidate has finished: Google's form has no pieces of arguments that its SDKs put together.
The end waits for the token counts that go with it. Said as server-sent events, or as the elements of one array. Source:
https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from proxy.call import Json, Usage
from proxy.dialects import SayText
from proxy.dialects.chunks import say_between
from proxy.dialects.gemini.finish import blocked, reason_of
from proxy.dialects.gemini.grounding import grounding_of
from proxy.dialects.gemini.logprobs import render_logprobs
from proxy.dialects.gemini.messages import own_parts
from proxy.dialects.gemini.render import calls_of, image_of, is_cut, named, packed
from proxy.dialects.gemini.reply import EXTRAS
from proxy.dialects.gemini.usage import render_usage
from proxy.dialects.gemini.weave import insert
from proxy.dialects.ids import signature_of
from proxy.dialects.openai.usage import parse_usage
from proxy.dialects.shape import answered, broken, chosen, some

#: Members of a delta of which something is said with the end.
LATER = frozenset({"tool_calls", "annotations", "provider_blocks"})
#: Members of a chunk that are said with the end as they are.
NAMED = frozenset(EXTRAS)
#: What an event of text begins with, as `_event` would say it.
TEXT = b'{"candidates":[{"content":{"parts":[{"text":'


class Pending:
    """What of one candidate cannot be said before it has finished."""

    __slots__ = ("calls", "ended", "notes", "own")

    def __init__(self) -> None:
        self.calls: dict[int, tuple[Json, list[str]]] = {}
        self.notes: list[Any] = []
        self.own: list[Json] = []
        self.ended: Json | None = None

    def add_call(self, piece: Json) -> None:
        """A call's place is its `index`; the few providers that leave it out send one call whole in a chunk."""
        place = piece["index"] if type(piece.get("index")) is int else len(self.calls)
        call, words = self.calls.setdefault(place, ({"function": {}}, []))
        function = answered(piece.get("function") or {}, dict, "function")
        if function.get("arguments"):
            words.append(answered(function["arguments"], str, "a tool call's arguments"))
        call["function"] |= chosen(function, ("name",))
        call |= chosen(piece, ("id", "extra_content"))

    def whole_calls(self) -> list[Json]:
        ordered = (self.calls[place] for place in sorted(self.calls))
        calls = [{**call, "function": {**call["function"], "arguments": "".join(words)}} for call, words in ordered]
        return insert(calls_of(calls, is_cut(self.ended or {})), self.own, "calls")


class StreamRenderer:
    """Unified chunks in, server-sent events out. Failure when a chunk cannot be said, as a call that never got a name."""

    __slots__ = ("_blocked", "_extras", "_head", "_model", "_named", "_pending", "_reported", "_tail", "_usage")

    def __init__(self, request: Json, created: int) -> None:
        self._model = str(request.get("model") or "")
        self._named: tuple[Any, Any] = (None, None)
        self._name(None, None)
        self._pending: dict[int, Pending] = {}
        self._usage: Usage | None = None
        self._reported = self._blocked = False
        self._extras: Json = {}

    def feed(self, chunk: Json) -> bytes:
        named = chunk.get("model"), chunk.get("id")
        if named != self._named:
            self._name(*named)
        words = plain_text(chunk)
        if words is not None:
            return self._framed(TEXT + orjson.dumps(words) + self._tail)
        self._extras |= chosen(chunk, EXTRAS)
        self._blocked = self._blocked or blocked(chunk.get("promptFeedback")) is not None
        said = b"".join(self._choice(answered(choice, dict, "a choice")) for choice in some(chunk, "choices"))
        usage = parse_usage(chunk)
        if usage is not None:
            self._usage = usage if self._usage is None or usage.total >= self._usage.total else self._usage
            if self._finished():
                said += self._last()
        return said

    def text_lane(self, chunk: Json) -> SayText | None:
        return say_between(self.feed(chunk))

    def end(self) -> bytes:
        return b"" if self._reported else self._last()

    def _name(self, model: Any, called: Any) -> None:
        """What every event ends with: as a rule the same for all of them."""
        self._named = model, called
        self._head: Json = {"modelVersion": str(model or self._model), "responseId": str(called or "")}
        self._tail = b'}],"role":"model"},"index":0}],' + orjson.dumps(self._head)[1:]

    def _choice(self, choice: Json) -> bytes:
        delta = answered(choice.get("delta") or {}, dict, "a delta")
        index = choice["index"] if type(choice.get("index")) is int else 0
        parts = [part for name, say in PARTS.items() if delta.get(name) not in (None, "", []) for part in say(delta)]
        pending = self._pending.setdefault(index, Pending())
        if choice.get("finish_reason") or not LATER.isdisjoint(delta):
            self._keep(pending, choice, delta)
        logprobs = render_logprobs(choice.get("logprobs"))
        if self._blocked or (not parts and logprobs is None):
            return b""
        return self._event([{**candidate_of(parts, index), **named("logprobsResult", logprobs)}])

    def _keep(self, pending: Pending, choice: Json, delta: Json) -> None:
        for piece in some(delta, "tool_calls"):
            pending.add_call(answered(piece, dict, "a tool call"))
        pending.notes += some(delta, "annotations")
        pending.own += own_parts(delta)[0]
        if choice.get("finish_reason") and pending.ended is None:
            pending.ended = choice

    def _finished(self) -> bool:
        return bool(self._pending) and all(pending.ended is not None for pending in self._pending.values())

    def _last(self) -> bytes:
        """How every candidate ended, with its calls and the counts. Counts that come later have nothing to go with.

        A prompt that was not let through has no candidates, and what is said for it in their place are nobody's words.
        """
        if self._reported:
            return b""
        self._reported = True
        usage = {} if self._usage is None else {"usageMetadata": render_usage(self._usage)}
        pending = {} if self._blocked else self._pending or {0: Pending()}
        candidates = [self._ending(*each) for each in sorted(pending.items())]
        return self._event(candidates, {**usage, **self._extras})

    def _ending(self, index: int, pending: Pending) -> Json:
        ended = reason_of(pending.ended or {})
        if "groundingMetadata" not in ended:
            ended |= named("groundingMetadata", grounding_of(pending.notes, ""))
        return {**candidate_of(pending.whole_calls(), index), **ended}

    def _event(self, candidates: list[Json], more: Json | None = None) -> bytes:
        said = {"candidates": candidates} if candidates else {}
        try:
            return self._framed(orjson.dumps({**said, **(more or {}), **self._head}))
        except orjson.JSONEncodeError:
            raise broken("a chunk is nested too deeply") from None

    def _framed(self, data: bytes) -> bytes:
        return b"data: %b\r\n\r\n" % data


class ArrayRenderer(StreamRenderer):
    """The same as the elements of one array, each with what divides it from the one before."""

    __slots__ = ("_begun",)

    def __init__(self, request: Json, created: int) -> None:
        super().__init__(request, created)
        self._begun = False

    def feed(self, chunk: Json) -> bytes:
        """The first chunk opens the array, also where it says nothing, so that an error has something to stand behind."""
        said = super().feed(chunk)
        return said if said or self._begun or self._blocked or self._finished() else self._event([])

    def text_lane(self, chunk: Json) -> SayText | None:
        """Not for the first element, which has another mark before it."""
        return super().text_lane(chunk) if self._begun else None

    def end(self) -> bytes:
        return super().end() + b"\n]"

    def _framed(self, data: bytes) -> bytes:
        mark = b",\n" if self._begun else b"["
        self._begun = True
        return mark + data + b"\n"


def plain_text(chunk: Json) -> str | None:
    """The words of a chunk that is nothing but a piece of the first answer's text, as nearly every chunk is."""
    choices = chunk.get("choices")
    if type(choices) is not list or len(choices) != 1 or chunk.get("usage") or not NAMED.isdisjoint(chunk):
        return None
    choice = choices[0]
    if type(choice) is not dict or choice.get("index") != 0 or choice.get("finish_reason") or choice.get("logprobs"):
        return None
    delta = choice.get("delta")
    words = delta.get("content") if type(delta) is dict and len(delta) == 1 else None
    return words if type(words) is str and words else None


def candidate_of(parts: list[Json], index: int) -> Json:
    return {"content": {"parts": parts, "role": "model"}, "index": index}


def say_thoughts(delta: Json) -> list[Json]:
    return [{"text": answered(delta["reasoning_content"], str, "reasoning_content"), "thought": True}]


def say_blocks(delta: Json) -> list[Json]:
    return [packed(block) for block in some(delta, "thinking_blocks")]


def say_text(delta: Json) -> list[Json]:
    return [{"text": answered(delta["content"], str, "content")}]


def say_refusal(delta: Json) -> list[Json]:
    return [{"text": answered(delta["refusal"], str, "a refusal")}]


def say_signature(delta: Json) -> list[Json]:
    """On an empty part of its own, behind the text it signs, as Google streams it."""
    signature = signature_of(delta)
    return [] if signature is None else [{"text": "", "thoughtSignature": signature}]


def say_own(delta: Json) -> list[Json]:
    """What came behind a call waits for it."""
    return [
        entry["block"] for entry in own_parts(delta)[0] if isinstance(entry.get("block"), dict) and "calls" not in entry
    ]


def say_images(delta: Json) -> list[Json]:
    return [image_of(image) for image in some(delta, "images")]


#: Member of a delta -> its parts, in the order in which Google's own would come.
PARTS: Mapping[str, Callable[[Json], list[Json]]] = {
    "reasoning_content": say_thoughts,
    "thinking_blocks": say_blocks,
    "content": say_text,
    "refusal": say_refusal,
    "extra_content": say_signature,
    "provider_blocks": say_own,
    "images": say_images,
}
