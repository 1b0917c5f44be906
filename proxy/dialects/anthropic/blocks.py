"""One part of a message, unified and as Anthropic's content block: text, images, documents.

What has no unified form is left to the caller of this file, who carries it as it is. Sources, under
https://platform.claude.com/docs/en/build-with-claude/: vision, pdf-support, files; data: URLs are RFC 2397.
"""

from __future__ import annotations

import binascii
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

from proxy.call import Json
from proxy.dialects.ids import note_signature
from proxy.dialects.parts import read_data_url
from proxy.dialects.shape import asked, chosen, unsayable, wrong

#: What a part may carry besides its content, as Anthropic spells it.
EXTRAS = ("cache_control", "citations", "context")
WEB = ("https", "http")


def render_part(part: Any, path: str, dropped: list[str]) -> Json:
    """A unified part as a content block. Failure names the part that is wrong or that Claude cannot take."""
    part = asked(part, dict, path)
    note_signature(part, dropped)
    kind = asked(part.get("type"), str, f"{path}.type")
    if kind in UNSAYABLE:
        raise unsayable(f"{path}.type", f"{kind} cannot be sent to Anthropic")
    render = RENDERERS.get(kind)
    if render is None:
        raise wrong(f"{path}.type", f"{kind!r} is not a known part; known are {', '.join([*RENDERERS, *UNSAYABLE])}")
    return {**render(part, path, dropped), **chosen(part, EXTRAS)}


def render_text(part: Json, path: str, dropped: list[str]) -> Json:
    return {"type": "text", "text": asked(part.get("text"), str, f"{path}.text")}


def render_refusal(part: Json, path: str, dropped: list[str]) -> Json:
    return {"type": "text", "text": asked(part.get("refusal"), str, f"{path}.refusal")}


def render_image_url(part: Json, path: str, dropped: list[str]) -> Json:
    image = asked(part.get("image_url"), dict, f"{path}.image_url")
    note_detail(image, dropped)
    url = asked(image.get("url"), str, f"{path}.image_url.url")
    return {"type": "image", "source": render_source(url, f"{path}.image_url.url")}


def render_image(part: Json, path: str, dropped: list[str]) -> Json:
    note_detail(part, dropped)
    return {"type": "image", "source": asked(part.get("source"), dict, f"{path}.source")}


def note_detail(image: Json, dropped: list[str]) -> None:
    if image.get("detail") not in (None, "auto"):
        dropped.append("messages.image.detail")


def render_file(part: Json, path: str, dropped: list[str]) -> Json:
    """A PDF or plain text as a document; an image that came as a file is an image."""
    file = asked(part.get("file"), dict, f"{path}.file")
    named = {"title": file["filename"]} if file.get("filename") is not None else {}
    if file.get("file_id") is not None:
        file_id = asked(file["file_id"], str, f"{path}.file.file_id")
        if "://" in file_id:
            raise unsayable(f"{path}.file.file_id", "is the name of a file that lies with another provider")
        return {"type": "document", "source": {"type": "file", "file_id": file_id}, **named}
    if file.get("file_url") is not None:
        url = asked(file["file_url"], str, f"{path}.file.file_url")
        check_address(url, f"{path}.file.file_url")
        return {"type": "document", "source": {"type": "url", "url": url}, **named}
    source = render_source(asked(file.get("file_data"), str, f"{path}.file.file_data"), f"{path}.file.file_data")
    media_type = source.get("media_type", "")
    if media_type.startswith("image/"):
        return {"type": "image", "source": source}
    if media_type.startswith("text/"):
        source = {"type": "text", "media_type": "text/plain", "data": plain_text(source["data"], path)}
    elif media_type not in ("application/pdf", ""):
        raise unsayable(f"{path}.file.file_data", f"{media_type} cannot be sent to Anthropic")
    return {"type": "document", "source": source, **named}


def plain_text(data: str, path: str) -> str:
    try:
        return binascii.a2b_base64(data).decode()
    except UnicodeDecodeError:
        raise wrong(f"{path}.file.file_data", "is not UTF-8 text") from None


def render_source(url: str, path: str) -> Json:
    """The source of a web address or of a data: URL, whose content is seen to be decodable."""
    inline = read_data_url(url, path)
    if inline is None:
        check_address(url, path)
        return {"type": "url", "url": url}
    return {"type": "base64", "media_type": inline.media_type, "data": inline.data}


def check_address(url: str, path: str) -> None:
    """A web address. Names in a cloud's storage (`gs://`, `s3://`) are known to that cloud alone."""
    scheme, named, _ = url.partition("://")
    if named and scheme.lower() not in WEB:
        raise unsayable(path, f"is a {scheme[:20]}:// address, which Anthropic does not know")


Render = Callable[[Json, str, list[str]], Json]
RENDERERS: Mapping[str, Render] = {
    "text": render_text,
    "image_url": render_image_url,
    "image": render_image,
    "file": render_file,
    "refusal": render_refusal,
}
UNSAYABLE = ("input_audio", "video_url")


def parse_block(block: Json) -> Json | None:
    """A content block as a unified part; None when the unified form has no word for it."""
    if block["type"] == "text" and isinstance(block.get("text"), str):
        return block
    source = block.get("source")
    parse = PARSERS.get(block["type"])
    if parse is None or not isinstance(source, dict) or block.keys() - {"type", "source", "title", *EXTRAS}:
        return None
    part = parse(source, block)
    return None if part is None else {**part, **chosen(block, EXTRAS)}


def parse_image(source: Json, block: Json) -> Json | None:
    url = parse_source(source)
    return None if url is None else {"type": "image_url", "image_url": {"url": url}}


def parse_document(source: Json, block: Json) -> Json | None:
    named = {"filename": block["title"]} if isinstance(block.get("title"), str) else {}
    if source.get("type") == "file":
        return {"type": "file", "file": {"file_id": source.get("file_id"), **named}}
    if source.get("type") == "text" and isinstance(source.get("data"), str):
        data = b64encode(source["data"].encode()).decode()
        return {"type": "file", "file": {"file_data": f"data:text/plain;base64,{data}", **named}}
    if source.get("type") == "url" and isinstance(source.get("url"), str):
        return {"type": "file", "file": {"file_url": source["url"], **named}}
    if source.get("type") == "base64" and source.get("media_type") == "application/pdf":
        return {"type": "file", "file": {"file_data": parse_source(source), **named}}
    return None


def parse_source(source: Json) -> str | None:
    """The URL of an image or PDF source; None for a file that lies with the provider."""
    if source.get("type") == "url" and isinstance(source.get("url"), str):
        return str(source["url"])
    if source.get("type") == "base64" and isinstance(source.get("data"), str) and source.get("media_type"):
        return f"data:{source['media_type']};base64,{source['data']}"
    return None


PARSERS: Mapping[str, Callable[[Json, Json], Json | None]] = {"image": parse_image, "document": parse_document}
