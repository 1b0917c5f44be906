"""What a model accepts, read from its name."""

import pytest

from proxy.dialects.gemini.models import read_model


@pytest.mark.parametrize(
    ("name", "levels"),
    [
        ("gemini-3-pro-preview", "low high"),
        ("models/gemini-3-flash-preview", "minimal low medium high"),
        ("gemini-3-pro-image", "high"),
        ("gemini-3.1-pro-preview", "low medium high"),
        ("gemini-3.1-flash-lite-image", "minimal high"),
        ("gemini-3.5-flash", "minimal low medium high"),
        ("gemini-3.8-flash", "low medium high"),
        ("gemini-4-hydrogen", "low medium high"),
        ("gemini-flash-latest", "low medium high"),
        ("gemini-2.5-pro", ""),
        ("gemma-3-27b-it", ""),
    ],
)
def test_levels(name: str, levels: str) -> None:
    assert " ".join(read_model(name).levels) == levels


@pytest.mark.parametrize(
    ("name", "budget"),
    [
        ("gemini-2.5-pro", (128, 32768, False)),
        ("publishers/google/models/gemini-2.5-flash", (1, 24576, True)),
        ("gemini-2.5-flash-lite", (512, 24576, True)),
        ("gemini-2.5-flash-image", None),
        ("gemini-2.0-flash", None),
        ("gemini-3-flash-preview", None),
        ("text-embedding-004", None),
    ],
)
def test_budgets(name: str, budget: tuple[int, int, bool] | None) -> None:
    assert read_model(name).budget == budget


def test_what_came_with_gemini_3() -> None:
    for name, new in (("gemini-3-flash-preview", True), ("gemini-2.5-pro", False), ("tuned", False)):
        model = read_model(name)
        assert [model.schema_beside_tools, model.media_in_results, model.wants_signatures] == [new] * 3
