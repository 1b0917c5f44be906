"""The mock's vectors: the same text the same, texts alike near each other, and what is wrong refused."""

from __future__ import annotations

import time
from array import array
from base64 import b64decode
from math import isclose
from typing import Any

import orjson
import pytest

from proxy.upstream.mock.embeddings import DIMENSIONS, embeddings_script
from proxy.upstream.mock.openai import OPENAI


def ask(**fields: Any) -> tuple[int, Any]:
    script = embeddings_script(OPENAI, orjson.dumps({"model": "mock", "input": "a text", **fields}))
    head, _, body = b"".join(step.data for step in script.steps).partition(b"\r\n\r\n")
    return int(head.split()[1]), orjson.loads(body)


def vectors(**fields: Any) -> list[list[float]]:
    return [item["embedding"] for item in ask(**fields)[1]["data"]]


def dot(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_one_vector_for_each_text_in_order() -> None:
    status, reply = ask(input=["one", "two", "one"])
    assert status == 200
    assert [item["index"] for item in reply["data"]] == [0, 1, 2]
    one, two, again = vectors(input=["one", "two", "one"])
    assert one == again != two
    assert len(one) == DIMENSIONS
    assert isclose(dot(one, one), 1.0)
    assert reply["usage"] == {"prompt_tokens": 3, "total_tokens": 3}


def test_texts_that_share_words_are_near() -> None:
    cat, cats, ship = vectors(input=["the grey cat sleeps", "the grey cat runs", "a steam ship leaves"])
    assert dot(cat, cats) > dot(cat, ship)


def test_dimensions_and_base64() -> None:
    [[*plain]] = vectors(dimensions=7)
    [coded] = [item["embedding"] for item in ask(dimensions=7, encoding_format="base64")[1]["data"]]
    assert array("f", b64decode(coded)).tolist() == pytest.approx(plain)
    assert vectors(input=[1, 2]) == vectors(input=[[1, 2]])


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": []}, "input"),
        ({"input": None}, "input"),
        ({"input": [{}]}, "input"),
        ({"input": "word " * 8193}, "input"),
        ({"input": ["word " * 8000] * 38}, "input"),
        ({"dimensions": 0}, "dimensions"),
        ({"dimensions": True}, "dimensions"),
        ({"model": 7}, "model"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, Any], param: str) -> None:
    status, reply = ask(**fields)
    assert (status, reply["error"]["param"]) == (400, param)


def test_null_counts_as_absent() -> None:
    assert vectors(dimensions=None) == vectors()


def test_the_longest_input_does_not_hold_up_the_loop() -> None:
    """Its cost is that of its words alone: as many as there may be, at as many dimensions."""
    texts = [" ".join(map(str, range(at, at + 8000))) for at in range(0, 16_000, 8000)]
    before = time.process_time()
    long = vectors(input=texts, dimensions=4096)
    assert time.process_time() - before < 1.0
    assert [len(vector) for vector in long] == [4096, 4096]


def test_a_model_may_ask_for_a_status() -> None:
    assert ask(model="mock-status-503")[0] == 503


def test_what_is_no_json() -> None:
    assert b"400" in next(iter(embeddings_script(OPENAI, b"{").steps)).data[:20]
