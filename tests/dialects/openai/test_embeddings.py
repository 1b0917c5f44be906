"""Embeddings pass as they are, in the encoding that was asked for."""

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from proxy.call import Failure, Json, Usage
from proxy.dialects.openai import DIALECT
from proxy.dialects.openai.embeddings import as_base64, as_floats, parse_request
from tests.dialects.openai.recorded import ANYTHING, OBJECTS, RECORDINGS

assert DIALECT.embeddings is not None
EMBED = DIALECT.embeddings
#: 0.5, -2.0 and 1.0 as little-endian floats of 32 bits (IEEE 754).
NUMBERS, ENCODED = [0.5, -2.0, 1.0], "AAAAPwAAAMAAAIA/"


def reply(*embeddings: Any) -> Json:
    entries = [
        {"object": "embedding", "index": index, "embedding": embedding} for index, embedding in enumerate(embeddings)
    ]
    return {"object": "list", "model": "m", "data": entries, "usage": {"prompt_tokens": 3, "total_tokens": 3}}


@pytest.mark.parametrize("value", ["a", "", ["a", "b"], [1, 2], [[1, 2], [3]]])
def test_a_request_passes_as_it_is(value: Any) -> None:
    wire = {"model": "m", "input": value, "dimensions": 256, "encoding_format": "float", "truncate": True}
    assert parse_request(wire) is wire


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": None}, "input"),
        ({"input": 5}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a", 5]}, "input"),
        ({"input": [1.5]}, "input"),
        ({"input": [True]}, "input"),
        ({"input": [[1], []]}, "input[1]"),
        ({"input": [[1], ["a"]]}, "input[1]"),
        ({"dimensions": 0}, "dimensions"),
        ({"dimensions": "many"}, "dimensions"),
        ({"encoding_format": 5}, "encoding_format"),
    ],
)
def test_a_mistake_is_named(fields: Json, param: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_request({"model": "m", "input": "a", **fields})
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)


def test_what_the_text_is_for_is_dropped_by_name_and_what_is_ours_stays() -> None:
    unified = {"model": "fast", "input": "a", "input_type": "query", "timeout": 5, "custom": 1}
    assert EMBED.render_request(unified, "m") == ({"model": "m", "input": "a", "custom": 1}, ["input_type"], ())
    assert EMBED.render_request({"input": "a"}, "m").dropped == []


def test_who_answers_out_of_order_is_put_in_order() -> None:
    """Dialects that know no index would tell one input's vector as another's."""
    wire = reply([1.0], [2.0], [3.0])
    wire["data"] = [wire["data"][place] for place in (2, 0, 1)]
    assert [entry["embedding"] for entry in EMBED.parse_reply(wire)["data"]] == [[1.0], [2.0], [3.0]]


def test_numbers_become_base64_where_that_was_asked_for_and_back() -> None:
    asked = {"encoding_format": "base64"}
    assert EMBED.render_reply(reply(NUMBERS, NUMBERS), asked)["data"][1]["embedding"] == ENCODED
    assert EMBED.render_reply(reply(ENCODED), asked)["data"][0]["embedding"] == ENCODED
    assert EMBED.render_reply(reply(ENCODED), {})["data"][0]["embedding"] == NUMBERS
    assert EMBED.render_reply(reply(NUMBERS), {}) == reply(NUMBERS)


@pytest.mark.parametrize("embedding", [["a"], 5, None, [[1]]])
def test_what_is_no_array_of_numbers_cannot_be_encoded(embedding: Any) -> None:
    with pytest.raises(Failure, match="no array of numbers"):
        as_base64(embedding)


@pytest.mark.parametrize("embedding", ["AAA", "AAAA", "%%%%", "é"])
def test_what_is_no_base64_of_numbers_cannot_be_decoded(embedding: str) -> None:
    with pytest.raises(Failure, match="neither numbers nor"):
        as_floats(embedding)


@pytest.mark.parametrize(
    ("wire", "detail"),
    [
        ([], "the reply is not an object"),
        ({}, "the reply has no data"),
        ({"data": [5]}, "the reply has no data"),
        ({"error": {"message": "down"}}, "down"),
    ],
)
def test_what_is_no_reply(wire: Any, detail: str) -> None:
    with pytest.raises(Failure, match=detail) as caught:
        EMBED.parse_reply(wire)
    assert caught.value.kind == "provider_error"


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 3, "total_tokens": 3}, Usage(3)),
        ({"total_tokens": 4}, Usage(4)),
        ({"prompt_tokens": None}, None),
        ({"prompt_tokens": 3, "total_tokens": 3, "cost": 6e-08}, Usage(3, cost=Decimal("0.00000006"))),
        (None, None),
    ],
)
def test_usage_is_what_was_read(usage: Json | None, expected: Usage | None) -> None:
    assert EMBED.parse_usage({"usage": usage}) == expected


def test_a_recorded_exchange() -> None:
    name = "openai/embeddings-logfire-test-embeddings-version-latest-0"
    if name not in RECORDINGS:
        pytest.skip("../shared/wire is not here: no recorded embeddings")
    request, answer = RECORDINGS[name]["request"]["json"], RECORDINGS[name]["response"]["json"]
    assert EMBED.render_request(EMBED.parse_request(request), request["model"]) == (request, [], ())
    parsed = EMBED.parse_reply(answer)
    assert parsed is answer
    assert EMBED.parse_usage(parsed) == Usage(answer["usage"]["prompt_tokens"])
    assert EMBED.render_reply(EMBED.render_reply(parsed, {}), {"encoding_format": "base64"}) == EMBED.render_reply(
        parsed, {"encoding_format": "base64"}
    )


@settings(max_examples=150, deadline=None, database=None)
@given(OBJECTS, ANYTHING)
def test_anything_is_answered_or_refused(fields: Json, value: Any) -> None:
    with suppress(Failure):
        EMBED.render_request(EMBED.parse_request({**fields, "input": value}), "m")
    for wire in (value, {**fields, "data": value}, {"data": [fields]}):
        with suppress(Failure):
            parsed = EMBED.parse_reply(wire)
            EMBED.parse_usage(parsed)
            EMBED.render_reply(parsed, {"encoding_format": "base64"})
            EMBED.render_reply(parsed, {})


@pytest.mark.parametrize("body", [None, [], "hi", 3])
def test_a_body_that_is_no_object_is_refused(body: Any) -> None:
    with pytest.raises(Failure) as caught:
        parse_request(body)
    assert (caught.value.kind, caught.value.param) == ("invalid_request", "body")
