"""How long the beginning of a stream is held: until the model has spoken, and no longer than its bounds."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from proxy.call import Call, Failure
from proxy.dialects import Dialect
from proxy.translate import DIALECTS
from proxy.upstream.body import Relay
from proxy.upstream.opening import Opening, hear_opening
from tests.upstream.streams import (
    ANTHROPIC_ERROR,
    BLOCK,
    DONE,
    ENDING,
    OPENAI_ERROR,
    PING,
    ROLE,
    START,
    STOP,
    anthropic,
    anthropic_text,
    event,
    openai_chunk,
)

OPENAI_DIALECT, ANTHROPIC_DIALECT = DIALECTS["openai"], DIALECTS["anthropic"]


def opened(theirs: Dialect, *pieces: bytes, limit: int = 64 * 1024) -> Opening:
    opening = Opening(theirs, limit)
    for piece in pieces:
        opening.feed(piece)
    return opening


@pytest.mark.parametrize(
    ("theirs", "pieces", "over"),
    [
        (OPENAI_DIALECT, [ROLE], False),
        (OPENAI_DIALECT, [b": comment\n\n", ROLE], False),
        (OPENAI_DIALECT, [ROLE, openai_chunk(content="a")], True),
        (OPENAI_DIALECT, [ROLE, openai_chunk(reasoning_content="hm")], True),
        (OPENAI_DIALECT, [ROLE, openai_chunk(tool_calls=[{"index": 0, "function": {"name": "f"}}])], True),
        (OPENAI_DIALECT, [ROLE, openai_chunk(content="a")[:-1]], False),
        (OPENAI_DIALECT, [ROLE, STOP], True),
        (OPENAI_DIALECT, [DONE], True),
        (ANTHROPIC_DIALECT, [START], False),
        (ANTHROPIC_DIALECT, [START, PING, BLOCK, PING], False),
        (ANTHROPIC_DIALECT, [START, BLOCK, anthropic_text("a")], True),
        (
            ANTHROPIC_DIALECT,
            [START, anthropic("content_block_start", index=0, content_block={"type": "thinking"})],
            True,
        ),
        (ANTHROPIC_DIALECT, [START, *ENDING], True),
    ],
)
def test_the_opening_is_over_when_the_model_has_spoken(theirs: Dialect, pieces: list[bytes], over: bool) -> None:
    opening = opened(theirs, *pieces)
    assert opening.over is over
    wire = b"".join(pieces)
    split = opened(theirs, *(bytes([byte]) for byte in wire))
    assert split.over is over


@pytest.mark.parametrize(
    ("theirs", "pieces"),
    [
        (OPENAI_DIALECT, [OPENAI_ERROR]),
        (OPENAI_DIALECT, [ROLE, OPENAI_ERROR]),
        (OPENAI_DIALECT, [event({"message": "no"}, "error")]),
        (ANTHROPIC_DIALECT, [ANTHROPIC_ERROR]),
        (ANTHROPIC_DIALECT, [START, BLOCK, PING, ANTHROPIC_ERROR]),
        (OPENAI_DIALECT, [b"data: <html>\n\n"]),
    ],
)
def test_an_error_in_the_opening_is_a_failure(theirs: Dialect, pieces: list[bytes]) -> None:
    wire = b"".join(pieces)
    for cut in (1, len(wire) // 2, len(wire) - 1):
        with pytest.raises(Failure) as caught:
            opened(theirs, wire[:cut], wire[cut:])
        assert caught.value.retryable


def test_the_opening_is_bounded_in_bytes() -> None:
    opening = opened(OPENAI_DIALECT, *[b": keep-alive\n\n"] * 70, limit=1000)
    assert opening.over is False
    opening.feed(b": keep-alive\n\n" * 2)
    assert opening.over


def test_a_first_event_larger_than_the_opening_is_no_failure() -> None:
    opening = opened(OPENAI_DIALECT, openai_chunk(role="assistant", note="x" * 100_000)[:80_000])
    assert opening.over


# ---- hearing it


class Provider:
    """A connection that gives one piece after the other; then it is complete, fails, or has nothing until it is nudged."""

    def __init__(self, *pieces: bytes, end: Failure | str = "complete") -> None:
        self.pieces = list(pieces)
        self.end = end
        self.complete = False
        self.nudged = asyncio.Event()

    async def read(self) -> bytes:
        if self.pieces:
            return self.pieces.pop(0)
        if isinstance(self.end, Failure):
            raise self.end
        if self.end == "silence":
            await self.nudged.wait()
        self.complete = self.end == "complete"
        return b""

    def nudge(self) -> None:
        self.nudged.set()


async def hear(provider: Provider, limit: float = 5.0) -> tuple[bytes, list[bytes], Call]:
    call = Call("id", "openai", "chat", b"{}", {}, "m", True, {}, cast(Any, SimpleNamespace()), 100.0)
    clock = iter((101.0, 103.5))
    pieces: list[bytes] = []
    body, opening, loop = Relay(OPENAI_DIALECT), Opening(OPENAI_DIALECT), asyncio.get_running_loop()
    said = await hear_opening(call, cast(Any, provider), body, opening, limit, pieces, loop, lambda: next(clock))
    return said, pieces, call


async def test_what_was_said_until_the_model_spoke_is_given_in_one_and_kept_piece_by_piece() -> None:
    provider = Provider(ROLE, openai_chunk(content="a"), openai_chunk(content="b"))
    said, pieces, call = await hear(provider)
    assert said == b"".join(pieces) == ROLE + openai_chunk(content="a")
    assert len(pieces) == 2
    assert (call.ttft, call.upstream_seconds, len(provider.pieces)) == (3.5, 2.5, 1)


async def test_a_model_that_says_nothing_for_too_long_is_not_waited_for() -> None:
    said, pieces, _ = await hear(Provider(ROLE, end="silence"), 0.01)
    assert (said, pieces) == (ROLE, [ROLE])


async def test_a_stream_that_is_over_before_the_model_has_spoken_is_the_attempts_failure() -> None:
    with pytest.raises(Failure, match="ended its stream before") as caught:
        await hear(Provider(ROLE))
    assert (caught.value.kind, caught.value.retryable) == ("provider_error", True)


async def test_so_is_one_that_breaks_off() -> None:
    with pytest.raises(Failure, match="closed the connection") as caught:
        await hear(Provider(ROLE, end=Failure("provider_stream_cut", "cut")))
    assert (caught.value.kind, caught.value.retryable) == ("network_error", True)
    with pytest.raises(Failure) as timed:
        await hear(Provider(end=Failure("timeout", "late")))
    assert timed.value.kind == "timeout"
