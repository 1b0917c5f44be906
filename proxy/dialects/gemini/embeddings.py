"""Vectors of texts: batchEmbedContents, and embedContent, which asks for one.

Unified, the question is OpenAI's (`model`, `input`, `dimensions`, `encoding_format`, `user`) with `input_type` besides, which
says what the vectors are for. As a target only the batch is used. Source: https://ai.google.dev/api/embeddings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.call import Json
from proxy.dialects import Operation, Rendering
from proxy.dialects.checks import check_range
from proxy.dialects.gemini.errors import failure_of
from proxy.dialects.gemini.spelling import camel
from proxy.dialects.gemini.usage import parse_usage, render_usage
from proxy.dialects.openai.usage import parse_usage as parse_unified_usage
from proxy.dialects.openai.usage import render_usage as render_unified_usage
from proxy.dialects.shape import answered, asked, broken, some, unsayable, wrong

#: `input_type` -> taskType. A word that is in no table is Google's own and passes in small letters.
TASKS: Mapping[str, str] = {
    "search_document": "RETRIEVAL_DOCUMENT",
    "search_query": "RETRIEVAL_QUERY",
    "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING",
    "similarity": "SEMANTIC_SIMILARITY",
}
INPUT_TYPES: Mapping[str, str] = {task: name for name, task in TASKS.items()}
OTHER_TASKS = frozenset({"QUESTION_ANSWERING", "FACT_VERIFICATION", "CODE_RETRIEVAL_QUERY"})
SAID = frozenset({"model", "input", "dimensions", "input_type", "title"})
#: How the vectors are written down is for whoever hands them on.
NEUTRAL: Mapping[str, tuple[Any, ...]] = {"encoding_format": ("float", "base64")}


def render_request(unified: Json, model: str) -> Rendering:
    """Failure("unsupported_capability") for input in tokens, which only the model that made them understands."""
    named = model if "/" in model else f"models/{model}"
    task = task_of(unified.get("input_type"))
    more: Json = {"outputDimensionality": unified["dimensions"]} if unified.get("dimensions") is not None else {}
    more |= {"taskType": task} if task else {}
    more |= {"title": unified["title"]} if unified.get("title") is not None else {}
    requests = [{"model": named, "content": {"parts": [{"text": text}]}, **more} for text in texts_of(unified)]
    unsaid = [name for name, value in unified.items() if name not in SAID and value is not None]
    dropped = [name for name in unsaid if unified[name] not in NEUTRAL.get(name, ())]
    return Rendering({"requests": requests}, dropped + ["input_type"] * (task is None and "input_type" in unified))


def texts_of(unified: Json) -> list[str]:
    given = unified.get("input")
    texts = [given] if isinstance(given, str) else asked(given, list, "input")
    if not texts:
        raise wrong("input", "must not be empty")
    if isinstance(texts[0], int | list):
        raise unsayable("input", "must be text: Google takes no tokens")
    return [asked(text, str, f"input[{at}]") for at, text in enumerate(texts)]


def task_of(input_type: Any) -> str | None:
    if input_type is None:
        return ""
    task = TASKS.get(asked(input_type, str, "input_type"), input_type.upper())
    return task if task in INPUT_TYPES or task in OTHER_TASKS else None


def parse_reply(wire: Json) -> Json:
    """Either form of reply -> OpenAI's list. Failure for an error inside a 200, or for an answer without vectors."""
    if not isinstance(wire, dict):
        raise broken("the reply is not an object")
    if wire.get("error"):
        raise failure_of(wire["error"])
    listed = [wire["embedding"]] if "embedding" in wire else some(wire, "embeddings")
    if not listed:
        raise broken("the reply has no embeddings")
    data = [
        {"object": "embedding", "index": index, "embedding": some(answered(each, dict, "an embedding"), "values")}
        for index, each in enumerate(listed)
    ]
    usage = parse_usage(wire)
    unified = {"object": "list", "data": data, "model": ""}
    return unified if usage is None else {**unified, "usage": render_unified_usage(usage)}


def parse_batch(wire: Json) -> Json:
    """batchEmbedContents request -> unified. All of a batch must ask for the same: a unified request says it once."""
    requests = asked(camel(wire, "body").get("requests"), list, "requests")
    if not requests:
        raise wrong("requests", "must not be empty")
    asked_for = [parse_one(request, f"requests[{at}].") for at, request in enumerate(requests)]
    first = {**asked_for[0], "input": [one["input"] for one in asked_for]}
    for at, one in enumerate(asked_for):
        if {**one, "input": first["input"]} != first:
            raise wrong(f"requests[{at}]", "must have the taskType and the outputDimensionality of the first")
    return first


def parse_one(wire: Json, path: str = "") -> Json:
    """embedContent request -> unified."""
    said = camel(wire, path.rstrip(".") or "body")
    unified: Json = {"input": text_of(camel(said.get("content"), f"{path}content"), f"{path}content")}
    size = said.get("outputDimensionality")
    if size is not None:
        check_range(f"{path}outputDimensionality", asked(size, int, f"{path}outputDimensionality"), 1)
        unified["dimensions"] = size
    task = asked(said.get("taskType") or "", str, f"{path}taskType")
    if task and task != "TASK_TYPE_UNSPECIFIED":
        unified["input_type"] = INPUT_TYPES.get(task, task.lower())
    if said.get("title") is not None:
        unified["title"] = asked(said["title"], str, f"{path}title")
    return unified


def text_of(content: Json, path: str) -> str:
    parts = content.get("parts")
    listed = [parts] if isinstance(parts, dict) else asked(parts, list, f"{path}.parts")
    words = []
    for at, part in enumerate(listed):
        text = camel(part, f"{path}.parts[{at}]").get("text")
        if not isinstance(text, str):
            raise unsayable(f"{path}.parts[{at}]", "must be text")
        words.append(text)
    return "\n".join(words)


def render_batch(unified: Json, request: Json) -> Json:
    data = [answered(entry, dict, "an embedding") for entry in some(unified, "data")]
    vectors = [{"values": some(entry, "embedding")} for entry in data]
    usage = parse_unified_usage(unified)
    return {"embeddings": vectors} | ({} if usage is None else {"usageMetadata": render_usage(usage)})


def render_one(unified: Json, request: Json) -> Json:
    said = render_batch(unified, request)
    vectors = said.pop("embeddings")
    if not vectors:
        raise broken("the reply has no embeddings")
    return {"embedding": vectors[0], **said}


EMBED_BATCH = Operation(render_request, parse_reply, parse_usage, parse_batch, render_batch)
EMBED_ONE = Operation(render_request, parse_reply, parse_usage, parse_one, render_one)
