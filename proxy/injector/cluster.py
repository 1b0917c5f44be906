"""A client for the few requests the injector makes of the Kubernetes API. It knows addresses, credentials and refusals.

Tokens are exchanged every hour or so and CAs now and then, so both files are read again; nothing is retried but a request
whose token was refused. https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from proxy.injector.refusal import ClusterError

#: seconds after which the files are read again, as client-go does
FRESH = 60.0
LONGEST_ANSWER = 8 << 20
LONGEST_MESSAGE = 500
CONNECTIONS = 20
JSON_PATCH = "application/json-patch+json"
NATIVE = "application/json"


class Access(NamedTuple):
    """url: without a path. token_file, ca_file: None for none; a CA is needed for https only."""

    url: str
    token_file: Path | None = None
    ca_file: Path | None = None


class Credentials(NamedTuple):
    headers: Mapping[str, str]
    context: ssl.SSLContext | bool


class Cluster:
    """`async with` it. Each request raises ClusterError, after `patience` seconds at the latest."""

    def __init__(self, access: Access, patience: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._access = access
        self._timeout = aiohttp.ClientTimeout(total=patience)
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._credentials: Credentials | None = None
        self._ca = b""
        self._read_at = 0.0

    async def __aenter__(self) -> Cluster:
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        cookies = aiohttp.DummyCookieJar()
        self._session = aiohttp.ClientSession(connector=connector, cookie_jar=cookies, timeout=self._timeout)
        return self

    async def __aexit__(self, *raised: object) -> None:
        assert self._session is not None
        await self._session.close()

    async def get(self, path: str) -> dict[str, Any]:
        return await self._ask("GET", path)

    async def put(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return await self._ask("PUT", path, body, NATIVE)

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return await self._ask("POST", path, body, NATIVE)

    async def patch(self, path: str, operations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """A JSON patch (RFC 6902); a `test` that fails is status 422."""
        return await self._ask("PATCH", path, operations, JSON_PATCH)

    async def _ask(self, method: str, path: str, body: object = None, kind: str = "") -> dict[str, Any]:
        try:
            return await self._once(method, path, body, kind)
        except ClusterError as error:
            if error.status != 401:
                raise
        self._credentials = None
        return await self._once(method, path, body, kind)

    async def _once(self, method: str, path: str, body: object, kind: str) -> dict[str, Any]:
        assert self._session is not None
        credentials = self._fresh()
        headers = {**credentials.headers, "Accept": NATIVE, **({"Content-Type": kind} if kind else {})}
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        where = f"{method} {path}"
        try:
            asked = self._session.request(
                method,
                self._access.url + path,
                data=content,
                headers=headers,
                ssl=credentials.context,
                allow_redirects=False,
            )
            async with asked as answer:
                return read_answer(where, answer.status, await read_body(where, answer))
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            # Whatever was wrong, the files may say something else by now.
            self._credentials = None
            raise ClusterError(0, f"{where}: no answer from the Kubernetes API ({type(error).__name__})") from error

    def _fresh(self) -> Credentials:
        now = self._clock()
        if self._credentials is None or now - self._read_at >= FRESH:
            self._credentials = self._read_files()
            self._read_at = now
        return self._credentials

    def _read_files(self) -> Credentials:
        token = read_file(self._access.token_file).decode(errors="replace").strip()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        ca = read_file(self._access.ca_file)
        if self._credentials is not None and ca == self._ca:
            return Credentials(headers, self._credentials.context)
        self._ca = ca
        return Credentials(headers, trusting(ca))


def trusting(ca: bytes) -> ssl.SSLContext | bool:
    """True, which is aiohttp's word for the system's CAs, where there is none.

    VERIFY_X509_STRICT, Python's default from 3.13 on, asks for key identifiers, which CAs of many clusters lack.
    """
    if not ca:
        return True
    try:
        context = ssl.create_default_context(cadata=ca.decode())
    except (ssl.SSLError, ValueError) as error:
        raise ClusterError(0, "the CA file of the Kubernetes API holds no certificate in PEM") from error
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def read_file(path: Path | None) -> bytes:
    try:
        return b"" if path is None else path.read_bytes()
    except OSError as error:
        raise ClusterError(0, f"{path}: {error.strerror}") from error


async def read_body(where: str, answer: aiohttp.ClientResponse) -> bytes:
    parts, length = [], 0
    async for part in answer.content.iter_chunked(1 << 16):
        parts.append(part)
        length += len(part)
        if length > LONGEST_ANSWER:
            raise ClusterError(answer.status, f"{where}: an answer of more than {LONGEST_ANSWER} bytes")
    return b"".join(parts)


def read_answer(where: str, status: int, body: bytes) -> dict[str, Any]:
    """The object, or ClusterError with what the `Status` says, cut: the server may repeat what it was sent."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ClusterError(status if status >= 300 else 0, f"{where}: status {status} and no JSON object")
    if status >= 300:
        message = str(found.get("message") or "refused")[:LONGEST_MESSAGE]
        raise ClusterError(status, f"{where}: status {status}: {message}", str(found.get("reason") or ""))
    return found
