"""Rules hold where all they ask for does; the score rises with what makes a request hard, and says the same of the same."""

from __future__ import annotations

import re
from typing import Any

import pytest

from proxy.call import Call
from proxy.selection import When, beginning_of, complexity, last_of_user, select
from tests.policies.clocked import call_to

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}


def asked(content: Any = "Hello", caller: dict[str, str] | None = None, stream: bool = False, **fields: Any) -> Call:
    request = {"model": "m", "messages": [{"role": "user", "content": content}], **fields}
    return call_to(json=request, caller=caller or {}, stream=stream)


HOLDING: list[tuple[dict[str, Any], Call, bool]] = [
    ({"prompt_tokens_above": 100}, asked("word " * 200), True),
    ({"prompt_tokens_above": 100}, asked(), False),
    ({"prompt_tokens_below": 100}, asked(), True),
    ({"prompt_tokens_below": 100}, asked("word " * 200), False),
    ({"tools": True}, asked(tools=[TOOL]), True),
    ({"tools": True}, asked(), False),
    ({"tools": False}, asked(), True),
    ({"images": True}, asked([{"type": "text", "text": "what is it?"}, IMAGE]), True),
    ({"images": True}, asked(), False),
    ({"images": False}, asked(), True),
    ({"schema": True}, asked(response_format=SCHEMA), True),
    ({"schema": True}, asked(response_format={"type": "text"}), False),
    ({"reasoning": True}, asked(reasoning_effort="high"), True),
    ({"reasoning": True}, asked(reasoning={"enabled": True}), True),
    ({"reasoning": True}, asked(reasoning_effort="none"), False),
    ({"stream": True}, asked(stream=True), True),
    ({"stream": True}, asked(), False),
    ({"header": {"x-tier": "gold"}}, asked(caller={"x-tier": "gold"}), True),
    ({"header": {"x-tier": "gold"}}, asked(caller={"x-tier": "tin"}), False),
    ({"header": {"x-tier": "*"}}, asked(caller={"x-tier": "tin"}), True),
    ({"header": {"x-tier": "*"}}, asked(), False),
    ({"matches": re.compile(r"(?i)translate")}, asked("Please Translate this"), True),
    ({"matches": re.compile(r"(?i)translate")}, asked("Please sum it up"), False),
    ({"complexity_below": 0.2}, asked(), True),
    ({"complexity_above": 0.2}, asked(), False),
    ({"tools": True, "stream": True}, asked(tools=[TOOL]), False),
    ({"tools": True, "stream": True}, asked(tools=[TOOL], stream=True), True),
]


@pytest.mark.parametrize(("said", "call", "holds"), HOLDING)
def test_a_rule_holds_where_all_of_it_does(said: dict[str, Any], call: Call, holds: bool) -> None:
    assert select([When("there", **said)], call) == ("there" if holds else None)


def test_the_first_that_holds_is_followed() -> None:
    rules = [When("a", tools=True), When("b", stream=False), When("c", stream=False)]
    assert select(rules, asked()) == "b"
    assert select(rules, asked(tools=[TOOL])) == "a"
    assert select(rules, asked(stream=True)) is None
    assert select([], asked()) is None


@pytest.mark.parametrize(
    "messages", [None, [], "x", [None, 7, {"role": "user"}], [{"role": "user", "content": [None, {"text": 7}]}]]
)
def test_nonsense_is_no_trouble(messages: Any) -> None:
    call = call_to(json={"messages": messages})
    assert select([When("a", matches=re.compile("x"), complexity_above=0.9, images=True)], call) is None
    assert 0 <= complexity(call.json) <= 1


def test_the_last_message_of_the_user_is_looked_at() -> None:
    said = [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}]
    assert last_of_user({"messages": said}) == "one"
    said.append({"role": "user", "content": [{"type": "text", "text": "three"}, IMAGE]})  # type: ignore[dict-item]
    assert last_of_user({"messages": said}) == "three"


HARDER = [
    asked("Hello").json,
    asked("Write a haiku about the sea, please, and make it sound like autumn in the north." * 4).json,
    asked("1. compare these\n2. debug this\n```python\ndef f(x):\n    return x\n```\n" * 3).json,
    asked("1. compare these\n2. debug this\n```python\ndef f(x):\n    return x\n```\n" * 40, tools=[TOOL] * 8).json,
]


def test_the_score_rises_with_what_is_asked() -> None:
    scores = [complexity(request) for request in HARDER]
    assert scores == sorted(scores)
    assert len(set(scores)) == len(scores)
    assert scores[0] < 0.1
    assert 0.5 < scores[-1] <= 1
    assert scores == [complexity(request) for request in HARDER]


def test_a_conversation_begins_the_same_in_every_turn() -> None:
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    later = [*turns, {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "More"}]
    assert beginning_of({"messages": turns}, 100) == beginning_of({"messages": later}, 100) == "Be brief.\nHi"
    assert beginning_of({"messages": turns, "system": "S"}, 4) == "S\nBe"
    assert beginning_of({"messages": None}, 4) == ""
