"""A streamGenerateContent stream, chunk by chunk, as unified chunks.

Every chunk is a reply of its own with the next parts in it; candidates are told apart by their index. Nothing is invented: a
stream in which a candidate does not say why it ended was cut. What is reported of tokens comes anew with every chunk, and is
said once, at the end. Source: https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent.
"""

from __future__ import annotations

from typing import Any

from orjson import JSONDecodeError, loads

from proxy.call import Failure, Json, Usage
from proxy.dialects import Event, Sign, TextLane
from proxy.dialects.chunks import chunk_of, head_of, usage_chunk
from proxy.dialects.gemini.candidate import Candidate
from proxy.dialects.gemini.errors import failure_of
from proxy.dialects.gemini.finish import blocked
from proxy.dialects.gemini.logprobs import parse_logprobs
from proxy.dialects.gemini.reply import EXTRAS, index_of, parts_of
from proxy.dialects.gemini.usage import usage_of
from proxy.dialects.shape import answered, broken, chosen, some

MOST_CANDIDATES = 128


def load(data: bytes) -> Json:
    """One chunk. Failure for an error in its place."""
    try:
        payload: Any = loads(data)
    except JSONDecodeError:
        raise broken("an event is not JSON") from None
    if type(payload) is not dict:
        raise broken("an event is not an object")
    if payload.get("error"):
        raise failure_of(payload["error"])
    return payload


def read_event(event: Event) -> Sign:
    """Whether the model has spoken. Failure for an error event."""
    payload = load(event.data)
    if blocked(payload.get("promptFeedback")) is not None:
        return "end"
    sign: Sign = "wait"
    for candidate in some(payload, "candidates"):
        if answered(candidate, dict, "a candidate").get("finishReason"):
            return "end"
        if any(says_something(part) for part in parts_of(candidate)):
            sign = "spoken"
    return sign


def says_something(part: Any) -> bool:
    return bool(part.get("text")) or not part.keys() <= {"text", "thought"} if isinstance(part, dict) else False


class StreamParser:
    """Google's chunks in, unified chunks out. `usage` is what has been reported so far."""

    __slots__ = ("_blocked", "_candidates", "_counts", "_head")

    def __init__(self) -> None:
        self._head: Json = head_of("", "")
        self._candidates: dict[int, Candidate] = {}
        self._counts: Json = {}
        self._blocked = False

    @property
    def usage(self) -> Usage | None:
        return usage_of(self._counts)

    @usage.setter
    def usage(self, usage: Usage | None) -> None:
        raise AttributeError("usage is what the stream reports")

    @property
    def text_lane(self) -> TextLane | None:
        return None

    def feed(self, event: Event) -> list[Json]:
        """The chunks that one event makes, mostly one. Failure for an error event or a broken protocol."""
        payload = load(event.data)
        report = payload.get("usageMetadata")
        if type(report) is dict:
            self._counts.update(report)
        self._name(payload)
        chunks: list[Json] = []
        for place, wire in enumerate(some(payload, "candidates")):
            chunks += self._candidate(answered(wire, dict, "a candidate"), place, payload)
        if not self._candidates and (block := blocked(payload.get("promptFeedback"))) is not None:
            chunks.append(self._block(*block, payload))
        return chunks

    def end(self) -> list[Json]:
        """Failure("provider_stream_cut") unless every candidate said why it ended, or the prompt was not let through."""
        unfinished = not self._candidates or any(each.finished is None for each in self._candidates.values())
        if unfinished and not self._blocked:
            raise Failure("provider_stream_cut", "the provider's stream ended before the answer did")
        usage = self.usage
        return [] if usage is None else [usage_chunk(self._head, usage)]

    def _name(self, payload: Json) -> None:
        called, model = payload.get("responseId"), payload.get("modelVersion")
        if not self._head["id"] and type(called) is str:
            self._head = {**self._head, "id": called}
        if not self._head["model"] and type(model) is str:
            self._head = {**self._head, "model": model}

    def _candidate(self, wire: Json, place: int, payload: Json) -> list[Json]:
        index = index_of(wire, place)
        candidate = self._candidates.get(index)
        if candidate is None:
            if len(self._candidates) >= MOST_CANDIDATES:
                raise broken(f"an answer of more than {MOST_CANDIDATES} candidates")
            candidate = self._candidates[index] = Candidate(index, self._head["id"])
        over = candidate.finished is not None
        chunks = [self._chunk(candidate, delta) for part in parts_of(wire) if (delta := candidate.take(part))]
        logprobs = parse_logprobs(wire.get("logprobsResult"))
        if logprobs is not None:
            chunks.append(chunk_of(self._head, {}, index, logprobs=logprobs))
        candidate.note(wire)
        if candidate.finished is not None and not over:
            delta, ended = candidate.finish()
            chunks.append(self._chunk(candidate, delta, ended) | chosen(payload, EXTRAS))
        return chunks

    def _chunk(self, candidate: Candidate, delta: Json, ended: Json | None = None) -> Json:
        if not candidate.begun:
            candidate.begun = True
            delta = {"role": "assistant", **delta}
        return chunk_of(self._head, delta, candidate.index, **(ended or {}))

    def _block(self, reason: str, words: str, payload: Json) -> Json:
        self._blocked = True
        ended = {"finish_reason": "content_filter", "native_finish_reason": reason}
        delta = {"role": "assistant", "content": None, "refusal": words}
        return chunk_of(self._head, delta, 0, **ended) | chosen(payload, EXTRAS)
