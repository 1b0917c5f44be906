"""What is known of a model by its name."""

import pytest

from proxy.dialects.anthropic.models import BUDGETS, LEAST_BUDGET, NEWEST, read_model


@pytest.mark.parametrize(
    ("name", "family", "version"),
    [
        ("claude-3-haiku-20240307", "haiku", (3, 0)),
        ("claude-3-5-sonnet-latest", "sonnet", (3, 5)),
        ("claude-3-7-sonnet@20250219", "sonnet", (3, 7)),
        ("claude-sonnet-4-20250514", "sonnet", (4, 0)),
        ("claude-opus-4-1-20250805", "opus", (4, 1)),
        ("us.anthropic.claude-opus-4-6-v1", "opus", (4, 6)),
        ("anthropic/claude-4.7-opus", "opus", (4, 7)),
        ("claude-opus-5-5", "opus", (5, 5)),
        ("claude-2.1", "", (2, 1)),
        ("claude-mythos-preview", "mythos", NEWEST),
        ("deepseek-chat", "", (0, 0)),
    ],
)
def test_a_name_is_read(name: str, family: str, version: tuple[int, int]) -> None:
    model = read_model(name)
    assert (model.family, model.version) == (family, version)


@pytest.mark.parametrize(
    ("name", "thinking", "samplers", "schema"),
    [
        ("claude-3-5-haiku-20241022", "none", "all", False),
        ("claude-sonnet-4-20250514", "budget", "all", False),
        ("claude-opus-4-1", "budget", "one", False),
        ("claude-haiku-4-5", "budget", "one", True),
        ("claude-sonnet-4-6", "both", "one", True),
        ("claude-opus-4-7", "adaptive", "default", True),
        ("claude-sonnet-5", "adaptive", "default", True),
        ("claude-opus-9", "adaptive", "default", True),
        ("some-other-model", "budget", "all", False),
    ],
)
def test_a_generation_has_its_ways(name: str, thinking: str, samplers: str, schema: bool) -> None:
    generation = read_model(name).generation
    assert (generation.thinking, generation.samplers, generation.schema) == (thinking, samplers, schema)


@pytest.mark.parametrize(
    ("name", "off"),
    [
        ("claude-sonnet-4-5", "disabled"),
        ("claude-opus-4-8", ""),
        ("claude-opus-5", "disabled"),
        ("claude-haiku-5-5", "disabled"),
        ("claude-sonnet-5-5", "between_tools"),
        ("claude-opus-5-5", None),
        ("claude-fable-5", None),
    ],
)
def test_thinking_is_switched_off_in_the_models_way(name: str, off: str | None) -> None:
    assert read_model(name).off == off


def test_some_models_cannot_be_made_to_call_a_tool() -> None:
    assert read_model("claude-opus-5").forcible
    assert not read_model("claude-opus-5-5").forcible
    assert not read_model("claude-fable-5-1").forcible


def test_every_budget_is_one_the_api_accepts() -> None:
    assert min(BUDGETS.values()) >= LEAST_BUDGET
