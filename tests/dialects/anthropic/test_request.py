"""A whole unified request as a Messages request: every field arrives, is said otherwise, or is named."""

from copy import deepcopy
from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.anthropic.fields import ANTHROPIC_ONLY, KNOWN, NATIVE, SUPPORT
from proxy.dialects.anthropic.request import SAYINGS, render_request
from proxy.dialects.parts import JSON_TOOL

OLD, NEW = "claude-sonnet-4-0", "claude-opus-4-8"
HI = [{"role": "user", "content": "hi"}]
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
FORM = {"type": "json_schema", "json_schema": {"name": "thing", "strict": True, "schema": SCHEMA}}


def render(model: str = NEW, **unified: Any) -> tuple[Json, list[str]]:
    wire, dropped, translated = render_request({"model": "alias", "messages": HI, **unified}, model)
    assert list(translated) == []
    return wire, dropped


def test_the_plainest_request() -> None:
    assert render(max_tokens=5, stream=True) == (
        {"model": NEW, "max_tokens": 5, "stream": True, "messages": HI},
        [],
    )


def test_what_is_ours_never_leaves() -> None:
    wire, dropped = render(timeout=5, fallbacks=["b"], cache={"ttl": 5}, stream_options={"include_usage": True})
    assert wire.keys() == {"model", "max_tokens", "messages"}
    assert dropped == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", 7),
        ("logprobs", True),
        ("top_logprobs", 2),
        ("logit_bias", {"1": 2}),
        ("presence_penalty", 0.5),
        ("frequency_penalty", -1),
        ("prediction", {"type": "content", "content": "x"}),
        ("invented_tomorrow", {}),
    ],
)
def test_a_field_without_a_word_is_dropped_and_named(name: str, value: Any) -> None:
    wire, dropped = render(**{name: value})
    assert name not in wire
    assert dropped == [name]


@pytest.mark.parametrize(("name", "value"), [("seed", None), ("logprobs", False), ("presence_penalty", 0), ("n", 1)])
def test_a_field_that_asks_for_nothing_is_not_named(name: str, value: Any) -> None:
    wire, dropped = render(**{name: value})
    assert (name in wire, dropped) == (False, [])


@pytest.mark.parametrize("name", sorted(KNOWN - {"messages", "model"}))
def test_a_null_is_as_good_as_nothing(name: str) -> None:
    unified: Json = {name: None}
    assert render(**unified) == render()


def test_every_field_that_is_said_has_its_saying() -> None:
    spoken = {name for fields, _ in SAYINGS for name in fields}
    limits, in_front = {"max_tokens", "max_completion_tokens", "cache_only"}, {"model", "system"}
    ours = {name for name, said in SUPPORT.items() if said == "ours"}
    assert KNOWN - ours - {*NATIVE, *ANTHROPIC_ONLY} - limits - in_front == spoken - {*NATIVE}


def test_more_than_one_answer_is_refused() -> None:
    with pytest.raises(Failure) as caught:
        render(n=2)
    assert (caught.value.kind, caught.value.param) == ("unsupported_capability", "n")


@pytest.mark.parametrize(
    ("unified", "user", "dropped"),
    [
        ({"user": "u1"}, "u1", []),
        ({"safety_identifier": "u2"}, "u2", []),
        ({"metadata": {"user_id": "u3", "team": "x"}}, "u3", ["metadata"]),
        ({"user": "u1", "metadata": {"user_id": "u3"}}, "u1", []),
    ],
)
def test_who_asks_is_the_metadata(unified: Json, user: str, dropped: list[str]) -> None:
    wire, names = render(**unified)
    assert (wire["metadata"], names) == ({"user_id": user}, dropped)


@pytest.mark.parametrize(("tier", "said"), [("auto", "auto"), ("default", "standard_only"), ("flex", None)])
def test_a_service_tier(tier: str, said: str | None) -> None:
    wire, dropped = render(service_tier=tier)
    assert wire.get("service_tier") == said
    assert dropped == ([] if said else ["service_tier"])


def test_a_schema_is_native_where_the_model_can_be_bound() -> None:
    wire, dropped = render(response_format=FORM, reasoning_effort="low")
    assert wire["output_config"] == {"format": {"type": "json_schema", "schema": SCHEMA}, "effort": "low"}
    assert wire["thinking"] == {"type": "adaptive"}
    assert dropped == []


