"""Embeddings by way of InvokeModel: the bodies of Titan, which takes one text, and of Cohere, which takes many.

Which of the two is said goes by the model's id; which is read goes by what stands in the body. Sources:
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html, model-parameters-embed.html.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from proxy.call import Json, Usage
from proxy.dialects import Operation, Rendering
from proxy.dialects.reported import count
from proxy.dialects.shape import answered, asked, broken, some, unsayable, wrong

#: What an embedding is for, in Cohere's words; it must be said.
INPUT_TYPES = frozenset({"search_document", "search_query", "classification", "clustering"})
#: Members of a unified request that are said elsewhere, or by the form of the reply.
SAID = frozenset({"model", "input", "encoding_format", "timeout", "fallbacks", "cache"})


def render_request(unified: Json, model: str) -> Rendering:
    """Failure("unsupported_capability") for several texts where the model takes one, and for a model of another family."""
    render = next((render for word, render in FAMILIES.items() if word in model), None)
    if render is None:
        raise unsayable("model", f"must be a Titan text or a Cohere embedding model, not {model[:80]!r}")
    wire, said, translated = render(unified, model)
    dropped = [name for name, value in unified.items() if value is not None and name not in SAID and name not in said]
    return Rendering(wire, dropped, translated)


Rendered = tuple[Json, tuple[str, ...], list[str]]


def render_titan(unified: Json, model: str) -> Rendered:
    """The first generation has one size."""
    texts = texts_of(unified)
    if len(texts) != 1:
        raise unsayable("input", "must be one text: Titan embeds one in a call")
    if "v2" not in model or unified.get("dimensions") is None:
        return {"inputText": texts[0]}, (), []
    return {"inputText": texts[0], "dimensions": asked(unified["dimensions"], int, "dimensions")}, ("dimensions",), []


def render_cohere(unified: Json, model: str) -> Rendered:
    """The third generation has one size."""
    wanted = unified.get("input_type")
    known = isinstance(wanted, str) and wanted in INPUT_TYPES
    wire: Json = {
        "texts": texts_of(unified),
        "input_type": wanted if known else "search_document",
        "embedding_types": ["float"],
    }
    said = ("input_type",) if known else ()
    translated = ["input_type"] if wanted is None else []
    if unified.get("dimensions") is not None and "v4" in model:
        return (
            {**wire, "output_dimension": asked(unified["dimensions"], int, "dimensions")},
            (*said, "dimensions"),
            translated,
        )
    return wire, said, translated


FAMILIES: Mapping[str, Callable[[Json, str], Rendered]] = {
    "titan-embed-text": render_titan,
    "titan-embed-g1-text": render_titan,
    "cohere.embed": render_cohere,
}


def texts_of(unified: Json) -> list[str]:
    given = unified.get("input")
    if isinstance(given, str):
        return [given]
    texts = asked(given, list, "input")
    if texts and not any(isinstance(text, str) for text in texts):
        raise unsayable("input", "must be text: Bedrock takes no tokens")
    return [asked(text, str, f"input[{index}]") for index, text in enumerate(texts)]


def parse_reply(wire: Json) -> Json:
    """Floats, whatever else there is beside them."""
    wire = answered(wire, dict, "the reply")
    if "embedding" in wire:
        vectors = [wire["embedding"]]
    else:
        held = wire.get("embeddings")
        vectors = some(held, "float") if isinstance(held, dict) else answered(held, list, "embeddings")
    if not vectors:
        raise broken("the reply has no embedding")
    data = [
        {"object": "embedding", "index": index, "embedding": answered(vector, list, "an embedding")}
        for index, vector in enumerate(vectors)
    ]
    unified: Json = {"object": "list", "data": data, "model": ""}
    usage = parse_usage(wire)
    if usage is not None:
        unified["usage"] = {"prompt_tokens": usage.input, "total_tokens": usage.input}
    return unified


def parse_usage(wire: Json) -> Usage | None:
    """Cohere's body does not tell."""
    if not isinstance(wire, dict) or "inputTextTokenCount" not in wire:
        return None
    return Usage(input=count(wire, "inputTextTokenCount"))


def parse_request(wire: Json) -> Json:
    """A text is Titan's, a list of them Cohere's; by that the reply knows its form."""
    if "texts" not in asked(wire, dict, "body"):
        unified: Json = {"input": asked(wire.get("inputText"), str, "inputText")}
        return unified | (
            {} if wire.get("dimensions") is None else {"dimensions": asked(wire["dimensions"], int, "dimensions")}
        )
    texts = asked(wire["texts"], list, "texts")
    unified = {"input": [asked(text, str, f"texts[{index}]") for index, text in enumerate(texts)]}
    for name, wire_name in (("input_type", "input_type"), ("dimensions", "output_dimension")):
        if wire.get(wire_name) is not None:
            unified[name] = wire[wire_name]
    if wire.get("embedding_types") is not None:
        if wire["embedding_types"] != ["float"]:
            raise wrong("embedding_types", 'must be ["float"]: other types are not translated')
        unified["encoding_format"] = "float"
    return unified


def render_reply(unified: Json, request: Json) -> Json:
    vectors = [answered(entry, dict, "data").get("embedding") for entry in some(unified, "data")]
    if isinstance(request.get("input"), str):
        if not vectors:
            raise broken("the reply has no embedding")
        return {"embedding": vectors[0], "inputTextTokenCount": prompt_of(unified)}
    if request.get("encoding_format") is None:
        return {"embeddings": vectors, "response_type": "embeddings_floats", "texts": request.get("input")}
    return {"embeddings": {"float": vectors}, "response_type": "embeddings_by_type", "texts": request.get("input")}


def prompt_of(unified: Json) -> Any:
    usage = unified.get("usage")
    return count(usage, "prompt_tokens") if isinstance(usage, dict) else 0


OPERATION = Operation(render_request, parse_reply, parse_usage, parse_request, render_reply)
