"""A ledger beside a loop: written soon and in time, bounded, and one process at a time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from proxy.ledger import keeper as keeping
from proxy.ledger.keeper import CLOSED, WAITING
from proxy.ledger.lines import Line
from tests.ledger.kept import QUICK, Ledger, quickly, started
from tests.upstream.pods import until


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    with quickly():
        yield


async def test_what_is_settled_is_written_and_found(tmp_path: Path) -> None:
    one = await started(tmp_path)
    for number in range(100):
        one.spend(str(number % 5))
    assert one.keeper.lag >= 0
    await until(one.is_written)
    await until(lambda: one.keeper.lag == 0)
    one.spend("late")
    await one.keeper.close()
    assert one.is_written(), "the last of it too"
    two = await started(tmp_path)
    assert two.spent == one.spent
    await two.keeper.close()
    assert two.keeper.state == CLOSED


async def test_changes_of_one_purse_are_one_line(tmp_path: Path) -> None:
    one = await started(tmp_path)
    for _ in range(1000):
        one.spend("a")
    await until(one.is_written)
    assert one.path.read_bytes().count(b"\n") <= 3
    await one.keeper.close()


async def test_nothing_runs_while_nothing_is_settled(tmp_path: Path) -> None:
    one = await started(tmp_path)
    one.spend("a")
    await until(lambda: one.is_written() and one.keeper._timer is None and one.keeper._busy is None)
    await one.keeper.close()


async def test_a_file_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "LARGE", 2000)
    monkeypatch.setattr(keeping, "WRITE", 0.001)
    one = await started(tmp_path)
    largest = 0
    for number in range(150):
        one.spend("a", number)
        one.spend("b" * 100, number)
        await until(one.is_written)
        largest = max(largest, one.keeper.size)
    assert largest < 2000 + 500
    assert one.path.stat().st_size == one.keeper.size
    await one.keeper.close()


async def test_changes_that_wait_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST_CHANGED", 10)
    one = await started(tmp_path)
    for number in range(95):
        one.spend(str(number))
    assert len(one.keeper._changed) <= 10
    await until(one.is_written)
    assert len(one.spent) == 95
    await one.keeper.close()


async def test_the_second_waits_for_the_first(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As a container does that starts while the one before it still ends; what both spent is there in the end."""
    first, second = await started(tmp_path), Ledger(tmp_path)
    second.keeper.start()
    assert second.keeper.state == WAITING
    first.spend("a", 5)
    second.spend("a", 2)
    second.spend("b", 1)
    await asyncio.sleep(QUICK * 5)
    first.spend("a", 5)
    await first.keeper.close()
    await until(second.is_written)
    assert second.spent == {("a", 60): 12, ("b", 60): 1}
    await second.keeper.close()
    waits = [record for record in caplog.records if "another process has the ledger" in record.getMessage()]
    assert len(waits) == 1


async def test_what_was_spent_before_there_was_a_place_is_written(tmp_path: Path) -> None:
    """As after a reload that says for the first time where."""
    one = Ledger(tmp_path)
    one.spent["a", 60] = 7
    one.keeper.start()
    await until(one.is_written)
    await one.keeper.close()
    assert one.written == {("a", 60): 7}


async def test_nothing_rings_after_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that is under way when the end comes finds more to do, and must not set itself a time for it."""
    one = await started(tmp_path)
    append, under_way = one.file.append, threading.Event()

    def slow(lines: Iterable[Line]) -> bool:
        under_way.set()
        time.sleep(0.05)  # as long as the end takes to come
        append(lines)
        return False

    monkeypatch.setattr(one.file, "append", slow)
    one.spend("a")
    await until(under_way.is_set)
    monkeypatch.setattr(keeping, "WRITE", 30.0)
    await one.keeper.close()
    assert one.keeper._timer is None
    assert one.is_written()
