"""What the fake provider says in each dialect, prepared once: a reply of about 0.7 kB, and the events of a stream.

Field by field it is what the real ones send, with their spacing and their padding, since that is what a parser pays for.
It knows no socket and no clock.
"""

from __future__ import annotations

from typing import Any

from tests.bench.framing import FRAMES, NDJSON, PLACEHOLDER, Wire, dump, frame, sse, wire

TEXT = "Pack warm layers, a light rain shell and shoes that can take a wet day. " * 4
OPENED = "open;"
STAMPED = f"t={PLACEHOLDER.decode()};"
TOKENS = (23, 61)


# ---- OpenAI. Source: https://platform.openai.com/docs/api-reference/chat (object and streaming).


def _openai_event(choices: list[dict[str, Any]], usage: dict[str, int] | None = None) -> bytes:
    head = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1760000000, "model": "gpt-bench"}
    return sse(dump(head | {"system_fingerprint": "fp_bench", "choices": choices, "usage": usage}))


def _openai_delta(delta: dict[str, Any], finish: str | None = None) -> bytes:
    return _openai_event([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}])


def _openai() -> Wire:
    usage = {"prompt_tokens": TOKENS[0], "completion_tokens": TOKENS[1], "total_tokens": sum(TOKENS)}
    heard = {"cached_tokens": 0, "audio_tokens": 0}
    said = {"reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}
    message: dict[str, Any] = {"role": "assistant", "content": TEXT, "refusal": None, "annotations": []}
    reply: dict[str, Any] = {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 1760000000,
        "model": "gpt-bench",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": usage | {"prompt_tokens_details": heard, "completion_tokens_details": said},
        "service_tier": "default",
        "system_fingerprint": "fp_bench",
    }
    return wire(
        dump(reply),
        [_openai_delta({"role": "assistant", "content": ""}), _openai_delta({"content": OPENED})],
        _openai_delta({"content": STAMPED}),
        [_openai_delta({}, "stop"), _openai_event([], usage), sse(b"[DONE]")],
    )


# ---- Anthropic. Source: https://docs.claude.com/en/api/messages and /en/docs/build-with-claude/streaming.


def _anthropic_event(name: str, **fields: Any) -> bytes:
    return sse(dump({"type": name} | fields), name)


def _anthropic_delta(text: str) -> bytes:
    return _anthropic_event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})


def _anthropic() -> Wire:
    buckets = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "service_tier": "standard"}
    message: dict[str, Any] = {
        "id": "msg_bench",
        "type": "message",
        "role": "assistant",
        "model": "claude-bench",
        "stop_reason": None,
        "stop_sequence": None,
        "content": [],
        "usage": {"input_tokens": TOKENS[0], "output_tokens": 1} | buckets,
    }
    done = {"stop_reason": "end_turn", "stop_sequence": None}
    usage = {"input_tokens": TOKENS[0], "output_tokens": TOKENS[1]}
    return wire(
        dump(message | done | {"content": [{"type": "text", "text": TEXT}], "usage": usage | buckets}),
        [
            _anthropic_event("message_start", message=message),
            _anthropic_event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
            _anthropic_delta(OPENED),
        ],
        _anthropic_delta(STAMPED),
        [
            _anthropic_event("content_block_stop", index=0),
            _anthropic_event("message_delta", delta=done, usage={"output_tokens": TOKENS[1]}),
            _anthropic_event("message_stop"),
        ],
    )


# ---- Google. Source: https://ai.google.dev/api/generate-content. Every event reports tokens, and ends in CRLF.


def _gemini_reply(text: str, output: int, **ended: str) -> bytes:
    usage = {"promptTokenCount": TOKENS[0], "candidatesTokenCount": output, "totalTokenCount": TOKENS[0] + output}
    details = [{"modality": "TEXT", "tokenCount": TOKENS[0]}]
    candidate = {"content": {"parts": [{"text": text}], "role": "model"}, **ended, "index": 0}
    return dump(
        {
            "candidates": [candidate],
            "usageMetadata": usage | {"promptTokensDetails": details, "serviceTier": "standard"},
            "modelVersion": "gemini-bench",
            "responseId": "bench-FapqKAZ36nsEP49ya",
        },
        ": ",
    )


def _gemini_event(text: str, output: int, **ended: str) -> bytes:
    return sse(_gemini_reply(text, output, **ended), gap=b"\r\n")


