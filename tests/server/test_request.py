"""What is read off a request, and how the caller is told what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.call import Failure
from proxy.server.request import LONGEST_ID, LONGEST_MODEL, model_of, parse_json, request_id, timeout_of


@pytest.mark.parametrize("given", ["a", "x" * LONGEST_ID, "with spaces, and 7"])
def test_a_decent_id_is_kept(given: str) -> None:
    assert request_id({"x-request-id": given}) == given


@pytest.mark.parametrize("given", ["", "x" * (LONGEST_ID + 1), "ü", "a\tb", "a\r\nb"])
def test_any_other_id_is_made_anew(given: str) -> None:
    made = request_id({"x-request-id": given})
    assert len(made) == 32
    assert made != request_id({"x-request-id": given})
    assert int(made, 16) >= 0


def test_an_id_is_made_where_none_is_given() -> None:
    assert len(request_id({})) == 32


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"a": 1,\n "b": }', "line 2, column 7"),
        (b"", "line 1, column 1"),
        (b"[]", "must be a JSON object"),
        (b'"a"', "must be a JSON object"),
        (b"\xef\xbb\xbf{}", "not valid JSON"),
        (b'{"a": "\xff"}', "not valid JSON"),
        (b'{"a": NaN}', "line 1, column 7"),
    ],
)
def test_what_is_no_json_object(body: bytes, words: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_json(body)
    assert caught.value.kind == "invalid_request"
    assert words in caught.value.detail


def test_json() -> None:
    assert parse_json(b'{"a": [1]}') == {"a": [1]}


@pytest.mark.parametrize("model", [None, "", 1, ["m"], "a\nb", "a\0", "m" * (LONGEST_MODEL + 1)])
def test_what_names_no_model(model: Any) -> None:
    with pytest.raises(Failure) as caught:
        model_of({"model": model})
    assert (caught.value.kind, caught.value.param) == ("invalid_request", "model")


@pytest.mark.parametrize("model", ["m", "a:b/c", "ünï 🤖", "m" * LONGEST_MODEL])
def test_model(model: str) -> None:
    assert model_of({"model": model}) == model


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), "soon", True, [1]])
def test_what_is_no_timeout(timeout: object) -> None:
    with pytest.raises(Failure) as caught:
        timeout_of({"timeout": timeout})
    assert caught.value.param == "timeout"


@pytest.mark.parametrize("timeout", [None, 1, 0.5])
def test_timeout(timeout: float | None) -> None:
    assert timeout_of({"timeout": timeout}) == timeout
