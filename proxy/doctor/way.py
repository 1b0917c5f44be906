"""The way to a server, step by step: the proxy in between, its name in the DNS, the connection, TLS and its certificate.

Each step is looked at by itself, so that the first that fails is the one that is told. Nothing is asked over the connection.
Sources: getaddrinfo(3), OpenSSL's X509_STORE_CTX_get_error(3), RFC 8446.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from yarl import URL

from proxy.doctor.aside import aside
from proxy.doctor.finding import FAILED, OK, SKIPPED, WARNING, Finding
from proxy.upstream.dial import PROXY_SCHEMES, proxy_for
from proxy.upstream.guard import is_literal, is_public
from proxy.upstream.tls import ResumingContext

#: Days before its end from which on a certificate is warned of.
SOON = 14
DAY = 86400.0

DNS: Mapping[int, str] = {
    socket.EAI_NONAME: "correct the host in base_url; where it is a name of the cluster, check the Service and the namespace",
    socket.EAI_AGAIN: "the resolver does not answer: check /etc/resolv.conf, and that egress to port 53 is allowed",
}
RESOLVER = "check /etc/resolv.conf, and that the resolver is up"
CONNECTING: Mapping[int, str] = {
    errno.ECONNREFUSED: "nothing listens there: start the server, or correct host and port in base_url",
    errno.EHOSTUNREACH: "there is no route: check the network policy and the routes of this machine",
    errno.ENETUNREACH: "there is no route: check the network policy and the routes of this machine",
}
EGRESS = "check firewall and network policy: egress to this host and port has to be allowed"
NO_TRUST = (
    "whoever issued it is not trusted here: where TLS is intercepted, put the interceptor's CA into SSL_CERT_FILE"
)
#: OpenSSL's verify_code -> what to do.
CERTIFICATES: Mapping[int, str] = {
    9: "if the date is right, its owner has to issue another; first compare this machine's clock",
    10: "its owner has to renew it; if others reach the server, this machine's clock is ahead",
    18: NO_TRUST,
    19: NO_TRUST,
    20: f"{NO_TRUST}; the server may also leave out an intermediate certificate",
    21: f"{NO_TRUST}; the server may also leave out an intermediate certificate",
    62: "it is for another name: correct the host in base_url, or have the name put into the certificate",
    64: "it is for another address: name the server by its host name in base_url",
}
NO_TLS = "what answers there does not speak TLS as it should: is it http:// and not https://, or another port?"


class Step(NamedTuple):
    """Where a step has failed: the finding ends the way."""

    findings: list[Finding]
    passed: bool


async def way_to(name: str, origin: URL, seconds: float, wall: Callable[[], float] = time.time) -> Step:
    """The findings of each step to `origin`, or to the proxy that stands before it. `seconds` are for each step."""
    findings: list[Finding] = []
    through = proxy_for(origin)
    if through is not None:
        findings.append(proxy_finding(name, origin, through))
        if findings[-1].state == FAILED:
            return Step(findings, False)
    peer = through or origin
    host, port = peer.host or "", peer.port or 0
    lookup, addresses = await named(name, host, port, seconds)
    findings.append(lookup)
    if not addresses:
        return Step(findings, False)
    context = ResumingContext.verifying() if peer.scheme == "https" else None
    findings += await connected(name, host, port, addresses, context, seconds, wall)
    return Step(findings, findings[-1].state != FAILED)


def proxy_finding(name: str, origin: URL, proxy: URL) -> Finding:
    """Its password, if it has one, is not shown."""
    shown = f"{proxy.scheme}://{proxy.host_port_subcomponent}"
    if proxy.scheme not in PROXY_SCHEMES:
        advice = f"name a proxy that begins with http:// or https://, or put {origin.host} into NO_PROXY"
        return Finding(name, "proxy", FAILED, f"goes through {shown}, which cannot be spoken to", advice)
    if is_near(origin.host or ""):
        advice = f"put {origin.host} into NO_PROXY, unless the proxy is meant to reach it"
        return Finding(name, "proxy", WARNING, f"goes through {shown}, though {origin.host} is near", advice)
    return Finding(name, "proxy", OK, f"goes through {shown}; whoever stands behind it is asked through it")


def is_near(host: str) -> bool:
    """Whether it is a name without dots, or an address that is not of the public internet."""
    return not is_public(host) if is_literal(host) else "." not in host


# ---- names


async def named(name: str, host: str, port: int, seconds: float) -> tuple[Finding, list[tuple[int, Any]]]:
    """The addresses as (family, socket address); none where the finding says why."""
    try:
        found = await aside(partial(looked_up, host, port), seconds)
    except TimeoutError:
        return Finding(name, "dns", FAILED, f"{host} was not looked up within {seconds:g} s", RESOLVER), []
    except socket.gaierror as error:
        told = f"{host} cannot be looked up: {error.strerror}"
        return Finding(name, "dns", FAILED, told, DNS.get(error.errno or 0, RESOLVER)), []
    except UnicodeError:
        return Finding(name, "dns", FAILED, f"{host} is no name", "correct the host in base_url"), []
    texts = list(dict.fromkeys(str(address[0]) for _, address in found))
    more = f" and {len(texts) - 3} more" if len(texts) > 3 else ""
    told = f"{host} is {', '.join(texts[:3])}{more}" if not is_literal(host) else f"{host} needs no name"
    return Finding(name, "dns", OK, told), found


def looked_up(host: str, port: int) -> list[tuple[int, Any]]:
    return [(each[0], each[4]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


# ---- connections


async def connected(
    name: str,
    host: str,
    port: int,
    addresses: list[tuple[int, Any]],
    context: ssl.SSLContext | None,
    seconds: float,
    wall: Callable[[], float],
) -> list[Finding]:
    """The first address that answers is good enough."""
    trouble: Finding | None = None
    for _, address in addresses[:4]:
        began = time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                tls = await handshake(address[0], port, host, context)
        except (OSError, TimeoutError) as error:
            trouble = trouble or connecting_trouble(name, host, port, error, seconds)
            if isinstance(error, ssl.SSLError):
                break
            continue
        spent = f"{(time.monotonic() - began) * 1000:.0f} ms"
        reached = Finding(name, "connection", OK, f"{address[0]} port {port} in {spent}")
        return [reached] if tls is None else [reached, certificate_finding(name, host, tls, wall())]
    return [trouble or Finding(name, "connection", SKIPPED, "there is no address")]


async def handshake(
    address: str, port: int, host: str, context: ssl.SSLContext | None
) -> tuple[str, Mapping[str, Any]] | None:
    """Version and certificate of a TLS connection that stood for a moment; None without TLS."""
    server = host if context is not None else None
    _, writer = await asyncio.open_connection(address, port, ssl=context, server_hostname=server)
    try:
        tls = writer.get_extra_info("ssl_object")
        return None if tls is None else (tls.version() or "", tls.getpeercert() or {})
    finally:
        writer.transport.abort()


def connecting_trouble(name: str, host: str, port: int, error: Exception, seconds: float) -> Finding:
    if isinstance(error, ssl.SSLCertVerificationError):
        told = f"the certificate of {host} is not good: {error.verify_message}"
        return Finding(name, "tls", FAILED, told, CERTIFICATES.get(error.verify_code, NO_TRUST))
    if isinstance(error, ssl.SSLError):
        return Finding(name, "tls", FAILED, f"no TLS with {host} port {port}: {error.reason or 'it ended'}", NO_TLS)
    if isinstance(error, TimeoutError) and error.errno is None:
        return Finding(name, "connection", FAILED, f"{host} port {port} did not answer within {seconds:g} s", EGRESS)
    number = getattr(error, "errno", None) or 0
    told = f"{host} port {port}: {os.strerror(number) if number > 0 else type(error).__name__}"
    return Finding(name, "connection", FAILED, told, CONNECTING.get(number, EGRESS))


def certificate_finding(name: str, host: str, tls: tuple[str, Mapping[str, Any]], now: float) -> Finding:
    version, certificate = tls
    ends = certificate.get("notAfter")
    if not isinstance(ends, str):
        return Finding(name, "tls", OK, f"{version}, verified")
    days = (ssl.cert_time_to_seconds(ends) - now) / DAY
    told = f"{version}, the certificate holds for {days:.0f} more days"
    if days >= SOON:
        return Finding(name, "tls", OK, told)
    return Finding(name, "tls", WARNING, told, f"its owner should renew it before {ends}")
