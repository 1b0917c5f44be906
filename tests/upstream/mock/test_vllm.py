"""What vLLM's wire adds to OpenAI's and leaves out of it."""

from __future__ import annotations

from openai.types.chat import ChatCompletion, ChatCompletionChunk

from proxy.upstream.mock.checks import check_request
from proxy.upstream.mock.models import parse_model
from proxy.upstream.mock.script import chat_script
from proxy.upstream.mock.vllm import VLLM
from tests.upstream.mock.playing import AT_ONCE, DIGEST, WEATHER, Answer, chat, delta, sent


def answer_to(request: dict[str, object]) -> Answer:
    checked = check_request(request)
    return Answer(sent(chat_script(VLLM, checked, parse_model(checked["model"]), DIGEST, AT_ONCE)))


def test_a_whole_reply() -> None:
    answer = answer_to(chat("hi there", stop=["there"]))
    completion = ChatCompletion.model_validate(answer.json, strict=True)
    assert completion.choices[0].message.content == "You said: hi "
    [choice] = answer.json["choices"]
    assert (choice["finish_reason"], choice["stop_reason"], choice["message"]["tool_calls"]) == ("stop", "there", [])
    assert answer.json["usage"] == {
        "prompt_tokens": 2,
        "completion_tokens": 5,
        "total_tokens": 7,
        "prompt_tokens_details": None,
    }
    assert answer.json["prompt_logprobs"] is None


def test_reasoning_by_its_newer_name() -> None:
    message = answer_to(chat(model="mock-reasoning")).json["choices"][0]["message"]
    assert message["reasoning"].startswith("The user wrote")
    assert "reasoning_content" not in message
    chunks = answer_to(chat(model="mock-reasoning", stream=True)).chunks
    assert "".join(delta(chunk).get("reasoning", "") for chunk in chunks) == message["reasoning"]
    assert not any("reasoning_content" in delta(chunk) for chunk in chunks)


def test_a_stream_ends_with_usage_only_where_it_was_asked_for() -> None:
    answer = answer_to(chat(stream=True, stream_options={"include_usage": True}))
    *before, last = answer.chunks
    for chunk in answer.chunks:
        ChatCompletionChunk.model_validate(chunk, strict=True)
    assert last["usage"] == answer_to(chat()).json["usage"]
    assert not any("usage" in chunk for chunk in before)
    assert not any("usage" in chunk for chunk in answer_to(chat(stream=True)).chunks)


def test_tools() -> None:
    answer = answer_to(chat(model="mock-tools", tools=[WEATHER]))
    completion = ChatCompletion.model_validate(answer.json, strict=True)
    assert completion.choices[0].finish_reason == "tool_calls"
    assert len(completion.choices[0].message.tool_calls or []) == 1


def test_an_error_s_code_is_its_status() -> None:
    answer = answer_to(chat(model="mock-status-404"))
    assert answer.json["error"] == {
        "message": "The mock was asked for this status.",
        "type": "NotFoundError",
        "param": None,
        "code": 404,
    }
    assert VLLM.error(418, "x")["error"]["type"] == "BadRequestError"


def test_the_mark_of_the_end_follows_even_an_error() -> None:
    answer = answer_to(chat(model="mock-error-event-2", stream=True))
    assert answer.data[-1] == b"[DONE]"
    assert answer.chunks[-1]["error"]["code"] == 500
