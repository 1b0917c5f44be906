"""The sidecar of the soak: a process, its configurations, good and bad, and what it shows of itself while it runs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from tests.promises.caller import get
from tests.promises.dialects import WIRES, like
from tests.promises.sidecars import InProcess, write_config
from tests.soak.book import Book

#: Provider -> the dialect that it speaks.
PROVIDERS: Mapping[str, str] = {
    "one": "openai",
    "two": "openai",
    "claude": "anthropic",
    "gem": "gemini",
    "aws": "bedrock",
    "llama": "ollama",
    "co": "cohere",
}
#: Seconds that the end of the process may take for streams that are open.
GRACE = 1.0
SECTIONS: Mapping[str, Any] = {
    "timeouts": {"connect": 2, "first_byte": 2, "idle": 2, "total": 4},
    "retry": {"attempts": 3, "initial": 0.02, "cap": 0.2},
    "retry_budget": {"share": 0.3, "floor": 50},
    "breaker": {"failures": 3, "successes": 2, "reset": 0.5},
    "drain": {"grace": GRACE},
}
#: Every third time the configuration is one of these: text that replaces another, and a word of the fault.
BAD = (
    ("provider: two", "provider: nobody", "nobody"),
    ("strategy: weighted", "strategy: wishful", "wishful"),
    ("attempts: 3", "attempts: minus three", "attempts"),
    ("models:", "models: [", "YAML"),
)


def target(provider: str, **more: Any) -> dict[str, Any]:
    return {"provider": provider, "model": "m", **more}


def aliases(turn: int) -> list[dict[str, Any]]:
    """Those of every other configuration differ."""
    odd = bool(turn % 2)
    every = [target(name, weight=1 + number * odd) for number, name in enumerate(PROVIDERS)]
    return [
        {"model": "any", "strategy": "weighted", "targets": every, "fallback": ["two:m", "claude:m"]},
        {
            "model": "quick",
            "strategy": "latency" if odd else "least_connections",
            "targets": [target(name) for name in ("one", "two", "claude", "gem")],
            "hedge": {"after": 0.1, "share": 0.2},
            "fallback": ["aws:m"],
        },
        {
            "model": "steady",
            "strategy": "round_robin",
            "targets": [target(name) for name in ("one", "llama", "co")],
            "sticky": {"by": "header", "header": "x-user"},
            "fallback": ["gem:m"] if odd else [],
        },
        {"model": "fragile", "targets": [target("one" if odd else "two")]},
        {
            "model": "tools",
            "strategy": "random" if odd else "least_connections",
            "targets": [target("one"), target("two"), target("claude")],
        },
        {"model": "vectors", "strategy": "round_robin", "targets": [target("one"), target("two")]},
    ]


def entries(urls: Mapping[str, str]) -> dict[str, Any]:
    return {name: like(WIRES[dialect], urls[name]) for name, dialect in PROVIDERS.items()}


def sections(turn: int) -> dict[str, Any]:
    """Every fourth has another rule for breakers, and those begin anew."""
    breaker = SECTIONS["breaker"] | ({"failures": 4} if turn % 4 == 3 else {})
    return {**SECTIONS, "breaker": breaker, "models": aliases(turn)}


class Reloading:
    """`run` until cancelled: another configuration every `every` seconds, and now and then one that has a fault."""

    def __init__(self, running: InProcess, directory: Path, urls: Mapping[str, str], book: Book) -> None:
        self._running = running
        self._path = directory / "config.yaml"
        self._draft = directory / "draft"
        self._urls = urls
        self._book = book

    async def run(self, every: float) -> None:
        self._draft.mkdir(exist_ok=True)
        for turn in count(1):
            await asyncio.sleep(every)
            if turn % 3:
                await self._good(turn)
            else:
                await self._bad(turn)

    async def _good(self, turn: int) -> None:
        os.replace(self._write(turn), self._path)
        answer = await get(self._running.ops, "/reload", "POST")
        if answer.status == 200 and not answer.json["faults"]:
            self._book.reloads["taken"] += 1
        else:
            self._book.wrong("a reload that was refused", str(answer))

    async def _bad(self, turn: int) -> None:
        """Nothing changes, and the answer says what is wrong."""
        before = (await self._running.status())["config_fingerprint"]
        good, bad, word = BAD[turn // 3 % len(BAD)]
        path = self._write(turn)
        path.write_text(path.read_text("utf-8").replace(good, bad), "utf-8")
        os.replace(path, self._path)
        answer = await get(self._running.ops, "/reload", "POST")
        kept = (await self._running.status())["config_fingerprint"] == before
        if answer.status == 409 and kept and word in str(answer.json["faults"]):
            self._book.reloads["refused"] += 1
        else:
            self._book.wrong("a faulty configuration that was not refused", f"{bad}: {answer}")

    def _write(self, turn: int) -> Path:
        return write_config(self._draft, entries(self._urls), sections(turn))


class Sample(NamedTuple):
    """at: seconds since the start; resident: bytes; calls: in all so far; open: how many are in flight."""

    at: float
    resident: int
    descriptors: int
    calls: int
    open: int


class Rest(NamedTuple):
    """What a sidecar holds while nothing is in flight. descriptors: without connections kept for the next call.

    busy: everything that should be zero and is not, by name.
    """

    descriptors: int
    busy: Mapping[str, float]


#: Metric -> labels of the samples that have to be 0 at rest.
AT_REST: Mapping[str, tuple[str, ...]] = {
    "llm_active_connections": (),
    "outrider_connections": ('state="active"', 'state="waiting"'),
    "outrider_target_in_flight": (),
    "outrider_log_dropped": (),
    "outrider_bound_fill": ('bound="generations"', 'bound="jobs_ending"', 'bound="log_lines"'),
}


async def rest_of(running: InProcess) -> Rest:
    samples = await running.metrics()
    busy = {
        sample: value
        for sample, value in samples.items()
        for name, labels in AT_REST.items()
        if value and sample.partition("{")[0] == name and (not labels or any(label in sample for label in labels))
    }
    kept = sum(value for sample, value in samples.items() if "outrider_connections" in sample and "idle" in sample)
    return Rest(running.descriptors - int(kept), busy)
