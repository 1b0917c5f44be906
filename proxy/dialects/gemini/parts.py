"""One part of a message, unified and as Google's Part: text, images, documents, sound and video, by value or by address.

What has no unified form is left to the caller of this file, who carries it as it is. Sources:
https://ai.google.dev/api/caching#Part, https://ai.google.dev/gemini-api/docs/file-input-methods (addresses; Google fetches
public ones itself), https://ai.google.dev/gemini-api/docs/document-processing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from proxy.call import Json
from proxy.dialects.checks import check_base64
from proxy.dialects.gemini.spelling import camel
from proxy.dialects.ids import signature_of, signed
from proxy.dialects.parts import image_url_of, read_data_url
from proxy.dialects.shape import asked, unsayable, wrong

#: What a part of the wire may say besides its content and its signature. It travels in `extra_content.google.part`.
EXTRAS = (
    *("videoMetadata", "mediaResolution", "mediaProcessing", "partMetadata", "speechMetadata", "documentMetadata"),
    *("spreadsheetMetadata", "audioMetadata"),
)
#: Files that lie with Google are named by an address or, in short, as `files/...`.
FILES = "https://generativelanguage.googleapis.com/v1beta/"
WITH_GOOGLE = ("gs://", "files/", "https://generativelanguage.googleapis.com/")
#: Members of a part that Google has no word for.
UNSAID = {name: f"messages.{name}" for name in ("cache_control", "citations", "context")}
PLAIN = frozenset({"type", "text"})

#: Google wants to know what lies at an address; the end of the address mostly tells.
MEDIA_TYPES: Mapping[str, str] = {
    **{name: f"image/{name}" for name in ("png", "jpeg", "webp", "gif", "heic", "heif", "bmp")},
    **{name: f"audio/{name}" for name in ("mp3", "wav", "ogg", "flac", "m4a", "aac")},
    **{name: f"video/{name}" for name in ("mp4", "mov", "webm", "mpeg", "avi")},
    **{name: f"text/{name}" for name in ("csv", "html", "xml", "css", "rtf")},
    "jpg": "image/jpeg",
    "pdf": "application/pdf",
    "json": "application/json",
    "txt": "text/plain",
    "md": "text/markdown",
}


def render_part(part: Any, path: str, dropped: list[str]) -> Json:
    """A unified part on the wire. Failure names the part that is wrong."""
    kind = asked(asked(part, dict, path).get("type"), str, f"{path}.type")
    render = RENDERERS.get(kind)
    if render is None:
        raise wrong(f"{path}.type", f"{kind!r} is not a known part; known are {', '.join(RENDERERS)}")
    if not part.keys() <= PLAIN:
        dropped += [named for name, named in UNSAID.items() if part.get(name) is not None]
    said = render(part, path, dropped)
    return said if "extra_content" not in part else said | own_of(part)


def own_of(part: Json) -> Json:
    """What Google said of a part besides, as it said it."""
    signature = signature_of(part)
    google = part["extra_content"].get("google") if isinstance(part["extra_content"], dict) else None
    own = google.get("part") if isinstance(google, dict) else None
    said = {name: own[name] for name in EXTRAS if name in own} if isinstance(own, dict) else {}
    return said if signature is None else {**said, "thoughtSignature": signature}


def render_text(part: Json, path: str, dropped: list[str]) -> Json:
    return {"text": asked(part.get("text"), str, f"{path}.text")}


def render_refusal(part: Json, path: str, dropped: list[str]) -> Json:
    return {"text": asked(part.get("refusal"), str, f"{path}.refusal")}


def render_image(part: Json, path: str, dropped: list[str]) -> Json:
    url = image_url_of(part, path)
    image = part.get("image_url") or part
    if image.get("detail") not in (None, "auto"):
        dropped.append("messages.image.detail")
    return render_address(url, f"{path}.{part['type']}", image.get("media_type"))


def render_file(part: Json, path: str, dropped: list[str]) -> Json:
    """A document at an address is a PDF, as other dialects have it, unless it is said or to be seen that it is something else."""
    file = asked(part.get("file"), dict, f"{path}.file")
    if file.get("file_id") is not None:
        return render_file_id(file, f"{path}.file.file_id")
    if file.get("file_url") is not None:
        url = asked(file["file_url"], str, f"{path}.file.file_url")
        if url.startswith("data:"):
            return render_address(url, f"{path}.file.file_url")
        return file_data(url, file["media_type"] if "media_type" in file else type_at(url) or "application/pdf")
    content = asked(file.get("file_data"), str, f"{path}.file.file_data")
    if not content.startswith("data:"):
        raise wrong(f"{path}.file.file_data", "must be a data: URL")
    return render_address(content, f"{path}.file.file_data")


def render_file_id(file: Json, path: str) -> Json:
    """A file that lies with Google; other providers' have other names."""
    called = asked(file["file_id"], str, path)
    if not called.startswith(WITH_GOOGLE):
        raise unsayable(path, f"is {called[:80]!r}, which is no file that lies with Google")
    return file_data(FILES + called if called.startswith("files/") else called, file.get("media_type"))


