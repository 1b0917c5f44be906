"""What goes to an OpenAI target: our extras said its way, other dialects' words taken out by name, everything else as it was."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.call import Failure, Json
from proxy.dialects.openai import DIALECT
from proxy.dialects.openai.request import FIELDS, OF_TOOLS, effort_for, is_plain, render_request
from tests.dialects.openai.recorded import ANYTHING, OBJECTS, REQUESTS, each

HELLO: Json = {"role": "user", "content": "hello"}
TOOL: Json = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


def render(model: str = "gpt-4o", /, **fields: Any) -> tuple[Json, list[str]]:
    """The rendered request without what every request has, and what was dropped."""
    unified = {"model": "fast", "messages": [HELLO], **fields}
    before = deepcopy(unified)
    wire, dropped, translated = render_request(unified, model)
    assert unified == before
    assert list(translated) == []
    assert wire.pop("model") == model
    if "messages" not in fields and "system" not in fields:
        assert wire.pop("messages") == [HELLO]
    return wire, dropped


# ---- what stays as it is

#: Recorded requests whose messages do not come out as they were, and why.
EXCEPTIONS: Mapping[str, str] = {
    "deepseek/tool-result-llm-rb-llm-function-multiple-1": "ids of calls are longer than OpenAI takes, and are made to fit",
}


@each(REQUESTS)
def test_a_recorded_request_is_plain_and_stays_the_same(name: str, recorded: Json) -> None:
    assert is_plain(recorded, orjson.dumps(recorded))
    model = recorded.get("model", "m")
    wire, dropped, _ = render_request(recorded, model)
    if name in EXCEPTIONS:
        assert wire != {**recorded, "model": model}
        wire, recorded = ({**said, "messages": None} for said in (wire, recorded))
    if "reasoning" in recorded:  # OpenRouter's own
        assert (dropped, wire) == (
            ["reasoning.max_tokens"],
            {name: recorded[name] for name in recorded if name != "reasoning"},
        )
    else:
        assert (dropped, wire) == ([], {**recorded, "model": model})


def test_unknown_fields_pass() -> None:
    fields = {"guided_json": {"a": 1}, "seed": 5, "logit_bias": {}, "metadata": {"a": "b"}, "temperature": None}
    assert render(**fields) == (fields, [])


def test_a_plain_request_shares_its_messages() -> None:
    unified = {"messages": [HELLO]}
    assert render_request(unified, "m").wire["messages"][0] is HELLO


# ---- our extras


def test_what_is_for_the_proxy_never_leaves_it() -> None:
    assert render(timeout=5, fallbacks=["a"], cache={"ttl": 1}) == ({}, [])


@pytest.mark.parametrize(
    ("fields", "stop"),
    [
        ({"stop_sequences": ["a"]}, ["a"]),
        ({"stop_sequences": "a"}, ["a"]),
        ({"stop": "a", "stop_sequences": ["b"]}, ["a", "b"]),
        ({"stop": ["a", "b"], "stop_sequences": ["b", "c"]}, ["a", "b", "c"]),
        ({"stop": "a", "stop_sequences": []}, "a"),
        ({"stop": None, "stop_sequences": ["b"]}, ["b"]),
    ],
)
def test_stop_sequences_are_joined_to_stop(fields: Json, stop: Any) -> None:
    assert render(**fields) == ({"stop": stop}, [])


@pytest.mark.parametrize(
    ("fields", "said", "dropped"),
    [
        ({"reasoning": {"effort": "high"}}, {"reasoning_effort": "high"}, []),
        ({"reasoning": {"effort": "high"}, "reasoning_effort": "low"}, {"reasoning_effort": "high"}, []),
        ({"reasoning": {}, "reasoning_effort": "low"}, {"reasoning_effort": "low"}, []),
        ({"reasoning": {"effort": "none", "enabled": False}}, {"reasoning_effort": "none"}, []),
        ({"reasoning": {"budget_tokens": 2048}}, {}, ["reasoning.budget_tokens"]),
        (
            {"reasoning": {"effort": "low", "budget_tokens": 0}},
            {"reasoning_effort": "low"},
            ["reasoning.budget_tokens"],
        ),
        ({"reasoning": {"enabled": True, "display": "full"}}, {}, ["reasoning.enabled", "reasoning.display"]),
        ({"reasoning": {"enabled": False}}, {}, ["reasoning.enabled"]),
        ({"reasoning": {"effort": None, "enabled": None}}, {}, []),
        ({"reasoning": None, "reasoning_effort": "low"}, {"reasoning_effort": "low"}, []),
    ],
)
def test_reasoning_is_an_effort(fields: Json, said: Json, dropped: list[str]) -> None:
    wire, named = render(**fields)
    assert {name: value for name, value in wire.items() if value is not None} == said
    assert named == dropped


def test_a_model_that_always_reasons_is_told_so_by_being_asked() -> None:
    assert render("gpt-5.2", reasoning={"enabled": True}) == ({}, [])


@pytest.mark.parametrize("model", ["gpt-5.1", "gpt-5.2", "openai/gpt-5.6-sol", "gpt-5.10-mini", "gpt-6"])
def test_a_model_that_can_be_told_not_to_reason(model: str) -> None:
    assert render(model, reasoning={"enabled": False}) == ({"reasoning_effort": "none"}, [])
    assert render(model, reasoning={"enabled": False, "effort": "low"}) == ({"reasoning_effort": "low"}, [])
    assert [effort_for(budget, model) for budget in (0, 500, 5000)] == ["none", "low", "medium"]


@pytest.mark.parametrize(
    ("model", "least"),
    [("gpt-5", "minimal"), ("gpt-5-mini", "minimal"), ("gpt-5-codex", "low"), ("gpt-5-pro", "low"), ("o3", "low")],
)
def test_a_model_that_always_reasons_cannot_be_told_not_to(model: str, least: str) -> None:
    assert render(model, reasoning={"enabled": False}) == ({}, ["reasoning.enabled"])
    assert [effort_for(budget, model) for budget in (0, 500, 2000)] == [least, least, "low"]


@pytest.mark.parametrize("model", ["gpt-5.2-pro", "gpt-5.1-codex-max", "gpt-5.2-chat-latest", "gpt-4.1", "llama-4"])
def test_nor_can_these(model: str) -> None:
    assert render(model, reasoning={"enabled": False}) == ({}, ["reasoning.enabled"])


REASONING = [
    "o1",
    "o1-mini",
    "o3",
    "o4-mini-2025-04-16",
    "gpt-5",
    "gpt-5.6-sol",
    "gpt-10",
    "openai/gpt-5",
    "ft:o4-mini:x",
]
OTHERS = [
    "gpt-4o",
    "gpt-4.1",
    "gpt-3.5-turbo",
    "gpt-35-turbo",
    "gpt-oss-120b",
    "llama-3",
    "ollama",
    "o",
    "my-gpt-5",
    "gpt-55x",
]


@pytest.mark.parametrize("model", REASONING)
def test_models_that_reason_are_given_the_limit_under_its_new_name(model: str) -> None:
    assert render(model, max_tokens=5) == ({"max_completion_tokens": 5}, [])
    assert render(model, max_tokens=5, max_completion_tokens=None) == ({"max_completion_tokens": 5}, [])


@pytest.mark.parametrize("model", OTHERS)
def test_others_are_given_the_limit_as_the_caller_named_it(model: str) -> None:
    assert render(model, max_tokens=5) == ({"max_tokens": 5}, [])
    assert render(model, max_completion_tokens=5) == ({"max_completion_tokens": 5}, [])


@pytest.mark.parametrize("model", ["gpt-4o", "o3"])
def test_of_two_limits_the_newer_name_counts(model: str) -> None:
    assert render(model, max_tokens=5, max_completion_tokens=9) == ({"max_completion_tokens": 9}, [])


def test_only_the_caller_asks_for_the_usage_chunk() -> None:
    """The reply may be relayed as it is, and a chunk without choices would be news to an application that did not ask."""
    assert render(stream=True) == ({"stream": True}, [])
    assert render(stream=True, stream_options={"include_usage": True})[0]["stream_options"] == {"include_usage": True}


# ---- what other dialects left behind


@pytest.mark.parametrize("name", FIELDS)
def test_fields_of_other_dialects_are_named(name: str) -> None:
    assert render(**{name: {"x": 1}}) == ({}, [name])
    assert render(**{name: None}) == ({}, [])


@pytest.mark.parametrize(("name", "noted"), OF_TOOLS.items())
def test_members_of_tools_are_named(name: str, noted: str) -> None:
    assert render(tools=[{**TOOL, name: ["x"]}]) == ({"tools": [TOOL]}, [noted] * bool(noted))


def test_tools_that_run_at_anthropic_are_named_by_their_place() -> None:
    tools = [
        {"type": "web_search_20250305", "name": "web_search"},
        TOOL,
        {"type": "mcp_toolset"},
        {"type": "browser_search"},
    ]
    assert render(tools=tools) == ({"tools": [TOOL, {"type": "browser_search"}]}, ["tools[0]", "tools[2]"])


def test_without_tools_there_is_nothing_to_choose() -> None:
    server_tool = {"type": "bash_20250124", "name": "bash"}
    choosing = {"tool_choice": "required", "parallel_tool_calls": True}
    assert render(tools=[server_tool], **choosing) == ({}, ["tools[0]", "tool_choice"])
    assert render(tools=[], tool_choice="auto") == ({}, [])
    assert render(tools=None, tool_choice="auto")[0]["tool_choice"] == "auto"


def test_tools_of_one_dialect_alone_are_named_by_their_place() -> None:
    own = {"type": "gemini", "gemini": {"googleSearch": {}}}
    free = {"type": "custom", "custom": {"name": "sql"}}
    assert render(tools=[own, free]) == ({"tools": [free]}, ["tools[0]"])


# ---- shorter spellings


def test_a_short_tool() -> None:
    short = {"name": "f", "description": "d", "parameters": {}, "cache_control": {"type": "ephemeral"}}
    function = {"name": "f", "description": "d", "parameters": {}}
    assert render(tools=[short]) == ({"tools": [{"type": "function", "function": function}]}, ["tools.cache_control"])


# ---- what may be relayed

IMAGE = {"type": "image", "source": {"type": "url", "url": "https://x"}}


@pytest.mark.parametrize(
    ("fields", "plain"),
    [
        ({}, True),
        ({"tools": [TOOL]}, True),
        ({"tools": []}, True),
        ({"tools": [{"name": "f"}]}, False),
        ({"tools": [TOOL, {"name": "f"}]}, False),
        ({"messages": [{"role": "user", "content": [IMAGE]}]}, False),
        ({"messages": [{"role": "user", "content": '"source"'}]}, True),
        ({"tools": [{**TOOL, "source": {}}]}, True),
        ({"messages": [HELLO, {"role": "assistant", "content": "a", "thinking_blocks": []}]}, False),
        ({"messages": [{"role": "assistant", "content": "a", "provider_blocks": None}, HELLO]}, False),
        ({"metadata": {"thinking_blocks": 1}}, True),
        ({"messages": [{"role": "assistant", "content": "a", "reasoning_content": "b", "annotations": []}]}, True),
        ({"messages": [{**HELLO, "cache_control": {"type": "ephemeral"}}]}, True),
    ],
)
def test_is_plain(fields: Json, plain: bool) -> None:
    unified = {"model": "m", "messages": [HELLO], **fields}
    assert is_plain(unified, orjson.dumps(unified)) is plain


# ---- anything

PARTS = st.lists(
    st.fixed_dictionaries({"type": st.sampled_from(["text", "image"])}, optional={"source": OBJECTS}), max_size=2
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "tool"])},
        optional={"content": PARTS | ANYTHING, "tool_calls": st.lists(OBJECTS, max_size=2), "cache_control": ANYTHING},
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=200, deadline=None, database=None)
@given(OBJECTS, MESSAGES, st.none() | st.lists(OBJECTS, max_size=3), st.sampled_from(["gpt-4o", "o3"]))
def test_any_request_that_passes_the_door_can_be_said(fields: Json, messages: Any, tools: Any, model: str) -> None:
    unified = {**fields, "messages": messages, "tools": tools}
    before = deepcopy(unified)
    try:
        DIALECT.parse_request(unified)
        is_plain(unified, orjson.dumps(unified))
        wire, dropped, translated = render_request(unified, model)
    except Failure:
        return
    assert unified == before
    assert all(isinstance(name, str) for name in [*dropped, *translated])
    assert render_request(wire, model) == (wire, [], [])


@pytest.mark.parametrize(
    "carried",
    [
        {"messages": [{"role": "assistant", "content": "a", "responses": {"id": "msg_1"}}]},
        {"messages": [{"role": "assistant", "content": [{"type": "text", "text": "a", "responses": {}}]}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"id": "1", "extra_content": {"google": {}}}]}]},
        {"messages": [{"role": "assistant", "content": "a", "tool_plan": "think"}]},
        {
            "messages": [{"role": "user", "content": "a"}],
            "tools": [{"type": "function", "function": {}, "responses": {}}],
        },
    ],
)
def test_what_only_the_hub_knows_is_not_relayed(carried: Json) -> None:
    assert not is_plain(carried, orjson.dumps(carried))


def test_words_about_it_are() -> None:
    plain = {"messages": [{"role": "user", "content": 'the "responses" and "images"'}], "metadata": {"images": "1"}}
    assert is_plain(plain, orjson.dumps(plain))
