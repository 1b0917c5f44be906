"""Embeddings, https://platform.openai.com/docs/api-reference/embeddings: also the hub's own form.

The unified form has one field of ours besides, `input_type`: what the text is for, `query` or `document`, which other providers
want to know. OpenAI's SDKs ask for base64, little-endian floats of 32 bits, and read nothing else where they asked for it.
"""

from __future__ import annotations

import binascii
import sys
from array import array
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from proxy.call import Json, Usage
from proxy.dialects import Operation, Rendering
from proxy.dialects.openai.errors import failure_of, find_words
from proxy.dialects.reported import cost_in
from proxy.dialects.shape import asked, broken, wrong

#: Our own fields. They never reach a provider; only the first would have something to say to it.
EXTRAS = frozenset({"input_type", "timeout", "fallbacks", "cache"})
TYPES: Mapping[str, type] = {"dimensions": int, "encoding_format": str, "user": str, "input_type": str}


def parse_request(wire: Json) -> Json:
    """The same dict, checked. Failure("invalid_request") names the field that is wrong."""
    check_input(asked(wire, dict, "body").get("input"), "input")
    for name, kind in TYPES.items():
        if wire.get(name) is not None:
            asked(wire[name], kind, name)
    if wire.get("dimensions") is not None and wire["dimensions"] < 1:
        raise wrong("dimensions", f"must be at least 1, not {wire['dimensions']}")
    return wire


def check_input(value: Any, path: str) -> None:
    """A string, an array of strings, of tokens, or of arrays of tokens."""
    if isinstance(value, str):
        return
    if not isinstance(value, list):
        raise wrong(path, "must be a string or an array")
    if not value:
        raise wrong(path, "must not be empty")
    kinds = {*map(type, value)}
    if kinds == {list}:
        for index, tokens in enumerate(value):
            if not tokens or {*map(type, tokens)} != {int}:
                raise wrong(f"{path}[{index}]", "must be an array of tokens, and not empty")
    elif kinds not in ({str}, {int}):
        raise wrong(path, "must be an array of strings, or of tokens, and not of both")


def render_request(unified: Json, model: str) -> Rendering:
    wire = {name: value for name, value in unified.items() if name not in EXTRAS}
    dropped = ["input_type"] if unified.get("input_type") else []
    return Rendering({**wire, "model": model}, dropped)


def parse_reply(wire: Json) -> Json:
    """A list of embeddings in the order of their inputs. Failure when it is an error inside a 200 or no such list."""
    if not isinstance(wire, dict):
        raise broken("the reply is not an object")
    if wire.get("error"):
        raise failure_of(find_words(wire), 200)
    entries = wire.get("data")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise broken("the reply has no data")
    places = [entry.get("index") for entry in entries]
    # Other dialects tell which is which by the order alone.
    if all(type(place) is int for place in places) and places != sorted(places):
        return {**wire, "data": sorted(entries, key=lambda entry: entry["index"])}
    return wire


def render_reply(unified: Json, request: Json) -> Json:
    """The embeddings in the encoding that was asked for."""
    say = as_base64 if request.get("encoding_format") == "base64" else as_floats
    return {**unified, "data": [{**entry, "embedding": say(entry.get("embedding"))} for entry in unified["data"]]}


def as_base64(embedding: Any) -> str:
    if isinstance(embedding, str):
        return embedding
    try:
        floats = array("f", embedding)
    except (TypeError, OverflowError):
        raise broken("an embedding is no array of numbers") from None
    return b64encode(little_endian(floats).tobytes()).decode()


def as_floats(embedding: Any) -> Any:
    """The numbers of an embedding that may be base64; anything else as it is."""
    if not isinstance(embedding, str):
        return embedding
    try:
        floats = array("f", b64decode(embedding, validate=True))
    except (binascii.Error, ValueError):
        raise broken("an embedding is neither numbers nor the base64 of them") from None
    return little_endian(floats).tolist()


def little_endian(floats: array[float]) -> array[float]:
    if sys.byteorder == "big":
        floats.byteswap()
    return floats


def parse_usage(wire: Json) -> Usage | None:
    """What was read. Voyage and Jina say only the total."""
    usage = wire.get("usage")
    if not isinstance(usage, dict):
        return None
    counts = (usage.get(name) for name in ("prompt_tokens", "total_tokens"))
    told = next((count for count in counts if type(count) is int and count >= 0), None)
    return None if told is None else Usage(told, cost=cost_in(usage) if "cost" in usage else None)


OPERATION = Operation(render_request, parse_reply, parse_usage, parse_request, render_reply)
