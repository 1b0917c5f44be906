"""Whatever the disk does: calls go on, it is said once, and what was spent is written when that can be done again."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proxy.ledger import keeper as keeping
from proxy.ledger.file import NAME
from proxy.ledger.keeper import FAILING, OPEN, OPENS
from proxy.ledger.lines import HEAD, Line, render_lines
from tests.ledger.kept import QUICK, Ledger, quickly, started
from tests.upstream.pods import until


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    with quickly():
        yield


def is_there(path: str) -> bool:
    return Path(path).exists()


async def test_a_corrupt_file_is_said_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    good: list[Line] = [("a", 60, 5, 0), ("b", 60, 7, 0)]
    (tmp_path / NAME).write_bytes(HEAD + render_lines(good) + b"rubbish\n" + render_lines([("c", 60, 1, 0)]))
    one = await started(tmp_path)
    assert one.spent == {("a", 60): 5, ("b", 60): 7, ("c", 60): 1}
    assert one.keeper.corrupt == 1
    (record,) = caplog.records
    assert (record.levelno, record.__dict__["bad_lines"], record.__dict__["kept_entries"]) == (logging.ERROR, 1, 3)
    assert is_there(record.__dict__["aside"])
    await until(one.is_written)
    await one.keeper.close()


async def test_a_disk_that_fails_and_comes_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    one = await started(tmp_path)
    one.spend("a")
    await until(one.is_written)
    real = os.write

    def full(file: int, data: Any) -> int:
        if threading.current_thread() is threading.main_thread():
            return real(file, data)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.MonkeyPatch.context() as disk:
        disk.setattr(os, "write", full)
        one.spend("a")
        await until(lambda: one.keeper.failures > 3)
        assert one.keeper.state == FAILING
        assert one.keeper.lag > 0
        for number in range(50):
            one.spend(str(number))
        assert one.keeper._changed == {}, "it will be written whole"
    await until(one.is_written)
    await until(lambda: one.keeper.state == OPEN and one.keeper.lag == 0)
    said = [record.getMessage() for record in caplog.records if record.name == "outrider"]
    assert said == ["the ledger of budgets cannot be written: calls go on", "the ledger of budgets is written"]
    await one.keeper.close()


async def test_a_place_that_is_taken_away(tmp_path: Path) -> None:
    one = await started(tmp_path / "state")
    one.spend("a")
    await until(one.is_written)
    (tmp_path / "state").rename(tmp_path / "elsewhere")
    one.spend("a")
    await until(one.is_written)
    await until(lambda: one.keeper.state == OPEN)
    await one.keeper.close()


async def test_a_place_that_is_none_yet(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    one = Ledger(tmp_path / "state")
    one.keeper.start()
    assert one.keeper.state == FAILING
    one.spend("a")
    (tmp_path / "state").unlink()
    await until(one.is_written)
    await one.keeper.close()


@pytest.mark.parametrize("when", ["opening", "writing"])
async def test_a_disk_that_hangs_stops_nobody(when: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "OPENING", 0.05)
    monkeypatch.setattr(keeping, "CLOSING", 0.05)
    released = threading.Event()
    one = Ledger(tmp_path) if when == "opening" else await started(tmp_path)
    name = "open" if when == "opening" else "append"
    real = getattr(one.file, name)

    def hang(*arguments: Any) -> Any:
        released.wait(5)
        return real(*arguments)

    monkeypatch.setattr(one.file, name, hang)
    began = time.monotonic()
    if when == "opening":
        one.keeper.start()
        assert one.keeper.state == OPENS
    one.spend("a")
    await asyncio.sleep(QUICK * 3)
    one.spend("a")
    assert one.keeper.lag > 0
    if when == "opening":
        released.set()
        await until(one.is_written)
    await one.keeper.close()
    assert time.monotonic() - began < 1
    released.set()
    await asyncio.to_thread(one.keeper._thread.shutdown, True)


async def test_what_was_known_of_a_disk_that_can_only_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await started(tmp_path)
    first.spend("a", 5)
    await first.keeper.close()
    second = Ledger(tmp_path)
    with monkeypatch.context() as mounted:

        def refuse() -> None:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

        mounted.setattr(second.file, "_hold", refuse)
        second.keeper.start()
        assert (second.spent, second.keeper.state) == ({("a", 60): 5}, FAILING)
        second.spend("a", 2)
        await until(lambda: second.keeper.failures > 2)
    await until(second.is_written)
    assert second.spent == {("a", 60): 7}
    await second.keeper.close()
