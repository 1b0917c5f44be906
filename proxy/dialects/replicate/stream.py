"""The events of a prediction: `output` is text as it is, `error` and `done` are JSON, `logs` are nobody's here.

`done` alone ends a stream; its `reason` says when it is no success. The server leaves the stream open after it. Token counts
are told by the prediction only, which whoever follows it hands over as an event of its own; from that one all is taken that the
stream has not said. Source: https://replicate.com/docs/topics/predictions/streaming.
"""

from __future__ import annotations

from typing import Any

import orjson

from proxy.call import Failure, Json, Usage
from proxy.dialects import Event, Sign, TextLane
from proxy.dialects.at_once import chunks_of
from proxy.dialects.chunks import chunk_of, head_of, usage_chunk
from proxy.dialects.jobs import load_job
from proxy.dialects.replicate.errors import failure_of, failure_of_end
from proxy.dialects.replicate.reply import check_success, parse_reply, parse_usage
from proxy.dialects.shape import broken


def read_event(event: Event) -> Sign:
    if event.name == "output":
        return "spoken" if event.data else "wait"
    if event.name == "error":
        raise failure_of_event(event.data)
    if event.name == "done":
        check_done(event.data)
        return "end"
    if event.name == "prediction":
        check_success(load_job(event.data))
        return "end"
    return "wait"


def failure_of_event(data: bytes) -> Failure:
    """An error is JSON with a `detail`; anything else is its text."""
    words: Any
    try:
        words = orjson.loads(data)
    except orjson.JSONDecodeError:
        words = data.decode("utf-8", "replace")
    return failure_of(words["detail"] if isinstance(words, dict) and words.get("detail") else words)


def check_done(data: bytes) -> None:
    reason = load_job(data).get("reason") if data.strip() else None
    if reason == "canceled":
        raise failure_of_end("canceled")
    if reason is not None:
        raise failure_of(None)


class Parser:
    """Events in, unified chunks out."""

    __slots__ = ("_head", "ended", "spoken", "usage")

    text_lane: TextLane | None = None

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self.spoken = False
        self.ended = False
        self._head = head_of("", "")

    def feed(self, event: Event) -> list[Json]:
        if event.name == "prediction":
            return self._complete(load_job(event.data))
        if self.ended:
            return []
        if event.name == "output":
            return self._say(event.data)
        if read_event(event) == "end":
            return self._end()
        return []

    def end(self) -> list[Json]:
        if not self.ended:
            raise Failure("provider_stream_cut", "the prediction's stream ended before the model had finished")
        return []

    def _say(self, data: bytes) -> list[Json]:
        if not data:
            return []
        try:
            text = data.decode()
        except UnicodeDecodeError:
            raise broken("a piece of output is not UTF-8") from None
        delta = {"content": text} if self.spoken else {"role": "assistant", "content": text}
        self.spoken = True
        return [chunk_of(self._head, delta)]

    def _end(self) -> list[Json]:
        """Where nothing was said the prediction itself will tell."""
        self.ended = True
        return [chunk_of(self._head, {}, finish_reason="stop")] if self.spoken else []

    def _complete(self, job: Json) -> list[Json]:
        if not self.ended:
            check_success(job)
        self.usage = parse_usage(job)
        said, self.ended = self.spoken, True
        if not said:
            self.spoken = True
            return chunks_of(parse_reply(job))
        return [usage_chunk(self._head, self.usage)] if self.usage is not None else []
