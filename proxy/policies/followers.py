"""Who listens to a shared call: each at their own pace, those who hear the same bytes together.

What they hear is made once by a voice, which is handed in. Who may join, and when all is over, is the flight's affair.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from proxy.cache.recording import Recording
from proxy.call import Call, Client, Failure


class Voice(Protocol):
    """Pieces of the provider's stream in, a caller's bytes out: through a sink, which has written what came before a Failure."""

    def feed(self, data: bytes) -> bytes: ...
    def sink(self, write: Callable[[bytes], None]) -> Callable[[bytes], None]: ...
    def end(self) -> bytes: ...


class Player(Protocol):
    """Who can tell a recording to callers."""

    def can_tell(self, call: Call, recording: Recording) -> bool: ...
    def start(self, call: Call, recording: Recording) -> None: ...
    def voice(self, call: Call, recording: Recording) -> Voice: ...
    def voice_key(self, call: Call) -> tuple[object, ...]: ...
    def end_of(self, call: Call, recording: Recording, said: Sequence[bytes] | None) -> tuple[bool, bool]: ...


class Application(Client, Protocol):
    """The client of a call that an application made."""

    outlive: Callable[[], bool] | None

    @property
    def gone(self) -> bool: ...
    def interrupt(self) -> None: ...
    def cut(self) -> None: ...


class Left(Exception):
    """The shared call says nothing to this caller. `again`: those whom it leaves may share another one."""

    def __init__(self, again: bool = False) -> None:
        super().__init__()
        self.again = again


class Follower:
    """One who listens. It is a Source for its client: told to pause, it holds back what its client cannot take."""

    def __init__(self, call: Call, balance: Callable[[], None], over: asyncio.Future[None]) -> None:
        self.call = call
        self.over = over
        self.slow = False
        self._balance = balance
        self._held: list[bytes] = []
        self._client = call.client

    def write(self, data: bytes) -> None:
        if self.slow:
            self._held.append(data)
        else:
            self._client.write(data)

    def pause(self) -> None:
        self.slow = True
        self._balance()

    def resume(self) -> None:
        """Also once nothing comes any more: the transport takes the rest."""
        self.slow = False
        held, self._held = self._held, []
        if held:
            self._client.write(b"".join(held))
        self._balance()

    def leave(self) -> None:
        """For whatever reason: what was said before is said, and how it ended has been heard, also by one who just went."""
        self.resume()
        if self.over.done() and not self.over.cancelled():
            self.over.exception()

    def end(self, failure: BaseException | None = None) -> None:
        if self.over.done():
            return
        if failure is None:
            self.over.set_result(None)
        else:
            self.over.set_exception(failure)


class Channel:
    """Followers who hear the same bytes, which are made once."""

    def __init__(self, voice: Voice) -> None:
        self.voice = voice
        self.followers: list[Follower] = []
        self.said: list[bytes] = []
        self.failure: Failure | None = None
        self._made: list[bytes] = []
        self._sink = voice.sink(self._made.append)

    def feed(self, data: bytes, keep: bool) -> None:
        """Failure of a translation ends this channel and no other."""
        if self.failure is not None:
            return
        failure: Failure | None = None
        try:
            self._sink(data)
        except Failure as failed:
            failure = failed
        said = b"".join(self._made)
        self._made.clear()
        if said:
            if keep:
                self.said.append(said)
            for follower in self.followers:
                follower.write(said)
        if failure is not None:
            self.fail(failure)

    def finish(self) -> None:
        if self.failure is not None:
            return
        try:
            said = self.voice.end()
        except Failure as failure:
            self.fail(failure)
            return
        for follower in self.followers:
            if said:
                follower.write(said)
            follower.resume()
            follower.end()

    def fail(self, failure: Failure) -> None:
        self.failure = failure
        for follower in self.followers:
            follower.resume()
            follower.end(failure.copy())


def application(call: Call) -> Application:
    return call.client  # type: ignore[return-value]
