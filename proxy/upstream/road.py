"""The road to one endpoint: its pool, its patience, and the head of every request that goes there.

Headers sent are an allowlist: ours, the provider's, the operator's, and of the caller's only those the provider file names.
"""

from __future__ import annotations

import asyncio
import logging
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from time import time
from typing import NamedTuple
from urllib.parse import quote

from yarl import URL

from proxy import __version__
from proxy.call import Call, Failure, Headers
from proxy.providers import Endpoint
from proxy.signing import CREDENTIALS, SIGNERS, Asked
from proxy.translate import Plan
from proxy.upstream.credentials.signs import Aws, KeyRing, Signs
from proxy.upstream.pool import Pool
from proxy.upstream.secrecy import Secrets
from proxy.wire.framing import FRAMINGS

#: W3C trace context goes through, unless the call is traced here: https://www.w3.org/TR/trace-context/.
ALWAYS_PASSED = ("traceparent", "tracestate")
FORBIDDEN = ("\r", "\n", "\0")
REMEMBERED = 256
REFUSED = "the provider refused the key"

log = logging.getLogger(__name__)


class Timeouts(NamedTuple):
    """Seconds. `first_byte` is for streams: of a whole reply the first byte comes when the model has finished.

    `opening`: how long the beginning of a stream is held back while the model has not spoken.
    """

    first_byte: float = 120.0
    idle: float = 60.0
    total: float = 600.0
    opening: float = 5.0


class Road:
    """`request` makes the bytes to send; everything that does not change from call to call is made once."""

    def __init__(
        self,
        endpoint: Endpoint,
        pool: Pool,
        timeouts: Timeouts,
        proxy: URL | None = None,
        signs: Signs | None = None,
        wall: Callable[[], float] = time,
    ) -> None:
        """`signs` where a request is not signed by the endpoint's one key alone."""
        self.endpoint = endpoint
        self.signs = signs
        #: Told of the head of each answer to a call: its headers by name, in lower case, and its status.
        self.heard: Callable[[Mapping[str, str], int, Call], None] | None = None
        self._wall = wall
        self.pool = pool
        self.timeouts = timeouts
        self.secrets = Secrets(endpoint)
        provider = endpoint.provider
        taken = CREDENTIALS | {name.lower() for name in endpoint.headers}
        self._own_passes = tuple(sorted(provider.passes - taken))
        self._passes = self._own_passes + ALWAYS_PASSED
        #: What a header says that the caller may say otherwise.
        self._defaults = {
            name: f"{name}: {value}\r\n" for name, value in provider.headers.items() if name in self._passes
        }
        self._passable = frozenset(self._passes)
        self._unsaid = self._passed({}, self._passes)
        self._base = URL(endpoint.base_url)
        self._proxy = proxy
        self._heads: dict[tuple[str, str], str] = {}

    def request(self, call: Call, words: Plan) -> bytes:
        """Head and body of `call` as one piece, ready for the transport. Where there are `signs`, only while they are at hand."""
        assert call.target is not None
        body, model = words.body, call.target.model
        name = model if "{" in words.path else ""
        head = self._heads.get((words.path, name)) or self._head(words.path, name)
        accept = FRAMINGS[words.theirs.framing].content_type if call.stream else "application/json"
        caller = call.caller
        if call.span is not None:
            passed = self._passed(caller, self._own_passes) + call.span.lines
        else:
            passed = self._unsaid if self._passable.isdisjoint(caller) else self._passed(caller, self._passes)
        if self.signs is not None:
            passed += self._signature(call, "POST", head[5 : head.index(" HTTP/1.1")], body)
        return (
            f"{head}accept: {accept}\r\n{passed}content-length: {len(body)}\r\n\r\n".encode("latin-1", "replace") + body
        )

    async def signed(self, call: Call, words: Plan, deadline: float) -> bytes:
        """The same, once there is what signs. Failure: `authentication_failed` where that cannot be had, `timeout`."""
        if self.signs is not None and not self.signs.at_hand:
            try:
                async with asyncio.timeout_at(deadline):
                    await self.signs.ready()
            except TimeoutError:
                raise Failure("timeout", f"no credentials for {self.endpoint.name} came in time") from None
        return self.request(call, words)

    def rekey(self, old: str, new: str) -> None:
        """Another key takes the place of one; a request that is on its way keeps the one it was signed with."""
        keys = tuple(new if key == old else key for key in self.endpoint.keys)
        key = new if self.endpoint.key == old else self.endpoint.key
        self.endpoint = replace(self.endpoint, key=key, keys=keys)
        self._heads.clear()
        self.secrets = Secrets(self.endpoint)
        self.secrets.learn([old])
        if isinstance(self.signs, KeyRing):
            self.signs.replace(keys)

    def refused(self, call: Call, failure: Failure) -> None:
        """The provider did not take what `call` was signed with."""
        if self.signs is not None:
            self.signs.refused(call.credential, failure)
        origins = self.endpoint.origins
        if call.credential < len(origins):
            told = {"id": call.id, "provider": self.endpoint.name, "key_from": origins[call.credential]}
            log.warning(REFUSED, extra=told)

    def _signature(self, call: Call, method: str, target: str, body: bytes) -> str:
        assert self.signs is not None
        # To a proxy the request line names the whole URL; signed is what the provider sees.
        target = target.removeprefix(f"http://{authority(self._base)}")
        headers, call.credential = self.signs.sign(Asked(method, authority(self._base), target, body, self._wall()))
        self.secrets.learn(self.signs.secrets())
        return "".join([f"{name}: {value}\r\n" for name, value in headers])

    def _passed(self, caller: Mapping[str, str], names: tuple[str, ...]) -> str:
        return "".join(
            [
                f"{name}: {caller[name]}\r\n"
                if name in caller and is_clean(caller[name])
                else self._defaults.get(name, "")
                for name in names
            ]
        )

    def _head(self, path: str, model: str) -> str:
        """Made once for each path and model that is asked for, of which there are few; forgotten when there are many."""
        if len(self._heads) >= REMEMBERED:
            self._heads.clear()
        filled = self.filled(path, model)
        head = fixed_head(self.endpoint, self._base, filled, self._proxy, signed=self.signs is None)
        self._heads[path, model] = head
        return head

    def filled(self, path: str, model: str) -> str:
        path = path.replace("{model}", quote(model, safe=""))
        for option, value in self.endpoint.options.items():
            path = path.replace(f"{{{option}}}", quote(value, safe=""))
        return path

    # ---- requests that are not of our making

    @property
    def covers_body(self) -> bool:
        """Whether a signature covers the body, so that all of it must be there first."""
        return isinstance(self.signs, Aws)

    async def head(self, call: Call, method: str, path: str, said: Headers, body: bytes) -> bytes:
        """The head of a request whose body comes after it. `said`: headers besides those that every request has or passes on.

        `body` is what a signature covers. Failure("authentication_failed") where there is nothing to sign with.
        """
        if self.signs is not None and not self.signs.at_hand:
            await self.signs.ready()
        head = fixed_head(self.endpoint, self._base, path, self._proxy, self.signs is None, method, "")
        taken = {name.lower() for name in self.endpoint.headers}
        said = [pair for pair in said if pair[0] not in taken and is_clean(pair[1])]
        lines = "".join([f"{name}: {value}\r\n" for name, value in said])
        span = call.span
        lines += self._passed(call.caller, self._passes if span is None else self._own_passes)
        lines += "" if span is None else span.lines
        if self.signs is not None:
            lines += self._signature(call, method, head[len(method) + 1 : head.index(" HTTP/1.1")], body)
        return f"{head}{lines}\r\n".encode("latin-1", "replace")


