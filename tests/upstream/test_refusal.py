"""What a provider says when it says no: its kind, its words, its wait, and nothing of our keys."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from proxy.call import Call, Failure
from proxy.translate import DIALECTS, Plan
from proxy.upstream.connection import Connection
from proxy.upstream.refusal import LONGEST, read_refusal
from proxy.upstream.road import Road

KEY = "sk-canary-0123456789"
WORDS = cast(Plan, SimpleNamespace(theirs=DIALECTS["openai"]))


class Link:
    """A connection that gives its body in pieces, and then what it is told to."""

    def __init__(
        self, status: int, *pieces: bytes, headers: tuple[tuple[str, str], ...] = (), cut: bool = False
    ) -> None:
        self.status = status
        self.headers = list(headers)
        self._pieces = list(pieces)
        self._cut = cut
        self.read_bytes = 0

    async def read(self) -> bytes:
        if not self._pieces and self._cut:
            raise Failure("provider_stream_cut", "cut")
        piece = self._pieces.pop(0) if self._pieces else b""
        self.read_bytes += len(piece)
        return piece


class Told:
    """A road that notes which keys were refused."""

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.endpoint = SimpleNamespace(provider=SimpleNamespace(parse_error=None))
        self.secrets = SimpleNamespace(hide_bytes=lambda body: body.replace(KEY.encode(), b"****"))

    def refused(self, call: Call, failure: Failure) -> None:
        self.kinds.append(failure.kind)


async def refusal(link: Link, road: Any = None) -> Failure:
    return await read_refusal(cast(Call, None), WORDS, cast(Connection, link), cast(Road, road or Told()), 0.0)


async def test_the_providers_words_without_our_key() -> None:
    failure = await refusal(Link(400, b'{"error": {"message": "bad key ', KEY.encode(), b'"}}'))
    assert (failure.kind, failure.detail) == ("invalid_request", "bad key ****")


@pytest.mark.parametrize(("said", "seconds"), [("7", 7.0), ("Thu, 01 Jan 1970 00:00:09 GMT", 9.0)])
async def test_when_to_come_again_and_the_headers_that_go_on(said: str, seconds: float) -> None:
    headers = (("retry-after", said), ("x-ratelimit-limit-requests", "5"), ("server", "x"))
    failure = await refusal(Link(429, b"{}", headers=headers))
    assert (failure.kind, failure.retry_after) == ("provider_rate_limited", seconds)
    assert dict(failure.headers) == {"retry-after": said, "x-ratelimit-limit-requests": "5"}


async def test_a_body_that_does_not_come_leaves_the_status() -> None:
    assert (await refusal(Link(503, b'{"error": ', cut=True))).kind in ("provider_error", "provider_overloaded")


async def test_no_more_is_read_than_has_to_be() -> None:
    link = Link(500, *[b"x" * 16384] * 100)
    await refusal(link)
    assert link.read_bytes <= LONGEST + 16384


async def test_a_refused_key_is_told_to_its_road() -> None:
    road = Told()
    await refusal(Link(401, b"{}"), road)
    assert road.kinds == ["authentication_failed"]
