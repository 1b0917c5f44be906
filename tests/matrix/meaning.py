"""What a unified answer means, aspect by aspect, so that two ways of saying it can be compared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from orjson import JSONDecodeError, loads

from proxy.call import BUCKETS, Json, Usage
from proxy.dialects.ids import signature_of, unpack_signature
from proxy.dialects.openai.usage import parse_usage

Meaning = dict[str, Any]
#: What only the dialect that it came in is held to.
OF_ITS_OWN = frozenset({"annotations", "provider_blocks", "images"})


def meaning(reply: Json) -> Meaning:
    """The aspects of a unified reply that say something."""
    aspects: Meaning = {}
    for at, choice in enumerate(reply["choices"]):
        message = choice.get("message") or {}
        for name, value in {**meaning_of(message), "finish": finish_of(choice, message)}.items():
            aspects[name if at == 0 else f"{name}[{at}]"] = value
    usage = parse_usage(reply)
    return {name: value for name, value in (aspects | counts(usage)).items() if value not in (None, "", [], {}, 0)}


def meaning_of(message: Json) -> Meaning:
    calls = message.get("tool_calls") or []
    blocks = message.get("thinking_blocks") or []
    return {
        "text": text_of(message.get("content")),
        "refusal": message.get("refusal"),
        "calls": [call_of(call) for call in calls],
        "thinking": thought_of(message, blocks),
        "signatures": [seal for block in blocks if (seal := block.get("signature") or block.get("data"))],
        "encrypted": [block.get("encrypted_content") for block in blocks if block.get("encrypted_content")],
        "thought_signatures": [signature for call in calls if (signature := signature_in(call))],
        "annotations": message.get("annotations"),
        "provider_blocks": message.get("provider_blocks"),
        "images": message.get("images"),
    }


def text_of(content: Any) -> str | None:
    """Content is a string, or parts in the answers of a few servers."""
    if not isinstance(content, list):
        return content if content is None else str(content)
    return "".join(str(part.get("text") or "") for part in content if part.get("type") == "text")


def thought_of(message: Json, blocks: list[Json]) -> str | None:
    """What was thought, by whatever name it goes."""
    for name in ("reasoning_content", "reasoning"):
        if isinstance(message.get(name), str) and message[name]:
            return str(message[name])
    return "".join(str(block.get("thinking") or "") for block in blocks) or None


def call_of(call: Json) -> tuple[str | None, str, Any]:
    function = call.get("function") or custom(call)
    called = call.get("id")
    return (unpack_signature(called)[0] if called else None, function["name"], arguments_of(function.get("arguments")))


def custom(call: Json) -> Json:
    """A call of a tool that takes plain text, as OpenAI has it."""
    return {"name": call["custom"]["name"], "arguments": call["custom"]["input"]}


def arguments_of(text: Any) -> Any:
    if isinstance(text, dict):
        return text
    try:
        return loads(text or "{}")
    except JSONDecodeError:
        return text


def signature_in(call: Json) -> str | None:
    return signature_of(call) or unpack_signature(call.get("id") or "")[1]


def finish_of(choice: Json, message: Json) -> Any:
    """A few servers end with `stop` although they called a tool."""
    finish = choice.get("finish_reason")
    return "tool_calls" if finish == "stop" and message.get("tool_calls") else finish


def counts(usage: Usage | None) -> Meaning:
    if usage is None:
        return {}
    return {f"usage.{bucket}": getattr(usage, bucket) for bucket in BUCKETS} | {"usage.total": usage.total}


# ---- a stream put together


def gather(chunks: Iterable[Json]) -> Json:
    """The reply that the chunks of a stream make."""
    choices: dict[int, Json] = {}
    usage = None
    for chunk in chunks:
        usage = chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage") or usage
        for choice in chunk.get("choices") or ():
            whole = choices.setdefault(choice.get("index") or 0, {"message": {}, "finish_reason": None})
            add_delta(whole["message"], choice.get("delta") or choice.get("message") or {})
            whole["finish_reason"] = choice.get("finish_reason") or whole["finish_reason"]
    return {"choices": [choices[index] for index in sorted(choices)], "usage": usage}


def add_delta(message: Json, delta: Json) -> None:
    for name in ("content", "refusal", "reasoning_content", "reasoning"):
        value = delta.get(name)
        if isinstance(value, list):
            value = text_of(value)
        if value:
            message[name] = (message.get(name) or "") + value
    for name in ("thinking_blocks", "annotations", "provider_blocks", "images"):
        if delta.get(name):
            message.setdefault(name, []).extend(delta[name])
    for at, call in enumerate(delta.get("tool_calls") or ()):
        add_call(message, call, at)


def add_call(message: Json, delta: Json, at: int) -> None:
    """A delta without an index belongs to the place in which it stands, a new id to a new call."""
    calls: list[Json] = message.setdefault("tool_calls", [])
    index = delta.get("index")
    if index is None:
        index = len(calls) if delta.get("id") else at
    if type(index) is not int or not 0 <= index <= 99:
        index = 0
    while len(calls) <= index:
        calls.append({"function": {"name": "", "arguments": ""}})
    call, function = calls[index], delta.get("function") or {}
    for name in ("id", "extra_content"):
        if delta.get(name):
            call[name] = delta[name]
    call["function"]["name"] = function.get("name") or call["function"]["name"]
    arguments = function.get("arguments")
    if isinstance(arguments, dict):
        call["function"]["arguments"] = arguments
    elif arguments:
        call["function"]["arguments"] += arguments
