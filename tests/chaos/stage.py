"""Plays every fault of one mode at once, and keeps what was seen; each fault has a provider of its own.

The judging is test_faults.py's.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos import acts, names
from tests.chaos.fault import Fault
from tests.chaos.leftovers import Leftovers, left_by
from tests.chaos.modes import OTHER, Mode
from tests.chaos.upstream import Upstream
from tests.chaos.visit import Asked, Visit
from tests.chaos.words import stand_in
from tests.promises.caller import Answer, Caller, Cut, chat
from tests.promises.sidecars import InLoop, anthropic_like, openai_like, sidecar

MODEL = re.compile(r'[{,]model="([^"]*)"')
PROVIDER = re.compile(r'provider="([^"]*)"')
KIND = re.compile(r'kind="([^"]*)"')
#: What a port shows, by `Fault.tls`.
Certificates = Mapping[str, ssl.SSLContext]
#: So many second calls at once: some have little time.
FEW = 8
#: Seconds for whatever a test does not shorten.
PATIENT = {"connect": 5, "first_byte": 8, "idle": 8, "total": 12}


@dataclass
class Observed:
    """What became of one call. `requests` are those at the faulty provider, `others` those at the other one.

    counted: (metric, kind) -> number, from the series that name its alias or else its provider; pool: the connections to the
    provider after the call; target: how it is doing, as the status says; healed: a second call, after the fault was over.
    """

    answer: Answer | None
    error: str
    began: float
    seconds: float
    requests: list[Asked] = field(default_factory=list)
    others: list[Asked] = field(default_factory=list)
    connections: int = 0
    counted: Counter[tuple[str, str]] = field(default_factory=Counter)
    pool: Mapping[str, int] = field(default_factory=dict)
    target: Mapping[str, Any] = field(default_factory=dict)
    healed: Answer | None = None


@dataclass
class Performance:
    """What was observed, by whether it was streamed and by the fault's name."""

    observed: dict[tuple[bool, str], Observed]
    left: Leftovers
    log: str


class Stage:
    """The upstreams of all faults, the one that stands by, and the sidecar before them."""

    def __init__(self, faults: Sequence[Fault], mode: Mode, stream: bool, certificates: Certificates) -> None:
        self.faults = faults
        self.mode = mode
        self.stream = stream
        self.upstreams = {fault.name: upstream_of(fault, certificates, mode) for fault in faults}
        self.other = Upstream(stands_in, text=OTHER)
        self.running: InLoop

    async def open(self, stack: AsyncExitStack, directory: Path) -> None:
        (own := directory / ("stream" if self.stream else "whole")).mkdir()
        for upstream in (self.other, *self.upstreams.values()):
            await stack.enter_async_context(upstream)
        await self.other.open()
        for fault in self.faults:
            if fault.where == "open":
                await self.upstreams[fault.name].open()
        providers = {fault.name: self.entry(fault) for fault in self.faults}
        providers[OTHER] = anthropic_like(self.other.url, timeouts=PATIENT)
        models = [self.mode.alias(fault.name) for fault in self.faults]
        sections = {"models": models, "logging": {"level": "info"}, **self.mode.sections()}
        self.running = await stack.enter_async_context(sidecar(own, providers, **sections))

    def entry(self, fault: Fault) -> dict[str, Any]:
        scheme = "https" if fault.https else "http"
        port = self.upstreams[fault.name].port
        return openai_like(f"{scheme}://{fault.host}:{port}", timeouts={**PATIENT, **fault.timeouts})

    # ---- playing

    async def play(self, fault: Fault) -> Observed:
        loop = asyncio.get_running_loop()
        began = loop.time()
        answer, error = await self.ask(fault, "x" * fault.pad)
        return Observed(answer, error, began, loop.time() - began)

    async def ask(self, fault: Fault, more: str = "") -> tuple[Answer | None, str]:
        caller = await Caller.connect(self.running.port)
        try:
            return await caller.ask(chat(fault.name, f"hello {more}", stream=self.stream)), ""
        except (Cut, TimeoutError) as error:
            return None, repr(error)
        finally:
            caller.hang_up()

    @property
    def waves(self) -> list[list[Fault]]:
        """Those that are given little time come when the others are over, and find the loop at rest."""
        calm = [fault for fault in self.faults if not fault.timeouts]
        return [calm, [fault for fault in self.faults if fault.timeouts]]

    async def perform(self) -> dict[str, Observed]:
        observed: dict[str, Observed] = {}
        for wave in self.waves:
            seen = await asyncio.gather(*map(self.play, wave))
            observed |= {fault.name: one for fault, one in zip(wave, seen, strict=True)}
        await self.running.is_idle()
        await self.look(observed)
        for first in range(0, len(self.faults), FEW):
            await asyncio.gather(
                *(self.heal(fault, observed[fault.name]) for fault in self.faults[first : first + FEW])
            )
        return observed

    async def look(self, observed: dict[str, Observed]) -> None:
        """Everything besides the answers, while only the calls with faults have been made."""
        status = await self.running.status()
        for name, one in observed.items():
            upstream = self.upstreams[name]
            one.requests, one.connections = list(upstream.requests), len(upstream.visits)
            one.others = [asked for asked in self.other.requests if b'"model":"%b"' % name.encode() in asked.body]
            one.pool = status["providers"][name]
            one.target = status.get("targets", {}).get(f"{name}:m", {})
        for sample, value in (await self.running.metrics()).items():
            about, kind = MODEL.search(sample) or PROVIDER.search(sample), KIND.search(sample)
            if about and about[1] in observed and value:
                observed[about[1]].counted[sample.partition("{")[0], kind[1] if kind else ""] += int(value)

    async def heal(self, fault: Fault, one: Observed) -> None:
        if fault.heals:
            await self.end(fault)
            one.healed, _ = await self.ask(fault)

    async def end(self, fault: Fault) -> None:
        """From now on all is well."""
        upstream = self.upstreams[fault.name]
        upstream.script(acts.good)
        if fault.where == "closed":
            await upstream.open()

    async def hang_up(self) -> None:
        for upstream in (self.other, *self.upstreams.values()):
            await upstream.hang_up()


def upstream_of(fault: Fault, certificates: Certificates, mode: Mode) -> Upstream:
    tls = certificates[fault.tls] if fault.tls else None
    upstream = Upstream(fault.act, text=fault.name, welcome=fault.welcome, tls=tls, deaf=fault.where == "deaf")
    if mode.faulty is not None:
        upstream.welcomed_at_most = mode.faulty
        upstream.acts = (fault.act,) * mode.faulty + (acts.good,) if fault.welcome is None else (acts.good,)
    return upstream


async def stands_in(visit: Visit, asked: Asked) -> None:
    await visit.whole(asked)
    visit.send(stand_in(visit.host.text, asked.stream))


async def perform(faults: Sequence[Fault], mode: Mode, certificates: Certificates, directory: Path) -> Performance:
    """Whole replies and streams at the same time, each kind in a sidecar of its own."""
    stages = [Stage(faults, mode, stream, certificates) for stream in (False, True)]
    async with AsyncExitStack() as stack:
        for stage in stages:
            await stage.open(stack, directory)
        async with left_by([stage.running for stage in stages], lambda: hang_up(stages)) as left:
            seen = await asyncio.gather(*(stage.perform() for stage in stages))
        observed = {
            (stage.stream, name): one for stage, found in zip(stages, seen, strict=True) for name, one in found.items()
        }
        return Performance(observed, left, "".join(stage.running.log() for stage in stages))


async def hang_up(stages: Sequence[Stage]) -> None:
    names.give_up()
    for stage in stages:
        await stage.hang_up()
