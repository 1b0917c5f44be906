"""The parts of a unified request that name content by a web address, and the same request with the content in their place.

Pure: fetching is done elsewhere. Addresses of other kinds (`gs://`, `s3://`) are names that a provider knows, and are left
alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from proxy.call import Json


class WebPart(NamedTuple):
    """`path` is where the address stands, `row` what the table of the unified form calls it."""

    path: str
    kind: str
    url: str
    row: str


class Place(NamedTuple):
    """Where a type of part holds its address."""

    kind: str
    holder: str
    member: str
    row: str


PLACES: Mapping[str, Place] = {
    "image_url": Place("image", "image_url", "url", "messages.image.url"),
    "image": Place("image", "source", "url", "messages.image.url"),
    "file": Place("file", "file", "file_url", "messages.file.url"),
}
WEB = ("http://", "https://")


def web_parts(unified: Json, kinds: frozenset[str]) -> Iterator[WebPart]:
    """Every web address of those kinds, in order, tools' results included."""
    for at, message in enumerate(listed(unified.get("messages"))):
        content = message.get("content") if isinstance(message, dict) else None
        for index, part in enumerate(listed(content)):
            found = read_part(part, kinds)
            if found is not None:
                place, url = found
                path = f"messages[{at}].content[{index}].{place.holder}.{place.member}"
                yield WebPart(path, place.kind, url, place.row)


def read_part(part: Any, kinds: frozenset[str]) -> tuple[Place, str] | None:
    place = PLACES.get(part["type"]) if isinstance(part, dict) and isinstance(part.get("type"), str) else None
    if place is None or place.kind not in kinds:
        return None
    holder = part.get(place.holder)
    url = holder.get(place.member) if isinstance(holder, dict) else None
    return (place, url) if isinstance(url, str) and url[:8].lower().startswith(WEB) else None


def with_contents(unified: Json, kinds: frozenset[str], contents: Mapping[tuple[str, str], str]) -> Json:
    """A copy of the request with data: URLs in place of addresses. `contents`: (kind, address) -> data: URL."""
    messages = [with_parts(message, kinds, contents) for message in unified["messages"]]
    return {**unified, "messages": messages}


def with_parts(message: Any, kinds: frozenset[str], contents: Mapping[tuple[str, str], str]) -> Any:
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list):
        return message
    return {**message, "content": [with_content(part, kinds, contents) for part in content]}


def with_content(part: Any, kinds: frozenset[str], contents: Mapping[tuple[str, str], str]) -> Any:
    found = read_part(part, kinds)
    if found is None:
        return part
    place, url = found
    return {**part, place.holder: HELD[part["type"]](part[place.holder], contents[place.kind, url])}


def held_image(image: Json, content: str) -> Json:
    return {**image, "url": content}


def held_source(source: Json, content: str) -> Json:
    media_type, _, data = content.removeprefix("data:").partition(";base64,")
    return {"type": "base64", "media_type": media_type, "data": data}


def held_file(file: Json, content: str) -> Json:
    rest = {name: value for name, value in file.items() if name != "file_url"}
    return {**rest, "file_data": content}


HELD: Mapping[str, Callable[[Json, str], Json]] = {"image_url": held_image, "image": held_source, "file": held_file}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
