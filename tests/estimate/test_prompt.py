"""What of a request counts, and how near the whole comes to what providers reported of recorded ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.call import Json, Target
from proxy.estimate import estimate_prompt, prompt_tokens, weigh_text
from proxy.estimate.prompt import PER_PAGE, PER_SECOND, weigh_prompt
from tests.estimate.test_images import PNG, data_url
from tests.matrix.recorded import RECORDINGS, WIRE
from tests.policies.clocked import call_to

WORDS = "The quick brown fox jumps over the lazy dog, and then it sleeps in the warm sun until the evening comes. " * 20
TOOL = {"type": "function", "function": {"name": "find", "description": WORDS, "parameters": {"type": "object"}}}


def said(content: object, model: str = "gpt-4o", **fields: object) -> int:
    return estimate_prompt({"messages": [{"role": "user", "content": content}], **fields}, model)


def test_words_count_wherever_they_are_said() -> None:
    once = said(WORDS)
    assert once == pytest.approx(24 * 20, rel=0.12)
    assert said([{"type": "text", "text": WORDS}]) == once
    assert said("", system=WORDS) == once
    for request in ({"input": WORDS}, {"prompt": [WORDS]}, {"query": "", "documents": [{"text": WORDS}]}):
        assert estimate_prompt(request, "gpt-4o") == pytest.approx(once, abs=8)


def test_tools_and_a_schema_count_as_the_model_is_shown_them() -> None:
    schema = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"description": WORDS}}}
    assert said("hi", tools=[TOOL]) > said(WORDS) * 0.6
    assert said("hi", "claude-haiku-4-5", tools=[TOOL]) > said(WORDS, "claude-haiku-4-5") + 450
    assert said("hi", response_format=schema) > said(WORDS) * 0.6
    assert said("hi", response_format={"type": "text"}) == said("hi")
    assert said("hi", tools=[]) == said("hi")


def test_what_no_model_is_told_does_not_count() -> None:
    block = {"type": "thinking", "thinking": "hm", "signature": WORDS, "cache_control": {"type": "ephemeral"}}
    assert said([block]) == said([{"type": "thinking", "thinking": "hm"}])


@pytest.mark.parametrize(
    ("part", "tokens"),
    [
        ({"type": "image_url", "image_url": {"url": data_url(PNG), "detail": "low"}}, 85),
        ({"type": "image_url", "image_url": {"url": data_url(PNG + bytes(10**6))}}, 85 + 2 * 170),
        ({"type": "image_url", "image_url": data_url(PNG)}, 85 + 2 * 170),
        ({"type": "image", "source": {"type": "base64", "data": data_url(PNG).partition(",")[2]}}, 85 + 2 * 170),
        ({"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}, 765),
        ({"type": "input_audio", "input_audio": {"data": "A" * 107_000, "format": "mp3"}}, 10 * PER_SECOND),
        ({"type": "file", "file": {"file_data": "data:application/pdf;base64," + "A" * 204_000}}, 3 * PER_PAGE),
        ({"type": "file", "file": {"file_data": "data:text/plain;base64," + "A" * 16_000}}, 3000),
        ({"type": "file", "file": {"file_id": "file-1"}}, PER_PAGE),
    ],
)
def test_what_is_held_by_value_counts_by_what_it_is(part: Json, tokens: int) -> None:
    assert said([part]) - said([]) == pytest.approx(tokens, rel=0.01)


def test_another_count_of_words_stands_for_the_estimate() -> None:
    request = {"messages": [{"role": "user", "content": "four"}], "tools": [TOOL]}
    assert weigh_prompt(request, "gpt-4o", lambda text: 100) == 100 + 65 + 4 + 3


def test_it_is_counted_once_by_the_model_that_is_asked() -> None:
    call = call_to(json={"messages": [{"role": "user", "content": WORDS}]})
    call.target = Target("up", "claude-opus-4-7", None)
    assert prompt_tokens(call) == said(WORDS, "claude-opus-4-7") > 1.2 * said(WORDS, "claude-opus-4-6")
    call.json = {}
    assert prompt_tokens(call) == call.tokens == said(WORDS, "claude-opus-4-7")


def test_a_text_alone_has_a_weight() -> None:
    assert weigh_text(WORDS, "gpt-4o") == pytest.approx(said(WORDS) - 7, abs=1)
    assert weigh_text("") == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["type", "content", "image_url", "file", "input_audio", "data", "url", "text"]),
            inner | st.sampled_from(["image_url", "image", "file", "input_audio", "video_url"]),
        )
    ),
    max_leaves=12,
)


@given(JSON, JSON)
def test_anything_has_a_count(content: Any, tools: Any) -> None:
    assert estimate_prompt({"messages": [{"content": content}], "tools": tools, "response_format": tools}) >= 0
    assert estimate_prompt({"messages": content}) >= 0


def test_depth_is_bounded() -> None:
    deep: object = "x"
    for _ in range(10_000):
        deep = [deep]
    assert said(deep) >= 0


#: Recordings in which nothing counted that the request does not show, and how far the estimate is from what was reported.
REPORTED = {
    "anthropic/prompt-cache-pydantic-ai-test-anthropic-compaction-usage-wit": 0.06,
    "bedrock-converse/prompt-cache-ruby_llm-chat-prompt-cache-round-trip-be": 0.1,
    "anthropic/vision-base64-ellmer-anthropic-images-0": 0.05,
    "bedrock-converse/tool-call-ruby_llm-chat-multimodal-tool-attachments-b": 0.05,
    "anthropic/tool-choice-openinference-testtoolcallsinchatresponse-test-a": 0.2,
    "openai/vision-base64-activeagent-test-agent-image-base64-bare-0": 0.02,
    "openai-responses/vision-base64-activeagent-test-agent-image-base64-mes": 0.02,
    "openai/parallel-tools-braintrust-test-openai-parallel-tool-calls-0": 0.15,
    "openai/tool-result-openllmetry-test-tool-message-with-tool-call-id-0": 0.2,
    "ollama/parallel-tools-rig-two-tools-nonstreaming-0": 0.5,
    "mistral/tool-result-ruby_llm-chat-tool-choice-and-calls-control-mistra": 0.15,
}


@pytest.mark.skipif(not WIRE.is_dir(), reason=f"no recordings in {WIRE}")
@pytest.mark.parametrize("name", REPORTED)
def test_a_recorded_prompt_is_near_what_its_provider_reported(name: str) -> None:
    recording = next(found for full, found in RECORDINGS.items() if full.startswith(name))
    speech = recording.dialect.operation("chat")
    assert speech is not None
    assert recording.request is not None
    usage = speech.parse_usage(recording.reply)
    assert usage is not None
    estimate = estimate_prompt(speech.parse_request(dict(recording.request)), recording.model)
    assert estimate == pytest.approx(usage.prompt, rel=REPORTED[name])
