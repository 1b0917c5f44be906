"""What the mock says, and what it counts."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.upstream.mock.answer import ABOUT, LONGEST_QUOTE, Answer, write_answer
from proxy.upstream.mock.models import parse_model
from proxy.upstream.mock.words import count_tokens, split_tokens
from tests.upstream.mock.playing import CLOCK, WEATHER, chat


def answer(request: dict[str, Any]) -> Answer:
    return write_answer(request, parse_model(request["model"]), "x")


def said(request: dict[str, Any]) -> str:
    return "".join(answer(request).choices[0].text)


def test_it_says_the_last_user_message_back_and_what_it_is() -> None:
    assert said(chat("good morning")) == f"You said: good morning\n\n{ABOUT}"
    assert "OPENAI_API_KEY" in ABOUT


def test_it_mentions_what_is_attached() -> None:
    parts = [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "http://x/y.png"}}]
    assert said({"model": "mock", "messages": [{"role": "user", "content": parts}]}).startswith(
        "You said: look (1 image)"
    )


def test_a_long_message_is_shortened() -> None:
    assert said(chat("a" * 10_000)).startswith("You said: " + "a" * LONGEST_QUOTE + "...\n")


def test_the_results_of_tools_are_quoted() -> None:
    request = chat("go", tools=[WEATHER, CLOCK])
    calls = [
        {"id": name, "type": "function", "function": {"name": name, "arguments": "{}"}} for name in ("old", "a", "b")
    ]
    for turn in (calls[:1], calls[1:]):
        request["messages"].append({"role": "assistant", "content": None, "tool_calls": turn})
        request["messages"] += [{"role": "tool", "tool_call_id": c["id"], "content": f"{c['id']}!"} for c in turn]
    assert said(request) == f"a returned: a! b returned: b!\n\n{ABOUT}"


@pytest.mark.parametrize("limit", ["max_tokens", "max_completion_tokens"])
def test_the_limit_of_tokens(limit: str) -> None:
    choice = answer({**chat("hello"), limit: 3}).choices[0]
    assert (choice.text, choice.finish_reason, choice.tokens) == (["You", " said", ":"], "length", 3)
    whole = count_tokens(said(chat("hello")))
    assert answer({**chat("hello"), limit: whole}).choices[0].finish_reason == "stop"
    assert answer({**chat("hello"), limit: whole - 1}).choices[0].finish_reason == "length"


@pytest.mark.parametrize("stop", ["hello", ["nowhere", "hello", " said"], ["", " said: hello"]])
def test_the_answer_ends_before_the_first_stop_sequence(stop: str | list[str]) -> None:
    text = said(chat("hello", stop=stop))
    assert text == ("You said: " if stop == "hello" else "You")
    assert answer(chat("hello", stop=stop)).choices[0].finish_reason == "stop"


def test_choices_differ_and_are_counted_together() -> None:
    found = answer(chat("hello", n=3))
    texts = ["".join(choice.text) for choice in found.choices]
    assert texts[1] == "Choice 2. " + texts[0]
    assert found.usage()["completion_tokens"] == sum(map(count_tokens, texts))


def test_usage_adds_up() -> None:
    usage = answer(chat("one two three", model="mock-reasoning")).usage()
    assert usage["prompt_tokens"] == 3
    assert usage["total_tokens"] == 3 + usage["completion_tokens"]
    reasoning = usage["completion_tokens_details"]["reasoning_tokens"]
    assert 0 < reasoning == usage["completion_tokens"] - count_tokens(said(chat("one two three")))


def test_reasoning_counts_against_the_limit() -> None:
    choice = answer(chat(model="mock-reasoning", max_completion_tokens=4)).choices[0]
    assert (len(choice.reasoning), choice.text, choice.finish_reason) == (4, [], "length")


@pytest.mark.parametrize("count", [0, 1, 17, 100_000])
def test_an_answer_of_a_given_length(count: int) -> None:
    choice = answer(chat(model=f"mock-tokens-{count}")).choices[0]
    assert len(choice.text) == count
    assert split_tokens("".join(choice.text)) == choice.text


def test_an_answer_is_long_enough_for_its_fault() -> None:
    assert len(answer(chat(model="mock-cut-500")).choices[0].text) == 501


def test_json_on_request() -> None:
    assert orjson.loads(said(chat("hi", response_format={"type": "json_object"})))["reply"].startswith("You said: hi")
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    assert orjson.loads(said(chat(response_format=form))) == {"ok": False}


def test_the_arguments_of_parallel_calls_take_turns() -> None:
    choice = answer(chat(model="mock-tools-interleaved", tools=[WEATHER, WEATHER])).choices[0]
    entries = [delta["tool_calls"][0] for delta in choice.deltas()]
    assert [entry["index"] for entry in entries[:6]] == [0, 1, 0, 1, 0, 1]
    for index, call in enumerate(choice.calls):
        pieces = [each["function"]["arguments"] for each in entries if each["index"] == index]
        assert "".join(pieces) == call.arguments == '{"city":"","days":1}'
    assert choice.message()["content"] is None


def test_calls_of_different_choices_have_different_ids() -> None:
    found = answer(chat(model="mock-tools", tools=[WEATHER, CLOCK], n=2))
    ids = [call.id for choice in found.choices for call in choice.calls]
    assert len(set(ids)) == 4
