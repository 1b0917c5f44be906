"""How an answer is read off the wire: framing, splits, what is no answer, and what may carry another exchange."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple, cast

import pytest

from proxy.call import Failure
from proxy.upstream.connection import HOLD, Connection, Stale
from tests.upstream.raw import LAST, RawUpstream, Script, Visit, always, chunk, head, plain, stream, turns

REQUEST = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}"
FAR = 1e12


class Answer(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    reusable: bool


async def connect(raw: RawUpstream) -> Connection:
    loop = asyncio.get_running_loop()
    return (await loop.create_connection(lambda: Connection(loop), "127.0.0.1", raw.port))[1]


async def read_all(connection: Connection) -> bytes:
    pieces = []
    while piece := await connection.read():
        pieces.append(piece)
    return b"".join(pieces)


async def ask(connection: Connection, request: bytes = REQUEST) -> Answer:
    connection.send(request, 5, 5, FAR)
    await connection.head()
    body = await read_all(connection)
    return Answer(connection.status, connection.headers, body, connection.done())


async def ask_once(*pieces: bytes) -> Answer:
    """The answer a provider gives by sending `pieces` and closing the connection after it."""

    async def script(visit: Visit) -> None:
        await visit.answer(*pieces)
        visit.close()

    async with RawUpstream(script) as raw:
        connection = await connect(raw)
        try:
            return await ask(connection)
        finally:
            connection.abort()


async def failure_of(script: Script) -> Failure:
    async with RawUpstream(script) as raw:
        connection = await connect(raw)
        with pytest.raises(Failure) as caught:
            await ask(connection)
        connection.abort()
        return caught.value


class Wire:
    """A transport without a socket, for bytes that must arrive in exactly these pieces."""

    def __init__(self) -> None:
        self.aborted = False
        self.reading = True

    def write(self, data: bytes) -> None: ...

    def abort(self) -> None:
        self.aborted = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_closing(self) -> bool:
        return self.aborted

    def get_write_buffer_size(self) -> int:
        return 0


def wired() -> tuple[Connection, Wire]:
    connection, wire = Connection(asyncio.get_running_loop()), Wire()
    connection.connection_made(cast(Any, wire))
    connection.send(REQUEST, 5, 5, FAR)
    return connection, wire


async def fed(*pieces: bytes) -> Answer:
    """What a connection makes of an answer that arrives in these pieces and then ends with the connection."""
    connection, _ = wired()
    for piece in pieces:
        connection.data_received(piece)
    reusable = connection.complete and connection.reusable
    connection.connection_lost(None)
    await connection.head()
    return Answer(connection.status, connection.headers, await read_all(connection), reusable)


# ---- framing

ANSWERS = {
    "content-length": (plain(b'{"a":1}'), 200, b'{"a":1}', True),
    "empty": (plain(b""), 200, b"", True),
    "chunked": (stream(b"one", b"two" * 100), 200, b"one" + b"two" * 100, True),
    "chunked with extensions": (
        head(200, "Transfer-Encoding: chunked") + chunk(b"one", b";a=b") + chunk(b"two", b';c="d e"') + LAST,
        200, b"onetwo", True,
    ),
    "chunked with trailers": (
        head(200, "transfer-encoding: chunked") + chunk(b"one") + b"0\r\nx-checksum: 12\r\nserver-timing: late\r\n\r\n",
        200, b"one", True,
    ),
    "chunk size in upper case with zeros": (
        head(200, "transfer-encoding: chunked") + b"00A\r\n0123456789\r\n000\r\n\r\n", 200, b"0123456789", True,
    ),
    "until close": (head(200, "content-type: text/plain") + b"what there is", 200, b"what there is", False),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\nserver: old\r\n\r\nall of it", 200, b"all of it", False),
    "HTTP/1.0 with length": (b"HTTP/1.0 200 OK\r\ncontent-length: 3\r\n\r\nabc", 200, b"abc", False),
    "HTTP/1.0 kept alive": (
        b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 3\r\n\r\nabc", 200, b"abc", True,
    ),
    "connection: close": (plain(b"{}", 200, "connection: close"), 200, b"{}", False),
    "no content": (head(204), 204, b"", True),
    "not modified": (head(304, "content-length: 10"), 304, b"", True),
    "continue first": (head(100) + plain(b"{}"), 200, b"{}", True),
    "hints and progress first": (
        head(103, "link: </x>", "content-length: 7") + head(102) + stream(b"abc"), 200, b"abc", True,
    ),
    "refusal": (plain(b'{"error":{}}', 429, "retry-after: 7"), 429, b'{"error":{}}', True),
    "no reason phrase": (b"HTTP/1.1 200\r\ncontent-length: 2\r\n\r\n{}", 200, b"{}", True),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
async def test_framing_over_a_socket(name: str) -> None:
    wire, status, body, _ = ANSWERS[name]
    answer = await ask_once(wire)
    assert (answer.status, answer.body) == (status, body)


@pytest.mark.parametrize("name", ANSWERS)
async def test_every_cut_gives_the_same_answer(name: str) -> None:
    wire, status, body, reusable = ANSWERS[name]
    whole = await fed(wire)
    assert (whole.status, whole.body, whole.reusable) == (status, body, reusable)
    for cut in range(1, len(wire)):
        assert await fed(wire[:cut], wire[cut:]) == whole, cut
    assert await fed(*(bytes([byte]) for byte in wire)) == whole


async def test_headers_are_in_lower_case_in_order_and_repeated() -> None:
    answer = await ask_once(head(200, "Set-Cookie: a", "X-Odd:  b", "SET-COOKIE: \xfc", "content-length: 0"))
    assert answer.headers[:2] == [("set-cookie", "a"), ("x-odd", "b")]
    assert answer.headers[2] == ("set-cookie", "\xc3\xbc")


async def test_headers_of_an_interim_answer_are_forgotten() -> None:
    answer = await ask_once(head(103, "x-hint: yes") + plain(b"{}"))
    assert "x-hint" not in dict(answer.headers)


async def test_trailers_are_no_headers() -> None:
    wire, *_ = ANSWERS["chunked with trailers"]
    assert "x-checksum" not in dict((await fed(wire)).headers)


# ---- what is no answer


@pytest.mark.parametrize(
    "wire",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -4\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\n12345",
        b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        head(101, "upgrade: websocket", "connection: upgrade") + b"frames",
    ],
)
async def test_what_is_not_http_is_refused(wire: bytes) -> None:
    async def script(visit: Visit) -> None:
        await visit.answer(wire)
        await visit.gone()

    failure = await failure_of(script)
    assert failure.kind == "provider_error"
    assert "not HTTP/1.1" in failure.detail


async def test_a_broken_chunk_fails_after_what_was_good() -> None:
    async with RawUpstream(always(head(200, "transfer-encoding: chunked") + chunk(b"good") + b"zz\r\n")) as raw:
        connection = await connect(raw)
        connection.send(REQUEST, 5, 5, FAR)
        await connection.head()
        assert await connection.read() == b"good"
        with pytest.raises(Failure, match="not HTTP/1.1"):
            await connection.read()
        await (await raw.visit()).gone()


@pytest.mark.parametrize("endless", [b"x-more: and more\r\n", b"v" * 50, b"n: " + b"v" * 4000 + b"\r\n"])
async def test_headers_without_end_are_refused(endless: bytes) -> None:
    async def script(visit: Visit) -> None:
        await visit.answer(b"HTTP/1.1 200 OK\r\nx: ")
        while not visit.left:
            await visit.drip(endless * 100)

    failure = await failure_of(script)
    assert failure.kind == "provider_error"
    assert "headers are longer than 65536 bytes" in failure.detail


async def test_interim_answers_without_end_are_refused() -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        while not visit.left:
            await visit.drip(head(102) * 200)

    assert "headers are longer" in (await failure_of(script)).detail


async def test_oversized_headers_are_refused_in_one_piece_too() -> None:
    wire = head(200, *(f"x-{number}: {'v' * 1000}" for number in range(70)), "content-length: 2") + b"{}"
    with pytest.raises(Failure, match="headers are longer"):
        await fed(wire)


async def test_a_large_body_that_comes_with_the_head_is_no_large_head() -> None:
    body = b"b" * 100_000
    assert (await fed(plain(body))).body == body


# ---- who sends too much


async def test_of_two_answers_the_first_counts_and_the_connection_is_not_used_again() -> None:
    connection, wire = wired()
    connection.data_received(plain(b"first") + plain(b"second", 500))
    await connection.head()
    assert (connection.status, await read_all(connection)) == (200, b"first")
    assert not connection.done()
    assert wire.aborted


async def test_bytes_after_the_answer_close_the_connection() -> None:
    connection, wire = wired()
    connection.data_received(plain(b"first") + b"garbage that is no answer")
    await connection.head()
    assert await read_all(connection) == b"first"
    assert not connection.done()
    assert wire.aborted


async def test_an_answer_nobody_asked_for_ends_an_idle_connection() -> None:
    async def script(visit: Visit) -> None:
        await visit.answer(plain(b"{}"))
        await turns(5)
        visit.send(plain(b"unasked"))
        await visit.gone()

    async with RawUpstream(script) as raw:
        connection = await connect(raw)
        lost = asyncio.Event()
        connection.on_lost = lambda _: lost.set()
        assert (await ask(connection)).reusable
        await asyncio.wait_for(lost.wait(), 5)
        with pytest.raises(Stale):
            connection.send(REQUEST, 5, 5, FAR)


async def test_a_greeting_before_the_request_ends_the_connection() -> None:
    async def script(visit: Visit) -> None:
        visit.send(plain(b"hello"))
        await visit.gone()

    async with RawUpstream(script) as raw:
        connection = await connect(raw)
        await (await raw.visit()).gone()
        with pytest.raises(Stale):
            connection.send(REQUEST, 5, 5, FAR)


# ---- answers before the request is over


async def test_an_answer_before_the_body_was_sent_is_heard_and_the_connection_not_reused() -> None:
    async def script(visit: Visit) -> None:
        await visit.until(lambda: len(visit.received) > 0)
        visit.stop_reading()
        visit.send(plain(b'{"error":"too large"}', 413))
        await visit.gone()

    async with RawUpstream(script) as raw:
        connection = await connect(raw)
        request = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 32000000\r\n\r\n" + bytes(32_000_000)
        answer = await ask(connection, request)
        assert (answer.status, answer.body, answer.reusable) == (413, b'{"error":"too large"}', False)
        connection.abort()


async def test_an_answer_and_a_close_before_the_body_was_sent() -> None:
    """The provider closes with bytes of ours unread, so its kernel resets: its answer must be read all the same."""

    async def script(visit: Visit) -> None:
        await visit.until(lambda: len(visit.received) > 0)
        visit.stop_reading()
        visit.send(plain(b"no", 413, "connection: close"))
        await turns(5)
        visit.transport.abort()

    async with RawUpstream(script) as raw:
        connection = await connect(raw)
        request = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 32000000\r\n\r\n" + bytes(32_000_000)
        answer = await ask(connection, request)
        assert (answer.status, answer.body, answer.reusable) == (413, b"no", False)


# ---- reading and pumping


async def test_pump_hands_over_what_was_held_and_then_each_piece_in_its_turn() -> None:
    connection, _ = wired()
    connection.data_received(head(200, "transfer-encoding: chunked") + chunk(b"held"))
    await connection.head()
    heard: list[bytes] = []
    pumping = asyncio.ensure_future(connection.pump(heard.append))
    await turns(1)
    assert heard == [b"held"]
    connection.data_received(chunk(b"now"))
    assert heard == [b"held", b"now"], "a piece is handed on in the call that reads it"
    connection.data_received(LAST)
    await pumping
    assert connection.done()


async def test_a_sink_that_raises_ends_the_exchange_with_its_own_exception() -> None:
    class Odd(Exception):
        pass

    def sink(data: bytes) -> None:
        raise Odd(data)

    async def script(visit: Visit) -> None:
        await visit.answer(head(200, "transfer-encoding: chunked"))
        await turns(5)
        visit.send(chunk(b"one") + chunk(b"two"))
        await visit.gone()

    async with RawUpstream(script) as raw:
        connection = await connect(raw)
        connection.send(REQUEST, 5, 5, FAR)
        await connection.head()
        with pytest.raises(Odd, match="one"):
            await connection.pump(sink)
        assert not connection.done()
        await (await raw.visit()).gone()


async def test_a_sink_that_raises_on_what_was_held() -> None:
    def sink(data: bytes) -> None:
        raise Failure("provider_error", "odd")

    connection, _ = wired()
    connection.data_received(plain(b"held"))
    await connection.head()
    with pytest.raises(Failure, match="odd"):
        await connection.pump(sink)


async def test_nudge_ends_a_read_with_nothing() -> None:
    connection, _ = wired()
    connection.data_received(head(200, "transfer-encoding: chunked"))
    await connection.head()
    reading = asyncio.ensure_future(connection.read())
    await turns(1)
    connection.nudge()
    assert await reading == b""
    assert not connection.complete


async def test_an_unread_answer_is_held_up_to_the_limit() -> None:
    """Nobody reads: the provider is stopped once HOLD bytes are here, and a read lets it go on."""
    connection, wire = wired()
    connection.data_received(head(200, "transfer-encoding: chunked"))
    sent = 0
    while wire.reading and sent < 10 * HOLD:
        connection.data_received(chunk(bytes(16_384)))
        sent += 16_384
    assert HOLD < sent <= HOLD + 16_384
    assert len(await connection.read()) == sent
    assert wire.reading


async def test_a_paused_reader_stops_the_provider_and_resume_lets_it_go_on() -> None:
    """32 MB for a reader that takes nothing: what is on the way is what the kernel holds, and nothing is lost."""
    size = 32 << 20

    async def script(visit: Visit) -> None:
        await visit.answer(head(200, f"content-length: {size}"), bytes(size))
        await visit.gone()

    async with RawUpstream(script) as raw:
        connection = await connect(raw)
        connection.send(REQUEST, 30, 30, FAR)
        await connection.head()
        heard = 0

        def sink(data: bytes) -> None:
            nonlocal heard
            heard += len(data)
            connection.pause()

        pumping = asyncio.ensure_future(connection.pump(sink))
        visit = await raw.visit()
        await turns(50)
        before = heard
        await turns(200)
        assert heard == before, "nothing is read while the reader is paused"
        assert visit.transport.get_write_buffer_size() > size // 2, "the provider is left with its bytes"
        async with asyncio.timeout(10):
            while not pumping.done():
                connection.resume()
                await turns(1)
        assert heard == size
        assert connection.done()
        connection.abort()


async def test_a_pause_asked_for_before_pumping_stands() -> None:
    """The application was slow already when its answer began: pumping must not start the provider again."""
    connection, wire = wired()
    connection.data_received(head(200, "transfer-encoding: chunked") + chunk(b"held"))
    await connection.head()
    connection.pause()
    pumping = asyncio.ensure_future(connection.pump(lambda data: None))
    await turns(1)
    assert not wire.reading
    connection.resume()
    assert wire.reading
    connection.data_received(LAST)
    await pumping


async def test_a_hold_that_is_full_does_not_stop_the_pump() -> None:
    connection, wire = wired()
    connection.data_received(head(200, "transfer-encoding: chunked"))
    while wire.reading:
        connection.data_received(chunk(bytes(65_536)))
    heard: list[bytes] = []
    pumping = asyncio.ensure_future(connection.pump(heard.append))
    await turns(1)
    assert wire.reading
    assert len(b"".join(heard)) > HOLD
    connection.data_received(LAST)
    await pumping


# ---- another exchange


async def test_a_kept_connection_carries_many_exchanges() -> None:
    async with RawUpstream(always(plain(b'{"a":1}'))) as raw:
        connection = await connect(raw)
        for _ in range(5):
            answer = await ask(connection)
            assert (answer.body, answer.reusable) == (b'{"a":1}', True)
        assert len(raw.visits) == 1
        connection.abort()
        await raw.visits[0].gone()


async def test_an_exchange_starts_with_a_clean_slate() -> None:
    async def script(visit: Visit) -> None:
        await visit.answer(plain(b"a long first body", 429, "retry-after: 9"))
        await visit.answer(head(200, "transfer-encoding: chunked") + chunk(b"b") + LAST)

    async with RawUpstream(script) as raw:
        connection = await connect(raw)
        await ask(connection)
        assert await ask(connection) == Answer(200, [("transfer-encoding", "chunked")], b"b", True)
        connection.abort()


async def test_abort_closes_at_once() -> None:
    async def script(visit: Visit) -> None:
        await visit.answer(head(200, "transfer-encoding: chunked") + chunk(b"one"))
        await visit.gone()

    async with RawUpstream(script) as raw:
        connection = await connect(raw)
        connection.send(REQUEST, 5, 5, FAR)
        await connection.head()
        connection.abort()
        connection.abort()
        await (await raw.visit()).gone()
        with pytest.raises(Stale):
            connection.send(REQUEST, 5, 5, FAR)


async def test_an_incomplete_exchange_is_not_reusable() -> None:
    connection, _ = wired()
    connection.data_received(head(200, "content-length: 10") + b"12345")
    await connection.head()
    assert not connection.done()
