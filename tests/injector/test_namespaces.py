"""Annotations of namespaces: kept, shared, stale rather than none, and never waited for long."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from proxy.injector.namespaces import Bounds, Namespaces, annotations_of
from proxy.injector.refusal import ClusterError

NOTES = {"outrider.dev/port": "12000"}


class Source:
    """The API as the cache sees it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked: list[str] = []
        self.reports: Counter[str] = Counter()
        self.fails = False
        self.free = asyncio.Event()
        self.free.set()

    async def read(self, name: str) -> Mapping[str, Any]:
        self.asked.append(name)
        await self.free.wait()
        if self.fails:
            raise ClusterError(403, "no")
        return {"metadata": {"annotations": {**NOTES, "seen": str(self.now)}}}

    def report(self, result: str) -> None:
        self.reports[result] += 1


@asynccontextmanager
async def caching(source: Source, bounds: Bounds) -> AsyncIterator[Namespaces]:
    found = Namespaces(source.read, ClusterError, lambda: source.now, source.report, bounds)
    try:
        yield found
    finally:
        await found.close()


async def test_a_namespace_is_read_once_in_a_while() -> None:
    source = Source()
    async with caching(source, Bounds()) as namespaces:
        first = await namespaces.annotations("shop")
        assert first == {**NOTES, "seen": "0.0"}
        source.now = 29.9
        assert await namespaces.annotations("shop") == first
        source.now = 30.0
        assert (await namespaces.annotations("shop") or {})["seen"] == "30.0"
    assert source.asked == ["shop", "shop"]


async def test_many_who_ask_at_once_share_one_reading() -> None:
    source = Source()
    async with caching(source, Bounds()) as namespaces:
        found = await asyncio.gather(*(namespaces.annotations("shop") for _ in range(50)))
    assert source.asked == ["shop"]
    assert all(each == found[0] != {} for each in found)


async def test_what_was_known_is_better_than_nothing() -> None:
    source = Source()
    async with caching(source, Bounds()) as namespaces:
        before = await namespaces.annotations("shop")
        source.fails, source.now = True, 40.0
        assert await namespaces.annotations("shop") == before
        assert await namespaces.annotations("other") is None
        source.now = 44.9
        assert await namespaces.annotations("other") is None
        assert source.asked == ["shop", "shop", "other"], "after a failure nobody asks for a while"
        source.fails, source.now = False, 45.1
        assert await namespaces.annotations("other") is not None
    assert source.reports == {"ok": 2, "failed": 2}


async def test_nobody_waits_longer_than_the_patience_and_the_reading_goes_on() -> None:
    source = Source()
    source.free.clear()
    async with caching(source, Bounds(patience=0.05)) as namespaces:
        began = time.monotonic()
        assert await namespaces.annotations("shop") is None
        assert time.monotonic() - began < 1
        assert source.reports == {"late": 1}
        source.free.set()
        assert await namespaces.annotations("shop") is not None
    assert source.asked == ["shop"]


async def test_readings_and_what_is_kept_are_bounded() -> None:
    source = Source()
    async with caching(source, Bounds(kept=10, readings=5, patience=0.05)) as namespaces:
        for number in range(30):
            await namespaces.annotations(f"ns-{number}")
        await namespaces.annotations("ns-29")
        assert len(source.asked) == 30
        await namespaces.annotations("ns-0")
        assert len(source.asked) == 31
        source.free.clear()
        await asyncio.gather(*(namespaces.annotations(f"slow-{number}") for number in range(20)))
        assert len(source.asked) == 36


@pytest.mark.parametrize("name", ["", "..", "a/b", "A", "a" * 64, "a.b", "-a", "a?x=1", "a\n", "kube-system/../x"])
async def test_what_is_no_name_gets_into_no_path(name: str) -> None:
    source = Source()
    async with caching(source, Bounds()) as namespaces:
        assert await namespaces.annotations(name) is None
    assert source.asked == []


@pytest.mark.parametrize(
    "lie",
    [
        {},
        {"metadata": None},
        {"metadata": []},
        {"metadata": {"annotations": [1]}},
        {"metadata": {"annotations": {"a": 1}}},
    ],
)
def test_a_namespace_of_another_shape_has_no_annotations(lie: dict[str, Any]) -> None:
    assert annotations_of(lie) == {}
