"""Embeddings, both ways."""

from typing import Any

import pytest

from proxy.call import Failure, Json, Usage
from proxy.dialects.cohere import DIALECT
from proxy.dialects.cohere.embeddings import OPERATION

REPLY: Json = {
    "id": "e",
    "embeddings": {"float": [[0.5, 0.25], [1.0, 0.0]]},
    "texts": ["a", "b"],
    "meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": 4}},
    "response_type": "embeddings_by_type",
}


def test_openais_request() -> None:
    assert DIALECT.embeddings is OPERATION
    rendered = OPERATION.render_request({"model": "x", "input": "a", "dimensions": 256, "user": "u"}, "embed-v4.0")
    assert rendered == (
        {
            "model": "embed-v4.0",
            "input_type": "search_document",
            "texts": ["a"],
            "output_dimension": 256,
            "embedding_types": ["float"],
        },
        ["user"],
        ["input_type"],
    )


def test_what_it_is_for_and_how_it_is_written() -> None:
    asked = {
        "input": ["a", "b"],
        "input_type": "search_query",
        "encoding_format": "base64",
        "truncate": "END",
        "timeout": 5,
    }
    rendered = OPERATION.render_request(asked, "m")
    assert rendered.wire == {
        "model": "m",
        "truncate": "END",
        "input_type": "search_query",
        "texts": ["a", "b"],
        "embedding_types": ["base64"],
    }
    assert (rendered.dropped, rendered.translated) == ([], [])


@pytest.mark.parametrize(
    ("unified", "kind", "param"),
    [
        ({}, "invalid_request", "input"),
        ({"input": 5}, "invalid_request", "input"),
        ({"input": ["a", 5]}, "invalid_request", "input[1]"),
        ({"input": [5, 6]}, "unsupported_capability", "input"),
        ({"input": [[5, 6]]}, "unsupported_capability", "input"),
        ({"input": "a", "encoding_format": "int8"}, "invalid_request", "encoding_format"),
        ({"input": "a", "dimensions": "9"}, "invalid_request", "dimensions"),
    ],
)
def test_what_is_wrong_is_named(unified: Json, kind: str, param: str) -> None:
    with pytest.raises(Failure) as caught:
        OPERATION.render_request(unified, "m")
    assert (caught.value.kind, caught.value.param) == (kind, param)


def test_the_reply_as_openais_and_back() -> None:
    unified = OPERATION.parse_reply(REPLY)
    assert unified == {
        "object": "list",
        "data": [
            {"object": "embedding", "index": 0, "embedding": [0.5, 0.25]},
            {"object": "embedding", "index": 1, "embedding": [1.0, 0.0]},
        ],
        "model": "",
        "id": "e",
        "usage": {"prompt_tokens": 4, "total_tokens": 4},
    }
    assert OPERATION.render_reply(unified, {"input": ["a", "b"]}) == REPLY
    assert OPERATION.parse_usage(REPLY) == Usage(4)


def test_other_types_are_kept_whole() -> None:
    by_type = {"int8": [[1, 2]], "float": [[0.5]]}
    unified = OPERATION.parse_reply({**REPLY, "embeddings": by_type})
    assert unified["data"][0]["embedding"] == [0.5]
    assert OPERATION.render_reply(unified, {})["embeddings"] == by_type
    assert OPERATION.parse_reply({**REPLY, "embeddings": [[0.5]]})["data"][0]["embedding"] == [0.5]
    written = OPERATION.parse_reply({**REPLY, "embeddings": {"base64": ["AAAAPw=="]}})
    assert OPERATION.render_reply(written, {"input": "a"})["embeddings"] == {"base64": ["AAAAPw=="]}


@pytest.mark.parametrize(
    "wire",
    [
        {"model": "m", "texts": ["a"], "input_type": "search_query", "embedding_types": ["float"], "truncate": "END"},
        {"model": "m", "texts": ["a"], "input_type": "clustering", "embedding_types": ["int8", "float"]},
        {"model": "m", "images": ["data:image/png;base64,AAAA"], "input_type": "image", "embedding_types": ["base64"]},
        {
            "model": "m",
            "inputs": [{"content": [{"type": "text", "text": "a"}]}],
            "input_type": "search_query",
            "embedding_types": ["float"],
            "output_dimension": 512,
        },
    ],
)
def test_a_request_of_cohere_comes_back(wire: Json) -> None:
    assert OPERATION.render_request(OPERATION.parse_request(wire), "m") == (wire, [], [])


@pytest.mark.parametrize(
    ("wire", "param"),
    [
        ({"input_type": "search_query"}, "texts"),
        ({"texts": "a", "input_type": "search_query"}, "texts"),
        ({"texts": [5], "input_type": "search_query"}, "texts[0]"),
        ({"texts": ["a"]}, "input_type"),
        ({"texts": ["a"], "input_type": "search_query", "embedding_types": "float"}, "embedding_types"),
    ],
)
def test_what_is_wrong_in_it_is_named(wire: Json, param: str) -> None:
    with pytest.raises(Failure) as caught:
        OPERATION.parse_request(wire)
    assert (caught.value.kind, caught.value.param) == ("invalid_request", param)


@pytest.mark.parametrize("wire", [[], {}, {"message": "no"}, {"embeddings": {}}, {"embeddings": {"float": 5}}])
def test_what_is_no_reply(wire: Any) -> None:
    with pytest.raises(Failure) as caught:
        OPERATION.parse_reply(wire)
    assert caught.value.kind == "provider_error"
