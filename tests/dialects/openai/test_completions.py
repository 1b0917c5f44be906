"""Legacy completions: checked at the door, sent as they are, and heard when they speak."""

from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given, settings

from proxy.call import Failure, Json, Usage
from proxy.dialects.openai import DIALECT
from proxy.dialects.openai.completions import parse_request
from proxy.wire.events import Event
from tests.dialects.openai.recorded import ANYTHING, OBJECTS, RECORDINGS

assert DIALECT.completions is not None
COMPLETE = DIALECT.completions


@pytest.mark.parametrize("prompt", ["a", "", None, ["a", "b"], [1, 2], [[1], [2]]])
def test_a_request_passes_as_it_is(prompt: Any) -> None:
    wire = {"model": "m", "prompt": prompt, "stream": True, "max_tokens": 0, "logprobs": 5, "custom": {}}
    assert COMPLETE.parse_request(wire) is wire


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": 5}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": ["a", 1]}, "prompt"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": True}, "stream_options"),
        ({"temperature": 3}, "temperature"),
        ({"n": 0}, "n"),
    ],
)
def test_a_mistake_is_named(fields: Json, param: str) -> None:
    with pytest.raises(Failure) as caught:
        COMPLETE.parse_request({"model": "m", "prompt": "a", **fields})
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)


def test_what_is_ours_does_not_leave() -> None:
    unified = {"model": "fast", "prompt": "a", "timeout": 5, "fallbacks": ["b"], "cache": False}
    assert COMPLETE.render_request(unified, "m") == ({"model": "m", "prompt": "a"}, [], ())


def chunk(**choice: Any) -> Event:
    return Event(
        "", orjson.dumps({"object": "text_completion", "choices": [{"index": 0, "finish_reason": None, **choice}]})
    )


def test_text_is_speech_and_a_finish_reason_the_end() -> None:
    signs = [DIALECT.read_event(chunk(**said)) for said in ({"text": ""}, {"text": "a"}, {"finish_reason": "stop"})]
    assert signs == ["wait", "spoken", "end"]


def test_a_recorded_exchange() -> None:
    name = "openai/text-completions-ai-gateway-completion-suffix-0"
    if name not in RECORDINGS:
        pytest.skip("../shared/wire is not here: no recorded completion")
    request, answer = RECORDINGS[name]["request"]["json"], RECORDINGS[name]["response"]["json"]
    assert COMPLETE.render_request(COMPLETE.parse_request(request), request["model"]).wire == request
    assert COMPLETE.parse_reply(answer) is COMPLETE.render_reply(answer, request) is answer
    usage = COMPLETE.parse_usage(answer)
    assert isinstance(usage, Usage)
    assert usage.total == answer["usage"]["total_tokens"]


@settings(max_examples=100, deadline=None, database=None)
@given(OBJECTS, ANYTHING)
def test_anything_is_answered_or_refused(fields: Json, value: Any) -> None:
    with suppress(Failure):
        COMPLETE.render_request(COMPLETE.parse_request({**fields, "prompt": value}), "m")
    with suppress(Failure):
        COMPLETE.parse_usage(COMPLETE.parse_reply(value))


@pytest.mark.parametrize("body", [None, [], "hi", 3])
def test_a_body_that_is_no_object_is_refused(body: Any) -> None:
    with pytest.raises(Failure) as caught:
        parse_request(body)
    assert (caught.value.kind, caught.value.param) == ("invalid_request", "body")
