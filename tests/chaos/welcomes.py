"""What a connection meets before its first request."""

from __future__ import annotations

from tests.chaos.visit import Visit, Welcome


async def reset_at_once(visit: Visit) -> None:
    visit.reset()


async def close_at_once(visit: Visit) -> None:
    visit.close()


async def stall_at_once(visit: Visit) -> None:
    """Accept, and read nothing."""
    visit.transport.pause_reading()
    await visit.stall()


def to_a_handshake(answer: bytes, ending: Welcome = close_at_once) -> Welcome:
    """What a port does that gets a TLS ClientHello."""

    async def welcome(visit: Visit) -> None:
        await visit.hears(6)
        visit.send(answer)
        await ending(visit)

    return welcome
