"""Streams through an exchange: what is held and for how long, what is passed on at once, and how it truthfully ends."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from proxy.call import Failure, Usage
from proxy.upstream.connection import Connection
from proxy.upstream.road import Timeouts
from proxy.wire.sse import Reader
from tests.upstream.lane import Lane, Recorder
from tests.upstream.raw import LAST, STREAM_HEAD, RawUpstream, Script, Visit, always, chunk, head, stream, turns
from tests.upstream.streams import (
    ANTHROPIC,
    ANTHROPIC_ERROR,
    BLOCK,
    OPENAI,
    OPENAI_ERROR,
    PING,
    ROLE,
    START,
    anthropic_text,
    openai_chunk,
)

TEXT = openai_chunk(content="Hel")
SPEECH = {"openai": TEXT, "anthropic": anthropic_text("Hel")}
SILENCE = {"openai": ROLE, "anthropic": START + BLOCK + PING}
WHOLE = {"openai": b"".join(OPENAI), "anthropic": b"".join(ANTHROPIC)}
ERROR = {"openai": OPENAI_ERROR, "anthropic": ANTHROPIC_ERROR}
KINDS = pytest.mark.parametrize("kind", ["openai", "anthropic"])
NEVER = Timeouts(5, 5, 5, opening=60)


def text_of(wire: bytes) -> str:
    chunks = [orjson.loads(event.data) for event in Reader().feed(wire) if event.data != b"[DONE]"]
    return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])


class Stage:
    """A script that goes on when the test says so."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces
        self.visit: Visit | None = None
        self._next = asyncio.Event()

    async def __call__(self, visit: Visit) -> None:
        await visit.request()
        visit.send(STREAM_HEAD)
        for piece in self.pieces:
            await self._next.wait()
            self._next.clear()
            visit.send(piece)
        await visit.gone()

    async def go_on(self) -> None:
        """The next piece is sent, read and passed on."""
        self._next.set()
        await turns(12)


# ---- identity


@pytest.mark.parametrize("wire", [WHOLE["openai"], WHOLE["openai"].replace(b"\n", b"\r\n"), b":\n\n" + WHOLE["openai"]])
async def test_a_relayed_stream_changes_no_byte(wire: bytes) -> None:
    for size in (1, 13, 1 << 20):
        pieces = [wire[at : at + size] for at in range(0, len(wire), size)]
        async with RawUpstream(always(stream(*pieces))) as raw:
            lane = Lane(raw)
            outcome = await lane.ask(stream=True)
            assert lane.client.body == wire
            assert lane.client.headers["content-type"].startswith("text/event-stream")
            assert "content-length" not in lane.client.headers
            assert (outcome.usage, lane.client.finished, lane.numbers) == (Usage(9, output=2), True, (0, 1, 0))
            assert outcome.ttft is not None


@KINDS
async def test_a_stream_without_length_ends_with_its_connection(kind: str) -> None:
    async def script(visit: Visit) -> None:
        await visit.answer(head(200, "content-type: text/event-stream"), WHOLE[kind])
        visit.close()

    async with RawUpstream(script) as raw:
        lane = Lane(raw, kind)
        outcome = await lane.ask(stream=True)
        assert text_of(lane.client.body) == "Hello"
        assert (outcome.usage, lane.numbers) == (Usage(9, output=2), (0, 0, 0))


@KINDS
async def test_a_connection_carries_streams_and_replies_in_turn(kind: str) -> None:
    async with RawUpstream(always(stream(WHOLE[kind]))) as raw:
        lane = Lane(raw, kind)
        for _ in range(5):
            await lane.ask(stream=True)
            assert text_of(lane.client.body) == "Hello"
        assert lane.dials == 1


# ---- the opening


@KINDS
async def test_nothing_is_sent_before_the_model_speaks_and_everything_at_once_after_it(kind: str) -> None:
    rest = WHOLE[kind].partition(b"Hel")[2].partition(b"\n\n")[2]
    stage = Stage(chunk(SILENCE[kind]), chunk(SPEECH[kind]), chunk(rest) + LAST)
    async with RawUpstream(stage) as raw:
        lane = Lane(raw, kind, NEVER)
        asking = lane.begin(stream=True)
        await raw.visit()
        await turns(10)
        await stage.go_on()
        assert not lane.client.started
        await stage.go_on()
        assert (lane.client.started, text_of(lane.client.body)) == (True, "Hel")
        await stage.go_on()
        outcome = await asking
        assert (text_of(lane.client.body), outcome.usage) == ("Hello", Usage(9, output=2))


