"""What a provider does to a request instead of answering it well. Each act ends the connection, or leaves it as it is.

Parts of a good answer, and ways to end; what is odder stands in oddities.py. What takes arguments returns the act.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.chaos.visit import Act, Asked, Visit
from tests.chaos.words import Said, say
from tests.upstream.raw import LAST

#: Makes an act of one that leaves the connection as it is.
Ending = Callable[[Act], Act]


def said(visit: Visit, asked: Asked) -> Said:
    return say(visit.host.text, asked.stream)


async def good(visit: Visit, asked: Asked) -> None:
    await visit.whole(asked)
    visit.send(said(visit, asked).all)


# ---- parts of a good answer, up to a point


async def nothing(visit: Visit, asked: Asked) -> None:
    await visit.whole(asked)


async def at_once(visit: Visit, asked: Asked) -> None:
    """Not even read the request."""


async def the_head(visit: Visit, asked: Asked) -> None:
    await visit.whole(asked)
    visit.send(said(visit, asked).head)


async def half_the_head(visit: Visit, asked: Asked) -> None:
    await visit.whole(asked)
    visit.send(said(visit, asked).head[:-9])


async def the_opening(visit: Visit, asked: Asked) -> None:
    """All that comes before the model's first word; of a whole reply, that is its head."""
    await visit.whole(asked)
    parts = said(visit, asked)
    visit.send(parts.head, parts.opening)


async def the_half(visit: Visit, asked: Asked) -> None:
    await visit.whole(asked)
    parts = said(visit, asked)
    visit.send(parts.head, parts.opening, parts.first)


async def the_half_and_more(visit: Visit, asked: Asked) -> None:
    """Into the middle of a chunk, which is the middle of an event; of a whole reply a byte more than half."""
    await the_half(visit, asked)
    rest = said(visit, asked).rest
    visit.send(rest[:24] if asked.stream else rest[:1])


def after(interim: bytes, then: Act) -> Act:
    """Interim answers (RFC 9110, section 15.2) before anything else."""

    async def act(visit: Visit, asked: Asked) -> None:
        visit.send(interim)
        await then(visit, asked)

    return act


def sends(*pieces: bytes) -> Act:
    """These bytes, whatever they are."""

    async def act(visit: Visit, asked: Asked) -> None:
        await visit.whole(asked)
        visit.send(*pieces)

    return act


def after_half(whole: bytes, stream: bytes) -> Act:
    """Half a good answer, and then something else."""

    async def act(visit: Visit, asked: Asked) -> None:
        await the_half(visit, asked)
        visit.send(stream if asked.stream else whole)

    return act


def either(whole: Act, stream: Act) -> Act:
    async def act(visit: Visit, asked: Asked) -> None:
        await (stream if asked.stream else whole)(visit, asked)

    return act


# ---- how it ends


def ending(before: Act) -> Act:
    """The stream ends as HTTP has it, whatever is missing."""

    async def act(visit: Visit, asked: Asked) -> None:
        await before(visit, asked)
        visit.send(LAST)

    return act


def closing(before: Act) -> Act:
    async def act(visit: Visit, asked: Asked) -> None:
        await before(visit, asked)
        visit.close()

    return act


def resetting(before: Act) -> Act:
    """After a moment in which the sidecar reads what came before: RST overtakes it."""

    async def act(visit: Visit, asked: Asked) -> None:
        await before(visit, asked)
        await visit.pause(0.05)
        visit.reset()

    return act


def stalling(before: Act) -> Act:
    async def act(visit: Visit, asked: Asked) -> None:
        await before(visit, asked)
        await visit.stall()

    return act


def half_closing(before: Act) -> Act:
    async def act(visit: Visit, asked: Asked) -> None:
        await before(visit, asked)
        visit.half_close()
        await visit.stall()

    return act


def flooding(data: bytes, before: Act = nothing, every: float = 0.005) -> Act:
    async def act(visit: Visit, asked: Asked) -> None:
        await before(visit, asked)
        await visit.flood(data, every)

    return act
