"""The nouns: what a call is, where its answer goes, and how it can end.

This file knows no provider, no dialect, no clock and no socket, and of ours only what a call has used.
Everything else in the house speaks in these words.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, NamedTuple, Protocol

from proxy.usage import BUCKETS as BUCKETS
from proxy.usage import Usage as Usage
from proxy.usage import plain as plain

Json = dict[str, Any]
Headers = Sequence[tuple[str, str]]
Party = Literal["caller", "policy", "operator", "provider", "self"]


class Rule(NamedTuple):
    """What a failure kind means for everyone who handles it."""

    status: int
    party: Party
    retryable: bool
    trips_breaker: bool


#: The closed list of failure kinds; the same words appear in metrics, spans, logs and error bodies.
KINDS: Mapping[str, Rule] = {
    "invalid_request": Rule(400, "caller", False, False),
    "unsupported_capability": Rule(400, "caller", False, False),
    "model_not_found": Rule(404, "caller", False, False),
    "request_too_large": Rule(413, "caller", False, False),
    "unauthenticated": Rule(401, "caller", False, False),
    "rate_limited": Rule(429, "policy", False, False),
    "budget_exceeded": Rule(429, "policy", False, False),
    "blocked": Rule(400, "policy", False, False),
    "authentication_failed": Rule(500, "operator", False, False),
    "provider_rate_limited": Rule(429, "provider", True, False),
    "provider_error": Rule(502, "provider", True, True),
    "provider_overloaded": Rule(502, "provider", True, True),
    "provider_stream_cut": Rule(502, "provider", False, True),
    "timeout": Rule(504, "provider", True, True),
    "network_error": Rule(502, "provider", True, True),
    "circuit_open": Rule(503, "self", False, False),
    "no_healthy_target": Rule(503, "self", False, False),
    "draining": Rule(503, "self", False, False),
    "client_gone": Rule(499, "caller", False, False),
    "internal_error": Rule(500, "self", False, False),
}


class Failure(Exception):
    """How a call did not end well.

    `kind` is one of KINDS; `status` is what the application sees. `detail` is one sentence for a person.
    `param` names the request field at fault, `code` the provider's own error code, `retry_after` is in seconds.
    `provider_status` and `provider_body` are the provider's own answer (the body is an excerpt of at most 64 KiB).
    """

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        status: int | None = None,
        param: str | None = None,
        code: str | None = None,
        retry_after: float | None = None,
        provider_status: int | None = None,
        provider_body: bytes = b"",
    ) -> None:
        super().__init__(f"{kind}: {detail}")
        rule = KINDS[kind]
        self.kind = kind
        self.detail = detail
        self.status = rule.status if status is None else status
        self.party: Party = rule.party
        self.retryable = rule.retryable
        self.trips_breaker = rule.trips_breaker
        self.param = param
        self.code = code
        self.retry_after = retry_after
        self.provider_status = provider_status
        self.provider_body = provider_body
        #: The provider's reply headers that go on to the application.
        self.headers: Headers = ()
        #: The client has already been told, in its own dialect, by the provider's bytes.
        self.told = False
        #: The client's stream stands in the middle of an event: whatever is said now would be read as part of it.
        self.midway = False

    def copy(self) -> Failure:
        """The same for somebody else: each has a traceback and marks of its own."""
        copy = Failure(self.kind, self.detail)
        vars(copy).update(vars(self))
        return copy


class Source(Protocol):
    """What feeds a client: it pauses while the client's buffer is full."""

    def pause(self) -> None: ...
    def resume(self) -> None: ...


class Client(Protocol):
    """Where the answer goes. `started` is the point of no return: after it nothing is retried.

    `start` without a content-length streams; `finish` waits until the transport has taken what was written.
    """

    started: bool

    def follow(self, source: Source | None) -> None: ...
    def start(self, status: int, headers: Headers) -> None: ...
    def write(self, data: bytes) -> None: ...
    async def finish(self) -> None: ...


