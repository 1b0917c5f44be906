"""Has what calls say told to somebody: the request as it is, the answer as it passes by. Only where an operator wants that.

Who is told, and how much is kept, is not known here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from proxy.call import Call, Handler, Outcome, Tape

#: Operations whose answers are words.
WORDS = frozenset({"chat", "completions"})


class Ear(Tape, Protocol):
    """A Tape that stands before another one; after `close` it holds nothing but what it has heard."""

    def close(self) -> None: ...


E = TypeVar("E", bound=Ear)


class Overhear(Generic[E]):
    """A Policy. `listen` gives an ear before the tape of a call, None where no answers are wanted.

    `tell` is called once for each call, with its ear and whether it failed, when nothing more will be said.
    """

    def __init__(self, listen: Callable[[Tape | None], E] | None, tell: Callable[[Call, E | None, bool], None]) -> None:
        self._listen = listen
        self._tell = tell

    def __call__(self, call: Call, next: Handler) -> Awaitable[Outcome]:
        return self.around(next)(call)

    def around(self, next: Handler) -> Handler:
        listen, tell = self._listen, self._tell

        async def overheard(call: Call) -> Outcome:
            tape, failed = call.tape, True
            ear = None if listen is None or call.operation not in WORDS else listen(tape)
            if ear is not None:
                call.tape = ear
            try:
                outcome = await next(call)
                failed = False
                return outcome
            finally:
                if ear is not None:
                    call.tape = tape
                    ear.close()
                tell(call, ear, failed)

        return overheard
