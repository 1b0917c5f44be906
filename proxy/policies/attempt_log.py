"""Tells how each attempt ended, for a log that is read closely. Who is told is not known here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from proxy.call import Call, Failure, Handler, Outcome

#: The call, how its attempt ended (None: nobody wanted it any more, or a fault), its seconds, and those spent at the provider.
Tell = Callable[[Call, Outcome | Failure | None, float, float], None]


class AttemptLog:
    """A Policy. `time` is monotonic, in seconds."""

    def __init__(self, tell: Tell, time: Callable[[], float]) -> None:
        self._tell = tell
        self._time = time

    def __call__(self, call: Call, next: Handler) -> Awaitable[Outcome]:
        return self.around(next)(call)

    def around(self, next: Handler) -> Handler:
        tell, time = self._tell, self._time

        async def told(call: Call) -> Outcome:
            began, spent = time(), call.upstream_seconds
            ended: Outcome | Failure | None = None
            try:
                ended = await next(call)
                return ended
            except Failure as failure:
                ended = failure
                raise
            finally:
                tell(call, ended, time() - began, call.upstream_seconds - spent)
                ended = None  # its traceback holds this frame, which would hold it

        return told
