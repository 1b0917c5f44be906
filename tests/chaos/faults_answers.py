"""Faults in the answer itself, and none in the connection: what is no HTTP, heads, interim answers, framing, bodies that lie."""

from __future__ import annotations

import orjson

from tests.chaos import acts, oddities
from tests.chaos.fault import FINE, IN_ALL, LAST, OVER, QUIET, SHORT, TO_GO_ON, Fault, Seen, cut, refused
from tests.chaos.words import JSON, OVERLOADED
from tests.promises.wires import OPENAI_OPENING, sse
from tests.upstream.raw import STREAM_HEAD, chunk, head, plain, stream

ERROR = refused("provider_error")
NOT_HTTP = refused("provider_error", "is not HTTP/1.1")
TOO_LONG = refused("provider_error", "headers are longer than 65536 bytes")
CUT = refused("network_error")
AT_ONCE = (0.0, 0.0)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n"
SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"  # RFC 9113, section 6.5: a server that speaks HTTP/2 alone
PAGE = b"<html><head><title>Sign in to the hotel network</title></head></html>"
BUSY = orjson.dumps(OVERLOADED)


def sends(name: str, *pieces: bytes, seen: Seen = NOT_HTTP) -> Fault:
    """Sent in answer to each request, and then the provider waits."""
    return Fault(name=name, act=acts.sends(*pieces), seen=seen)


def in_chunks(name: str, bad: bytes) -> Fault:
    """A chunk that is none: of a whole reply the second, of a stream the one behind the model's first word."""
    whole = acts.sends(head(200, JSON, "transfer-encoding: chunked"), chunk(b'{"id":'), bad)
    streamed = cut("provider_error", "is not HTTP/1.1")
    return Fault(name=name, act=acts.either(whole, acts.after_half(b"", bad)), seen=NOT_HTTP, streamed=streamed)


GARBAGE = [
    sends("garbage-bytes", bytes(range(128, 256)) * 4),
    sends("garbage-text", b"SSH-2.0-OpenSSH_9.2p1\r\n"),
    sends("garbage-html", PAGE + b"\r\n\r\n"),
    sends("garbage-http2", SETTINGS),
    sends("status-of-letters", b"HTTP/1.1 OK 200\r\n\r\n"),
    sends("header-without-name", head(200, ": nothing", "content-length: 0")),
    sends("header-with-nul", head(200, "x-a: \0", "content-length: 0")),
    sends("length-of-letters", head(200, JSON, "content-length: many")),
    sends("length-below-zero", head(200, JSON, "content-length: -5")),
    sends("two-lengths", head(200, JSON, "content-length: 2", "content-length: 3") + b"{}"),
    sends("switched-protocols", head(101, "upgrade: websocket", "connection: upgrade"), seen=ERROR),
    sends("one-endless-line", b"HTTP/1.1 200 " + b"O" * 70_000, seen=TOO_LONG),
]

HEADS = [
    Fault(
        name="endless-headers",
        act=acts.flooding(b"x-more: " + b"a" * 4000 + b"\r\n", acts.half_the_head),
        left=AT_ONCE,
        seen=TOO_LONG,
    ),
    sends("one-endless-header", head(200, JSON, f"x-more: {'a' * 70_000}", "content-length: 2") + b"{}", seen=TOO_LONG),
    Fault(name="interim-flood", act=acts.after(CONTINUE * 50 + HINTS * 50, acts.good), seen=FINE),
    Fault(name="endless-interim", act=acts.flooding(CONTINUE * 40), left=AT_ONCE, seen=TOO_LONG),
    Fault(
        name="slow-endless-interim",
        act=acts.flooding(HINTS, every=0.05),
        timeouts=IN_ALL,
        left=OVER,
        seen=refused("timeout", "did not finish in the time"),
    ),
    Fault(
        name="close-announced",
        act=acts.either(
            oddities.framed(("connection: close", "content-length: {length}"), end=True),
            oddities.framed(("connection: close",), end=True),
        ),
        seen=LAST,
    ),
]

