"""Blocking work beside the loop: its result, its trouble, and that it cannot hold up the end of the process."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from proxy.doctor.aside import aside
from tests.sdk.sidecar import ROOT

HANGING = """
import asyncio, threading
from proxy.doctor.aside import aside
try:
    asyncio.run(aside(threading.Event().wait, 0.05))
except TimeoutError:
    print("told")
"""


def fail() -> None:
    raise UnicodeDecodeError("idna", b"", 0, 1, "no name")


async def test_results_and_troubles_come_back() -> None:
    assert await aside(lambda: threading.current_thread() is threading.main_thread(), 5) is False
    with pytest.raises(UnicodeError, match="no name"):
        await aside(fail, 5)


async def test_what_comes_too_late_is_nobodys() -> None:
    released = threading.Event()
    with pytest.raises(TimeoutError):
        await aside(released.wait, 0.05)
    released.set()


def test_a_process_ends_though_the_work_does_not() -> None:
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", HANGING], cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert (done.stdout, done.stderr, done.returncode) == ("told\n", "", 0)
    assert time.monotonic() - began < 10
