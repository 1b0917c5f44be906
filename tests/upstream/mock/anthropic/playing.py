"""Requests to the mock's Messages API, and its answers as the official SDK's types read them."""

from __future__ import annotations

from typing import Any

import orjson
from anthropic.types import Message, RawMessageStreamEvent
from pydantic import TypeAdapter

from proxy.upstream.mock.anthropic import ANTHROPIC
from proxy.upstream.mock.models import parse_model
from proxy.upstream.mock.script import chat_script
from tests.upstream.mock.playing import AT_ONCE, DIGEST, Answer, sent

EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
WEATHER = {
    "name": "get_weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
CLOCK = {"name": "get_time", "input_schema": {"type": "object"}}


def ask(text: Any = "hello", model: str = "claude-x", **fields: Any) -> dict[str, Any]:
    return {"model": model, "max_tokens": 4096, "messages": [{"role": "user", "content": text}], **fields}


def answer_to(request: dict[str, Any]) -> Answer:
    checked = ANTHROPIC.checks["chat"](request)
    return Answer(sent(chat_script(ANTHROPIC, checked, parse_model(checked["model"]), DIGEST, AT_ONCE)))


def message_of(request: dict[str, Any]) -> Message:
    return Message.model_validate(answer_to(request).json)


def events_of(answer: Answer) -> list[dict[str, Any]]:
    """Every event that is whole; its name and its type are the same."""
    events = []
    for block in answer.body.decode().split("\n\n")[:-1]:
        name, _, data = block.partition("\n")
        events.append(orjson.loads(data.removeprefix("data: ")))
        assert name == f"event: {events[-1]['type']}"
    return events
