"""An assistant's content put together again: text, its citations, and the provider's own blocks in between.

A reply says its text as one string. Where a citation or a block of Anthropic's own (a server tool's call or result)
stood is kept beside it: an annotation has `start_index` and `end_index`, a provider block has `at`, all counted in
characters of the content. Where the content is a list, `at` counts its parts. Source:
https://platform.claude.com/docs/en/build-with-claude/citations.
"""

from __future__ import annotations

from typing import Any

from proxy.call import Json


def annotate(citation: Json, start: int, end: int) -> Json:
    """A citation as an annotation.

    A web page in OpenAI's words as well. `citation` keeps Anthropic's own, encrypted index and all.
    """
    span: Json = {"start_index": start, "end_index": end}
    if citation.get("type") != "web_search_result_location":
        return {"type": "citation", **span, "citation": citation}
    page = {**span, "url": citation.get("url"), "title": citation.get("title")}
    return {"type": "url_citation", "url_citation": page, **span, "citation": citation}


def weave(text: str, annotations: Any, blocks: Any) -> list[Json]:
    """The content blocks of `text`, cut where annotations and provider blocks say so.

    What does not fit the text is left out.
    """
    if not annotations and not blocks:
        return [cited(text, None)] if text else []
    spans = read_spans(annotations, len(text))
    inserts = read_inserts(blocks)
    cuts = {0, len(text), *(min(at, len(text)) for at, _ in inserts)}
    for start, end in spans:
        cuts |= {start, end}
    edges = sorted(cuts)
    woven: list[Json] = []
    for start, end in zip(edges, [*edges[1:], len(text)], strict=True):
        woven += [block for at, block in inserts if min(at, len(text)) == start]
        if end > start:
            woven.append(cited(text[start:end], spans.get((start, end))))
    return woven


def cited(text: str, citations: list[Json] | None) -> Json:
    return {"type": "text", "text": text, "citations": citations} if citations else {"type": "text", "text": text}


def read_spans(annotations: Any, length: int) -> dict[tuple[int, int], list[Json]]:
    """Anthropic's own citations by the piece of text they belong to.

    Pieces that overlap an earlier one are left out.
    """
    spans: dict[tuple[int, int], list[Json]] = {}
    reached = 0
    for annotation in filter(is_citation, listed(annotations)):
        start, end = annotation.get("start_index"), annotation.get("end_index")
        if type(start) is not int or type(end) is not int or not 0 <= start < end <= length:
            continue
        if (start, end) in spans:
            spans[start, end].append(annotation["citation"])
        elif start >= reached:
            spans[start, end] = [annotation["citation"]]
            reached = end
    return spans


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def is_anthropics(entry: Any) -> bool:
    """Whether a provider block or a citation is of this dialect: those of others say whose they are."""
    return isinstance(entry, dict) and entry.get("dialect") in (None, "anthropic")


def is_thought(block: Any) -> bool:
    """Whether a thinking block is of this dialect's kind."""
    return isinstance(block, dict) and block.get("type") in ("thinking", "redacted_thinking")


def is_citation(annotation: Any) -> bool:
    return is_anthropics(annotation) and isinstance(annotation.get("citation"), dict)


def read_inserts(blocks: Any) -> list[tuple[int, Json]]:
    """(where, block) of each provider block; one without a place comes first."""
    inserts = []
    for entry in filter(is_anthropics, listed(blocks)):
        block = entry.get("block")
        if isinstance(block, dict) and isinstance(block.get("type"), str):
            at = entry.get("at")
            inserts.append((at if type(at) is int and at > 0 else 0, block))
    return inserts


def insert(parts: list[Json], blocks: Any) -> list[Json]:
    """The rendered `parts` of a list with the provider's own blocks back in their places."""
    inserts = read_inserts(blocks)
    woven: list[Json] = []
    for index in range(len(parts) + 1):
        woven += [block for at, block in inserts if min(at, len(parts)) == index]
        woven += parts[index : index + 1]
    return woven
