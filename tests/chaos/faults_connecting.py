"""Faults before anything of a request has been answered: ports, names, TLS, and providers that say nothing."""

from __future__ import annotations

from tests.chaos import acts, oddities, welcomes
from tests.chaos.fault import FINE, IN_ALL, LAST, OVER, QUIET, TO_BEGIN, TO_GO_ON, UNANSWERED, Fault, refused
from tests.chaos.names import DEAD, HALF, NOWHERE, SLOW

NETWORK = refused("network_error")
LATE = refused("timeout")
SOON = {"connect": 0.25}
ALERT = bytes.fromhex("15030300020228")  # RFC 8446, section 6: fatal, handshake_failure
#: Bytes of a request that do not fit into what the kernel holds between two ends, and such as are just many.
MUCH = 4 << 20
MANY = 256 << 10

PORTS = [
    Fault(name="refused", where="closed", asks=0, seen=refused("network_error", "cannot connect to 127.0.0.1")),
    Fault(name="never-accepted", where="deaf", asks=0, timeouts=SOON, heals=False, seen=LATE),
    Fault(name="reset-on-accept", welcome=welcomes.reset_at_once, asks=0, seen=NETWORK),
    Fault(name="closed-on-accept", welcome=welcomes.close_at_once, asks=0, seen=NETWORK),
    Fault(
        name="accepted-and-stalled",
        welcome=welcomes.stall_at_once,
        asks=0,
        timeouts=TO_BEGIN,
        seen=LATE,
    ),
]

NAMES = [
    Fault(name="no-such-name", host=NOWHERE, asks=0, heals=False, seen=refused("network_error", NOWHERE)),
    Fault(name="slow-name", host=SLOW, asks=0, timeouts=SOON, heals=False, seen=refused("timeout", "0.25 seconds")),
    Fault(name="name-of-nobody", host=DEAD, asks=0, heals=False, seen=NETWORK),
    Fault(name="name-half-dead", host=HALF, act=acts.good, seen=FINE),
]


TLS = [
    Fault(name="tls-good", https=True, tls="good", act=acts.good, seen=FINE),
    Fault(
        name="tls-spoken-to-http",
        https=True,
        welcome=welcomes.to_a_handshake(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        asks=0,
        heals=False,
        seen=NETWORK,
    ),
    Fault(
        name="tls-garbage", https=True, welcome=welcomes.to_a_handshake(b"\x00" * 64), asks=0, heals=False, seen=NETWORK
    ),
    Fault(name="tls-alert", https=True, welcome=welcomes.to_a_handshake(ALERT), asks=0, heals=False, seen=NETWORK),
    Fault(
        name="tls-handshake-cut", https=True, welcome=welcomes.to_a_handshake(b""), asks=0, heals=False, seen=NETWORK
    ),
    Fault(
        name="tls-handshake-half",
        https=True,
        welcome=welcomes.to_a_handshake(bytes.fromhex("160303007a0200")),
        asks=0,
        heals=False,
        seen=NETWORK,
    ),
    Fault(
        name="tls-handshake-reset",
        https=True,
        welcome=welcomes.to_a_handshake(b"", welcomes.reset_at_once),
        asks=0,
        heals=False,
        seen=NETWORK,
    ),
    Fault(
        name="tls-handshake-stalled",
        https=True,
        welcome=welcomes.to_a_handshake(b"", welcomes.stall_at_once),
        asks=0,
        heals=False,
        timeouts=SOON,
        seen=LATE,
    ),
    Fault(
        name="tls-wrong-name",
        https=True,
        tls="elsewhere",
        asks=0,
        heals=False,
        seen=refused("network_error", "not valid for"),
    ),
    Fault(
        name="tls-expired",
        https=True,
        tls="expired",
        asks=0,
        heals=False,
        seen=refused("network_error", "certificate has expired"),
    ),
    Fault(
        name="tls-unknown",
        https=True,
        tls="unknown",
        asks=0,
        heals=False,
        seen=refused("network_error", "self-signed certificate"),
    ),
    Fault(name="tls-reset-after-request", https=True, tls="good", act=acts.resetting(acts.nothing), seen=NETWORK),
    Fault(
        name="tls-stalled",
        https=True,
        tls="good",
        act=acts.stalling(acts.nothing),
        timeouts=TO_BEGIN,
        left=UNANSWERED,
        seen=LATE,
    ),
    # A server that expects TLS and hears HTTP says an alert, or nothing, and goes.
    Fault(name="http-to-tls", tls="good", asks=0, heals=False, seen=refused("network_error")),
]

SILENCE = [
    Fault(name="closed-after-request", act=acts.closing(acts.nothing), seen=NETWORK),
    Fault(name="reset-after-request", act=acts.resetting(acts.nothing), seen=NETWORK),
    Fault(name="half-closed-after-request", act=acts.half_closing(acts.nothing), left=(0.0, 0.0), seen=NETWORK),
    Fault(name="stalled-after-request", act=acts.stalling(acts.nothing), timeouts=TO_BEGIN, left=UNANSWERED, seen=LATE),
    Fault(name="takes-nothing", act=oddities.unread, timeouts=TO_BEGIN, pad=MANY, seen=LATE),
    Fault(name="closed-in-the-head", act=acts.closing(acts.half_the_head), seen=NETWORK),
    Fault(name="reset-in-the-head", act=acts.resetting(acts.half_the_head), seen=NETWORK),
    Fault(
        name="stalled-in-the-head",
        act=acts.stalling(acts.half_the_head),
        timeouts=TO_GO_ON,
        left=QUIET,
        seen=refused("timeout", "sent nothing for 0.3 seconds"),
    ),
    Fault(name="dripped-head", act=oddities.dripped_head, timeouts=IN_ALL, left=OVER, seen=LATE),
    Fault(
        name="early-answer-and-no-more",
        act=oddities.early(acts.good, oddities.unread),
        pad=MUCH,
        seen=LAST,
    ),
    Fault(
        name="early-answer-and-the-rest",
        act=oddities.early(acts.good, acts.nothing),
        pad=MUCH,
        left=(0.0, 0.0),
        seen=LAST,
    ),
    Fault(
        name="early-refusal-and-reset",
        act=oddities.early(
            acts.sends(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n"), acts.resetting(acts.at_once)
        ),
        pad=MANY,
        seen=refused("request_too_large"),
    ),
]

ROWS = [*PORTS, *NAMES, *TLS, *SILENCE]
