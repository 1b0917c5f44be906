"""One rendering for those who ask together, and none that is older than the question."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from proxy.server.shared_page import SharedPage


async def test_scrapers_who_come_together_share_a_page_that_is_not_old() -> None:
    seen: list[int] = []

    def blocks() -> Iterator[bytes]:
        seen.append(len(seen) + 1)
        yield from [b"%d" % seen[-1], b"\n", b"\n"]

    page = SharedPage(blocks)
    first = asyncio.create_task(page.latest())
    await asyncio.sleep(0)
    late = [asyncio.create_task(page.latest()) for _ in range(50)]
    assert await first == b"1\n\n"
    assert set(await asyncio.gather(*late)) == {b"2\n\n"}
    assert await page.latest() == b"3\n\n"


async def test_a_page_that_fails_is_tried_again() -> None:
    def blocks() -> Iterator[bytes]:
        yield b"a"
        if faults:
            raise faults.pop()

    faults = [ValueError("gauge")]
    page = SharedPage(blocks)
    with pytest.raises(ValueError, match="gauge"):
        await page.latest()
    assert await page.latest() == b"a"
