"""Vectors: one and many, both ways."""

from typing import Any

import pytest

from proxy.call import Failure, Json
from proxy.dialects.gemini.embeddings import EMBED_BATCH, EMBED_ONE


def content(text: str) -> Json:
    return {"parts": [{"text": text}]}


def test_a_batch() -> None:
    unified = {"input": ["a", "b"], "dimensions": 8, "input_type": "search_query"}
    more = {"outputDimensionality": 8, "taskType": "RETRIEVAL_QUERY"}
    wire = {"requests": [{"model": "models/m", "content": content(text), **more} for text in "ab"]}
    assert EMBED_BATCH.render_request(unified, "m") == (wire, [], ())
    assert EMBED_BATCH.parse_request(wire) == unified


def test_one() -> None:
    wire = {"content": content("a"), "task_type": "QUESTION_ANSWERING", "title": "t"}
    unified = {"input": "a", "input_type": "question_answering", "title": "t"}
    assert EMBED_ONE.parse_request(wire) == unified
    [request] = EMBED_ONE.render_request(unified, "models/m").wire["requests"]
    assert request == {"model": "models/m", "content": content("a"), "taskType": "QUESTION_ANSWERING", "title": "t"}


def test_replies() -> None:
    wire = {"embeddings": [{"values": [1.5]}, {"values": [2]}], "usageMetadata": {"promptTokenCount": 3}}
    unified = EMBED_BATCH.parse_reply(wire)
    assert [entry["embedding"] for entry in unified["data"]] == [[1.5], [2]]
    assert unified["usage"]["total_tokens"] == 3
    assert EMBED_BATCH.render_reply(unified, {})["embeddings"] == wire["embeddings"]
    assert EMBED_ONE.render_reply(EMBED_ONE.parse_reply({"embedding": {"values": [1]}}), {}) == {
        "embedding": {"values": [1]}
    }


def test_what_cannot_be_said_is_named() -> None:
    unified = {
        "model": "m",
        "input": "a",
        "user": "u",
        "encoding_format": "base64",
        "input_type": "image",
        "extra": None,
    }
    assert EMBED_BATCH.render_request(unified, "m").dropped == ["user", "input_type"]


@pytest.mark.parametrize(
    ("unified", "kind"),
    [
        ({}, "invalid_request"),
        ({"input": []}, "invalid_request"),
        ({"input": [1, 2]}, "unsupported_capability"),
        ({"input": ["a", 1]}, "invalid_request"),
    ],
)
def test_wrong_input(unified: Json, kind: str) -> None:
    with pytest.raises(Failure) as raised:
        EMBED_BATCH.render_request(unified, "m")
    assert raised.value.kind == kind


@pytest.mark.parametrize(
    ("requests", "param"),
    [
        (3, "requests"),
        ([], "requests"),
        ([{}], "requests[0].content"),
        ([{"content": content("a"), "outputDimensionality": 0}], "requests[0].outputDimensionality"),
        ([{"content": {"parts": [{"inlineData": {}}]}}], "requests[0].content.parts[0]"),
        ([{"content": content("a")}, {"content": content("a"), "taskType": "CLUSTERING"}], "requests[1]"),
    ],
)
def test_wrong_batches(requests: Any, param: str) -> None:
    with pytest.raises(Failure) as raised:
        EMBED_BATCH.parse_request({"requests": requests})
    assert raised.value.param == param


def test_what_is_no_answer() -> None:
    wires: list[Any] = [[], {}, {"embeddings": [3]}, {"error": {"message": "m"}}]
    for wire in wires:
        with pytest.raises(Failure):
            EMBED_BATCH.parse_reply(wire)
