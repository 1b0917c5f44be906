"""TLS on the data port: certificates from files that are replaced while we run, and those of callers asked for.

A pair that does not fit changes nothing: the one before goes on, and the log and the status say why. Who a caller's certificate
names is for certificate.py to say.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path
from typing import Any

from proxy.config import ConfigError
from proxy.config.decode import shown
from proxy.config.listen import ListenTls
from proxy.server.certificate import not_after
from proxy.server.looking import Looking
from proxy.upstream.credentials.watched import stamps_of

FIELDS = ("certificate", "key", "client_ca")
MISMATCH = "KEY_VALUES_MISMATCH"
log = logging.getLogger(__name__)


class Swapping(ssl.SSLContext):
    """An SSLContext that makes each connection with `current`: connections before it was swapped go on as they are."""

    current: ssl.SSLContext

    def wrap_bio(self, *arguments: Any, **named: Any) -> ssl.SSLObject:
        return self.current.wrap_bio(*arguments, **named)


class Certificates:
    """`context` is to be listened with. `start` to look at the files every second, `close` to end that."""

    def __init__(self, tls: ListenTls) -> None:
        """Raises ConfigError where the files do not hold what they should. They are read here, at the start."""
        self._tls = tls
        self._files = [Path(path) for field in FIELDS if (path := getattr(tls, field)) is not None]
        self.faults: tuple[str, ...] = ()
        self.context = Swapping(ssl.PROTOCOL_TLS_SERVER)
        self.context.current = context_of(tls)
        self.not_after = ends(tls)
        self._looking = Looking(lambda: stamps_of(self._files), self._read)
        self.look, self.start, self.close = self._looking.look, self._looking.start, self._looking.close

    async def _read(self) -> None:
        try:
            context = await asyncio.to_thread(context_of, self._tls)
        except ConfigError as fault:
            self.faults = (str(fault),)
            log.warning("the certificate has a fault; the old one goes on", extra={"faults": self.faults})
            return
        self.context.current, self.faults = context, ()
        self.not_after = await asyncio.to_thread(ends, self._tls)
        log.info("the certificate was read", extra={"not_after": self.not_after})


def ends(tls: ListenTls) -> float | None:
    """When the certificate ends, in seconds since the epoch."""
    try:
        return not_after(Path(tls.certificate).read_text("latin-1"))
    except OSError:
        return None


def context_of(tls: ListenTls) -> ssl.SSLContext:
    """TLS 1.2 at least, HTTP/1.1. Raises ConfigError that names the file at fault."""
    for field in FIELDS:
        if getattr(tls, field) is not None:
            check_file(tls, field)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION  # which a caller could ask for over and over
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(tls.certificate, tls.key, password=no_passphrase)
    except ssl.SSLError as error:
        raise fault_of_pair(tls, error) from None
    except OSError as error:  # gone since it was looked at
        raise wrong(tls, "certificate", error.strerror or "unreadable") from None
    if tls.client_ca is not None:
        try:
            context.load_verify_locations(tls.client_ca)
        except ssl.SSLError:
            raise wrong(tls, "client_ca", "no certificates in it") from None
        except OSError as error:
            raise wrong(tls, "client_ca", error.strerror or "unreadable") from None
        context.verify_mode = ssl.CERT_REQUIRED
        # A resumed session would go on with a certificate that has ended since.
        context.num_tickets = 0
        context.options |= ssl.OP_NO_TICKET
    return context


def no_passphrase() -> str:
    """OpenSSL would ask whoever sits at the terminal."""
    return ""


def check_file(tls: ListenTls, field: str) -> None:
    try:
        with Path(getattr(tls, field)).open("rb") as file:
            file.read(1)
    except OSError as error:
        raise wrong(tls, field, error.strerror or "unreadable") from None


def fault_of_pair(tls: ListenTls, error: ssl.SSLError) -> ConfigError:
    if error.reason == MISMATCH:
        return wrong(tls, "key", "not that of listen.tls.certificate")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(tls.certificate)
    except OSError:
        return wrong(tls, "certificate", "no certificate in it")
    return wrong(tls, "key", "no private key in it that can be read without a passphrase")


def wrong(tls: ListenTls, field: str, reason: str) -> ConfigError:
    allowed = "a PEM file that can be read" if field != "key" else "a PEM file with the certificate's private key"
    return ConfigError(f"listen.tls.{field}", f"{shown(getattr(tls, field))} ({reason})", allowed)
