"""What Claude understands is known by the ids that clouds give it, too."""

import pytest

from proxy.dialects.claude import read_model, render_reasoning


@pytest.mark.parametrize(
    ("name", "version", "thinking"),
    [
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", (4, 5), "budget"),
        ("anthropic.claude-3-5-sonnet-20240620-v1:0", (3, 5), "none"),
        ("anthropic.claude-opus-4-20250514-v1:0", (4, 0), "budget"),
        ("anthropic.claude-opus-4-6-v1", (4, 6), "both"),
        ("global.anthropic.claude-sonnet-5", (5, 0), "adaptive"),
    ],
)
def test_a_generation_is_read_from_a_clouds_id(name: str, version: tuple[int, int], thinking: str) -> None:
    model = read_model(name)
    assert (model.version, model.generation.thinking) == (version, thinking)


def test_thinking_goes_by_the_generation() -> None:
    thought = render_reasoning({"reasoning": {"effort": "low"}}, read_model("anthropic.claude-opus-4-8"))
    assert (thought.thinking, thought.effort) == ({"type": "adaptive"}, "low")
