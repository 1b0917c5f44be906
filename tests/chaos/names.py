"""Names that resolve as a test needs it, in place of the resolver of the sidecar's connector. Nothing leaves the machine."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp.resolver import ThreadedResolver

NOWHERE = "nowhere.test"
SLOW = "slow.test"
DEAD = "dead.test"
HALF = "half.test"
#: A loopback address where no test listens.
NOBODY = "127.0.0.9"
HERE = "127.0.0.1"


class Names:
    """`known` maps a name to what gives its addresses, told which question of how many it is, from 1."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.known: dict[str, Callable[[int], Awaitable[list[str]]]] = {
            NOWHERE: nowhere,
            SLOW: late,
            DEAD: always(NOBODY),
            HALF: always(NOBODY, HERE),
        }

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def resolve(_: object, host: str, port: int = 0, family: int = 0) -> list[dict[str, Any]]:
            self.asked[host] += 1
            found = {
                "hostname": host,
                "port": port,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST,
                "family": socket.AF_INET,
            }
            return [{**found, "host": address} for address in await self.known.get(host, nowhere)(self.asked[host])]

        monkeypatch.setattr(ThreadedResolver, "resolve", resolve)


async def nowhere(_: int) -> list[str]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


#: Questions that nobody has answered yet.
open_questions: set[asyncio.Future[None]] = set()


async def late(_: int) -> list[str]:
    """As a resolver does whose servers do not answer: it says so when `give_up` lets it, after everybody has stopped waiting."""
    question = asyncio.get_running_loop().create_future()
    open_questions.add(question)
    try:
        await question
    finally:
        open_questions.discard(question)
    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


def give_up() -> None:
    for question in open_questions:
        if not question.done():
            question.set_result(None)


def always(*addresses: str) -> Callable[[int], Awaitable[list[str]]]:
    async def found(_: int) -> list[str]:
        return list(addresses)

    return found


def flapping(*, good: Callable[[int], bool]) -> Callable[[int], Awaitable[list[str]]]:
    """A name that is there for some questions, and for others there is no such name, for now."""

    async def found(number: int) -> list[str]:
        if good(number):
            return [HERE]
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    return found
