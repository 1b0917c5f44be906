"""What is said of calls and attempts, and that the words are those of the conventions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.semconv.attributes import error_attributes, http_attributes, server_attributes

from proxy.call import BUCKETS, KINDS, Usage
from proxy.providers import all_providers
from proxy.tracing.attributes import (
    LONGEST,
    MOST_NAMES,
    OPERATIONS,
    PROVIDERS,
    attempt_attributes,
    call_attributes,
    kind_of,
    name_of,
)
from proxy.tracing.span import CANCELLED, Told
from tests.tracing.calls import attempt, new_call, target, trace

#: In the conventions since they have a repository of their own, of which the package knows nothing yet.
NEWER = {
    "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.audio.input_tokens",
    "gen_ai.usage.audio.cache_read.input_tokens",
    "gen_ai.usage.audio.output_tokens",
    "gen_ai.usage.image.input_tokens",
    "gen_ai.usage.image.output_tokens",
}
MODULES = (gen_ai_attributes, error_attributes, http_attributes, server_attributes)
KNOWN = {
    value for module in MODULES for name, value in vars(module).items() if name.isupper() and isinstance(value, str)
}
#: The plain ones, which people look for first.
PLAIN = {"provider.name", "request.id", "request.model"}
SILENT = Told()
EVERY = Usage(**{bucket: 2**place for place, bucket in enumerate(BUCKETS)})
JSON = {
    "n": 2,
    "seed": 3,
    "top_k": 4,
    "max_tokens": 5,
    "temperature": 1,
    "top_p": 0.5,
    "frequency_penalty": 0,
    "presence_penalty": 1,
}


def of_call(
    call: Any = None, told: Told = SILENT, kind: str | None = None, usage: Usage | None = None
) -> dict[str, Any]:
    return call_attributes(call or new_call(), told, kind, 200, usage)


def test_every_word_is_of_the_conventions_or_ours() -> None:
    call = new_call(stream=True, ttft=0.5, json=JSON, cost=Decimal("0.25"), cache="miss", trail=("a:b timeout",))
    call.dropped, call.translated = ["seed"], ["tools"]
    words = set(of_call(call, Told("id", "model", ("stop",)), "timeout", EVERY))
    words |= attempt_attributes(call, attempt(trace(), number=2, kind="timeout", status=504, ttft=0.1), None).keys()
    assert {word for word in words if not word.startswith("outrider.")} - PLAIN <= KNOWN | NEWER
    assert words >= PLAIN | NEWER
    assert not NEWER & KNOWN


def test_providers_are_called_as_the_conventions_have_them() -> None:
    values = {member.value for member in gen_ai_attributes.GenAiProviderNameValues}
    assert set(PROVIDERS.values()) <= values
    assert PROVIDERS.keys() <= all_providers().keys()
    ours = {PROVIDERS.get(kind, kind) for kind in all_providers()}
    assert {"openai", "anthropic", "cohere", "deepseek", "groq", "perplexity"} <= ours & values
    operations = {member.value for member in gen_ai_attributes.GenAiOperationNameValues}
    assert set(OPERATIONS.values()) | {"chat", "embeddings"} <= operations


def test_tokens_of_the_conventions_are_sums_of_our_buckets() -> None:
    found = of_call(usage=EVERY)
    assert found["gen_ai.usage.input_tokens"] == EVERY.prompt
    assert found["gen_ai.usage.output_tokens"] == EVERY.completion
    assert found["gen_ai.usage.cache_read.input_tokens"] == EVERY.cache_read + EVERY.audio_cache_read
    assert found["gen_ai.usage.cache_write.input_tokens"] == EVERY.cache_write + EVERY.cache_write_1h
    assert found["gen_ai.usage.audio.input_tokens"] == EVERY.audio_input + EVERY.audio_cache_read
    assert found["gen_ai.usage.reasoning.output_tokens"] == EVERY.reasoning
    assert sum(found[f"outrider.usage.{bucket}"] for bucket in BUCKETS) == EVERY.total


def test_a_caller_is_told_where_it_is_known() -> None:
    assert of_call(new_call(identity="shop"))["outrider.caller"] == "shop"
    assert "outrider.caller" not in of_call(new_call())


def test_buckets_with_nothing_in_them_are_not_told() -> None:
    found = of_call(usage=Usage(input=3, estimated=True))
    assert {name for name in found if ".usage." in name} == {
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "outrider.usage.input",
        "outrider.usage.estimated",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_failure_is_told_by_its_kind_and_who_is_at_fault(kind: str) -> None:
    found = of_call(new_call(phase="streaming"), kind=kind)
    assert (found["error.type"], found["outrider.party"]) == (kind, KINDS[kind].party)
    assert found["outrider.phase"] == "streaming"
    assert "gen_ai.response.model" not in found


def test_a_call_that_came_to_nobody() -> None:
    call = new_call(model="", attempts=0)
    call.target = None
    found = of_call(call, kind="invalid_request")
    assert found["gen_ai.provider.name"] == "none"
    assert found.keys().isdisjoint({"provider.name", "request.model", "gen_ai.request.model"})


def test_what_is_long_is_cut() -> None:
    call = new_call(target(model="m" * 999), model="x" * 999, id="i" * 999, trail=("t" * 999,) * 99)
    found = of_call(call)
    for name in ("gen_ai.request.model", "request.model", "request.id", "gen_ai.response.model"):
        assert len(found[name]) == LONGEST
    assert [len(text) for text in found["outrider.trail"]] == [LONGEST] * MOST_NAMES
    assert len(name_of(call, call.model)) == len("chat ") + LONGEST


@pytest.mark.parametrize("value", [True, None, "1", [1], 2**63, float("nan"), float("inf"), 1.5])
def test_a_parameter_that_is_none_is_not_told(value: Any) -> None:
    assert "gen_ai.request.seed" not in of_call(new_call(json={"seed": value}))


def test_a_parameter_has_the_type_of_its_attribute() -> None:
    found = of_call(new_call(json=JSON))
    assert (type(found["gen_ai.request.temperature"]), type(found["gen_ai.request.top_k"])) == (float, int)


def test_names() -> None:
    call = new_call()
    assert name_of(call, "gpt-4o") == "chat gpt-4o"
    assert name_of(call, "") == "chat"
    assert name_of(new_call(operation="completions"), "m") == "text_completion m"
    assert name_of(new_call(operation="raw", model="raw"), "raw") == "raw"
    nobody = new_call(targets=())
    nobody.target = None
    assert name_of(nobody, "anything") == "chat"


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("https://a.example/v1", "a.example", 443),
        ("http://[::1]:8000", "::1", 8000),
        ("http://b.example", "b.example", 80),
    ],
)
def test_where_an_attempt_went(address: str, host: str, port: int) -> None:
    found = attempt_attributes(new_call(), attempt(trace(), target(base_url=address)), None)
    assert (found["server.address"], found["server.port"]) == (host, port)


def test_where_an_attempt_went_that_went_nowhere() -> None:
    found = attempt_attributes(new_call(), attempt(trace(), target(base_url="mock")), None)
    assert not any(name.startswith("server.") for name in found)


def test_an_attempt_that_was_cancelled_failed_as_its_call() -> None:
    cancelled = attempt(trace(), kind=CANCELLED)
    assert (kind_of(cancelled, None), kind_of(cancelled, "timeout")) == (None, "timeout")
    well = attempt_attributes(new_call(), cancelled, None)
    assert well["outrider.overtaken"] is True
    assert "error.type" not in well
    assert attempt_attributes(new_call(), cancelled, "client_gone")["error.type"] == "client_gone"
    assert kind_of(attempt(trace(), kind="network_error"), "timeout") == "network_error"
