"""Keeps a ledger beside the event loop: what is settled is on disk a quarter of a second later, and no call ever waits for it.

One thread does all that blocks. Where the disk fails calls go on, it is said once, and tried again: then all is written anew.
While another process has the ledger it is waited for; what that one spent is added then. What entries mean is not known here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from proxy.ledger.file import Found, Held, LedgerFile
from proxy.ledger.lines import Line

#: Seconds between two writes.
WRITE = 0.25
#: Seconds that opening and the last writing may take: a disk that hangs stops nobody.
OPENING = 2.0
CLOSING = 2.0
#: Seconds between two tries at a disk that fails, the first and the longest; and at a lock that another process has.
AWAY = (1.0, 30.0)
LOCKED = 1.0
#: A file is written anew when it is so large, and several times as large as what it says.
LARGE = 1 << 20
TIMES = 4
#: Changes that wait to be written one by one; more than these are written with all the rest.
MOST_CHANGED = 20_000
log = logging.getLogger("outrider")

CLOSED, OPENS, OPEN, WAITING, FAILING = "closed", "opening", "open", "waiting", "failing"


class Keeper:
    """`start` once there is a loop, `note` what is settled, `close` at the end.

    add:      called with each entry that was found. entries: all there are now, to be written anew.
    corrupt, failures: how often it was. state: closed, opening, open, waiting (another process has it), failing.
    """

    def __init__(
        self,
        file: LedgerFile,
        add: Callable[[Line], None],
        entries: Callable[[], Iterable[Line]],
        time: Callable[[], float],
    ) -> None:
        self.state = CLOSED
        self.corrupt = self.failures = 0
        self._file = file
        self._add = add
        self._entries = entries
        self._time = time
        self._read = False
        self._changed: dict[tuple[str, int], Callable[[], Line]] = {}
        self._since: float | None = None
        self._all = False
        self._small = 0
        self._away = AWAY[0]
        self._timer: asyncio.TimerHandle | None = None
        self._busy: asyncio.Future[Any] | None = None
        self._thread = ThreadPoolExecutor(1, "ledger")

    @property
    def lag(self) -> float:
        """Seconds since the oldest of what is settled and not written."""
        return 0.0 if self._since is None else self._time() - self._since

    @property
    def size(self) -> int:
        return self._file.size

    def start(self) -> None:
        """What was written before is there when this returns, if the disk answers in time; later, if it does not."""
        self.state = OPENS
        self._all = any(True for _ in self._entries())  # what was spent before there was this place
        opening = self._thread.submit(self._file.open)
        with suppress(TimeoutError, Held, OSError):
            opening.result(OPENING)
        self._after(opening, self._opened)

    def note(self, purse: str, start: int, read: Callable[[], Line]) -> None:
        """Something of it is settled; `read` tells how much, when it is written."""
        if self._since is None:
            self._since = self._time()
        if self.state != OPEN:
            self._all = True
            return
        if len(self._changed) >= MOST_CHANGED:
            self._changed.clear()
            self._all = True
        self._changed[purse, start] = read
        if self._timer is None and self._busy is None:
            self._later(WRITE, self._write)

    async def close(self) -> None:
        """Everything is written, unless the disk hangs."""
        try:
            async with asyncio.timeout(CLOSING):
                if self._busy is not None:
                    await asyncio.wait([self._busy])
                self._ring_no_more()  # nor what was set by what has just been written
                state, self.state = self.state, CLOSED
                await asyncio.get_running_loop().run_in_executor(self._thread, self._last_job(state == OPEN))
        except (TimeoutError, OSError) as error:
            log.warning("the ledger of budgets was not written to its end", extra={"fault": fault_of(error)})
        self.state = CLOSED
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _ring_no_more(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _last_job(self, opened: bool) -> Callable[[], None]:
        job = self._job() if opened else None

        def finish() -> None:
            try:
                if job is not None:
                    job()
            finally:
                self._file.close()

        return finish

    # ---- in turns

    def _after(self, job: Future[Any], then: Callable[[Future[Any]], None]) -> None:
        """`then`, on the loop, with what the thread has done; at once where it is done."""
        if job.done():
            then(job)
            return
        waited = self._busy = asyncio.wrap_future(job)

        def ended(_: object) -> None:
            self._busy = None
            if not waited.cancelled():
                waited.exception()
                if self.state != CLOSED:
                    then(job)

        waited.add_done_callback(ended)

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        def ring() -> None:
            self._timer = None
            what()

        self._timer = asyncio.get_running_loop().call_later(seconds, ring)

    def _open(self) -> None:
        if self._read:
            self._all = True
            self._after(self._thread.submit(self._job()), self._written)
        else:
            self._after(self._thread.submit(self._file.open), self._opened)

    def _opened(self, job: Future[Any]) -> None:
        error = job.exception()
        if error is not None:
            self._try_again(error)
            return
        found: Found = job.result()
        self._read = True
        if found.aside:
            self.corrupt += 1
            kept = {"aside": found.aside, "bad_lines": found.bad, "kept_entries": len(found.lines)}
            log.error("the ledger of budgets was corrupt and is set aside", extra=kept)
        for line in found.lines:
            self._add(line)
        if found.fault is not None:
            self._try_again(found.fault)
        else:
            self._is_open(self._all)

    def _write(self) -> None:
        self._all = self._all or self._file.size > max(LARGE, TIMES * self._small)
        self._after(self._thread.submit(self._job()), self._written)

    def _job(self) -> Callable[[], bool]:
        """What is to be written, as it is now. True from the job: the disk was told to keep it."""
        self._since = None
        lines = list(self._entries()) if self._all else [read() for read in self._changed.values()]
        whole, self._all = self._all, False
        self._changed.clear()

        def write() -> bool:
            if not whole:
                return self._file.append(lines)
            self._file.rewrite(lines)
            self._small = self._file.size
            return True

        return write

    def _written(self, job: Future[Any]) -> None:
        error = job.exception()
        if error is not None:
            self._try_again(error)
        else:
            self._is_open(bool(self._changed) or self._all or not job.result())

    def _is_open(self, more: bool) -> None:
        if self.state in (FAILING, WAITING):
            log.info("the ledger of budgets is written")
        self.state, self._away = OPEN, AWAY[0]
        if more:
            self._later(WRITE, self._write)

    def _try_again(self, error: BaseException) -> None:
        """Later. What was being written is in the book still."""
        if isinstance(error, Held):
            if self.state != WAITING:
                log.warning("another process has the ledger of budgets: what is spent is not written until it ends")
            self.state = WAITING
            self._later(LOCKED, self._open)
            return
        if not isinstance(error, OSError):
            raise error
        self.failures += 1
        if self.state != FAILING:
            log.error("the ledger of budgets cannot be written: calls go on", extra={"fault": fault_of(error)})
        self.state = FAILING
        self._since = self._time() if self._since is None else self._since
        self._later(self._away, self._open)
        self._away = min(self._away * 2, AWAY[1])


def fault_of(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]
