"""Nothing is connected to and no name is looked up until a call asks for it: not at import, not at the start, not by a probe."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.promises.caller import chat, get
from tests.promises.sidecars import ROOT, process

#: Runs in the process before anything else of Python does. It refuses every way out, those of uvloop included (which
#: raise no audit events), and writes down who tried. Listening and being connected to stay possible.
GUARD = """
import os, sys, uvloop

def refuse(what, *where):
    with open(os.environ["ATTEMPTS"], "a") as file:
        file.write(f"{what} {where}\\n")
    raise PermissionError(f"refused by the test: {what} {where}")

def audit(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg") and "/" not in str(arguments[-1:]):
        refuse(event, *arguments[1:])
    if event in ("socket.getaddrinfo", "socket.gethostbyname") and arguments[0] not in ("127.0.0.1", "::1", "localhost"):
        refuse(event, *arguments)

sys.addaudithook(audit)

for way in ("create_connection", "create_datagram_endpoint", "getaddrinfo", "sock_connect"):
    setattr(uvloop.Loop, way, lambda self, *where, way=way, **more: refuse(way, *where))
"""

KEYS = {"OPENAI_API_KEY": "sk-x0123456789", "ANTHROPIC_API_KEY": "sk-y0123456789", "GROQ_API_KEY": "gsk_z0123456789"}
#: Seconds of CPU, measured at 0.35 on a slow machine.
IMPORT_SECONDS = 1.0


@pytest.fixture
def guarded(tmp_path: Path) -> dict[str, str]:
    """The environment of a process that cannot reach anything, and where it writes down what it tried."""
    (tmp_path / "sitecustomize.py").write_text(GUARD, "utf-8")
    (tmp_path / "attempts").touch()
    return {"PYTHONPATH": str(tmp_path), "ATTEMPTS": str(tmp_path / "attempts"), "PATH": os.environ["PATH"], **KEYS}


def attempts(environ: dict[str, str]) -> list[str]:
    return Path(environ["ATTEMPTS"]).read_text("utf-8").splitlines()


def python(source: str, environ: dict[str, str]) -> str:
    run = subprocess.run(
        [sys.executable, "-c", source], env=environ, cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_importing_everything_reaches_nothing(guarded: dict[str, str]) -> None:
    python("import proxy.app, proxy.commands, proxy.__main__", guarded)
    assert attempts(guarded) == []


@pytest.mark.parametrize("listed", [False, True])
async def test_a_whole_life_without_a_call_to_a_provider_reaches_nothing(
    listed: bool, guarded: dict[str, str], tmp_path: Path
) -> None:
    """Where providers may be asked for their models, nobody asks before an application wants to see them."""
    providers = {
        "openai": {},
        "anthropic": {},
        "groq": {},
        "local": {"kind": "openai_compatible", "base_url": "http://nowhere.invalid:1/v1", "list_models": listed},
    }
    async with process(tmp_path, providers, guarded) as running:
        for path in ("/livez", "/readyz", "/startupz", "/metrics", "/status.json"):
            assert (await get(running.ops, path)).status == 200
        if not listed:
            assert (await get(running.port, "/v1/models")).status == 200
        assert (await running.ask(chat("mock"))).status == 200
        assert (await running.ask(chat("mock", stream=True))).complete
        assert attempts(guarded) == []
        running.stop()
        assert await running.ended() == 0
    assert attempts(guarded) == []


@pytest.mark.parametrize("model", ["local:m", "openai:gpt-4o"])
async def test_the_guard_guards(model: str, guarded: dict[str, str], tmp_path: Path) -> None:
    """A call that is meant to go out is seen by it: else the tests above would prove nothing."""
    providers = {"openai": {}, "local": {"kind": "openai_compatible", "base_url": "http://127.0.0.1:9/v1"}}
    async with process(tmp_path, providers, guarded) as running:
        answer = await running.ask(chat(model))
        assert (answer.status, answer.error["type"]) == (502, "network_error")
        assert attempts(guarded) != []


def test_what_is_not_used_is_not_imported(guarded: dict[str, str]) -> None:
    """Each would cost memory in every pod."""
    loaded = set(json.loads(python("import sys, json, proxy.app; print(json.dumps(sorted(sys.modules)))", guarded)))
    unused = {
        "openai",
        "anthropic",
        "httpx",
        "pydantic",
        "pytest",
        "aiocache",
        "pybreaker",
        "redis",
        "aiohttp_sse_client",
        "numpy",
    }
    assert not loaded & unused


def test_the_import_takes_little_time(guarded: dict[str, str]) -> None:
    source = "import time, proxy.app; print(time.process_time())"
    python(source, guarded)
    assert min(float(python(source, guarded)) for _ in range(3)) < IMPORT_SECONDS
