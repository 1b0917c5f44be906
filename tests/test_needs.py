"""What a request needs is seen, what a model is known to lack is refused by name, and what is not known passes."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.call import Failure
from proxy.models import Model, Models
from proxy.needs import NEEDS, check_limits, check_needs, needs_of
from proxy.providers import CAPABILITIES

PLAIN = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 5, "stream": True}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
PDF = {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA=="}}
NOTE = {"type": "file", "file": {"file_data": "data:text/plain;base64,AA=="}}
AUDIO = {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}
TOOL = {"type": "function", "function": {"name": "f"}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "s", "schema": {}}}
TEXT_ONLY = Model("k", "small", can=frozenset({"chat", "stream"}), known=True)


def needed(**more: Any) -> frozenset[str]:
    unified = {**PLAIN, **more}
    return needs_of(unified)


def shown(*parts: Any, role: str = "user") -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "look"}, {"role": role, "content": [*parts]}]}


def test_the_words_are_those_of_the_house() -> None:
    assert set(NEEDS) <= set(CAPABILITIES)
    assert all(need.met_by <= set(CAPABILITIES) for need in NEEDS.values())


@pytest.mark.parametrize(
    ("more", "needs"),
    [
        ({}, set()),
        (shown({"type": "text", "text": "an image of a file"}), set()),
        (shown(IMAGE), {"vision"}),
        (shown({"type": "image", "source": {"type": "url", "url": "http://x/image"}}), {"vision"}),
        (shown({"type": "text", "text": "x"}, PDF), {"documents"}),
        (shown({"type": "file", "file": {"file_id": "file-1"}}), {"documents"}),
        (shown(NOTE), set()),
        (shown(AUDIO), {"audio_input"}),
        (shown(IMAGE, role="tool"), {"vision"}),
        ({"tools": [TOOL]}, {"tools"}),
        ({"tools": []}, set()),
        ({"tools": [TOOL], "tool_choice": "none"}, set()),
        ({"response_format": SCHEMA}, {"structured_output"}),
        ({"response_format": {"type": "json_object"}}, set()),
        ({"reasoning": {"effort": "high"}}, set()),
        ({"reasoning": {"enabled": True}}, {"reasoning"}),
        ({"reasoning": {"budget_tokens": 1024}}, {"reasoning"}),
        ({"reasoning": {"enabled": False}}, set()),
        ({**shown(IMAGE, PDF), "tools": [TOOL]}, {"vision", "documents", "tools"}),
    ],
)
def test_what_a_request_needs(more: dict[str, Any], needs: set[str]) -> None:
    assert needed(**more) == needs


@pytest.mark.parametrize(
    "odd", [{"messages": "image"}, {"messages": [None, {"content": ["image", None]}]}, {"tools": 7}]
)
def test_odd_requests_do_no_harm(odd: dict[str, Any]) -> None:
    assert needed(**odd) <= set(NEEDS)


def test_an_operation_needs_a_model_made_for_it() -> None:
    assert needs_of({"input": "x"}, "embeddings") == {"embeddings"}
    assert needs_of({"query": "x"}, "rerank") == {"rerank"}
    assert needs_of({"prompt": "x"}, "completions") == set()


@pytest.mark.parametrize(
    ("need", "param"),
    [("vision", "messages"), ("tools", "tools"), ("structured_output", "response_format"), ("embeddings", "model")],
)
def test_what_a_model_lacks_is_named(need: str, param: str) -> None:
    failure = check_needs(TEXT_ONLY, frozenset({need}), "acme")
    assert failure is not None
    assert (failure.kind, failure.status, failure.param, failure.code) == ("unsupported_capability", 400, param, need)
    assert '"small" of acme' in failure.detail


def test_what_is_not_known_passes() -> None:
    needs = frozenset(NEEDS)
    assert check_needs(None, needs, "acme") is None
    assert check_needs(TEXT_ONLY._replace(known=False), needs, "acme") is None
    assert check_needs(TEXT_ONLY, frozenset(), "acme") is None


def test_a_need_may_be_met_another_way() -> None:
    tools, eyes = (TEXT_ONLY._replace(can=frozenset({word})) for word in ("tools", "vision"))
    assert check_needs(tools, frozenset({"structured_output"}), "acme") is None
    assert check_needs(eyes, frozenset({"documents"}), "acme") is None
    assert check_needs(eyes, frozenset({"documents", "audio_input"}), "acme") is not None


def test_reasoning_is_left_out_elsewhere_unless_all_is_to_be_refused() -> None:
    assert check_needs(TEXT_ONLY, frozenset({"reasoning"}), "acme") is None
    failure = check_needs(TEXT_ONLY, frozenset({"reasoning"}), "acme", strict=True)
    assert failure is not None
    assert failure.param == "reasoning"


def test_an_image_for_a_text_only_model_of_the_table() -> None:
    model = Models().find("openai", "text-embedding-3-small")
    assert check_needs(model, frozenset({"vision"}), "openai") is not None
    assert check_needs(Models().find("openai", "gpt-4o"), needed(**shown(IMAGE), tools=[TOOL]), "openai") is None


# ---- limits

MODEL = Model("openai", "m", max_output=100)


@pytest.mark.parametrize("unified", [{}, {"max_tokens": 100}, {"max_tokens": None}, {"max_tokens": 10**9, "n": 1}])
def test_what_fits_and_what_is_not_known_passes_untouched(unified: dict[str, Any]) -> None:
    for model in (None, Model("k", "m"), MODEL if unified.get("max_tokens") != 10**9 else None):
        assert check_limits(unified, model, "reject") == (unified, ())


@pytest.mark.parametrize(
    ("dialect", "field", "param"),
    [
        ("openai", "max_tokens", "max_tokens"),
        ("openai", "max_completion_tokens", "max_completion_tokens"),
        ("responses", "max_completion_tokens", "max_output_tokens"),
        ("anthropic", "max_tokens", "max_tokens"),
        ("gemini", "max_tokens", "generationConfig.maxOutputTokens"),
        ("bedrock", "max_tokens", "inferenceConfig.maxTokens"),
        ("ollama", "max_tokens", "options.num_predict"),
    ],
)
def test_too_much_is_refused_in_the_caller_s_words(dialect: str, field: str, param: str) -> None:
    with pytest.raises(Failure) as caught:
        check_limits({field: 101}, MODEL, "reject", dialect)
    failure = caught.value
    assert (failure.kind, failure.status, failure.param) == ("invalid_request", 400, param)
    assert failure.detail.startswith(f"{param} is 101")
    assert "at most 100" in failure.detail


def test_or_cut_and_named_and_the_caller_s_own_is_left_alone() -> None:
    unified = {"max_tokens": 101, "max_completion_tokens": 500, "model": "m"}
    cut, names = check_limits(unified, MODEL, "clamp")
    assert cut == {"max_tokens": 100, "max_completion_tokens": 100, "model": "m"}
    assert names == ("max_completion_tokens", "max_tokens")
    assert unified["max_tokens"] == 101
