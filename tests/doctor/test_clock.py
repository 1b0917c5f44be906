"""Whose clock is wrong, by what several servers say of the time."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from proxy.doctor.clock import clock_findings, offset_of

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("told", "age", "offset"),
    [(NOW, "0", -0.5), (NOW - 3600, "0", 3599.5), (NOW + 3600, "0", -3600.5), (NOW - 100, "100", -0.5)],
)
def test_offsets(told: float, age: str, offset: float) -> None:
    headers = {"date": formatdate(told, usegmt=True), "age": age}
    assert offset_of(headers, NOW - 1, NOW + 1) == pytest.approx(offset)


@pytest.mark.parametrize("headers", [{}, {"date": "soon"}, {"date": ""}, {"date": formatdate(NOW), "age": "old"}])
def test_who_does_not_tell(headers: dict[str, str]) -> None:
    assert offset_of(headers, NOW, NOW) is None


TOLD = [
    ({}, [("this machine", "skipped", "nobody was asked who would tell the time")]),
    ({"a": 0.4}, [("this machine", "ok", "it agrees with a to 1 s")]),
    ({"a": 45.0}, [("this machine", "warning", "it is 45 s ahead of a")]),
    ({"a": 3600.0}, [("this machine", "failed", "it is 60 min ahead of a")]),
    ({"a": -86400.0, "b": -86401.0}, [("this machine", "failed", "it is 24.0 h behind a, b")]),
    (
        {"a": 0.0, "b": 3600.0},
        [("this machine", "warning", "this machine agrees with a and this machine is 60 min ahead of b")],
    ),
    (
        {"a": 0.0, "b": 1.0, "c": -3600.0},
        [("this machine", "ok", "it agrees with a, b to 1 s"), ("c", "warning", "this machine is 60 min behind c")],
    ),
]


@pytest.mark.parametrize(("offsets", "told"), TOLD)
def test_whose_clock_it_is(offsets: dict[str, float], told: list[tuple[str, str, str]]) -> None:
    found = clock_findings(offsets)
    assert [(each.subject, each.state, each.detail) for each in found] == told
    assert all(bool(each.advice) is (each.state in ("warning", "failed")) for each in found)
