"""Text and what stands beside it: citations, and blocks of Bedrock's own in between.

Converse cites in a block of its own, `citationsContent`: the generated text and where it is from. The unified form has
one text, in which an annotation has `start_index` and `end_index` and a provider block has `at`, all counted in
characters; where the content is a list, `at` counts its parts. Source:
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CitationsContentBlock.html.
"""

from __future__ import annotations

from typing import Any

from proxy.call import Json
from proxy.dialects.bedrock.fields import NAME

Span = tuple[int, int]


def annotate(citation: Json, start: int, end: int) -> Json:
    """A citation as an annotation; a web page in OpenAI's words as well. `citation` keeps Bedrock's own."""
    span: Json = {"start_index": start, "end_index": end}
    location = citation.get("location")
    web = location.get("web") if isinstance(location, dict) else None
    if not isinstance(web, dict) or not isinstance(web.get("url"), str):
        return {"type": "citation", **span, "citation": citation, "dialect": NAME}
    page = {**span, "url": web["url"], "title": str(citation.get("title") or "")}
    return {"type": "url_citation", "url_citation": page, "citation": citation, "dialect": NAME}


def citation_of(note: Any) -> Json | None:
    """Bedrock's form of an annotation: its own, or a web page of anyone's. None for what it has no word for."""
    if not isinstance(note, dict):
        return None
    if note.get("dialect") == NAME and isinstance(note.get("citation"), dict):
        own: Json = note["citation"]
        return own
    page = note.get("url_citation")
    if not isinstance(page, dict) or not isinstance(page.get("url"), str):
        return None
    return {"title": str(page.get("title") or ""), "location": {"web": {"url": page["url"]}}}


def span_of(note: Json) -> Span | None:
    """The characters that an annotation is about; OpenAI's stand inside `url_citation`."""
    page = note.get("url_citation")
    held = page if isinstance(page, dict) and "start_index" in page else note
    start, end = held.get("start_index"), held.get("end_index")
    return (start, end) if type(start) is int and type(end) is int else None


def read_spans(annotations: Any, length: int) -> dict[Span, list[Json]]:
    """The citations by the text they are about. What overlaps an earlier one, or does not fit the text, is left out."""
    spans: dict[Span, list[Json]] = {}
    reached = 0
    for note in annotations if isinstance(annotations, list) else ():
        citation = citation_of(note)
        span = None if citation is None else span_of(note)
        if citation is None or span is None or not 0 <= span[0] < span[1] <= length:
            continue
        if span in spans:
            spans[span].append(citation)
        elif span[0] >= reached:
            spans[span] = [citation]
            reached = span[1]
    return spans


def read_inserts(blocks: Any) -> list[tuple[int, Json]]:
    """(where, block) of Bedrock's own blocks; one without a place comes first."""
    inserts = []
    for entry in blocks if isinstance(blocks, list) else ():
        if isinstance(entry, dict) and entry.get("dialect") == NAME and isinstance(entry.get("block"), dict):
            at = entry.get("at")
            inserts.append((at if type(at) is int and at > 0 else 0, entry["block"]))
    return inserts


def weave(text: str, annotations: Any = None, blocks: Any = None) -> list[Json]:
    """The content blocks of `text`, cut where annotations and blocks of Bedrock's own say so. Blank text makes no block."""
    if not annotations and not blocks:
        return [{"text": text}] if text.strip() else []
    spans, inserts = read_spans(annotations, len(text)), read_inserts(blocks)
    cuts = {0, len(text), *(min(at, len(text)) for at, _ in inserts), *(edge for span in spans for edge in span)}
    edges = sorted(cuts)
    woven: list[Json] = []
    for start, end in zip(edges, [*edges[1:], len(text)], strict=True):
        woven += [block for at, block in inserts if min(at, len(text)) == start]
        piece, citations = text[start:end], spans.get((start, end))
        if citations:
            woven.append({"citationsContent": {"content": [{"text": piece}], "citations": citations}})
        elif piece.strip():
            woven.append({"text": piece})
    return woven
