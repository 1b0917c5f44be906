"""What the model leans on: Cohere's citations as annotations of the unified form, and back.

A citation spans characters of one part of the content, an annotation those of the whole text. One that speaks of a thought
or a plan spans nothing of the text and is carried as it is. A page that another provider found is a source of type
`document`. Source: https://docs.cohere.com/v2/docs/rag-citations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from proxy.call import Json
from proxy.dialects.shape import answered

NAME = "cohere"
#: Absent means the same.
OF_TEXT = ("TEXT_CONTENT", None)


def annotate(citation: Any, starts: Sequence[int]) -> Json:
    """`starts`: for each part of the content, how many characters of text come before it."""
    citation = answered(citation, dict, "a citation")
    note: Json = {"type": "citation", "citation": citation, "dialect": NAME}
    start, end, index = citation.get("start"), citation.get("end"), citation.get("content_index", 0)
    if citation.get("type") not in OF_TEXT or type(start) is not int or type(end) is not int:
        return note
    before = starts[index] if type(index) is int and 0 <= index < len(starts) else 0
    return {**note, "start_index": before + start, "end_index": before + end}


def cite(annotation: Any, text: str | None, index: int | None = None, before: int = 0) -> Json | None:
    """An annotation as a citation of the part at `index`, which `before` characters of text precede; None for one that only
    another dialect understands. `text` is the whole, None where it has been sent already.

    Without an index the parts stand as they stood, and so does a citation of Cohere's own.
    """
    if not isinstance(annotation, dict):
        return None
    start: Any = annotation.get("start_index")
    end: Any = annotation.get("end_index")
    spans = type(start) is int and type(end) is int and before <= start <= end
    own = annotation.get("citation")
    if annotation.get("dialect") == NAME and isinstance(own, dict):
        if not spans or index is None:
            return own
        placed = {"content_index": index} if "content_index" in own else {}
        return {**own, "start": start - before, "end": end - before, **placed}
    page = annotation.get("url_citation")
    if not spans or annotation.get("type") != "url_citation" or not isinstance(page, dict):
        return None
    document = {name: page[name] for name in ("url", "title") if isinstance(page.get(name), str)}
    source = {"type": "document", "id": document.get("url", ""), "document": document}
    said = {} if text is None else {"text": text[start:end]}
    return {"start": start - before, "end": end - before, **said, "sources": [source], "type": "TEXT_CONTENT"}
