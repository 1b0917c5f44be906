"""Bad input, seen before anything is sent: what each check refuses, by which path, and what it lets pass."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.call import Failure, Json
from proxy.dialects.checks import (
    DEEPEST_SCHEMA,
    MOST_SCHEMAS,
    check_base64,
    check_names,
    check_range,
    check_results,
    check_schema,
    check_version,
)

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def refusal(act: Callable[[], None]) -> Failure:
    with pytest.raises(Failure) as caught:
        act()
    failure = caught.value
    assert (failure.kind, failure.status) == ("invalid_request", 400)
    assert failure.param is not None
    assert failure.detail.startswith(failure.param)
    return failure


# ---- numbers, versions, names


@pytest.mark.parametrize("value", [None, 0, 2, 0.0, 2.0, 1.5])
def test_a_number_in_range_passes(value: Any) -> None:
    check_range("temperature", value, 0, 2)


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (-0.1, "generationConfig.temperature must be between 0 and 2, not -0.1"),
        (2.1, "generationConfig.temperature must be between 0 and 2, not 2.1"),
        (10**30, f"generationConfig.temperature must be between 0 and 2, not {10**30}"),
        ("1", "generationConfig.temperature must be a number"),
        (True, "generationConfig.temperature must be a number"),
    ],
)
def test_a_number_out_of_range_is_named_with_the_rule(value: Any, detail: str) -> None:
    assert refusal(lambda: check_range("generationConfig.temperature", value, 0, 2)).detail == detail


def test_a_range_may_be_open_above() -> None:
    check_range("max_tokens", 10**12, 1)
    assert refusal(lambda: check_range("max_tokens", 0, 1)).detail == "max_tokens must be at least 1, not 0"


def test_a_version_is_one_of_those_known() -> None:
    check_version("anthropic-version", None, {"2023-06-01"})
    check_version("anthropic-version", "2023-06-01", {"2023-06-01"})
    failure = refusal(lambda: check_version("anthropic-version", "2031-01-01", {"2023-06-01"}))
    assert failure.detail == "anthropic-version must be one of 2023-06-01, not '2031-01-01'"


def test_the_second_of_two_names_is_at_fault() -> None:
    check_names(["a", "b"], ["tools[0].name", "tools[1].name"])
    failure = refusal(lambda: check_names(["a", "b", "a"], ["tools[0].name", "tools[1].name", "tools[2].name"]))
    assert failure.param == "tools[2].name"


# ---- results of tools


def calls(*ids: str) -> Json:
    return {"role": "assistant", "tool_calls": [{"id": called, "function": {"name": "f"}} for called in ids]}


def result(called: Any) -> Json:
    return {"role": "tool", "tool_call_id": called, "content": "x"}


USER: Json = {"role": "user", "content": "go"}


@pytest.mark.parametrize(
    "messages",
    [
        [USER],
        [USER, calls("a", "b"), result("b"), result("a"), USER],
        [USER, calls("a"), result("a"), calls("a"), result("a")],
        [USER, calls("a", "a"), result("a"), result("a")],
        [USER, calls("a", "b"), result("a")],
        [USER, calls("a"), USER, result("a")],
        [USER, calls("a"), result(None)],
        [USER, {"role": "assistant", "tool_calls": [5, {}, {"id": 5}]}, {"role": "assistant", "tool_calls": "x"}],
    ],
    ids=["none", "any order", "called again", "one id twice", "one is missing", "late", "no id", "strange calls"],
)
def test_results_of_calls_pass(messages: list[Json]) -> None:
    check_results(messages, lambda index: f"messages[{index}].tool_call_id")


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        ([USER, result("a")], "messages[1].tool_call_id"),
        ([result("a"), calls("a")], "messages[0].tool_call_id"),
        ([USER, calls("a"), result("b")], "messages[2].tool_call_id"),
        ([USER, calls("a"), result("a"), result("a")], "messages[3].tool_call_id"),
        ([USER, calls("a"), result("a"), USER, result("a")], "messages[4].tool_call_id"),
    ],
    ids=["no call", "before its call", "another's", "twice", "twice, later"],
)
def test_a_result_without_its_call_is_named(messages: list[Json], param: str) -> None:
    assert refusal(lambda: check_results(messages, lambda index: f"messages[{index}].tool_call_id")).param == param


# ---- content by value


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("image/png", PNG),
        ("image/png", PNG[:4]),
        ("image/jpeg", b"\xff\xd8\xff\xe0" + bytes(9)),
        ("image/jpg", b"\xff\xd8\xff\xe0"),
        ("image/gif", b"GIF89a" + bytes(9)),
        ("image/gif", b"GIF87a"),
        ("image/webp", b"RIFF\x24\x00\x00\x00WEBPVP8 "),
        ("application/pdf", b"%PDF-1.7\n" + bytes(2000)),
        ("application/pdf", b"\n" * 900 + b"%PDF-1.7"),
        ("image/avif", b"anything"),
        ("text/plain", b"words"),
    ],
)
def test_content_that_is_what_it_says(media_type: str, content: bytes) -> None:
    check_base64(b64encode(content).decode(), media_type, "data")
    bare = urlsafe_b64encode(content).decode().rstrip("=")
    check_base64(bare, media_type, "data", either=True)


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("image/png", b"\xff\xd8\xff\xe0" + bytes(9)),
        ("image/jpeg", PNG),
        ("image/gif", b"<html>"),
        ("image/webp", b"RIFF\x24\x00\x00\x00WAVEfmt "),
        ("application/pdf", b"words, words, words"),
    ],
)
def test_mistyped_content_is_named(media_type: str, content: bytes) -> None:
    failure = refusal(lambda: check_base64(b64encode(content).decode(), media_type, "source.data"))
    assert failure.detail == f"source.data is declared as {media_type}, and its content is something else"


@pytest.mark.parametrize(
    "data",
    [
        "",
        "A",
        "AA",
        "AAA",
        "AAAAA",
        "AAA=A",
        "AA=",
        "A===",
        "====",
        "AAAA====",
        "AA A",
        "AAA\n",
        "AA-_",
        "AAÄA",
        "%%%%",
        5,
        None,
    ],
)
def test_what_is_no_base64(data: Any) -> None:
    assert refusal(lambda: check_base64(data, "text/plain", "source.data")).param == "source.data"


@pytest.mark.parametrize("data", ["A", "AAAAA", "AA=", "AAA*", "AAAA="])
def test_what_is_no_base64_in_either_alphabet(data: str) -> None:
    refusal(lambda: check_base64(data, "text/plain", "data", either=True))


def test_an_image_may_be_too_large_and_anything_else_may_not() -> None:
    data = b64encode(PNG + bytes(1000)).decode()
    check_base64(data, "image/png", "data", limit=1100)
    assert "more than 1000 bytes" in refusal(lambda: check_base64(data, "image/png", "data", limit=1000)).detail
    check_base64(b64encode(bytes(2000)).decode(), "audio/wav", "data", limit=1000)


def test_a_large_image_is_looked_at_quickly() -> None:
    data = b64encode(PNG + bytes(12 << 20)).decode()
    began = perf_counter()
    check_base64(data, "image/png", "data")
    assert perf_counter() - began < 1


# ---- JSON Schema

GOOD: Json = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "a": {"type": ["string", "null"], "enum": ["x", None], "pattern": "^x"},
        "b": {"type": "array", "items": {"$ref": "#/$defs/c"}, "prefixItems": []},
        "d": True,
        "e": {"anyOf": [{"type": "integer"}, {"type": "number"}], "description": None, "const": 5},
        "type": {"type": "string"},
    },
    "required": ["a"],
    "additionalProperties": False,
    "$defs": {"c": {"type": "boolean", "not": {}}},
    "items": None,
}


def test_a_schema_passes() -> None:
    check_schema(GOOD, "p")
    check_schema({}, "p")
    check_schema({"type": "array", "items": [{"type": "string"}, {}]}, "p")
    check_schema({"type": "OBJECT"}, "p", types={"OBJECT", "STRING"})


@pytest.mark.parametrize(
    ("schema", "param"),
    [
        ("object", "p"),
        ({"type": "str"}, "p.type"),
        ({"type": []}, "p.type"),
        ({"type": ["string", "none"]}, "p.type"),
        ({"type": 5}, "p.type"),
        ({"properties": []}, "p.properties"),
        ({"properties": {"a": "string"}}, "p.properties.a"),
        ({"properties": {"a": {"type": "dict"}}}, "p.properties.a.type"),
        ({"properties": {"a": {"items": {"type": "x"}}}}, "p.properties.a.items.type"),
        ({"required": "a"}, "p.required"),
        ({"required": True}, "p.required"),
        ({"required": ["a", 5]}, "p.required"),
        ({"enum": "a"}, "p.enum"),
        ({"items": 5}, "p.items"),
        ({"items": [{}, 5]}, "p.items[1]"),
        ({"anyOf": {}}, "p.anyOf"),
        ({"oneOf": []}, "p.oneOf"),
        ({"allOf": [{}, None]}, "p.allOf[1]"),
        ({"additionalProperties": "no"}, "p.additionalProperties"),
        ({"$defs": {"a": {"type": "any"}}}, "p.$defs.a.type"),
        ({"$ref": {}}, "p.$ref"),
    ],
)
def test_a_schema_that_is_none_is_named_where_it_is_wrong(schema: Any, param: str) -> None:
    assert refusal(lambda: check_schema(schema, "p")).param == param


def nested(depth: int) -> Json:
    schema: Json = {}
    for _ in range(depth):
        schema = {"properties": {"x" * 1000: schema, "y": {}}}
    return schema


def test_depth_and_size_are_bounded() -> None:
    check_schema(nested(DEEPEST_SCHEMA - 1), "p")
    refusal(lambda: check_schema(nested(DEEPEST_SCHEMA), "p"))
    refusal(lambda: check_schema(nested(5000), "p"))
    refusal(lambda: check_schema({"properties": {str(index): {} for index in range(MOST_SCHEMAS)}}, "p"))


def test_the_path_to_a_fault_is_short_even_where_names_are_long() -> None:
    wide: Json = {"properties": {"x" * 100_000: {"anyOf": [{}] * 1000 + [5]}}}
    assert len(refusal(lambda: check_schema(wide, "p")).param or "") < 200


KEYWORDS = st.sampled_from(
    [
        "type",
        "properties",
        "required",
        "enum",
        "items",
        "anyOf",
        "$ref",
        "$defs",
        "additionalProperties",
        "not",
        "string",
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.floats(allow_nan=False) | KEYWORDS | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYWORDS | st.text(max_size=2), inner, max_size=5),
    max_leaves=25,
)


@settings(max_examples=200, deadline=None, database=None)
@given(ANYTHING, st.sampled_from(["image/png", "application/pdf", "x"]), st.booleans())
def test_anything_passes_or_is_refused(value: Any, media_type: str, either: bool) -> None:
    messages = [{"role": "assistant", "tool_calls": value}, {"role": "tool", "tool_call_id": value}]
    with suppress(Failure):
        check_schema(value, "p")
    with suppress(Failure):
        check_base64(value, media_type, "p", either=either)
    with suppress(Failure):
        check_range("p", value, 0, 1)
    with suppress(Failure):
        check_results(messages, str)


@settings(max_examples=200, deadline=None, database=None)
@given(st.binary(max_size=40), st.booleans())
def test_what_was_encoded_passes(content: bytes, urlsafe: bool) -> None:
    data = (urlsafe_b64encode if urlsafe else b64encode)(content).decode()
    if content:
        check_base64(data, "application/octet-stream", "p", either=urlsafe)
