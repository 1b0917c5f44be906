"""What an application or a provider could mean badly: two lengths for one body, keys repeated, requests said twice."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

import pytest

from tests.promises.caller import Answer
from tests.promises.relaying import DOWNLOAD, Script, Visit, asking, echo, scene, store
from tests.promises.sidecars import KEY, openai_like, process, sidecar

HEAD = b"POST /providers/up/files HTTP/1.1\r\nhost: sidecar\r\n"
CHUNKS = b"3\r\nabc\r\n0\r\n\r\n"
#: Heads that leave open where the body ends.
TWO_LENGTHS = {
    "length, then chunks": (b"content-length: 3\r\ntransfer-encoding: chunked\r\n", CHUNKS, 400),
    "chunks, then length": (b"transfer-encoding: chunked\r\ncontent-length: 3\r\n", CHUNKS, 400),
    "two lengths": (b"content-length: 3\r\ncontent-length: 4\r\n", b"abcd", 400),
    "the same twice": (b"content-length: 3\r\ncontent-length: 3\r\n", b"abc", 400),
    "a list": (b"content-length: 3, 3\r\n", b"abc", 400),
    "a sign": (b"content-length: +3\r\n", b"abc", 400),
    "a space": (b"content-length : 3\r\n", b"abc", 400),
    "chunks that are no last coding": (b"transfer-encoding: chunked, gzip\r\n", CHUNKS, 400),
    "nearly chunked": (b"transfer-encoding: xchunked\r\n", CHUNKS, 400),
    "coded besides": (b"transfer-encoding: gzip, chunked\r\n", CHUNKS, 501),
    "a folded line": (b"x: a\r\n b\r\ncontent-length: 3\r\n", b"abc", 400),
}


@pytest.mark.parametrize("case", TWO_LENGTHS)
async def test_a_request_of_uncertain_length_goes_nowhere(case: str, tmp_path: Path) -> None:
    lines, body, status = TWO_LENGTHS[case]
    async with scene(tmp_path, echo) as at:
        at.caller.send(HEAD + lines + b"\r\n" + body)
        answer = await at.caller.answer()
        assert (answer.status, answer.error["type"]) == (status, "invalid_request")
        assert status == 501 or await at.caller.is_closed()
        assert not at.there.visits


def sending(data: bytes, close: bool = False) -> Script:
    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.body()
        visit.send(data)
        if close:
            visit.writer.close()

    return script


#: Without a length, an answer whose last coding is not `chunked` ends with its connection (RFC 9112, section 6.3).
OF_ANSWERS = [case for case, (lines, _, _) in TWO_LENGTHS.items() if lines.count(b"-") > 1 or b"transfer" not in lines]


@pytest.mark.parametrize("case", OF_ANSWERS)
async def test_an_answer_of_uncertain_length_is_none(case: str, tmp_path: Path) -> None:
    lines, body, _ = TWO_LENGTHS[case]
    async with scene(tmp_path, sending(b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n" + body)) as at:
        at.caller.send(DOWNLOAD)
        answer = await at.caller.answer()
        assert (answer.status, answer.error["type"]) == (502, "provider_error")
        await at.there.visits[0].is_left()


async def test_what_follows_an_answer_is_never_the_next_one(tmp_path: Path) -> None:
    forged = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged"
    async with scene(tmp_path, sending(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ntrue" + forged)) as at:
        for _ in range(2):
            at.caller.send(DOWNLOAD)
            answer = await at.caller.answer()
            assert answer.body == b"true" or answer.status == 502
        assert len(at.there.visits) == 2


async def test_an_answer_without_content_that_says_a_length(tmp_path: Path) -> None:
    async with scene(tmp_path, sending(b"HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n")) as at:
        at.caller.send(DOWNLOAD)
        status, headers = await at.caller.head()
        assert status == 204
        assert "content-length" not in headers


# ---- keys


async def answered(tmp_path: Path, *pieces: bytes) -> Answer:
    """What an application gets of an answer that comes in these pieces."""

    async def script(visit: Visit) -> None:
        await visit.head()
        for piece in pieces:
            visit.send(piece)
            await asyncio.sleep(0.005)

    async with scene(tmp_path, script) as at:
        at.caller.send(DOWNLOAD)
        return await at.caller.answer()


SPLITS = [1, 2, len(KEY) // 2, len(KEY) - 1]


@pytest.mark.parametrize("at", SPLITS)
async def test_a_key_in_a_good_answer_is_overwritten_wherever_it_is_cut(at: int, tmp_path: Path) -> None:
    said = f"it is {KEY}, and ends in {KEY[:5]}".encode()
    start = said.index(KEY.encode()) + at
    head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(said)
    answer = await answered(tmp_path, head + said[:start], said[start:])
    assert answer.complete
    assert answer.body == said.replace(KEY.encode(), b"*" * len(KEY))


async def test_a_key_in_chunks_is_overwritten(tmp_path: Path) -> None:
    first, second = KEY[:9].encode(), KEY[9:].encode()
    chunks = b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(first), first, len(second), second)
    answer = await answered(tmp_path, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunks)
    assert (answer.body, answer.complete) == (b"*" * len(KEY), True)


async def test_a_key_in_a_redirect_is_taken_out(tmp_path: Path) -> None:
    head = f"HTTP/1.1 302 Found\r\nlocation: /v1/x?key={KEY}\r\nset-cookie: a={KEY}\r\ncontent-length: 0\r\n\r\n"
    answer = await answered(tmp_path, head.encode())
    assert answer.headers["location"] == "/providers/up/x?key=[redacted]"
    assert "set-cookie" not in answer.headers


async def test_headers_of_the_connection_stay_behind(tmp_path: Path) -> None:
    lines = (
        b"set-cookie: a=b\r\nkeep-alive: timeout=1\r\nproxy-authenticate: x\r\nserver: y\r\nalt-svc: h3\r\nvia: z\r\n"
    )
    answer = await answered(tmp_path, b"HTTP/1.1 200 OK\r\n" + lines + b"content-length: 2\r\n\r\nok")
    unwanted = {"set-cookie", "keep-alive", "proxy-authenticate", "server", "alt-svc", "via"}
    assert answer.headers.keys().isdisjoint(unwanted)


async def test_a_compressed_answer_is_not_touched(tmp_path: Path) -> None:
    packed = gzip.compress(b"hello" * 1000)
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    answer = await answered(tmp_path, head % len(packed) + packed)
    assert (answer.body, answer.headers["content-encoding"]) == (packed, "gzip")


# ---- nothing twice


@pytest.mark.parametrize(("method", "status", "visits"), [("POST", 502, 1), ("PATCH", 502, 1), ("PUT", 200, 2)])
async def test_what_may_have_been_done_is_not_asked_for_again(
    method: str, status: int, visits: int, tmp_path: Path
) -> None:
    async def once(visit: Visit) -> None:
        await visit.head()
        visit.answer(200, b"ok")
        await visit.head()
        visit.writer.close()

    async with scene(tmp_path, once) as at:
        at.caller.send(DOWNLOAD)
        assert (await at.caller.answer()).status == 200
        at.caller.send(asking(method, "/providers/up/batches", b"{}"))
        answer = await at.caller.answer()
        assert (answer.status, len(at.there.visits)) == (status, visits)


# ---- early and cut answers


async def test_a_cut_is_seen_even_where_the_end_of_the_connection_is_the_end_of_the_body(tmp_path: Path) -> None:
    cut = sending(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", close=True)
    async with store(cut) as there, sidecar(tmp_path, {"up": openai_like(there.url)}) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"GET /providers/up/files/1 HTTP/1.0\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()


async def test_a_provider_that_answers_and_closes_in_the_middle_of_an_upload_is_heard(tmp_path: Path) -> None:
    async def refuse(visit: Visit) -> None:
        await visit.head()
        await visit.reader.readexactly(100_000)
        visit.answer(413, b'{"error":{"message":"too large"}}', {"connection": "close"})
        visit.writer.close()

    async def pour(writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    # A process of its own: which of an answer and a broken pipe is seen first is the event loop's affair.
    async with store(refuse) as there, process(tmp_path, {"up": openai_like(there.url)}) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(asking("POST", "/providers/up/files", content_length=str(1 << 30)))
        pouring = asyncio.create_task(pour(writer))
        async with asyncio.timeout(10):
            head = await reader.readuntil(b"\r\n\r\n")
        pouring.cancel()
        await asyncio.gather(pouring, return_exceptions=True)
        writer.close()
        assert head.startswith(b"HTTP/1.1 413 ")
        assert b"\r\nconnection: close\r\n" in head
