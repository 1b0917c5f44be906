"""A Messages stream, event by event, as unified chunks.

Every content block has an index, and whatever comes for it is looked up by that index: parallel tool calls may
interleave. What a block says stands in open_blocks.py. Events of an unknown type are passed over, as Anthropic's
versioning asks. Nothing is invented: a stream without `message_stop` was cut. Source:
https://docs.claude.com/en/docs/build-with-claude/streaming.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NoReturn

from orjson import JSONDecodeError, loads

from proxy.call import Failure, Json, Usage
from proxy.dialects import Event, Sign, TextLane
from proxy.dialects.anthropic.errors import failure_of
from proxy.dialects.anthropic.open_blocks import OwnBlock, Progress, TextBlock, open_block
from proxy.dialects.anthropic.reply import EXTRAS, finish_of, refusal_of
from proxy.dialects.anthropic.usage import merge_counts, usage_of
from proxy.dialects.chunks import chunk_of, head_of, usage_chunk
from proxy.dialects.shape import answered, broken, chosen, kind_of, load_object

DELTA = "content_block_delta"


#: An event that is nothing but a piece of text without escapes, as the API writes it; it pads some with spaces at the end.
PLAIN_TEXT = re.compile(
    rb'event: content_block_delta\ndata: \{"type":"content_block_delta","index":(\d{1,9}),'
    rb'"delta":\{"type":"text_delta","text":"([^"\\\x00-\x1f]+)"\} *\}\n\n'
)


def read_event(event: Event) -> Sign:
    """Whether the model has spoken. Failure for an error event."""
    if event.name == "ping":
        return "wait"
    payload = load_object(event.data)
    read = SIGNS.get(payload["type"])
    return read(payload) if read else "wait"


def sign_of_start(payload: Json) -> Sign:
    block = answered(payload.get("content_block"), dict, "content_block")
    return "wait" if block.get("type") == "text" and not block.get("text") else "spoken"


def sign_of_delta(payload: Json) -> Sign:
    delta = answered(payload.get("delta"), dict, "delta")
    return "spoken" if any(value for name, value in delta.items() if name != "type") else "wait"


def fail(payload: Json) -> NoReturn:
    raise failure_of(payload.get("error"))


SIGNS: Mapping[str, Callable[[Json], Sign]] = {
    "content_block_start": sign_of_start,
    DELTA: sign_of_delta,
    "message_stop": lambda payload: "end",
    "error": fail,
}


class StreamParser:
    """Anthropic's events in, unified chunks out. `usage` is what has been reported so far."""

    __slots__ = ("_blocks", "_counts", "_ended", "_head", "_progress", "_started", "usage")

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self._head = head_of("", "")
        self._started = self._ended = False
        self._blocks: dict[int, OwnBlock] = {}
        self._counts: dict[str, int] = {}
        self._progress = Progress()

    def feed(self, event: Event) -> list[Json]:
        """The chunks that one event makes, mostly one. Failure for an error event or a broken protocol."""
        if event.name == "ping":
            return []
        try:
            payload = loads(event.data)
        except JSONDecodeError:
            raise broken("an event is not JSON") from None
        if type(payload) is dict and payload.get("type") == DELTA and type(index := payload.get("index")) is int:
            # Nearly every event is a piece of text: said here in one go, checked like any other.
            block, delta = self._blocks.get(index), payload.get("delta")
            if type(block) is TextBlock and type(delta) is dict and delta.get("type") == "text_delta":
                words = delta.get("text")
                if type(words) is str and words:
                    self._progress.length += len(words)
                    return [self.text_chunk(words)]
        read = EVENTS.get(kind_of(payload))
        return read(self, payload) if read else []

    @property
    def text_lane(self) -> TextLane:
        return TextLane(self.match_text, self.text_chunk)

    def match_text(self, piece: bytes) -> bytes | None:
        """The text of a piece that is one text delta, without escapes, of a text block that is open."""
        found = PLAIN_TEXT.fullmatch(piece)
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

    def text_chunk(self, words: str) -> Json:
        choice = {"index": 0, "delta": {"content": words}, "finish_reason": None}
        return {**self._head, "choices": [choice]}

    def end(self) -> list[Json]:
        """Failure("provider_stream_cut") unless `message_stop` was seen."""
        if not self._ended:
            raise Failure("provider_stream_cut", "the provider's stream ended before the message did")
        return []

    def message_start(self, payload: Json) -> list[Json]:
        message = answered(payload.get("message"), dict, "message")
        called = answered(message.get("id"), str, "id")
        model = answered(message.get("model"), str, "model")
        self._head = head_of(called, model)
        self._started = True
        self._count(payload)
        return self._chunks({"role": "assistant", "content": ""})

    def block_start(self, payload: Json) -> list[Json]:
        if not self._started:
            raise broken("a block came before message_start")
        block = open_block(answered(payload.get("content_block"), dict, "content_block"), self._progress)
        self._blocks[answered(payload.get("index"), int, "index")] = block
        return self._chunks(block.begin())

    def block_delta(self, payload: Json) -> list[Json]:
        return self._chunks(self._block(payload).add(answered(payload.get("delta"), dict, "delta")))

    def block_stop(self, payload: Json) -> list[Json]:
        block = self._block(payload)
        del self._blocks[payload["index"]]
        return self._chunks(block.close())

    def message_delta(self, payload: Json) -> list[Json]:
        """How it ended, and the counts so far."""
        self._count(payload)
        stopped = answered(payload.get("delta"), dict, "delta")
        if not stopped.get("stop_reason"):
            return []
        refusal = refusal_of(stopped)
        [chunk] = self._chunks({"refusal": refusal} if refusal else {})
        chunk["choices"][0] |= finish_of(stopped, self._progress.json_answer and not self._progress.calls)
        return [chunk | chosen(stopped, EXTRAS) | chosen(payload, EXTRAS)]

    def message_stop(self, payload: Json) -> list[Json]:
        self._ended = True
        if self.usage is None:
            return []
        return [usage_chunk(self._head, self.usage)]

    def _count(self, payload: Json) -> None:
        if merge_counts(self._counts, payload):
            self.usage = usage_of(self._counts)

    def _block(self, payload: Json) -> OwnBlock:
        block = self._blocks.get(answered(payload.get("index"), int, "index"))
        if block is None:
            raise broken(f"block {payload['index']} was never started")
        return block

    def _chunks(self, delta: Json | None) -> list[Json]:
        if delta is None:
            return []
        return [chunk_of(self._head, delta)]


EVENTS: Mapping[str, Callable[[StreamParser, Json], list[Json]]] = {
    DELTA: StreamParser.block_delta,
    "content_block_start": StreamParser.block_start,
    "content_block_stop": StreamParser.block_stop,
    "message_start": StreamParser.message_start,
    "message_delta": StreamParser.message_delta,
    "message_stop": StreamParser.message_stop,
    "error": lambda parser, payload: fail(payload),
}
