"""Text and parts of Google's own, put together again."""

from typing import Any

import pytest

from proxy.call import Json
from proxy.dialects.gemini.weave import insert, weave

A: Json = {"executableCode": {}}
B: Json = {"toolCall": {}}


def at(place: Any, block: Any) -> Json:
    return {"at": place, "block": block, "dialect": "gemini"}


@pytest.mark.parametrize(
    ("text", "own", "parts"),
    [
        ("", [], [{"text": ""}]),
        ("ab", [], [{"text": "ab"}]),
        ("ab", [at(2, B), at(1, A)], [{"text": "a"}, A, {"text": "b"}, B]),
        ("ab", [at(0, A), at(0, B)], [A, B, {"text": "ab"}]),
        ("", [at(9, A), at(-1, "x")], [A]),
        ("ab", [at(None, A)], [A, {"text": "ab"}]),
    ],
)
def test_weave(text: str, own: list[Json], parts: list[Json]) -> None:
    assert weave(text, own) == parts


def test_what_came_behind_calls_stays_with_them() -> None:
    late = {**at(0, A), "calls": 1}
    assert weave("ab", [late]) == [{"text": "ab"}]
    one, two = {"functionCall": {"name": "1"}}, {"functionCall": {"name": "2"}}
    assert insert([one, two], [late, at(0, B)], "calls") == [one, A, two]


def test_insert() -> None:
    one, two = {"text": "1"}, {"text": "2"}
    assert insert([one, two], [at(1, A), at(7, B)]) == [one, A, two, B]
    assert insert([], [at(3, A)]) == [A]
