"""One part of a message, unified and as Cohere's content block: text, images, documents; and what stands between them.

Sources: https://docs.cohere.com/v2/docs/image-inputs (data: or web URLs), https://docs.cohere.com/v2/reference/chat. Cohere
takes no files; a text is a document, which it can cite: in a tool's result a block, anywhere else an entry of the request's
`documents`.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from proxy.call import Json
from proxy.dialects.cohere.citations import NAME
from proxy.dialects.cohere.fields import Draft
from proxy.dialects.ids import note_signature
from proxy.dialects.parts import image_url_of, read_data_url, split_data_url
from proxy.dialects.shape import asked, unsayable, wrong

DETAILS = frozenset({"auto", "low", "high"})
#: Members of a part that Cohere has no word for.
UNSAID = {name: f"messages.{name}" for name in ("cache_control", "citations", "context")}
PLAIN = frozenset({"type", "text"})


def render_part(part: Any, path: str, draft: Draft, role: str) -> Json | None:
    """A unified part as a content block; None when it is said elsewhere. Failure names a part that is wrong or cannot be said."""
    part = asked(part, dict, path)
    kind = asked(part.get("type"), str, f"{path}.type")
    if not part.keys() <= PLAIN:
        draft.dropped += [noted for name, noted in UNSAID.items() if part.get(name)]
        note_signature(part, draft.dropped)
    if kind in UNSAYABLE or (role not in TAKES.get(kind, (role,))):
        raise unsayable(f"{path}.type", f"{kind} cannot be sent to Cohere in a message of the {role}")
    render = RENDERERS.get(kind)
    if render is None:
        raise wrong(f"{path}.type", f"{kind!r} is not a known part; known are {', '.join([*RENDERERS, *UNSAYABLE])}")
    return render(part, path, draft, role)


def render_text(part: Json, path: str, draft: Draft, role: str) -> Json | None:
    document = document_in(part) if role == "tool" else None
    if document is not None:
        return {"type": "document", "document": document}
    return {"type": "text", "text": asked(part.get("text"), str, f"{path}.text")}


def render_refusal(part: Json, path: str, draft: Draft, role: str) -> Json | None:
    return {"type": "text", "text": asked(part.get("refusal"), str, f"{path}.refusal")}


def render_image(part: Json, path: str, draft: Draft, role: str) -> Json | None:
    image: Json = {"url": address_of(part, path)}
    detail = (part["image_url"] if part["type"] == "image_url" else part).get("detail")
    if isinstance(detail, str) and detail in DETAILS:
        image["detail"] = detail
    elif detail is not None:
        draft.dropped.append("messages.image.detail")
    return {"type": "image_url", "image_url": image}


def address_of(part: Json, path: str) -> str:
    """A web address, or a data: URL in base64."""
    url = image_url_of(part, path)
    if not url.startswith("data:") or split_data_url(url, path).encoded:
        return url
    inline = read_data_url(url, path)
    return url if inline is None else f"data:{inline.media_type};base64,{inline.data}"


def render_file(part: Json, path: str, draft: Draft, role: str) -> Json | None:
    document = {"data": text_of(asked(part.get("file"), dict, f"{path}.file"), f"{path}.file")}
    if role == "tool":
        return {"type": "document", "document": document}
    draft.wire.setdefault("documents", []).append(document)
    draft.translated.append("messages.file.text")
    return None


def text_of(file: Json, path: str) -> Json:
    """A text with its title, as the data of a document."""
    for name in ("file_id", "file_url"):
        if file.get(name) is not None:
            raise unsayable(f"{path}.{name}", "cannot be sent to Cohere: it takes texts by value only")
    inline = read_data_url(asked(file.get("file_data"), str, f"{path}.file_data"), f"{path}.file_data")
    if inline is None or not inline.media_type.startswith("text/"):
        raise unsayable(f"{path}.file_data", "cannot be sent to Cohere: it takes texts only")
    try:
        text = binascii.a2b_base64(inline.data).decode()
    except UnicodeDecodeError:
        raise wrong(f"{path}.file_data", "is not UTF-8 text") from None
    named = {"title": file["filename"]} if isinstance(file.get("filename"), str) else {}
    return {**named, "text": text}


Render = Callable[[Json, str, Draft, str], Json | None]
RENDERERS: Mapping[str, Render] = {
    "text": render_text,
    "refusal": render_refusal,
    "image_url": render_image,
    "image": render_image,
    "file": render_file,
}
UNSAYABLE = ("input_audio", "video_url")
#: In whose messages a kind of part may stand; others in anybody's.
TAKES: Mapping[str, tuple[str, ...]] = {"image_url": ("user",), "image": ("user",), "file": ("user", "tool")}


def document_in(part: Json) -> Json | None:
    """The document of which the part's text is the reading for other dialects."""
    extra = part.get("extra_content")
    ours = extra.get(NAME) if isinstance(extra, dict) else None
    document = ours.get("document") if isinstance(ours, dict) else None
    return document if isinstance(document, dict) else None


def parse_block(block: Json) -> Json | None:
    """A content block as a unified part; None when the unified form has no word for it."""
    kind = block["type"]
    if kind == "text" and isinstance(block.get("text"), str):
        return block
    image, document = block.get("image_url"), block.get("document")
    if kind == "image_url" and isinstance(image, dict) and isinstance(image.get("url"), str):
        return block
    if kind == "document" and isinstance(document, dict) and isinstance(document.get("data"), dict | str):
        data = document["data"]
        text = data if isinstance(data, str) else json_text(data, "a document")
        return {"type": "text", "text": text, "extra_content": {NAME: {"document": document}}}
    return None


def json_text(value: Json, path: str) -> str:
    """JSON is read more deeply than it is written."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        raise wrong(path, "is nested too deeply") from None


def insert(parts: list[Json], entries: Any, dropped: list[str]) -> list[Json]:
    """The rendered parts with Cohere's own blocks back in their places; another dialect's are dropped by name."""
    if not isinstance(entries, list):
        return parts
    blocks = read_inserts(entries)
    if len(blocks) < len(entries):
        dropped.append("messages.provider_blocks")
    woven: list[Json] = []
    for index in range(len(parts) + 1):
        woven += [block for at, block in blocks if min(at, len(parts)) == index]
        woven += parts[index : index + 1]
    return woven


def read_inserts(entries: list[Any]) -> list[tuple[int, Json]]:
    """(where, block) of each provider block that is Cohere's; one without a place comes first."""
    inserts = []
    for entry in entries:
        block = entry.get("block") if isinstance(entry, dict) and entry.get("dialect") == NAME else None
        if isinstance(block, dict) and isinstance(block.get("type"), str):
            at = entry.get("at")
            inserts.append((at if type(at) is int and at > 0 else 0, block))
    return inserts
