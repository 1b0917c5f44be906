"""Killed at any moment, two hundred times: what is restored was settled, and all of it but the last second's."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

CHAINS, LIVES = 40, 5
ROOT = Path(__file__).parent.parent.parent
#: A kill leaves what was written, on disk or not: how fast the disk of this machine is does not matter.
MEMORY = Path("/dev/shm")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    if not os.access(MEMORY, os.W_OK):
        yield tmp_path
        return
    made = tempfile.mkdtemp(dir=MEMORY, prefix="ledger-")
    yield Path(made)
    shutil.rmtree(made)


async def test_killed_two_hundred_times(folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.ledger.lives", str(folder), str(CHAINS), str(LIVES),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            told, faults = await process.communicate()
    finally:
        with_children(process.pid)
        await process.wait()
    assert process.returncode == 0, faults.decode()
    lives = [json.loads(line) for line in told.splitlines()]
    assert len(lives) == CHAINS * LIVES
    above = [life for life in lives if life["restored"] > life["settled"]]
    missing = [life for life in lives if life["restored"] < life["certain"]]
    assert not above, above
    assert not missing, missing
    assert sum(life["certain"] > 0 for life in lives) > 20, "some lives were long enough to have something to lose"
    assert sum(0 < life["restored"] < life["settled"] for life in lives) > 20, "and some were killed before a write"


def with_children(leader: int) -> None:
    """End whatever is left of the session that was started for it."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return