def _gemini() -> Wire:
    return wire(
        _gemini_reply(TEXT, TOKENS[1], finishReason="STOP"),
        [_gemini_event(OPENED, 2)],
        _gemini_event(STAMPED, 12),
        [_gemini_event(".", TOKENS[1], finishReason="STOP")],
    )


# ---- Bedrock. Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html. It pads
# ---- events with a member `p`; text blocks have no start.


def _bedrock_event(name: str, **payload: Any) -> bytes:
    return frame(name, dump(payload | {"p": "abcdefghijklmnopqrstuvwxyzABC"}))


def _bedrock_delta(text: str) -> bytes:
    return _bedrock_event("contentBlockDelta", contentBlockIndex=0, delta={"text": text})


def _bedrock() -> Wire:
    usage = {"inputTokens": TOKENS[0], "outputTokens": TOKENS[1], "serverToolUsage": {}, "totalTokens": sum(TOKENS)}
    report = {"metrics": {"latencyMs": 639}, "usage": usage}
    message = {"content": [{"text": TEXT}], "role": "assistant"}
    return wire(
        dump({"output": {"message": message}, "stopReason": "end_turn", **report}),
        [_bedrock_event("messageStart", role="assistant"), _bedrock_delta(OPENED)],
        _bedrock_delta(STAMPED),
        [
            _bedrock_event("contentBlockStop", contentBlockIndex=0),
            _bedrock_event("messageStop", stopReason="end_turn"),
            _bedrock_event("metadata", **report),
        ],
        FRAMES,
    )


# ---- Ollama. Source: https://docs.ollama.com/api/chat.


def _ollama_line(text: str, ended: dict[str, Any] | None = None) -> bytes:
    message = {"role": "assistant", "content": text}
    head = {"model": "llama-bench", "created_at": "2026-08-07T06:08:23.357125Z", "message": message}
    return dump(head | (ended or {"done": False}))


def _ollama() -> Wire:
    counts = {"prompt_eval_count": TOKENS[0], "prompt_eval_duration": 59321000, "eval_count": TOKENS[1]}
    times = {"total_duration": 8625649709, "load_duration": 142828459, "eval_duration": 8419494000}
    ended = {"done": True, "done_reason": "stop", **times, **counts}
    return wire(
        _ollama_line(TEXT, ended),
        [_ollama_line(OPENED) + b"\n"],
        _ollama_line(STAMPED) + b"\n",
        [_ollama_line("", ended) + b"\n"],
        NDJSON,
    )


# ---- Cohere. Source: https://docs.cohere.com/v2/reference/chat and /v2/docs/streaming.


def _cohere_event(kind: str, **payload: Any) -> bytes:
    return sse(dump({"type": kind, **payload}), kind)


def _cohere_delta(text: str) -> bytes:
    return _cohere_event("content-delta", index=0, delta={"message": {"content": {"text": text}}})


def _cohere() -> Wire:
    counts = {"input_tokens": TOKENS[0], "output_tokens": TOKENS[1]}
    done = {"finish_reason": "COMPLETE", "usage": {"billed_units": counts, "tokens": counts, "cached_tokens": 0}}
    message = {"role": "assistant", "content": [{"type": "text", "text": TEXT}]}
    begun = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    started = {"id": "bench-34cf-419f-8d3a", "type": "message-start", "delta": {"message": begun}}
    return wire(
        dump({"id": "bench-34cf-419f-8d3a", "message": message, **done}),
        [
            sse(dump(started), "message-start"),
            _cohere_event("content-start", index=0, delta={"message": {"content": {"type": "text", "text": ""}}}),
            _cohere_delta(OPENED),
        ],
        _cohere_delta(STAMPED),
        [_cohere_event("content-end", index=0), _cohere_event("message-end", delta=done), sse(b"[DONE]")],
    )


#: Provider kind -> what it says.
WIRES = {
    "openai": _openai(),
    "anthropic": _anthropic(),
    "gemini": _gemini(),
    "bedrock": _bedrock(),
    "ollama": _ollama(),
    "cohere": _cohere(),
}
#: Where it says it: the body asks for a stream, or the path does.
BY_BODY = {
    b"/v1/chat/completions": WIRES["openai"],
    b"/v1/messages": WIRES["anthropic"],
    b"/v1beta/models/bench:generateContent": WIRES["gemini"],
    b"/model/bench/converse": WIRES["bedrock"],
    b"/api/chat": WIRES["ollama"],
    b"/v2/chat": WIRES["cohere"],
}
STREAMS = {
    b"/v1beta/models/bench:streamGenerateContent": WIRES["gemini"],
    b"/model/bench/converse-stream": WIRES["bedrock"],
}
