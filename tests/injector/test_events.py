"""Events: what they say, that they are few, and that nobody waits for them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from proxy.injector.events import LONGEST_TEXT, Bounds, Events, owner_of
from proxy.injector.refusal import ClusterError

OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-7d4b9c6f5", "uid": "u-1", "controller": True}
NOW = datetime(2026, 11, 21, 12, 0, 0, 250_000, tzinfo=UTC)


def pod(**changes: object) -> dict[str, Any]:
    return {"metadata": {"ownerReferences": [{**OWNER, **changes}]}}


class Api:
    """Takes events; `free` lets the next through."""

    def __init__(self, bounds: Bounds) -> None:
        self.posted: list[tuple[str, Mapping[str, Any]]] = []
        self.reports: Counter[str] = Counter()
        self.now = 0.0
        self.fails = False
        self.arrived = asyncio.Event()
        self.events = Events(self.post, "injector-1", lambda: self.now, lambda: NOW, self.report, bounds)

    async def post(self, path: str, body: Mapping[str, Any]) -> object:
        self.posted.append((path, body))
        if self.fails:
            raise ClusterError(403, "no")
        return {}

    def report(self, result: str) -> None:
        self.reports[result] += 1
        self.arrived.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(5):
            while self.reports["sent"] + self.reports["failed"] < count:
                self.arrived.clear()
                await self.arrived.wait()


@asynccontextmanager
async def running(bounds: Bounds | None = None) -> AsyncIterator[Api]:
    api = Api(bounds or Bounds(rate=1000))
    task = asyncio.create_task(api.events.run())
    try:
        yield api
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_an_event_says_what_was_done_to_a_pod_of_whom() -> None:
    async with running() as api:
        api.events.tell("shop", pod(), "injected", "the sidecar\n was injected")
        await api.until(1)
    ((path, event),) = api.posted
    assert path == "/apis/events.k8s.io/v1/namespaces/shop/events"
    metadata = dict(event["metadata"])
    assert metadata.pop("name").startswith("web-7d4b9c6f5.")
    owner = {name: value for name, value in OWNER.items() if name != "controller"}
    assert {**event, "metadata": metadata} == {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"namespace": "shop"},
        "eventTime": "2026-11-21T12:00:00.250000Z",
        "reportingController": "outrider.dev/injector",
        "reportingInstance": "injector-1",
        "action": "Inject",
        "reason": "Injected",
        "regarding": {**owner, "namespace": "shop"},
        "note": "the sidecar was injected",
        "type": "Normal",
    }


@pytest.mark.parametrize(
    ("result", "reason", "kind"),
    [
        ("skipped", "InjectionSkipped", "Normal"),
        ("refused", "InjectionRefused", "Warning"),
        ("failed", "InjectionFailed", "Warning"),
    ],
)
async def test_each_result_has_its_reason(result: str, reason: str, kind: str) -> None:
    async with running() as api:
        api.events.tell("shop", pod(), result, "why")
        await api.until(1)
    assert (api.posted[0][1]["reason"], api.posted[0][1]["type"]) == (reason, kind)


async def test_the_same_is_told_once_in_a_while() -> None:
    async with running() as api:
        for _ in range(5):
            api.events.tell("shop", pod(), "injected", "same")
        api.events.tell("shop", pod(uid="u-2"), "injected", "same")
        api.events.tell("shop", pod(), "injected", "other")
        await api.until(3)
        api.now = 601.0
        api.events.tell("shop", pod(), "injected", "same")
        await api.until(4)
    assert api.reports == {"sent": 4, "repeated": 4}


async def test_what_waits_is_bounded_and_telling_never_blocks() -> None:
    api = Api(Bounds(waiting=10, remembered=20))
    for number in range(100):
        api.events.tell("shop", pod(uid=f"u-{number}"), "injected", "x")
    assert api.reports == {"dropped": 90}


async def test_a_refused_event_is_counted_and_the_next_is_told() -> None:
    async with running() as api:
        api.fails = True
        api.events.tell("shop", pod(), "injected", "one")
        await api.until(1)
        api.fails = False
        api.events.tell("shop", pod(), "injected", "two")
        await api.until(2)
    assert api.reports == {"failed": 1, "sent": 1}


async def test_no_more_leave_than_the_rate_allows() -> None:
    async with running(Bounds(rate=20)) as api:
        began = asyncio.get_running_loop().time()
        for number in range(5):
            api.events.tell("shop", pod(uid=f"u-{number}"), "injected", "x")
        await api.until(5)
        assert asyncio.get_running_loop().time() - began >= 4 / 20


async def test_an_unchanged_pod_is_no_event() -> None:
    api = Api(Bounds())
    api.events.tell("shop", pod(), "unchanged", "x")
    assert not api.reports


async def test_names_and_notes_are_cut_to_what_the_server_takes() -> None:
    async with running() as api:
        api.events.tell("shop", pod(name="a." * 126 + "b"), "refused", "é" * 2000)
        await api.until(1)
    event = api.posted[0][1]
    assert len(event["metadata"]["name"]) <= 253
    assert ".." not in event["metadata"]["name"]
    assert len(event["note"].encode()) <= 1024


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"metadata": None},
        {"metadata": {"ownerReferences": None}},
        {"metadata": {"ownerReferences": [5, {}]}},
        pod(controller=False),
        pod(uid=None),
        pod(name="../x"),
        pod(name=["web"]),
        pod(kind=""),
    ],
)
def test_without_an_owner_that_can_be_named_there_is_no_event(wrong: dict[str, Any]) -> None:
    assert owner_of("shop", wrong) is None


def test_a_namespace_that_is_none_gets_into_no_path() -> None:
    assert owner_of("../kube-system", pod()) is None


@pytest.mark.parametrize("member", ["apiVersion", "kind", "name", "uid"])
def test_an_owner_that_is_endless_gets_none(member: str) -> None:
    """It would be kept, and remembered."""
    assert owner_of("shop", pod(**{member: "x" * (LONGEST_TEXT + 1)})) is None
    assert owner_of("shop", pod(**{member: "x" * LONGEST_TEXT})) is not None
