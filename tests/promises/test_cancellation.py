"""The application hangs up: the provider's connection is closed at once, and nobody takes it for the provider's failure."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from proxy.server.connection import ClientConnection
from proxy.upstream.connection import Connection
from tests.promises.caller import Caller, chat, http, until
from tests.promises.dialects import WIRES, alone, like, speaking_alone
from tests.promises.dialects.wire import Wire
from tests.promises.sidecars import InLoop, anthropic_like, openai_like, sidecar
from tests.promises.upstream import Provider
from tests.promises.wires import OPENAI_OPENING, anthropic_opening, anthropic_word, openai_word

HANGING_UP: dict[str, Callable[[Caller], None]] = {"fin": Caller.hang_up, "rst": Caller.reset}


class Turns:
    """Counts the turns of the loop, and in which of them the sidecar heard of the end and closed the provider's connection."""

    def __init__(self) -> None:
        self.now = 0
        self.noticed: list[int] = []
        self.closed: list[int] = []

    def tick(self) -> None:
        self.now += 1
        self._next = asyncio.get_running_loop().call_soon(self.tick)

    def stop(self) -> None:
        self._next.cancel()


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Turns:
    """Not ticking yet: the test starts it, inside its loop."""
    counted = Turns()
    lost, abort = ClientConnection.connection_lost, Connection.abort

    def note_lost(self: ClientConnection, exc: BaseException | None) -> None:
        counted.noticed.append(counted.now)
        lost(self, exc)

    def note_abort(self: Connection) -> None:
        counted.closed.append(counted.now)
        abort(self)

    monkeypatch.setattr(ClientConnection, "connection_lost", note_lost)
    monkeypatch.setattr(Connection, "abort", note_abort)
    return counted


class Scene(NamedTuple):
    """A sidecar with a provider named `up` that waits for its test, and a caller that has sent nothing yet."""

    provider: Provider
    running: InLoop
    caller: Caller


@asynccontextmanager
async def scene(
    directory: Path, like: Callable[..., dict[str, Any]] = openai_like, receive_buffer: int = 0, **entry: Any
) -> AsyncIterator[Scene]:
    async with Provider() as provider, sidecar(directory, {"up": like(provider.url, **entry)}) as running:
        yield Scene(provider, running, await running.caller(receive_buffer))


async def is_left(scene: Scene, phase: str) -> None:
    """Nothing of the call remains, and it is counted as what it was."""
    await scene.running.is_idle()
    pool = (await scene.running.status())["providers"]["up"]
    assert (pool["active"], pool["idle"], pool["waiting"]) == (0, 0, 0)
    assert await scene.running.counted("outrider_client_gone_total", phase=phase) == 1
    assert await scene.running.counted("llm_requests_failure", kind="client_gone") == 1
    assert await scene.running.counted("llm_requests_failure") == 1
    assert await scene.running.counted("provider_error_total") == 0


async def waiting(scene: Scene) -> None:
    scene.caller.post(chat(stream=True))
    await scene.provider.asked()


async def opening(scene: Scene) -> None:
    scene.caller.post(chat(stream=True))
    link = (await scene.provider.asked()).link
    link.start()
    link.chunk(OPENAI_OPENING)
    await phase_is(scene, "opening")


async def streaming(scene: Scene) -> None:
    scene.caller.post(chat(stream=True))
    link = (await scene.provider.asked()).link
    link.start()
    link.chunk(OPENAI_OPENING + openai_word("hi"))
    await scene.caller.head()
    await scene.caller.chunk()


