"""The TLS side of the webhook: one SSLContext whose certificate is exchanged while it listens. It makes no certificate.

OpenSSL reads certificates from files alone, and the container has no writable path: a file in memory is one
(memfd_create(2), Linux).
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NoReturn


class BadPair(Exception):
    """The certificate, its key, or both together are of no use."""


class Served:
    """`serve` a pair; handshakes that begin later use it, connections that are open keep theirs."""

    def __init__(self) -> None:
        self.context = server_context()
        self._serving = b""

    @property
    def serving(self) -> bytes:
        """The PEM certificate in use; none before the first."""
        return self._serving

    def serve(self, certificate: bytes, key: bytes) -> bool:
        """Whether it is another than before. Raises BadPair, and then keeps the one in use.

        A context that refused a pair may hold half of it, so the pair is tried in another first.
        """
        if certificate == self._serving:
            return False
        try:
            with in_memory(certificate) as chain, in_memory(key) as secret:
                server_context().load_cert_chain(chain, secret, no_password)
                self.context.load_cert_chain(chain, secret, no_password)
        except (ssl.SSLError, ValueError) as error:
            raise BadPair("the certificate and its key cannot be used together") from error
        self._serving = certificate
        return True


def server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def no_password() -> NoReturn:
    """Without it OpenSSL asks the terminal for the password of an encrypted key, and waits."""
    raise ValueError("the key is encrypted")


@contextmanager
def in_memory(content: bytes) -> Iterator[str]:
    with ExitStack() as stack:
        number = os.memfd_create("pem", os.MFD_CLOEXEC)
        stack.callback(os.close, number)
        written = 0
        while written < len(content):
            written += os.write(number, content[written:])
        yield f"/proc/self/fd/{number}"
