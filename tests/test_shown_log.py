"""What is shown of the log: calls that were left out of it, and how full what waits for it is."""

from __future__ import annotations

from pathlib import Path

from tests.promises.caller import chat, until
from tests.promises.sidecars import sidecar


async def test_calls_without_a_line_are_counted(tmp_path: Path) -> None:
    async with sidecar(tmp_path, logging={"sample": {"success": 0}}) as running:
        for _ in range(3):
            assert (await running.ask(chat("mock"))).status == 200
        await running.is_idle()
        assert await running.counted("outrider_log_sampled_out_total") == 3
        assert await running.counted("llm_requests_total", provider="mock") == 3
        assert not [sample for sample in await running.metrics() if 'bound="log_content"' in sample]
    assert '"event":"call"' not in running.log()


async def test_what_waits_with_content_is_bounded_and_shown(tmp_path: Path) -> None:
    async with sidecar(tmp_path, logging={"content": {"answers": True}}) as running:
        assert (await running.ask(chat("mock"))).status == 200
        await running.is_idle()
        assert await running.counted("outrider_bound_limit", bound="log_content") == 100
        assert await running.counted("outrider_bound_limit", bound="log_answers") == 16 << 20
        assert await running.counted("outrider_bound_fill", bound="log_answers") == 0


async def test_calls_go_on_where_the_log_cannot_be_written(tmp_path: Path) -> None:
    async with sidecar(tmp_path, logging={"file": "/dev/full"}) as running:
        for _ in range(3):
            assert (await running.ask(chat("mock"))).status == 200
        await running.is_idle()
        sink = running.sidecar.journal.sink
        await until(lambda: sink.waiting == 0 and sink.dropped >= 4)
        assert await running.counted("outrider_log_dropped") == sink.dropped
    assert running.log().count("the log cannot be written") == 1
