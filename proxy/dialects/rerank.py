"""Reranking: which of several texts answer a query best. One unified form, Cohere's, and those of everyone who nearly shares it.

The unified request has `query`, `texts`, `top_n`, `return_documents` and `max_tokens_per_doc`; the reply has `results`, each an
index and a score, best first. What providers disagree on is `data` in place of `results`, whether documents come back (here they
are the caller's own, whatever the provider repeats) and how use is counted. Sources:
https://docs.cohere.com/reference/rerank, https://docs.voyageai.com/reference/reranker-api, https://jina.ai/reranker.
"""

from __future__ import annotations

from typing import Any

from proxy.call import Json, Usage
from proxy.dialects import Operation, Rendering
from proxy.dialects.reported import cost_in, count, inside
from proxy.dialects.shape import answered, asked, broken, chosen, wrong

#: Ours alone, and what is said by other means.
OURS = frozenset({"timeout", "fallbacks", "cache", "return_documents"})
COMMON = ("query", "top_n")
OF_COHERE = (*COMMON, "max_tokens_per_doc", "priority")


def parse_request(wire: Json) -> Json:
    """A request in Cohere's words -> the unified one. Failure("invalid_request") names the field that is wrong."""
    unified = {name: value for name, value in asked(wire, dict, "body").items() if name != "documents"}
    asked(wire.get("query"), str, "query")
    documents = asked(wire.get("documents"), list, "documents")
    if not documents:
        raise wrong("documents", "must not be empty")
    for name in ("top_n", "max_tokens_per_doc"):
        if wire.get(name) is not None and asked(wire[name], int, name) < 1:
            raise wrong(name, f"must be at least 1, not {wire[name]}")
    if wire.get("return_documents") is not None:
        asked(wire["return_documents"], bool, "return_documents")
    return {**unified, "texts": [text_of(document, f"documents[{at}]") for at, document in enumerate(documents)]}


def text_of(document: Any, path: str) -> str:
    """A document is a text, or an object with one."""
    if isinstance(document, dict):
        return asked(document.get("text"), str, f"{path}.text")
    return asked(document, str, path)


def render_with(unified: Json, model: str, known: tuple[str, ...]) -> Rendering:
    wire = {"model": model, **chosen(unified, known), "documents": unified["texts"]}
    said = {"model", "texts", *known, *OURS}
    return Rendering(wire, [name for name, value in unified.items() if name not in said and value is not None])


def render_common(unified: Json, model: str) -> Rendering:
    return render_with(unified, model, COMMON)


def render_cohere(unified: Json, model: str) -> Rendering:
    return render_with(unified, model, OF_COHERE)


def parse_reply(wire: Json) -> Json:
    """Failure("provider_error") when it is no list of results."""
    entries = wire.get("results", wire.get("data")) if isinstance(wire, dict) else None
    results = [parse_result(entry) for entry in answered(entries, list, "the list of results")]
    unified: Json = {"results": results, **chosen(wire, ("id", "model", "meta"))}
    usage = parse_usage(wire)
    return {**unified, "usage": {"total_tokens": usage.total}} if usage is not None and usage.total else unified


def parse_result(entry: Any) -> Json:
    index, score = (answered(entry, dict, "a result").get(name) for name in ("index", "relevance_score"))
    if type(index) is not int or type(score) not in (int, float):
        raise broken("a result has no index, or no relevance_score")
    return {"index": index, "relevance_score": score}


def render_reply(unified: Json, request: Json) -> Json:
    """In Cohere's words, with the model and the tokens besides, which Jina's clients look for."""
    results = unified["results"]
    if request.get("return_documents"):
        texts = request["texts"]
        results = [{**result, "document": {"text": text_at(texts, result["index"])}} for result in results]
    meta = unified.get("meta") or {"api_version": {"version": "2"}}
    said = chosen(unified, ("model", "usage"))
    return {"id": str(unified.get("id") or ""), "results": results, "meta": meta, **said}


def text_at(texts: list[str], index: int) -> str:
    if not 0 <= index < len(texts):
        raise broken(f"there is no document {index}")
    return texts[index]


def parse_usage(wire: Json) -> Usage | None:
    """Tokens where they are counted; Cohere bills by searches, and says nothing of tokens."""
    usage = inside(wire, "usage")
    searched = count(inside(inside(wire, "meta"), "billed_units"), "search_units") or count(usage, "search_units")
    total = usage.get("total_tokens")
    if type(total) is int and total >= 0:
        return Usage(total, searches=searched, cost=cost_in(usage))
    return Usage(searches=searched, cost=cost_in(usage)) if searched else None


COHERE = Operation(render_cohere, parse_reply, parse_usage, parse_request, render_reply)
OPERATION = Operation(render_common, parse_reply, parse_usage, parse_request, render_reply)
