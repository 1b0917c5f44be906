"""A sidecar with everything on that is shown, and calls that move each of its metrics: answers, and every sort of failure."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import yaml

from tests.promises.sidecars import MOCK, UNLISTED

PATIENCE = 10.0
CHAT = "/v1/chat/completions"
EMBEDDINGS = "/v1/embeddings"
RATES = {"input": 2, "output": 8, "cache_read": 1}
POD = {"POD_NAMESPACE": "shop", "POD_WORKLOAD": "basket", "POD_NAME": "basket-7"}
KEY = "sk-canary-0123456789abcdefghij"


def config(port: int, folder: Path, redis: str | None) -> str:
    """`port` is where the provider answers. With the address of a Redis its metrics are there too."""
    provider = {"kind": "openai", "base_url": f"https://127.0.0.1:{port}/v1", "api_key": KEY, **UNLISTED}
    target = {"provider": "up", "model": "good"}
    settings: dict[str, Any] = {
        "listen": {"hosts": ["127.0.0.1"], "port": 0},
        "ops": {"hosts": ["127.0.0.1"], "port": 0},
        "providers": {**MOCK, "up": {**provider, "limits": {"adaptive": True}}, "other": provider},
        "models": [
            {"model": "safe", "targets": [{"provider": "other", "model": "bad"}], "fallback": ["up:good"]},
            {"model": "hedged", "targets": [{**target, "model": "slow"}, target], "hedge": {"after": 0.05, "share": 1}},
            {"model": "kept", "targets": [target], "cache": {"enabled": True, "entries": 2, "which": "all"}},
            {"model": "few", "targets": [target]},
            {"model": "embed", "targets": [target], "batching": True},
        ],
        "catalog": [{"provider": "up", "model": model, "price": RATES} for model in ("good", "slow")],
        "batching": {"window": 0.1},
        "retry": {"attempts": 3, "initial": 0.01},
        "retry_budget": {"share": 0, "floor": 3},
        "breaker": {"failures": 3, "reset": 0.5},
        "limits": [{"name": "few", "model": "few", "requests": 2}],
        "budgets": [{"name": "all", "money": 100, "per": "day"}, {"name": "tokens", "tokens": 100000000, "per": "day"}],
        "budget_state": {"path": str(folder / "ledger")},
        "cache": {"enabled": True},
    }
    if redis is not None:
        settings |= {"sharing": {"redis": redis}, "cache": {"enabled": True, "shared": True}}
    return yaml.safe_dump(settings)


class Traffic:
    """Calls at the data port `url`. `round` makes all of them once, the later ones side by side."""

    def __init__(self, url: str) -> None:
        self._host = urlsplit(url).netloc
        self.rounds = 0
        self.statuses: dict[str, set[int]] = {}

    def round(self) -> None:
        self.rounds += 1
        calls: list[Callable[[], object]] = [
            lambda: self.chat("up:good"),
            lambda: self.chat("up:good", stream=True),
            lambda: self.chat("other:good", stream=True),
            lambda: self.chat("other:cut", stream=True),
            *[lambda: self.chat("other:bad")] * 2,
            lambda: self.chat("other:busy"),
            lambda: self.chat("other:keyless"),
            lambda: self.chat("safe"),
            lambda: self.chat("hedged"),
            lambda: self.chat("few"),
            lambda: self.chat("nobody:nothing"),
            *[lambda: self.chat("kept", text="always the same")] * 2,
            *[lambda: self.chat("kept", text=f"round {self.rounds}", temperature=0)] * 2,
            *[partial(self.embed, f"text {number} of round {self.rounds}") for number in range(3)],
            self.hang_up,
        ]
        with ThreadPoolExecutor(len(calls)) as pool:
            for done in [pool.submit(call) for call in calls]:
                done.result()

    def chat(self, model: str, text: str = "hello", **fields: Any) -> None:
        self.ask(CHAT, {"model": model, "messages": [{"role": "user", "content": text}], **fields})

    def embed(self, text: str) -> None:
        self.ask(EMBEDDINGS, {"model": "embed", "input": text})

    def ask(self, path: str, body: dict[str, Any]) -> None:
        connection = http.client.HTTPConnection(self._host, timeout=PATIENCE)
        try:
            connection.request("POST", path, orjson.dumps(body), {"content-type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            self.statuses.setdefault(body["model"], set()).add(answer.status)
        except (http.client.IncompleteRead, ConnectionResetError):
            self.statuses.setdefault(body["model"], set()).add(0)
        finally:
            connection.close()

    def hang_up(self) -> None:
        """Ask what takes long, and go."""
        host, port = self._host.split(":")
        body = orjson.dumps({"model": "up:slow", "messages": [{"role": "user", "content": "hello"}], "stream": True})
        head = (
            f"POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as sock:
            sock.sendall(head.encode() + body)
            sock.settimeout(0.1)
            try:
                sock.recv(1)
            except TimeoutError:
                return
