"""One part, unified and on the wire, both ways."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.gemini.parts import parse_part, render_part

PNG = "iVBORw0KGgo="
SIGNED = {"extra_content": {"google": {"thought_signature": "c2ln"}}}

#: A part, and what it is on the wire: the same in both directions.
BOTH: list[tuple[Json, Json]] = [
    ({"type": "text", "text": "t"}, {"text": "t"}),
    ({"type": "text", "text": "t", **SIGNED}, {"text": "t", "thoughtSignature": "c2ln"}),
    (
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
        {"inlineData": {"mimeType": "image/png", "data": PNG}},
    ),
    (
        {"type": "image_url", "image_url": {"url": "https://a/b", "media_type": "image/webp"}},
        {"fileData": {"mimeType": "image/webp", "fileUri": "https://a/b"}},
    ),
    (
        {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "mp3"}},
        {"inlineData": {"mimeType": "audio/mp3", "data": "aGk="}},
    ),
    (
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0="}},
        {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0="}},
    ),
    (
        {"type": "file", "file": {"file_id": "gs://b/c.pdf", "media_type": "application/pdf"}},
        {"fileData": {"mimeType": "application/pdf", "fileUri": "gs://b/c.pdf"}},
    ),
    (
        {"type": "file", "file": {"file_url": "https://a/b.csv", "media_type": "text/csv"}},
        {"fileData": {"mimeType": "text/csv", "fileUri": "https://a/b.csv"}},
    ),
    ({"type": "file", "file": {"file_id": "gs://b/c.pdf"}}, {"fileData": {"fileUri": "gs://b/c.pdf"}}),
    (
        {"type": "file", "file": {"file_url": "https://a/b.pdf", "media_type": None}},
        {"fileData": {"fileUri": "https://a/b.pdf"}},
    ),
    (
        {
            "type": "video_url",
            "video_url": {"url": "https://youtu.be/x"},
            "extra_content": {"google": {"part": {"videoMetadata": {"fps": 1}}}},
        },
        {"fileData": {"fileUri": "https://youtu.be/x"}, "videoMetadata": {"fps": 1}},
    ),
]


@pytest.mark.parametrize(("unified", "wire"), BOTH)
def test_both_ways(unified: Json, wire: Json) -> None:
    dropped: list[str] = []
    assert render_part(unified, "p", dropped) == wire
    assert parse_part(wire, "p") == unified
    assert not dropped


@pytest.mark.parametrize(
    ("unified", "wire", "dropped"),
    [
        ({"type": "refusal", "refusal": "no"}, {"text": "no"}, []),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}, "detail": "low"},
            {"inlineData": {"mimeType": "image/png", "data": PNG}},
            ["messages.image.detail"],
        ),
        (
            {"type": "image_url", "image_url": {"url": "https://a/b.JPG?x=1"}},
            {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://a/b.JPG?x=1"}},
            [],
        ),
        ({"type": "image_url", "image_url": {"url": "https://a/b"}}, {"fileData": {"fileUri": "https://a/b"}}, []),
        (
            {"type": "file", "file": {"file_url": "https://a/b"}},
            {"fileData": {"mimeType": "application/pdf", "fileUri": "https://a/b"}},
            [],
        ),
        (
            {"type": "file", "file": {"file_id": "files/x"}},
            {"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/x"}},
            [],
        ),
        (
            {"type": "file", "file": {"file_url": "data:application/pdf;base64,JVBERi0="}},
            {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0="}},
            [],
        ),
        ({"type": "text", "text": "t", "cache_control": {}}, {"text": "t"}, ["messages.cache_control"]),
        ({"type": "text", "text": "t", "citations": [{"type": "x"}]}, {"text": "t"}, ["messages.citations"]),
        ({"type": "text", "text": "t", "citations": None, "context": None}, {"text": "t"}, []),
    ],
)
def test_there(unified: Json, wire: Json, dropped: list[str]) -> None:
    names: list[str] = []
    assert render_part(unified, "p", names) == wire
    assert names == dropped


def test_googles_own_sdk_writes_another_alphabet() -> None:
    part = parse_part({"inlineData": {"mime_type": "audio/wav", "data": "-_8"}}, "p")
    assert part == {"type": "input_audio", "input_audio": {"data": "+/8=", "format": "wav"}}


def test_what_has_no_unified_word_is_left() -> None:
    assert parse_part({"executableCode": {"code": "1"}}, "p") is None


@pytest.mark.parametrize(
    ("part", "param"),
    [
        (3, "p"),
        ({"type": "thing"}, "p.type"),
        ({"type": "text", "text": 1}, "p.text"),
        ({"type": "file", "file": {"file_data": "JVBERi0="}}, "p.file.file_data"),
        ({"type": "file", "file": {"file_data": "data:application/pdf;base64,%%"}}, "p.file.file_data"),
        ({"type": "input_audio", "input_audio": {"data": "a"}}, "p.input_audio.format"),
    ],
)
def test_wrong_parts(part: Any, param: str) -> None:
    with pytest.raises(Failure) as raised:
        render_part(part, "p", [])
    assert (raised.value.kind, raised.value.param) == ("invalid_request", param)


@pytest.mark.parametrize("called", ["file-abc", "file_011C", "https://a/b.pdf", "s3://b/c", "https://youtu.be/x"])
def test_a_file_that_lies_elsewhere_is_refused(called: str) -> None:
    with pytest.raises(Failure) as raised:
        render_part({"type": "file", "file": {"file_id": called}}, "p", [])
    assert (raised.value.kind, raised.value.param) == ("unsupported_capability", "p.file.file_id")


@pytest.mark.parametrize(
    ("part", "param"),
    [
        ({"text": 1}, "p.text"),
        ({"text": "a", "thoughtSignature": 1}, "p.thoughtSignature"),
        ({"inlineData": {"data": "aGk="}}, "p.inlineData.mimeType"),
        ({"inlineData": {"mimeType": "image/png", "data": "aGk="}}, "p.inlineData.data"),
        ({"inlineData": {"mimeType": "text/plain", "data": "a%"}}, "p.inlineData.data"),
        ({"fileData": {"mimeType": "image/png"}}, "p.fileData.fileUri"),
    ],
)
def test_wrong_parts_of_a_client(part: Json, param: str) -> None:
    with pytest.raises(Failure) as raised:
        parse_part(part, "p")
    assert (raised.value.kind, raised.value.param) == ("invalid_request", param)
