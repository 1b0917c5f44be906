"""However a call ends, nothing of it waits for the garbage collector, which comes seldom: bodies are large, failures many."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httptools
import pytest

from proxy.call import Call, Failure
from proxy.upstream.connection import Connection
from tests.promises.caller import Caller, chat
from tests.promises.dialects.openai import OPENAI
from tests.promises.scripts import Act, Script, alias, hangs_up, is_silent, late, refuses, says, sends
from tests.promises.sidecars import InLoop, openai_like, sidecar
from tests.promises.upstream import Provider

CALLS = 5
SAID = OPENAI.stream(["hel", "lo"])
CUT = sends(*SAID.opening, SAID.words[0], cut=True)
BROKEN = sends(*SAID.opening, SAID.words[0], OPENAI.errors["server error"].event)
HASTY = {"timeouts": {"total": 0.12, "first_byte": 0.1}}
#: What a provider does, whether a stream is asked for, which model.
ENDS: dict[str, tuple[Act, bool, str]] = {
    "well": (says(), False, "up:m"),
    "well, streamed": (says(), True, "up:m"),
    "refused": (refuses(500), False, "up:m"),
    "the caller's fault": (refuses(400), False, "up:m"),
    "no answer": (hangs_up, False, "up:m"),
    "too late": (is_silent, True, "hasty:m"),
    "cut": (CUT, True, "up:m"),
    "an error midway": (BROKEN, True, "up:m"),
    "a fallback": (refuses(500), False, "falling"),
    "beside a slow one": (late(0.03, says()), False, "racing"),
}
MODELS = [
    alias("up", name="falling", fallback=["other:m"]),
    alias("up", "other", name="racing", hedge={"after": 0.005, "share": 1}),
]
#: Spans hold their calls: to a collector that nobody is.
SEEN: dict[str, dict[str, Any]] = {"untraced": {}, "traced": {"tracing": {"otlp": "http://127.0.0.1:9"}}}


@contextmanager
def uncollected() -> Iterator[Counter[str]]:
    """By type, what of ours would have waited for the collector."""
    found: Counter[str] = Counter()
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield found
        gc.collect()
        ours = (Call, Connection, Failure, httptools.HttpResponseParser)
        found.update(type(each).__name__ for each in gc.garbage if isinstance(each, ours))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


async def rest(running: InLoop) -> None:
    await running.is_idle()
    await asyncio.sleep(0.05)  # until connections that were aborted have heard of it; nothing tells


@pytest.mark.parametrize("sections", SEEN.values(), ids=SEEN)
@pytest.mark.parametrize("end", ENDS)
async def test_a_call_that_ends(end: str, sections: dict[str, Any], tmp_path: Path) -> None:
    act, stream, model = ENDS[end]
    async with Provider(Script(act)) as provider, Provider(Script(says())) as other:
        up: dict[str, Any] = {"up": openai_like(provider.url), "hasty": openai_like(provider.url, **HASTY)}
        entries = up | {"other": openai_like(other.url)}
        async with sidecar(tmp_path, entries, models=MODELS, **sections) as running:
            await running.ask(chat(model, stream=stream))
            await rest(running)
            with uncollected() as found:
                for _ in range(CALLS):
                    await running.ask(chat(model, stream=stream))
                await rest(running)
            assert not found


@pytest.mark.parametrize("sections", SEEN.values(), ids=SEEN)
@pytest.mark.parametrize("stream", [False, True])
async def test_an_application_that_hangs_up(stream: bool, sections: dict[str, Any], tmp_path: Path) -> None:
    async with Provider() as provider, sidecar(tmp_path, {"up": openai_like(provider.url)}, **sections) as running:
        await leave(running, provider, stream)
        with uncollected() as found:
            for _ in range(CALLS):
                await leave(running, provider, stream)
            await rest(running)
        assert not found


async def leave(running: InLoop, provider: Provider, stream: bool) -> None:
    caller = await Caller.connect(running.port)
    caller.post(chat(stream=stream))
    asked = await provider.asked()
    caller.hang_up()
    await asked.link.is_closed()
