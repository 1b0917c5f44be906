"""What Vertex AI asks otherwise than the Gemini API does: vectors by `predict`, and tokens counted without a wrapper.

A chat is the same on both and not told here. Sources:
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api,
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from proxy.call import Json, Usage
from proxy.dialects import Operation, Rendering, gemini
from proxy.dialects.gemini.count import COUNT_TOKENS
from proxy.dialects.gemini.embeddings import INPUT_TYPES, NEUTRAL, SAID, task_of, texts_of
from proxy.dialects.gemini.errors import failure_of
from proxy.dialects.gemini.request import render_request as render_chat
from proxy.dialects.openai.usage import parse_usage as parse_unified_usage
from proxy.dialects.openai.usage import render_usage
from proxy.dialects.shape import answered, asked, broken, some, wrong

#: What every instance says alike -> its name in a unified request.
ALIKE: Mapping[str, str] = {"task_type": "input_type", "title": "title"}
#: Of a chat, what countTokens takes, https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.endpoints/countTokens.
COUNTED = ("contents", "systemInstruction", "tools", "generationConfig")


# ---- vectors


def render_request(unified: Json, model: str) -> Rendering:
    """Failure("unsupported_capability") for input in tokens. `gemini-embedding-001` takes one text: Google refuses more."""
    task = task_of(unified.get("input_type"))
    more: Json = {"task_type": task} if task else {}
    more |= {"title": unified["title"]} if unified.get("title") is not None else {}
    size = unified.get("dimensions")
    wire: Json = {"instances": [{"content": text, **more} for text in texts_of(unified)]}
    wire |= {"parameters": {"outputDimensionality": size}} if size is not None else {}
    unsaid = [name for name, value in unified.items() if name not in SAID and value is not None]
    dropped = [name for name in unsaid if unified[name] not in NEUTRAL.get(name, ())]
    return Rendering(wire, dropped + ["input_type"] * (task is None and "input_type" in unified))


def parse_request(wire: Json) -> Json:
    """All instances must ask for the same: a unified request says it once."""
    given = asked(asked(wire, dict, "body").get("instances"), list, "instances")
    if not given:
        raise wrong("instances", "must not be empty")
    instances = [asked(each, dict, f"instances[{at}]") for at, each in enumerate(given)]
    texts = [asked(each.get("content"), str, f"instances[{at}].content") for at, each in enumerate(instances)]
    unified: Json = {"input": texts}
    for name, ours in ALIKE.items():
        said = instances[0].get(name)
        for at, each in enumerate(instances):
            if each.get(name) != said:
                raise wrong(f"instances[{at}].{name}", "must be that of the first")
        if said is not None:
            value = asked(said, str, f"instances[0].{name}")
            unified[ours] = INPUT_TYPES.get(value, value.lower()) if ours == "input_type" else value
    size = asked(wire.get("parameters") or {}, dict, "parameters").get("outputDimensionality")
    return unified if size is None else {**unified, "dimensions": asked(size, int, "parameters.outputDimensionality")}


def parse_reply(wire: Json) -> Json:
    """Failure for an error inside a 200, or for an answer without vectors."""
    if not isinstance(wire, dict):
        raise broken("the reply is not an object")
    if wire.get("error"):
        raise failure_of(wire["error"])
    listed = [vector_in(each) for each in some(wire, "predictions")]
    if not listed:
        raise broken("the reply has no predictions")
    data = [
        {"object": "embedding", "index": at, "embedding": some(vector, "values")} for at, vector in enumerate(listed)
    ]
    usage = parse_usage(wire)
    unified = {"object": "list", "data": data, "model": ""}
    return unified if usage is None else {**unified, "usage": render_usage(usage)}


def vector_in(prediction: Any) -> Json:
    return answered(answered(prediction, dict, "a prediction").get("embeddings"), dict, "embeddings")


def render_reply(unified: Json, request: Json) -> Json:
    """Tokens are told for the whole, so the first vector has them all."""
    vectors = [{"values": some(answered(each, dict, "an embedding"), "embedding")} for each in some(unified, "data")]
    usage = parse_unified_usage(unified)
    counts = [0 if usage is None or at else usage.prompt for at in range(len(vectors))]
    told = [
        {"embeddings": {"statistics": {"truncated": False, "token_count": count}, **vector}}
        for count, vector in zip(counts, vectors, strict=True)
    ]
    return {"predictions": told}


def parse_usage(wire: Json) -> Usage | None:
    predictions = wire.get("predictions") if isinstance(wire, dict) else None
    counts = [count_in(each) for each in predictions] if isinstance(predictions, list) else []
    known = [count for count in counts if count is not None]
    return Usage(input=sum(known)) if known else None


def count_in(prediction: Any) -> int | None:
    """`statistics.token_count`; some models write it as 10.0."""
    vector = prediction.get("embeddings") if isinstance(prediction, dict) else None
    told = vector.get("statistics") if isinstance(vector, dict) else None
    count = told.get("token_count") if isinstance(told, dict) else None
    return int(count) if isinstance(count, int | float) and type(count) is not bool and 0 <= count < 1e12 else None


# ---- counting


def render_count(unified: Json, model: str) -> Rendering:
    said = render_chat(unified, model)
    return said._replace(wire={name: said.wire[name] for name in COUNTED if name in said.wire})


PREDICT = Operation(render_request, parse_reply, parse_usage, parse_request, render_reply)
COUNT = replace(COUNT_TOKENS, render_request=render_count)
DIALECT = replace(
    gemini.DIALECT, name="vertex_gemini", usage_mark=b"statistics", embeddings=PREDICT, count_tokens=COUNT
)
