"""What was recorded at Azure and Vertex AI: a filter's word before the answer, headers about limits, errors of every kind."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from proxy.dialects import Event
from proxy.providers import all_providers
from proxy.ratelimits import limits_in
from proxy.translate import DIALECTS
from proxy.wire.sse import Reader


def test_a_stream_that_begins_with_the_filter_s_word_passes(recordings: Path) -> None:
    recorded = orjson.loads(
        (recordings / "azure" / "stream-content-filter-dd-trace-py-completion-azure-stream-0.json").read_bytes()
    )
    events: list[Event] = list(Reader().feed(recorded["response"]["text"].encode()))
    dialect = DIALECTS["openai"]
    first = orjson.loads(events[0].data)
    assert (first["choices"], "prompt_filter_results" in first) == ([], True)
    signs = [dialect.read_event(event) for event in events]
    assert (signs[0], signs[-1], "spoken" in signs) == ("wait", "end", True)
    parser = dialect.parser()
    chunks = [chunk for event in events for chunk in parser.feed(event)] + parser.end()
    text = "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])
    assert text
    assert parser.usage is not None
    for heard_in in ("anthropic", "gemini"):
        parser, renderer = dialect.parser(), DIALECTS[heard_in].renderer({"model": "m"}, 0)
        rendered = [renderer.feed(chunk) for event in events for chunk in parser.feed(event)]
        assert b"".join([*rendered, renderer.end()])


def test_what_azure_s_headers_say_is_left(recordings: Path) -> None:
    recorded = orjson.loads(
        (recordings / "azure" / "stream-content-filter-dd-trace-py-completion-azure-stream-0.json").read_bytes()
    )
    left = limits_in(all_providers()["azure_openai"], [*recorded["response"]["headers"].items()], 0.0)
    assert left is not None
    assert (left.requests.limit, left.requests.remaining, left.tokens.limit) == (2500, 2499, 250000)


ERRORS = {
    "azure/error-400-issue-compl-ai-issues-20-0": ("azure_openai", "invalid_request"),
    "azure/error-401-ruby_llm-chat-error-handling-with-azure-grok-4-1-fast-0": (
        "azure_foundry",
        "authentication_failed",
    ),
    "azure/error-404-openllmetry-test-chat-reasoning-1": ("azure_deployments", "model_not_found"),
    "azure/error-429-ruby_llm-chat-real-error-scenarios-azure-grok-4-1-fas-0": (
        "azure_foundry",
        "provider_rate_limited",
    ),
    "vertex/error-400-pydantic-ai-test-multimodal-tool-return-matrix-direct-ur-2": ("vertex", "invalid_request"),
    "vertex/error-401-adk-go-testmodel-trackingheaders-verifies-headers-a-0": (
        "vertex_express",
        "authentication_failed",
    ),
    "vertex/error-404-firebase-unary-failure-invalid-location-url-not-found-0": ("vertex", "model_not_found"),
}


@pytest.mark.parametrize(("name", "kind", "failure"), [(name, *said) for name, said in ERRORS.items()])
def test_a_recorded_error_is_of_its_kind(recordings: Path, name: str, kind: str, failure: str) -> None:
    response = orjson.loads((recordings / f"{name}.json").read_bytes())["response"]
    body = response["text"].encode() if "text" in response else orjson.dumps(response["json"])
    provider = all_providers()[kind]
    parse = provider.parse_error or DIALECTS[provider.dialect].parse_error
    found = parse(response["status"], response["headers"], body)
    assert (found.kind, found.provider_status) == (failure, response["status"])
    assert found.detail
