"""What the mock's Messages API refuses, and what it makes of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.call import Failure
from proxy.upstream.mock.anthropic.request import check_count, check_message
from tests.upstream.mock.anthropic.playing import CLOCK, WEATHER, answer_to, ask, message_of

USE = {"type": "tool_use", "id": "t1", "name": "get_time", "input": {"a": 1}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "noon"}]}
ANSWERED: list[Any] = [
    {"role": "user", "content": "get_time"},
    {"role": "assistant", "content": [{"type": "thinking", "thinking": "x", "signature": "y"}, USE]},
]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"model": 1}, "model"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ({"messages": [{"role": "user", "content": [RESULT]}]}, "messages[0]"),
        ({"messages": [{"role": "user", "content": []}]}, "messages[0]"),
        ({"messages": [{"role": "assistant", "content": ""}, {"role": "user", "content": "x"}]}, "messages[0]"),
        ({"temperature": 1.5}, "temperature"),
        ({"system": 1}, "system"),
        ({"stop_sequences": [1]}, "stop_sequences[0]"),
        ({"tools": [{"name": "a b", "input_schema": {}}]}, "tools[0].name"),
        ({"tools": [{"name": "a"}]}, "tools[0].input_schema"),
        ({"tools": [WEATHER], "tool_choice": {"type": "tool", "name": "no"}}, "tool_choice.name"),
        ({"tools": [WEATHER], "tool_choice": {"type": "required"}}, "tool_choice.type"),
        ({"tool_choice": {"type": "auto"}}, "tool_choice"),
        ({"thinking": {"type": "enabled", "budget_tokens": 10}}, "thinking.budget_tokens"),
        ({"thinking": {"type": "enabled", "budget_tokens": 4096}}, "thinking.budget_tokens"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "output_config.format.schema"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(Failure) as refused:
        check_message(ask() | fields)
    assert (refused.value.kind, refused.value.param) == ("invalid_request", param)


def test_who_only_counts_needs_no_limit() -> None:
    request = ask()
    del request["max_tokens"]
    assert check_count(request)["messages"] == [{"role": "user", "content": "hello"}]


def test_the_last_word_of_the_assistant_may_be_empty_and_a_message_of_unknown_blocks_is_one() -> None:
    last = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": []}]
    assert message_of(ask() | {"messages": last}).stop_reason == "end_turn"
    unknown = [{"role": "user", "content": [{"type": "search_result", "title": "x"}]}]
    assert message_of(ask(tools=[CLOCK]) | {"messages": unknown}).stop_reason == "end_turn"


def test_results_come_before_what_the_user_says_with_them() -> None:
    request = ask() | {"messages": [*ANSWERED, {"role": "user", "content": [RESULT]}], "tools": [CLOCK]}
    [block] = message_of(request).content
    assert block.type == "text"
    assert block.text.startswith("get_time returned: noon")
    more = {"role": "user", "content": [RESULT, {"type": "text", "text": "and get_time again"}]}
    assert message_of(request | {"messages": [*ANSWERED, more]}).stop_reason == "tool_use"


def test_attachments_and_blocks_of_the_system_prompt_are_counted() -> None:
    picture = {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}}
    request = ask([{"type": "text", "text": "look"}, picture], system=[{"type": "text", "text": "Be brief"}])
    message = message_of(request)
    assert message.usage.input_tokens == 1 + 2 + 85
    assert "look (1 image)" in str(message.content)


def test_a_tool_of_anthropic_s_own_is_never_called() -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}
    answer = answer_to(ask("web_search get_time", tools=[search, CLOCK])).json
    assert [block["name"] for block in answer["content"]] == ["get_time"]


def test_one_call_at_a_time() -> None:
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    assert len(message_of(ask(model="mock-tools", tools=[WEATHER, CLOCK], tool_choice=choice)).content) == 1


def test_structured_output() -> None:
    form = {"type": "json_schema", "schema": {"type": "object", "properties": {"n": {"type": "integer"}}}}
    form["schema"]["required"] = ["n"]  # type: ignore[index]
    assert answer_to(ask(output_config={"format": form})).json["content"][0]["text"] == '{"n":0}'


def test_no_thoughts_where_they_are_off() -> None:
    assert [block.type for block in message_of(ask(thinking={"type": "disabled"})).content] == ["text"]
