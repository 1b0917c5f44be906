"""Replies pass as they are."""

from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from proxy.call import Failure, Json
from proxy.dialects.openai import DIALECT
from proxy.dialects.openai.reply import parse_reply
from proxy.dialects.openai.usage import parse_usage
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


@settings(max_examples=200, deadline=None, database=None)
@given(ANYTHING | OBJECTS.map(lambda reply: {**reply, "choices": []}))
def test_any_reply_passes_or_is_a_failure(wire: Any) -> None:
    with suppress(Failure):
        assert parse_reply(wire) is wire
