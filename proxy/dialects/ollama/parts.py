"""What a message holds besides its role, unified and as Ollama says it: one text and images as bare base64.

Images have no media type on the wire: it is read from their first bytes. Source: https://docs.ollama.com/capabilities/vision.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Mapping
from typing import Any

from proxy.call import Json
from proxy.dialects.checks import begins_as, check_base64, is_base64
from proxy.dialects.ids import note_signature
from proxy.dialects.parts import Inline, image_url_of, read_data_url
from proxy.dialects.shape import asked, unsayable, wrong

#: Between the texts of one message. An assistant's went on where the last one ended; others were written apart, and Ollama
#: itself joins neighbouring messages of one role by a blank line.
JOINTS: Mapping[str, str] = {"assistant": ""}
JOINT = "\n\n"

#: An image of a kind that is not known goes by the name of the last.
IMAGES = ("image/jpeg", "image/webp", "image/gif", "image/png")


def render_content(content: Any, role: str, path: str, dropped: list[str]) -> Json:
    """`content`, and `images` where there are some."""
    if isinstance(content, str):
        return {"content": content}
    texts: list[str] = []
    images: list[str] = []
    for index, part in enumerate(asked(content, list, path)):
        at = f"{path}[{index}]"
        kind = asked(asked(part, dict, at).get("type"), str, f"{at}.type")
        if kind in UNSAYABLE:
            raise unsayable(f"{at}.type", f"{kind} cannot be sent to Ollama")
        if kind not in RENDERERS:
            raise wrong(f"{at}.type", f"{kind!r} is not a known part; known are {', '.join([*RENDERERS, *UNSAYABLE])}")
        note_signature(part, dropped)
        if part.get("cache_control"):
            dropped.append("messages.cache_control")
        RENDERERS[kind](part, at, texts, images, dropped)
    said: Json = {"content": JOINTS.get(role, JOINT).join(texts)}
    return {**said, "images": images} if images else said


def say_text(part: Json, path: str, texts: list[str], images: list[str], dropped: list[str]) -> None:
    kind = part["type"]
    texts.append(asked(part.get(kind), str, f"{path}.{kind}"))


def say_image(part: Json, path: str, texts: list[str], images: list[str], dropped: list[str]) -> None:
    image = asked(part["image_url"], dict, f"{path}.image_url") if "image_url" in part else part
    if image.get("detail") not in (None, "auto"):
        dropped.append("messages.image.detail")
    member = "image_url.url" if "image_url" in part else "source"
    images.append(inline(image_url_of(part, path), f"{path}.{member}").data)


def say_file(part: Json, path: str, texts: list[str], images: list[str], dropped: list[str]) -> None:
    """An image that came as a file is an image, a text is said as text under its name; Ollama reads no other documents."""
    file = asked(part.get("file"), dict, f"{path}.file")
    for name in ("file_id", "file_url"):
        if file.get(name) is not None:
            raise unsayable(
                f"{path}.file.{name}", "cannot be sent to Ollama, which takes images and text by value only"
            )
    at = f"{path}.file.file_data"
    found = inline(asked(file.get("file_data"), str, at), at)
    if found.media_type.startswith("image/"):
        images.append(found.data)
    elif found.media_type.startswith("text/"):
        named = [asked(file["filename"], str, f"{path}.file.filename")] if file.get("filename") else []
        texts.append("\n".join([*named, plain_text(found.data, at)]))
    else:
        raise unsayable(at, f"{found.media_type} cannot be sent to Ollama")


def inline(url: str, path: str) -> Inline:
    """Content by value; Ollama fetches nothing."""
    found = read_data_url(url, path)
    if found is None:
        raise unsayable(path, "must be a data: URL: Ollama takes content by value only")
    return found


def plain_text(data: str, path: str) -> str:
    try:
        return binascii.a2b_base64(data).decode()
    except UnicodeDecodeError:
        raise wrong(path, "is not UTF-8 text") from None


Say = Callable[[Json, str, list[str], list[str], list[str]], None]
RENDERERS: Mapping[str, Say] = {
    "text": say_text,
    "refusal": say_text,
    "image_url": say_image,
    "image": say_image,
    "file": say_file,
}
UNSAYABLE = ("input_audio", "video_url")


def image_part(data: str, path: str) -> Json:
    """Bare base64 as a unified part. Failure when it is none."""
    check_base64(data, "image/*", path)
    kind = next((kind for kind in IMAGES if begins_as(kind, data)), IMAGES[-1])
    return {"type": "image_url", "image_url": {"url": f"data:{kind};base64,{data}"}}


def picture(data: str) -> Json:
    """An image that a model drew, as bare base64, in the form of a unified reply's `images`."""
    kind = next((kind for kind in IMAGES if is_base64(data, False) and begins_as(kind, data)), IMAGES[-1])
    return {"type": "image_url", "image_url": {"url": f"data:{kind};base64,{data}"}}


def read_pictures(images: list[Any]) -> list[str]:
    """The other way. An image that is only an address has no form here and is left out."""
    urls = [
        image["image_url"].get("url")
        for image in images
        if isinstance(image, dict) and isinstance(image.get("image_url"), dict)
    ]
    return [url.partition(",")[2] for url in urls if isinstance(url, str) and url.startswith("data:")]
