"""What several dialects read alike: data: URLs, arguments, functions, the choice among them."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.parts import (
    NO_PARAMETERS,
    Choice,
    Function,
    allowed_names,
    format_name,
    image_url_of,
    is_foreign,
    parse_arguments,
    read_choice,
    read_data_url,
    read_function,
)

FUNCTION: Json = {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": True}


@pytest.mark.parametrize(
    ("url", "content"),
    [
        ("https://a.png", None),
        ("data:image/png;base64,AAAA", ("image/png", "AAAA")),
        ("data:text/plain;charset=utf-8;base64,AAAA", ("text/plain", "AAAA")),
        ("data:image/jpg;base64,/9j/", ("image/jpeg", "/9j/")),
        ("data:text/plain,a%20b", ("text/plain", "YSBi")),
    ],
)
def test_a_data_url_holds_its_content(url: str, content: Any) -> None:
    assert read_data_url(url, "p") == content


@pytest.mark.parametrize("url", ["data:", "data:;base64,AAAA", "data:image/png;base64", "data:image/png;base64,%"])
def test_a_data_url_that_is_none_is_named(url: str) -> None:
    with pytest.raises(Failure) as caught:
        read_data_url(url, "p")
    assert (caught.value.kind, caught.value.param) == ("invalid_request", "p")


@pytest.mark.parametrize(
    ("part", "url"),
    [
        ({"type": "image_url", "image_url": {"url": "https://a"}}, "https://a"),
        ({"type": "image", "source": {"type": "url", "url": "https://a"}}, "https://a"),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA"}},
            "data:image/png;base64,AA",
        ),
    ],
)
def test_an_image_has_one_address_in_both_forms(part: Json, url: str) -> None:
    assert image_url_of(part, "p") == url


def test_arguments_are_an_object_or_nothing() -> None:
    assert parse_arguments('{"a": 1}') == parse_arguments({"a": 1}) == {"a": 1}
    assert parse_arguments("") == {}
    assert parse_arguments("[]") is parse_arguments("{") is parse_arguments(None) is None


def test_a_function_in_both_forms() -> None:
    wrapped = {"type": "function", "function": FUNCTION, "cache_control": {}}
    assert read_function(wrapped, "t") == Function("f", "d", {"type": "object"}, True, wrapped)
    assert read_function({"name": "f"}, "t") == Function("f", None, NO_PARAMETERS, False, {"name": "f"})
    assert read_function({"type": "web_search"}, "t") is None


@pytest.mark.parametrize(
    ("tool", "param"),
    [
        ("f", "t"),
        ({"type": "function", "function": "f"}, "t.function"),
        ({"type": "function"}, "t.function.name"),
        ({"name": "f", "description": 5}, "t.function.description"),
        ({"name": "f", "parameters": []}, "t.function.parameters"),
    ],
)
def test_a_function_that_is_none_is_named(tool: Any, param: str) -> None:
    with pytest.raises(Failure) as caught:
        read_function(tool, "t")
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)


@pytest.mark.parametrize(
    ("tool", "foreign"),
    [
        ({"type": "gemini", "gemini": {"googleSearch": {}}}, True),
        ({"type": "custom", "custom": {"name": "sql"}}, True),
        ({"type": "function", "function": FUNCTION}, False),
        ({"type": "web_search_20250305", "name": "web_search"}, False),
        (FUNCTION, False),
        ({"type": ["x"]}, False),
    ],
)
def test_a_tool_of_one_dialect_holds_itself_under_its_name(tool: Json, foreign: bool) -> None:
    assert is_foreign(tool) is foreign


@pytest.mark.parametrize(
    ("choice", "read"),
    [
        (None, None),
        ("auto", Choice("auto", None)),
        ("required", Choice("required", None)),
        ({"type": "function", "function": {"name": "f"}}, Choice("named", frozenset({"f"}))),
        ({"name": "f"}, Choice("named", frozenset({"f"}))),
        ({"type": "custom", "custom": {"name": "f"}}, None),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [{"function": {"name": "f"}}]}},
            Choice("required", frozenset({"f"})),
        ),
        ({"type": "allowed_tools", "allowed_tools": {"tools": []}}, Choice("auto", frozenset())),
    ],
)
def test_a_choice_is_read(choice: Any, read: Choice | None) -> None:
    assert read_choice(choice) == read


@pytest.mark.parametrize("choice", ["some", 5, {"type": "function"}, {"type": "allowed_tools"}])
def test_a_choice_that_is_none_is_named(choice: Any) -> None:
    with pytest.raises(Failure, match="tool_choice"):
        read_choice(choice)


def test_only_a_list_of_allowed_tools_leaves_some() -> None:
    assert allowed_names("auto") is allowed_names({"type": "function"}) is None


def test_a_format_that_cannot_be_said_is_named_by_its_row() -> None:
    kinds = ("json_object", "json_schema", "grammar", None)
    assert [format_name({"type": kind}).partition(".")[2] for kind in kinds] == ["json_object", "json_schema", "", ""]
