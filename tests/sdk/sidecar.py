"""`outrider serve` as a process of its own, on free ports, with nothing of this shell's environment."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 20.0


class Running:
    """A sidecar that serves: `url` is its data port, `ops` the other one, `log` what has been read of its log."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.log: list[dict[str, Any]] = []
        self._lines: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        serving = self.wait_for(message="serving")
        self.url = address(serving["listen"])
        self.ops = address(serving["ops"])

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._lines.put(json.loads(line) if line.startswith("{") else {"text": line})
        self._lines.put(None)

    def wait_for(self, **members: Any) -> dict[str, Any]:
        """The next line of the log that has these members."""
        while (line := self._lines.get(timeout=PATIENCE)) is not None:
            self.log.append(line)
            if members.items() <= line.items():
                return line
        raise AssertionError(f"the sidecar ended without a line that has {members}: {self.log}")

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric over the series that have these labels."""
        with urllib.request.urlopen(f"{self.ops}/metrics", timeout=PATIENCE) as page:
            lines = page.read().decode().splitlines()
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        found = [line for line in lines if line.startswith((f"{name}{{", f"{name} "))]
        return sum(float(line.rpartition(" ")[2]) for line in found if all(label in line for label in wanted))

    def join(self) -> None:
        self._reader.join(PATIENCE)


def address(listening: list[list[Any]]) -> str:
    host, port = listening[0]
    return f"http://{host}:{port}"


@contextmanager
def serving(config: str, folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Serve `config` (YAML) until the block ends; then SIGTERM, and the process must end with 0."""
    file = folder / "outrider.yaml"
    file.write_text(config, "utf-8")
    command = [sys.executable, "-m", "proxy", "serve", "--config", str(file)]
    clean = {"PATH": os.environ["PATH"], **(environment or {})}
    with subprocess.Popen(command, cwd=ROOT, env=clean, stderr=subprocess.PIPE, text=True) as process:
        try:
            running = Running(process)
            yield running
            process.terminate()
            assert process.wait(PATIENCE) == 0
            running.join()
        finally:
            process.kill()
