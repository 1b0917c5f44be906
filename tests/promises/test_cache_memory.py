"""A cache of so many bytes takes no more of the pod's memory, however many answers there are."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.cache.recordings import sizes
from tests.promises.caller import Answer, chat, get
from tests.promises.sidecars import InProcess, openai_like, process
from tests.promises.upstream import Asked, Provider
from tests.promises.wires import openai_reply

ANSWERS = 10_000
AT_ONCE = 8
#: What the bound, the allocator's own waste and eight calls may take together, in bytes.
GROWTH = 12_000_000
CACHE = {"enabled": True, "bytes": "4Mi", "largest": "256Ki", "entries": 100_000}
SIZES = sizes(11, ANSWERS, 20_000)


def answer(asked: Asked) -> None:
    number = asked.json["seed"]
    asked.link.whole(openai_reply(f"{number} " * (SIZES[number] // 6)))


async def feed(running: InProcess, numbers: range) -> None:
    caller = await running.caller()
    for number in numbers:
        found: Answer = await caller.ask(chat(seed=number))
        assert found.headers["x-outrider-cache"] == "miss"


async def test_ten_thousand_answers_leave_no_more_than_the_bound(tmp_path: Path) -> None:
    async with (
        Provider(answer) as provider,
        process(tmp_path, {"up": openai_like(provider.url)}, cache=CACHE) as running,
    ):
        await asyncio.gather(*(feed(running, range(first, 400, AT_ONCE)) for first in range(AT_ONCE)))
        before = running.resident
        provider.requests.clear()
        await asyncio.gather(*(feed(running, range(400 + first, ANSWERS, AT_ONCE)) for first in range(AT_ONCE)))
        grown = running.resident - before
        bounds: dict[str, Any] = (await get(running.ops, "/cache")).json["caches"]["common"]
        kept, most = bounds["bytes"]
        assert (most - 30_000 < kept <= most, bounds["evicted"] > ANSWERS / 2) == (True, True), bounds
        assert sum(SIZES) > 4 * most
        assert grown < GROWTH, f"{grown / 1e6:.1f} MB"
        hit = await running.ask(chat(seed=ANSWERS - 1))
        assert hit.headers["x-outrider-cache"] == "hit"
