"""Texts become one, images stand beside them, and what Ollama cannot take is refused by its path."""

from base64 import b64encode
from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.ollama.parts import image_part, picture, read_pictures, render_content

PNG = b64encode(b"\x89PNG\r\n\x1a\n" + bytes(20)).decode()
JPEG = b64encode(b"\xff\xd8\xff\xe0" + bytes(20)).decode()
WEBP = b64encode(b"RIFF\0\0\0\0WEBPVP8 ").decode()


def image(data: str, kind: str = "image/png", **more: Any) -> Json:
    return {"type": "image_url", "image_url": {"url": f"data:{kind};base64,{data}", **more}}


def file(data: bytes, kind: str, **more: Any) -> Json:
    return {"type": "file", "file": {"file_data": f"data:{kind};base64,{b64encode(data).decode()}", **more}}


def render(*parts: Json, role: str = "user") -> tuple[Json, list[str]]:
    dropped: list[str] = []
    return render_content(list(parts), role, "content", dropped), dropped


def test_a_string_stays_one() -> None:
    assert render_content("hi", "user", "content", []) == {"content": "hi"}


def test_texts_are_joined_and_images_keep_their_order() -> None:
    said, dropped = render(
        {"type": "text", "text": "one"}, image(PNG), {"type": "text", "text": "two"}, image(JPEG, "image/jpeg")
    )
    assert said == {"content": "one\n\ntwo", "images": [PNG, JPEG]}
    assert dropped == []


def test_an_assistants_text_goes_on_where_it_ended() -> None:
    said, _ = render({"type": "text", "text": "one "}, {"type": "refusal", "refusal": "two"}, role="assistant")
    assert said == {"content": "one two"}


def test_the_shorter_form_of_an_image() -> None:
    source = {"type": "base64", "media_type": "image/png", "data": PNG}
    assert render({"type": "image", "source": source, "detail": "high"}) == (
        {"content": "", "images": [PNG]},
        ["messages.image.detail"],
    )


def test_what_has_no_word_is_named() -> None:
    part = {**image(PNG, detail="low"), "cache_control": {"type": "ephemeral"}}
    signed = {"type": "text", "text": "", "extra_content": {"google": {"thought_signature": "s"}}}
    assert render(part, signed)[1] == ["messages.cache_control", "messages.image.detail", "messages.thought_signature"]
    assert render(image(PNG, detail="auto"))[1] == []


def test_a_file_of_text_is_text_under_its_name_and_an_image_is_an_image() -> None:
    assert render(file("é".encode(), "text/plain", filename="a.txt"))[0] == {"content": "a.txt\né"}
    assert render(file(b"plain", "text/markdown"))[0] == {"content": "plain"}
    assert render(file(b"\x89PNG", "image/png"))[0] == {"content": "", "images": [b64encode(b"\x89PNG").decode()]}


@pytest.mark.parametrize(
    ("part", "kind", "param"),
    [
        ({"type": "image_url", "image_url": {"url": "https://a/b.png"}}, "unsupported_capability", "[0].image_url.url"),
        ({"type": "image", "source": {"type": "url", "url": "https://a"}}, "unsupported_capability", "[0].source"),
        (file(b"%PDF-", "application/pdf"), "unsupported_capability", "[0].file.file_data"),
        ({"type": "file", "file": {"file_id": "f"}}, "unsupported_capability", "[0].file.file_id"),
        ({"type": "file", "file": {"file_url": "https://a"}}, "unsupported_capability", "[0].file.file_url"),
        ({"type": "input_audio", "input_audio": {}}, "unsupported_capability", "[0].type"),
        ({"type": "video_url", "video_url": {}}, "unsupported_capability", "[0].type"),
        (file(b"\xff", "text/plain"), "invalid_request", "[0].file.file_data"),
        ({"type": "hologram"}, "invalid_request", "[0].type"),
        ({"type": "text"}, "invalid_request", "[0].text"),
        ({"type": "image_url"}, "invalid_request", "[0].image_url"),
        ("text", "invalid_request", "[0]"),
    ],
)
def test_what_cannot_be_said_or_is_wrong(part: Any, kind: str, param: str) -> None:
    with pytest.raises(Failure) as failure:
        render(part)
    assert (failure.value.kind, failure.value.param) == (kind, f"content{param}")


@pytest.mark.parametrize(("data", "kind"), [(PNG, "png"), (JPEG, "jpeg"), (WEBP, "webp"), ("Qk0AAAAAAAAAAAAA", "png")])
def test_the_type_of_an_image_is_read_from_its_first_bytes(data: str, kind: str) -> None:
    assert image_part(data, "images[0]") == image(data, f"image/{kind}")
    assert picture(data) == image(data, f"image/{kind}")


@pytest.mark.parametrize("data", ["", "?", "aGk", "https://a/b.png", "data:image/png;base64,aGk="])
def test_what_is_no_base64_is_the_callers_mistake(data: str) -> None:
    with pytest.raises(Failure, match=r"images\[0\]") as failure:
        image_part(data, "images[0]")
    assert failure.value.kind == "invalid_request"


def test_drawn_images_are_read_back_and_addresses_left_out() -> None:
    assert read_pictures([picture(PNG), {"type": "image_url", "image_url": {"url": "https://a"}}, {}, 3]) == [PNG]
