"""A private certificate authority for the tests of TLS, made with the `openssl` command."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path
from typing import NamedTuple

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
CA = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")


class Pair(NamedTuple):
    certificate: Path
    key: Path


class Authority:
    """`bundle` is what a client has to trust. `server` gives the context of a server with a certificate for `names`."""

    def __init__(self, folder: Path) -> None:
        self.bundle = folder / "ca.pem"
        self._folder = folder
        self._made = 0
        self._openssl(
            "req", "-x509", *KEY, *CA, "-days", "30", "-subj", "/CN=Test CA", "-keyout", "ca.key", "-out", "ca.pem"
        )

    def server(
        self, names: str = "DNS:localhost,IP:127.0.0.1", days: int = 30, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    ) -> ssl.SSLContext:
        """With negative `days` the certificate has expired."""
        return self._context(*self._issue(names, days, "/CN=test"), newest)

    def issue(self, names: str, days: int = 30, subject: str = "/CN=test") -> Pair:
        """A certificate and its key as files; `names` in the words of OpenSSL, as in `DNS:localhost,URI:spiffe://a/b`."""
        certificate, key = self._issue(names, days, subject)
        return Pair(self._folder / certificate, self._folder / key)

    def _issue(self, names: str, days: int, subject: str) -> tuple[str, str]:
        key, request, certificate = self._names("key", "csr", "pem")
        more = ("-addext", f"subjectAltName={names}") if names else ()
        self._openssl("req", *KEY, "-subj", subject, *more, "-keyout", key, "-out", request)
        signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-copy_extensions", "copy")
        self._openssl("x509", "-req", "-in", request, *signing, "-days", str(days), "-out", certificate)
        return certificate, key

    def self_signed(self) -> ssl.SSLContext:
        key, certificate = self._names("key", "pem")
        names = ("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        self._openssl(
            "req", "-x509", *KEY, *names, "-days", "30", "-subj", "/CN=alone", "-keyout", key, "-out", certificate
        )
        return self._context(certificate, key, ssl.TLSVersion.TLSv1_3)

    def _names(self, *endings: str) -> list[str]:
        self._made += 1
        return [f"{self._made}.{ending}" for ending in endings]

    def _context(self, certificate: str, key: str, newest: ssl.TLSVersion) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = newest
        context.load_cert_chain(self._folder / certificate, self._folder / key)
        return context

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(("openssl", *arguments), cwd=self._folder, check=True, capture_output=True, timeout=20)
