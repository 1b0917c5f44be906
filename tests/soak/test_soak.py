"""A soak of some seconds: the same as the long one of `make soak`, and nothing may be wrong in it either."""

from __future__ import annotations

import asyncio

import pytest
import uvloop

from tests.soak.course import soak
from tests.soak.report import render
from tests.soak.result import Result, plan_for

SECONDS = 6.0


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(soak(plan_for(SECONDS, applications=24, seed="test"), tmp_path_factory.mktemp("soak")))


def test_nothing_is_lost_and_nothing_is_mixed_up(result: Result) -> None:
    assert not result.book.wrongs, render(result)


def test_it_was_put_to_the_test(result: Result) -> None:
    """Enough of everything has happened for the other test to mean something."""
    outcomes = result.book.outcomes
    assert outcomes["good"] > 200
    assert min(outcomes[each] for each in ("refused", "broken", "left")) > 3
    assert len(result.book.faults) > 5
    assert result.book.reloads["taken"] > 1
    assert result.book.reloads["refused"] > 0
    assert min(result.retried, result.fallen_back, result.hedged) > 3
    assert result.opened > 0
    assert len(result.samples) > 10
    assert "resident MB" in render(result)