@KINDS
@pytest.mark.parametrize("before", [b"", b": hello\n\n", None])
async def test_an_error_event_before_the_model_spoke_is_a_failure(kind: str, before: bytes | None) -> None:
    wire = (SILENCE[kind] if before is None else before) + ERROR[kind]
    async with RawUpstream(always(STREAM_HEAD + chunk(wire))) as raw:
        lane = Lane(raw, kind)
        failure = await lane.fail(stream=True)
        assert failure.kind in ("provider_error", "provider_overloaded")
        assert (failure.retryable, failure.told, lane.client.started) == (True, False, False)
        await raw.visits[0].gone()
        assert lane.numbers == (0, 0, 0)


@KINDS
async def test_after_its_time_the_opening_is_let_go(kind: str) -> None:
    stage = Stage(chunk(SILENCE[kind]), chunk(WHOLE[kind].removeprefix(SILENCE[kind])) + LAST)
    async with RawUpstream(stage) as raw:
        lane = Lane(raw, kind, Timeouts(5, 5, 5, opening=0.05))
        asking = lane.begin(stream=True)
        await raw.visit()
        began = lane.loop.time()
        await stage.go_on()
        await lane.client.until(lambda: lane.client.started)
        assert 0.04 < lane.loop.time() - began < 1
        await stage.go_on()
        await asking
        assert text_of(lane.client.body) == "Hello"


class Coinciding(Connection):
    """A piece of the answer comes in the very loop turn in which the opening's time is over."""

    def nudge(self) -> None:
        self.data_received(chunk(b": keep-alive\n\n"))
        super().nudge()


async def test_the_opening_is_let_go_when_a_piece_comes_in_the_same_turn() -> None:
    async with RawUpstream(always(STREAM_HEAD + chunk(ROLE))) as raw:
        lane = Lane(raw, timeouts=Timeouts(5, 5, 5, opening=0.05), connection=Coinciding)
        asking = lane.begin(stream=True)
        try:
            await asyncio.wait_for(lane.client.until(lambda: lane.client.started), 1)
        finally:
            asking.cancel()


async def test_an_opening_of_many_bytes_is_let_go() -> None:
    async with RawUpstream(always(STREAM_HEAD + chunk(b": keep-alive\n\n" * 6000))) as raw:
        lane = Lane(raw, timeouts=NEVER)
        asking = lane.begin(stream=True)
        await lane.client.until(lambda: lane.client.started)
        assert lane.client.body.startswith(b": keep-alive")
        asking.cancel()


async def test_an_error_after_the_opening_was_let_go_is_told_by_the_provider_itself() -> None:
    stage = Stage(chunk(b": keep-alive\n\n" * 6000), chunk(OPENAI_ERROR) + LAST)
    async with RawUpstream(stage) as raw:
        lane = Lane(raw, timeouts=NEVER)
        asking = lane.begin(stream=True)
        await raw.visit()
        await turns(10)
        await stage.go_on()
        await lane.client.until(lambda: lane.client.started)
        await stage.go_on()
        with pytest.raises(Failure) as caught:
            await asking
        assert (caught.value.kind, caught.value.told) == ("provider_error", True)
        assert lane.client.body.endswith(OPENAI_ERROR)


# ---- truthful endings


@KINDS
@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_stream_cut_before_the_model_spoke_can_be_tried_again(kind: str, how: str) -> None:
    async with RawUpstream(cut_after(chunk(SILENCE[kind]), how)) as raw:
        lane = Lane(raw, kind)
        failure = await lane.fail(stream=True)
        assert (failure.kind, failure.retryable, lane.client.started) == ("network_error", True, False)
        assert lane.numbers == (0, 0, 0)


@KINDS
async def test_a_stream_that_ends_before_the_model_spoke_can_be_tried_again(kind: str) -> None:
    async with RawUpstream(always(stream(SILENCE[kind]))) as raw:
        lane = Lane(raw, kind)
        failure = await lane.fail(stream=True)
        assert (failure.kind, failure.retryable, lane.client.started) == ("provider_error", True, False)


def cut_after(wire: bytes, how: str) -> Script:
    async def script(visit: Visit) -> None:
        await visit.answer(STREAM_HEAD + wire)
        await turns(6)
        getattr(visit, how)()

    return script


