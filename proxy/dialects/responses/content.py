"""Parts of a message, as the Responses API says them and unified: text, images, files.

What a part says besides stays with it in `responses`. Sources: https://platform.openai.com/docs/api-reference/responses/create
(input), https://platform.openai.com/docs/guides/prompt-caching (breakpoints), data: URLs are RFC 2397.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

import orjson

from proxy.call import Json
from proxy.dialects.checks import check_base64
from proxy.dialects.ids import note_signature
from proxy.dialects.openai.messages import see_file_id
from proxy.dialects.parts import image_url_of
from proxy.dialects.responses.fields import EXTRAS
from proxy.dialects.responses.order import read_own
from proxy.dialects.shape import asked, chosen, unsayable, wrong

UNSAYABLE = ("input_audio", "video_url")
#: Models that take marks of where a cached prefix ends; older ones refuse them.
MARKABLE = re.compile(r"(?:openai/|ft:)?gpt-(?:5\.[6-9]|[6-9]|\d\d)(?!\d)")
#: A file by value needs a name.
NAMES: Mapping[str, str] = {"application/pdf": "file.pdf", "text/plain": "file.txt", "text/markdown": "file.md"}
FILE_MEMBERS = ("file_data", "file_url", "file_id", "filename")


class Parts:
    """What the rendering of parts needs to know: whether cache marks can be said, and where to note what cannot."""

    __slots__ = ("dropped", "marks")

    def __init__(self, model: str, dropped: list[str]) -> None:
        self.marks = MARKABLE.match(model) is not None
        self.dropped = dropped

    def render(self, part: Any, path: str) -> Json:
        """A unified part as a part of the input. Failure names the one that is wrong or cannot be taken."""
        part = asked(part, dict, path)
        kind = asked(part.get("type"), str, f"{path}.type")
        if kind in UNSAYABLE:
            raise unsayable(f"{path}.type", f"{kind} cannot be sent to the Responses API")
        render = RENDERERS.get(kind)
        if render is None:
            raise wrong(
                f"{path}.type", f"{kind!r} is not a known part; known are {', '.join([*RENDERERS, *UNSAYABLE])}"
            )
        note_signature(part, self.dropped)
        said = {**render(part, path), **extras_of(part, path)}
        if part.get("cache_control"):
            self.mark(said)
        return said

    def render_content(self, message: Json, path: str) -> list[Json] | str:
        """A message's content: a string stays one, unless a mark or a part of the provider's own belongs to it."""
        content, own, marker = (
            message.get("content"),
            read_own(message.get("provider_blocks"), self.dropped),
            message.get("cache_control"),
        )
        if isinstance(content, str) and not own and not (marker and self.marks):
            self.note_marker(marker)
            return content
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else asked(content or [], list, path)
        said = [self.render(part, f"{path}[{index}]") for index, part in enumerate(parts)]
        if marker and said:
            self.mark(said[-1])
        for place in reversed(own):
            said.insert(min(place.at, len(said)), place.item)
        return said

    def mark(self, said: Json) -> None:
        """The end of a cached prefix; one that was said in the provider's own words stays."""
        if self.marks:
            said.setdefault("prompt_cache_breakpoint", {"mode": "explicit"})
        elif "prompt_cache_breakpoint" not in said:
            self.dropped.append("messages.cache_control")

    def note_marker(self, marker: Any) -> None:
        if marker:
            self.dropped.append("messages.cache_control")


def extras_of(carrier: Json, path: str) -> Json:
    extras = carrier.get(EXTRAS)
    return {} if extras is None else asked(extras, dict, f"{path}.{EXTRAS}")


