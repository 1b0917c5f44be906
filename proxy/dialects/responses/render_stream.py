"""Unified chunks as a Responses stream: the event sequence that OpenAI's SDKs put together again.

`response.created`, then the items of the output, each added, spoken and done, then `response.completed` or
`response.incomplete` with the whole response. What is said and what is thought have one open item at a time. Tool calls stay
open until the model has finished, because another provider's calls may interleave. Source:
https://platform.openai.com/docs/api-reference/responses-streaming.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from proxy.call import Json, Usage
from proxy.dialects import SayText
from proxy.dialects.openai.usage import parse_usage
from proxy.dialects.responses.fields import EXTRAS
from proxy.dialects.responses.order import read_own
from proxy.dialects.responses.output import echo, finished, image_item, item_id, reason_of, response_of
from proxy.dialects.responses.said_items import Call, Message, Reasoning
from proxy.dialects.shape import answered, broken, some


class StreamRenderer:
    """Unified chunks in, Responses events out. Failure when a chunk cannot be said, as a tool call that never got a name."""

    __slots__ = (
        "_calls",
        "_created",
        "_finish",
        "_model",
        "_next",
        "_open",
        "_output",
        "_request",
        "_response",
        "_usage",
        "sequence",
    )

    def __init__(self, request: Json, created: int = 0) -> None:
        self.sequence = 0
        self._request = request
        self._model = str(request.get("model") or "")
        self._created = created
        self._response: Json = {}
        self._next = 0
        self._open: Message | Reasoning | None = None
        self._calls: dict[int, Call] = {}
        self._output: dict[int, Json] = {}
        self._finish: Json | None = None
        self._usage: Usage | None = None

    def feed(self, chunk: Json) -> bytes:
        choices = chunk.get("choices")
        if choices and type(choices) is list and type(self._open) is Message and type(choice := choices[0]) is dict:
            # Nearly every chunk is a piece of text: said here in one go.
            delta = choice.get("delta")
            if (
                type(delta) is dict
                and len(delta) == 1
                and choice.get("finish_reason") is None
                and "logprobs" not in choice
            ):
                words = delta.get("content")
                if type(words) is str and words and self._open.hears and not chunk.get("usage"):
                    self.sequence += 1
                    return self._open.say(words, self.sequence - 1)
        return self._feed(chunk)

    def text_lane(self, chunk: Json) -> SayText | None:
        return self._open.text_lane(self) if isinstance(self._open, Message) else None

    def end(self) -> bytes:
        """The response whole, with everything that is still open closed."""
        events = self._begin({}) + self._close_all()
        output = [self._output[index] for index in sorted(self._output)]
        response = finished(self._response, reason_of(self._finish or {}), output, self._usage)
        return events + self.event(f"response.{response['status']}", {"response": response})

    def event(self, kind: str, payload: Json) -> bytes:
        """One event, next in the sequence."""
        self.sequence += 1
        said = {"type": kind, **payload, "sequence_number": self.sequence - 1}
        try:
            return b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps(said))
        except orjson.JSONEncodeError:
            raise broken("a chunk is nested too deeply") from None

    def _feed(self, chunk: Json) -> bytes:
        usage = parse_usage(chunk)
        if usage is not None and self._usage is not None:
            self._usage.merge(usage)
        self._usage = self._usage or usage
        choices = some(chunk, "choices")
        if not choices:
            return b""
        choice = answered(choices[0], dict, "a choice")
        delta = answered(choice.get("delta") or {}, dict, "a delta")
        events = self._begin(chunk)
        for name, say in SAYINGS.items():
            if delta.get(name) not in (None, "", []):
                events += say(self, delta[name])
        if choice.get("logprobs"):
            self._take_logprobs(choice["logprobs"])
        if choice.get("finish_reason") and self._finish is None:
            self._finish = choice
            events += self._close_all()
        return events

    def _begin(self, chunk: Json) -> bytes:
        if self._response:
            return b""
        called, model = str(chunk.get("id") or ""), str(chunk.get("model") or self._model)
        self._response = response_of(called, model, self._created, echo(self._request))
        begun = {"response": self._response}
        return self.event("response.created", begun) + self.event("response.in_progress", begun)

    def _place(self, prefix: str) -> tuple[str, int]:
        """The id and the index of the next item."""
        self._next += 1
        return item_id(prefix, self._response["id"], self._next - 1), self._next - 1

    def thoughts(self, words: Any) -> bytes:
        events = b""
        if not isinstance(self._open, Reasoning):
            events = self._close()
            self._open = Reasoning(*self._place("rs"))
            events += self._open.begin(self)
        return events + self._open.say(self, answered(words, str, "reasoning_content"))

    def thinking_blocks(self, blocks: Any) -> bytes:
        """A block closes the thoughts that were just streamed; one that was not streamed comes whole."""
        events = b""
        for block in answered(blocks, list, "thinking_blocks"):
            answered(block, dict, "a thinking block")
            if isinstance(self._open, Reasoning):
                self._open.seal(block)
                events += self._close()
            else:
                called, index = self._place("rs")
                events += self._whole(Reasoning(called, index).whole(block), index)
        return events

    def text(self, words: Any) -> bytes:
        return self._words("text", answered(words, str, "content"))

    def refusal(self, words: Any) -> bytes:
        return self._words("refusal", answered(words, str, "a refusal"))

    def _words(self, kind: str, words: str) -> bytes:
        events = b""
        if not isinstance(self._open, Message):
            events = self._close()
            self._open = Message(*self._place("msg"))
            events += self._open.begin(self)
        events += self._open.turn_to(kind, self)
        self.sequence += 1
        return events + self._open.say(words, self.sequence - 1)

    def annotations(self, notes: Any) -> bytes:
        """On the text that is open; what another provider cites in its own way has no form here."""
        return self._open.note(notes, self) if isinstance(self._open, Message) else b""

    def _take_logprobs(self, logprobs: Any) -> None:
        if isinstance(self._open, Message):
            self._open.logprobs += some(answered(logprobs, dict, "logprobs"), "content")

    def images(self, images: Any) -> bytes:
        events = b""
        for image in answered(images, list, "images"):
            called, index = self._place("ig")
            item = image_item(called, image)
            events += b"" if item is None else self._whole(item, index)
        return events

    def provider_blocks(self, entries: Any) -> bytes:
        events = b""
        for place in read_own(answered(entries, list, "provider_blocks"), []):
            called, index = self._place("it")
            events += self._whole({"id": called, **place.item}, index)
        return events

    def extras(self, extras: Any) -> bytes:
        """What the message is besides: its phase, but not its id, which has been given already."""
        if isinstance(self._open, Message):
            said = answered(extras, dict, EXTRAS).items()
            self._open.extras = {name: value for name, value in said if name != "id"}
        return b""

    def tool_calls(self, calls: Any) -> bytes:
        return b"".join(
            self._tool_call(answered(call, dict, "a tool call")) for call in answered(calls, list, "tool_calls")
        )

    def _tool_call(self, call: Json) -> bytes:
        """A call's place is its `index`; the few providers that leave it out send one call whole in a chunk."""
        place = call["index"] if type(call.get("index")) is int else len(self._calls)
        events = b""
        if place not in self._calls:
            events = self._close()
            self._calls[place] = Call(*self._place("fc"), call)
            events += self._calls[place].begin(self)
        return events + self._calls[place].say(call, self)

    def _whole(self, item: Json, index: int) -> bytes:
        """An item that is done as soon as it is added."""
        events = self._close()
        self._output[index] = item
        place = {"output_index": index, "item": item}
        return events + self.event("response.output_item.added", place) + self.event("response.output_item.done", place)

    def _close(self) -> bytes:
        """What is open ends before the model does, so it is complete."""
        item, self._open = self._open, None
        return b"" if item is None else self._done(item, "completed")

    def _done(self, item: Message | Reasoning | Call, status: str) -> bytes:
        events, self._output[item.index] = item.end(self, status)
        done = {"output_index": item.index, "item": self._output[item.index]}
        return events + self.event("response.output_item.done", done)

    def _close_all(self) -> bytes:
        status = "incomplete" if reason_of(self._finish or {}) else "completed"
        still_open = [*([self._open] if self._open else []), *self._calls.values()]
        self._open = None
        return b"".join(self._done(item, status) for item in still_open if item.index not in self._output)


#: In the order in which items would come, should one chunk say several things. Annotations are about the text of earlier chunks.
SAYINGS: Mapping[str, Callable[[StreamRenderer, Any], bytes]] = {
    "annotations": StreamRenderer.annotations,
    "reasoning_content": StreamRenderer.thoughts,
    "thinking_blocks": StreamRenderer.thinking_blocks,
    "images": StreamRenderer.images,
    "content": StreamRenderer.text,
    "refusal": StreamRenderer.refusal,
    EXTRAS: StreamRenderer.extras,
    "provider_blocks": StreamRenderer.provider_blocks,
    "tool_calls": StreamRenderer.tool_calls,
}
