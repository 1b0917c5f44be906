"""Single parts, there and back."""

from base64 import b64encode

import pytest

from proxy.call import Failure, Json
from proxy.dialects.anthropic.blocks import parse_block, render_part

PNG = b64encode(b"\x89PNG").decode()
PDF = b64encode(b"%PDF-1.7").decode()
MARK = {"type": "ephemeral", "ttl": "1h"}


def say(part: Json) -> Json:
    dropped: list[str] = []
    block = render_part(part, "messages[0].content[1]", dropped)
    assert dropped == []
    return block


BOTH_WAYS = [
    (
        {"type": "file", "file": {"file_url": "https://a.pdf", "filename": "a"}},
        {"type": "document", "source": {"type": "url", "url": "https://a.pdf"}, "title": "a"},
    ),
    ({"type": "text", "text": "hi"}, {"type": "text", "text": "hi"}),
    (
        {"type": "text", "text": "hi", "cache_control": MARK},
        {"type": "text", "text": "hi", "cache_control": MARK},
    ),
    (
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}, "cache_control": MARK},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}, "cache_control": MARK},
    ),
    (
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
        {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
    ),
    (
        {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{PDF}", "filename": "a.pdf"}},
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": PDF},
            "title": "a.pdf",
        },
    ),
    (
        {"type": "file", "file": {"file_id": "file_1"}, "citations": {"enabled": True}},
        {"type": "document", "source": {"type": "file", "file_id": "file_1"}, "citations": {"enabled": True}},
    ),
    (
        {"type": "file", "file": {"file_data": f"data:text/plain;base64,{b64encode('é'.encode()).decode()}"}},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "é"}},
    ),
]


@pytest.mark.parametrize(("part", "block"), BOTH_WAYS)
def test_a_part_is_a_block_and_back(part: Json, block: Json) -> None:
    assert say(part) == block
    assert parse_block(block) == part


def test_the_shorter_image_form_is_anthropics_own() -> None:
    source = {"type": "base64", "media_type": "image/png", "data": PNG}
    assert say({"type": "image", "source": source}) == {"type": "image", "source": source}


def test_a_data_url_need_not_be_base64() -> None:
    assert say({"type": "file", "file": {"file_data": "data:text/plain,a%20b"}})["source"]["data"] == "a b"


def test_an_image_that_came_as_a_file_is_an_image() -> None:
    assert say({"type": "file", "file": {"file_data": f"data:image/png;base64,{PNG}"}})["type"] == "image"


def test_a_refusal_is_said_as_text() -> None:
    assert say({"type": "refusal", "refusal": "no"}) == {"type": "text", "text": "no"}


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ({"type": "image_url", "image_url": {"url": "https://a", "detail": "high"}}, "messages.image.detail"),
        ({"type": "image", "source": {"type": "url", "url": "https://a"}, "detail": "low"}, "messages.image.detail"),
    ],
)
def test_detail_is_dropped_by_name(part: Json, name: str) -> None:
    dropped: list[str] = []
    render_part(part, "x", dropped)
    assert dropped == [name]


@pytest.mark.parametrize(
    ("part", "kind", "param"),
    [
        ("text", "invalid_request", "messages[0].content[1]"),
        ({"text": "hi"}, "invalid_request", "messages[0].content[1].type"),
        ({"type": "hologram"}, "invalid_request", "messages[0].content[1].type"),
        ({"type": "text", "text": 1}, "invalid_request", "messages[0].content[1].text"),
        ({"type": "image_url", "image_url": "https://a"}, "invalid_request", "messages[0].content[1].image_url"),
        (
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,%%%"}},
            "invalid_request",
            "messages[0].content[1].image_url.url",
        ),
        (
            {"type": "file", "file": {"file_data": "data:;base64,AA=="}},
            "invalid_request",
            "messages[0].content[1].file.file_data",
        ),
        (
            {"type": "file", "file": {"file_data": "data:text/plain;base64,/w=="}},
            "invalid_request",
            "messages[0].content[1].file.file_data",
        ),
        (
            {"type": "file", "file": {"file_data": "data:video/mp4;base64,AA=="}},
            "unsupported_capability",
            "messages[0].content[1].file.file_data",
        ),
        ({"type": "input_audio"}, "unsupported_capability", "messages[0].content[1].type"),
    ],
)
def test_what_cannot_be_said_is_refused_by_path(part: Json, kind: str, param: str) -> None:
    with pytest.raises(Failure) as caught:
        say(part)
    assert (caught.value.kind, caught.value.param) == (kind, param)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "search_result", "source": "https://a", "content": []},
        {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
        {"type": "image", "source": {"type": "url", "url": "https://a"}, "transformations": {}},
        {"type": "container_upload", "file_id": "file_1"},
    ],
)
def test_a_block_without_a_word_is_left_to_be_carried(block: Json) -> None:
    assert parse_block(block) is None


@pytest.mark.parametrize(
    ("part", "param"),
    [
        ({"type": "image_url", "image_url": {"url": "s3://b/a.png"}}, "x.image_url.url"),
        ({"type": "file", "file": {"file_id": "gs://b/a.pdf"}}, "x.file.file_id"),
        (
            {"type": "file", "file": {"file_id": "https://generativelanguage.googleapis.com/v1/files/a"}},
            "x.file.file_id",
        ),
        ({"type": "file", "file": {"file_url": "gs://b/a.pdf"}}, "x.file.file_url"),
    ],
)
def test_what_lies_with_another_provider_is_refused(part: Json, param: str) -> None:
    with pytest.raises(Failure) as caught:
        render_part(part, "x", [])
    assert (caught.value.kind, caught.value.param) == ("unsupported_capability", param)
