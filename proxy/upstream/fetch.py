"""Content that a request names by a web address, fetched for providers that take it by value only.

What may be fetched says guard.py. The same address is fetched once at a time and kept for a minute. The environment's HTTP
proxies are not used: behind them nobody could see which address is connected to. What the other side answered is never
told, only what was wrong.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from proxy.call import Json
from proxy.dialects.checks import MAGIC
from proxy.dialects.shape import wrong
from proxy.upstream.guard import GuardedResolver, Unfetchable, check_url, is_no_metadata, is_public
from proxy.upstream.kept import Kept
from proxy.upstream.tls import ResumingContext
from proxy.upstream.web_parts import WebPart, web_parts, with_contents

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 3
PIECE = 64 << 10
#: Nothing is unpacked: a small answer stays small.
HEADERS = {"user-agent": "outrider", "accept-encoding": "identity"}

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far fetching goes. Bytes and seconds are of one address, redirects included; a `ports` of None is any."""

    allow_http: bool = False
    allow_private: bool = False
    ports: frozenset[int] | None = frozenset({80, 443})
    limit: int = 20 << 20
    seconds: float = 10.0
    cache: int = 32 << 20
    cache_seconds: float = 60.0
    at_once: int = 8
    per_call: int = 16

    @property
    def schemes(self) -> frozenset[str]:
        return frozenset({"https", "http"} if self.allow_http else {"https"})


@dataclass(slots=True)
class Flight:
    """A fetch under way, and how many wait for it."""

    task: asyncio.Task[str]
    waiting: int = 0


