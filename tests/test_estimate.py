"""A rough count: how rough, and that nothing makes it fail."""

from __future__ import annotations

import pytest

from proxy.estimate import PER_IMAGE, estimate_prompt

ENGLISH = (
    "The quick brown fox jumps over the lazy dog, and then it sleeps in the warm sun until the evening comes. " * 20
)
#: Plain English has about one token to a word or mark: 22 words, 2 marks.
ENGLISH_TOKENS = 24 * 20


def said(content: object, **fields: object) -> int:
    return estimate_prompt({"messages": [{"role": "user", "content": content}], **fields})


def test_english_is_about_right() -> None:
    assert said(ENGLISH) == pytest.approx(ENGLISH_TOKENS, rel=0.35)


def test_other_scripts_have_more_tokens_to_a_character() -> None:
    assert said("漢字" * 100) > 2 * said("abcd" * 50)


def test_an_image_is_counted_by_kind_and_not_by_size() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 1_000_000}}
    assert PER_IMAGE <= said([image]) < 2 * PER_IMAGE


def test_tools_and_a_system_prompt_count() -> None:
    assert said("hi", tools=[{"function": {"name": "f", "description": ENGLISH}}]) > ENGLISH_TOKENS / 2
    assert said("hi", system=ENGLISH) > ENGLISH_TOKENS / 2


@pytest.mark.parametrize("content", [None, [], 7, {"a": [None, 1.5, True]}, [[[[["x"]]]]]])
def test_anything_has_a_count(content: object) -> None:
    assert said(content) >= 0


def test_depth_is_bounded() -> None:
    deep: object = "x"
    for _ in range(10_000):
        deep = [deep]
    assert said(deep) >= 0
