"""The reply that is not streamed, whole and broken."""

from __future__ import annotations

import orjson
import pytest
from openai.types.chat import ChatCompletion

from proxy.upstream.mock import MockSettings
from tests.upstream.mock.playing import WEATHER, answer_to, chat, script_of


def test_a_whole_reply_is_a_chat_completion() -> None:
    answer = answer_to(chat("hi", n=2))
    completion = ChatCompletion.model_validate(answer.json, strict=True)
    assert answer.complete
    assert [choice.finish_reason for choice in completion.choices] == ["stop", "stop"]
    assert (completion.choices[0].message.content or "").startswith("You said: hi")
    assert completion.usage is not None
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens


def test_tool_calls() -> None:
    completion = ChatCompletion.model_validate(answer_to(chat(model="mock-tools", tools=[WEATHER])).json, strict=True)
    assert completion.choices[0].finish_reason == "tool_calls"
    [call] = completion.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert orjson.loads(call.function.arguments) == {"city": "", "days": 1}


def test_reasoning_stands_beside_the_content() -> None:
    message = answer_to(chat(model="mock-reasoning")).json["choices"][0]["message"]
    assert message["reasoning_content"]
    assert message["content"]


def test_it_takes_the_time_of_its_tokens() -> None:
    settings = MockSettings((0.5, 0.5), (0.01, 0.01))
    [step] = script_of(chat(model="mock-tokens-11"), settings).steps
    assert step.pause == pytest.approx(0.5 + 10 * 0.01)
    [step] = script_of(chat(model="mock-tokens-0"), settings).steps
    assert step.pause == 0.5


@pytest.mark.parametrize("model", ["mock-cut-3", "mock-cut-event-3", "mock-truncated"])
def test_a_cut_body_is_shorter_than_announced(model: str) -> None:
    answer = answer_to(chat(model=model))
    assert 0 < len(answer.body) < int(answer.headers["content-length"])
    assert not answer.complete
    assert script_of(chat(model=model)).end == "close"


@pytest.mark.parametrize("model", ["mock-end-early-3", "mock-malformed-3"])
def test_broken_json_in_a_whole_message(model: str) -> None:
    answer = answer_to(chat(model=model))
    assert answer.complete
    with pytest.raises(orjson.JSONDecodeError):
        _ = answer.json
    assert script_of(chat(model=model)).end == "keep"


@pytest.mark.parametrize("model", ["mock-error-event", "mock-error-event-3"])
def test_an_error_in_a_200(model: str) -> None:
    answer = answer_to(chat(model=model))
    assert (answer.status, answer.json["error"]["type"]) == (200, "server_error")


def test_a_stall_never_answers() -> None:
    script = script_of(chat(model="mock-stall-3"))
    assert (b"".join(step.data for step in script.steps), script.end) == (b"", "hang")
