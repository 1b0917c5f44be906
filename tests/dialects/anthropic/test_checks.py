"""What Anthropic would refuse, refused at its door by the name of the member."""

from base64 import b64encode
from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.anthropic.checks import check_limits, check_source, check_tools
from proxy.dialects.anthropic.parse import parse_request

PNG = b64encode(b"\x89PNG\r\n\x1a\n" + bytes(20)).decode()


@pytest.mark.parametrize(
    "wire",
    [
        {},
        {"temperature": 0, "top_p": 1, "top_k": 0, "max_tokens": 0},
        {"temperature": None, "thinking": {"type": "enabled", "budget_tokens": 1024}},
        {"thinking": {"type": "adaptive"}},
    ],
)
def test_what_is_within_its_limits(wire: Json) -> None:
    check_limits(wire)


@pytest.mark.parametrize(
    ("wire", "detail"),
    [
        ({"temperature": 1.5}, "temperature must be between 0 and 1, not 1.5"),
        ({"temperature": "hot"}, "temperature must be a number"),
        ({"top_p": -0.1}, "top_p must be between 0 and 1, not -0.1"),
        ({"top_k": -1}, "top_k must be at least 0, not -1"),
        ({"top_k": 1.5}, "top_k must be an integer"),
        ({"max_tokens": True}, "max_tokens must be an integer"),
        ({"thinking": {"budget_tokens": 1023}}, "thinking.budget_tokens must be at least 1024, not 1023"),
    ],
)
def test_what_is_beyond_them(wire: Json, detail: str) -> None:
    with pytest.raises(Failure) as caught:
        check_limits(wire)
    assert caught.value.detail == detail


def test_no_two_tools_have_one_name() -> None:
    search = {"type": "web_search_20250305", "name": "search"}
    check_tools([search, {"name": "find", "input_schema": {"type": "object"}}])
    with pytest.raises(Failure) as caught:
        check_tools([search, {"name": "search", "input_schema": {"type": "object"}}])
    assert caught.value.param == "tools[1].name"


@pytest.mark.parametrize(
    ("source", "param"),
    [
        ({"type": "base64", "media_type": "image/jpeg", "data": PNG}, "x.source.data"),
        ({"type": "base64", "media_type": "image/png", "data": "%"}, "x.source.data"),
        ({"type": "base64", "media_type": "image/png"}, "x.source.data"),
        ({"type": "base64", "data": PNG}, "x.source.media_type"),
    ],
)
def test_content_that_is_not_what_it_says(source: Json, param: str) -> None:
    check_source({"source": {**source, "media_type": "image/png", "data": PNG}}, "x")
    with pytest.raises(Failure) as caught:
        check_source({"source": source}, "x")
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)


def test_an_image_in_a_result_is_looked_at_too() -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/gif", "data": PNG}}
    with pytest.raises(Failure) as caught:
        parse_request({"max_tokens": 5, "messages": [CALL, said(result("a", [image]))]})
    assert caught.value.param == "messages[1].content[0].content[0].source.data"


# ---- results


CALL: Json = {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}}]}


def result(called: str, content: Any = "x") -> Json:
    return {"type": "tool_result", "tool_use_id": called, "content": content}


def said(*blocks: Json) -> Json:
    return {"role": "user", "content": [*blocks]}


HI: Json = {"type": "text", "text": "hi"}


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        ([said(result("a"))], "messages[0].content[0].tool_use_id"),
        ([CALL, said(result("a"), HI, result("b"))], "messages[1].content[2].tool_use_id"),
        ([CALL, said(result("a"), result("a"))], "messages[1].content[1].tool_use_id"),
        (
            [{"role": "user", "content": "hi"}, CALL, said(HI, result("a")), said(result("a"))],
            "messages[3].content[0].tool_use_id",
        ),
    ],
)
def test_a_result_without_its_call_is_named_where_it_stands(messages: list[Json], param: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_request({"max_tokens": 5, "messages": messages})
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)