class Fetcher:
    """One for the process. `close` it at the end.

    `resolver` looks names up; `may_reach` decides about an address, in place of what `reach` says; `clock` is in seconds.
    """

    def __init__(
        self,
        reach: Reach | None = None,
        resolver: AbstractResolver | None = None,
        may_reach: Callable[[str], bool] | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._reach = reach or Reach()
        self._may_reach = may_reach or (is_no_metadata if self._reach.allow_private else is_public)
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None
        self._room = asyncio.Semaphore(self._reach.at_once)
        self._flights: dict[Key, Flight] = {}
        self.kept = Kept(self._reach.cache, self._reach.cache_seconds, clock)

    async def inline(self, unified: Json, kinds: frozenset[str]) -> tuple[Json, list[str]]:
        """A copy of the request with content in place of web addresses of these kinds (`image`, `file`), and the names of the
        rows that were fetched. Failure("invalid_request") names the part whose address cannot be fetched.
        """
        parts = list(web_parts(unified, kinds))
        if not parts:
            return unified, []
        contents = await self._all(parts)
        return with_contents(unified, kinds, contents), list(dict.fromkeys(part.row for part in parts))

    @property
    def fill(self) -> tuple[int, int]:
        """How much is kept, in characters, and how much may be."""
        return self.kept.size, self._reach.cache

    async def close(self) -> None:
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def _all(self, parts: list[WebPart]) -> dict[Key, str]:
        """Every address once, side by side; the first that fails, in the order of the request, ends the others."""
        wanted: dict[Key, str] = {}
        for part in parts:
            wanted.setdefault((part.kind, part.url), part.path)
            if len(wanted) > self._reach.per_call:
                raise wrong(part.path, too_many(self._reach.per_call))
        tasks = {key: asyncio.create_task(self._content(key)) for key in wanted}
        try:
            contents: dict[Key, str] = {}
            for key, path in wanted.items():
                try:
                    contents[key] = await tasks[key]
                except Unfetchable as reason:
                    raise wrong(path, str(reason)) from None
            return contents
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)

    async def _content(self, key: Key) -> str:
        """The data: URL of an address: kept, or from a fetch that is shared. A fetch that nobody waits for any more is ended."""
        kept = self.kept.get(key)
        if kept is not None:
            return kept
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = Flight(asyncio.create_task(self._fetch(key)))
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting:
                flight.task.cancel()
                if self._flights.get(key) is flight:
                    del self._flights[key]

    async def _fetch(self, key: Key) -> str:
        kind, url = key
        try:
            async with asyncio.timeout(self._reach.seconds), self._room:
                media_type, data = await self._follow(url, kind)
        except TimeoutError:
            raise Unfetchable(f"took more than {self._reach.seconds:g} seconds to fetch") from None
        except aiohttp.ClientConnectorDNSError:
            raise Unfetchable("cannot be fetched: its host is unknown") from None
        except aiohttp.ClientConnectorCertificateError:
            raise Unfetchable("cannot be fetched: its certificate is not valid") from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise Unfetchable("cannot be fetched") from None
        content = (
            data_url(media_type, data) if len(data) <= PIECE else await asyncio.to_thread(data_url, media_type, data)
        )
        self.kept.put(key, content)
        return content

    async def _follow(self, text: str, kind: str) -> tuple[str, bytes]:
        """Redirects by hand, for each is an address of its own to be looked at."""
        for _ in range(MOST_REDIRECTS + 1):
            url = check_url(text, self._reach.schemes, self._reach.ports, self._may_reach)
            async with self._client().get(url, allow_redirects=False) as response:
                if response.status not in REDIRECTS:
                    return await self._read(response, kind)
                text = str(url.join(URL(response.headers.get("location", ""))))
        raise Unfetchable(f"redirects more than {MOST_REDIRECTS} times")

    async def _read(self, response: aiohttp.ClientResponse, kind: str) -> tuple[str, bytes]:
        if response.status != 200:
            raise Unfetchable(f"cannot be fetched: its server answered {response.status}")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise Unfetchable("cannot be fetched: its server sent it compressed")
        media_type = response.content_type
        if not media_type.startswith(TYPES[kind]):
            raise Unfetchable(f"is no {kind}, but {media_type[:80]}")
        data = await self._read_within(response)
        if media_type.startswith("text/"):
            return media_type, in_utf8(data, response.charset)
        sniffed = sniff(data)
        if sniffed is None or not sniffed.startswith(TYPES[kind]):
            raise Unfetchable(f"says that it is {media_type[:80]}, and is something else")
        return sniffed, data

    async def _read_within(self, response: aiohttp.ClientResponse) -> bytes:
        """As much as is allowed; what is beyond is not read."""
        body = bytearray()
        if (response.content_length or 0) <= self._reach.limit:
            async for piece in response.content.iter_chunked(PIECE):
                body += piece
                if len(body) > self._reach.limit:
                    break
            else:
                return bytes(body)
        raise Unfetchable(f"is larger than {self._reach.limit} bytes")

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            resolver = GuardedResolver(self._resolver or aiohttp.ThreadedResolver(), self._may_reach)
            tls = ResumingContext.verifying()
            connector = aiohttp.TCPConnector(ssl=tls, resolver=resolver, use_dns_cache=False, force_close=True)
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=HEADERS,
                timeout=aiohttp.ClientTimeout(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


#: Kind of part -> how the media types begin that it may have.
TYPES = {"image": ("image/",), "file": ("application/pdf", "text/", "image/")}


def sniff(data: bytes) -> str | None:
    """The media type that the first bytes tell; None when it is none that models take."""
    for media_type, beginnings in MAGIC.items():
        if data.startswith(beginnings) and (media_type != "image/webp" or data[8:12] == b"WEBP"):
            return media_type
    return "application/pdf" if b"%PDF-" in data[:1024] else None


def in_utf8(data: bytes, charset: str | None) -> bytes:
    try:
        return data.decode(charset or "utf-8").encode()
    except (LookupError, UnicodeError):
        raise Unfetchable("is text that cannot be read") from None


def data_url(media_type: str, data: bytes) -> str:
    """RFC 2397, in base64."""
    return f"data:{media_type};base64,{b64encode(data).decode()}"


def too_many(limit: int) -> str:
    if not limit:
        return "is a web address, and this sidecar fetches none: send the content itself"
    return f"is one address too many: at most {limit} are fetched for a call"
