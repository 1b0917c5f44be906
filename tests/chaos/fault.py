"""What a row of the table says: a fault, where it happens, and what everybody must see of it while nobody tries again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from tests.chaos.acts import nothing
from tests.chaos.visit import Act, Welcome
from tests.chaos.words import OVERLOADED, begun, half_a_tool_call, say
from tests.promises.wires import OPENAI_OPENING, sse

#: Failure kind -> the status that the application sees (docs/operations.md).
STATUS: Mapping[str, int] = {
    "invalid_request": 400,
    "model_not_found": 404,
    "request_too_large": 413,
    "authentication_failed": 500,
    "provider_rate_limited": 429,
    "provider_error": 502,
    "provider_overloaded": 502,
    "provider_stream_cut": 502,
    "network_error": 502,
    "timeout": 504,
}

#: Whose certificate a port shows that speaks TLS; "" for one that does not.
Tls = Literal["", "good", "elsewhere", "expired", "unknown"]

#: Seconds that a provider is given, each for one way to be slow, so that no row hangs on which of two comes first; and when
#: the sidecar has to leave then, for a whole reply and for a stream. A whole reply's first byte may take `total`.
TO_BEGIN: Mapping[str, float] = {"first_byte": 0.3, "total": 0.5}
UNANSWERED = (0.5, 0.3)
TO_GO_ON: Mapping[str, float] = {"idle": 0.3}
QUIET = (0.3, 0.3)
IN_ALL: Mapping[str, float] = {"total": 0.5}
OVER = (0.5, 0.5)


#: How much of a stream the application has when it breaks: the first half, and perhaps something behind it that depends on the
#: moment, if "half and more"; nearly all lacks SHORT bytes.
Begun = Literal["opening", "half", "half and more", "tool call", "error event", "nearly all", "all"]
SHORT = 5


class Seen(NamedTuple):
    """What the application sees. `begun` is what it has of a stream before the stream breaks; None where nothing had begun.

    words: part of the message.
    told:  whether the broken stream says so in an error event; where it stands in the middle of one it cannot.
    ended: whether it ends well as HTTP has it, for the provider itself has said that it failed, and ended it.
    kept:  whether the sidecar keeps the connection.
    """

    status: int
    kind: str = ""
    words: str = ""
    begun: Begun | None = None
    told: bool = True
    ended: bool = False
    kept: bool = False


FINE = Seen(200, kept=True)
#: A good answer on a connection that cannot be used again.
LAST = Seen(200)


def refused(kind: str, words: str = "", kept: bool = False) -> Seen:
    return Seen(STATUS[kind], kind, words, kept=kept)


def cut(
    kind: str = "provider_stream_cut", words: str = "", begun: Begun = "half", told: bool = True, ended: bool = False
) -> Seen:
    return Seen(200, kind, words, begun, told, ended)


def beginning(name: Begun, text: str) -> bytes:
    half, whole = begun(text), say(text, stream=True).body
    return {
        "opening": OPENAI_OPENING,
        "half": half,
        "half and more": half,
        "tool call": half + half_a_tool_call(),
        "error event": half + sse(OVERLOADED),
        "nearly all": whole[:-SHORT],
        "all": whole,
    }[name]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One way to fail. `act` is what each request meets, `welcome` what a connection meets before its first.

    seen:    the application's side of it, `streamed` that of a stream where it differs.
    where:   a port that listens, one that refuses, one that never accepts.
    tls:     which certificate the port shows; `https` is whether the sidecar speaks TLS to it.
    host:    how the sidecar calls it.
    asks:    requests that arrive in one attempt.
    left:    seconds after a request in which the sidecar has to hang up on a provider that is still at it, for a whole reply
             and for a stream; None where the provider is done, has ended the connection itself, or could not notice.
    pad:     bytes that the request is made longer by.
    heals:   whether a good answer can come from there once the fault is over.
    """

    name: str
    seen: Seen
    streamed: Seen | None = None
    act: Act = nothing
    welcome: Welcome | None = None
    where: Literal["open", "closed", "deaf"] = "open"
    tls: Tls = ""
    https: bool = False
    host: str = "127.0.0.1"
    timeouts: Mapping[str, float] = field(default_factory=dict)
    asks: int = 1
    left: tuple[float | None, float | None] = (None, None)
    pad: int = 0
    heals: bool = True

    @property
    def fleeting(self) -> bool:
        """Whether it can be over from one request to the next."""
        return self.heals and self.where == "open"

    def seen_by(self, stream: bool) -> Seen:
        return self.streamed if stream and self.streamed is not None else self.seen
