"""Processes that settle as fast as they can and are killed at any moment: `python -m tests.ledger.lives FOLDER CHAINS LIVES`.

Each chain is one ledger. Its lives follow one another: each finds what the one before left, goes on, and is killed. What a life
has settled, and when, it tells in memory that it shares with whoever kills it. One line of JSON for each life goes to standard
output: what was settled, what had been a second before the end, and what was restored.
"""

from __future__ import annotations

import asyncio
import json
import mmap
import os
import signal
import struct
import sys
import time
from pathlib import Path
from random import Random

from proxy.ledger import keeper as keeping
from proxy.ledger.file import LedgerFile
from proxy.ledger.keeper import OPEN, Keeper
from proxy.policies.book import Book, Entry

#: The promise: what was settled longer ago than this is restored.
LOST_SECONDS = 1.0
LONGEST_LIFE = 1.8
PURSES = 20
RECORD = struct.Struct("<dq")
COUNT = struct.Struct("<q")
SHARED = 1 << 18


class Diary:
    """(when, how much in all), in memory that outlives its writer."""

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, SHARED)

    def tell(self, total: int) -> None:
        """Before it is settled: so nothing can be restored that was not told."""
        (count,) = COUNT.unpack_from(self.memory)
        RECORD.pack_into(self.memory, COUNT.size + count * RECORD.size, time.monotonic(), total)
        COUNT.pack_into(self.memory, 0, count + 1)

    def until(self, moment: float) -> int:
        (count,) = COUNT.unpack_from(self.memory)
        told = [RECORD.unpack_from(self.memory, COUNT.size + at * RECORD.size) for at in range(count)]
        return max((int(total) for when, total in told if when <= moment), default=0)

    def clear(self) -> None:
        COUNT.pack_into(self.memory, 0, 0)


def total_of(book: Book) -> int:
    return sum(entry.money for entry in book.entries())


async def live(folder: str, diary: Diary, seed: int) -> None:
    """Until it is killed. Small files, so that they are written anew often."""
    keeping.LARGE = 4000
    dice, book = Random(seed), Book()
    keeper = Keeper(
        LedgerFile(folder, time.time, time.monotonic), lambda line: book.add(Entry(*line)), book.entries, time.monotonic
    )
    keeper.start()
    assert keeper.state == OPEN, "whoever was killed has let go of the lock"
    book.changed = lambda purse, tally: keeper.note(
        purse.key, tally.start, lambda: (purse.key, tally.start, tally.money, tally.tokens)
    )
    total = total_of(book)
    diary.tell(total)
    while True:
        amounts = [dice.randrange(1, 1000) for _ in range(10)]
        total += sum(amounts)
        diary.tell(total)
        for amount in amounts:
            purse = book.purse(f"purse {dice.randrange(PURSES)}")
            book.settle(purse, purse.at(60), amount, 1)
        await asyncio.sleep(0.004)


def restored(folder: str) -> int:
    file = LedgerFile(folder, time.time, time.monotonic)
    found = file.open()
    file.close()
    assert not found.aside, f"{found.bad} bad lines"
    return sum(line[2] for line in found.lines)


def main(folder: Path, chains: int, lives: int) -> None:
    dice = Random()
    diaries = [Diary() for _ in range(chains)]
    known: dict[str, int] = {}
    for _ in range(lives):
        born, began = {}, time.monotonic()
        for chain, diary in enumerate(diaries):
            diary.clear()
            seed, place = dice.randrange(1 << 30), str(folder / str(chain))
            pid = os.fork()
            if not pid:
                asyncio.run(live(place, diary, seed))
            born[pid] = (began + dice.uniform(0.01, LONGEST_LIFE), place, diary)
        for pid, (end, place, diary) in sorted(born.items(), key=lambda item: item[1][0]):
            time.sleep(max(end - time.monotonic(), 0.0))
            killed = time.monotonic()
            os.kill(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
            assert os.WIFSIGNALED(status), f"it ended by itself: {status}"
            settled, certain = diary.until(float("inf")), diary.until(killed - LOST_SECONDS)
            before, known[place] = known.get(place, 0), restored(place)
            told = {"settled": max(settled, before), "certain": max(certain, before), "restored": known[place]}
            sys.stdout.write(f"{json.dumps(told)}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
