"""What the mock says: from a checked request and a behaviour to the words, tool calls and token counts of an answer.

The same request gives the same answer, byte for byte. It knows nothing of HTTP, streams, delays or faults.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice, zip_longest

import orjson

from proxy.call import Json
from proxy.upstream.mock.instance import smallest
from proxy.upstream.mock.models import Behaviour
from proxy.upstream.mock.tools import ToolCall, call_tools
from proxy.upstream.mock.words import attached_to, count_prompt, count_tokens, last_user, split_tokens, text_of

LONGEST_QUOTE = 500
ABOUT = (
    "This answer comes from the mock inside Outrider: no provider was called. "
    "To talk to a real model, set OPENAI_API_KEY or ANTHROPIC_API_KEY and start Outrider again."
)
THOUGHT = "The user wrote something. A mock does not think, so it says that back."
FILLER = " the quick brown fox jumps over the lazy dog while the patient mock counts every single token"


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer in tokens. `reasoning` comes before `text`; `calls` stand instead of text, `interleaved` or in order.

    `stopped_by` is the stop sequence that ended it.
    """

    finish_reason: str
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    interleaved: bool = False
    stopped_by: str | None = None

    @property
    def tokens(self) -> int:
        return len(self.reasoning) + len(self.text) + sum(call.tokens for call in self.calls)

    def message(self) -> Json:
        message: Json = {"role": "assistant", "content": None if self.calls else "".join(self.text), "refusal": None}
        if self.reasoning:
            message["reasoning_content"] = "".join(self.reasoning)
        if self.calls:
            message["tool_calls"] = [call.whole() for call in self.calls]
        return message

    def deltas(self) -> Iterator[Json]:
        """Every content delta in order."""
        for piece in self.reasoning:
            yield {"reasoning_content": piece}
        for piece in self.text:
            yield {"content": piece}
        calls = [_call_deltas(index, call) for index, call in enumerate(self.calls)]
        turns = zip_longest(*calls) if self.interleaved else calls
        yield from ({"tool_calls": [delta]} for turn in turns for delta in turn if delta is not None)


def _call_deltas(index: int, call: ToolCall) -> Iterator[Json]:
    yield call.opening(index)
    for piece in split_tokens(call.arguments):
        yield {"index": index, "function": {"arguments": piece}}


@dataclass(frozen=True, slots=True)
class Answer:
    choices: list[Choice]
    prompt_tokens: int

    @property
    def tokens(self) -> int:
        return sum(choice.tokens for choice in self.choices)

    def usage(self) -> Json:
        """OpenAI's usage object: reasoning is a part of the completion, the completion is that of all choices."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.tokens,
            "total_tokens": self.prompt_tokens + self.tokens,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": sum(len(choice.reasoning) for choice in self.choices),
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }


def write_answer(request: Json, behaviour: Behaviour, id: str) -> Answer:
    """The whole answer to a checked request; `id` makes the ids of its tool calls unique."""
    choices = [_choice(request, behaviour, f"{id}{index}", index) for index in range(request.get("n") or 1)]
    return Answer(choices, count_prompt(request["messages"]))


def _choice(request: Json, behaviour: Behaviour, id: str, index: int) -> Choice:
    interleaved = behaviour.kind == "tools-interleaved"
    calls, finish_reason = call_tools(request, interleaved or behaviour.kind == "tools", id)
    if calls:
        return Choice(finish_reason, calls=calls, interleaved=interleaved)
    words, stopped_by = _stopped(_text(request, behaviour, index), request.get("stop"))
    thinks = behaviour.kind == "reasoning" or request.get("thinking") is True
    reasoning, text = split_tokens(THOUGHT) if thinks else [], split_tokens(words)
    limit = request.get("max_completion_tokens") or request.get("max_tokens")
    if limit is None or len(reasoning) + len(text) <= limit:
        return Choice("stop", text, reasoning, stopped_by=stopped_by)
    return Choice("length", text[: max(0, limit - len(reasoning))], reasoning[:limit])


def _stopped(text: str, stop: str | list[str] | None) -> tuple[str, str | None]:
    """What comes before the first of the sequences, and which it is."""
    stops = [stop] if isinstance(stop, str) else stop or []
    found = [(text.find(each), each) for each in stops if each and each in text]
    if not found:
        return text, None
    place, which = min(found)
    return text[:place], which


def _text(request: Json, behaviour: Behaviour, index: int) -> str:
    form = request.get("response_format") or {"type": "text"}
    if form["type"] == "json_schema":
        return orjson.dumps(smallest(form["json_schema"].get("schema") or {})).decode()
    text = _filler(behaviour.tokens) if behaviour.tokens is not None else _words(request, behaviour, index)
    return orjson.dumps({"reply": text}).decode() if form["type"] == "json_object" else text


def _words(request: Json, behaviour: Behaviour, index: int) -> str:
    text = f"{_results(request['messages']) or _echo(request['messages'])}\n\n{ABOUT}"
    if index:
        text = f"Choice {index + 1}. {text}"
    missing = 0 if behaviour.events is None else behaviour.events + 1 - count_tokens(text)
    return f"{text} {_filler(missing)}" if missing > 0 else text


def _filler(tokens: int) -> str:
    return "".join(islice(cycle(split_tokens(FILLER)), tokens)).lstrip()


def _echo(messages: list[Json]) -> str:
    user = last_user(messages)
    attached = attached_to(user)
    return f"You said: {_quote(text_of(user))}{f' ({attached})' if attached else ''}"


def _results(messages: list[Json]) -> str:
    """The tool results that end the conversation, with the names of their tools."""
    names = {call["id"]: _name(call) for message in messages for call in message.get("tool_calls") or []}
    start = len(messages)
    while start and messages[start - 1]["role"] == "tool":
        start -= 1
    return " ".join(
        f"{names[result['tool_call_id']]} returned: {_quote(text_of(result))}" for result in messages[start:]
    )


def _name(call: Json) -> str:
    described = call.get("function") or call.get("custom")
    return str(described.get("name", "tool")) if isinstance(described, dict) else "tool"


def _quote(text: str) -> str:
    return text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "..."
