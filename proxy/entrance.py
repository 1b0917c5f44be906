"""The way in, as the configuration has it: the gateway with or without somebody who asks who is there, and TLS or none.

It knows what the section `listen` amounts to. What happens to a call that is let in is others' to say.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proxy.call import Call, Failure, Handler, Outcome
from proxy.config.listen import OPEN, OPEN_ADVICE, Listen, open_hosts
from proxy.logs import Sink
from proxy.server.callers import Callers
from proxy.server.connection import Server
from proxy.server.gateway import Gateway

if TYPE_CHECKING:
    from proxy.server.newcomers import Newcomers
    from proxy.server.tls import Certificates

KEEPALIVE_SECONDS = 3630.0
#: Of a connection that never says hello, or never says goodbye.
HANDSHAKE_SECONDS = 10.0
SHUTDOWN_SECONDS = 5.0
log = logging.getLogger("outrider")


class Entrance:
    """`gateway` is the one that listens; `start` before, `close` after. `options` are for the loop's create_server.

    time: the clock of `Call.started`. ended: told of each call, as Gateway has it. Raises ConfigError for files of TLS.
    """

    def __init__(
        self,
        listen: Listen,
        sink: Sink,
        time: Callable[[], float],
        ended: Callable[[Call, Outcome | Failure, float], None],
    ) -> None:
        self._listen = listen
        self.callers = None if listen.tokens is None else Callers(Path(listen.tokens), sink.redact, sink.forget)
        self.certificates = certificates_of(listen)
        self.options = {} if self.certificates is None else tls_options(self.certificates.context)
        self.guard, self._guarded = None, None
        self.newcomers: Newcomers | None = None
        self.gateway = Gateway(listen.body_limit, time, ended)
        if listen.guarded:
            from proxy.server.guarded import Guard, Guarded
            from proxy.server.newcomers import Newcomers

            self.newcomers = Newcomers(listen.header_limit)
            self.guard = Guard(self.callers, patterns_of(listen))
            self.gateway = self._guarded = Guarded(listen.body_limit, time, ended, self.guard)

    def see(self, seen: Callable[[Handler], Handler]) -> None:
        """What counts and traces calls; those that are not let in are counted too."""
        if self._guarded is not None:
            self._guarded.seen = seen

    def server(self) -> Server:
        limit = self._listen.header_limit
        options = {"keepalive_timeout": KEEPALIVE_SECONDS, "max_line_size": limit, "max_field_size": limit}
        if self.newcomers is None:
            return Server(self.gateway.handle, **options)
        from proxy.server.newcomers import GuardedServer

        return GuardedServer(self.newcomers, self.gateway.handle, **options)

    def bounds(self) -> dict[str, tuple[float, float]]:
        """What could grow, as (fill, limit)."""
        return {} if self.newcomers is None else {"newcomers": self.newcomers.fill}

    async def start(self) -> None:
        """Read the tokens, and look at what may change from now on. An open door is warned of."""
        if hosts := open_hosts(self._listen):
            log.warning("the data port is %s", OPEN, extra={"hosts": hosts, "advice": OPEN_ADVICE})
        for watched in self._watched():
            await watched.look()
            watched.start()

    async def close(self) -> None:
        for watched in self._watched():
            await watched.close()

    def _watched(self) -> Iterator[Callers | Certificates]:
        yield from filter(None, (self.callers,))
        yield from filter(None, (self.certificates,))

    def state(self) -> dict[str, Any]:
        """Members of the status: who is let in and what is wrong with the rest; nothing where nobody is asked."""
        found: dict[str, Any] = {}
        if self.callers is not None:
            faults = list(self.callers.faults)
            found["callers"] = {"names": sorted(self.callers.names), "faults": faults}
        if self.certificates is not None:
            faults = list(self.certificates.faults)
            found["certificate"] = {"not_after": self.certificates.not_after, "faults": faults}
        return found


def certificates_of(listen: Listen) -> Certificates | None:
    if listen.tls is None:
        return None
    from proxy.server.tls import Certificates  # most sidecars listen on loopback, and speak none

    return Certificates(listen.tls)


def patterns_of(listen: Listen) -> Sequence[str] | None:
    """Which names in certificates are let in; None where no certificates are asked for."""
    return None if listen.tls is None or listen.tls.client_ca is None else listen.tls.names


def tls_options(context: Any) -> dict[str, Any]:
    return {"ssl": context, "ssl_handshake_timeout": HANDSHAKE_SECONDS, "ssl_shutdown_timeout": SHUTDOWN_SECONDS}
