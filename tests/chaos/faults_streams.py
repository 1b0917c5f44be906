"""Faults in the middle: after the head, before and after the model's first word, inside a chunk, an event, a tool call."""

from __future__ import annotations

from tests.chaos import acts, oddities
from tests.chaos.fault import FINE, IN_ALL, OVER, QUIET, TO_GO_ON, Fault, cut, refused
from tests.chaos.words import OVERLOADED, half_a_tool_call
from tests.promises.wires import sse
from tests.upstream.raw import LAST, chunk

SAID_NOTHING = refused("network_error", "before the model had said anything")
CUT = refused("network_error")
MUTE = cut(begun="half and more", told=False)
LATE = refused("timeout", "sent nothing for 0.3 seconds")
LATE_STREAM = cut("timeout", "sent nothing for 0.3 seconds")
LONG_OPENING = {"idle": 0.4, "opening": 0.1}

OPENING = [
    Fault(name="closed-after-the-head", act=acts.closing(acts.the_head), seen=CUT, streamed=SAID_NOTHING),
    Fault(name="reset-after-the-head", act=acts.resetting(acts.the_head), seen=CUT, streamed=SAID_NOTHING),
    Fault(name="stalled-after-the-head", act=acts.stalling(acts.the_head), timeouts=TO_GO_ON, left=QUIET, seen=LATE),
    Fault(name="closed-in-the-opening", act=acts.closing(acts.the_opening), seen=CUT, streamed=SAID_NOTHING),
    Fault(name="reset-in-the-opening", act=acts.resetting(acts.the_opening), seen=CUT, streamed=SAID_NOTHING),
    Fault(name="stalled-in-the-opening", act=acts.stalling(acts.the_opening), timeouts=TO_GO_ON, left=QUIET, seen=LATE),
    Fault(
        name="stalled-in-a-long-opening",
        act=acts.stalling(acts.the_opening),
        timeouts=LONG_OPENING,
        left=(0.4, 0.4),
        seen=refused("timeout", "sent nothing for 0.4 seconds"),
        streamed=cut("timeout", "sent nothing for 0.4 seconds", begun="opening"),
    ),
    Fault(
        name="ended-in-the-opening",
        act=acts.either(acts.sends(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"), acts.ending(acts.the_opening)),
        seen=refused("provider_error"),
    ),
]

MIDDLE = [
    Fault(name="closed-midway", act=acts.closing(acts.the_half), seen=CUT, streamed=cut()),
    Fault(name="reset-midway", act=acts.resetting(acts.the_half), seen=CUT, streamed=cut()),
    Fault(name="half-closed-midway", act=acts.half_closing(acts.the_half), left=(0.0, 0.0), seen=CUT, streamed=cut()),
    Fault(
        name="stalled-midway",
        act=acts.stalling(acts.the_half),
        timeouts=TO_GO_ON,
        left=QUIET,
        seen=LATE,
        streamed=LATE_STREAM,
    ),
    Fault(name="closed-in-a-chunk", act=acts.closing(acts.the_half_and_more), seen=CUT, streamed=MUTE),
    Fault(name="reset-in-a-chunk", act=acts.resetting(acts.the_half_and_more), seen=CUT, streamed=MUTE),
    Fault(
        name="stalled-in-a-chunk",
        act=acts.stalling(acts.the_half_and_more),
        timeouts=TO_GO_ON,
        left=QUIET,
        seen=LATE,
        streamed=cut("timeout", begun="half and more", told=False),
    ),
    Fault(name="tls-reset-midway", tls="good", https=True, act=acts.resetting(acts.the_half), seen=CUT, streamed=cut()),
    Fault(name="tls-closed-midway", tls="good", https=True, act=acts.closing(acts.the_half), seen=CUT, streamed=cut()),
    Fault(
        name="tls-stalled-midway",
        tls="good",
        https=True,
        act=acts.stalling(acts.the_half),
        timeouts=TO_GO_ON,
        left=QUIET,
        seen=LATE,
        streamed=LATE_STREAM,
    ),
    Fault(name="ended-midway", act=acts.after_half(b"}" * 200, LAST), seen=refused("provider_error"), streamed=cut()),
    Fault(
        name="tool-call-cut",
        act=acts.closing(acts.after_half(b"", chunk(half_a_tool_call()))),
        seen=CUT,
        streamed=cut(begun="tool call"),
    ),
    Fault(
        name="tool-call-reset",
        act=acts.resetting(acts.after_half(b"", chunk(half_a_tool_call()))),
        seen=CUT,
        streamed=cut(begun="tool call"),
    ),
    Fault(
        name="tool-call-ended",
        act=acts.closing(acts.after_half(b"", chunk(half_a_tool_call()) + LAST)),
        seen=CUT,
        streamed=cut(begun="tool call"),
    ),
    Fault(
        name="error-event-midway",
        act=acts.closing(acts.after_half(b"", chunk(sse(OVERLOADED)) + LAST)),
        seen=CUT,
        streamed=cut("provider_overloaded", begun="error event", told=False, ended=True),
    ),
    Fault(name="dripped", act=oddities.dripping(), timeouts={"idle": 2}, seen=FINE),
    Fault(
        name="dripped-too-long",
        act=oddities.dripping(200),
        timeouts=IN_ALL,
        left=OVER,
        seen=refused("timeout", "did not finish in the time"),
        streamed=cut("timeout", "did not finish in the time", told=False, begun="half and more"),
    ),
    Fault(
        name="endless-comments",
        act=acts.either(acts.stalling(acts.the_half), acts.flooding(chunk(b": still here\n\n"), acts.the_half, 0.05)),
        timeouts=IN_ALL,
        left=OVER,
        seen=refused("timeout", "did not finish in the time"),
        streamed=cut("timeout", "did not finish in the time", begun="half and more"),
    ),
]

ROWS = [*OPENING, *MIDDLE]
