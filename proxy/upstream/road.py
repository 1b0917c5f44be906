"""The road to one endpoint: its pool, its patience, and the head of every request that goes there.

Headers sent are an allowlist: ours, the provider's, the operator's, and of the caller's only those the provider file names.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

from yarl import URL

from proxy import __version__
from proxy.call import Call
from proxy.providers import Endpoint
from proxy.signing import CREDENTIALS, SIGNERS
from proxy.translate import Plan
from proxy.upstream.pool import Pool
from proxy.upstream.secrecy import Secrets
from proxy.wire.framing import FRAMINGS

#: W3C trace context goes through whoever traces: https://www.w3.org/TR/trace-context/.
ALWAYS_PASSED = ("traceparent", "tracestate")
FORBIDDEN = ("\r", "\n", "\0")
REMEMBERED = 256


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

    def __init__(self, endpoint: Endpoint, pool: Pool, timeouts: Timeouts, proxy: URL | None = None) -> None:
        self.endpoint = endpoint
        self.pool = pool
        self.timeouts = timeouts
        self.secrets = Secrets(endpoint)
        provider = endpoint.provider
        taken = CREDENTIALS | {name.lower() for name in endpoint.headers}
        self._passes = tuple(sorted(provider.passes - taken)) + ALWAYS_PASSED
        #: What a header says that the caller may say otherwise.
        self._defaults = {
            name: f"{name}: {value}\r\n" for name, value in provider.headers.items() if name in self._passes
        }
        self._passable = frozenset(self._passes)
        self._unsaid = self._passed({})
        self._base = URL(endpoint.base_url)
        self._proxy = proxy
        self._heads: dict[tuple[str, str], str] = {}

    def request(self, call: Call, words: Plan) -> bytes:
        """Head and body of `call` as one piece, ready for the transport."""
        assert call.target is not None
        body, model = words.body, call.target.model
        name = model if "{" in words.path else ""
        head = self._heads.get((words.path, name)) or self._head(words.path, name)
        accept = FRAMINGS[words.theirs.framing].content_type if call.stream else "application/json"
        caller = call.caller
        passed = self._unsaid if self._passable.isdisjoint(caller) else self._passed(caller)
        return (
            f"{head}accept: {accept}\r\n{passed}content-length: {len(body)}\r\n\r\n".encode("latin-1", "replace") + body
        )

    def _passed(self, caller: Mapping[str, str]) -> str:
        return "".join(
            [
                f"{name}: {caller[name]}\r\n"
                if name in caller and is_clean(caller[name])
                else self._defaults.get(name, "")
                for name in self._passes
            ]
        )

    def _head(self, path: str, model: str) -> str:
        """Made once for each path and model that is asked for, of which there are few; forgotten when there are many."""
        if len(self._heads) >= REMEMBERED:
            self._heads.clear()
        head = fixed_head(self.endpoint, self._base, path.replace("{model}", quote(model, safe="")), self._proxy)
        self._heads[path, model] = head
        return head


def is_clean(value: str) -> bool:
    return not any(mark in value for mark in FORBIDDEN)


def fixed_head(endpoint: Endpoint, base: URL, path: str, proxy: URL | None) -> str:
    """Request line and headers, but for what differs by call. To a proxy, http names the whole URL (RFC 9112, 3.2.2)."""
    target = base.raw_path.rstrip("/") + path
    headers: dict[str, str] = {"host": authority(base)}
    if proxy is not None and base.scheme == "http":
        target = f"http://{authority(base)}{target}"
        headers |= proxy_credentials(proxy)
    headers |= {
        "user-agent": f"outrider/{__version__}",
        "content-type": "application/json",
        "accept-encoding": "identity",
    }
    provider = endpoint.provider
    headers |= {name: value for name, value in provider.headers.items() if name not in provider.passes}
    headers |= {name.lower(): value for name, value in endpoint.headers.items()}
    headers |= signature(endpoint)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {target} HTTP/1.1\r\n{lines}"


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
