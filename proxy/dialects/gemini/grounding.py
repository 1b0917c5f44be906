"""What an answer rests on: Google's grounding and citations as annotations, and web pages that others cite as grounding.

Google counts places in bytes of UTF-8, the unified form in characters. Source:
https://ai.google.dev/gemini-api/docs/google-search#understanding-the-response.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from proxy.call import Json


class Ruler:
    """Places in a text that came in pieces, by bytes and by characters. It keeps only pieces in which the two differ."""

    __slots__ = ("length", "size", "wide")

    def __init__(self) -> None:
        self.length = self.size = 0
        self.wide: list[tuple[int, int, str]] = []

    def add(self, words: str) -> None:
        if words.isascii():
            self.size += len(words)
        else:
            self.wide.append((self.size, self.length, words))
            self.size += len(words.encode())
        self.length += len(words)

    def character_at(self, byte: Any) -> int:
        """The character at a byte; a place beyond the text is its end."""
        place: int = min(max(byte, 0), self.size) if type(byte) is int else 0
        size, length = 0, 0
        for start, before, words in self.wide:
            data = words.encode() if start <= place else b""
            if start <= place <= start + len(data):
                return before + len(data[: place - start].decode(errors="ignore"))
            if start > place:
                break
            size, length = start + len(data), before + len(words)
        return length + place - size


def annotations_of(extras: Json, ruler: Ruler) -> list[Json]:
    """The annotations of a candidate's grounding and citations; [] when it has none that can be placed."""
    notes: list[Json] = []
    grounding, citations = extras.get("groundingMetadata"), extras.get("citationMetadata")
    if isinstance(grounding, dict):
        notes += supported(grounding, ruler)
    if isinstance(citations, dict):
        for citation in objects(citations, "citations", "citationSources"):
            notes.append(annotate(citation, citation, citation, ruler))
    return notes


def supported(grounding: Json, ruler: Ruler) -> Iterator[Json]:
    chunks = list(objects(grounding, "groundingChunks"))
    for support in objects(grounding, "groundingSupports"):
        segment, indices = support.get("segment"), support.get("groundingChunkIndices")
        for index in indices if isinstance(indices, list) else ():
            if isinstance(segment, dict) and type(index) is int and 0 <= index < len(chunks):
                chunk = chunks[index]
                page = chunk.get("web")
                yield annotate(chunk, page if isinstance(page, dict) else {}, segment, ruler)


def annotate(citation: Json, page: Json, segment: Json, ruler: Ruler) -> Json:
    """A web page in OpenAI's words as well; `citation` is Google's own."""
    start, end = ruler.character_at(segment.get("startIndex")), ruler.character_at(segment.get("endIndex"))
    span: Json = {"start_index": start, "end_index": end}
    note = {**span, "citation": citation, "dialect": "gemini"}
    if not isinstance(page.get("uri"), str):
        return {"type": "citation", **note}
    return {"type": "url_citation", "url_citation": {**span, "url": page["uri"], "title": page.get("title")}, **note}


def objects(mapping: Json, *names: str) -> Iterator[Json]:
    for name in names:
        listed = mapping.get(name)
        yield from (entry for entry in (listed if isinstance(listed, list) else ()) if isinstance(entry, dict))


def grounding_of(annotations: Any, text: str) -> Json:
    """Google's groundingMetadata of web pages that others cite; {} when there are none. `text` is "" where it is not known."""
    chunks: list[Json] = []
    supports: list[Json] = []
    for note in annotations if isinstance(annotations, list) else ():
        page = note.get("url_citation") if isinstance(note, dict) else None
        if isinstance(page, dict) and isinstance(page.get("url"), str):
            supports += supports_of(page, text, len(chunks))
            chunks.append({"web": {"uri": page["url"], "title": page.get("title") or page["url"]}})
    said = {"groundingChunks": chunks, "groundingSupports": supports}
    return {name: listed for name, listed in said.items() if listed}


def supports_of(page: Json, text: str, index: int) -> list[Json]:
    start, end = page.get("start_index"), page.get("end_index")
    if type(start) is not int or type(end) is not int or not 0 <= start <= end <= len(text) or not text:
        return []
    segment = {
        "startIndex": len(text[:start].encode("utf-8", "surrogatepass")),
        "endIndex": len(text[:end].encode("utf-8", "surrogatepass")),
        "text": text[start:end],
    }
    return [{"segment": segment, "groundingChunkIndices": [index]}]
