"""Each family's inputs, as the models' own pages list them."""

from __future__ import annotations

import pytest

from proxy.dialects.replicate.spellings import FAMILIES, TEMPLATE, spelling_of

#: Model -> the inputs of its page that a request may use.
PAGES = {
    "meta/meta-llama-3-70b-instruct": "prompt system_prompt max_tokens temperature top_p top_k seed presence_penalty "
    "frequency_penalty stop_sequences",
    "meta/llama-2-70b-chat": "prompt system_prompt max_new_tokens temperature top_p top_k stop_sequences",
    "openai/gpt-4o-mini": "prompt system_prompt messages image_input temperature top_p max_completion_tokens "
    "frequency_penalty presence_penalty",
    "openai/gpt-5-nano": "prompt system_prompt messages image_input reasoning_effort verbosity max_completion_tokens",
    "openai/o4-mini": "prompt system_prompt messages image_input reasoning_effort verbosity max_completion_tokens",
    "anthropic/claude-4-sonnet": "prompt system_prompt max_tokens image",
    "google/gemini-2.5-flash": "prompt system_instruction images temperature top_p max_output_tokens",
}


@pytest.mark.parametrize("model", PAGES)
def test_a_family_has_the_inputs_of_its_page(model: str) -> None:
    spelling = spelling_of(model)
    inputs = {"prompt", spelling.system, spelling.limit, spelling.image, spelling.images, *spelling.same} - {""}
    inputs |= {"messages"} if spelling.turns else set()
    inputs |= {"stop_sequences"} if spelling.stops else set()
    assert inputs == set(PAGES[model].split())


@pytest.mark.parametrize(
    "model", ["someone/some-model", "5c7d5dc6dd8bf75c1acaa8565735e7986bc5b66206b55cca93cb72c9bf15ccaa", ""]
)
def test_who_is_not_known_is_asked_as_the_template_is(model: str) -> None:
    assert spelling_of(model) is TEMPLATE


def test_a_version_does_not_change_the_family() -> None:
    assert spelling_of("anthropic/claude-4-sonnet:99e2cf4c") is spelling_of("anthropic/claude-4-sonnet")
    assert len({spelling for _, spelling in FAMILIES}) == len(FAMILIES)
