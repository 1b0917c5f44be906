"""What a span says of a call or of an attempt, in the words of OpenTelemetry where it has them and in our own where not.

The words are those of the GenAI conventions 1.42.0-dev, on top of the semantic conventions 1.44.0:
https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/client-inference.md. None of it is text of a
prompt or an answer. What was used and what it cost stands on the call's span alone, so that a sum over spans is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from math import isfinite
from operator import attrgetter
from typing import Any
from urllib.parse import urlsplit

from proxy.call import BUCKETS, KINDS, Call, Json, Target, Usage
from proxy.tracing.otlp import LEAST, MOST, Value
from proxy.tracing.span import CANCELLED, Span, Told

LONGEST = 256
MOST_NAMES = 20
#: As the metrics have it: nobody was chosen.
NO_PROVIDER = "none"
PORTS = {"http": 80, "https": 443}

#: `gen_ai.operation.name`, where it has a word of its own. The others are ours.
OPERATIONS: Mapping[str, str] = {"completions": "text_completion"}
#: `gen_ai.provider.name`, by the kind of the provider; the others' kinds are their names.
PROVIDERS: Mapping[str, str] = {
    "azure_anthropic": "azure.ai.inference",
    "azure_deployments": "azure.ai.openai",
    "azure_foundry": "azure.ai.inference",
    "azure_openai": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "bedrock_openai": "aws.bedrock",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "openai_responses": "openai",
    "vertex": "gcp.vertex_ai",
    "vertex_anthropic": "gcp.vertex_ai",
    "vertex_express": "gcp.vertex_ai",
    "vertex_openai": "gcp.vertex_ai",
    "xai": "x_ai",
}
#: Numbers of the unified request, each with the type that its attribute has.
PARAMETERS: tuple[tuple[str, str, type], ...] = (
    ("n", "gen_ai.request.choice.count", int),
    ("seed", "gen_ai.request.seed", int),
    ("top_k", "gen_ai.request.top_k", int),
    ("max_tokens", "gen_ai.request.max_tokens", int),
    ("max_completion_tokens", "gen_ai.request.max_tokens", int),
    ("temperature", "gen_ai.request.temperature", float),
    ("top_p", "gen_ai.request.top_p", float),
    ("frequency_penalty", "gen_ai.request.frequency_penalty", float),
    ("presence_penalty", "gen_ai.request.presence_penalty", float),
)
#: Attribute -> the buckets that it counts; those of them that are 0 are not told. Buckets are disjoint, attributes are not.
TOKENS: Mapping[str, tuple[str, ...]] = {
    "gen_ai.usage.cache_read.input_tokens": ("cache_read", "audio_cache_read"),
    "gen_ai.usage.cache_write.input_tokens": ("cache_write", "cache_write_1h"),
    "gen_ai.usage.reasoning.output_tokens": ("reasoning",),
    "gen_ai.usage.audio.input_tokens": ("audio_input", "audio_cache_read"),
    "gen_ai.usage.audio.cache_read.input_tokens": ("audio_cache_read",),
    "gen_ai.usage.audio.output_tokens": ("audio_output",),
    "gen_ai.usage.image.input_tokens": ("image_input",),
    "gen_ai.usage.image.output_tokens": ("image_output",),
}
SUMS = tuple((name, buckets) for name, buckets in TOKENS.items())
OWN = tuple(f"outrider.usage.{bucket}" for bucket in BUCKETS)
read_buckets = attrgetter(*BUCKETS)


def name_of(call: Call, model: str) -> str:
    """`chat gpt-4o`. What nobody has is not part of a name: names are few."""
    operation = OPERATIONS.get(call.operation, call.operation)
    found = call.target is not None or call.targets
    return f"{operation} {model[:LONGEST]}" if found and model and model != operation else operation


def call_attributes(call: Call, told: Told, kind: str | None, status: int, usage: Usage | None) -> dict[str, Value]:
    """Of the whole call, once it has ended. `kind` is of KINDS, None where it ended well; `status` what the application saw."""
    found = dict(common(call, call.target, call.model))
    found["http.response.status_code"] = status
    if call.stream:
        found["gen_ai.request.stream"] = True
    if call.ttft is not None:
        found["gen_ai.response.time_to_first_chunk"] = call.ttft
    found |= parameters(call.json)
    found |= answered(call, told, kind)
    if usage is not None:
        found |= used(usage)
    found |= done(call)
    if kind is not None:
        found |= {"error.type": kind, "outrider.party": KINDS[kind].party, "outrider.phase": call.phase}
    return found


def common(call: Call, target: Target | None, model: str) -> Iterator[tuple[str, Value]]:
    """`model`: what is asked for, by its name there."""
    yield "gen_ai.operation.name", OPERATIONS.get(call.operation, call.operation)
    yield "gen_ai.provider.name", NO_PROVIDER if target is None else provider_of(target.endpoint)
    if model:
        yield "gen_ai.request.model", model[:LONGEST]
    if target is not None:
        yield "provider.name", target.name
    yield "request.id", call.id[:LONGEST]
    if call.model:
        yield "request.model", call.model[:LONGEST]


def provider_of(endpoint: Any) -> str:
    kind: str = endpoint.kind
    return PROVIDERS.get(kind, kind)


def parameters(unified: Json) -> Iterator[tuple[str, Value]]:
    for field, name, kind in PARAMETERS:
        if field in unified and (number := number_of(unified[field], kind)) is not None:
            yield name, number


def number_of(value: Any, kind: type) -> Value | None:
    if type(value) not in (int, kind) or not LEAST <= value <= MOST or not isfinite(value):
        return None
    number: Value = kind(value)
    return number


def answered(call: Call, told: Told, kind: str | None) -> Iterator[tuple[str, Value]]:
    """By whom, as far as it is known: a stream is not read for it."""
    if told.id:
        yield "gen_ai.response.id", told.id
    if told.finish_reasons:
        yield "gen_ai.response.finish_reasons", told.finish_reasons
    served = told.model or ("" if kind is not None or call.target is None else call.target.model[:LONGEST])
    if served:
        yield "gen_ai.response.model", served


def used(usage: Usage) -> Iterator[tuple[str, Value]]:
    yield "gen_ai.usage.input_tokens", usage.prompt
    yield "gen_ai.usage.output_tokens", usage.completion
    buckets = read_buckets(usage)
    if usage.estimated:
        yield "outrider.usage.estimated", True
    for name, count in zip(OWN, buckets, strict=True):
        if count:
            yield name, count
    if sum(buckets) > usage.input + usage.output:
        for name, counted in SUMS:
            if total := sum([getattr(usage, bucket) for bucket in counted]):
                yield name, total


def done(call: Call) -> Iterator[tuple[str, Value]]:
    yield "outrider.attempts", call.attempts
    if call.identity:
        yield "outrider.caller", call.identity
    if call.cache:
        yield "outrider.cache", call.cache
    if call.cost is not None:
        yield "outrider.cost", float(call.cost)
    for name, listed in (("trail", call.trail), ("dropped", call.dropped), ("translated", call.translated)):
        if listed:
            yield f"outrider.{name}", tuple([text[:LONGEST] for text in listed[:MOST_NAMES]])


# ---- an attempt


def attempt_attributes(call: Call, span: Span, kind: str | None) -> dict[str, Value]:
    """Of one attempt. `kind` is what became of the call, which says why an attempt was cancelled."""
    target, end = span.target, span.end
    assert target is not None
    assert end is not None
    found = dict(common(call, target, target.model))
    found |= where(target.endpoint.base_url)
    found["outrider.attempt"] = span.number
    if span.number > 1:
        found["http.request.resend_count"] = span.number - 1
    if end.status is not None:
        found["http.response.status_code"] = end.status
    if end.ttft is not None:
        found["gen_ai.response.time_to_first_chunk"] = end.ttft
    if end.kind == CANCELLED and kind is None:
        found["outrider.overtaken"] = True
    elif end.kind is not None:
        found["error.type"] = kind_of(span, kind) or ""
    return found


def kind_of(span: Span, kind: str | None) -> str | None:
    """The failure of an attempt: what was cancelled failed as the call did, and not at all where that ended well."""
    assert span.end is not None
    return kind if span.end.kind == CANCELLED else span.end.kind


@lru_cache(maxsize=256)
def where(address: str) -> Mapping[str, Value]:
    parts = urlsplit(address)
    port = parts.port or PORTS.get(parts.scheme)
    if not parts.hostname or port is None:
        return {}
    return {"server.address": parts.hostname, "server.port": port}
