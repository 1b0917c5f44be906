"""Parts of messages, both ways."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.cohere.fields import Draft
from proxy.dialects.cohere.parts import insert, parse_block, render_part

PNG = "data:image/png;base64,iVBORw0KGgo="
WEB = "https://example.com/a.png"


def render(part: Any, role: str = "user") -> tuple[Json | None, Draft]:
    draft = Draft({}, {})
    return render_part(part, "messages[0].content[0]", draft, role), draft


@pytest.mark.parametrize(
    ("part", "url"),
    [
        ({"type": "image_url", "image_url": {"url": WEB}}, WEB),
        ({"type": "image_url", "image_url": {"url": PNG}}, PNG),
        ({"type": "image", "source": {"type": "url", "url": WEB}}, WEB),
        ({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}, PNG),
        (
            {"type": "image_url", "image_url": {"url": "data:image/svg+xml,%3Csvg%3E"}},
            "data:image/svg+xml;base64,PHN2Zz4=",
        ),
    ],
)
def test_images(part: Json, url: str) -> None:
    assert render(part)[0] == {"type": "image_url", "image_url": {"url": url}}


def test_details() -> None:
    said, draft = render({"type": "image_url", "image_url": {"url": WEB, "detail": "high"}})
    assert said == {"type": "image_url", "image_url": {"url": WEB, "detail": "high"}}
    said, draft = render({"type": "image", "source": {"type": "url", "url": WEB}, "detail": "original"})
    assert said == {"type": "image_url", "image_url": {"url": WEB}}
    assert draft.dropped == ["messages.image.detail"]


def test_a_text_file_is_a_document() -> None:
    file = {"type": "file", "file": {"file_data": "data:text/plain;base64,aGVsbG8=", "filename": "a.txt"}}
    said, draft = render(file)
    assert said is None
    assert draft.wire["documents"] == [{"data": {"title": "a.txt", "text": "hello"}}]
    said, draft = render(file, "tool")
    assert said == {"type": "document", "document": {"data": {"title": "a.txt", "text": "hello"}}}
    assert draft.wire == {}


def test_a_document_reads_as_text_elsewhere_and_comes_back() -> None:
    block = {"type": "document", "document": {"id": "d1", "data": {"temp": 14}}}
    part = parse_block(block)
    assert part is not None
    assert (part["type"], part["text"]) == ("text", '{"temp":14}')
    assert render(part, "tool")[0] == block
    assert render(part, "user")[0] == {"type": "text", "text": '{"temp":14}'}


def test_blocks_without_a_word() -> None:
    assert parse_block({"type": "hologram"}) is None
    assert parse_block({"type": "text", "text": 5}) is None
    assert parse_block({"type": "image_url", "image_url": WEB}) is None


def test_own_blocks_go_back_to_their_places() -> None:
    parts: list[Json] = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    own, foreign = {"type": "hologram"}, {"at": 0, "block": {"type": "server_tool_use"}}
    dropped: list[str] = []
    woven = insert(parts, [{"at": 1, "block": own, "dialect": "cohere"}, foreign], dropped)
    assert woven == [parts[0], own, parts[1]]
    assert dropped == ["messages.provider_blocks"]
    assert insert(parts, None, dropped) == parts


@pytest.mark.parametrize(
    ("part", "role", "kind", "param"),
    [
        ("x", "user", "invalid_request", ""),
        ({"type": "hologram"}, "user", "invalid_request", ".type"),
        ({"type": "input_audio"}, "user", "unsupported_capability", ".type"),
        ({"type": "image_url", "image_url": {"url": PNG}}, "tool", "unsupported_capability", ".type"),
        ({"type": "image_url", "image_url": {"url": PNG}}, "assistant", "unsupported_capability", ".type"),
        ({"type": "file", "file": {"file_id": "f"}}, "user", "unsupported_capability", ".file.file_id"),
        (
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBE"}},
            "user",
            "unsupported_capability",
            ".file.file_data",
        ),
        (
            {"type": "file", "file": {"file_data": "data:text/plain;base64,//79"}},
            "user",
            "invalid_request",
            ".file.file_data",
        ),
        ({"type": "text"}, "user", "invalid_request", ".text"),
    ],
)
def test_what_is_wrong_or_cannot_be_said_is_named(part: Any, role: str, kind: str, param: str) -> None:
    with pytest.raises(Failure) as caught:
        render(part, role)
    assert (caught.value.kind, caught.value.param) == (kind, f"messages[0].content[0]{param}")
