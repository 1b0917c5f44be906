"""The cases: what is asked and answered, written by hand in the unified form and, where a case is at home, in the dialect itself.

A file of cases/ holds

    about:    what the case is for, one sentence
    request:  the unified request, without a model
    models:   {dialect: model}, where the usual one will not do
    reply:    the unified message, or a whole unified reply; a case without one is about the request only
    finish:   its finish_reason (default `stop`); ended: members beside it
    usage:    its token counts, as OpenAI has them
    chunks:   its deltas; without them the message is streamed in a plain way
    native:   {dialect: {request, reply, stream}} as that provider's documentation has it; `stream` is a list of payloads,
              of {event: payload} where events have names outside of them, or of strings for what is no JSON
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from proxy.call import Json
from tests.goldens.spoken import MODELS, frame

FOLDER = Path(__file__).parent / "cases"
HEAD: Mapping[str, Any] = {"id": "answer-1", "object": "chat.completion", "created": 1_700_000_000, "model": "model-1"}
USAGE: Mapping[str, int] = {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}


@dataclass(frozen=True)
class Case:
    name: str
    about: str
    request: Json
    models: Mapping[str, str] = field(default_factory=dict)
    reply: Any = None
    finish: str = "stop"
    ended: Mapping[str, Any] = field(default_factory=dict)
    usage: Mapping[str, Any] = field(default_factory=lambda: USAGE)
    chunks: list[Json] | None = None
    native: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def model(self, dialect: str) -> str:
        return self.models.get(dialect) or MODELS[dialect]

    @cached_property
    def unified_reply(self) -> Json:
        if "choices" in self.reply:
            return dict(self.reply)
        message = {"role": "assistant", "content": None, **self.reply}
        choice = {"index": 0, "message": message, "finish_reason": self.finish, **self.ended}
        return {**HEAD, "choices": [choice], "usage": dict(self.usage)}

    @cached_property
    def unified_chunks(self) -> list[Json]:
        deltas = self.chunks if self.chunks is not None else list(deltas_of(self.reply))
        chunks = [chunk_of({"role": "assistant", "content": ""}), *map(chunk_of, deltas)]
        usage = {**HEAD, "object": "chat.completion.chunk", "choices": [], "usage": dict(self.usage)}
        return [*chunks, chunk_of({}, finish_reason=self.finish, **self.ended), usage]

    def native_stream(self, dialect: str) -> bytes | None:
        payloads = self.native.get(dialect, {}).get("stream")
        return None if payloads is None else b"".join(frame(dialect, payload) for payload in payloads)


def chunk_of(delta: Json, **ended: Any) -> Json:
    choice = {"index": 0, "delta": delta, "finish_reason": None, **ended}
    return {**HEAD, "object": "chat.completion.chunk", "choices": [choice]}


def deltas_of(message: Json) -> Iterator[Json]:
    """A message piece by piece: what was thought, what was said, then its calls one after the other."""
    for piece in halves(message.get("reasoning_content")):
        yield {"reasoning_content": piece}
    for block in message.get("thinking_blocks", ()):
        yield {"thinking_blocks": [block]}
    for name in ("content", "refusal"):
        for piece in halves(message.get(name)):
            yield {name: piece}
    for name in ("annotations", "provider_blocks", "images", "extra_content"):
        if message.get(name):
            yield {name: message[name]}
    for index, call in enumerate(message.get("tool_calls", ())):
        first, rest = halves(call["function"]["arguments"]) or ("", "")
        function = {"name": call["function"]["name"], "arguments": ""}
        yield {"tool_calls": [{**call, "index": index, "function": function}]}
        for piece in (first, rest):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def halves(text: str | None) -> tuple[str, ...]:
    if not text:
        return ()
    return (text[: len(text) // 2], text[len(text) // 2 :]) if len(text) > 1 else (text,)


def read(path: Path) -> Case:
    return Case(path.stem, **yaml.safe_load(path.read_text()))


CASES: Mapping[str, Case] = {path.stem: read(path) for path in sorted(FOLDER.glob("*.yaml"))}