def dump_text(value: Json, path: str) -> str:
    """An object as the JSON text that stands for it."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        raise wrong(path, "is nested too deeply") from None


def render_text(part: Json, path: str) -> Json:
    return {"type": "input_text", "text": asked(part.get("text"), str, f"{path}.text")}


def render_refusal(part: Json, path: str) -> Json:
    return {"type": "input_text", "text": asked(part.get("refusal"), str, f"{path}.refusal")}


def render_image(part: Json, path: str) -> Json:
    image = part.get("image_url") if part["type"] == "image_url" else part
    return {
        "type": "input_image",
        "image_url": image_url_of(part, path),
        **chosen(asked(image, dict, path), ("detail",)),
    }


def render_file(part: Json, path: str) -> Json:
    """A file by value, by address or by name. An image that came as a file is an image."""
    file = asked(part.get("file"), dict, f"{path}.file")
    said = {name: asked(value, str, f"{path}.file.{name}") for name, value in chosen(file, FILE_MEMBERS).items()}
    if said.keys() <= {"filename"}:
        raise wrong(f"{path}.file", "must have file_data, file_url or file_id")
    see_file_id(said.get("file_id"), f"{path}.file.file_id")
    data = said.get("file_data", "")
    if data.startswith("data:image/"):
        return {"type": "input_image", "image_url": data}
    if data:
        said.setdefault("filename", NAMES.get(data[5:].partition(",")[0].partition(";")[0], "file"))
    return {"type": "input_file", **said}


RENDERERS: Mapping[str, Callable[[Json, str], Json]] = {
    "text": render_text,
    "refusal": render_refusal,
    "image_url": render_image,
    "image": render_image,
    "file": render_file,
}


# ---- and back


def parse_part(part: Json, path: str) -> Json | None:
    """A part of the input, unified; None for one without a unified word."""
    parse = PARSERS.get(part["type"])
    if parse is None:
        return None
    unified, said = parse(part, path)
    if isinstance(mark := part.get("prompt_cache_breakpoint"), dict):
        unified["cache_control"] = {"type": "ephemeral", **({"ttl": "1h"} if mark.get("ttl") == "12h" else {})}
    return carry(unified, part, ("type", *said))


def carry(unified: Json, wire: Json, said: Collection[str]) -> Json:
    """`unified` with the members of `wire` that were not `said` in `responses`. Null says nothing."""
    extras = {name: value for name, value in wire.items() if name not in said and value is not None}
    return {**unified, EXTRAS: {**unified.get(EXTRAS, {}), **extras}} if extras else unified


Parsed = tuple[Json, tuple[str, ...]]


def parse_text(part: Json, path: str) -> Parsed:
    return {"type": "text", "text": asked(part.get("text"), str, f"{path}.text")}, ("text",)


def parse_refusal(part: Json, path: str) -> Parsed:
    return {"type": "refusal", "refusal": asked(part.get("refusal"), str, f"{path}.refusal")}, ("refusal",)


def parse_image(part: Json, path: str) -> Parsed:
    """An image that lies with the provider is a file to the unified form."""
    if part.get("image_url") is None and part.get("file_id") is not None:
        file = {"file_id": asked(part["file_id"], str, f"{path}.file_id")}
        return {"type": "file", "file": file, EXTRAS: {"type": "input_image"}}, ("file_id",)
    url = asked(part.get("image_url"), str, f"{path}.image_url")
    check_data_url(url, f"{path}.image_url")
    return {"type": "image_url", "image_url": {"url": url, **chosen(part, ("detail",))}}, ("image_url", "detail")


def parse_file(part: Json, path: str) -> Parsed:
    file = {name: asked(value, str, f"{path}.{name}") for name, value in chosen(part, FILE_MEMBERS).items()}
    if file.keys() <= {"filename"}:
        raise wrong(path, "must have file_data, file_url or file_id")
    check_data_url(file.get("file_data", ""), f"{path}.file_data")
    return {"type": "file", "file": file}, FILE_MEMBERS


def parse_audio(part: Json, path: str) -> Parsed:
    return {"type": "input_audio", "input_audio": asked(part.get("input_audio"), dict, f"{path}.input_audio")}, (
        "input_audio",
    )


def check_data_url(url: str, path: str) -> None:
    if not url.startswith("data:"):
        return
    head, comma, data = url[5:].partition(",")
    media_type, *options = head.split(";")
    if not comma or not media_type:
        raise wrong(path, "is not a data: URL with a media type")
    if "base64" in options:
        check_base64(data, media_type, path)


PARSERS: Mapping[str, Callable[[Json, str], Parsed]] = {
    "input_text": parse_text,
    "output_text": parse_text,
    "text": parse_text,
    "refusal": parse_refusal,
    "input_image": parse_image,
    "input_file": parse_file,
    "input_audio": parse_audio,
}
