"""The providers of the soak: a port each, and weather that changes: calm, showers of one kind of fault, outages, restarts."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine, Sequence
from functools import partial
from random import Random
from types import TracebackType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from tests.promises.upstream import Asked, Link, Provider
from tests.soak.book import Book
from tests.soak.faults import ACTS, GOOD, Act, Turn, bound_to, refused
from tests.soak.speech import spoken, wants_stream
from tests.soak.words import Question, asked_in


class Spell(NamedTuple):
    """A kind of weather: how many of the requests meet one of the acts; `away` closes the port for a while.

    Every station has had each of them before one comes again.
    """

    name: str
    odds: float = 0.0
    acts: Sequence[Act] = ()
    away: bool = False


CALM = Spell("calm")
SPELLS: Sequence[Spell] = (
    *(CALM for _ in range(4)),
    *(Spell(name, 0.4, acts) for name, acts in ACTS.items()),
    Spell("showers", 0.2, tuple(act for acts in ACTS.values() for act in acts)),
    Spell("outage", 1.0, (refused,)),
    Spell("away", away=True),
)
#: Connections that are remembered before those that have ended are forgotten.
MANY = 200


class Station(Provider):
    """Entered it is open, and calm; `storm` lets the weather change every `length` seconds until it is cancelled."""

    def __init__(self, name: str, book: Book, seed: str) -> None:
        super().__init__()
        self.name = name
        self.spell = CALM
        self.release = asyncio.Event()
        self._coming: list[Spell] = []
        self._book = book
        self._dice = Random(f"{seed} {name}")
        self._latest: WeakKeyDictionary[Link, Asked] = WeakKeyDictionary()
        self._tasks: set[asyncio.Task[None]] = set()

    # ---- requests

    def take(self, asked: Asked) -> None:
        if len(self.links) > MANY:
            self.links = [link for link in self.links if not link.gone.is_set()]
        self._track(self._serve(asked))

    def _track(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._book.wrong("the soak itself", f"{self.name}: {error!r}")

    async def _serve(self, asked: Asked) -> None:
        self._latest[asked.link] = asked
        question = asked_in(asked.body)
        if question is not None:
            await self._answer(asked, question)
        elif asked.line.startswith("GET "):
            asked.link.whole({"models": []})
        else:
            self._book.wrong("a request that is not what was asked", f"{self.name}: {asked.line} {asked.body[:200]!r}")
            asked.link.transport.abort()

    async def _answer(self, asked: Asked, question: Question) -> None:
        self._book.asked(self.name)
        idle = partial(self._is_idle, asked)
        turn = Turn(asked.link, spoken(asked), question, self.name, wants_stream(asked), self._dice, idle)
        if question.hold != "never":
            await bound_to(turn, self.release)
        else:
            await self._choose(question.call)(turn)

    def _is_idle(self, asked: Asked) -> bool:
        idle = self._latest.get(asked.link) is asked
        if idle:
            self._book.hung_up()
        return idle

    def _choose(self, call: str) -> Act:
        if self._dice.random() >= self.spell.odds:
            return self._dice.choice(GOOD)
        act = self._dice.choice(self.spell.acts)
        self._book.met(call, act.__name__)
        return act

    # ---- weather

    async def storm(self, length: float) -> None:
        try:
            while True:
                await self._weather(length)
        finally:
            self.spell = CALM

    async def _weather(self, length: float) -> None:
        if not self._coming:
            self._coming = self._dice.sample(SPELLS, len(SPELLS))
        self.spell = self._coming.pop()
        seconds = length * (0.5 + self._dice.random())
        if self.spell.away:
            # Whoever ends the weather does not leave a port closed for good.
            await asyncio.shield(self._track(self._be_away(min(1.0, seconds / 2))))
        else:
            await asyncio.sleep(seconds)

    async def _be_away(self, seconds: float) -> None:
        """A restart: every connection ends, and for a while nobody listens."""
        self._book.left(self.name)
        try:
            bound = await self._shut()
            try:
                await asyncio.sleep(seconds)
            finally:
                self._server = await asyncio.get_running_loop().create_server(lambda: Link(self), sock=bound)
        finally:
            self._book.came_back(self.name)

    async def _shut(self) -> socket.socket:
        """The port, taken and silent."""
        self._server.close()
        for link in self.links:
            link.transport.abort()
        await self._server.wait_closed()
        bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", self.port))
        return bound

    async def __aenter__(self) -> Station:
        await super().__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await super().__aexit__(kind, error, trace)
