"""A provider that misbehaves on purpose, over real sockets, TLS too: what happens to each request is a script of the test's.

It keeps who came and what was asked. What a script can do stands in visit.py; it knows no dialect.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from types import TracebackType

from tests.chaos.visit import Act, Asked, Visit, Welcome

PATIENCE = 15.0
#: Bytes that the kernel takes in on behalf of a script that does not read.
UNREAD = 32 * 1024
#: Connections that fill a backlog of none.
FILLERS = 4


class Upstream:
    """A port of its own: entered it is bound, `open` listens, `shut` refuses again.

    acts:    the n-th request plays the n-th, and the last one serves all further ones.
    text:    what good answers say.
    welcome: plays before the first request of each connection, or of as many as `welcomed_at_most` says.
    deaf:    connections are asked for and never made: the backlog is full.
    """

    def __init__(
        self,
        *acts: Act,
        text: str = "hello",
        welcome: Welcome | None = None,
        tls: ssl.SSLContext | None = None,
        deaf: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.text = text
        self.acts = acts
        self.welcome = welcome
        self.visits: list[Visit] = []
        self.requests: list[Asked] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.port = port
        self._host = host
        self.left = False
        self.welcomed_at_most: int | None = None
        self._tls = tls
        self._deaf = deaf
        self._turn = 0
        self._server: asyncio.Server | None = None
        self._bound: socket.socket | None = None
        self._fillers: list[socket.socket] = []

    def script(self, *acts: Act) -> None:
        """From now on these, and no welcome."""
        self.acts, self.welcome, self._turn = acts, None, 0

    def next_act(self, asked: Asked) -> Act:
        self.requests.append(asked)
        self._turn += 1
        return self.acts[min(self._turn, len(self.acts)) - 1]

    def next_welcome(self) -> Welcome | None:
        if self.welcomed_at_most is not None and len(self.visits) > self.welcomed_at_most:
            return None
        return self.welcome

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        bound = self._let_go() or self._bind()
        self._server = await asyncio.get_running_loop().create_server(lambda: Visit(self), sock=bound, ssl=self._tls)

    async def shut(self) -> None:
        """Nobody listens any more, and the port stays taken."""
        await self.hang_up()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None
            self._bound = self._bind()

    async def hang_up(self) -> None:
        """End every connection, and every script; one that failed by itself raises."""
        self.left = True
        for visit in self.visits:
            visit.transport.abort()
        tasks, self.tasks = self.tasks, set()
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        for visit in self.visits:
            async with asyncio.timeout(PATIENCE):
                await visit.lost.wait()
        self.visits.clear()
        self.left = False
        for end in ends:
            if isinstance(end, Exception):
                raise end

    def _bind(self) -> socket.socket:
        bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UNREAD)
        bound.bind((self._host, self.port))
        self.port = bound.getsockname()[1]
        return bound

    def _let_go(self) -> socket.socket | None:
        bound, self._bound = self._bound, None
        return bound

    def _fill(self, bound: socket.socket) -> None:
        bound.listen(0)
        for _ in range(FILLERS):
            self._fillers.append(filler := socket.socket())
            filler.setblocking(False)
            filler.connect_ex((self._host, self.port))

    async def __aenter__(self) -> Upstream:
        """Bound and, unless it is `deaf`, silent: `open` it, or leave it refusing."""
        self._bound = self._bind()
        if self._deaf:
            self._fill(self._bound)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.hang_up()
        finally:
            for held in (*self._fillers, self._let_go()):
                if held is not None:
                    held.close()
            if self._server is not None:
                self._server.close()