def is_clean(value: str) -> bool:
    return not any(mark in value for mark in FORBIDDEN)


def fixed_head(
    endpoint: Endpoint,
    base: URL,
    path: str,
    proxy: URL | None,
    signed: bool = True,
    method: str = "POST",
    content_type: str = "application/json",
) -> str:
    """Request line and headers, but for what differs by call. To a proxy, http names the whole URL (RFC 9112, 3.2.2)."""
    target = base.raw_path.rstrip("/") + path
    headers: dict[str, str] = {"host": authority(base)}
    if proxy is not None and base.scheme == "http":
        target = f"http://{authority(base)}{target}"
        headers |= proxy_credentials(proxy)
    headers |= {
        "user-agent": f"outrider/{__version__}",
        **({"content-type": content_type} if content_type else {}),
        "accept-encoding": "identity",
    }
    provider = endpoint.provider
    headers |= {name: value for name, value in provider.headers.items() if name not in provider.passes}
    headers |= {name.lower(): value for name, value in endpoint.headers.items()}
    headers |= signature(endpoint) if signed else {}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} {target} HTTP/1.1\r\n{lines}"


def signature(endpoint: Endpoint) -> Mapping[str, str]:
    return dict(SIGNERS[endpoint.provider.auth](endpoint.key)) if endpoint.key else {}


def authority(base: URL) -> str:
    host = base.raw_host or ""
    host = f"[{host}]" if ":" in host else host
    return host if base.is_default_port() else f"{host}:{base.port}"


def proxy_credentials(proxy: URL) -> Mapping[str, str]:
    if proxy.user is None:
        return {}
    pair = f"{proxy.user}:{proxy.password or ''}".encode()
    return {"proxy-authorization": f"Basic {b64encode(pair).decode()}"}