async def half_a_reply(scene: Scene) -> None:
    scene.caller.post(chat())
    link = (await scene.provider.asked()).link
    link.send(b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"id":')
    await asyncio.sleep(0.01)  # nothing outside shows that the sidecar has read it; either way it must hang up


async def phase_is(scene: Scene, phase: str) -> None:
    await until(lambda: [call.phase for call in scene.running.sidecar.gateway.calls] == [phase])


#: phase as it is counted -> how to get there
PHASES: dict[str, tuple[str, Callable[[Scene], Awaitable[None]]]] = {
    "headers": ("waiting", waiting),
    "opening": ("opening", opening),
    "mid-stream": ("streaming", streaming),
    "whole reply": ("waiting", half_a_reply),
}


@pytest.mark.parametrize("how", HANGING_UP)
@pytest.mark.parametrize("where", PHASES)
async def test_the_provider_s_connection_closes_within_a_turn(
    where: str, how: str, turns: Turns, tmp_path: Path
) -> None:
    phase, go = PHASES[where]
    async with scene(tmp_path) as it:
        await go(it)
        turns.tick()
        HANGING_UP[how](it.caller)
        await it.provider.links[0].is_closed()
        turns.stop()
        assert len(turns.noticed) == len(turns.closed) == 1
        assert turns.closed[0] - turns.noticed[0] <= 1
        await is_left(it, phase)


@pytest.mark.parametrize("how", HANGING_UP)
async def test_while_the_body_is_read_no_provider_is_asked(how: str, tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        it.caller.send(http(chat(text="x" * 1000))[:-500])
        await phase_is(it, "reading")
        HANGING_UP[how](it.caller)
        await is_left(it, "reading")
        assert it.provider.links == []


async def has_waiting(scene: Scene, number: int) -> bool:
    return await scene.running.waiting("up") == number


async def test_while_it_waits_for_a_connection_its_place_is_given_up(tmp_path: Path) -> None:
    async with scene(tmp_path, pool={"connections": 1}) as it:
        first = await it.running.caller()
        first.post(chat())
        held = await it.provider.asked()
        it.caller.post(chat())
        await until(partial(has_waiting, it, 1))
        it.caller.hang_up()
        await until(partial(has_waiting, it, 0))
        first.hang_up()
        await held.link.is_closed()
        await it.running.is_idle()
        assert await it.running.counted("outrider_client_gone_total", phase="connecting") == 1
        assert len(it.provider.requests) == 1


@contextmanager
def full_listener() -> Iterator[int]:
    """A port where connecting hangs: its queue is full and nobody accepts."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            fillers.append(filler)
        yield port
        for filler in fillers:
            filler.close()


def connecting(port: int) -> int:
    """How many sockets of this machine are in SYN-SENT towards `port` (proc(5): state 02)."""
    table = Path("/proc/net/tcp")
    if not table.exists():
        pytest.skip("no /proc/net/tcp: this system does not show its sockets")
    rows = [row.split() for row in table.read_text("ascii").splitlines()[1:]]
    return sum(row[3] == "02" and row[2].endswith(f":{port:04X}") for row in rows)


async def test_while_it_connects_the_attempt_is_given_up(tmp_path: Path) -> None:
    with full_listener() as port:
        before = connecting(port)
        url = f"http://127.0.0.1:{port}"
        async with (
            Provider() as unused,
            sidecar(tmp_path, {"up": openai_like(url, timeouts={"connect": 30})}) as running,
        ):
            it = Scene(unused, running, await running.caller())
            it.caller.post(chat())
            await until(lambda: connecting(port) > before)
            it.caller.hang_up()
            await is_left(it, "connecting")
            await until(lambda: connecting(port) == before, seconds=1)


@pytest.mark.parametrize("like", [openai_like, anthropic_like])
async def test_a_reader_that_is_too_slow_and_leaves(like: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    """Reading from the provider stands still by then, and the sidecar must hear of the end all the same."""
    word = openai_word if like is openai_like else anthropic_word
    async with scene(tmp_path, like, receive_buffer=4096) as it:
        it.caller.post(chat(stream=True))
        link = (await it.provider.asked()).link
        link.start()
        link.chunk(OPENAI_OPENING if like is openai_like else anthropic_opening())
        link.chunk(word("x" * 1_000_000))
        await it.caller.head()
        for _ in range(20):
            link.chunk(word("x" * 1_000_000))
        async with asyncio.timeout(5):
            before = -1
            while link.transport.get_write_buffer_size() != before:
                before = link.transport.get_write_buffer_size()
                await asyncio.sleep(0.02)
        assert before > 0, "the provider could send everything: nothing was paused"
        it.caller.hang_up()
        await link.is_closed()
        await is_left(it, "streaming")


async def test_what_the_provider_had_reported_is_counted(tmp_path: Path) -> None:
    async with scene(tmp_path, anthropic_like) as it:
        it.caller.post(chat(stream=True))
        link = (await it.provider.asked()).link
        link.start()
        link.chunk(anthropic_opening({"input_tokens": 10, "cache_read_input_tokens": 7, "output_tokens": 2}))
        link.chunk(anthropic_word("hi"))
        await it.caller.head()
        it.caller.hang_up()
        await is_left(it, "streaming")
        counted = {
            bucket: await it.running.counted("outrider_tokens_total", bucket=bucket)
            for bucket in ("input", "cache_read", "output")
        }
        assert counted == {"input": 10, "cache_read": 7, "output": 1}, (
            "of the answer what was heard: of that nobody told"
        )


async def test_what_a_relayed_stream_had_said_is_estimated(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        await streaming(it)
        it.caller.hang_up()
        await is_left(it, "streaming")
        assert await it.running.counted("llm_tokens_completion") > 0


async def leave_mid_stream(provider: Provider, running: InLoop, ours: Wire, theirs: Wire, how: str) -> None:
    """Behind the first word, and inside the second."""
    said = theirs.stream(["one", "two"])
    caller = await running.caller()
    caller.post(ours.ask("up:m", True), ours.headers, ours.path_to("up:m", True))
    link = (await provider.asked()).link
    link.start(theirs.content_type)
    link.chunk(b"".join([*said.opening, said.words[0]]))
    assert (await caller.head()).status == 200
    assert await caller.chunk()
    link.chunk(said.words[1][:-9])
    HANGING_UP[how](caller)
    await link.is_closed()
    await is_left(Scene(provider, running, caller), "streaming")


@pytest.mark.parametrize("how", HANGING_UP)
@pytest.mark.parametrize("dialect", WIRES)
async def test_in_the_middle_of_every_relay(dialect: str, how: str, turns: Turns, tmp_path: Path) -> None:
    wire = WIRES[dialect]
    async with Provider() as provider, sidecar(tmp_path, {"up": like(wire, provider.url)}) as running:
        turns.tick()
        await leave_mid_stream(provider, running, wire, wire, how)
        turns.stop()
        assert turns.closed[0] - turns.noticed[0] <= 1


CROSSED = [("openai", "ollama"), ("anthropic", "bedrock"), ("bedrock", "cohere"), ("gemini_array", "responses")]


@pytest.mark.parametrize("how", HANGING_UP)
@pytest.mark.parametrize(("client", "target"), CROSSED)
async def test_in_the_middle_of_a_translation(client: str, target: str, how: str, turns: Turns, tmp_path: Path) -> None:
    theirs = WIRES[target]
    with speaking_alone():
        async with Provider() as provider, sidecar(tmp_path, {"up": alone(theirs, provider.url)}) as running:
            turns.tick()
            await leave_mid_stream(provider, running, WIRES[client], theirs, how)
            turns.stop()
            assert turns.closed[0] - turns.noticed[0] <= 1


async def test_a_call_after_an_abandoned_one_gets_a_connection_of_its_own(tmp_path: Path) -> None:
    """What the provider still says to the first must never be taken for the answer to the second."""
    async with scene(tmp_path) as it:
        await streaming(it)
        it.caller.hang_up()
        await it.provider.links[0].is_closed()
        again = await it.running.caller()
        again.post(chat())
        link = (await it.provider.asked()).link
        assert link is it.provider.links[1]
        link.whole({"choices": [], "id": "second"})
        assert (await again.answer()).json["id"] == "second"
