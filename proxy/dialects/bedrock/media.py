"""Images, documents, sound and video: unified parts as Converse's blocks, and back.

Content goes by value, base64 in JSON, or lies in S3. A block says its format by a word, not by a media type. This file
knows the words and refuses to know where in a message a block stands. Sources, under
https://docs.aws.amazon.com/bedrock/latest/APIReference/: API_runtime_ImageBlock, _DocumentBlock (with its rule for
names), _VideoBlock, _AudioBlock.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from proxy.call import Json
from proxy.dialects.checks import check_base64
from proxy.dialects.parts import image_url_of, read_data_url
from proxy.dialects.shape import asked, chosen, unsayable, wrong

S3 = "s3://"
IMAGES = {"png": "image/png", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}
OFFICE = "application/vnd.openxmlformats-officedocument"
DOCUMENTS = {
    "pdf": "application/pdf",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": f"{OFFICE}.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": f"{OFFICE}.spreadsheetml.sheet",
    "html": "text/html",
    "txt": "text/plain",
    "md": "text/markdown",
}
VIDEOS = {
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "flv": "video/x-flv",
    "mpeg": "video/mpeg",
    "mpg": "video/mpg",
    "wmv": "video/x-ms-wmv",
    "three_gp": "video/3gpp",
}
SOUNDS = frozenset(
    ["mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "mkv", "mka", "x-aac", "m4a", "mpeg", "mpga", "pcm", "webm"]
)
#: A word that is said for another: of media types, and of the ends of addresses.
ALIKE = {"image/jpg": "image/jpeg", "jpg": "jpeg", "3gp": "three_gp", "htm": "html"}

#: What may stand in a document's name, and how long it may be.
UNNAMEABLE = re.compile(r"[^A-Za-z0-9\s\-()\[\]]+")
SPACES = re.compile(r"\s+")
LONGEST_NAME = 200
#: What a document may carry besides its content; Anthropic has them too.
DOCUMENT_EXTRAS = ("citations", "context")


class Source(NamedTuple):
    """Where content is, and the word for what it is."""

    format: str
    source: Json


def render_source(url: str, formats: Mapping[str, str], path: str) -> Source:
    """The source of a data: URL or of an object in S3. Failure for what is of no known format, and for a web address."""
    if url.startswith(S3):
        return Source(named_format(url, formats, path), {"s3Location": {"uri": url}})
    inline = read_data_url(url, path)
    if inline is None:
        raise unsayable(path, "must be a data: URL or lie in S3: Bedrock fetches nothing from the web")
    kind = ALIKE.get(inline.media_type, inline.media_type)
    word = next((word for word, media_type in formats.items() if media_type == kind), None)
    if word is None and formats is DOCUMENTS and kind.startswith("text/"):
        word = "txt"
    if word is None:
        raise unsayable(path, f"is {inline.media_type}; Bedrock takes {', '.join(formats.values())}")
    return Source(word, {"bytes": inline.data})


def named_format(url: str, formats: Mapping[str, str], path: str) -> str:
    end = url.rpartition(".")[2].lower()
    word = ALIKE.get(end, end)
    if word not in formats:
        raise wrong(path, f"must end in one of {', '.join(formats)}")
    return word


class Names:
    """The names of a request's documents: of letters that Bedrock allows, and each once."""

    __slots__ = ("_taken",)

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, wanted: Any, word: str) -> str:
        plain = str(wanted or "").removesuffix(f".{word}")
        name = SPACES.sub(" ", UNNAMEABLE.sub("-", plain)).strip(" -")[:LONGEST_NAME] or "document"
        free, number = name, 2
        while free in self._taken:
            free, number = f"{name[: LONGEST_NAME - 8]}-{number}", number + 1
        self._taken.add(free)
        return free


def render_image(part: Json, path: str, dropped: list[str], names: Names) -> Json:
    held = part.get("image_url") if part["type"] == "image_url" else part
    if isinstance(held, dict) and held.get("detail") not in (None, "auto"):
        dropped.append("messages.image.detail")
    place = "image_url.url" if part["type"] == "image_url" else "source"
    word, source = render_source(image_url_of(part, path), IMAGES, f"{path}.{place}")
    return {"image": {"format": word, "source": source}}


