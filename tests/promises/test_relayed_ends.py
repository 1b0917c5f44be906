"""How a relayed request ends when somebody goes away or is told to stop: at once on both sides, and never as if it were whole."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.promises.caller import Caller, Cut, until
from tests.promises.relaying import BIG, DOWNLOAD, UPLOAD, Scene, Visit, asking, endless, scene, silent, stuck
from tests.promises.sidecars import KEY

#: Seconds; it takes a few milliseconds where nobody else wants the processor.
AT_ONCE = 0.5
HANGING_UP = {"fin": Caller.hang_up, "rst": Caller.reset}


# ---- the application goes away


async def uploading(scene: Scene) -> None:
    scene.caller.send(UPLOAD + BIG)
    await until(lambda: bool(scene.there.visits) and hasattr(scene.there.visits[0], "asked"))


async def waiting(scene: Scene) -> None:
    scene.caller.send(DOWNLOAD)
    await until(lambda: bool(scene.there.visits) and hasattr(scene.there.visits[0], "asked"))


async def downloading(scene: Scene) -> None:
    scene.caller.send(DOWNLOAD)
    await scene.caller.head()
    await scene.caller.piece()


LEFT = {
    "while it sends": (silent, uploading, "waiting"),
    "while it waits": (silent, waiting, "waiting"),
    "while it reads": (endless, downloading, "streaming"),
}


@pytest.mark.parametrize("how", HANGING_UP)
@pytest.mark.parametrize("when", LEFT)
async def test_who_hangs_up_leaves_nothing_behind(when: str, how: str, tmp_path: Path) -> None:
    script, play, phase = LEFT[when]
    async with scene(tmp_path, script) as at:
        await play(at)
        began = asyncio.get_running_loop().time()
        HANGING_UP[how](at.caller)
        await at.there.visits[0].is_left()
        assert asyncio.get_running_loop().time() - began < AT_ONCE
        await at.running.is_idle()
        pool = (await at.running.status())["providers"]["up"]
        assert (pool["active"], pool["idle"], pool["waiting"]) == (0, 0, 0)
        assert await at.running.counted("outrider_client_gone_total", phase=phase) == 1
        assert await at.running.counted("provider_error_total") == 0


async def test_a_body_that_ends_early_is_never_made_whole(tmp_path: Path) -> None:
    async with scene(tmp_path, silent) as at:
        await uploading(at)
        at.caller.no_more()
        await at.there.visits[0].is_left()


async def test_a_body_that_turns_into_no_http_is_given_up(tmp_path: Path) -> None:
    async with scene(tmp_path, silent, timeouts={"idle": 0.3}) as at:
        at.caller.send(asking("POST", "/providers/up/files", transfer_encoding="chunked") + b"3\r\nabc\r\n")
        await until(lambda: bool(at.there.visits))
        at.caller.send(b"not a size\r\n")
        answer = await at.caller.answer()
        assert (answer.status, answer.error["type"]) == (408, "invalid_request")
        await at.there.visits[0].is_left()


# ---- told to stop


async def test_draining_refuses_new_ones_and_lets_old_ones_finish(tmp_path: Path) -> None:
    go = asyncio.Event()

    async def later(visit: Visit) -> None:
        await visit.head()
        visit.send(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabc")
        await go.wait()
        visit.send(b"def")

    async with scene(tmp_path, later, timeouts={"idle": 5}) as at:
        at.caller.send(DOWNLOAD)
        await at.caller.head()
        at.running.sidecar.start_drain()
        other = await at.running.caller()
        other.send(asking("POST", "/providers/up/files", content_length="5"))
        answer = await other.answer()
        assert (answer.status, answer.error["type"], answer.headers["connection"]) == (503, "draining", "close")
        assert int(answer.headers["retry-after"]) > 0
        go.set()
        assert await at.caller.rest() == (b"abcdef", True)


async def test_what_is_cut_at_the_end_is_cut_for_the_application_too(tmp_path: Path) -> None:
    async with scene(tmp_path, stuck, timeouts={"idle": 5}) as at:
        at.caller.send(DOWNLOAD)
        await at.caller.head()
        assert await at.caller.piece() == b"abc"
        at.running.sidecar.start_drain()
        at.running.sidecar.gateway.cut()
        assert await at.caller.rest() == (b"", False)


async def test_a_connection_that_died_while_idle_is_replaced(tmp_path: Path) -> None:
    async def once(visit: Visit) -> None:
        await visit.head()
        visit.answer(200, b"ok")
        await visit.head()
        visit.writer.close()

    async with scene(tmp_path, once) as at:
        for _ in range(3):
            at.caller.send(DOWNLOAD)
            assert (await at.caller.answer()).body == b"ok"
        assert len(at.there.visits) == 3


async def test_no_key_in_any_log_or_metric(tmp_path: Path) -> None:
    async def telling(visit: Visit) -> None:
        await visit.head()
        visit.answer(500, KEY.encode(), {"x-request-id": KEY, "etag": KEY})

    async with scene(tmp_path, telling) as at:
        at.caller.send(DOWNLOAD)
        answer = await at.caller.answer()
        assert KEY not in f"{answer}"
        assert KEY not in at.running.log()
        assert KEY not in str(await at.running.metrics())


async def test_a_caller_reads_nothing_after_a_cut(tmp_path: Path) -> None:
    async with scene(tmp_path, stuck, timeouts={"idle": 0.3}) as at:
        at.caller.send(DOWNLOAD)
        await at.caller.answer()
        with pytest.raises(Cut):
            await at.caller.head()
