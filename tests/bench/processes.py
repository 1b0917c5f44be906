"""Starting and stopping the programs that are measured, each on its core, each until it answers.

A process is started with the affinity of its core, with a clean environment (no keys, no proxies), and its output in a
file that is shown when it fails. Outrider's configuration is written here: a provider of each kind, all of them the
fake upstream, every policy at its default. `Processes` is a context manager and stops what it started, last first.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

from tests.bench.load import BenchError

ROOT = Path(__file__).resolve().parents[2]
OUTRIDER = [sys.executable, "-m", "proxy", "serve"]

#: A thousand streams at once need as many connections to one provider: of the default 100 the others would wait.
#: The neighbours write no line for a call, so here Outrider does not either, unless it is asked to (`--log info`).
OUTRIDER_CONFIGURATION = """\
listen: {{hosts: [127.0.0.1], port: {port}}}
ops: {{hosts: [127.0.0.1], port: {ops}}}
providers:
  openai: {{api_key: sk-bench, base_url: "http://127.0.0.1:{upstream}/v1"}}
  compatible: {{kind: openai_compatible, api_key: sk-bench, base_url: "http://127.0.0.1:{upstream}/v1"}}
  anthropic: {{api_key: sk-bench, base_url: "http://127.0.0.1:{upstream}"}}
  gemini: {{api_key: sk-bench, base_url: "http://127.0.0.1:{upstream}"}}
  bedrock: {{api_key: sk-bench, base_url: "http://127.0.0.1:{upstream}"}}
  ollama: {{base_url: "http://127.0.0.1:{upstream}"}}
  cohere: {{api_key: sk-bench, base_url: "http://127.0.0.1:{upstream}"}}
pool: {{connections: 1100}}
logging: {{level: {log_level}}}
"""

READY_WITHIN = 20.0
STOPPED_WITHIN = 5.0
_ENVIRONMENT = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "PYENV_VERSION")


def python(module: str, *arguments: int) -> list[str]:
    return [sys.executable, "-m", f"tests.bench.{module}", *map(str, arguments)]


def outrider(folder: Path, port: int, ops: int, upstream: int, log_level: str, more: str = "") -> list[str]:
    """`more` is the configuration of what is switched off by default."""
    path = folder / f"outrider-{port}.yaml"
    usual = OUTRIDER_CONFIGURATION.format(port=port, ops=ops, upstream=upstream, log_level=log_level)
    if "logging:" in more:
        usual = "".join(line for line in usual.splitlines(keepends=True) if not line.startswith("logging:"))
    path.write_text(usual + more)
    return [*OUTRIDER, "--config", str(path)]


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that were free a moment ago, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [held.getsockname()[1] for held in sockets]
    for held in sockets:
        held.close()
    return ports


class Process:
    """One program. `seconds` is from exec until it was ready."""

    def __init__(self, name: str, command: list[str], core: int, folder: Path) -> None:
        self.name = name
        self._output = folder / f"{name}.log"
        affinity = os.sched_getaffinity(0)
        environment = {key: os.environ[key] for key in _ENVIRONMENT if key in os.environ}
        with self._output.open("wb") as output:
            os.sched_setaffinity(0, {core})
            self._began = time.perf_counter()
            try:
                self._process = subprocess.Popen(
                    command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
                )
            finally:
                os.sched_setaffinity(0, affinity)
        self.pid = self._process.pid
        self.seconds = 0.0

    async def ready(self, port: int) -> None:
        """Until `/readyz` on this port answers 200. Raises BenchError when the program ends or takes too long."""
        while not _answers(port):
            if self._process.poll() is not None:
                raise BenchError(f"{self.name} ended with status {self._process.returncode}:\n{self.tail()}")
            if time.perf_counter() - self._began > READY_WITHIN:
                raise BenchError(f"{self.name} is not ready after {READY_WITHIN:.0f} s:\n{self.tail()}")
            await asyncio.sleep(0.001)
        self.seconds = time.perf_counter() - self._began

    def tail(self) -> str:
        """The end of what it printed."""
        with self._output.open("rb") as output:
            output.seek(max(0, self._output.stat().st_size - 2000))
            return output.read().decode(errors="replace")

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            return connection.recv(1024).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


class Processes:
    """What is running. Leaving the context stops it all, whatever happened."""

    def __init__(self) -> None:
        self._running: list[Process] = []

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._running:
            self._running.pop().stop()

    async def start(self, name: str, command: list[str], core: int, ready: int, folder: Path) -> Process:
        process = Process(name, command, core, folder)
        self._running.append(process)
        await process.ready(ready)
        return process

    def stop(self, process: Process) -> None:
        process.stop()
        self._running.remove(process)
