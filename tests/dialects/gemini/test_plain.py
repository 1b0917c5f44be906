"""The short way of a plain request and reply says what the general way says, byte for byte.

A member that says nothing sends the same thing the general way.
"""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from proxy.call import Json
from proxy.dialects.gemini import DIALECT
from tests.dialects.gemini.recorded import model_of
from tests.dialects.gemini.test_recordings import REPLIES, REQUESTS

NOTHING: Mapping[str, Any] = {"unheardOf": 1}


def user(text: str) -> Json:
    return {"role": "user", "parts": [{"text": text}]}


def answer(reason: str) -> Json:
    content = {"parts": [{"text": "a"}], "role": "model"}
    return {"candidates": [{"content": content, "finishReason": reason}], "responseId": "r"}


WIRES: list[Json] = [
    *(recorded["request"]["json"] for recorded in REQUESTS.values()),
    {
        "contents": [user("a"), {**user("b"), "role": "model"}, {"parts": [{"text": ""}]}],
        "systemInstruction": user("s"),
    },
    {"contents": [user("a")], "systemInstruction": {"parts": [{"text": "s"}], "role": 7}},
]
ANSWERS: list[Json] = [*REPLIES.values(), *(answer(reason) for reason in ("STOP", "MAX_TOKENS", "SAFETY", "OTHER"))]
COUNTS: list[Json] = [
    *(counts for wire in REPLIES.values() if "promptTokenCount" in (counts := wire.get("usageMetadata") or {})),
    {"promptTokenCount": 3, "candidatesTokenCount": 0},
    {"promptTokenCount": 3, "candidatesTokenCount": 2, "thoughtsTokenCount": 4},
    {"promptTokenCount": 3, "candidatesTokenCount": -2, "thoughtsTokenCount": True},
    {
        "promptTokenCount": 3,
        "candidatesTokenCount": 2,
        "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 1}],
    },
]
MESSAGES: list[Json] = [
    {"role": role, "content": content}
    for role in ("system", "developer", "user", "assistant")
    for content in ("a", "", None)
]


def noisy(value: Any) -> Any:
    return {**value, **NOTHING} if isinstance(value, dict) else value


@pytest.mark.parametrize("wire", WIRES)
def test_a_request_is_parsed_alike(wire: Json) -> None:
    contents = wire["contents"] if isinstance(wire["contents"], list) else [wire["contents"]]
    general = {**wire, "contents": [noisy(content) for content in contents]}
    for name in ("systemInstruction", "system_instruction"):
        if name in wire:
            general[name] = noisy(wire[name])
    assert orjson.dumps(DIALECT.parse_request(wire)) == orjson.dumps(DIALECT.parse_request(general))


@pytest.mark.parametrize("wire", ANSWERS)
def test_a_reply_is_parsed_alike(wire: Json) -> None:
    general = {**wire, "candidates": [noisy(candidate) for candidate in wire.get("candidates", ())]}
    assert orjson.dumps(DIALECT.parse_reply(wire)) == orjson.dumps(DIALECT.parse_reply(general))


@pytest.mark.parametrize("counts", COUNTS)
def test_usage_is_parsed_alike(counts: Json) -> None:
    general = {"toolUsePromptTokenCount": 0, **counts}
    assert DIALECT.parse_usage({"usageMetadata": counts}) == DIALECT.parse_usage({"usageMetadata": general})


def rendered(messages: list[Json], model: str) -> bytes:
    rendering = DIALECT.render_request({"messages": messages}, model)
    return orjson.dumps([rendering.wire, rendering.dropped, rendering.translated])


@pytest.mark.parametrize("recorded", REQUESTS.values(), ids=REQUESTS)
def test_a_recorded_request_is_rendered_alike(recorded: Json) -> None:
    messages, model = DIALECT.parse_request(recorded["request"]["json"])["messages"], model_of(recorded)
    assert rendered(messages, model) == rendered([noisy(message) for message in messages], model)


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_is_rendered_alike(message: Json) -> None:
    messages = [message, {"role": "user", "content": "q"}, message]
    assert rendered(messages, "gemini-3-pro") == rendered([noisy(each) for each in messages], "gemini-3-pro")


@pytest.mark.parametrize("wire", ANSWERS)
def test_a_reply_is_rendered_alike(wire: Json) -> None:
    unified = DIALECT.parse_reply(wire)
    choices = [{**choice, "message": noisy(choice["message"])} for choice in unified["choices"]]
    general = {**unified, "choices": choices}
    assert orjson.dumps(DIALECT.render_reply(unified, {})) == orjson.dumps(DIALECT.render_reply(general, {}))
