"""A ConverseStream, frame by frame, as unified chunks.

Every content block has an index, and whatever comes for it is looked up by that index: parallel tool calls may
interleave. What a block says stands in open_blocks.py. `messageStop` is the end of the answer; the token counts come
after it, in `metadata`. Events of an unknown name are passed over. Nothing is invented: a stream without `messageStop`
was cut. Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from orjson import JSONDecodeError, loads

from proxy.call import Failure, Json, Usage
from proxy.dialects import Event, Sign, TextLane
from proxy.dialects.bedrock.errors import failure_in_stream, is_failure
from proxy.dialects.bedrock.open_blocks import OpenBlock, Progress, TextBlock, open_by_delta, open_by_start
from proxy.dialects.bedrock.reply import extras_of, finish_of
from proxy.dialects.bedrock.usage import parse_usage
from proxy.dialects.chunks import chunk_of, head_of, usage_chunk
from proxy.dialects.shape import answered, broken
from proxy.wire.eventstream import headers_of, only_payload

DELTA = "contentBlockDelta"
HEAD = head_of("", "")
#: The payload of a delta that is nothing but a text without escapes, as the API writes it, with its padding.
PLAIN_TEXT = re.compile(
    rb'\{"contentBlockIndex":(0|[1-9]\d{0,8}),"delta":\{"text":"([^"\\\x00-\x1f]+)"\}(?:,"p":"[ !#-\[\]-~]*")?\}'
)
DELTA_HEADERS = headers_of(DELTA)


def load(data: bytes) -> Json:
    try:
        payload = loads(data)
    except JSONDecodeError:
        raise broken("an event is not JSON") from None
    return cast(Json, answered(payload, dict, "an event"))


def read_event(event: Event) -> Sign:
    """Whether the model has spoken. Failure for an exception frame."""
    read = SIGNS.get(event.name)
    if read is not None:
        return read(load(event.data))
    if is_failure(event.name):
        raise failure_in_stream(event.name, event.data)
    return "wait"


def sign_of_delta(payload: Json) -> Sign:
    delta = answered(payload.get("delta"), dict, "delta")
    return "spoken" if any(is_speech(value) for value in delta.values()) else "wait"


def is_speech(value: Any) -> bool:
    return any(value.values()) if isinstance(value, dict) else bool(value)


SIGNS: Mapping[str, Callable[[Json], Sign]] = {
    DELTA: sign_of_delta,
    "contentBlockStart": lambda payload: "spoken",
    "messageStop": lambda payload: "end",
}


class StreamParser:
    """Bedrock's events in, unified chunks out. `usage` is what has been reported so far."""

    __slots__ = ("_blocks", "_ended", "_progress", "usage")

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self._ended = False
        self._blocks: dict[int, OpenBlock] = {}
        self._progress = Progress()

    def feed(self, event: Event) -> list[Json]:
        """The chunks that one event makes, mostly one. Failure for an exception frame or a broken protocol."""
        name = event.name
        read = EVENTS.get(name)
        if read is None:
            if is_failure(name):
                raise failure_in_stream(name, event.data)
            return []
        payload = load(event.data)
        if name == DELTA and type(index := payload.get("contentBlockIndex")) is int:
            # Nearly every event is a piece of text: said here in one go, checked like any other.
            delta = payload.get("delta")
            if type(self._blocks.get(index)) is TextBlock and type(delta) is dict:
                words = delta.get("text")
                if type(words) is str and words:
                    self._progress.length += len(words)
                    return [text_chunk(words)]
        return read(self, payload)

    @property
    def text_lane(self) -> TextLane:
        return TextLane(self.match_text, text_chunk)

    def match_text(self, piece: bytes) -> bytes | None:
        """The text of a piece that is one text delta, without escapes, of a text block that is open."""
        payload = only_payload(piece, DELTA_HEADERS)
        found = PLAIN_TEXT.fullmatch(payload) if payload is not None else None
        if found is None:
            return None
        index, text = found.groups()
        if type(self._blocks.get(int(index))) is not TextBlock:
            return None
        try:
            self._progress.length += len(text.decode())
        except UnicodeDecodeError:
            return None
        return text

    def end(self) -> list[Json]:
        """Failure("provider_stream_cut") unless `messageStop` was seen."""
        if not self._ended:
            raise Failure("provider_stream_cut", "the provider's stream ended before the message did")
        return []

    def message_start(self, payload: Json) -> list[Json]:
        return [chunk_of(HEAD, {"role": "assistant", "content": ""})]

    def block_start(self, payload: Json) -> list[Json]:
        block, delta = open_by_start(answered(payload.get("start"), dict, "start"), self._progress)
        self._blocks[index_of(payload)] = block
        return chunks_of(delta)

    def block_delta(self, payload: Json) -> list[Json]:
        delta = answered(payload.get("delta"), dict, "delta")
        index = index_of(payload)
        block = self._blocks.get(index)
        if block is not None:
            return chunks_of(block.add(delta))
        block = self._blocks[index] = open_by_delta(delta, self._progress)
        said = block.add(delta)
        if type(block) is TextBlock and block.start:
            # Text after other text: what is cited later is this block alone, so the one before is closed.
            said = {"content": "", "annotations": [], **(said or {})}
        return chunks_of(said)

    def block_stop(self, payload: Json) -> list[Json]:
        """A block that said nothing had no start."""
        block = self._blocks.pop(index_of(payload), None)
        return [] if block is None else chunks_of(block.close())

    def message_stop(self, payload: Json) -> list[Json]:
        self._ended = True
        progress = self._progress
        by_tool = progress.json_answer and not progress.calls
        finish = finish_of(payload.get("stopReason"), by_tool, bool(progress.calls))
        return [chunk_of(HEAD, {}, **finish) | extras_of(payload)]

    def metadata(self, payload: Json) -> list[Json]:
        self.usage = parse_usage(payload) or self.usage
        return [] if self.usage is None else [usage_chunk(HEAD, self.usage) | extras_of(payload)]


def text_chunk(words: str) -> Json:
    return {**HEAD, "choices": [{"index": 0, "delta": {"content": words}, "finish_reason": None}]}


def index_of(payload: Json) -> int:
    return answered(payload.get("contentBlockIndex"), int, "contentBlockIndex")


def chunks_of(delta: Json | None) -> list[Json]:
    return [] if delta is None else [chunk_of(HEAD, delta)]


EVENTS: Mapping[str, Callable[[StreamParser, Json], list[Json]]] = {
    DELTA: StreamParser.block_delta,
    "contentBlockStart": StreamParser.block_start,
    "contentBlockStop": StreamParser.block_stop,
    "messageStart": StreamParser.message_start,
    "messageStop": StreamParser.message_stop,
    "metadata": StreamParser.metadata,
}
