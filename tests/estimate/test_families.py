"""A model's tokenizer by its name, as providers and gateways write it."""

from __future__ import annotations

import pytest

from proxy.estimate.families import UNKNOWN, family_of

NAMES = {
    "openai": [
        *("gpt-4o", "gpt-4o-mini-2024-07-18", "gpt-4.1-nano", "chatgpt-4o-latest", "o1", "o3-mini", "openai/o4-mini"),
        *("gpt-5", "gpt-5.6-luna", "gpt-oss-120b", "openai.gpt-oss-20b-1:0", "ft:gpt-4o:acme::x"),
    ],
    "openai before 4o": [
        "gpt-4",
        "gpt-4-turbo",
        "gpt-4-0613",
        "gpt-3.5-turbo",
        "gpt-35-turbo",
        "text-embedding-3-small",
    ],
    "claude": [
        "claude-2.1",
        "claude-3-5-sonnet-20241022",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "claude-opus-4-20250514",
    ],
    "gemini": ["gemini-2.5-flash", "google/gemini-3-pro-preview", "gemma3:1b"],
    "mistral": [
        "mistral-large-latest",
        "open-mixtral-8x22b",
        "codestral-2508",
        "ministral-8b",
        "magistral-medium",
        "pixtral-12b",
    ],
    "llama": ["llama3.2", "meta-llama/Llama-3.3-70B-Instruct", "Meta-Llama-3.1-8B"],
    "qwen": ["qwen3:4b", "Qwen/Qwen2.5-72B-Instruct", "qwq-32b"],
    "deepseek": ["deepseek-chat", "deepseek-ai/DeepSeek-V3", "deepseek-r1-distill-llama-70b"],
    "": ["", "fast", "grok-4", "command-r-plus", "sonar", "vo1ce", "proto3"],
}


@pytest.mark.parametrize(("name", "model"), [(name, model) for name, models in NAMES.items() for model in models])
def test_a_model_has_its_family(name: str, model: str) -> None:
    assert family_of(model).name == name
    assert (family_of(model) is UNKNOWN) is (name == "")


@pytest.mark.parametrize(
    ("model", "factor", "tools"),
    [
        ("claude-3-7-sonnet@20250219", 1.0, 310),
        ("claude-sonnet-4-20250514", 1.0, 310),
        ("anthropic/claude-haiku-4.5", 1.0, 500),
        ("claude-sonnet-4-6", 1.0, 310),
        ("anthropic.claude-opus-4-7-v1:0", 1.3, 400),
        ("claude-opus-4.8", 1.3, 400),
        ("claude-sonnet-5", 1.3, 400),
        ("claude-5-sonnet", 1.3, 400),
    ],
)
def test_of_claude_it_depends_on_the_version(model: str, factor: float, tools: int) -> None:
    assert (family_of(model).factor, family_of(model).tools) == (factor, tools)
