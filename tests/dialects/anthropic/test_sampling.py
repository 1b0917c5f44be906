"""max_tokens, samplers and stop sequences, model by model."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects import Rendering
from proxy.dialects.anthropic.request import render_request

CLASSIC, SINGLE, NEW = "claude-sonnet-4-0", "claude-sonnet-4-5", "claude-opus-4-8"


def render(model: str, **unified: Any) -> Rendering:
    return render_request({"messages": [{"role": "user", "content": "hi"}], **unified}, model)


@pytest.mark.parametrize(("model", "limit"), [("claude-3-haiku-20240307", 4096), (SINGLE, 16384), ("kimi-k2", 4096)])
def test_a_limit_is_required_and_has_a_default(model: str, limit: int) -> None:
    assert render(model)[0]["max_tokens"] == limit


def test_a_limit_is_kept() -> None:
    assert render(NEW, max_tokens=10)[0]["max_tokens"] == 10
    assert render(NEW, max_completion_tokens=20, max_tokens=10)[0]["max_tokens"] == 20
    assert render(NEW, max_tokens=0)[0]["max_tokens"] == 0


def test_thinking_must_leave_room_for_the_answer() -> None:
    wire, dropped, translated = render(SINGLE, max_tokens=2000, reasoning={"budget_tokens": 2000})
    assert (wire["max_tokens"], dropped, translated) == (4000, [], ["max_tokens"])
    wire, dropped, translated = render(SINGLE, max_tokens=2001, reasoning={"budget_tokens": 2000})
    assert (wire["max_tokens"], dropped, translated) == (2001, [], [])
    assert render(SINGLE, reasoning={"budget_tokens": 20000})[0]["max_tokens"] == 24096
    assert render(SINGLE, reasoning_effort="low")[0]["max_tokens"] == 16384


@pytest.mark.parametrize(
    ("model", "unified", "said", "dropped"),
    [
        (CLASSIC, {"temperature": 0.7, "top_p": 0.3, "top_k": 5}, {"temperature": 0.7, "top_p": 0.3, "top_k": 5}, []),
        (CLASSIC, {"temperature": 0}, {"temperature": 0}, []),
        (SINGLE, {"temperature": 0.7, "top_p": 0.3}, {"temperature": 0.7}, ["top_p"]),
        (SINGLE, {"top_p": 0.3}, {"top_p": 0.3}, []),
        (NEW, {"temperature": 0.7, "top_p": 0.3, "top_k": 5}, {}, ["temperature", "top_k", "top_p"]),
        (NEW, {"temperature": 1.0}, {"temperature": 1.0}, []),
        (CLASSIC, {"temperature": 0.7, "top_k": 5, "reasoning_effort": "low"}, {}, ["temperature", "top_k"]),
        (CLASSIC, {"temperature": 0.7, "reasoning_effort": "none"}, {"temperature": 0.7}, []),
    ],
)
def test_samplers_are_what_the_model_takes(model: str, unified: Json, said: Json, dropped: list[str]) -> None:
    wire, names, _ = render(model, **unified)
    assert {name: wire[name] for name in ("temperature", "top_p", "top_k") if name in wire} == said
    assert names == dropped


@pytest.mark.parametrize("model", [CLASSIC, NEW])
def test_a_temperature_beyond_the_end_of_the_scale_is_its_end(model: str) -> None:
    wire, dropped, translated = render(model, temperature=1.5)
    assert (wire["temperature"], dropped, translated) == (1, [], ["temperature"])


@pytest.mark.parametrize(
    ("unified", "said", "dropped"),
    [
        ({"stop": "END"}, ["END"], []),
        ({"stop": ["a", "b"], "stop_sequences": ["b", "c"]}, ["a", "b", "c"], []),
        ({"stop": None}, None, []),
        ({"stop": ["\n", "a"]}, ["a"], ["stop"]),
        ({"stop": "a", "stop_sequences": [" "]}, ["a"], ["stop_sequences"]),
    ],
)
def test_stop_is_stop_sequences(unified: Json, said: list[str] | None, dropped: list[str]) -> None:
    wire, names, _ = render(NEW, **unified)
    assert (wire.get("stop_sequences"), names) == (said, dropped)


@pytest.mark.parametrize(
    ("unified", "param"),
    [
        ({"max_tokens": "many"}, "max_tokens"),
        ({"max_completion_tokens": True}, "max_completion_tokens"),
        ({"temperature": "hot"}, "temperature"),
        ({"stop": 5}, "stop"),
        ({"stop": ["a", 5]}, "stop[1]"),
    ],
)
def test_a_mistake_is_named(unified: Json, param: str) -> None:
    with pytest.raises(Failure) as caught:
        render(NEW, **unified)
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)
