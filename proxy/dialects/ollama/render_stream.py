"""Unified chunks as a chat or generate stream: a line for each piece of text, and at the end one that says `done: true`.

Tool calls have their arguments as an object, so that they are held until the model has finished: another provider's come in
pieces, and those of parallel calls may interleave. The last line is said only when the stream has ended well, for it is what
tells a client that nothing is missing. Source: https://docs.ollama.com/api/streaming.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from proxy.call import Json, Usage
from proxy.dialects import SayText
from proxy.dialects.chunks import say_between
from proxy.dialects.ollama.calls import render_calls
from proxy.dialects.ollama.logprobs import render_logprobs
from proxy.dialects.ollama.parts import read_pictures
from proxy.dialects.ollama.reply import done_reason
from proxy.dialects.ollama.usage import render_time, render_usage
from proxy.dialects.openai.usage import parse_usage
from proxy.dialects.parts import was_cut
from proxy.dialects.shape import answered, some

#: Stands for a text where only the bytes around it are wanted; behind it comes no other text.
MARK = "\0"
#: What a delta with nothing but a text looks like.
ONLY_TEXT = {"content"}


def chat_line(message: Json) -> Json:
    return {"message": {"role": "assistant", "content": "", **message}}


class Call:
    """A tool call that is coming in."""

    __slots__ = ("arguments", "called", "name")

    def __init__(self) -> None:
        self.called: str | None = None
        self.name: Any = None
        self.arguments: list[str] = []

    def add(self, call: Json) -> None:
        function = answered(call.get("function") or {}, dict, "function")
        self.called = call["id"] if isinstance(call.get("id"), str) else self.called
        self.name = function.get("name") or self.name
        if function.get("arguments"):
            self.arguments.append(answered(function["arguments"], str, "arguments"))

    def whole(self) -> Json:
        return {"id": self.called, "function": {"name": self.name, "arguments": "".join(self.arguments)}}


class StreamRenderer:
    """Unified chunks in, lines out. `line_of` says how a piece of a message stands in a line.

    Failure when a chunk cannot be said, as a tool call whose arguments are no object.
    """

    __slots__ = ("_after", "_before", "_calls", "_finish", "_line_of", "_model", "_said", "_time", "_timed", "_usage")

    def __init__(self, request: Json, created: int, line_of: Callable[[Json], Json] = chat_line) -> None:
        self._line_of = line_of
        self._time = render_time(created)
        self._calls: dict[int, Call] = {}
        self._said = 0
        self._finish: Json = {}
        self._timed: Json = {}
        self._usage: Usage | None = None
        self._called_by(request.get("model"))

    def feed(self, chunk: Json) -> bytes:
        choices = chunk.get("choices")
        if chunk.get("model") != self._model and chunk.get("model"):
            self._called_by(chunk["model"])
        if choices and chunk.get("usage") is None and type(choices) is list and type(choice := choices[0]) is dict:
            delta = choice.get("delta")
            if type(delta) is dict and delta.keys() == ONLY_TEXT and not choice.get("finish_reason"):
                words = delta["content"]
                if type(words) is str and words and choice.get("logprobs") is None:
                    return self._before + orjson.dumps(words) + self._after
        return self._feed(chunk)

    def text_lane(self, chunk: Json) -> SayText | None:
        return say_between(self.feed(chunk))

    def end(self) -> bytes:
        last = self._line(
            {}, done=True, done_reason=done_reason(self._finish), **render_usage(self._usage, self._timed)
        )
        return self._say_calls() + last

    def _called_by(self, model: Any) -> None:
        """Each line names the model; around a text it is always the same."""
        self._model = model
        self._before, _, self._after = self._line({"content": MARK}).rpartition(orjson.dumps(MARK))

    def _feed(self, chunk: Json) -> bytes:
        usage = parse_usage(chunk)
        if usage is not None:
            self._usage = usage
        choices = some(chunk, "choices")
        if not choices:
            return b""
        choice = answered(choices[0], dict, "a choice")
        lines = self._say(answered(choice.get("delta") or {}, dict, "a delta"), choice)
        if choice.get("finish_reason"):
            self._finish, self._timed = choice, chunk
            lines += self._say_calls()
        return lines

    def _say(self, delta: Json, choice: Json) -> bytes:
        for call in some(delta, "tool_calls"):
            self._hold(answered(call, dict, "a tool call"))
        message = {wire: read(delta[name]) for name, (wire, read) in PIECES.items() if delta.get(name)}
        likely = render_logprobs(choice)
        return self._line(message, **likely) if message or likely else b""

    def _hold(self, call: Json) -> None:
        """A call's place is its `index`; the few providers that leave it out send one call whole in a chunk."""
        place = call["index"] if type(call.get("index")) is int else len(self._calls)
        self._calls.setdefault(place, Call()).add(call)

    def _say_calls(self) -> bytes:
        if not self._calls:
            return b""
        calls = render_calls([call.whole() for call in self._calls.values()], self._said, was_cut(self._finish))
        self._said += len(calls)
        self._calls.clear()
        return self._line({"tool_calls": calls}) if calls else b""

    def _line(self, message: Json, done: bool = False, **rest: Any) -> bytes:
        line = {"model": str(self._model or ""), "created_at": self._time, **self._line_of(message), "done": done}
        return orjson.dumps(line | rest) + b"\n"


def read_words(words: Any) -> str:
    return answered(words, str, "a text")


#: Member of a delta -> member of a message.
PIECES: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "reasoning_content": ("thinking", read_words),
    "refusal": ("content", read_words),
    "content": ("content", read_words),
    "images": ("images", lambda images: read_pictures(answered(images, list, "images"))),
}
