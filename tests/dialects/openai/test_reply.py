"""Replies pass as they are, and token counts come out in buckets that sum to the total."""

from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.call import BUCKETS, Failure, Json, Usage
from proxy.dialects.openai import DIALECT
from proxy.dialects.openai.reply import parse_reply, parse_usage, render_usage
from tests.dialects.openai.recorded import ANYTHING, ERRORS, OBJECTS, REPLIES, REQUESTS, STREAMS, WIRE, each

COUNTS = [89, 44, 36, 17]


def test_the_recordings_are_there(recordings: Path) -> None:
    """Fewer means that the sorting in recorded.py has lost some."""
    assert recordings == WIRE
    assert [len(kind) for kind in (REQUESTS, REPLIES, STREAMS, ERRORS)] == COUNTS


#: Recordings with thoughts in the server's own words -> what was thought begins so, and what was said.
RETOLD = {
    "groq/tool-result-pydantic-ai-test-tool-use-failed-error-2": ("We need to respond", "The first call failed"),
    "mistral/reasoning-dd-trace-py-mistral-v1-chat-completions-post-20aaaaf3-0": ("Okay, the user", "What is 2+2?"),
    "openrouter/tool-call-fantasy-tool-0": ("The user asked:", None),
}


@each(REPLIES)
def test_a_recorded_reply_passes_and_its_usage_sums_to_the_total(name: str, recorded: Json) -> None:
    unified = parse_reply(recorded)
    assert (unified is recorded) == (name not in RETOLD)
    assert DIALECT.render_reply(unified, {}) is unified
    usage = parse_usage(recorded)
    assert usage is not None
    assert usage.total == recorded["usage"]["total_tokens"]
    assert usage.prompt == recorded["usage"]["prompt_tokens"]
    assert not usage.estimated


@pytest.mark.parametrize("name", RETOLD)
def test_recorded_thoughts_are_found(name: str) -> None:
    recorded = REPLIES[name]
    before = deepcopy(recorded)
    [choice] = parse_reply(recorded)["choices"]
    thought, said = RETOLD[name]
    assert choice["message"]["reasoning_content"].startswith(thought)
    assert choice["message"]["content"] is said is None or choice["message"]["content"].startswith(said)
    assert recorded == before


@pytest.mark.parametrize(
    ("wire", "kind", "detail"),
    [
        ({}, "provider_error", "the provider's reply has no choices"),
        ({"choices": {}}, "provider_error", "the provider's reply has no choices"),
        ([], "provider_error", "the provider's reply is not a JSON object"),
        ({"error": "down"}, "provider_error", "down"),
        ({"choices": [], "error": {"message": "slow down", "code": 429}}, "provider_rate_limited", "slow down"),
        ({"error": {"message": "no", "code": "502"}}, "provider_error", "no"),
        ({"error": {"message": "no", "type": "invalid_request_error"}}, "invalid_request", "no"),
    ],
)
def test_what_is_no_reply(wire: Any, kind: str, detail: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_reply(wire)
    assert (caught.value.kind, caught.value.detail, caught.value.provider_status) == (kind, detail, 200)


def test_a_null_error_is_none() -> None:
    assert parse_reply({"error": None, "choices": []}) == {"error": None, "choices": []}


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}, Usage(5, output=3)),
        ({"prompt_tokens": 5}, Usage(5)),
        ({}, Usage()),
        (
            {
                "prompt_tokens": 100,
                "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10, "audio_tokens": 5},
                "completion_tokens": 50,
                "completion_tokens_details": {"reasoning_tokens": 30, "audio_tokens": 4},
            },
            Usage(25, 60, 10, 16, 30, 5, 4),
        ),
        # xAI: reasoning stands beside the completion
        (
            {
                "prompt_tokens": 213,
                "completion_tokens": 2,
                "total_tokens": 471,
                "completion_tokens_details": {"reasoning_tokens": 256},
            },
            Usage(213, output=2, reasoning=256),
        ),
        # Gemini: it is not named, only in the total
        ({"prompt_tokens": 66, "completion_tokens": 6, "total_tokens": 100}, Usage(66, output=6, reasoning=28)),
        # Azure, Vercel: details larger than their whole
        ({"prompt_tokens": 78, "prompt_tokens_details": {"cached_tokens": 158}}, Usage(0, cache_read=78)),
        ({"completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 48}}, Usage(reasoning=5)),
        # Together, GitHub Copilot: details beside the counts
        ({"prompt_tokens": 9, "cached_tokens": 4, "completion_tokens": 7, "reasoning_tokens": 2}, Usage(5, 4, 0, 5, 2)),
        ({"prompt_tokens": 9, "cached_tokens": 4, "prompt_tokens_details": {"cached_tokens": 1}}, Usage(8, 1)),
        ({"prompt_tokens": -5, "completion_tokens": "7", "total_tokens": 1.5}, Usage()),
        ({"prompt_tokens": True, "prompt_tokens_details": [1], "completion_tokens_details": None}, Usage()),
        ({"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": "5", "audio_tokens": -1}}, Usage(5)),
    ],
)
def test_the_buckets(counts: Json, usage: Usage) -> None:
    assert parse_usage({"usage": counts}) == usage


@pytest.mark.parametrize(
    "wire", [{}, {"usage": None}, {"usage": 5}, {"usage": []}, {"x_groq": {}}, {"x_groq": 5, "usage": None}]
)
def test_no_report_is_none(wire: Json) -> None:
    assert parse_usage(wire) is None


def test_groq_reports_elsewhere_in_streams() -> None:
    assert parse_usage({"x_groq": {"usage": {"prompt_tokens": 5}}}) == Usage(5)
    assert parse_usage({"usage": {"prompt_tokens": 1}, "x_groq": {"usage": {"prompt_tokens": 5}}}) == Usage(1)


def test_what_is_written_says_only_what_there_is() -> None:
    assert render_usage(Usage(5, output=3)) == {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
    assert render_usage(Usage(25, 60, 10, 16, 30, 5, 4)) == {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "total_tokens": 150,
        "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10, "audio_tokens": 5},
        "completion_tokens_details": {"reasoning_tokens": 30, "audio_tokens": 4},
    }


FEW = settings(max_examples=200, deadline=None, database=None)


@FEW
@given(st.builds(Usage, *[st.integers(0, 10**6)] * len(BUCKETS)))
def test_what_is_written_is_read_back(usage: Usage) -> None:
    assert parse_usage({"usage": render_usage(usage)}) == usage


@FEW
@given(OBJECTS | ANYTHING.map(lambda usage: {"usage": usage}))
def test_any_usage_is_disjoint_counts_or_none(wire: Json) -> None:
    usage = parse_usage(wire)
    assert usage is None or all(getattr(usage, name) >= 0 for name in BUCKETS)


@FEW
@given(ANYTHING | OBJECTS.map(lambda reply: {**reply, "choices": []}))
def test_any_reply_passes_or_is_a_failure(wire: Any) -> None:
    with suppress(Failure):
        assert parse_reply(wire) is wire
