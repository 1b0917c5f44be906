"""Which calls ask the same: a canonical hash of everything that goes up to the provider and can change what comes back. Pure.

Model, messages, temperature and length, which many caches go by, are not enough: tools, a schema, a seed or a system prompt
change the answer as much, and an answer to another question is worse than none. So everything counts that is not known to be
without effect, under whatever name: a field that comes up tomorrow counts from its first day.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson

from proxy.call import Call, Json

#: Fields that say for whom it is asked, how long it may take and how it is told, but nothing of what is asked.
IGNORED = frozenset(
    {
        "cache",
        "fallbacks",
        "metadata",
        "model",
        "prompt_cache_key",
        "prompt_cache_retention",
        "safety_identifier",
        "stream",
        "stream_options",
        "timeout",
        "user",
    }
)
#: Of these, what a response of the Responses API repeats: https://platform.openai.com/docs/api-reference/responses/object.
REPEATED = frozenset(
    {"metadata", "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "stream_options", "user"}
)
#: What goes on with something that lies with the provider, or begins it: asked twice, it happens twice.
GOES_ON = ("conversation", "background")
#: Headers that go up and name the request, and nothing else.
NAMING = frozenset({"idempotency-key", "x-client-request-id", "x-ms-client-request-id"})
#: What a number means does not depend on how it is written.
NUMBERS = ("temperature", "top_p", "frequency_penalty", "presence_penalty")
#: Values that say what is so anyway.
PLAIN: Mapping[str, Any] = {"n": 1, "tools": [], "stop": [], "stop_sequences": []}
SIZE = 20
TEXT = {"type", "text"}


def is_fixed(call: Call) -> bool:
    """Whether the request fixes its sampling, so that another answer would be as good as the first."""
    if call.operation in DRAWN:
        asked = call.json
        return asked.get("temperature") == 0 or asked.get("seed") is not None
    return True


#: Operations whose answers are drawn by lot.
DRAWN = frozenset({"chat", "completions"})


def digest(context: Any, call: Call, wire: bool, ignored: frozenset[str] = IGNORED) -> str | None:
    """The key: 40 hexadecimal digits. None for what cannot be written down or goes on, and is then asked anew each time.

    `context` is a hasher that has read what the request does not say itself. `wire`: the request goes up as the caller wrote
    it, so that this counts, and not what is understood of it.
    """
    try:
        asked = orjson.loads(call.body) if wire else call.json
        for name in GOES_ON:
            if asked.get(name):
                return None
        written = orjson.dumps(canonical(asked, ignored), option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONEncodeError, orjson.JSONDecodeError):
        return None
    hasher = context.copy()
    hasher.update(written)
    found: str = hasher.hexdigest()
    return found


def context_of(*said: object) -> Any:
    """A hasher that has read `said`, for `digest`."""
    return blake2b(orjson.dumps(said), digest_size=SIZE)


def canonical(asked: Json, ignored: frozenset[str] = IGNORED) -> Json:
    """The same for all ways of writing the same."""
    kept: Json = {}
    for name, value in asked.items():
        if value is None or name in ignored:
            continue
        if name in PLAIN and type(value) is type(PLAIN[name]) and value == PLAIN[name]:
            continue
        if type(value) is float and name in NUMBERS and value.is_integer():
            value = int(value)
        kept[name] = value
    if type(messages := kept.get("messages")) is list:
        for message in messages:
            if type(message) is not dict or type(message.get("content")) is not str or None in message.values():
                messages = kept["messages"] = [plain(message) for message in messages]
                break
        if type(system := kept.get("system")) is str:
            del kept["system"]
            kept["messages"] = [{"role": "system", "content": system}, *messages]
    return kept


def plain(message: Any) -> Any:
    """A message whose one part is text, as text; and without what says nothing."""
    if type(message) is not dict:
        return message
    content = message.get("content")
    if type(content) is list and len(content) == 1 and type(content[0]) is dict and content[0].keys() == TEXT:
        message = {**message, "content": content[0]["text"]} if content[0]["type"] == "text" else message
    if None in message.values():
        return {name: value for name, value in message.items() if value is not None}
    return message
