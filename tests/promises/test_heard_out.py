"""An application that hangs up once it has heard the end has had its answer: SDKs do not wait for the connection to end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.promises.caller import Caller, chat
from tests.promises.sidecars import anthropic_like, openai_like
from tests.promises.test_cancellation import Scene, is_left, scene
from tests.promises.wires import (
    OPENAI_OPENING,
    OPENAI_USAGE,
    anthropic_end,
    anthropic_opening,
    anthropic_word,
    openai_end,
    openai_word,
)


class Told(NamedTuple):
    """A stream of a provider's: what comes before the model's end, the end, and by what of it the application knows."""

    like: Callable[..., dict[str, Any]]
    begin: bytes
    end: bytes
    mark: bytes


WAYS: Mapping[str, Told] = {
    "relayed": Told(openai_like, OPENAI_OPENING + openai_word("hi"), openai_end(OPENAI_USAGE), b"[DONE]"),
    "translated": Told(anthropic_like, anthropic_opening() + anthropic_word("hi"), anthropic_end(), b'"usage":{'),
}
HANG_UP: Mapping[str, Callable[[Caller], None]] = {"fin": Caller.hang_up, "rst": Caller.reset}


async def told(it: Scene, data: bytes, until: bytes) -> None:
    """The application has heard so much of it; the provider's own answer stays open."""
    it.caller.post(chat(stream=True, stream_options={"include_usage": True}))
    link = (await it.provider.asked()).link
    link.start()
    link.chunk(data)
    await it.caller.head()
    while until not in (await it.caller.chunk() or b""):
        pass


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_hanging_up_after_the_end_is_no_leaving(way: Told, tmp_path: Path) -> None:
    async with scene(tmp_path, way.like) as it:
        await told(it, way.begin + way.end, way.mark)
        it.caller.hang_up()
        await it.provider.links[0].is_closed()
        await it.running.is_idle()
        assert await it.running.counted("llm_requests_success") == 1
        assert await it.running.counted("llm_requests_failure") == 0
        assert await it.running.counted("outrider_client_gone_total") == 0
        assert await it.running.counted("outrider_tokens_total") > 0
        pool = (await it.running.status())["providers"]["up"]
        assert (pool["active"], pool["waiting"]) == (0, 0)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("how", HANG_UP.values(), ids=HANG_UP)
async def test_hanging_up_before_the_end_is(way: Told, how: Callable[[Caller], None], tmp_path: Path) -> None:
    async with scene(tmp_path, way.like) as it:
        await told(it, way.begin, b'"hi"')
        how(it.caller)
        await it.provider.links[0].is_closed()
        await is_left(it, "streaming")
