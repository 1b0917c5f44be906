"""What a sidecar shows of its spans, and that one that does not trace shows nothing."""

from __future__ import annotations

from pathlib import Path

from tests.promises.caller import chat, until
from tests.promises.scripts import says
from tests.promises.sidecars import sidecar
from tests.promises.tracing import traced


async def test_what_became_of_spans(tmp_path: Path) -> None:
    async with traced(tmp_path, says()) as at:
        await at.running.ask(chat())

        async def sent() -> bool:
            return await at.running.counted("outrider_spans_total", result="sent") == 2

        await until(sent)
        assert await at.running.counted("outrider_spans_total") == 2
        assert await at.running.counted("outrider_bound_limit", bound="spans") == 2048


async def test_nothing_where_calls_are_not_traced(tmp_path: Path) -> None:
    async with sidecar(tmp_path) as running:
        shown = await running.metrics()
        assert not any("span" in name for name in shown)