class Tape(Protocol):
    """Keeps a provider's answer. `begin` says what it is: `words` how it is told to callers, `created` seconds since the epoch.

    Then `keep` takes its pieces as the provider sent them, and `end` is called once it is complete, with a whole reply's JSON and
    what was used. `whole` does all three for what is no stream. `follow`: what a stream's client follows instead of its source.
    """

    def begin(self, call: Call, words: Any, created: int) -> None: ...
    def follow(self, source: Source) -> Source: ...
    def whole(self, call: Call, words: Any, created: int, body: bytes, reply: Json | None) -> None: ...
    def keep(self, data: bytes) -> None: ...
    def end(self, reply: Json | None = None, usage: Usage | None = None) -> None: ...


@dataclass(slots=True, frozen=True)
class Target:
    """Provider, model, endpoint and key of one attempt.

    name: the provider as configured, and the metric label. rules: the route's own for what a translation may do; None for none.
    """

    name: str
    model: str
    endpoint: Any
    rules: Any = None
    weight: float = 1.0
    tags: frozenset[str] = frozenset()


@dataclass(slots=True, frozen=True, eq=False)
class Route:
    """How an alias's target is chosen.

    name: the alias. fallback: models that are asked when all targets have failed. timeout: seconds for a call in all.
    requires: whether a target that would leave out a parameter is not asked.
    """

    name: str
    strategy: str = "priority"
    fallback: Sequence[str] = ()
    timeout: float | None = None
    requires: bool = False


@dataclass(slots=True, eq=False)
class Call:
    """One request of the application. `deadline` is on the clock of the event loop; `caller` holds its headers, lower case.

    identity:   who it is of, where callers are known by a token or a certificate; "" where they are not.
    credential: which of the provider's several keys signed the latest attempt, from 0.
    changed:    unified fields that a policy has changed in `json`; `body` is then no longer what is asked.
    cost:       dollars, of what was used; None where the price is not known.
    cache:      what the cache did: `hit`, `miss`, `shared`, `bypass`; "" where it has no say. `age` in seconds, of a hit.
    saved:      what the answer once took, where none of it was taken for this call.
    tape:       where the provider's answer is kept as it comes, for others who ask the same.
    tokens:     of the prompt, once somebody has counted them.
    queued:     seconds spent on waiting for a limit, for a connection (its dialling included), and between attempts.
    notes:      headers that policies want told with the answer. trailers: takes those that end a stream, where some are wanted.
    route:      how its target is chosen; None where there is one.
    span:       what of a trace it is, where it is followed (tracing/span.py); an attempt while one is made.
    trail:      who was asked in vain, and the kind of failure: `openai:gpt-4o timeout`.
    """

    id: str
    dialect: str
    operation: str
    body: bytes
    json: Json
    model: str
    stream: bool
    caller: Mapping[str, str]
    client: Client
    started: float = 0.0
    deadline: float | None = None
    timeout: float | None = None
    targets: Sequence[Target] = ()
    target: Target | None = None
    attempts: int = 0
    usage: Usage | None = None
    ttft: float | None = None
    upstream_seconds: float = 0.0
    dropped: Sequence[str] = ()
    translated: Sequence[str] = ()
    phase: str = "queued"
    credential: int = 0
    changed: Sequence[str] = ()
    route: Route | None = None
    trail: Sequence[str] = ()
    cost: Decimal | None = None
    cache: str = ""
    age: float | None = None
    saved: Usage | None = None
    tape: Tape | None = None
    tokens: int | None = None
    notes: Headers = ()
    trailers: Callable[[Headers], None] | None = None
    queued: float = 0.0
    span: Any = None
    identity: str = ""


@dataclass(slots=True)
class Outcome:
    """How a call ended well. `cost` is None when the price is unknown; `ttft` is None when nothing was streamed."""

    status: int
    usage: Usage | None = None
    target: Target | None = None
    ttft: float | None = None
    attempts: int = 1
    cost: Decimal | None = None


#: The phase of a call that the sidecar itself cuts, because it ends; what a task is cancelled with whose application has hung up.
CUT, HUNG_UP = "cut", "hung up"

Handler = Callable[[Call], Awaitable[Outcome]]


class Policy(Protocol):
    """What may happen around a call. It returns after the stream has ended, and never sees a chunk.

    One that every call passes may have `around(next) -> Handler` too, which is then all that is called: one call less.
    """

    def __call__(self, call: Call, next: Handler) -> Awaitable[Outcome]: ...
