"""`outrider injector` as a process: what it is told wrong, and how it ends when it is told to."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from proxy.commands_injector import FAILED, REFUSED, end_at_once
from tests.injector.fake_api import FakeApi, bundle, serving
from tests.injector.injectors import PACKAGED, admit, asked

NAMES = ("--namespace", "llm", "--service", "outrider", "--secret", "outrider-tls", "--webhook", "outrider")
WHERE = ("--hosts", "127.0.0.1", "--port", "0", "--ops-port", "0")


@asynccontextmanager
async def process(*options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """One that is gone afterwards, whatever the test found."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("KUBERNETES_", "POD_"))}
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, "-P", "-m", "proxy", "injector", *NAMES, *WHERE, *options]
    found = await asyncio.create_subprocess_exec(*command, stderr=pipe, stdout=pipe, env=environ)
    try:
        yield found
    finally:
        if found.returncode is None:
            found.kill()
        await found.communicate()


async def ports(found: asyncio.subprocess.Process) -> tuple[int, int]:
    assert found.stderr is not None
    async with asyncio.timeout(20):
        while line := json.loads(await found.stderr.readline()):
            if line["message"] == "listening":
                return line["port"], line["ops_port"]
    raise AssertionError


async def until_ready(port: int) -> None:
    for _ in range(400):
        status, _ = await asked(port, "/readyz")
        if status == 200:
            return
        await asyncio.sleep(0.025)
    raise AssertionError("not ready within 10 s")


async def test_it_serves_until_sigterm_and_ends_with_0_within_5_seconds() -> None:
    api = FakeApi()
    api.install()
    async with serving(api), process("--api", api.url, "--template", str(PACKAGED)) as found:
        port, ops = await ports(found)
        await until_ready(ops)
        assert (await admit(port, bundle(api)[0]))["allowed"]
        began = time.monotonic()
        found.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.5)
        assert (await asked(ops, "/readyz"))[0] == 503
        assert (await admit(port, bundle(api)[0]))["allowed"], "API servers learn late that it ends"
        assert await asyncio.wait_for(found.wait(), 10) == 0
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_not_yet_ready_it_ends_at_once(number: signal.Signals) -> None:
    async with process("--api", "http://127.0.0.1:1", "--template", str(PACKAGED)) as found:
        await ports(found)
        began = time.monotonic()
        found.send_signal(number)
        assert await asyncio.wait_for(found.wait(), 10) == 0
        assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (
            ("--template", "/absent/template.json", "--api", "http://127.0.0.1:1"),
            REFUSED,
            "--template /absent/template.json",
        ),
        (("--template", str(PACKAGED)), REFUSED, "--api is needed"),
        (("--api", "http://127.0.0.1:1", "--tls", "files"), REFUSED, "--tls-dir is needed"),
        (
            ("--api", "http://127.0.0.1:1", "--template", str(PACKAGED), "--hosts", "203.0.113.1"),
            FAILED,
            "requested address",
        ),
    ],
)
async def test_what_is_wrong_is_said_and_ends_it(options: tuple[str, ...], code: int, said: str) -> None:
    async with process(*options) as found:
        assert found.stderr is not None
        text = (await asyncio.wait_for(found.stderr.read(), 20)).decode()
        assert await found.wait() == code
    assert "outrider injector: " in text
    assert said in text
    assert "Traceback" not in text


async def test_a_template_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "template.json").write_text('{"apiVersion": "outrider.dev/v2"}')
    async with process("--api", "http://127.0.0.1:1", "--template", str(tmp_path / "template.json")) as found:
        assert found.stderr is not None
        text = (await asyncio.wait_for(found.stderr.read(), 20)).decode()
        assert await found.wait() == REFUSED
    assert "outrider.dev/v2" in text


def test_before_anything_is_served_there_is_nothing_to_finish() -> None:
    with pytest.raises(SystemExit) as raised:
        end_at_once(signal.SIGTERM, None)
    assert raised.value.code == 0
