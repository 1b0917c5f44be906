"""What is written of an injection, and what is believed of it."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.injector.status import Before, before, mark, restored, told, written

YES = {"d/injected": "true"}


def test_written_compact_and_sorted() -> None:
    assert written({"b": [1, "é"], "a": {"d": True, "c": None}}) == '{"a":{"c":null,"d":true},"b":[1,"é"]}'


def test_read_again() -> None:
    said = {"env": {"app": ["A"]}, "volumes": ["v"], "overlay": {"args": ["x"]}, "port": 9, "container": "m"}
    expected = Before(True, {"app": ["A"]}, frozenset({"v"}), {"args": ["x"]}, 9, "m")
    assert before(YES, {"d/status": written(said)}, "d") == expected


def test_values_of_variables_are_not_told_and_come_back_from_the_container() -> None:
    own = {"name": "outrider", "image": "auto", "args": ["x"], "env": [{"name": "A", "value": "1"}, {"name": "B"}]}
    assert told(own) == {"args": ["x"], "env": [{"name": "A"}, {"name": "B"}]}
    present = {"args": ["y"], "env": [{"name": "C"}, {"name": "A", "value": "1"}]}
    assert restored(told(own), present) == {"args": ["x"], "env": [{"name": "A", "value": "1"}]}
    assert told({"env": None}) == restored({}, present) == restored({"env": [{"name": "A"}]}, {}) == {}


def test_a_mark_does_not_ask_for_an_order() -> None:
    assert mark({"a": 1, "b": "é"}) == mark({"b": "é", "a": 1}) != mark({"a": 1})


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
        '{"env":[],"volumes":{},"overlay":1,"port":"9","container":1}',
        '{"env":{"a":{}},"port":true}',
    ],
)
def test_what_is_damaged_counts_as_absent(text: Any) -> None:
    found = before(YES, {"d/status": text}, "d")
    assert (found.injected, found.volumes, found.own, found.port, found.container) == (True, frozenset(), {}, None, "")
    assert not any(found.env.values())
