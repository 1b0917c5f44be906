"""Prometheus as Debian packages it, on a free port, with its data in the test's folder; and what it answers."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml

from tests.upstream.redis import free_port

PROMETHEUS = shutil.which("prometheus")
PROMTOOL = shutil.which("promtool")
needs_prometheus = pytest.mark.skipif(PROMETHEUS is None, reason="no prometheus: `make tools` installs it")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="no promtool: `make tools` installs it with prometheus")

ROOT = Path(__file__).parent.parent.parent
FILES = ROOT / "helm" / "outrider" / "files"
RULES = FILES / "rules.yaml"
DASHBOARD = FILES / "dashboard.json"
INTERVAL = "500ms"
PATIENCE = 20.0


class Prometheus:
    """The HTTP API (https://prometheus.io/docs/prometheus/latest/querying/api/) of one that runs."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"

    def ask(self, path: str, **parameters: str) -> Any:
        with urlopen(f"{self._url}{path}?{urlencode(parameters)}", timeout=PATIENCE) as answer:
            return json.load(answer)["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("/api/v1/query", query=expression)["result"]
        return found

    def values(self, expression: str) -> list[float]:
        return [float(sample["value"][1]) for sample in self.query(expression)]

    def metadata(self) -> dict[str, tuple[str, str]]:
        """Name of each metric of the target -> its type and what it is said to mean."""
        found = self.ask("/api/v1/metadata")
        return {name: (facts[0]["type"], facts[0]["help"]) for name, facts in found.items()}

    def is_up(self) -> bool:
        try:
            return self.values("up") == [1.0]
        except URLError:
            return False

    def wait(self, expression: str) -> None:
        """Until it has a sample."""
        until = time.monotonic() + PATIENCE
        while not self.query(expression):
            assert time.monotonic() < until, f"{expression} never came"
            time.sleep(0.05)


@contextmanager
def scraping(address: str, folder: Path) -> Iterator[Prometheus]:
    """One that scrapes `address` (host:port), with our rules, until the block ends."""
    assert PROMETHEUS is not None
    often: Mapping[str, str] = dict.fromkeys(("scrape_interval", "evaluation_interval"), INTERVAL)
    config = {
        "global": {**often, "scrape_timeout": INTERVAL},
        "rule_files": [str(RULES)],
        "scrape_configs": [
            {"job_name": "outrider", "static_configs": [{"targets": [address], "labels": {"namespace": "shop"}}]}
        ],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), "utf-8")
    port = free_port()
    options = {
        "config.file": str(folder / "prometheus.yml"),
        "storage.tsdb.path": str(folder / "data"),
        "web.listen-address": f"127.0.0.1:{port}",
        "log.level": "warn",
    }
    arguments = [f"--{name}={value}" for name, value in options.items()]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen([PROMETHEUS, *arguments], stdout=log, stderr=log)
        try:
            prometheus = Prometheus(port)
            until = time.monotonic() + PATIENCE
            while not prometheus.is_up():
                assert process.poll() is None, (folder / "prometheus.log").read_text()
                assert time.monotonic() < until, "prometheus does not scrape"
                time.sleep(0.05)
            yield prometheus
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            finally:
                process.kill()
