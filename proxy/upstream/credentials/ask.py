"""Small questions to token endpoints and metadata servers: one request, one bounded answer, in bounded time.

The environment's HTTP proxies are used only where asked for: a metadata server is never behind one. Nothing is redirected.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

import aiohttp
from yarl import URL

from proxy.upstream.credentials.fresh import Unavailable
from proxy.upstream.dial import proxy_for
from proxy.upstream.tls import ResumingContext

LARGEST = 1 << 20


class Answer(NamedTuple):
    """`headers` in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Asker:
    """`close` when nobody asks any more. The session is made at the first question."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        seconds: float = 5.0,
        proxied: bool = True,
    ) -> Answer:
        """The answer, whatever its status. Unavailable when none comes in time; its text names host and trouble."""
        try:
            async with asyncio.timeout(seconds):
                return await self._ask(method, url, headers, body, proxied)
        except TimeoutError:
            raise Unavailable(f"{host_of(url)} did not answer within {seconds:g} seconds") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unavailable(f"{host_of(url)} cannot be asked ({type(error).__name__})") from None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str] | None, body: bytes | None, proxied: bool
    ) -> Answer:
        if self._session is None:
            connector = aiohttp.TCPConnector(ssl=ResumingContext.verifying())
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        proxy = proxy_for(URL(url)) if proxied else None
        asked = self._session.request(method, url, headers=headers, data=body, allow_redirects=False, proxy=proxy)
        async with asked as response:
            pieces, size = [], 0
            while piece := await response.content.readany():
                pieces.append(piece)
                size += len(piece)
                if size > LARGEST:
                    raise Unavailable(f"{host_of(url)} answered more than {LARGEST} bytes")
            found = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, found, b"".join(pieces))


def host_of(url: str) -> str:
    """Without a password that may stand before it."""
    try:
        return URL(url).host_port_subcomponent or "no host"
    except ValueError:
        return "what is no address"
