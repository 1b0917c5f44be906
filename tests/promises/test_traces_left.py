"""However a call that is traced ends, nothing of it waits for the garbage collector."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.promises.caller import chat
from tests.promises.scripts import Script, says
from tests.promises.sidecars import openai_like, sidecar
from tests.promises.test_left_to_the_collector import CALLS, ENDS, HASTY, MODELS, leave, rest, uncollected
from tests.promises.upstream import Provider

NOBODY = {"otlp": "http://127.0.0.1:9"}


@pytest.mark.parametrize("end", ENDS)
async def test_a_call_that_ends(end: str, tmp_path: Path) -> None:
    act, stream, model = ENDS[end]
    async with Provider(Script(act)) as provider, Provider(Script(says())) as other:
        up: dict[str, Any] = {"up": openai_like(provider.url), "hasty": openai_like(provider.url, **HASTY)}
        entries = up | {"other": openai_like(other.url)}
        async with sidecar(tmp_path, entries, models=MODELS, tracing=NOBODY) as running:
            await running.ask(chat(model, stream=stream))
            await rest(running)
            with uncollected() as found:
                for _ in range(CALLS):
                    await running.ask(chat(model, stream=stream))
                await rest(running)
            assert not found


async def test_an_application_that_hangs_up(tmp_path: Path) -> None:
    async with (
        Provider() as provider,
        sidecar(tmp_path, {"up": openai_like(provider.url)}, tracing=NOBODY) as running,
    ):
        await leave(running, provider, True)
        with uncollected() as found:
            for _ in range(CALLS):
                await leave(running, provider, True)
            await rest(running)
        assert not found
