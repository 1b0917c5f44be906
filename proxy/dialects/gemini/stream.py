"""A streamGenerateContent stream, chunk by chunk, as unified chunks.

Every chunk is a reply of its own with the next parts in it; candidates are told apart by their index. Nothing is invented: a
stream in which a candidate does not say why it ended was cut. What is reported of tokens comes anew with every chunk, and is
said once, at the end. Source: https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent.
"""

from __future__ import annotations

import re
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
from proxy.dialects.gemini.usage import charged, usage_of
from proxy.dialects.reported import inside
from proxy.dialects.shape import answered, broken, chosen, some

MOST_CANDIDATES = 128
#: An event that is nothing but a text without escapes and a report of tokens, as the Gemini API and Vertex write it, with or
#: without spaces.
COUNT = rb"(?:0|[1-9]\d{0,9})"
MODALITY = rb'\{"modality": ?"\w+", ?"tokenCount": ?' + COUNT + rb"\}"
TOLD = rb'"[A-Za-z]+": ?(?:' + COUNT + rb'|"\w+"|\[' + MODALITY + rb"(?:, ?" + MODALITY + rb")*+\])"
PLAIN_TEXT = re.compile(
    rb'data: \{"candidates": ?\[\{"content": ?\{(?:"role": ?"model", ?)?"parts": ?\[\{"text": ?"([^"\\\x00-\x1f]+)"\}\]'
    rb'(?:, ?"role": ?"model")?\}(?:, ?"index": ?0)?\}\], ?"usageMetadata": ?(\{'
    + TOLD
    + rb"(?:, ?"
    + TOLD
    + rb")*+\})"
    rb'(?:, ?"(?:modelVersion|createTime|responseId)": ?"[ !#-\[\]-~]*"){0,3}+\}\r?\n\r?\n'
)
DIGITS = b"0123456789"


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


def plain_text(payload: Json) -> str | None:
    """The words of a chunk that is nothing but a piece of the first candidate's text, as nearly every chunk is."""
    candidates = payload.get("candidates")
    if type(candidates) is not list or len(candidates) != 1 or "promptFeedback" in payload:
        return None
    candidate = candidates[0]
    if type(candidate) is not dict or len(candidate) != 1 + ("index" in candidate) or candidate.get("index", 0) != 0:
        return None
    content = candidate.get("content")
    parts = content.get("parts") if type(content) is dict else None
    part = parts[0] if type(parts) is list and len(parts) == 1 else None
    words = part.get("text") if type(part) is dict and len(part) == 1 else None
    return words if type(words) is str and words else None


class StreamParser:
    """Google's chunks in, unified chunks out. `usage` is what has been reported so far."""

    __slots__ = ("_blocked", "_candidates", "_counts", "_form", "_head", "_named", "_unread")

    def __init__(self) -> None:
        self._head: Json = head_of("", "")
        self._candidates: dict[int, Candidate] = {}
        #: What has been reported: read, and the latest report if it is still to be read, with what it has besides numbers.
        self._counts: Json = {}
        self._unread = self._form = b""
        self._blocked = self._named = False

    @property
    def usage(self) -> Usage | None:
        self._read()
        grounded = [inside(each.extras, "groundingMetadata") for each in self._candidates.values()]
        return usage_of(self._counts, charged(grounded, self._head["model"]))

    @usage.setter
    def usage(self, usage: Usage | None) -> None:
        raise AttributeError("usage is what the stream reports")

    @property
    def text_lane(self) -> TextLane:
        return TextLane(self.match_text, self.text_chunk)

    def match_text(self, piece: bytes) -> bytes | None:
        """The text of a piece that is one event of text, without escapes, of the first candidate, which has begun."""
        found = PLAIN_TEXT.fullmatch(piece)
        candidate = self._candidates.get(0)
        if (
            found is None
            or candidate is None
            or not candidate.begun
            or candidate.finished is not None
            or not self._named
        ):
            return None
        text, report = found.groups()
        try:
            candidate.ruler.add(text.decode())
        except UnicodeDecodeError:
            return None
        self._note(report)
        return text

    def _note(self, report: bytes) -> None:
        """A report that has the members of the one before takes its place, unread."""
        form = report.translate(None, DIGITS)
        if form != self._form:
            self._read()
            self._form = form
        self._unread = report

    def _read(self) -> None:
        if self._unread:
            self._counts.update(loads(self._unread))
            self._unread = self._form = b""

    def text_chunk(self, words: str) -> Json:
        return {**self._head, "choices": [{"index": 0, "delta": {"content": words}, "finish_reason": None}]}

    def feed(self, event: Event) -> list[Json]:
        """The chunks that one event makes, mostly one. Failure for an error event or a broken protocol."""
        payload = load(event.data)
        report = payload.get("usageMetadata")
        if type(report) is dict:
            if self._unread:
                self._read()
            self._counts.update(report)
        if not self._named:
            self._name(payload)
        words = plain_text(payload)
        if words is not None and (candidate := self._candidates.get(0)) is not None and candidate.begun:
            candidate.ruler.add(words)
            return [self.text_chunk(words)]
        chunks: list[Json] = []
        for place, wire in enumerate(some(payload, "candidates")):
            chunks += self._candidate(answered(wire, dict, "a candidate"), place, payload)
        if not self._blocked and (block := blocked(payload.get("promptFeedback"))) is not None:
            chunks += self._block(*block, payload)
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
        self._named = bool(self._head["id"] and self._head["model"])

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

    def _block(self, reason: str, words: str | None, payload: Json) -> list[Json]:
        """The end of every candidate that has not ended; mostly there is none yet."""
        self._blocked = True
        ended = {"finish_reason": "content_filter", "native_finish_reason": reason}
        delta = {"content": None, **({} if words is None else {"refusal": words})}
        waiting = [each for each in self._candidates.values() if each.finished is None]
        if not self._candidates:
            waiting = [Candidate(0, "")]
        return [self._chunk(candidate, delta, ended) | chosen(payload, EXTRAS) for candidate in waiting]
