"""Attempts of which a test says when each answers, a client that keeps what it hears, and the policy that lets them race."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from proxy.call import Call, Client, Failure, Handler, Outcome, Route, Usage
from proxy.policies.hedge import Hedge, HedgeRule
from proxy.policies.standings import Standings
from tests.policies.clocked import Clock, call_to, target

A, B = target("a"), target("b")


class Heard:
    """A client that keeps what it is told."""

    def __init__(self) -> None:
        self.started = False
        self.heard: list[Any] = []

    def follow(self, source: Any) -> None: ...

    def start(self, status: int, headers: Any) -> None:
        self.started = True
        self.heard.append(status)

    def write(self, data: bytes) -> None:
        self.heard.append(data)

    async def finish(self) -> None:
        self.heard.append("end")


class Providers:
    """Each attempt waits until the test lets it answer."""

    def __init__(self) -> None:
        self.attempts: list[tuple[Call, asyncio.Future[Failure | None]]] = []
        self.cancelled: list[str] = []
        self.came = asyncio.Condition()

    async def __call__(self, call: Call) -> Outcome:
        assert call.target is not None
        call.attempts += 1
        go: asyncio.Future[Failure | None] = asyncio.get_running_loop().create_future()
        async with self.came:
            self.attempts.append((call, go))
            self.came.notify_all()
        try:
            failure = await go
            if failure is not None:
                raise failure
            call.client.start(200, [])
            call.client.write(call.target.name.encode())
            await call.client.finish()
        except asyncio.CancelledError:
            self.cancelled.append(call.target.name)
            raise
        return Outcome(200, Usage(input=5), call.target)

    async def wait_for(self, number: int) -> None:
        async with self.came:
            await asyncio.wait_for(self.came.wait_for(lambda: len(self.attempts) >= number), 5)

    def let(self, number: int, failure: Failure | None = None) -> None:
        self.attempts[number][1].set_result(failure)


def policy(rule: HedgeRule | None = None, clock: Clock | None = None) -> Hedge:
    clock = clock or Clock()
    return Hedge({"alias": rule or HedgeRule(after=0.001, share=1.0)}, Standings({}, clock), lambda call: 7, clock)


def asked(*targets: Any) -> Call:
    return call_to(*(targets or (A, B)), client=cast(Client, Heard()), route=Route("alias"))


def begin(hedge: Hedge, call: Call, providers: Handler) -> asyncio.Future[Outcome]:
    return asyncio.ensure_future(hedge(call, providers))


async def turns() -> None:
    """Everything that can go on does."""
    for _ in range(10):
        await asyncio.sleep(0)


def heard(call: Call) -> list[Any]:
    return cast(Heard, call.client).heard
