"""Parts, both ways: nothing a part says is lost, and what is wrong is named by its path."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.responses.content import Parts, check_data_url, dump_text, parse_part

PNG = "data:image/png;base64,iVBORw0KGgo="
PDF = "data:application/pdf;base64,JVBERi0xLjQK"


def render(part: Any, model: str = "gpt-5") -> tuple[Json, list[str]]:
    dropped: list[str] = []
    return Parts(model, dropped).render(part, "p"), dropped


@pytest.mark.parametrize(
    ("unified", "wire"),
    [
        ({"type": "text", "text": "hi"}, {"type": "input_text", "text": "hi"}),
        (
            {"type": "image_url", "image_url": {"url": PNG, "detail": "low"}},
            {"type": "input_image", "image_url": PNG, "detail": "low"},
        ),
        ({"type": "file", "file": {"file_id": "f1"}}, {"type": "input_file", "file_id": "f1"}),
        (
            {"type": "file", "file": {"file_url": "https://x/a.pdf"}},
            {"type": "input_file", "file_url": "https://x/a.pdf"},
        ),
        (
            {"type": "file", "file": {"file_data": PDF, "filename": "a.pdf"}},
            {"type": "input_file", "file_data": PDF, "filename": "a.pdf"},
        ),
        (
            {"type": "file", "file": {"file_id": "f1"}, "responses": {"type": "input_image", "detail": "high"}},
            {"type": "input_image", "file_id": "f1", "detail": "high"},
        ),
    ],
)
def test_a_part_goes_and_comes_back(unified: Json, wire: Json) -> None:
    assert render(unified) == (wire, [])
    assert parse_part(wire, "p") == unified


@pytest.mark.parametrize(
    ("unified", "wire"),
    [
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}},
            {"type": "input_image", "image_url": PNG},
        ),
        (
            {"type": "image", "source": {"type": "url", "url": "https://x/a"}},
            {"type": "input_image", "image_url": "https://x/a"},
        ),
        ({"type": "file", "file": {"file_data": PNG}}, {"type": "input_image", "image_url": PNG}),
        (
            {"type": "file", "file": {"file_data": PDF}},
            {"type": "input_file", "file_data": PDF, "filename": "file.pdf"},
        ),
        ({"type": "refusal", "refusal": "no"}, {"type": "input_text", "text": "no"}),
    ],
)
def test_shorter_spellings_and_what_becomes_something_else(unified: Json, wire: Json) -> None:
    assert render(unified) == (wire, [])


@pytest.mark.parametrize("kind", ["input_audio", "video_url"])
def test_what_cannot_be_said_is_refused_by_name(kind: str) -> None:
    with pytest.raises(Failure) as caught:
        render({"type": kind})
    assert (caught.value.kind, caught.value.param) == ("unsupported_capability", "p.type")


@pytest.mark.parametrize(
    ("part", "param"),
    [
        ("text", "p"),
        ({"type": "nothing"}, "p.type"),
        ({"type": "text"}, "p.text"),
        ({"type": "file", "file": {"filename": "a"}}, "p.file"),
        ({"type": "image_url", "image_url": {}}, "p.image_url.url"),
        ({"type": "text", "text": "hi", "responses": []}, "p.responses"),
    ],
)
def test_a_wrong_unified_part_is_named(part: Any, param: str) -> None:
    with pytest.raises(Failure) as caught:
        render(part)
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)


@pytest.mark.parametrize(
    ("part", "param"),
    [
        ({"type": "input_text"}, "p.text"),
        ({"type": "input_image"}, "p.image_url"),
        ({"type": "input_image", "image_url": "data:image/png;base64,%%%"}, "p.image_url"),
        ({"type": "input_image", "image_url": "data:image/png;base64,JVBERi0xLjQK"}, "p.image_url"),
        ({"type": "input_file", "filename": "a"}, "p"),
        ({"type": "input_file", "file_data": "data:,x"}, "p.file_data"),
    ],
)
def test_a_wrong_part_of_the_wire_is_named(part: Json, param: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_part(part, "p")
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)


def test_a_part_without_a_unified_word_is_left_to_others() -> None:
    assert parse_part({"type": "computer_screenshot"}, "p") is None


def test_a_cache_marker_is_a_breakpoint_where_the_model_knows_one() -> None:
    marked = {"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}
    said = {"type": "input_text", "text": "hi"}
    assert render(marked, "gpt-5.6-sol") == ({**said, "prompt_cache_breakpoint": {"mode": "explicit"}}, [])
    assert render(marked, "gpt-5.2") == (said, ["messages.cache_control"])


def test_a_breakpoint_is_a_cache_marker_and_comes_back_as_it_was() -> None:
    wire = {"type": "input_text", "text": "hi", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}}
    unified = parse_part(wire, "p")
    assert unified is not None
    assert unified["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    assert render(unified, "gpt-5.2") == (wire, [])


def test_a_marker_of_the_whole_message_stands_on_its_last_part() -> None:
    message = {"content": "hi", "cache_control": {"type": "ephemeral"}}
    dropped: list[str] = []
    assert Parts("gpt-5.6", dropped).render_content(message, "c") == [
        {"type": "input_text", "text": "hi", "prompt_cache_breakpoint": {"mode": "explicit"}}
    ]
    assert not dropped
    assert Parts("gpt-5", dropped).render_content(message, "c") == "hi"
    assert dropped == ["messages.cache_control"]


def test_a_signature_on_a_part_is_named() -> None:
    signed = {"type": "text", "text": "hi", "extra_content": {"google": {"thought_signature": "s"}}}
    assert render(signed) == ({"type": "input_text", "text": "hi"}, ["messages.thought_signature"])


def test_text_in_a_data_url_needs_no_base64() -> None:
    check_data_url("data:text/plain,hello", "p")
    with pytest.raises(Failure):
        check_data_url("data:text/plain;base64,hello", "p")


def test_an_object_is_said_as_its_text_unless_it_is_too_deep() -> None:
    deep: Json = {}
    for _ in range(400):
        deep = {"a": deep}
    assert dump_text({"a": 1}, "p") == '{"a":1}'
    with pytest.raises(Failure) as caught:
        dump_text(deep, "p")
    assert caught.value.param == "p"


@pytest.mark.parametrize("called", ["gs://bucket/a.pdf", "s3://bucket/a", "https://x/files/abc"])
def test_a_file_that_lies_elsewhere_is_refused(called: str) -> None:
    with pytest.raises(Failure) as caught:
        render({"type": "file", "file": {"file_id": called, "media_type": "application/pdf"}})
    assert caught.value.kind == "unsupported_capability"
    assert str(caught.value.param).endswith(".file.file_id")
