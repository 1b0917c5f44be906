"""How an answer is read off the wire: framing, splits, and what is no answer."""

from __future__ import annotations

import pytest

from proxy.call import Failure
from tests.upstream.asking import FAR, REQUEST, ask_once, connect, failure_of, fed
from tests.upstream.raw import LAST, RawUpstream, Visit, always, chunk, head, plain, stream

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
        with pytest.raises(Failure, match="is not HTTP"):
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
