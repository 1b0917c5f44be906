"""As process 1 of a pid namespace, as in a container: the kernel drops SIGTERM unless somebody handles it (pid_namespaces(7)).

Whenever the signal comes, from the moment on at which there is a handler, the process ends well and soon.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.promises.caller import until
from tests.promises.namespaces import unfit
from tests.promises.sidecars import MOCK, PATIENCE, ROOT, write_config

UNSHARE = ["unshare", "--pid", "--fork", "--kill-child"]
#: Seconds after the handler is there, from before the imports until long after it serves.
MOMENTS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.6, 1.2)
SOON = 2.0

WHY_NOT = unfit("--pid")
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]


def handles(pid: int, number: int) -> bool:
    """proc(5): SigCgt is a mask of the signals that are caught."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        name, _, mask = line.partition(":")
        if name == "SigCgt":
            return bool(int(mask, 16) >> (number - 1) & 1)
    return False


def mapped(pid: int) -> str:
    return Path(f"/proc/{pid}/maps").read_text("utf-8")


@asynccontextmanager
async def process_one(directory: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """The process outside of the namespace, which ends as the one inside does, and the pid of that, seen from here."""
    config = write_config(directory, MOCK, {})
    with (directory / "log").open("wb") as stderr:
        outer = await asyncio.create_subprocess_exec(
            *UNSHARE, sys.executable, "-P", "-m", "proxy", "serve", "--config", str(config),
            stderr=stderr, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
    try:
        await until(lambda: bool(children(outer.pid)))
        yield outer, children(outer.pid)[0]
    finally:
        if outer.returncode is None:
            outer.kill()
            await outer.wait()


@pytest.mark.parametrize("after", MOMENTS)
async def test_sigterm_ends_it_well_whenever_it_comes(after: float, tmp_path: Path) -> None:
    async with process_one(tmp_path) as (outer, inner):
        await until(lambda: handles(inner, signal.SIGTERM))
        await asyncio.sleep(after)
        began = time.monotonic()
        os.kill(inner, signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            assert await outer.wait() == 0, (tmp_path / "log").read_text("utf-8")
        assert time.monotonic() - began < SOON
    assert "Traceback" not in (tmp_path / "log").read_text("utf-8")


async def test_the_handler_is_there_before_anything_heavy(tmp_path: Path) -> None:
    async with process_one(tmp_path) as (_, inner):
        await until(lambda: handles(inner, signal.SIGTERM))
        os.kill(inner, signal.SIGSTOP)
        loaded = mapped(inner)
        assert [name for name in ("uvloop", "aiohttp", "orjson", "msgspec") if f"/{name}/" in loaded] == []
