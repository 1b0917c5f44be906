"""What a provider says or does at the edge of its protocol, and what comes of it all the same."""

from __future__ import annotations

from email.utils import formatdate
from pathlib import Path
from time import time

import pytest

from tests.chaos import acts
from tests.chaos.modes import Mode
from tests.chaos.upstream import Upstream
from tests.promises.caller import chat
from tests.promises.sidecars import openai_like, sidecar
from tests.upstream.raw import plain


async def test_a_date_is_understood_where_the_provider_tells_no_time(tmp_path: Path) -> None:
    """RFC 9110, section 6.6.1: an origin server without a clock sends no Date; ours is there to count from."""
    later = f"retry-after: {formatdate(time() + 30, usegmt=True)}"
    async with Upstream(acts.sends(plain(b"{}", 429, later))) as upstream:
        await upstream.open()
        async with sidecar(tmp_path, {"up": openai_like(upstream.url)}, **Mode("").sections()) as running:
            answer = await running.ask(chat("up:m"))
            assert answer.status == 429
            assert 25 < int(answer.headers["retry-after"]) <= 30


@pytest.mark.parametrize("ending", [acts.closing, acts.resetting])
async def test_a_whole_reply_that_is_cut_is_asked_for_again(ending: acts.Ending, tmp_path: Path) -> None:
    """The application has heard nothing yet: it is a network error like any other, not a stream that was cut."""
    async with Upstream(ending(acts.the_half), acts.good) as upstream:
        await upstream.open()
        sections = Mode("", attempts=2).sections()
        async with sidecar(tmp_path, {"up": openai_like(upstream.url)}, **sections) as running:
            answer = await running.ask(chat("up:m"))
            assert (answer.status, answer.headers["x-outrider-attempts"]) == (200, "2")
