"""Images, documents, sound and video, there and back."""

from base64 import b64encode
from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.bedrock.media import RENDERERS, Names, parse_media

PNG = b64encode(b"\x89PNG\r\n\x1a\n").decode()
PDF = b64encode(b"%PDF-1.7").decode()
TXT = b64encode(b"hi").decode()


def say(part: Json, names: Names | None = None) -> Json:
    dropped: list[str] = []
    block = RENDERERS[part["type"]](part, "messages[0].content[1]", dropped, names or Names())
    assert dropped == []
    return block


def image(url: str) -> Json:
    return {"type": "image_url", "image_url": {"url": url}}


def file(url: str, **extras: Any) -> Json:
    return {"type": "file", "file": {"file_data": url, **extras}}


BOTH_WAYS = [
    (image(f"data:image/png;base64,{PNG}"), {"image": {"format": "png", "source": {"bytes": PNG}}}),
    (
        file(f"data:application/pdf;base64,{PDF}", filename="a (1).pdf"),
        {"document": {"format": "pdf", "name": "a (1)", "source": {"bytes": PDF}}},
    ),
    (
        file(f"data:text/markdown;base64,{TXT}", filename="a.md") | {"citations": {"enabled": True}, "context": "c"},
        {
            "document": {
                "format": "md",
                "name": "a",
                "source": {"bytes": TXT},
                "citations": {"enabled": True},
                "context": "c",
            }
        },
    ),
    (
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
        {"audio": {"format": "wav", "source": {"bytes": "AAAA"}}},
    ),
    (
        {"type": "video_url", "video_url": {"url": "data:video/3gpp;base64,AAAA"}},
        {"video": {"format": "three_gp", "source": {"bytes": "AAAA"}}},
    ),
]


@pytest.mark.parametrize(("part", "block"), BOTH_WAYS)
def test_a_part_is_a_block_and_back(part: Json, block: Json) -> None:
    assert say(part) == block
    assert parse_media(block, "x") == part


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (image("data:image/jpg;base64,/9j/"), {"image": {"format": "jpeg", "source": {"bytes": "/9j/"}}}),
        (image("s3://b/a.JPG"), {"image": {"format": "jpeg", "source": {"s3Location": {"uri": "s3://b/a.JPG"}}}}),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
            {"image": {"format": "png", "source": {"bytes": PNG}}},
        ),
        (file(f"data:image/png;base64,{PNG}"), {"image": {"format": "png", "source": {"bytes": PNG}}}),
        (
            file(f"data:text/x-python;base64,{TXT}"),
            {"document": {"format": "txt", "name": "document", "source": {"bytes": TXT}}},
        ),
        (
            {"type": "file", "file": {"file_url": "s3://b/a.docx"}},
            {
                "document": {
                    "format": "docx",
                    "name": "document",
                    "source": {"s3Location": {"uri": "s3://b/a.docx"}},
                }
            },
        ),
    ],
)
def test_other_spellings(part: Json, block: Json) -> None:
    assert say(part) == block


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("my_file.v2.pdf", "my-file-v2"),
        ("a  \t b.pdf", "a b"),
        ("ünïcode", "n-code"),
        ("..", "document"),
        (None, "document"),
        ("x" * 300, "x" * 200),
    ],
)
def test_names_are_of_what_bedrock_allows(wanted: Any, name: str) -> None:
    assert Names().take(wanted, "pdf") == name


def test_no_name_is_taken_twice() -> None:
    names = Names()
    part = file(f"data:application/pdf;base64,{PDF}", filename="a.pdf")
    taken = [say(part, names)["document"]["name"] for _ in range(3)]
    assert taken == ["a", "a-2", "a-3"]
    long = [names.take("y" * 300, "pdf") for _ in range(2)]
    assert len(set(long)) == 2
    assert max(map(len, long)) <= 200


def test_detail_is_dropped_by_name() -> None:
    dropped: list[str] = []
    part = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}", "detail": "high"}}
    RENDERERS["image_url"](part, "x", dropped, Names())
    assert dropped == ["messages.image.detail"]


@pytest.mark.parametrize(
    ("part", "kind", "param"),
    [
        (image("https://a/b.png"), "unsupported_capability", "image_url.url"),
        (image("data:image/tiff;base64,AAAA"), "unsupported_capability", "image_url.url"),
        (image("data:image/png;base64,%%%"), "invalid_request", "image_url.url"),
        (image("s3://b/a.exe"), "invalid_request", "image_url.url"),
        (file("data:application/zip;base64,AAAA"), "unsupported_capability", "file.file_data"),
        (file("x", file_id="file_1"), "unsupported_capability", "file.file_id"),
        (
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "midi"}},
            "unsupported_capability",
            "input_audio.format",
        ),
        ({"type": "video_url", "video_url": {"url": "https://a/b.mp4"}}, "unsupported_capability", "video_url.url"),
    ],
)
def test_what_cannot_be_said_is_refused_by_path(part: Json, kind: str, param: str) -> None:
    with pytest.raises(Failure) as caught:
        say(part)
    assert (caught.value.kind, caught.value.param) == (kind, f"messages[0].content[1].{param}")


def test_text_in_a_document_is_a_text_file() -> None:
    parsed = parse_media({"document": {"name": "a", "source": {"text": "hi"}}}, "x")
    assert parsed == file(f"data:text/plain;base64,{TXT}", filename="a.txt")


@pytest.mark.parametrize(
    "block",
    [
        {"text": "a"},
        {"image": {"format": "png", "source": {"s3Location": {"uri": "https://b/a.png"}}}},
        {"image": {"format": "avif", "source": {"bytes": "AAAA"}}},
        {"document": {"format": "txt", "name": "a", "source": {"content": [{"text": "a"}]}}},
        {"audio": {"format": "wav", "source": {"s3Location": {"uri": "s3://b/a.wav"}}}},
    ],
)
def test_a_block_without_a_word_is_left_to_be_carried(block: Json) -> None:
    assert parse_media(block, "x") is None


@pytest.mark.parametrize(
    ("block", "param"),
    [
        ({"image": {"format": "png", "source": {"bytes": TXT}}}, "x.image.source.bytes"),
        ({"image": {"source": {"bytes": PNG}}}, "x.image.format"),
        ({"image": {"format": "png"}}, "x.image.source"),
        ({"document": {"format": "pdf", "source": {"bytes": PDF}}}, "x.document.name"),
        ({"audio": {"format": "wav", "source": {"bytes": "A"}}}, "x.audio.source.bytes"),
    ],
)
def test_a_mistake_of_the_caller_is_named_by_its_path(block: Json, param: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_media(block, "x")
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)