@KINDS
@pytest.mark.parametrize(
    "end",
    ["clean", "close", "reset", "mid-chunk"],
)
@pytest.mark.parametrize("inside", ["", "an event"])
async def test_a_cut_stream_is_never_finished_for_the_provider(kind: str, end: str, inside: str) -> None:
    said = SILENCE[kind] + SPEECH[kind]
    wire = chunk(said + SPEECH[kind][:-5] if inside else said)
    wire += {"clean": LAST, "mid-chunk": b"ffff\r\nda"}.get(end, b"")
    script = always(STREAM_HEAD + wire) if end == "clean" else cut_after(wire, end.replace("mid-chunk", "close"))
    async with RawUpstream(script) as raw:
        lane = Lane(raw, kind)
        call = lane.call(stream=True)
        with pytest.raises(Failure) as caught:
            await lane.run(call)
        assert (caught.value.kind, caught.value.told) == ("provider_stream_cut", False)
        assert text_of(lane.client.body) == "Hel"
        assert b"[DONE]" not in lane.client.body
        assert b'finish_reason":"' not in lane.client.body
        assert (lane.client.finished, lane.numbers) == (False, (0, 0, 0))
        assert call.usage is not None, "what was received is billed"
        assert call.usage.total > 0


@KINDS
@pytest.mark.parametrize("pieces", [1, 2])
async def test_an_error_event_in_mid_stream_comes_after_what_was_said(kind: str, pieces: int) -> None:
    """Whether or not both come in one read."""
    opening, late = SILENCE[kind] + SPEECH[kind], [SPEECH[kind].replace(b"Hel", b"lo"), ERROR[kind]]
    stage = Stage(chunk(opening), *map(chunk, late if pieces == 2 else [b"".join(late)]))
    async with RawUpstream(stage) as raw:
        lane = Lane(raw, kind)
        asking = lane.begin(stream=True)
        await raw.visit()
        await turns(10)
        for _ in stage.pieces:
            await stage.go_on()
        raw.visits[0].send(LAST)
        with pytest.raises(Failure) as caught:
            await asking
        assert caught.value.kind in ("provider_error", "provider_overloaded")
        assert caught.value.told is (kind == "openai")
        said = lane.client.body.removesuffix(OPENAI_ERROR)
        assert text_of(said) == "Hello"
        assert lane.numbers == (0, 0, 0)


async def test_junk_in_mid_stream_of_a_translation_ends_it() -> None:
    stage = Stage(chunk(SILENCE["anthropic"] + SPEECH["anthropic"]), chunk(b"data: {\n\n"))
    async with RawUpstream(stage) as raw:
        lane = Lane(raw, "anthropic")
        asking = lane.begin(stream=True)
        await raw.visit()
        await turns(10)
        await stage.go_on()
        await stage.go_on()
        with pytest.raises(Failure) as caught:
            await asking
        assert caught.value.party == "provider"
        await raw.visits[0].gone()
        assert lane.numbers == (0, 0, 0)


# ---- a slow application


@KINDS
async def test_a_slow_application_stops_the_provider(kind: str) -> None:
    """It is full from the first write on, before the body begins to flow."""
    count = 40_000
    filler = chunk(SPEECH[kind].replace(b"Hel", b"x" * 500)) * count
    ending = chunk(WHOLE[kind].partition(b"Hel")[2].partition(b"\n\n")[2]) + LAST
    async with RawUpstream(always(STREAM_HEAD, chunk(SILENCE[kind]), filler, ending)) as raw:
        lane = Lane(raw, kind)
        call = lane.call(stream=True)
        call.client = client = Recorder(slow=True)
        asking = asyncio.ensure_future(asyncio.wait_for(lane.exchange(call), 30))
        await client.until(lambda: bool(client.writes))
        await turns(100)
        taken = len(client.body)
        await turns(100)
        assert len(client.body) == taken < len(filler) // 2
        assert raw.visits[0].transport.get_write_buffer_size() > 0
        client.slow = False
        assert client.source is not None
        client.source.resume()
        await asking
        assert len(text_of(client.body)) == 500 * count + len("lo")
        assert lane.numbers == (0, 1, 0)


async def test_nobody_follows_a_stream_that_is_over() -> None:
    async with RawUpstream(always(stream(WHOLE["openai"]))) as raw:
        lane = Lane(raw)
        await lane.ask(stream=True)
        assert lane.client.source is None