def render_file(part: Json, path: str, dropped: list[str], names: Names) -> Json:
    """A document; an image that came as a file is an image."""
    file = asked(part.get("file"), dict, f"{path}.file")
    if file.get("file_id") is not None:
        raise unsayable(f"{path}.file.file_id", "lies with another provider; send the file itself")
    place = "file_url" if file.get("file_data") is None else "file_data"
    url = asked(file.get(place), str, f"{path}.file.{place}")
    if url.startswith("data:image/"):
        word, source = render_source(url, IMAGES, f"{path}.file.{place}")
        return {"image": {"format": word, "source": source}}
    word, source = render_source(url, DOCUMENTS, f"{path}.file.{place}")
    name = names.take(file.get("filename"), word)
    return {"document": {"format": word, "name": name, "source": source, **chosen(part, DOCUMENT_EXTRAS)}}


def render_audio(part: Json, path: str, dropped: list[str], names: Names) -> Json:
    audio = asked(part.get("input_audio"), dict, f"{path}.input_audio")
    word = asked(audio.get("format"), str, f"{path}.input_audio.format")
    if word not in SOUNDS:
        raise unsayable(f"{path}.input_audio.format", f"is {word}; Bedrock takes {', '.join(sorted(SOUNDS))}")
    data = asked(audio.get("data"), str, f"{path}.input_audio.data")
    return {"audio": {"format": word, "source": {"bytes": data}}}


def render_video(part: Json, path: str, dropped: list[str], names: Names) -> Json:
    video = asked(part.get("video_url"), dict, f"{path}.video_url")
    url = asked(video.get("url"), str, f"{path}.video_url.url")
    word, source = render_source(url, VIDEOS, f"{path}.video_url.url")
    return {"video": {"format": word, "source": source}}


RENDERERS: Mapping[str, Callable[[Json, str, list[str], Names], Json]] = {
    "image_url": render_image,
    "image": render_image,
    "file": render_file,
    "input_audio": render_audio,
    "video_url": render_video,
}


def parse_media(block: Json, path: str) -> Json | None:
    """An image, document, sound or video as a unified part; None when the unified form has no word for it."""
    for kind, parse in PARSERS.items():
        if kind in block:
            held = asked(block[kind], dict, f"{path}.{kind}")
            return parse(held, asked(held.get("source"), dict, f"{path}.{kind}.source"), f"{path}.{kind}")
    return None


def parse_image(image: Json, source: Json, path: str) -> Json | None:
    url = data_url_of(image, source, IMAGES, path)
    return None if url is None else {"type": "image_url", "image_url": {"url": url}}


def parse_document(document: Json, source: Json, path: str) -> Json | None:
    """`text` is said as a text file, which is what it stands for."""
    if isinstance(source.get("text"), str):
        source = {"bytes": b64encode(source["text"].encode("utf-8", "replace")).decode()}
        document = {"format": "txt", **document}
    url = data_url_of(document, source, DOCUMENTS, path)
    if url is None:
        return None
    name = f"{asked(document.get('name'), str, f'{path}.name')}.{document['format']}"
    place = "file_url" if url.startswith(S3) else "file_data"
    return {"type": "file", "file": {place: url, "filename": name}, **chosen(document, DOCUMENT_EXTRAS)}


def parse_video(video: Json, source: Json, path: str) -> Json | None:
    url = data_url_of(video, source, VIDEOS, path)
    return None if url is None else {"type": "video_url", "video_url": {"url": url}}


def parse_audio(audio: Json, source: Json, path: str) -> Json | None:
    if not isinstance(source.get("bytes"), str):
        return None
    check_base64(source["bytes"], "audio/*", f"{path}.source.bytes")
    word = asked(audio.get("format"), str, f"{path}.format")
    return {"type": "input_audio", "input_audio": {"data": source["bytes"], "format": word}}


PARSERS: Mapping[str, Callable[[Json, Json, str], Json | None]] = {
    "image": parse_image,
    "document": parse_document,
    "video": parse_video,
    "audio": parse_audio,
}


def data_url_of(held: Json, source: Json, formats: Mapping[str, str], path: str) -> str | None:
    """The content of a block, or its address in S3; None for anything else, or of a format not yet known."""
    media_type = formats.get(asked(held.get("format"), str, f"{path}.format"))
    data, place = source.get("bytes"), source.get("s3Location")
    if media_type is not None and isinstance(place, dict) and str(place.get("uri")).startswith(S3):
        return str(place["uri"])
    if media_type is None or not isinstance(data, str):
        return None
    check_base64(data, media_type, f"{path}.source.bytes")
    return f"data:{media_type};base64,{data}"