def test_a_schema_is_a_forced_tool_on_an_older_model() -> None:
    wire, dropped, translated = render_request({"messages": HI, "response_format": FORM}, OLD)
    assert wire["tools"] == [{"name": JSON_TOOL, "input_schema": SCHEMA}]
    assert wire["tool_choice"] == {"type": "tool", "name": JSON_TOOL}
    assert (dropped, translated) == ([], ["response_format"])


def test_a_schema_beside_tools_cannot_be_kept_on_an_older_model() -> None:
    wire, dropped = render(OLD, response_format=FORM, tools=TOOLS)
    assert (len(wire["tools"]), dropped) == (1, ["response_format.json_schema"])


@pytest.mark.parametrize(("form", "dropped"), [({"type": "text"}, []), ({"type": "json_schema"}, ["json_schema"])])
def test_other_formats(form: Json, dropped: list[str]) -> None:
    wire, names = render(response_format=form)
    assert ("output_config" in wire, names) == (False, [f"response_format.{name}" for name in dropped])


def test_any_json_object_is_what_a_tool_is_called_with() -> None:
    wire, dropped, translated = render_request(
        {"messages": HI, "response_format": {"type": "json_object"}}, "claude-opus-4-5"
    )
    [tool] = wire["tools"]
    assert tool["input_schema"]["type"] == "object"
    assert wire["tool_choice"] == {"type": "tool", "name": tool["name"]}
    assert (dropped, translated) == ([], ["response_format"])


@pytest.mark.parametrize("fields", [{"tools": TOOLS}, {"model": "claude-opus-5-5"}])
def test_but_not_beside_tools_or_where_none_can_be_forced(fields: Json) -> None:
    asked = {"messages": HI, "response_format": {"type": "json_object"}, **fields}
    wire, dropped, _ = render_request(asked, fields.get("model", "claude-opus-4-5"))
    assert dropped == ["response_format.json_object"]
    assert "tool_choice" not in wire


def test_thinking_gives_way_to_a_tool_that_must_be_called() -> None:
    wire, dropped = render(OLD, tools=TOOLS, tool_choice="required", reasoning={"effort": "low"})
    assert (wire["tool_choice"], "thinking" in wire, dropped) == ({"type": "any"}, False, ["reasoning"])


def test_a_tool_cannot_be_forced_on_a_model_that_always_thinks() -> None:
    choice = {"type": "function", "function": {"name": "f"}}
    wire, dropped = render("claude-opus-5-5", tools=TOOLS, tool_choice=choice, parallel_tool_calls=False)
    assert wire["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert dropped == ["tool_choice"]


def test_anthropics_own_fields_are_for_an_app_that_asks_for_them() -> None:
    own: Json = {"container": "c_1", "context_management": {"edits": []}, "cache_control": {"type": "ephemeral"}}
    wire, dropped = render(**own)
    assert wire | own == wire
    assert dropped == []


def test_dropped_names_come_once() -> None:
    history = [{"role": "user", "name": "a", "content": "hi"}, {"role": "user", "name": "b", "content": "ho"}]
    assert render(messages=history)[1] == ["messages.name"]


def test_the_request_is_left_as_it_was() -> None:
    unified: Json = {"messages": HI, "tools": TOOLS, "tool_choice": "auto", "stop": ["a"], "response_format": FORM}
    before = deepcopy(unified)
    render_request(unified, OLD)
    assert unified == before


@pytest.mark.parametrize(
    ("unified", "param"),
    [
        ({"messages": None}, "messages"),
        ({"system": 5}, "system"),
        ({"system": [{"type": "text"}]}, "system[0].text"),
        ({"metadata": "x"}, "metadata"),
        ({"response_format": "json"}, "response_format"),
        ({"service_tier": 1}, "service_tier"),
    ],
)
def test_a_mistake_is_named(unified: Json, param: str) -> None:
    with pytest.raises(Failure) as caught:
        render(**unified)
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)


def test_a_budget_that_was_raised_is_named_as_translated() -> None:
    wire, dropped, translated = render_request({"messages": HI, "reasoning": {"budget_tokens": 10}}, OLD)
    assert wire["thinking"] == {"type": "enabled", "budget_tokens": 1024}
    assert (dropped, translated) == ([], ["reasoning.budget_tokens"])


def test_what_the_app_says_of_the_output_itself_is_kept_beside_ours() -> None:
    own = {"task_budget": {"type": "tokens", "total": 64000}}
    wire, dropped = render(output_config=own, response_format=FORM, reasoning_effort="high")
    assert wire["output_config"].keys() == {"task_budget", "format", "effort"}
    assert (wire["output_config"]["task_budget"], dropped) == (own["task_budget"], [])
    assert own.keys() == {"task_budget"}
