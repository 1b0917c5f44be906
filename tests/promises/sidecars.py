"""Sidecars to test: one in the test's own loop, or a process of its own where the process is what is promised.

Each runs on free ports with a configuration written for it, and its log is kept: a traceback there fails the test.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import orjson
import yaml

from proxy import logs
from proxy.app import Sidecar
from proxy.config import load
from tests.promises.caller import CHAT, Answer, Body, Caller, get, until

ROOT = Path(__file__).parent.parent.parent
P = TypeVar("P", bound="InProcess")
PATIENCE = 20.0
KEY = "sk-canary-0123456789abcdefghij"
#: The mock at its fastest.
MOCK = {"mock": {"mock": {"first_token_ms": 0, "inter_token_ms": 0}}}


def openai_like(url: str, **more: Any) -> dict[str, Any]:
    return {"kind": "openai", "base_url": f"{url}/v1", "api_key": KEY, **more}


def anthropic_like(url: str, **more: Any) -> dict[str, Any]:
    return {"kind": "anthropic", "base_url": url, "api_key": KEY, **more}


#: Providers are asked for calls alone, unless a test says otherwise.
UNLISTED = {"list_models": False}
#: What single attempts promise is seen where nothing is tried again and no target is left alone.
ONE_ATTEMPT: dict[str, Any] = {"retry": {"attempts": 1}, "breaker": {"enabled": False}}


def write_config(directory: Path, providers: Mapping[str, Any], sections: Mapping[str, Any]) -> Path:
    config = {
        "listen": {"hosts": ["127.0.0.1"], "port": 0} | dict(sections.get("listen", {})),
        "ops": {"hosts": ["127.0.0.1"], "port": 0},
        "providers": {**MOCK, **{name: UNLISTED | entry for name, entry in providers.items()}},
        **ONE_ATTEMPT,
        **{name: section for name, section in sections.items() if name != "listen"},
    }
    path = directory / "config.yaml"
    path.write_text(yaml.safe_dump(config), "utf-8")
    return path


class Running:
    """What every sidecar shows: its ports, its metrics, its log."""

    port: int
    ops: int
    log_path: Path

    def __init__(self) -> None:
        self._callers: list[Caller] = []

    async def caller(self, receive_buffer: int = 0) -> Caller:
        """A new connection to the data port, closed with the sidecar at the latest."""
        self._callers.append(await Caller.connect(self.port, receive_buffer))
        return self._callers[-1]

    async def ask(self, body: Body, headers: Mapping[str, str] | None = None, path: str = CHAT) -> Answer:
        """One call on a connection of its own."""
        caller = await Caller.connect(self.port)
        try:
            return await caller.ask(body, headers, path)
        finally:
            caller.hang_up()

    def hang_up(self) -> None:
        for caller in self._callers:
            caller.hang_up()

    def log(self) -> str:
        return self.log_path.read_text("utf-8")

    async def metrics(self) -> dict[str, float]:
        """Each sample by its name and labels, as they are written."""
        page = (await get(self.ops, "/metrics")).body.decode()
        lines = [line for line in page.splitlines() if line and not line.startswith("#")]
        return {sample: float(value) for sample, _, value in (line.rpartition(" ") for line in lines)}

    async def counted(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that carry these labels."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        samples = (await self.metrics()).items()
        return sum(
            value
            for sample, value in samples
            if sample.partition("{")[0] == name and all(each in sample for each in wanted)
        )

    async def waiting(self, provider: str) -> int:
        """How many calls wait for a connection to `provider`."""
        found: int = (await self.status())["providers"][provider]["waiting"]
        return found

    async def status(self) -> dict[str, Any]:
        return (await get(self.ops, "/status.json")).json


class InLoop(Running):
    """A sidecar in the test's own loop."""

    def __init__(self, sidecar: Sidecar, log_path: Path) -> None:
        super().__init__()
        self.sidecar = sidecar
        self.log_path = log_path
        self.port = sidecar.addresses[0][1]
        self.ops = sidecar.ops_addresses[0][1]

    async def is_idle(self) -> None:
        """Wait until the last call has ended."""
        await until(lambda: not self.sidecar.gateway.calls)


@asynccontextmanager
async def sidecar(
    directory: Path, providers: Mapping[str, Any] | None = None, **sections: Any
) -> AsyncIterator[InLoop]:
    config = load(str(write_config(directory, providers or {}, sections)), {})
    log = directory / "log"
    with log_to(log):
        inner = Sidecar(config, asyncio.get_running_loop())
        with patch.object(gc, "collect"):  # of this process, which holds every test: a third of their time
            await inner.start()
        running = InLoop(inner, log)
        try:
            yield running
        finally:
            running.hang_up()
            await inner.close()
    assert "Traceback" not in log.read_text("utf-8"), log.read_text("utf-8")


@contextmanager
def log_to(path: Path) -> Iterator[None]:
    """The log into a file, and afterwards everything that a sidecar sets for its whole process as it was before."""
    root, hook, thresholds = logging.getLogger(), sys.excepthook, gc.get_threshold()
    handlers, level = root.handlers[:], root.level
    try:
        with FileIO(path, "w") as file, patch.object(logs, "setup", partial(logs.setup, stream=file)):
            yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.captureWarnings(False)
        sys.excepthook = hook
        gc.set_threshold(*thresholds)
        gc.unfreeze()


class InProcess(Running):
    """`outrider serve` as a process. `stop` tells it to end, `ended` waits and gives its exit code."""

    def __init__(self, process: asyncio.subprocess.Process, log_path: Path) -> None:
        super().__init__()
        self._process = process
        self.log_path = log_path
        self.pid = process.pid

    def locate(self) -> bool:
        """Whether it has said that it serves, and where."""
        for line in self.log().splitlines():
            fields = orjson.loads(line) if line.startswith("{") else {}
            if fields.get("message") == "serving":
                self.port, self.ops = fields["listen"][0][1], fields["ops"][0][1]
                return True
        return False

    async def serves(self) -> None:
        await until(lambda: self.locate() or self._process.returncode is not None, PATIENCE)
        assert self._process.returncode is None, self.log()

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE):
            return await self._process.wait()

    @property
    def resident(self) -> int:
        """Bytes of memory it holds for itself alone, files left out."""
        status = Path(f"/proc/{self.pid}/status").read_text("ascii")
        line = next(line for line in status.splitlines() if line.startswith("RssAnon"))
        return int(line.split()[1]) * 1024

    @property
    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))


@asynccontextmanager
async def process(
    directory: Path,
    providers: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    tree: Path = ROOT,
    **sections: Any,
) -> AsyncIterator[InProcess]:
    """`tree` is where the package stands that serves."""
    path = write_config(directory, providers or {}, sections)
    async with started(InProcess, directory, ["--config", str(path)], environ or {}, tree) as running:
        yield running


@asynccontextmanager
async def started(
    kind: Callable[[asyncio.subprocess.Process, Path], P],
    directory: Path,
    arguments: Sequence[str],
    environ: Mapping[str, str],
    tree: Path = ROOT,
) -> AsyncIterator[P]:
    """What `outrider serve` with these is, as `kind` of its process and its log, once it serves; it ends with the block."""
    log = directory / "log"
    with log.open("wb") as stderr:
        serving = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "proxy", "serve", *arguments,
            cwd=tree, stderr=stderr, env={"PATH": os.environ["PATH"], **environ},
        )  # fmt: skip
    running = kind(serving, log)
    try:
        await running.serves()
        yield running
    finally:
        running.hang_up()
        if serving.returncode is None:
            serving.kill()
            await serving.wait()
    assert "Traceback" not in running.log(), running.log()
