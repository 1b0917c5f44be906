"""One run of a container: its process 1 as this machine sees it, its signals, its end, and what it wrote."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

from tests.cluster.podsim.sandbox import CHROOT, Wanted, command_line, joined

PATIENCE = 10.0
#: As containers' runtimes tell an end by a signal.
SIGNALLED = 128
#: How processes are called on the way to the command.
STEPS = ([], *([name.encode()] for name in ("mount", "unshare", "/bin/sh", CHROOT or "", "setpriv", "env")))


class Run:
    """Made by `start`. pid: process 1 of the container; code: how it ended, once it has."""

    def __init__(self, wanted: Wanted, process: asyncio.subprocess.Process, log: Path) -> None:
        self._wanted = wanted
        self._process = process
        self.log = log
        self.pid = 0
        self.started = time.monotonic()
        self.code: int | None = None

    @classmethod
    async def start(cls, wanted: Wanted, log: Path) -> Run:
        """Begin. stdout and stderr go to `log`, as kubelet keeps them."""
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *command_line(wanted),
                env=wanted.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        run = cls(wanted, process, log)
        await run._find()
        return run

    async def _find(self) -> None:
        """It is the only child of the shell that made its namespace, once it is no longer one of the steps on the way."""
        until = time.monotonic() + PATIENCE
        while self._process.returncode is None:
            pid = self._process.pid if self._wanted.network is None else _child(self._process.pid)
            if pid and _command(pid)[:1] not in STEPS:
                self.pid = pid
                return
            assert time.monotonic() < until, f"the container did not begin: {self.text()}"
            await asyncio.sleep(0.005)

    async def wait(self) -> int:
        """Until it ends: its exit code, 128 and more for a signal."""
        code = await self._process.wait()
        self.code = code if code >= 0 else SIGNALLED - code
        return self.code

    def signal(self, number: signal.Signals) -> None:
        """To process 1 alone, as the runtime does. SIGKILL takes all others of its namespace along."""
        if self._process.returncode is None and self.pid:
            os.kill(self.pid, number)

    async def end(self, grace: float) -> bool:
        """StopContainer: SIGTERM, and SIGKILL after `grace` seconds; whether it ended by itself."""
        self.signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(asyncio.shield(self._process.wait()), grace)
            return True
        except TimeoutError:
            self.signal(signal.SIGKILL)
            await self._process.wait()
            return False

    async def execute(self, command: list[str]) -> int:
        """A command beside its processes, as exec probes and hooks are; its exit code."""
        words = joined(self.pid, self._wanted, command)
        process = await asyncio.create_subprocess_exec(
            *words, env=self._wanted.environment, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL
        )
        try:
            return await process.wait()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise

    def text(self) -> str:
        return self.log.read_text("utf-8", "replace")


def _child(parent: int) -> int:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _parent(entry) == parent:
            return int(entry.name)
    return 0


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _command(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []
