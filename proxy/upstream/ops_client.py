"""The ops port of a running sidecar, as a client sees it: its feed of events, followed for as long as someone listens.

The library reconnects where a stream ends and resumes with the id of the latest event (WHATWG HTML, section 9.2). What it does
not do is done here: it gives up where nothing listens, and its session, if not given one, after five minutes or 128 KiB.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import timedelta
from typing import Any, NamedTuple

import aiohttp
import orjson

EVENTS = "/status/events"
#: Seconds: to connect, between two bytes (a comment comes each 15 s), and between two tries.
CONNECT, SILENCE, PAUSE = 5.0, 45.0, 0.5
LARGEST_LINE = 8 << 20
#: Status of an answer that is no feed -> what it means.
MEANT = {
    403: "it is served to the sidecar's own machine only: ask from inside the pod, by its loopback address",
    404: "what answers there has no feed of events: is it the ops port of a sidecar?",
    503: "it answered 503: it drains, or as many listen as may",
}
NO_FEED = "what answers there is no feed of a sidecar"
#: The events that are handed on.
KNOWN = ("call", "status")


class Unreachable(Exception):
    """Nobody answers there, or somebody else. The text is a sentence for a person."""


class Event(NamedTuple):
    """`kind`: `call` or `status`. `data`: what it says."""

    kind: str
    data: dict[str, Any]


async def follow(url: str, after: int, lost: Callable[[str], None]) -> AsyncGenerator[Event, None]:
    """Every event from the one after `after` on; 0: all that the sidecar remembers. It ends never.

    `lost` is told, once for each time, that the connection has ended and is tried again. Raises Unreachable where there is none
    at first, and where what answers is no sidecar.
    """
    logging.getLogger("aiohttp_sse_client.client").disabled = True
    reached = told = False
    latest = after
    async with session() as asking:
        while True:
            try:
                async with aclosing(one_connection(asking, url, latest)) as events:
                    async for event, number in events:
                        latest = number
                        reached, told = True, False
                        yield event
                trouble = Trouble("it has ended the feed")
            except (aiohttp.ClientError, ConnectionError, TimeoutError, ValueError) as error:
                trouble = trouble_of(error)
            if trouble.final or not reached:
                raise Unreachable(f"{url}: {trouble.text}")
            if not told:
                lost(trouble.text)
                told = True
            await asyncio.sleep(PAUSE)


async def one_connection(
    asking: aiohttp.ClientSession, url: str, after: int
) -> AsyncGenerator[tuple[Event, int], None]:
    """Events, each with the number of the latest call, until nothing listens there any more."""
    from aiohttp_sse_client.client import LAST_EVENT_ID_HEADER, EventSource  # type: ignore[import-untyped]

    source = EventSource(
        f"{url}{EVENTS}",
        session=asking,
        reconnection_time=timedelta(seconds=PAUSE / 2),
        max_connect_retry=0,
        headers={LAST_EVENT_ID_HEADER: str(after)},
    )
    async with source:
        async for message in source:
            if message.type in KNOWN:
                after = int(message.last_event_id or after)
                yield Event(message.type, parsed(message.data)), after


def parsed(text: str) -> dict[str, Any]:
    """Raises ValueError."""
    found = orjson.loads(text)
    if not isinstance(found, dict):
        raise ValueError("an event is a mapping")
    return found


def session() -> aiohttp.ClientSession:
    patience = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT, sock_read=SILENCE)
    return aiohttp.ClientSession(timeout=patience, read_bufsize=LARGEST_LINE, cookie_jar=aiohttp.DummyCookieJar())


class Trouble(NamedTuple):
    """What is wrong, as the end of a sentence. `final`: trying again is of no use."""

    text: str
    final: bool = False


def trouble_of(error: Exception) -> Trouble:
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno
        why = os.strerror(number) if number is not None and number > 0 else error.os_error.strerror or error.os_error
        return Trouble(f"nothing answers there ({why}); start the sidecar with `outrider serve`")
    if isinstance(error, TimeoutError):
        return Trouble("it does not answer in time")
    if isinstance(error, aiohttp.ClientError):
        return Trouble("the connection was lost")
    return answered(str(error)) if isinstance(error, ConnectionError) else Trouble(NO_FEED, True)


def answered(told: str) -> Trouble:
    """The library says a status at the end of its sentence, and nothing else of the answer."""
    found = re.search(r"(?:status|failed): ([0-9]{3})$", told)
    if found is None:
        return Trouble(NO_FEED, True)
    status = int(found[1])
    return Trouble(MEANT.get(status, f"it answered {status}"), final=status < 500 and status != 429)
