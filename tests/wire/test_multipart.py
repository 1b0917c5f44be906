"""A field is found wherever the form is cut, and nothing that only looks like one is taken for it."""

from __future__ import annotations

import pytest

from proxy.call import Failure
from proxy.wire.multipart import LONGEST_FIELD, LONGEST_HEAD, Field, FieldFinder, boundary_in, name_in


def part(name: str, value: bytes, more: str = "") -> bytes:
    head = f'content-disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + value


def form(*parts: bytes, boundary: bytes = b"x") -> bytes:
    return b"".join(b"--%b\r\n%b\r\n" % (boundary, each) for each in parts) + b"--%b--\r\n" % boundary


def found_in(body: bytes, *cuts: int, boundary: bytes = b"x") -> Field | None:
    finder = FieldFinder(boundary, b"model")
    for start, end in zip((0, *cuts), (*cuts, len(body)), strict=True):
        finder.feed(body[start:end])
    return finder.found


FILE = part("file", b"\x00\xff\r\n--y--\r\n-- x", '; filename="a.wav"')
FORMS = {
    "alone": form(part("model", b"m-1")),
    "last": form(FILE, part("prompt", b"hi"), part("model", b"m-1")),
    "after an empty field": form(part("prompt", b""), part("model", b"m-1")),
    "after a preamble": b"this is ignored\r\n" + form(part("model", b"m-1")),
    "after a part without a body": b"--x\r\ncontent-disposition: form-data; name=a\r\n\r\n--x\r\n"
    + part("model", b"m-1")
    + b"\r\n--x--",
    "padded": b"--x \t\r\n" + part("model", b"m-1") + b"\r\n--x--",
    "other headers": form(b"Content-Type: text/plain\r\nContent-Disposition: form-data; name=model\r\n\r\nm-1"),
    "a file of that name before it": form(part("model", b"no", '; filename="model"'), part("model", b"m-1")),
    "a mark in a file": form(part("file", b"\r\n--xy\r\n" + part("model", b"no")), part("model", b"m-1")),
}


@pytest.mark.parametrize("case", FORMS)
def test_the_field_is_found_wherever_the_form_is_cut(case: str) -> None:
    body = FORMS[case]
    for cut in range(len(body) + 1):
        field = found_in(body, cut)
        assert field is not None, cut
        assert field.value == b"m-1"
        assert body[field.start : field.end] == b"m-1"


def test_byte_by_byte() -> None:
    body = FORMS["last"]
    assert found_in(body, *range(1, len(body))) == found_in(body)


def test_the_first_of_two_counts_and_nothing_more_is_read() -> None:
    finder = FieldFinder(b"x", b"model")
    finder.feed(form(part("model", b"one"), part("model", b"two")))
    finder.feed(b"anything")
    assert finder.found is not None
    assert finder.found.value == b"one"


def test_an_empty_field_is_empty() -> None:
    body = form(part("model", b""))
    field = found_in(body)
    assert field is not None
    assert field.value == body[field.start : field.end] == b""


@pytest.mark.parametrize(
    "body", [form(FILE), form(part("Model", b"m")), form(part("model", b"m", "; filename*=utf-8''m"))]
)
def test_a_form_without_the_field_is_over(body: bytes) -> None:
    finder = FieldFinder(b"x", b"model")
    finder.feed(body)
    assert (finder.found, finder.over) == (None, True)


@pytest.mark.parametrize("body", [b"", b"{}", b"\n--x\n\n--x--", b"--y\r\n\r\n--y--"])
def test_what_is_no_form_has_no_field_and_no_end(body: bytes) -> None:
    finder = FieldFinder(b"x", b"model")
    finder.feed(body)
    assert (finder.found, finder.over) == (None, False)


def test_a_field_that_is_too_long_is_refused_before_it_has_ended() -> None:
    finder = FieldFinder(b"x", b"model")
    finder.feed(b"--x\r\n" + part("model", b"m" * LONGEST_FIELD))
    with pytest.raises(Failure) as caught:
        finder.feed(b"m" * 100)
    assert (caught.value.kind, caught.value.param) == ("invalid_request", "model")


def test_the_longest_field_is_taken() -> None:
    field = found_in(form(part("model", b"m" * LONGEST_FIELD)))
    assert field is not None
    assert len(field.value) == LONGEST_FIELD


def test_a_head_without_an_end_is_refused() -> None:
    finder = FieldFinder(b"x", b"model")
    with pytest.raises(Failure, match="head of more than"):
        finder.feed(b"--x\r\nx: " + b"y" * LONGEST_HEAD)


def test_of_a_long_file_next_to_nothing_is_kept() -> None:
    finder = FieldFinder(b"x", b"model")
    finder.feed(b"--x\r\n" + part("file", b"", '; filename="f"'))
    for _ in range(100):
        finder.feed(b"\r\n--" * 1000)
        assert len(finder._buffer) < 16


NAMES = {
    b'content-disposition: form-data; name="model"': b"model",
    b"Content-Disposition: form-data; NAME=model": b"model",
    b'x: y\r\ncontent-disposition : form-data ; name = "a b"': b"a b",
    b'content-disposition: form-data; name="model"; filename=""': None,
    b"content-disposition: form-data": None,
    b"x-content-disposition: form-data; name=model": None,
    b"": None,
}


@pytest.mark.parametrize(("head", "name"), NAMES.items())
def test_the_name_of_a_part(head: bytes, name: bytes | None) -> None:
    assert name_in(head) == name


BOUNDARIES = {
    "multipart/form-data; boundary=abc": b"abc",
    'Multipart/Form-Data; charset="a;boundary=no"; boundary="a b:c"': b"a b:c",
    "multipart/form-data; boundary=abc; charset=utf-8": b"abc",
    "multipart/form-data": None,
    "multipart/form-data; boundary=": None,
    "multipart/mixed; boundary=abc": None,
    "application/json": None,
    "": None,
    f"multipart/form-data; boundary={'x' * 71}": None,
}


@pytest.mark.parametrize(("content_type", "boundary"), BOUNDARIES.items())
def test_the_boundary_of_a_form(content_type: str, boundary: bytes | None) -> None:
    assert boundary_in(content_type) == boundary
