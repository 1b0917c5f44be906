"""A keeper and the amounts that it keeps, quick enough for tests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from proxy.ledger import keeper as keeping
from proxy.ledger.file import NAME, LedgerFile
from proxy.ledger.keeper import OPEN, Keeper
from proxy.ledger.lines import Line, parse_lines

QUICK = 0.01


class Ledger:
    """A keeper and the amounts that it keeps."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.spent: dict[tuple[str, int], int] = {}
        self.file = LedgerFile(str(folder), time.time, time.monotonic)
        self.keeper = Keeper(self.file, self.add, self.lines, time.monotonic)

    def add(self, line: Line) -> None:
        self.spent[line[:2]] = self.spent.get(line[:2], 0) + line[2]

    def lines(self) -> list[Line]:
        return [(*key, money, 0) for key, money in self.spent.items()]

    def spend(self, purse: str, amount: int = 1, start: int = 60) -> None:
        self.spent[purse, start] = self.spent.get((purse, start), 0) + amount
        self.keeper.note(purse, start, lambda: (purse, start, self.spent[purse, start], 0))

    @property
    def written(self) -> dict[tuple[str, int], int]:
        """What somebody else would find there now."""
        return {line[:2]: line[2] for line in parse_lines(self.path.read_bytes()).lines}

    def is_written(self) -> bool:
        return self.path.exists() and self.written == self.spent


@contextmanager
def quickly() -> Iterator[None]:
    """Writes and tries follow one another a hundred times as fast."""
    with pytest.MonkeyPatch.context() as pace:
        pace.setattr(keeping, "WRITE", QUICK)
        pace.setattr(keeping, "LOCKED", QUICK)
        pace.setattr(keeping, "AWAY", (QUICK, QUICK * 4))
        yield


async def started(folder: Path) -> Ledger:
    one = Ledger(folder)
    one.keeper.start()
    assert one.keeper.state == OPEN
    return one
