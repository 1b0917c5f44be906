"""Tools and the choice among them, both ways."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.cohere.fields import Draft
from proxy.dialects.cohere.tools import parse_tools, say_tools

LOOK: Json = {"name": "look", "description": "", "parameters": {"type": "object"}}
NOW: Json = {"name": "now", "parameters": {"type": "object", "properties": {}}}
BOTH = [{"type": "function", "function": LOOK}, {"type": "function", "function": NOW}]


def say(**fields: Any) -> Draft:
    draft = Draft(fields, {})
    say_tools(draft)
    return draft


def named(name: str) -> Json:
    return {"type": "function", "function": {"name": name}}


def test_functions_in_both_spellings() -> None:
    assert say(tools=[LOOK, {"type": "function", "function": {"name": "now"}}]).wire == {"tools": BOTH}


@pytest.mark.parametrize(("choice", "said"), [("auto", None), ("none", "NONE"), ("required", "REQUIRED"), (None, None)])
def test_choices(choice: str | None, said: str | None) -> None:
    assert say(tools=BOTH, tool_choice=choice).wire.get("tool_choice") == said


def test_a_named_tool_is_the_only_one() -> None:
    draft = say(tools=BOTH, tool_choice=named("now"))
    assert draft.wire == {"tools": BOTH[1:], "tool_choice": "REQUIRED"}
    assert draft.translated == ["tool_choice"]
    with pytest.raises(Failure) as caught:
        say(tools=BOTH, tool_choice=named("never"))
    assert caught.value.param == "tool_choice"


def test_allowed_tools_are_the_only_ones() -> None:
    allowed = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [named("look")]}}
    draft = say(tools=BOTH, tool_choice=allowed)
    assert draft.wire == {"tools": BOTH[:1]}
    allowed["allowed_tools"] = {"mode": "never", "tools": [named("look")]}
    with pytest.raises(Failure) as caught:
        say(tools=BOTH, tool_choice=allowed)
    assert caught.value.param == "tool_choice.allowed_tools.mode"


def test_without_tools_there_is_nothing_to_choose() -> None:
    assert say(tool_choice="required").dropped == ["tool_choice"]
    assert say(tool_choice="auto").dropped == []


def test_strictness_is_of_all_or_not_said() -> None:
    strict = {"type": "function", "function": {**LOOK, "strict": True}}
    assert say(tools=[strict]).wire["strict_tools"] is True
    draft = say(tools=[strict, NOW])
    assert "strict_tools" not in draft.wire
    assert draft.dropped == ["tools.strict"]


def test_tools_of_others_are_dropped_and_our_own_are_not() -> None:
    own = {"type": "oracle"}
    draft = say(
        tools=[{"type": "web_search_20250305"}, {"type": "cohere", "cohere": own}, {**LOOK, "cache_control": {"a": 1}}]
    )
    assert draft.wire["tools"] == [BOTH[0], own]
    assert draft.dropped == ["tools[0]", "tools.cache_control"]
    assert say(tools=BOTH, tool_choice={"type": "custom", "custom": {"name": "x"}}).dropped == ["tool_choice"]


@pytest.mark.parametrize(
    "wire",
    [
        {"tools": BOTH, "tool_choice": "REQUIRED", "strict_tools": True},
        {"tools": BOTH, "tool_choice": "NONE"},
        {"tools": [{"type": "oracle", "depth": 3}]},
    ],
)
def test_what_is_parsed_comes_back(wire: Json) -> None:
    assert say(**parse_tools(wire)).wire == wire


@pytest.mark.parametrize(
    ("wire", "param"),
    [
        ({"tools": {}}, "tools"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"function": {}}]}, "tools[0].function.name"),
        ({"tool_choice": "MAYBE"}, "tool_choice"),
        ({"strict_tools": "yes"}, "strict_tools"),
    ],
)
def test_what_is_wrong_is_named(wire: Json, param: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_tools(wire)
    assert caught.value.param == param
