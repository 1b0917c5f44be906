"""Ollama's chat and generate. Sources: https://docs.ollama.com/api/chat, https://docs.ollama.com/api/generate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tests.promises.dialects.wire import BROKEN, Error, Heard, Json, Said, Wire, line, lines

HEAD = {"model": "m", "created_at": "2026-11-21T00:00:00.000000Z"}
DONE = {"done": True, "done_reason": "stop"}
COUNTS = {
    "total_duration": 9,
    "load_duration": 1,
    "prompt_eval_count": 70,
    "prompt_eval_duration": 4,
    "eval_count": 50,
    "eval_duration": 5,
}
LAST = DONE | COUNTS


def chat(text: str) -> Json:
    return {"message": {"role": "assistant", "content": text}}


def generated(text: str) -> Json:
    return {"response": text}


def stream(words: Sequence[str]) -> Said:
    return Said(
        [], [line({**HEAD, **chat(word), "done": False}) for word in words], [line({**HEAD, **chat(""), **LAST})]
    )


def generate_stream(words: Sequence[str]) -> Said:
    said = [line({**HEAD, **generated(word), "done": False}) for word in words]
    return Said([], said, [generate_end([1, 2, 3])])


def generate_end(context: Sequence[int]) -> bytes:
    """The tokens of the whole conversation come before the counts."""
    return line({**HEAD, **generated(""), **DONE, "context": context, **COUNTS})


def hear(data: bytes) -> Heard:
    said = lines(data)
    texts = [each.get("response") or each.get("message", {}).get("content") or "" for each in said]
    return Heard(
        "".join(texts),
        any(each.get("done") for each in said),
        tuple(each["error"] for each in said if "error" in each),
    )


OLLAMA = Wire(
    name="ollama",
    kind="ollama",
    path="/api/chat",
    content_type="application/x-ndjson",
    request=lambda text: {"messages": [{"role": "user", "content": text}]},
    reply=lambda text: {**HEAD, **chat(text), **LAST},
    stream=stream,
    buckets={"input": 70, "output": 50},
    hear=hear,
    words_of=lambda body: str(body["error"]),
    text_of=lambda body: str(body["message"]["content"]),
    errors={"error line": Error(line({"error": BROKEN}), 502, "provider_error")},
)
GENERATE = replace(
    OLLAMA,
    name="ollama_generate",
    path="/api/generate",
    request=lambda text: {"prompt": text},
    reply=lambda text: {**HEAD, **generated(text), **LAST},
    stream=generate_stream,
    text_of=lambda body: str(body["response"]),
)