def render_audio(part: Json, path: str, dropped: list[str]) -> Json:
    audio = asked(part.get("input_audio"), dict, f"{path}.input_audio")
    media_type = f"audio/{asked(audio.get('format'), str, f'{path}.input_audio.format')}"
    data = asked(audio.get("data"), str, f"{path}.input_audio.data")
    return {"inlineData": {"mimeType": media_type, "data": data}}


def render_video(part: Json, path: str, dropped: list[str]) -> Json:
    video = asked(part.get("video_url"), dict, f"{path}.video_url")
    url = asked(video.get("url"), str, f"{path}.video_url.url")
    return render_address(url, f"{path}.video_url.url", video.get("media_type"))


RENDERERS: Mapping[str, Callable[[Json, str, list[str]], Json]] = {
    "text": render_text,
    "refusal": render_refusal,
    "image_url": render_image,
    "image": render_image,
    "file": render_file,
    "input_audio": render_audio,
    "video_url": render_video,
}
MEDIA = RENDERERS.keys() - {"text", "refusal"}


def render_address(url: str, path: str, media_type: Any = None) -> Json:
    inline = read_data_url(url, path)
    if inline is not None:
        return {"inlineData": {"mimeType": inline.media_type, "data": inline.data}}
    return file_data(url, media_type or type_at(url))


def file_data(uri: str, media_type: Any) -> Json:
    return {"fileData": {"mimeType": media_type, "fileUri": uri} if media_type else {"fileUri": uri}}


def type_at(url: str) -> str | None:
    """What the end of an address says of its content; None when it says nothing."""
    try:
        name = urlsplit(url).path
    except ValueError:
        return None
    return MEDIA_TYPES.get(name.rpartition(".")[2].lower())


# ---- from the wire


def parse_part(part: Json, path: str) -> Json | None:
    """The unified part of a Part in camelCase; None when it has no unified word."""
    parse = next((parse for name, parse in PARSERS if name in part), None)
    if parse is None:
        return None
    own = {name: part[name] for name in EXTRAS if name in part}
    said = parse(part, path)
    signature = part.get("thoughtSignature")
    if signature is not None:
        said |= signed(asked(signature, str, f"{path}.thoughtSignature"))
    if own:
        said["extra_content"] = {"google": {**said.get("extra_content", {}).get("google", {}), "part": own}}
    return said


def parse_text(part: Json, path: str) -> Json:
    return {"type": "text", "text": asked(part["text"], str, f"{path}.text")}


def parse_inline(part: Json, path: str) -> Json:
    path = f"{path}.inlineData"
    blob = camel(part["inlineData"], path)
    media_type = asked(blob.get("mimeType"), str, f"{path}.mimeType")
    check_base64(blob.get("data"), media_type, f"{path}.data", either=True)
    data = plain_base64(blob["data"])
    family, _, kind = media_type.partition("/")
    if family == "audio":
        return {"type": "input_audio", "input_audio": {"data": data, "format": kind}}
    return part_at(f"data:{media_type};base64,{data}", family, {}, "file_data")


def parse_file(part: Json, path: str) -> Json:
    path = f"{path}.fileData"
    file = camel(part["fileData"], path)
    uri = asked(file.get("fileUri"), str, f"{path}.fileUri")
    media_type = asked(file.get("mimeType") or "", str, f"{path}.mimeType")
    known: Json = {"media_type": media_type} if media_type else {}
    if not known and not uri.startswith(WITH_GOOGLE) and "youtu" not in uri:
        # Another's guess shall not be sent in place of what was left open.
        known["media_type"] = None
    if uri.startswith(WITH_GOOGLE):
        return {"type": "file", "file": {"file_id": uri, **known}}
    return part_at(uri, media_type.partition("/")[0], known, "file_url")


def part_at(url: str, family: str, known: Json, name: str) -> Json:
    if family == "image":
        return {"type": "image_url", "image_url": {"url": url, **known}}
    if family == "video" or (not family and "youtu" in url):
        return {"type": "video_url", "video_url": {"url": url, **known}}
    return {"type": "file", "file": {name: url, **known}}


def plain_base64(data: str) -> str:
    """The usual alphabet with its padding: Google's own SDK writes the one for file names."""
    if "-" in data or "_" in data:
        data = data.replace("-", "+").replace("_", "/")
    return data if not len(data) % 4 else data + "=" * (-len(data) % 4)


PARSERS: tuple[tuple[str, Callable[[Json, str], Json]], ...] = (
    ("text", parse_text),
    ("inlineData", parse_inline),
    ("fileData", parse_file),
)
