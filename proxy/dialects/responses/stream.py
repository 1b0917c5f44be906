"""A Responses stream, event by event, as unified chunks.

Every item of the output has an index, and whatever comes for it is looked up by that index: parallel tool calls may
interleave. What an item says stands in open_items.py. Events of an unknown type are passed over. Nothing is invented: a
stream without `response.completed` or `response.incomplete` was cut. Source:
https://platform.openai.com/docs/api-reference/responses-streaming.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NoReturn

from orjson import JSONDecodeError, loads

from proxy.call import Failure, Json, Usage
from proxy.dialects import Event, Sign, TextLane
from proxy.dialects.chunks import chunk_of, usage_chunk
from proxy.dialects.responses.errors import failure_in
from proxy.dialects.responses.fields import EXTRAS
from proxy.dialects.responses.open_items import MessageItem, OpenItem, Progress, open_item
from proxy.dialects.responses.reply import check_status, finish_of, head_of_reply
from proxy.dialects.responses.usage import parse_usage
from proxy.dialects.shape import answered, broken, chosen, kind_of, load_object, some

TEXT_DELTA = "response.output_text.delta"
#: An event that is nothing but a piece of text without escapes, as the API writes it.
PLAIN_TEXT = re.compile(
    rb'event: response\.output_text\.delta\ndata: \{"type":"response\.output_text\.delta","content_index":0,'
    rb'"delta":"([^"\\\x00-\x1f]+)","item_id":"[^"\\\x00-\x1f]*","logprobs":\[\],(?:"obfuscation":"[^"\\\x00-\x1f]*",)?'
    rb'"output_index":(\d{1,9}),"sequence_number":\d{1,18}\}\n\n'
)


def read_event(event: Event) -> Sign:
    """Whether the model has spoken. Failure for an error event, or for a response that has failed."""
    payload = load_object(event.data)
    kind = payload["type"]
    if kind.endswith(".delta"):
        return "spoken" if payload.get("delta") else "wait"
    read = SIGNS.get(kind)
    return read(payload, event.data) if read else "wait"


def sign_of_item(payload: Json, data: bytes) -> Sign:
    """Reasoning counts, and so does a tool that runs; a message that is still empty does not."""
    item = payload.get("item")
    return "wait" if not isinstance(item, dict) or item.get("type") == "message" else "spoken"


def fail(payload: Json, data: bytes) -> NoReturn:
    raise failure_in(payload, data)


def fail_response(payload: Json, data: bytes) -> NoReturn:
    response = payload.get("response")
    raise failure_in(response if isinstance(response, dict) else payload, data)


def sign_of_end(payload: Json, data: bytes) -> Sign:
    return "end"


SIGNS: Mapping[str, Callable[[Json, bytes], Sign]] = {
    "response.output_item.added": sign_of_item,
    "response.output_item.done": sign_of_item,
    "response.completed": sign_of_end,
    "response.incomplete": sign_of_end,
    "response.failed": fail_response,
    "error": fail,
}


class StreamParser:
    """Responses events in, unified chunks out. `usage` is what has been reported."""

    __slots__ = ("_ended", "_head", "_items", "_progress", "usage")

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self._head: Json = {}
        self._ended = False
        self._items: dict[int, OpenItem] = {}
        self._progress = Progress()

    def feed(self, event: Event) -> list[Json]:
        """The chunks that one event makes, mostly one. Failure for an error event or a broken protocol."""
        try:
            payload = loads(event.data)
        except JSONDecodeError:
            raise broken("an event is not JSON") from None
        if type(payload) is dict and payload.get("type") == TEXT_DELTA and not payload.get("logprobs"):
            # Nearly every event is a piece of text: said here in one go, checked like any other.
            item, words = self._items.get(index_of(payload)), payload.get("delta")
            if type(item) is MessageItem and type(words) is str and words:
                item.hear(words)
                return [self.text_chunk(words)]
        kind = kind_of(payload)
        if kind in ENDS:
            ENDS[kind](payload, event.data)
        read = EVENTS.get(kind)
        return read(self, payload) if read else []

    @property
    def text_lane(self) -> TextLane:
        return TextLane(self.match_text, self.text_chunk)

    def match_text(self, piece: bytes) -> bytes | None:
        """The text of a piece that is one text delta, without escapes, of a message that is open."""
        found = PLAIN_TEXT.fullmatch(piece)
        if found is None:
            return None
        text, index = found.groups()
        item = self._items.get(int(index))
        if type(item) is not MessageItem:
            return None
        try:
            item.hear(text.decode())
        except UnicodeDecodeError:
            return None
        return text

    def text_chunk(self, words: str) -> Json:
        return {**self._head, "choices": [{"index": 0, "delta": {"content": words}, "finish_reason": None}]}

    def end(self) -> list[Json]:
        """Failure("provider_stream_cut") unless the response was said to be complete, or why it is not."""
        if not self._ended:
            raise Failure("provider_stream_cut", "the provider's stream ended before the response did")
        return []

    def begin(self, payload: Json) -> list[Json]:
        """The first of several events that hold the response as it is so far."""
        if self._head:
            return []
        response = answered(payload.get("response"), dict, "response")
        self._head = head_of_reply(response, "chat.completion.chunk")
        return [chunk_of(self._head, {"role": "assistant", "content": ""})]

    def item_added(self, payload: Json) -> list[Json]:
        if not self._head:
            raise broken("an item came before response.created")
        if payload.get("item") is None:
            return []
        item = open_item(payload["item"], self._progress)
        index = answered(payload.get("output_index"), int, "output_index")
        chunks = self._chunks(item.begin())
        self._items[index] = item  # only now: what could not begin is not there
        return chunks

    def item_heard(self, payload: Json) -> list[Json]:
        """What comes for an item between its beginning and its end."""
        item = self._items.get(answered(payload.get("output_index"), int, "output_index"))
        if item is None:
            raise broken(f"item {payload['output_index']} was never added")
        chunks = self._chunks(item.add(payload))
        if chunks and payload.get("logprobs"):
            chunks[0]["choices"][0]["logprobs"] = {"content": some(payload, "logprobs"), "refusal": None}
        return chunks

    def item_done(self, payload: Json) -> list[Json]:
        """The item whole: what it says that has not come before. Some servers do not announce their items."""
        index = answered(payload.get("output_index"), int, "output_index")
        chunks = [] if index in self._items else self.item_added(payload)
        item = self._items.get(index)
        if item is None:
            return chunks
        return [*chunks, *self._chunks(item.close(answered(payload.get("item"), dict, "item")))]

    def finish(self, payload: Json) -> list[Json]:
        """How it ended, and the counts. Items that the stream never spoke of are in the response."""
        chunks = self.begin(payload)
        response = answered(payload.get("response"), dict, "response")
        check_status(response)
        if not self._items:
            for index, item in enumerate(some(response, "output")):
                chunks += self.item_done({"output_index": index, "item": item})
        self._ended = True
        self.usage = parse_usage(response) or self.usage
        self._head = {**self._head, **chosen(response, ("service_tier",))}
        extras = self._progress.extras
        last = chunk_of(self._head, {EXTRAS: extras} if extras else {}, **finish_of(response, self._progress.calls > 0))
        return [*chunks, last, *([usage_chunk(self._head, self.usage)] if self.usage else [])]

    def _chunks(self, delta: Json | None) -> list[Json]:
        return [chunk_of(self._head, delta)] if delta else []


def index_of(payload: Json) -> int:
    index = payload.get("output_index")
    return index if type(index) is int else -1


ENDS: Mapping[str, Callable[[Json, bytes], NoReturn]] = {"response.failed": fail_response, "error": fail}

EVENTS: Mapping[str, Callable[[StreamParser, Json], list[Json]]] = {
    "response.created": StreamParser.begin,
    "response.queued": StreamParser.begin,
    "response.in_progress": StreamParser.begin,
    "response.output_item.added": StreamParser.item_added,
    **dict.fromkeys(
        (
            TEXT_DELTA,
            "response.refusal.delta",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.custom_tool_call_input.delta",
            "response.custom_tool_call_input.done",
            "response.reasoning_summary_text.delta",
            "response.reasoning_text.delta",
            "response.output_text.annotation.added",
        ),
        StreamParser.item_heard,
    ),
    "response.output_item.done": StreamParser.item_done,
    "response.completed": StreamParser.finish,
    "response.incomplete": StreamParser.finish,
}
