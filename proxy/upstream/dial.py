"""How a connection comes about: aiohttp's connector does DNS, happy eyeballs, TLS and proxies, then hands over its transport.

Environment: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY in either case, SSL_CERT_FILE and SSL_CERT_DIR as OpenSSL reads them.
"""

from __future__ import annotations

import asyncio
from urllib import request as environment

import aiohttp
from aiohttp.connector import Connection as Lease
from yarl import URL

from proxy.call import Failure
from proxy.upstream.connection import Connection
from proxy.upstream.tls import ResumingContext

DNS_SECONDS = 30
PROXY_SCHEMES = ("http", "https")


class Dialer:
    """One for the process: it holds the DNS cache and the TLS context. `close` it at the end."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=DNS_SECONDS, force_close=True)
        self._tls: ResumingContext | None = None

    async def dial(self, origin: URL) -> Connection:
        """A connected Connection to scheme, host and port of `origin`. Failure("network_error") says why not."""
        proxy = proxy_for(origin)
        if proxy is not None and proxy.scheme not in PROXY_SCHEMES:
            spoken = " and ".join(PROXY_SCHEMES)
            raise Failure(
                "network_error", f"{origin.host} is behind a {proxy.scheme} proxy; {spoken} proxies are supported"
            )
        request = aiohttp.ClientRequest(
            "GET", origin, loop=self._loop, ssl=self._context(origin), proxy=proxy, trust_env=False
        )
        try:
            lease = await self._connector.connect(request, [], aiohttp.ClientTimeout())
        except (aiohttp.ClientError, UnicodeError) as error:
            self._ask_again_for(proxy or origin)
            raise Failure("network_error", f"cannot connect to {origin.host}: {reason(error)}") from error
        except asyncio.CancelledError:
            self._ask_again_for(proxy or origin)
            raise
        return self._take_over(lease, origin)

    def _ask_again_for(self, peer: URL) -> None:
        """The addresses that are remembered led nowhere, or took too long: the name may have moved."""
        if peer.raw_host is not None and peer.port is not None:
            self._connector.clear_dns_cache(peer.raw_host, peer.port)

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
        connection = (LeasedTls if origin.scheme == "https" else Leased)(self._loop, lease)
        transport.set_protocol(connection)
        connection.connection_made(transport)
        return connection


class Leased(Connection):
    """A Connection on a transport that the connector still counts: its end is told to the connector."""

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


class LeasedTls(Leased):
    """One whose TLS session is kept for the next, once an answer has come."""

    __slots__ = ()

    def done(self) -> bool:
        tls = self.transport.get_extra_info("ssl_object")
        if tls is not None:
            tls.context.keep_session(tls)
        return super().done()


def proxy_for(origin: URL) -> URL | None:
    """The proxy that the environment names for this origin."""
    proxies = environment.getproxies_environment()
    if not proxies or environment.proxy_bypass(f"{origin.host}:{origin.port}", proxies):
        return None
    found = proxies.get(origin.scheme) or proxies.get("all")
    if not found:
        return None
    return URL(found if "://" in found else f"http://{found}")


def reason(error: Exception) -> str:
    """Short, and without the proxy's address, which may hold its password."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"its proxy answered {error.status}"
    inner = error.__cause__ or error.__context__
    return str(getattr(inner, "strerror", None) or inner or error)
