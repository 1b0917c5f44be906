"""What goes to an OpenAI target: our extras said its way, other dialects' words taken out by name, everything else as it was."""

from copy import deepcopy
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.call import Failure, Json
from proxy.dialects.openai import DIALECT
from proxy.dialects.openai.request import FIELDS, OF_CALLS, OF_MESSAGES, OF_PARTS, OF_TOOLS, is_plain, render_request
from tests.dialects.openai.recorded import ANYTHING, OBJECTS, REQUESTS, each

HELLO: Json = {"role": "user", "content": "hello"}
TOOL: Json = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


def render(model: str = "gpt-4o", /, **fields: Any) -> tuple[Json, list[str]]:
    """The rendered request without what every request has, and what was dropped."""
    unified = {"model": "fast", "messages": [HELLO], **fields}
    before = deepcopy(unified)
    wire, dropped = render_request(unified, model)
    assert unified == before
    assert wire.pop("model") == model
    if "messages" not in fields and "system" not in fields:
        assert wire.pop("messages") == [HELLO]
    return wire, dropped


def render_message(**message: Any) -> tuple[Json, list[str]]:
    wire, dropped = render(messages=[{"role": "assistant", **message}])
    [said] = wire["messages"]
    assert said.pop("role") == "assistant"
    return said, dropped


# ---- what stays as it is


@each(REQUESTS)
def test_a_recorded_request_is_plain_and_stays_the_same(name: str, recorded: Json) -> None:
    assert is_plain(recorded, orjson.dumps(recorded))
    model = recorded.get("model", "m")
    wire, dropped = render_request(recorded, model)
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
    assert render_request(unified, "m")[0]["messages"][0] is HELLO


# ---- our extras


def test_what_is_for_the_proxy_never_leaves_it() -> None:
    assert render(timeout=5, fallbacks=["a"], cache={"ttl": 1}) == ({}, [])


def test_system_stands_before_the_messages() -> None:
    wire, dropped = render(system="be brief")
    assert wire["messages"] == [{"role": "system", "content": "be brief"}, HELLO]
    parts = [{"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}]
    wire, dropped = render(system=parts)
    assert wire["messages"][0] == {"role": "system", "content": [{"type": "text", "text": "be brief"}]}
    assert dropped == ["messages.cache_control"]
    assert render(system="")[0]["messages"] == [HELLO]


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
    assert render("gpt-5.2", reasoning={"enabled": False}) == ({}, ["reasoning.enabled"])


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


@pytest.mark.parametrize("name", OF_MESSAGES)
def test_members_of_messages_are_named(name: str) -> None:
    assert render_message(content="a", **{name: [1]}) == ({"content": "a"}, [f"messages.{name}"])


@pytest.mark.parametrize("name", OF_MESSAGES)
@pytest.mark.parametrize("value", [None, False, [], ""])
def test_members_that_say_nothing_go_without_a_word(name: str, value: Any) -> None:
    assert render_message(content="a", **{name: value}) == ({"content": "a"}, [])


@pytest.mark.parametrize("name", OF_PARTS)
def test_members_of_parts_are_named_once(name: str) -> None:
    part = {"type": "text", "text": "a"}
    assert render_message(content=[{**part, name: {"x": 1}}, {**part, name: 1}]) == (
        {"content": [part, part]},
        [f"messages.{name}"],
    )


@pytest.mark.parametrize("name", OF_CALLS)
def test_members_of_tool_calls_are_named(name: str) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    assert render_message(content=None, tool_calls=[{**call, name: {"x": 1}}]) == (
        {"content": None, "tool_calls": [call]},
        [f"messages.tool_calls.{name}"],
    )


@pytest.mark.parametrize("name", OF_TOOLS)
def test_members_of_tools_are_named(name: str) -> None:
    assert render(tools=[{**TOOL, name: ["x"]}]) == ({"tools": [TOOL]}, [f"tools.{name}"])


def test_everything_an_answer_of_claude_leaves_in_the_history() -> None:
    """The turn after a switch of provider: only the words and the calls can go on."""
    call = {"id": "toolu_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    history = [
        {**HELLO, "cache_control": {"type": "ephemeral"}},
        {
            "role": "assistant",
            "content": "so",
            "refusal": None,
            "reasoning_content": "hm",
            "thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "x"}],
            "annotations": [{"type": "citation", "citation": {}}],
            "provider_blocks": [{"at": 0, "block": {"type": "server_tool_use"}}],
            "tool_calls": [call],
        },
        {"role": "tool", "tool_call_id": "toolu_1", "content": "no", "is_error": True},
    ]
    wire, dropped = render(messages=history)
    assert wire["messages"] == [
        HELLO,
        {"role": "assistant", "content": "so", "refusal": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "toolu_1", "content": "no"},
    ]
    assert sorted(dropped) == [
        "messages.annotations",
        "messages.cache_control",
        "messages.is_error",
        "messages.provider_blocks",
        "messages.reasoning_content",
        "messages.thinking_blocks",
    ]


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


# ---- shorter spellings


def test_a_short_tool() -> None:
    short = {"name": "f", "description": "d", "parameters": {}, "cache_control": {"type": "ephemeral"}}
    function = {"name": "f", "description": "d", "parameters": {}}
    assert render(tools=[short]) == ({"tools": [{"type": "function", "function": function}]}, ["tools.cache_control"])


@pytest.mark.parametrize(
    ("source", "url"),
    [
        ({"type": "url", "url": "https://x/a.png"}, "https://x/a.png"),
        ({"type": "base64", "media_type": "image/png", "data": "AA=="}, "data:image/png;base64,AA=="),
    ],
)
def test_a_short_image(source: Json, url: str) -> None:
    part = {"type": "image", "source": source}
    assert render_message(content=[part])[0]["content"] == [{"type": "image_url", "image_url": {"url": url}}]
    assert render_message(content=[{**part, "detail": "low"}])[0]["content"][0]["image_url"]["detail"] == "low"


@pytest.mark.parametrize(
    "source", [{"type": "file", "file_id": "f"}, {"type": "base64", "data": "AA=="}, {"type": "url"}]
)
def test_an_image_that_openai_cannot_see_is_refused_by_its_place(source: Json) -> None:
    with pytest.raises(Failure) as caught:
        render(messages=[HELLO, {"role": "user", "content": [{"type": "image", "source": source}]}])
    assert (caught.value.kind, caught.value.param) == ("unsupported_capability", "messages[1].content[0].source")


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
        wire, dropped = render_request(unified, model)
    except Failure:
        return
    assert unified == before
    assert all(isinstance(name, str) for name in dropped)
    assert render_request(wire, model) == (wire, [])
