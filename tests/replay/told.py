"""What a recording says of tokens, read from its JSON by hand: neither with the dialects nor with what meters a call."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import orjson

from tests.goldens.spoken import events_of
from tests.matrix.recorded import RECORDINGS, Recording


class Told(NamedTuple):
    prompt: int
    completion: int


@cache
def told_by(name: str) -> Told | None:
    """What the last report says, but for Anthropic's, whose counts come in two parts. None where there is no report."""
    recording = RECORDINGS[name]
    reports = [report for payload in payloads(recording) for report in READERS[recording.dialect.name](payload)]
    if not reports:
        return None
    if recording.dialect.name not in ("anthropic", "bedrock_invoke"):
        return reports[-1]
    return Told(max(report.prompt for report in reports), max(report.completion for report in reports))


def payloads(recording: Recording) -> Iterator[Any]:
    if not recording.is_stream:
        yield recording.reply
        return
    for event in events_of(recording.dialect, recording.body):
        if event.data.strip() not in (b"[DONE]", b""):
            yield orjson.loads(event.data)


def sum_of(report: Any, *names: str) -> int:
    return sum(report.get(name) or 0 for name in names)


def in_openai(payload: Any) -> Iterator[Told]:
    """xAI and Google leave reasoning out of the completion and have it in the total, Vercel in neither.

    Of embeddings Voyage has a total alone.
    """
    if "data" in payload and payload.get("usage"):
        yield Told(sum_of(payload["usage"], "total_tokens"), 0)
        return
    for usage in (payload.get("usage"), (payload.get("x_groq") or {}).get("usage")):
        if usage:
            prompt, said = sum_of(usage, "prompt_tokens"), sum_of(usage, "completion_tokens")
            thought = sum_of(usage.get("completion_tokens_details") or {}, "reasoning_tokens")
            beside = said + thought if thought > said else 0
            yield Told(prompt, max(said, sum_of(usage, "total_tokens") - prompt, beside))


def in_responses(payload: Any) -> Iterator[Told]:
    usage = payload.get("usage") or (payload.get("response") or {}).get("usage")
    if usage:
        yield Told(sum_of(usage, "input_tokens"), sum_of(usage, "output_tokens"))


def in_anthropic(payload: Any) -> Iterator[Told]:
    """A compaction is billed besides what the sums say: https://docs.claude.com/en/docs/build-with-claude/compaction."""
    for usage in (payload.get("usage"), (payload.get("message") or {}).get("usage")):
        if usage:
            rounds = [each for each in usage.get("iterations") or () if each["type"] == "compaction"]
            parts = [of_anthropic(each) for each in (usage, *rounds)]
            yield Told(sum(part.prompt for part in parts), sum(part.completion for part in parts))


def of_anthropic(usage: Any) -> Told:
    prompt = sum_of(usage, "input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    return Told(prompt, sum_of(usage, "output_tokens"))


def in_invoke(payload: Any) -> Iterator[Told]:
    """A stream's events are Anthropic's, each in base64."""
    inner = payload.get("bytes")
    yield from in_anthropic(orjson.loads(b64decode(inner)) if inner else payload)


def in_gemini(payload: Any) -> Iterator[Told]:
    for each in payload if isinstance(payload, list) else [payload]:
        usage = each.get("usageMetadata")
        if usage and any(name.endswith("TokenCount") for name in usage):
            prompt = sum_of(usage, "promptTokenCount", "toolUsePromptTokenCount")
            yield Told(prompt, sum_of(usage, "candidatesTokenCount", "thoughtsTokenCount"))


def in_bedrock(payload: Any) -> Iterator[Told]:
    usage = payload.get("usage") or (payload.get("metadata") or {}).get("usage")
    if usage:
        prompt = sum_of(usage, "inputTokens", "cacheReadInputTokens", "cacheWriteInputTokens")
        yield Told(prompt, sum_of(usage, "outputTokens"))


def in_cohere(payload: Any) -> Iterator[Told]:
    """What is billed, https://docs.cohere.com/v2/docs/how-does-cohere-pricing-work: less than the model read."""
    usage = payload.get("usage") or (payload.get("delta") or {}).get("usage")
    if usage:
        yield Told(sum_of(usage["billed_units"], "input_tokens"), sum_of(usage["billed_units"], "output_tokens"))


def in_ollama(payload: Any) -> Iterator[Told]:
    if "prompt_eval_count" in payload or "eval_count" in payload:
        yield Told(sum_of(payload, "prompt_eval_count"), sum_of(payload, "eval_count"))


READERS: Mapping[str, Callable[[Any], Iterator[Told]]] = {
    "openai": in_openai,
    "responses": in_responses,
    "anthropic": in_anthropic,
    "bedrock_invoke": in_invoke,
    "gemini": in_gemini,
    "gemini_array": in_gemini,
    "bedrock": in_bedrock,
    "cohere": in_cohere,
    "ollama": in_ollama,
}
