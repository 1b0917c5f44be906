"""Cohere's embeddings as OpenAI's, and back.

Cohere wants to be told what the vectors are for (`input_type`); the unified form, which is OpenAI's, has it as an extra.
Numbers are asked for as floats or as base64 of them, as the caller wants; other types (`int8`, `binary`, ...) are Cohere's
own, and so are images. Source: https://docs.cohere.com/v2/reference/embed,
https://platform.openai.com/docs/api-reference/embeddings.
"""

from __future__ import annotations

from typing import Any

from proxy.call import Json
from proxy.dialects import Operation, Rendering
from proxy.dialects.cohere.errors import failure_of
from proxy.dialects.cohere.fields import OWN_OF_EMBEDDINGS
from proxy.dialects.cohere.usage import parse_usage
from proxy.dialects.openai.usage import parse_usage as parse_unified_usage
from proxy.dialects.shape import answered, asked, broken, chosen, some, unsayable, wrong

#: What is embedded when nobody says what for: the greater part of all texts is.
DEFAULT_TYPE = "search_document"
NATIVE = ("max_tokens", *sorted(OWN_OF_EMBEDDINGS - {"embedding_types"}))
KNOWN = frozenset({*NATIVE, "model", "input", "input_type", "dimensions", "encoding_format", "embedding_types"})
OURS = frozenset({"timeout", "fallbacks", "cache"})
#: Unified `encoding_format` is one of these, and so are the types that make the one vector of the unified reply, best first.
FORMATS = ("float", "base64")


def render_request(unified: Json, model: str) -> Rendering:
    """Unified embeddings request -> Cohere's. Failure("unsupported_capability") for tokens in place of texts."""
    wire: Json = {"model": model, **chosen(unified, NATIVE)}
    translated = [] if unified.get("input_type") is not None else ["input_type"]
    wire["input_type"] = asked(unified.get("input_type") or DEFAULT_TYPE, str, "input_type")
    if unified.get("input") is not None or not wire.keys() & {"images", "inputs"}:
        wire["texts"] = texts_of(unified.get("input"))
    if unified.get("dimensions") is not None:
        wire["output_dimension"] = asked(unified["dimensions"], int, "dimensions")
    kinds = unified.get("embedding_types")
    wire["embedding_types"] = [format_of(unified)] if kinds is None else asked(kinds, list, "embedding_types")
    dropped = [name for name, value in unified.items() if name not in KNOWN | OURS and value is not None]
    return Rendering(wire, dropped, translated)


def texts_of(given: Any) -> list[str]:
    if isinstance(given, str):
        return [given]
    entries = asked(given, list, "input")
    if entries and all(isinstance(entry, int | list) for entry in entries):
        raise unsayable("input", "must be text: Cohere embeds no tokens")
    return [asked(entry, str, f"input[{index}]") for index, entry in enumerate(entries)]


def format_of(unified: Json) -> str:
    wanted = asked(unified.get("encoding_format") or "float", str, "encoding_format")
    if wanted not in FORMATS:
        raise wrong("encoding_format", f"must be one of {', '.join(FORMATS)}")
    return wanted


def parse_reply(wire: Json) -> Json:
    """Cohere's embeddings -> the unified list. What it has in other types is kept whole in `embeddings`."""
    if not isinstance(wire, dict):
        raise broken("the reply is not an object")
    if isinstance(wire.get("message"), str):
        raise failure_of(wire)
    by_type = wire.get("embeddings")
    if isinstance(by_type, list):
        by_type = {"float": by_type}
    by_type = answered(by_type, dict, "embeddings")
    kind = next((name for name in (*FORMATS, *by_type) if isinstance(by_type.get(name), list)), None)
    if kind is None:
        raise broken("the reply has no embeddings")
    data = [{"object": "embedding", "index": index, "embedding": entry} for index, entry in enumerate(by_type[kind])]
    unified: Json = {"object": "list", "data": data, "model": "", **chosen(wire, ("id",))}
    usage = parse_usage(wire)
    if usage is not None:
        unified["usage"] = {"prompt_tokens": usage.prompt, "total_tokens": usage.prompt}
    return unified if by_type.keys() <= {kind} and kind in FORMATS else {**unified, "embeddings": by_type}


def parse_request(wire: Json) -> Json:
    """Cohere's embeddings request -> the unified one. Failure("invalid_request") names the member that is wrong."""
    said = ("texts", "output_dimension", "embedding_types")
    unified = {name: value for name, value in asked(wire, dict, "body").items() if name not in said}
    if wire.get("texts") is not None:
        texts = asked(wire["texts"], list, "texts")
        unified["input"] = [asked(text, str, f"texts[{index}]") for index, text in enumerate(texts)]
    elif not wire.keys() & {"images", "inputs"}:
        raise wrong("texts", "must be given, or images, or inputs")
    asked(wire.get("input_type"), str, "input_type")
    if wire.get("output_dimension") is not None:
        unified["dimensions"] = asked(wire["output_dimension"], int, "output_dimension")
    kinds = asked(wire.get("embedding_types") or ["float"], list, "embedding_types")
    if len(kinds) == 1 and kinds[0] in FORMATS:
        return {**unified, "encoding_format": kinds[0]}
    return {**unified, "embedding_types": kinds}


def render_reply(unified: Json, request: Json) -> Json:
    """The unified list -> Cohere's embeddings by type, with the texts that the caller sent."""
    entries = [answered(entry, dict, "an embedding").get("embedding") for entry in some(unified, "data")]
    kind = "base64" if entries and isinstance(entries[0], str) else "float"
    by_type = unified.get("embeddings")
    given = request.get("input")
    usage = parse_unified_usage(unified)
    billed = {} if usage is None else {"billed_units": {"input_tokens": usage.prompt}}
    return {
        "id": str(unified.get("id") or ""),
        "response_type": "embeddings_by_type",
        "embeddings": by_type if isinstance(by_type, dict) else {kind: entries},
        "texts": given if isinstance(given, list) else [] if given is None else [given],
        "meta": {"api_version": {"version": "2"}, **billed},
    }


OPERATION = Operation(render_request, parse_reply, parse_usage, parse_request, render_reply)
