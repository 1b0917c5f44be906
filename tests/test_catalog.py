"""Every provider's list is read, the recorded ones too, and whatever else comes is refused or passed over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy import catalog
from proxy.catalog import LISTS, LONGEST_NAME, MOST, Listed, parse_list
from proxy.providers import CAPABILITIES, all_providers

WIRE = Path(__file__).parents[2] / "shared" / "wire"
CHAT = frozenset({"chat", "stream"})
RECORDED = {
    "openai": ("openai/models-llm-rb-successful-list-0.json", "gpt-4-0613"),
    "anthropic": ("anthropic/models-llm-rb-successful-list-0.json", "claude-haiku-4-5-20251001"),
    "gemini": ("gemini/models-chatlas-test-google-list-models-1.json", "gemini-2.5-flash-native-audio-latest"),
    "ollama": ("ollama/models-llm-rb-successful-list-0.json", "qwen3:14b"),
}


def read(form: str, *items: Any, holder: str = "data") -> list[Listed]:
    return parse_list(form, orjson.dumps({holder: items}))


def test_every_provider_s_list_can_be_read() -> None:
    assert {provider.lists for provider in all_providers().values()} - {""} <= set(LISTS)


def test_the_words_are_those_of_the_house() -> None:
    tables = [catalog.TYPES, *(getattr(catalog, name) for name in dir(catalog) if name.startswith("OF_"))]
    assert len(tables) > 5
    assert {word for table in tables for words in table.values() for word in words} <= set(CAPABILITIES)


@pytest.mark.parametrize("form", RECORDED)
def test_recorded_lists(form: str) -> None:
    file, name = RECORDED[form]
    if not WIRE.is_dir():
        pytest.skip(f"the recordings are not at {WIRE}")
    body = json.loads((WIRE / file).read_text("utf-8"))["response"]["json"]
    found = {listed.name: listed for listed in parse_list(form, orjson.dumps(body))}
    assert name in found
    assert len(found) == len(body.get("data") or body["models"])
    assert not any(name.startswith("models/") for name in found)


def test_gemini_tells_limits_and_what_each_can() -> None:
    item = {
        "name": "models/gemini-9",
        "inputTokenLimit": 1048576,
        "outputTokenLimit": 65536,
        "supportedGenerationMethods": ["generateContent", "countTokens", "createCachedContent"],
        "thinking": True,
    }
    can = CHAT | {"caching", "reasoning"}
    assert read("gemini", item, holder="models") == [Listed("gemini-9", 1048576, 65536, can)]


def test_anthropic_tells_more_than_it_did_and_leaves_the_retired_in() -> None:
    yes, no = {"supported": True}, {"supported": False}
    item = {
        "id": "claude-9",
        "lifecycle": "active",
        "max_input_tokens": 1000,
        "max_tokens": 100,
        "capabilities": {"image_input": yes, "pdf_input": no, "thinking": {"supported": True, "types": {}}},
    }
    can = CHAT | {"tools", "vision", "reasoning"}
    retired = {"id": "claude-1", "lifecycle": "retired"}
    assert read("anthropic", item, retired) == [Listed("claude-9", 1000, 100, can)]


def test_the_other_forms() -> None:
    mistral = {
        "id": "mistral-x",
        "capabilities": {"completion_chat": True, "function_calling": True, "vision": False},
        "max_context_length": 32768,
    }
    assert read("mistral", mistral) == [Listed("mistral-x", 32768, None, CHAT | {"tools"})]
    cohere = {"name": "embed-x", "endpoints": ["embed"], "context_length": 512.0}
    assert read("cohere", cohere, holder="models") == [Listed("embed-x", 512, None, frozenset({"embeddings"}))]
    router = {
        "id": "a/b",
        "context_length": 8,
        "architecture": {"input_modalities": ["text", "image"]},
        "supported_parameters": ["tools", "seed"],
        "top_provider": {"max_completion_tokens": 4},
    }
    assert read("openrouter", router) == [Listed("a/b", 8, 4, CHAT | {"vision", "tools"})]
    studio = {"id": "q", "type": "vlm", "max_context_length": 9, "capabilities": ["tool_use"]}
    assert read("lmstudio", studio) == [Listed("q", 9, None, CHAT | {"vision", "tools"})]
    ollama = {"name": "l:1b", "capabilities": ["completion", "vision"]}
    (local,) = read("ollama", ollama, holder="models")
    assert local.can is not None
    assert {"chat", "vision"} <= local.can


@pytest.mark.parametrize(
    ("item", "context"),
    [
        ({"id": "m", "max_model_len": 4096}, 4096),
        ({"id": "m", "context_window": 131072, "max_completion_tokens": 7}, 131072),
        ({"id": "m", "meta": {"n_ctx_train": 2048}}, 2048),
        ({"id": "m", "context_length": True}, None),
        ({"id": "m", "context_length": "8192"}, None),
        ({"id": "m", "context_length": -1}, None),
    ],
)
def test_servers_that_speak_openai_s_api_name_the_window_differently(item: dict[str, Any], context: int | None) -> None:
    (listed,) = read("openai", item)
    assert listed.context_window == context


def test_together_s_answer_is_the_list_itself() -> None:
    body = orjson.dumps([{"id": "x", "type": "embedding", "context_length": 5}])
    assert parse_list("together", body) == [Listed("x", 5, None, frozenset({"embeddings"}))]


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"7", b'{"data": 5}', b'{"models": null}', b"<html>", b"\xff"])
def test_what_is_no_list_is_refused(body: bytes) -> None:
    for form in LISTS:
        with pytest.raises(ValueError, match="the answer"):
            parse_list(form, body)


def test_lists_and_names_are_bounded() -> None:
    assert len(read("openai", *({"id": f"m{number}"} for number in range(MOST + 5)))) == MOST
    odd = [
        {"id": "x" * (LONGEST_NAME + 1)},
        {"id": "a\nb"},
        {"id": ""},
        {"id": 7},
        {},
        None,
        "x",
        {"id": "m"},
        {"id": "m"},
    ]
    assert read("openai", *odd) == [Listed("m")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["chat", "image", "models/x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "name", "capabilities", "architecture", "meta", "type", "endpoints", "supported"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(item=JSON)
def test_whatever_an_item_is_it_is_read_or_passed_over(item: Any) -> None:
    body = json.dumps({"data": [item]}).encode()
    for form in LISTS:
        assert len(parse_list(form, body)) <= 1
