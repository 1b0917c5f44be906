"""Answers that are odd in themselves: early, slow, packed, framed wrongly, too long, given twice."""

from __future__ import annotations

import gzip

from tests.chaos.acts import said
from tests.chaos.visit import Act, Asked, Visit
from tests.chaos.words import say
from tests.upstream.raw import LAST, chunk, head


def all_but(size: int) -> Act:
    """A good answer without its last bytes."""

    async def act(visit: Visit, asked: Asked) -> None:
        await visit.whole(asked)
        visit.send(said(visit, asked).all[:-size])

    return act


def longer(more: bytes) -> Act:
    """A good answer, and bytes behind it that belong to nothing."""

    async def act(visit: Visit, asked: Asked) -> None:
        await visit.whole(asked)
        visit.send(said(visit, asked).all, more)

    return act


def twice(together: bool) -> Act:
    """A good answer, and another that nobody asked for: the next call on the connection must not get it."""

    async def act(visit: Visit, asked: Asked) -> None:
        await visit.whole(asked)
        poison = say("poison", asked.stream).all
        if together:
            visit.send(said(visit, asked).all, poison)
            return
        visit.send(said(visit, asked).all)
        await visit.pause(0.05)
        visit.send(poison)

    return act


def early(answer: Act, then: Act) -> Act:
    """Answer from the request's head alone, and read no more of it before `then`, which plays after the answer."""

    async def act(visit: Visit, asked: Asked) -> None:
        length, asked.headers["content-length"] = asked.headers["content-length"], "0"
        await answer(visit, asked)
        visit.transport.pause_reading()
        asked.headers["content-length"] = length
        await visit.pause(0.1)
        await then(visit, asked)

    return act


async def unread(visit: Visit, asked: Asked) -> None:
    """Take nothing more of the request."""
    visit.transport.pause_reading()
    await visit.stall()


def dripping(size: int = 12) -> Act:
    """A good answer whose last bytes come one at a time."""

    async def act(visit: Visit, asked: Asked) -> None:
        await visit.whole(asked)
        data = said(visit, asked).all
        visit.send(data[:-size])
        await visit.drip(data[-size:])

    return act


async def dripped_head(visit: Visit, asked: Asked) -> None:
    await visit.whole(asked)
    await visit.drip(said(visit, asked).all)


def packed(keep: int | None = None, named: bool = True) -> Act:
    """The body as gzip, which nobody had asked for; of it `keep` bytes, and then the end. `named` has a header say so."""

    async def act(visit: Visit, asked: Asked) -> None:
        await visit.whole(asked)
        data = gzip.compress(said(visit, asked).body, mtime=0)
        kind = "text/event-stream" if asked.stream else "application/json"
        lines = [f"content-type: {kind}", *(["content-encoding: gzip"] if named else [])]
        if asked.stream:
            visit.send(
                head(200, *lines, "transfer-encoding: chunked"), chunk(data[:keep]), LAST if keep is None else b""
            )
        else:
            visit.send(head(200, *lines, f"content-length: {len(data)}"), data[:keep])
        if keep is not None:
            visit.close()

    return act


def framed(lines: tuple[str, ...], end: bool = False, cut: int | None = None) -> Act:
    """A good body under a head of one's own; `{length}` stands for the body's. `cut` bytes are left off, `end` closes."""

    async def act(visit: Visit, asked: Asked) -> None:
        await visit.whole(asked)
        body = said(visit, asked).body
        kind = "text/event-stream" if asked.stream else "application/json"
        visit.send(head(200, f"content-type: {kind}", *(line.format(length=len(body)) for line in lines)), body[:cut])
        if end:
            visit.close()

    return act
