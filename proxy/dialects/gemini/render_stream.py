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
from proxy.dialects.gemini.finish import reason_of
from proxy.dialects.gemini.grounding import grounding_of
from proxy.dialects.gemini.logprobs import render_logprobs
from proxy.dialects.gemini.messages import own_parts
from proxy.dialects.gemini.render import call_of, image_of, named, packed
from proxy.dialects.gemini.reply import EXTRAS
from proxy.dialects.gemini.usage import render_usage
from proxy.dialects.gemini.weave import insert
from proxy.dialects.ids import signature_of
from proxy.dialects.openai.reply import parse_usage
from proxy.dialects.shape import answered, chosen, some

#: Members of a delta of which something is said with the end.
LATER = frozenset({"tool_calls", "annotations", "provider_blocks"})


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
        calls = [
            call_of({**call, "function": {**call["function"], "arguments": "".join(words)}}) for call, words in ordered
        ]
        return insert(calls, self.own, "calls")


class StreamRenderer:
    """Unified chunks in, server-sent events out. Failure when a chunk cannot be said, as a call that never got a name."""

    __slots__ = ("_extras", "_head", "_model", "_pending", "_reported", "_usage")

    @property
    def stateless(self) -> bool:
        return True

    def __init__(self, request: Json, created: int) -> None:
        self._model = str(request.get("model") or "")
        self._head: Json = {"modelVersion": self._model, "responseId": ""}
        self._pending: dict[int, Pending] = {}
        self._usage: Usage | None = None
        self._reported = False
        self._extras: Json = {}

    def feed(self, chunk: Json) -> bytes:
        choices = some(chunk, "choices")
        self._head = {"modelVersion": str(chunk.get("model") or self._model), "responseId": str(chunk.get("id") or "")}
        said = b"".join(self._choice(answered(choice, dict, "a choice")) for choice in choices)
        self._extras |= chosen(chunk, EXTRAS)
        usage = parse_usage(chunk)
        if usage is not None:
            self._usage = usage if self._usage is None or usage.total >= self._usage.total else self._usage
            if self._finished():
                said += self._last()
        return said

    def end(self) -> bytes:
        return b"" if self._reported else self._last()

    def _choice(self, choice: Json) -> bytes:
        delta = answered(choice.get("delta") or {}, dict, "a delta")
        index = choice["index"] if type(choice.get("index")) is int else 0
        parts = [part for name, say in PARTS.items() if delta.get(name) not in (None, "", []) for part in say(delta)]
        ended = choice.get("finish_reason")
        if ended or not LATER.isdisjoint(delta):
            self._keep(self._pending.setdefault(index, Pending()), choice, delta)
        logprobs = render_logprobs(choice.get("logprobs"))
        if not parts and logprobs is None:
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
        """How every candidate ended, with its calls and the counts. Counts that come later have nothing to go with."""
        if self._reported:
            return b""
        self._reported = True
        usage = {} if self._usage is None else {"usageMetadata": render_usage(self._usage)}
        candidates = [self._ending(index, pending) for index, pending in sorted(self._pending.items())]
        blocked = isinstance(self._extras.get("promptFeedback"), dict)
        return self._event([] if blocked else candidates, {**usage, **self._extras})

    def _ending(self, index: int, pending: Pending) -> Json:
        ended = reason_of(pending.ended or {})
        if "groundingMetadata" not in ended:
            ended |= named("groundingMetadata", grounding_of(pending.notes, ""))
        return {**candidate_of(pending.whole_calls(), index), **ended}

    def _event(self, candidates: list[Json], more: Json | None = None) -> bytes:
        said = {"candidates": candidates} if candidates else {}
        return self._framed(orjson.dumps({**said, **(more or {}), **self._head}))

    def _framed(self, data: bytes) -> bytes:
        return b"data: %b\r\n\r\n" % data


class ArrayRenderer(StreamRenderer):
    """The same as the elements of one array, each with what divides it from the one before."""

    __slots__ = ("_begun",)

    @property
    def stateless(self) -> bool:
        return False

    def __init__(self, request: Json, created: int) -> None:
        super().__init__(request, created)
        self._begun = False

    def end(self) -> bytes:
        return super().end() + b"\n]"

    def _framed(self, data: bytes) -> bytes:
        mark = b",\n" if self._begun else b"["
        self._begun = True
        return mark + data + b"\n"


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
