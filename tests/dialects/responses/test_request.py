"""A unified request as a Responses request: every field is said, named or refused."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects import Rendering
from proxy.dialects.by_name import BY_NAME
from proxy.dialects.responses.parse import parse_request
from proxy.dialects.responses.request import ENCRYPTED, LOGPROBS, render_request
from proxy.providers import all_providers
from proxy.translate import without_foreign

HI: Json = {"messages": [{"role": "user", "content": "hi"}]}
SCHEMA: Json = {"type": "object", "properties": {}}


def say(model: str = "gpt-5.1", **fields: Any) -> Rendering:
    return render_request({**HI, **fields}, model)


def test_a_chat_request_stores_nothing_and_asks_for_the_reasoning() -> None:
    assert say() == (
        {"model": "gpt-5.1", "input": HI["messages"], "store": False, "include": [ENCRYPTED]},
        [],
        [],
    )


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4.1-mini", "gpt-3.5-turbo", "chatgpt-4o-latest", "gpt-5-chat-latest"])
def test_a_model_that_does_not_reason_is_not_asked_for_it(model: str) -> None:
    assert "include" not in say(model).wire


@pytest.mark.parametrize("model", ["o4-mini", "gpt-5", "gpt-5.6-sol", "grok-4.3", "openai.gpt-oss-20b"])
def test_any_other_is(model: str) -> None:
    assert say(model).wire["include"] == [ENCRYPTED]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"system": "s"}, {"instructions": "s"}),
        ({"max_tokens": 5}, {"max_output_tokens": 5}),
        ({"max_tokens": 5, "max_completion_tokens": 6}, {"max_output_tokens": 6}),
        ({"temperature": 0.5, "top_p": 1, "user": "u", "metadata": {"a": "b"}}, None),
        (
            {"service_tier": "flex", "prompt_cache_key": "k", "safety_identifier": "s", "parallel_tool_calls": False},
            None,
        ),
        ({"verbosity": "low"}, {"text": {"verbosity": "low"}}),
        ({"response_format": {"type": "json_object"}}, {"text": {"format": {"type": "json_object"}}}),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "n", "schema": SCHEMA, "strict": True},
                }
            },
            {"text": {"format": {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True}}},
        ),
        ({"reasoning_effort": "low"}, {"reasoning": {"effort": "low"}}),
        ({"reasoning": {"effort": "high", "summary": "auto"}}, {"reasoning": {"effort": "high", "summary": "auto"}}),
        (
            {"reasoning": {"effort": "high", "display": "summarized"}},
            {"reasoning": {"effort": "high", "summary": "auto"}},
        ),
        ({"reasoning": {"enabled": True}}, {}),
        ({"reasoning": {"enabled": False}}, {"reasoning": {"effort": "none"}}),
        ({"reasoning": {"enabled": False, "effort": "low"}}, {"reasoning": {"effort": "low"}}),
        ({"stream": True, "stream_options": {"include_usage": True}}, {"stream": True}),
        ({"stream_options": {"include_obfuscation": False}}, None),
        ({"logprobs": True, "top_logprobs": 2}, {"top_logprobs": 2, "include": [LOGPROBS, ENCRYPTED]}),
        ({"store": True}, {"store": True}),
        ({"web_search_options": {}}, {"tools": [{"type": "web_search"}]}),
        ({"n": 1, "timeout": 5, "fallbacks": ["a"], "cache": False, "presence_penalty": 0, "seed": None}, {}),
        ({"tool_choice": "none"}, None),
    ],
)
def test_a_field_is_said(fields: Json, said: Json | None) -> None:
    wire, dropped, translated = say(**fields)
    assert wire == {**say().wire, **(fields if said is None else said)}
    assert not dropped
    assert not translated


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"stop": ["a"], "seed": 1, "logit_bias": {"1": 1}, "top_k": 3}, ["stop", "seed", "logit_bias", "top_k"]),
        ({"presence_penalty": 1, "frequency_penalty": 1}, ["presence_penalty", "frequency_penalty"]),
        ({"modalities": ["audio"], "audio": {"voice": "a"}, "prediction": {}}, ["modalities", "audio", "prediction"]),
        ({"cache_control": {"type": "ephemeral"}}, ["cache_control"]),
        ({"response_format": {"type": "grammar"}}, ["response_format"]),
        ({"tool_choice": "required"}, ["tool_choice"]),
        ({"nobody_knows": 1}, ["nobody_knows"]),
    ],
)
def test_what_cannot_be_said_is_named_once(fields: Json, names: list[str]) -> None:
    wire, dropped, _ = say(**fields)
    assert sorted(dropped) == sorted(names)
    assert wire == say().wire


def test_a_budget_is_said_by_an_effort() -> None:
    wire, dropped, translated = say(reasoning={"budget_tokens": 2048})
    assert (wire["reasoning"], dropped, translated) == ({"effort": "low"}, [], ["reasoning.budget_tokens"])


@pytest.mark.parametrize("model", ["gpt-5", "o4-mini", "gpt-4.1"])
def test_a_model_that_cannot_be_told_not_to_reason_is_not(model: str) -> None:
    wire, dropped, _ = say(model, reasoning={"enabled": False})
    assert (wire, dropped) == (say(model).wire, ["reasoning.enabled"])


def test_more_than_one_answer_is_refused() -> None:
    with pytest.raises(Failure) as caught:
        say(n=2)
    assert (caught.value.kind, caught.value.param) == ("unsupported_capability", "n")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"response_format": "json"}, "response_format"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, "response_format.json_schema.schema"),
        ({"reasoning": "high"}, "reasoning"),
        ({"tools": {}, "messages": []}, None),
        ({"tools": [1]}, "tools[0]"),
        ({"messages": "hi"}, "messages"),
    ],
)
def test_a_wrong_field_is_named(fields: Json, param: str | None) -> None:
    if param is None:
        assert "tools" not in say(**fields).wire
        return
    with pytest.raises(Failure) as caught:
        say(**fields)
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)


def test_what_a_responses_request_did_not_say_stays_unsaid() -> None:
    wire = {
        "model": "gpt-5",
        "input": [{"role": "user", "content": "hi"}],
        "tools": [{"type": "function", "name": "f"}],
    }
    unified = parse_request(wire)
    rendered = render_request(unified, "gpt-5").wire
    assert rendered.keys() == wire.keys()
    assert "strict" not in rendered["tools"][0]


def test_own_fields_go_as_they_are() -> None:
    own = {
        "previous_response_id": "resp_1",
        "truncation": "auto",
        "include": ["file_search_call.results"],
        "background": True,
        "prompt_cache_retention": "24h",
    }
    wire, dropped, _ = render_request(parse_request({"model": "m", **own}), "m")
    assert wire == {"model": "m", **own}
    assert not dropped


def test_the_argument_stays_as_it_is() -> None:
    unified = {**HI, "include": ["a"], "logprobs": True, "metadata": {"a": "b"}}
    before = {**unified, "include": ["a"]}
    assert render_request(unified, "gpt-5").wire["include"] == ["a", LOGPROBS]
    assert unified == before


@pytest.mark.parametrize("include", [None, [], [ENCRYPTED], [LOGPROBS, ENCRYPTED]])
def test_asking_for_encrypted_reasoning_says_nothing_to_others(include: list[str] | None) -> None:
    """Every modern SDK asks for it, and a provider that has none must not refuse the call for that."""
    unified = parse_request({"model": "gpt-5", "input": "hi", "include": include})
    _, foreign = without_foreign(unified, BY_NAME["anthropic"], all_providers()["anthropic"])
    assert foreign == []
    assert set(render_request(unified, "gpt-5").wire.get("include", [])) == set(include or [])


def test_asking_for_more_is_named() -> None:
    unified = parse_request({"model": "gpt-5", "input": "hi", "include": [ENCRYPTED, "file_search_call.results"]})
    _, foreign = without_foreign(unified, BY_NAME["anthropic"], all_providers()["anthropic"])
    assert foreign == ["include"]
    assert render_request(unified, "gpt-5").wire["include"] == [ENCRYPTED, "file_search_call.results"]
