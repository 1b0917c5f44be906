"""A gateway that asks who is there: by token, by certificate or by both, before anything of a request's body is read.

It is chosen at the start, so that whoever asks nobody pays nothing for it. A caller that is let in is named in `Call.identity`
and in the header x-outrider-caller, which no one can send themselves, for limits, budgets and routes to go by; its credentials
are taken out of the request.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, NoReturn

from proxy.call import Call, Failure, Handler, Outcome
from proxy.server.answers import advice, answer
from proxy.server.callers import CHALLENGE, CREDENTIALS, Callers
from proxy.server.certificate import caller_in
from proxy.server.client import OpenResponse
from proxy.server.connection import ClientConnection, Request
from proxy.server.gateway import Gateway
from proxy.server.newcomers import GuardedConnection
from proxy.server.routes import collapse, path_in, spoken_at
from proxy.translate import DIALECTS

#: Under which limits, budgets, routes and sticky keys know a caller.
CALLER = "x-outrider-caller"
#: Names that are counted apart; there may be more certificates.
MOST_NAMES = 256
OTHER = "other"
#: Refused calls that have a line of the log each, and a place on the page: so many at once, and as many a second.
TOLD_AT_ONCE = 20
log = logging.getLogger(__name__)


class Guard:
    """Tells who is there. Where both are asked for both are needed, and the token names the caller.

    patterns: which names in certificates are let in, all if there are none; None where no certificates are asked for.
    """

    def __init__(self, callers: Callers | None, patterns: Sequence[str] | None) -> None:
        self.callers = callers
        self._patterns = patterns
        self.admitted: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def name_of(self, headers: Mapping[str, str], connection: ClientConnection) -> str:
        """Failure("unauthenticated")."""
        try:
            name = "" if self._patterns is None else self._named_by(connection)
            if self.callers is not None:
                name = self.callers.name_of(headers)
        except Failure as failure:
            self.refused[failure.code or "no_token"] += 1
            raise
        self.admitted[name if name in self.admitted or len(self.admitted) < MOST_NAMES else OTHER] += 1
        return name

    def _named_by(self, connection: ClientConnection) -> str:
        transport = connection.transport
        peer = None if transport is None else transport.get_extra_info("peercert")
        name = caller_in(peer or {}, self._patterns or ())
        if name is None:
            detail = "the certificate names nobody that is let in"
            failure = Failure("unauthenticated", detail, code="unknown_certificate")
            failure.headers = [CHALLENGE]
            raise failure
        return name


class Pace:
    """Whether one more of what anybody can cause is told; `left_out` since it was last asked. time: in seconds."""

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self._free, self._at = float(TOLD_AT_ONCE), time()
        self._left_out = 0

    def takes(self) -> bool:
        now = self._time()
        self._free, self._at = min(TOLD_AT_ONCE, self._free + (now - self._at) * TOLD_AT_ONCE), now
        if self._free < 1:
            self._left_out += 1
            return False
        self._free -= 1
        return True

    def left_out(self) -> int:
        left_out, self._left_out = self._left_out, 0
        return left_out


class Checked(Request):
    """A request whose caller is known, or why it is not let in."""

    identity: str = ""
    refusal: Failure | None = None


class Guarded(Gateway):
    """`seen` puts what counts and traces calls around a Handler: those that are refused are seen too."""

    seen: Callable[[Handler], Handler]

    def __init__(
        self,
        body_limit: int,
        time: Callable[[], float],
        ended: Callable[[Call, Outcome | Failure, float], None],
        guard: Guard,
    ) -> None:
        super().__init__(body_limit, time, self._tell)
        self._guard = guard
        self._ended = ended
        self._pace = Pace(time)

    def handle(self, request: Request, connection: ClientConnection) -> Awaitable[bool]:
        head = request.head
        headers = head.headers.copy()
        headers.popall(CALLER, None)
        identity, refusal = "", None
        try:
            identity = headers[CALLER] = self._guard.name_of(headers, connection)
        except Failure as failure:
            refusal = failure
        assert isinstance(connection, GuardedConnection)
        if refusal is None:
            connection.welcome()
        elif not request.body.is_eof():
            connection.deafen()
        for name in CREDENTIALS:
            headers.popall(name, None)
        checked = Checked(head._replace(headers=type(head.headers)(headers)), request.body)
        checked.identity, checked.refusal = identity, refusal
        return super().handle(checked, connection)

    def _serve(self, call: Call, client: OpenResponse, handler: Handler) -> Coroutine[Any, Any, bool]:
        request = client.request
        assert isinstance(request, Checked)
        call.identity = request.identity
        if request.refusal is not None:
            call.phase = "reading"
            client.keep_alive = client.keep_alive and request.body.is_eof()
            handler = self.seen(refusing(request.refusal))
        return super()._serve(call, client, handler)

    def _tell(self, call: Call, end: Outcome | Failure, duration: float) -> None:
        """Of those who are refused over and over the log has a number."""
        if isinstance(end, Failure) and end.kind == "unauthenticated" and not self._pace.takes():
            return
        if left_out := self._pace.left_out():
            log.warning("calls were refused without a line of their own", extra={"calls": left_out})
        self._ended(call, end, duration)

    async def _elsewhere(self, request: Request, client: OpenResponse) -> bool:
        """What is no call is not counted, and is let in no sooner."""
        assert isinstance(request, Checked)
        refusal = request.refusal
        if refusal is None:
            return await super()._elsewhere(request, client)
        client.keep_alive = client.keep_alive and request.body.is_eof()
        dialect = DIALECTS[spoken_at(collapse(path_in(request.head.path)))]
        headers = [*dialect.error_headers(refusal), *advice(refusal)]
        answer(client, refusal.status, dialect.render_error(refusal), headers)
        await client.finish()
        return client.close()


def refusing(refusal: Failure) -> Handler:
    async def refuse(call: Call) -> NoReturn:
        raise refusal

    return refuse
