"""The body of a prediction for each family, and what is left out of it by name."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects import Rendering
from proxy.dialects.replicate import DIALECT
from proxy.dialects.replicate.request import KNOWN, SUPPORT, render_request
from proxy.dialects.replicate.spellings import FAMILIES, TEMPLATE

LLAMA, LLAMA_2, GPT = "meta/meta-llama-3-70b-instruct", "meta/llama-2-70b-chat", "openai/gpt-4o-mini"
CLAUDE, GEMINI = "anthropic/claude-4-sonnet", "google/gemini-2.5-flash"
HI: Json = {"role": "user", "content": "hi"}
TURNS: list[Json] = [{"role": "system", "content": "S"}, HI, {"role": "assistant", "content": "yes?"}, HI]


def image(url: str) -> Json:
    return {"type": "image_url", "image_url": {"url": url}}


def asked(model: str = LLAMA, messages: Any = None, **fields: Any) -> Rendering:
    return render_request({"model": "x", "messages": messages or [HI], **fields}, model)


def test_one_question_is_the_prompt() -> None:
    messages = [{"role": "system", "content": "S"}, HI]
    fields: Json = {"max_tokens": 9, "temperature": 0.5, "top_p": 0.9, "top_k": 5, "seed": 7, "stop": ["a", "b"]}
    rendering = asked(messages=messages, stream=True, **fields)
    said = {"temperature": 0.5, "top_p": 0.9, "top_k": 5, "seed": 7, "max_tokens": 9, "stop_sequences": "a,b"}
    assert rendering == Rendering({"version": LLAMA, "input": {"prompt": "hi", "system_prompt": "S", **said}}, [], [])


@pytest.mark.parametrize(
    "model", [f"{LLAMA_2}:02e509c7", "02e509c789964a7ea8736978a43525956ef40397be9033abf9fd2badfe68c9e3"]
)
def test_a_version_goes_where_the_model_does(model: str) -> None:
    assert asked(model).wire["version"] == model


@pytest.mark.parametrize(
    ("model", "name", "limit"),
    [
        (LLAMA, "max_tokens", 9),
        (LLAMA_2, "max_new_tokens", 9),
        (GPT, "max_completion_tokens", 9),
        (GEMINI, "max_output_tokens", 9),
    ],
)
def test_a_limit_has_the_family_s_name(model: str, name: str, limit: int) -> None:
    assert asked(model, max_tokens=5, max_completion_tokens=limit).wire["input"] == {"prompt": "hi", name: limit}


def test_a_limit_that_is_too_low_is_raised_and_named() -> None:
    rendering = asked(CLAUDE, max_tokens=9)
    assert (rendering.wire["input"]["max_tokens"], rendering.translated) == (1024, ["max_tokens"])


def test_several_turns_are_messages_or_a_transcript() -> None:
    assert asked(GPT, TURNS).wire["input"] == {"messages": TURNS}
    rendering = asked(LLAMA, TURNS)
    said = "User: hi\n\nAssistant: yes?\n\nUser: hi\n\nAssistant:"
    assert rendering == Rendering({"version": LLAMA, "input": {"prompt": said, "system_prompt": "S"}}, [], ["messages"])


def test_images_go_as_the_family_takes_them() -> None:
    shown = [
        {
            "role": "user",
            "content": [{"type": "text", "text": "a"}, image("https://x/1"), image("data:image/png;base64,AA==")],
        }
    ]
    assert asked(GEMINI, shown).wire["input"]["images"] == ["https://x/1", "data:image/png;base64,AA=="]
    one = asked(CLAUDE, shown)
    assert (one.wire["input"]["image"], one.dropped) == ("https://x/1", ["messages.image.base64"])
    none = asked(LLAMA, shown)
    assert (none.wire["input"], none.dropped) == ({"prompt": "a"}, ["messages.image.url", "messages.image.base64"])


def test_what_a_family_has_no_input_for_is_dropped_and_named() -> None:
    rendering = asked(CLAUDE, temperature=1, stop=["x"], tools=[{}], user="u", reasoning_effort="low", logprobs=False)
    assert rendering.wire["input"] == {"prompt": "hi"}
    assert sorted(rendering.dropped) == ["reasoning_effort", "stop", "temperature", "tools", "user"]
    assert asked(GPT.replace("4o-mini", "5-nano"), reasoning_effort="low").wire["input"]["reasoning_effort"] == "low"


def test_a_stop_sequence_with_a_comma_would_be_two() -> None:
    rendering = asked(stop=["a,b"], stop_sequences=["c"])
    assert (rendering.wire["input"]["stop_sequences"], rendering.dropped) == ("c", ["stop"])


@pytest.mark.parametrize("kind", ["json_object", "json_schema"])
def test_a_form_cannot_be_asked_for(kind: str) -> None:
    assert asked(response_format={"type": kind}).dropped == [f"response_format.{kind}"]
    assert asked(response_format={"type": "text"}).dropped == []


@pytest.mark.parametrize(
    ("fields", "kind", "param"),
    [
        ({"n": 2}, "unsupported_capability", "n"),
        ({"max_tokens": "9"}, "invalid_request", "max_tokens"),
        ({"stop": 7}, "invalid_request", "stop"),
        ({"stop": [7]}, "invalid_request", "stop[0]"),
        ({"response_format": 7}, "invalid_request", "response_format"),
        ({"messages": [{"role": "system", "content": "S"}]}, "invalid_request", "messages"),
        ({"messages": 7}, "invalid_request", "messages"),
    ],
)
def test_what_is_wrong_is_named(fields: Json, kind: str, param: str) -> None:
    with pytest.raises(Failure) as caught:
        render_request({"messages": [HI], **fields}, LLAMA)
    assert (caught.value.kind, caught.value.param) == (kind, param)


def test_its_table_says_what_it_does() -> None:
    spelled = {name for spelling in (TEMPLATE, *(family for _, family in FAMILIES)) for name in spelling.same}
    assert {row for row in SUPPORT if "." not in row} == (KNOWN | spelled) - {"n", "response_format"}
    assert DIALECT.support is SUPPORT
