"""Certificates of two replicas rotate while an API server, which learns of `caBundle` late, calls them without a pause.

Days pass in milliseconds: the clock is handed in, and certificates begin so early and last so long that they are valid by the
real clock, too, which OpenSSL looks at. What is held is the order of things: no handshake may meet a certificate whose CA
was not published in time.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from proxy.injector import rotation as subject
from proxy.injector.certificates import Lifetimes
from tests.injector.fake_api import FakeApi, bundle, serving
from tests.injector.injectors import QUICK, admit, ready, running, told

DAY = timedelta(days=1)
#: A leaf is renewed after 34 days and a CA after 80, as it begins 200 days early.
LIVES = Lifetimes(ca=150 * DAY, leaf=60 * DAY, early=200 * DAY, settle=10 * DAY, leaf_share=0.9, ca_share=0.8)
DAYS = 190
SECONDS_OF_A_DAY = 0.02
PACE = QUICK._replace(certificates=0.02, linger=0.0)
#: seconds by which the API server is behind: less than the settling takes
BEHIND = 0.12


class Days:
    """A clock by which a day takes SECONDS_OF_A_DAY."""

    def __init__(self) -> None:
        self._start, self._began = datetime.now(UTC), time.monotonic()

    @property
    def passed(self) -> float:
        return (time.monotonic() - self._began) / SECONDS_OF_A_DAY

    def now(self) -> datetime:
        return self._start + self.passed * DAY


class ApiServer:
    """Calls the replicas in turn, each time on a new connection, with the `caBundle` of a moment ago."""

    def __init__(self, api: FakeApi, ports: list[int]) -> None:
        self._api = api
        self._ports = ports
        self._seen: deque[tuple[float, str]] = deque([(0.0, bundle(api)[0])])
        self.results: Counter[str] = Counter()

    def _bundle(self) -> str:
        now = time.monotonic()
        self._seen.append((now, bundle(self._api)[0]))
        while len(self._seen) > 1 and self._seen[1][0] <= now - BEHIND:
            self._seen.popleft()
        return self._seen[0][1]

    async def call_until(self, days: Days, last: float) -> None:
        while days.passed < last:
            port = self._ports[self.results.total() % len(self._ports)]
            try:
                found = await admit(port, self._bundle())
                self.results["injected" if found.get("patch") else "left alone"] += 1
            except aiohttp.ClientError as error:
                self.results[f"{type(error).__name__} on day {days.passed:.0f}"] += 1


async def rotated() -> tuple[Counter[str], Counter[str]]:
    """What became of the calls, and the steps of both replicas."""
    api, days = FakeApi(), Days()
    api.install()
    async with (
        serving(api),
        running(told(api, "--no-events"), PACE, LIVES, days.now) as one,
        running(told(api, "--no-events"), PACE, LIVES, days.now) as other,
    ):
        replicas = [await ready(one), await ready(other)]
        server = ApiServer(api, [each.ports[0] for each in replicas])
        await server.call_until(days, DAYS)
    steps: Counter[str] = Counter()
    for each in replicas:
        steps.update(
            {
                step: int(each.metrics.read("certificate_steps_total", step))
                for step in ("promote", "renew", "forget", "serve")
            }
        )
    return server.results, steps


async def test_no_call_fails_while_everything_is_exchanged() -> None:
    results, steps = await rotated()
    assert set(results) == {"injected"}, results
    assert results["injected"] > 50
    assert steps["promote"] >= 1
    assert steps["renew"] >= 2
    assert steps["forget"] >= 1
    assert steps["serve"] >= 6


async def test_the_same_without_the_settling_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the test above can see what it is there to see."""
    monkeypatch.setattr(subject.Rotation, "_is_settled", lambda self, held, *more: held.coming is not None)
    results, _ = await rotated()
    assert [each for each in results if each.startswith("ClientConnectorCertificateError")], results