LENGTHS = [
    Fault(name="until-close", act=oddities.framed((), end=True), seen=LAST),
    Fault(
        name="shorter-than-said",
        act=oddities.framed(("content-length: {length}",), end=True, cut=-SHORT),
        seen=CUT,
        streamed=cut(begun="nearly all", told=False),
    ),
    Fault(
        name="shorter-than-said-and-stalled",
        act=acts.stalling(oddities.framed(("content-length: {length}",), cut=-SHORT)),
        timeouts=TO_GO_ON,
        left=QUIET,
        seen=refused("timeout", "sent nothing for 0.3 seconds"),
        streamed=cut("timeout", begun="nearly all", told=False),
    ),
    Fault(name="longer-than-said", act=oddities.longer(b"and more"), seen=LAST),
    Fault(name="answered-twice", act=oddities.twice(together=True), seen=LAST),
    Fault(name="answered-again-later", act=oddities.twice(together=False), seen=LAST),
    Fault(name="chunks-without-end", act=acts.closing(oddities.all_but(5)), seen=CUT, streamed=cut(begun="all")),
    in_chunks("chunk-of-letters", b"zz\r\nno chunk\r\n"),
    in_chunks("chunk-of-more-than-there-can-be", b"fffffffffffffffff\r\n"),
]

BODIES = [
    sends("empty", plain(b""), seen=ERROR),
    sends("no-content", head(204), seen=ERROR),
    sends("a-page", head(200, "content-type: text/html", f"content-length: {len(PAGE)}") + PAGE, seen=ERROR),
    sends("no-json", plain(b'{"id": "c1", "choices": [{'), seen=ERROR),
    sends("another-json", plain(b"[1, 2]"), seen=ERROR),
    sends("error-in-a-200", plain(BUSY), seen=refused("provider_overloaded", "too much at once")),
    sends(
        "redirected",
        head(307, "location: http://127.0.0.9/v1", "content-length: 0"),
        seen=refused("provider_error", kept=True),
    ),
    Fault(
        name="stream-for-a-whole",
        act=acts.either(acts.sends(stream(OPENAI_OPENING)), acts.sends(plain(b"{}"))),
        seen=ERROR,
    ),
    Fault(name="packed", act=oddities.packed(), seen=ERROR),
    Fault(name="packed-and-cut", act=oddities.packed(keep=20), seen=CUT, streamed=refused("network_error")),
    Fault(name="packed-unnamed", act=oddities.packed(named=False), seen=ERROR),
    Fault(
        name="error-event-first",
        act=acts.either(acts.sends(plain(BUSY)), acts.sends(stream(sse(OVERLOADED)))),
        seen=refused("provider_overloaded", "too much at once"),
    ),
    Fault(
        name="error-event-after-the-opening",
        act=acts.either(acts.sends(plain(BUSY)), acts.sends(stream(OPENAI_OPENING, sse(OVERLOADED)))),
        seen=refused("provider_overloaded", "too much at once"),
    ),
    Fault(
        name="error-event-and-stalled",
        act=acts.either(acts.sends(plain(BUSY)), acts.stalling(acts.sends(STREAM_HEAD, chunk(sse(OVERLOADED))))),
        left=(None, 0.0),
        seen=refused("provider_overloaded", "too much at once"),
    ),
]

#: A caller's mistake is told in the provider's own words: these are such that they look like the sidecar's.
REFUSED = orjson.dumps({"error": {"message": "no", "type": "invalid_request", "param": None, "code": None}})
REFUSALS = [
    sends("mistaken", plain(REFUSED, 400), seen=refused("invalid_request", "no", kept=True)),
    sends("bad-key", plain(REFUSED, 401), seen=refused("authentication_failed", "no", kept=True)),
    sends("limited", plain(REFUSED, 429, "retry-after-ms: 20"), seen=refused("provider_rate_limited", "no", kept=True)),
    sends("overloaded", plain(REFUSED, 529), seen=refused("provider_overloaded", "no", kept=True)),
]

ROWS = [*GARBAGE, *HEADS, *LENGTHS, *BODIES, *REFUSALS]
