"""Bodies on their way: as they come, in chunks where nobody knows how long they are, and whole where they must be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from proxy.call import Failure
from proxy.upstream.upload import Pouring, Upload, framed, gather, pieces_of


async def pieces(*given: bytes, then: BaseException | None = None) -> AsyncIterator[bytes]:
    for piece in given:
        yield piece
    if then is not None:
        raise then


async def never() -> AsyncIterator[bytes]:
    await asyncio.Event().wait()
    yield b"never"


async def taken(stream: AsyncIterator[bytes]) -> list[bytes]:
    return [piece async for piece in stream]


async def test_what_has_a_length_goes_as_it_comes() -> None:
    assert await taken(framed(Upload(pieces(b"ab", b"c"), 3), 1)) == [b"ab", b"c"]


async def test_what_has_none_goes_in_chunks() -> None:
    sent = b"".join(await taken(framed(Upload(pieces(b"ab", b"c" * 17), None), 1)))
    assert sent == b"2\r\nab\r\n11\r\n" + b"c" * 17 + b"\r\n0\r\n\r\n"


async def test_nothing_in_chunks_is_their_end() -> None:
    assert await taken(framed(Upload(pieces(), None), 1)) == [b"0\r\n\r\n"]


@pytest.mark.parametrize(("given", "length"), [((b"ab",), 3), ((b"ab", b"cd"), 3), ((), 1), ((b"a",), 0)])
async def test_a_body_that_is_not_as_long_as_it_said_is_never_whole(given: tuple[bytes, ...], length: int) -> None:
    with pytest.raises(Failure, match=f"{length} bytes") as caught:
        await taken(framed(Upload(pieces(*given), length), 1))
    assert caught.value.kind == "invalid_request"


async def test_who_sends_nothing_is_given_up() -> None:
    with pytest.raises(Failure, match=r"nothing of its request for 0\.01 seconds") as caught:
        await taken(pieces_of(Upload(never(), None), 0.01))
    assert (caught.value.kind, caught.value.status) == ("invalid_request", 408)


async def test_gathered_it_is_one_piece() -> None:
    assert await gather(Upload(pieces(b"ab", b"c"), None), 3, 1) == b"abc"
    assert await gather(Upload(pieces(), 0), 3, 1) == b""


@pytest.mark.parametrize("length", [4, None])
async def test_what_is_too_long_to_sign_says_how_long_it_may_be(length: int | None) -> None:
    read = []

    async def counted() -> AsyncIterator[bytes]:
        for piece in (b"ab", b"cd"):
            read.append(piece)
            yield piece

    with pytest.raises(Failure, match="at most 3 bytes") as caught:
        await gather(Upload(counted(), length), 3, 1)
    assert (caught.value.kind, caught.value.status) == ("request_too_large", 413)
    assert len(read) == (0 if length else 2)


# ---- beside an answer


class Taker:
    """What a Connection does with pieces, and what it is told."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.failures: list[BaseException] = []
        self.closed = False

    async def pour(self, pieces: AsyncIterator[bytes], total: float) -> bool:
        async for piece in pieces:
            self.sent.append(piece)
        return not self.closed

    def fail(self, failure: BaseException) -> None:
        self.failures.append(failure)


def poured(stream: AsyncIterator[bytes], length: int | None = None) -> tuple[Taker, Pouring]:
    taker = Taker()
    return taker, Pouring(cast(Any, taker), Upload(stream, length), 5, 5)


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_an_upload_that_has_ended_is_whole() -> None:
    taker, pouring = poured(pieces(b"abc"), 3)
    assert not pouring.is_whole
    await turn()
    assert (taker.sent, taker.failures, pouring.is_whole) == ([b"abc"], [], True)
    await pouring.stop()


async def test_one_whose_connection_has_gone_is_not() -> None:
    taker, pouring = poured(pieces(b"abc"), 3)
    taker.closed = True
    await turn()
    assert (taker.failures, pouring.is_whole) == ([], False)


async def test_one_that_failed_is_not_and_who_waits_is_told() -> None:
    failure = Failure("invalid_request", "no")
    taker, pouring = poured(pieces(b"a", then=failure), 3)
    await turn()
    assert (taker.failures, pouring.is_whole) == ([failure], False)
    await pouring.stop()


async def test_one_that_is_stopped_is_not_and_nobody_is_told() -> None:
    taker, pouring = poured(never())
    await turn()
    await pouring.stop()
    await turn()
    assert (taker.failures, pouring.is_whole) == ([], False)
