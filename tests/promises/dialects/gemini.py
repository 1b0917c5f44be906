"""Google's generateContent, as events and as one array. Sources: https://ai.google.dev/api/generate-content,
https://google.aip.dev/193.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import orjson

from tests.promises.dialects.wire import BROKEN, Error, Heard, Json, Said, Wire, elements, objects, sse, sse_payloads

USAGE = {
    "promptTokenCount": 100,
    "cachedContentTokenCount": 30,
    "candidatesTokenCount": 30,
    "thoughtsTokenCount": 20,
    "totalTokenCount": 150,
}


def reply(text: str, finish: str | None = "STOP", usage: Json | None = None) -> Json:
    content = {"parts": [{"text": text}], "role": "model"}
    candidate = {"content": content, "index": 0, **({"finishReason": finish} if finish else {})}
    return {
        "candidates": [candidate],
        "usageMetadata": usage or USAGE,
        "modelVersion": "m",
        "responseId": "r1",
    }


def told(words: Sequence[str]) -> list[Json]:
    """Tokens are reported again and again, the prompt's first; the last report is the whole."""
    return [reply(word, None, {"promptTokenCount": 100, "totalTokenCount": 100}) for word in words]


def event(payload: Json) -> bytes:
    return sse(payload, newline="\r\n")


def stream(words: Sequence[str]) -> Said:
    return Said([], [*map(event, told(words))], [event(reply(""))])


def hear(data: bytes) -> Heard:
    return heard(objects(sse_payloads(data)))


def heard(chunks: Sequence[Json]) -> Heard:
    candidates = [candidate for chunk in chunks for candidate in chunk.get("candidates", ())]
    parts = [part for candidate in candidates for part in candidate.get("content", {}).get("parts", ())]
    return Heard(
        "".join(part.get("text", "") for part in parts),
        any("finishReason" in candidate for candidate in candidates),
        tuple(chunk["error"]["message"] for chunk in chunks if "error" in chunk),
    )


def error(code: int, status: str) -> Json:
    return {"error": {"code": code, "message": BROKEN, "status": status}}


def element(payload: Json, mark: bytes = b",\r\n") -> bytes:
    return mark + orjson.dumps(payload, option=orjson.OPT_INDENT_2) + b"\n"


def array_stream(words: Sequence[str]) -> Said:
    first, *others = told(words)
    return Said([], [element(first, b"["), *map(element, others)], [element(reply("")), b"]"])


FAILURES = {
    "internal": (error(500, "INTERNAL"), 502, "provider_error"),
    "overloaded": (error(503, "UNAVAILABLE"), 502, "provider_overloaded"),
    "exhausted": (error(429, "RESOURCE_EXHAUSTED"), 429, "provider_rate_limited"),
    "bad request": (error(400, "INVALID_ARGUMENT"), 400, "invalid_request"),
}

GEMINI = Wire(
    name="gemini",
    kind="gemini",
    path="/v1beta/models/{model}:generateContent",
    stream_path="/v1beta/models/{model}:streamGenerateContent?alt=sse",
    content_type="text/event-stream",
    request=lambda text: {"contents": [{"role": "user", "parts": [{"text": text}]}]},
    reply=reply,
    stream=stream,
    buckets={"input": 70, "cache_read": 30, "output": 30, "reasoning": 20},
    hear=hear,
    words_of=lambda body: str(body["error"]["message"]),
    text_of=lambda body: str(body["candidates"][0]["content"]["parts"][0]["text"]),
    errors={name: Error(event(said), status, kind) for name, (said, status, kind) in FAILURES.items()},
)
ARRAY = replace(
    GEMINI,
    name="gemini_array",
    stream_path="/v1beta/models/{model}:streamGenerateContent",
    content_type="application/json",
    stream=array_stream,
    hear=lambda data: heard(elements(data)),
    errors={name: Error(b"[%b]" % orjson.dumps(said), status, kind) for name, (said, status, kind) in FAILURES.items()},
)
