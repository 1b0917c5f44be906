"""Citations: annotations of an output text, and the annotations of a unified message.

A web page is said in OpenAI's chat words; any other is carried as it is. The places are counted in the whole text of the
message, while the wire counts in each part. Source: https://platform.openai.com/docs/api-reference/responses/object
(annotations).
"""

from __future__ import annotations

from typing import Any

from proxy.call import Json
from proxy.dialects.responses.fields import EXTRAS
from proxy.dialects.shape import answered, chosen

SPAN = ("start_index", "end_index")


def parse_note(note: Any, offset: int = 0) -> Json:
    """An annotation of a part whose text begins at `offset`."""
    note = answered(note, dict, "an annotation")
    span = {name: note[name] + offset for name in SPAN if type(note.get(name)) is int}
    if note.get("type") == "url_citation":
        page = {**span, **chosen(note, ("url", "title"))}
        return {"type": "url_citation", "url_citation": page, **span}
    if not span and type(note.get("index")) is int:
        span = dict.fromkeys(SPAN, note["index"] + offset)
    return {"type": "citation", **span, "citation": note, "dialect": EXTRAS}


def render_note(note: Any) -> Json | None:
    """A unified annotation as the Responses API has it; None for another provider's own."""
    if not isinstance(note, dict):
        return None
    span = {name: note[name] for name in SPAN if type(note.get(name)) is int}
    page = note.get("url_citation")
    if isinstance(page, dict):
        place = {**dict.fromkeys(SPAN, 0), **span, **{name: page[name] for name in SPAN if type(page.get(name)) is int}}
        return {"type": "url_citation", "title": "", "url": "", **chosen(page, ("title", "url")), **place}
    own = note.get("citation")
    if note.get("dialect") != EXTRAS or not isinstance(own, dict):
        return None
    moved = {name: place for name, place in span.items() if name in own}
    if "index" in own and "start_index" in span:
        moved["index"] = span["start_index"]
    return {**own, **moved}


def render_notes(notes: Any, dropped: list[str]) -> list[Json]:
    """Those that can be said; the others are noted."""
    said = [render_note(note) for note in (notes if isinstance(notes, list) else ())]
    if None in said:
        dropped.append("messages.annotations")
    return [note for note in said if note is not None]
