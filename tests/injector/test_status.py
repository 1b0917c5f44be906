"""What is written of an injection, and what is believed of it."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.injector.status import Before, before, written

YES = {"d/injected": "true"}


def test_written_compact_and_sorted() -> None:
    assert written({"b": [1, "é"], "a": {"d": True, "c": None}}) == '{"a":{"c":null,"d":true},"b":[1,"é"]}'


def test_read_again() -> None:
    text = written({"env": {"app": ["A"]}, "volumes": ["v"], "overlay": {"args": ["x"]}, "port": 9})
    assert before(YES, {"d/status": text}, "d") == Before(True, {"app": ["A"]}, frozenset({"v"}), {"args": ["x"]}, 9)


@pytest.mark.parametrize("labels", [{}, {"d/injected": "false"}, {"e/injected": "true"}])
def test_without_the_label_nothing_is_believed(labels: dict[str, Any]) -> None:
    assert before(labels, {"d/status": '{"env":{"app":["A"]}}'}, "d") == Before()


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "nonsense",
        "[]",
        "1",
        "[" * 99999,
        '{"env":[],"volumes":{},"overlay":1,"port":"9"}',
        '{"env":{"a":{}},"port":true}',
    ],
)
def test_what_is_damaged_counts_as_absent(text: Any) -> None:
    found = before(YES, {"d/status": text}, "d")
    assert (found.injected, found.volumes, found.own, found.port) == (True, frozenset(), {}, None)
    assert not any(found.env.values())
