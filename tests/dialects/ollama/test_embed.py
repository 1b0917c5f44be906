"""Embeddings by both of Ollama's ways, and in OpenAI's words between them."""

from typing import Any

import pytest

from proxy.call import Failure, Json, Usage
from proxy.dialects.ollama.embed import EMBED, EMBED_LEGACY

UNIFIED: Json = {
    "object": "list",
    "data": [
        {"object": "embedding", "index": 0, "embedding": [0.5, 1]},
        {"object": "embedding", "index": 1, "embedding": [2.0, 3]},
    ],
    "model": "m",
    "usage": {"prompt_tokens": 7, "total_tokens": 7},
}


@pytest.mark.parametrize(
    "wire",
    [
        {"model": "m", "input": "a"},
        {
            "model": "m",
            "input": ["a", "b"],
            "dimensions": 3,
            "truncate": False,
            "keep_alive": "5m",
            "options": {"num_ctx": 9},
        },
    ],
)
def test_a_request_comes_back_by_value(wire: Json) -> None:
    unified = EMBED.parse_request(wire)
    assert EMBED.render_request(unified, "m") == (wire, [], ())


def test_what_has_no_word_is_named() -> None:
    unified = {"model": "m", "input": "a", "encoding_format": "base64", "user": "u", "input_type": "query", "new": None}
    assert EMBED.render_request(unified, "x") == ({"model": "x", "input": "a"}, ["user", "input_type"], ())


def test_a_reply_there_and_back() -> None:
    wire = {"model": "m", "embeddings": [[0.5, 1], [2.0, 3]], "prompt_eval_count": 7, "total_duration": 5}
    assert EMBED.parse_reply(wire) == UNIFIED
    assert EMBED.parse_usage(wire) == Usage(7)
    shuffled = {**UNIFIED, "data": UNIFIED["data"][::-1]}
    assert EMBED.render_reply(shuffled, {}) == {**wire, "total_duration": 0, "load_duration": 0}


def test_the_older_way() -> None:
    wire = {"model": "m", "prompt": "a", "options": {"num_ctx": 9}, "keep_alive": 0}
    unified = EMBED_LEGACY.parse_request(wire)
    assert unified == {"model": "m", "input": "a", "ollama_options": {"num_ctx": 9}, "keep_alive": 0}
    assert EMBED_LEGACY.render_request(unified, "m") == (wire, [], ())
    assert EMBED_LEGACY.render_request({"input": ["a"], "dimensions": 3}, "m") == (
        {"model": "m", "prompt": "a"},
        ["dimensions"],
        (),
    )
    assert EMBED_LEGACY.parse_reply({"embedding": [1, 2]})["data"][0]["embedding"] == [1, 2]
    assert EMBED_LEGACY.render_reply(UNIFIED, {}) == {"embedding": [0.5, 1]}


@pytest.mark.parametrize(
    ("wire", "param"),
    [
        ([], "body"),
        ({}, "input"),
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a", 3]}, "input[1]"),
        ({"input": "a", "options": 3}, "options"),
        ({"input": "a", "dimensions": 0}, "dimensions"),
    ],
)
def test_what_is_wrong(wire: Any, param: str) -> None:
    with pytest.raises(Failure) as failure:
        EMBED.parse_request(wire)
    assert (failure.value.kind, failure.value.param) == ("invalid_request", param)


def test_what_is_wrong_with_a_prompt() -> None:
    for wire in ({}, {"prompt": ""}, {"prompt": ["a"]}):
        with pytest.raises(Failure, match="prompt must"):
            EMBED_LEGACY.parse_request(wire)


def test_tokens_and_several_texts_have_no_room() -> None:
    for given in ([1, 2], [[1, 2]]):
        with pytest.raises(Failure) as failure:
            EMBED.render_request({"input": given}, "m")
        assert (failure.value.kind, failure.value.param) == ("unsupported_capability", "input")
    with pytest.raises(Failure, match="one text"):
        EMBED_LEGACY.render_request({"input": ["a", "b"]}, "m")


@pytest.mark.parametrize("wire", [[], {"error": "boom"}, {}, {"embeddings": [3]}, {"embeddings": [], "model": 3}])
def test_what_is_no_reply(wire: Any) -> None:
    with pytest.raises(Failure) as failure:
        EMBED.parse_reply(wire)
    assert failure.value.kind == "provider_error"
    with pytest.raises(Failure):
        EMBED_LEGACY.parse_reply(wire)


@pytest.mark.parametrize("unified", [{}, {"data": [3]}, {"data": [{"embedding": "AAAA"}]}])
def test_what_cannot_be_rendered(unified: Json) -> None:
    for operation in (EMBED, EMBED_LEGACY):
        with pytest.raises(Failure):
            operation.render_reply(unified, {})
    with pytest.raises(Failure):
        EMBED_LEGACY.render_reply({"data": []}, {})
