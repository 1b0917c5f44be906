"""Embeddings of Titan and Cohere, both ways."""

from typing import Any

import pytest

from proxy.call import Failure, Json, Usage
from proxy.dialects.bedrock.embeddings import OPERATION

TITAN = "amazon.titan-embed-text-v2:0"
COHERE = "cohere.embed-multilingual-v3"
EVEN_NEWER = "us.cohere.embed-v4:0"


@pytest.mark.parametrize(
    ("unified", "model", "wire", "dropped", "translated"),
    [
        ({"input": "a"}, TITAN, {"inputText": "a"}, [], []),
        ({"input": ["a"], "dimensions": 256, "user": "u"}, TITAN, {"inputText": "a", "dimensions": 256}, ["user"], []),
        ({"input": "a", "dimensions": 256}, "amazon.titan-embed-text-v1", {"inputText": "a"}, ["dimensions"], []),
        (
            {"input": ["a", "b"], "encoding_format": "base64"},
            COHERE,
            {"texts": ["a", "b"], "input_type": "search_document", "embedding_types": ["float"]},
            [],
            ["input_type"],
        ),
        (
            {"input": "a", "input_type": "search_query", "dimensions": 512},
            EVEN_NEWER,
            {"texts": ["a"], "input_type": "search_query", "embedding_types": ["float"], "output_dimension": 512},
            [],
            [],
        ),
        (
            {"input": "a", "input_type": "similarity", "dimensions": 512},
            COHERE,
            {"texts": ["a"], "input_type": "search_document", "embedding_types": ["float"]},
            ["input_type", "dimensions"],
            [],
        ),
    ],
)
def test_a_request_in_the_models_words(
    unified: Json, model: str, wire: Json, dropped: list[str], translated: list[str]
) -> None:
    assert OPERATION.render_request(unified, model) == (wire, dropped, translated)


@pytest.mark.parametrize(
    ("unified", "model", "kind", "param"),
    [
        ({"input": ["a", "b"]}, TITAN, "unsupported_capability", "input"),
        ({"input": [[1, 2]]}, COHERE, "unsupported_capability", "input"),
        ({"input": ["a", 5]}, COHERE, "invalid_request", "input[1]"),
        ({}, COHERE, "invalid_request", "input"),
        ({"input": "a"}, "amazon.nova-lite-v1:0", "unsupported_capability", "model"),
        ({"input": "a", "dimensions": "many"}, TITAN, "invalid_request", "dimensions"),
    ],
)
def test_what_cannot_be_said_is_refused(unified: Json, model: str, kind: str, param: str) -> None:
    with pytest.raises(Failure) as caught:
        OPERATION.render_request(unified, model)
    assert (caught.value.kind, caught.value.param) == (kind, param)


def test_titans_reply_both_ways() -> None:
    wire = {"embedding": [0.5, 1.0], "inputTextTokenCount": 3}
    unified = OPERATION.parse_reply(wire)
    assert unified["data"] == [{"object": "embedding", "index": 0, "embedding": [0.5, 1.0]}]
    assert unified["usage"] == {"prompt_tokens": 3, "total_tokens": 3}
    assert OPERATION.parse_usage(wire) == Usage(input=3)
    assert OPERATION.render_reply(unified, OPERATION.parse_request({"inputText": "a"})) == wire


@pytest.mark.parametrize("held", [[[0.5], [1.0]], {"float": [[0.5], [1.0]], "int8": [[1], [2]]}])
def test_coheres_reply_in_either_form(held: Any) -> None:
    unified = OPERATION.parse_reply({"id": "e", "embeddings": held, "texts": ["a", "b"]})
    assert [entry["embedding"] for entry in unified["data"]] == [[0.5], [1.0]]
    assert "usage" not in unified
    assert OPERATION.parse_usage({"embeddings": held}) is None


def test_coheres_client_gets_the_form_it_asked_for() -> None:
    data = [{"object": "embedding", "index": 0, "embedding": [0.5]}]
    plain = OPERATION.parse_request({"texts": ["a"], "input_type": "clustering", "output_dimension": 256})
    assert plain == {"input": ["a"], "input_type": "clustering", "dimensions": 256}
    assert OPERATION.render_reply({"data": data}, plain)["embeddings"] == [[0.5]]
    typed = OPERATION.parse_request({"texts": ["a"], "input_type": "clustering", "embedding_types": ["float"]})
    assert OPERATION.render_reply({"data": data}, typed)["embeddings"] == {"float": [[0.5]]}
    with pytest.raises(Failure, match="embedding_types"):
        OPERATION.parse_request({"texts": ["a"], "embedding_types": ["int8"]})


@pytest.mark.parametrize("wire", [{}, {"embedding": "x"}, {"embeddings": []}, {"embeddings": {"int8": [[1]]}}, []])
def test_a_reply_without_floats_is_broken(wire: Any) -> None:
    with pytest.raises(Failure) as caught:
        OPERATION.parse_reply(wire)
    assert caught.value.kind == "provider_error"
