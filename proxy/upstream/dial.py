"""How a connection comes about: aiohttp's connector does DNS, happy eyeballs, TLS and proxies, then hands over its transport.

Environment: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY in either case, SSL_CERT_FILE and SSL_CERT_DIR as OpenSSL reads them.
"""

from __future__ import annotations

import asyncio
from urllib.request import getproxies_environment, proxy_bypass_environment

import aiohttp
from aiohttp.connector import Connection as Lease
from yarl import URL

from proxy.call import Failure
from proxy.upstream.connection import Connection
from proxy.upstream.tls import ResumingContext

DNS_SECONDS = 30


class Dialer:
    """One for the process: it holds the DNS cache and the TLS context. `close` it at the end."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=DNS_SECONDS, force_close=True)
        self._tls: ResumingContext | None = None

    async def dial(self, origin: URL) -> Connection:
        """A connected Connection to scheme, host and port of `origin`. Failure("network_error") says why not."""
        request = aiohttp.ClientRequest(
            "GET", origin, loop=self._loop, ssl=self._context(origin), proxy=proxy_for(origin), trust_env=False
        )
        try:
            lease = await self._connector.connect(request, [], aiohttp.ClientTimeout())
        except aiohttp.ClientError as error:
            raise Failure("network_error", f"cannot connect to {origin.host}: {reason(error)}") from error
        return self._take_over(lease, origin)

    async def close(self) -> None:
        await self._connector.close()

    def _context(self, origin: URL) -> ResumingContext | bool:
        if origin.scheme != "https":
            return True
        if self._tls is None:
            self._tls = ResumingContext.verifying()
        return self._tls

    def _take_over(self, lease: Lease, origin: URL) -> Connection:
        transport = lease.transport
        if transport is None or transport.is_closing():
            lease.close()
            raise Failure("network_error", f"{origin.host} closed the connection as soon as it was open")
        connection = Leased(self._loop, lease)
        transport.set_protocol(connection)
        connection.connection_made(transport)
        return connection


class Leased(Connection):
    """A Connection on a transport that the connector still counts: its end is told to the connector, and its TLS session kept."""

    __slots__ = ("_handler", "_lease")

    def __init__(self, loop: asyncio.AbstractEventLoop, lease: Lease) -> None:
        super().__init__(loop)
        self._lease = lease
        self._handler = lease.protocol

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._handler is not None:
            # The connector's close waits until every protocol it made has heard of its end.
            self._handler.connection_lost(exc)
        self._lease.close()

    def done(self) -> bool:
        tls = self.transport.get_extra_info("ssl_object")
        if tls is not None:
            tls.context.keep_session(tls)
        return super().done()


def proxy_for(origin: URL) -> URL | None:
    """The proxy that the environment names for this origin."""
    proxies = getproxies_environment()
    if not proxies or proxy_bypass_environment(origin.host or "", proxies):
        return None
    found = proxies.get(origin.scheme) or proxies.get("all")
    return URL(found) if found else None


def reason(error: aiohttp.ClientError) -> str:
    inner = error.__cause__ or error.__context__
    return str(getattr(inner, "strerror", None) or inner or error)
