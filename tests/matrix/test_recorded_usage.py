"""Every recorded answer that tells what it took: its usage is counted, and its buckets make the total that was told."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from proxy.call import BUCKETS, Json, Usage
from proxy.dialects.bedrock_invoke import inside_of
from proxy.upstream.guess import tokens_of
from proxy.upstream.meter import Meter
from proxy.wire.framing import FRAMINGS
from tests.matrix.recorded import RECORDINGS, Recording

#: Answers that tell nothing of what they took.
SILENT: Mapping[str, str] = {
    "anthropic/stream-error-issue-gptel-pull-1512-0": "an error before the model has spoken",
    "bedrock-converse/stream-error-req_llm-converse-stream-validation-exception-0": "an error in place of an answer",
    "cohere/stream-error-langchain-cohere-test-sql-agent-1": "an error at its end",
    "gemini/stream-refusal-safety-firebase-streaming-failure-prompt-blocked-safety-0": "the prompt was not let through",
    "groq/stream-error-pydantic-ai-test-tool-use-failed-error-streaming-0": "an error at its end",
    "openai/stream-basic-ai-gateway-chat-streaming-web-search-0": "usage was not asked for",
    "openai/stream-stop-sequence-elastic-test-chat-stream-all-the-client-options-0": "usage was not asked for",
    "openai-responses/stream-error-prism-stream-rate-limited-1-0": "an error at its end",
    "vertex/refusal-safety-pydantic-ai-test-google-model-armor-prompt-template-text-1": "the prompt was not let through",
}
#: Answers whose buckets do not make the total that was told: tokens more, and why.
BEYOND: Mapping[str, tuple[int, str]] = {
    "vercel-gateway/stream-tool-call-fantasy-tool-streaming-0": (
        48,
        "the total has no room for the reasoning, which is paid for",
    ),
}


def number(value: Any) -> int:
    return value if type(value) is int else 0


def told_openai(payloads: list[Json]) -> int | None:
    reports = [payload.get("usage") or (payload.get("x_groq") or {}).get("usage") for payload in payloads]
    totals = [number(report.get("total_tokens")) for report in reports if report]
    return max(totals) if totals else None


def told_responses(payloads: list[Json]) -> int | None:
    reports = [(payload.get("response") or payload).get("usage") for payload in payloads]
    return next((report["total_tokens"] for report in reversed(reports) if report), None)


def told_anthropic(payloads: list[Json]) -> int | None:
    """Anthropic tells no total: it is what was read, whence it came, and what was said."""
    told: dict[str, int] = {}
    for payload in payloads:
        message = payload.get("message")
        usage = (message if isinstance(message, dict) else payload).get("usage") or {}
        told |= {name: count for name, count in usage.items() if name.endswith("_tokens") and type(count) is int}
        for step in usage.get("iterations") or ():
            if step["type"] == "compaction":
                told["compaction"] = sum(step[name] for name in step if name.endswith("_tokens"))
    return sum(told.values()) if told else None


def told_gemini(payloads: list[Json]) -> int | None:
    """The last total; where there is none, all the counts."""
    told: Json = {}
    for payload in payloads:
        told |= payload.get("usageMetadata") or {}
    counts = [count for name, count in told.items() if name.endswith("TokenCount")]
    return told.get("totalTokenCount", sum(counts)) if counts else None


def told_bedrock(payloads: list[Json]) -> int | None:
    return next((payload["usage"]["totalTokens"] for payload in payloads if payload.get("usage")), None)


def told_cohere(payloads: list[Json]) -> int | None:
    """What is billed; the tokens that the model read are more."""
    reports = [usage for payload in payloads if (usage := (payload.get("delta") or payload).get("usage"))]
    return sum(reports[-1]["billed_units"].values()) if reports else None


def told_ollama(payloads: list[Json]) -> int | None:
    last = payloads[-1]
    counts = [last[name] for name in ("prompt_eval_count", "eval_count") if name in last]
    return sum(counts) if counts else None


TOLD: Mapping[str, Callable[[list[Json]], int | None]] = {
    "openai": told_openai,
    "responses": told_responses,
    "anthropic": told_anthropic,
    "bedrock_invoke": told_anthropic,
    "gemini": told_gemini,
    "gemini_array": told_gemini,
    "bedrock": told_bedrock,
    "cohere": told_cohere,
    "ollama": told_ollama,
}
ANSWERS = {
    name: recording
    for name, recording in RECORDINGS.items()
    if recording.status == 200 and recording.operation != "count_tokens" and recording.dialect.name in TOLD
}


def payloads_of(recording: Recording) -> list[Json]:
    """All that was answered, event by event."""
    if not recording.is_stream:
        return [recording.reply]
    reader = FRAMINGS[recording.dialect.framing].reader(1 << 24)
    events = [event.data for event in reader.feed(recording.body)] + [reader.end()]
    loaded = [orjson.loads(data) for data in events if data.strip()[:1] == b"{"]
    return [inside_of(payload) for payload in loaded]


def counted(recording: Recording) -> Usage | None:
    if recording.is_stream:
        meter = Meter(recording.dialect)
        for start in range(0, len(recording.body), 1000):
            meter.note(recording.body[start : start + 1000])
        return meter.told()
    speech = recording.dialect.operation(recording.operation)
    assert speech is not None
    return speech.parse_usage(recording.reply)


@pytest.mark.parametrize("name", ANSWERS)
def test_the_buckets_make_the_total_that_was_told(name: str) -> None:
    recording = ANSWERS[name]
    told, usage = TOLD[recording.dialect.name](payloads_of(recording)), counted(recording)
    if told is None:
        assert name in SILENT
        assert usage is None
        return
    assert usage is not None
    assert not usage.estimated
    assert usage.total == told + BEYOND.get(name, (0, ""))[0]
    assert all(getattr(usage, bucket) >= 0 for bucket in BUCKETS)


#: What cannot be seen is not estimated: thoughts that are kept back, and the words in which a call stands.
UNSEEN = re.compile("reasoning|thinking|tool|function|server-tools|web-search|citations|compaction")
LEAST = 25


SEEN = {
    name: usage.output
    for name, recording in ANSWERS.items()
    if not UNSEEN.search(name)
    and (usage := counted(recording)) is not None
    and usage.output >= LEAST
    and not usage.reasoning
}


@pytest.mark.parametrize("name", SEEN)
def test_an_estimate_is_of_the_right_size(name: str) -> None:
    """Had the provider told nothing of it."""
    assert 0.6 < said(ANSWERS[name]) / SEEN[name] < 1.4


def said(recording: Recording) -> int:
    if not recording.is_stream:
        return tokens_of(recording.dialect.text_in(recording.reply), recording.model)
    meter = Meter(recording.dialect)
    for start in range(0, len(recording.body), 1000):
        meter.note(recording.body[start : start + 1000])
    return meter.said(recording.model)


def test_the_exemptions_are_of_recordings_that_are_there(recordings: Path) -> None:
    assert len(ANSWERS) > 200
    assert len(SEEN) > 20
    assert {*SILENT, *BEYOND} <= ANSWERS.keys()


#: What is told besides tokens: dollars, tiers, what is kept for an hour.
BESIDE: Mapping[str, Json] = {
    "xai/reasoning-fantasy-simple-0": {"cost": Decimal("0.00039504")},
    "xai/tool-result-rig-long-history-replay-with-tool-result-continu-0": {"cost": Decimal("0.00083935")},
    "perplexity/citations-prism-generate-text-with-a-prompt-1-0": {"cost": Decimal("0.005")},
    "openrouter/tool-call-fantasy-tool-0": {"cost": Decimal("0.0001052"), "cache_read": 310, "tier": ""},
    "vercel-gateway/stream-tool-call-fantasy-tool-streaming-0": {"cost": Decimal("0.0001409"), "reasoning": 48},
}


@pytest.mark.parametrize("name", BESIDE)
def test_what_is_told_besides(name: str, recordings: Path) -> None:
    usage = counted(ANSWERS[name])
    assert {field: getattr(usage, field) for field in BESIDE[name]} == BESIDE[name]
