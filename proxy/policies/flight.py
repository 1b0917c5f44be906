"""One call to a provider that several callers hear: the first one leads, others who ask the same join while it is in flight.

A latecomer to a stream gets what was said so far, then follows live. The leader makes the call in its own task and with its own
client; if its application goes, the call goes on while anyone listens. A follower who reads slowly holds up nobody: what it has
not read is kept once for all, and only when an answer grows larger than what may be kept does everyone wait for the slowest,
for a while.
"""

from __future__ import annotations

import asyncio

from proxy.cache.recording import Recording
from proxy.call import Call, Failure
from proxy.policies.followers import Channel, Follower, Left, Player, application

#: Seconds that a slow reader may hold up the others.
PATIENCE = 10.0


class Flight:
    """`hear` while it is `open`; then `land` or `fail`, of which the first counts."""

    over = False
    #: How many have joined. Most are heard by nobody, and cost as little as can be.
    joined = 0
    _attended = False
    _paused = False
    _timer: asyncio.TimerHandle | None = None

    def __init__(self, call: Call, recording: Recording, player: Player, loop: asyncio.AbstractEventLoop) -> None:
        self.recording = recording
        self._leader = call
        self._player = player
        self._loop = loop
        self._waiting: list[Follower] = []
        self._channels: dict[tuple[object, ...], Channel] = {}

    @property
    def open(self) -> bool:
        """Whether one more may join: the answer's beginning is there, its end is not, and nobody has given it up."""
        if self.over or not self.recording.fits or self.recording.complete:
            return False
        return self.followers > 0 or not application(self._leader).gone

    @property
    def followers(self) -> int:
        return len(self._waiting) + sum(len(channel.followers) for channel in self._channels.values())

    async def hear(self, call: Call) -> None:
        """Until the shared answer is complete: a stream is then told, of a whole one the recording is there.

        Left where nothing was said and the call ended on the leader's own account; its Failure where it failed.
        """
        follower = Follower(call, self.balance, self._loop.create_future())
        self._waiting.append(follower)
        self._attend()
        try:
            if self.recording.begun:
                self._admit()
            await follower.over
        finally:
            call.client.follow(None)
            follower.leave()
            self._leave(follower)
            # What it failed with knows this frame, and must not be known by it.
            del follower

    def _ends(self) -> bool:
        """Whether anybody is to be told of it: it ends once."""
        told = not self.over and self._attended
        self.over = True
        if told:
            self._stop_waiting()
        return told

    def is_midway(self, call: Call) -> bool:
        """Whether what a follower has heard so far ends in the middle of an event."""
        return self._player.end_of(call, self.recording, self._said)[0]

    # ---- what the leader's call tells

    def land(self) -> None:
        """The answer is complete."""
        if not self._ends():
            return
        stream = self._leader.stream
        if self.recording.begun and stream:
            self._admit()
        for channel in self._channels.values():
            channel.finish()
        for follower in self._waiting:
            follower.end(Left() if stream else None)
        self._detach()

    def fail(self, end: BaseException, own: bool) -> None:
        """`own`: what happened is the leader's own affair, and says nothing of what others would get."""
        if not self._ends():
            return
        cut = end if isinstance(end, Failure) else Failure("provider_stream_cut", "the call that was shared has ended")
        left = own or cut is not end
        for follower in self._waiting:
            follower.end(Left(again=True) if left else cut.copy())
        for channel in self._channels.values():
            if channel.failure is None and channel.followers:
                failure = cut.copy()
                call = channel.followers[0].call
                failure.midway, failure.told = self._player.end_of(call, self.recording, self._said)
                channel.fail(failure)
        self._detach()

    @property
    def _said(self) -> list[bytes] | None:
        """What the provider has said so far; None where that is not kept."""
        return self.recording.pieces if self.recording.fits else None

    def _hear_piece(self, data: bytes) -> None:
        if self._waiting:
            self._admit(data)
        keep = self.recording.fits
        for channel in self._channels.values():
            channel.feed(data, keep)
            if not keep:
                channel.said.clear()
        if not keep and not self._paused:
            self.balance()

    # ---- followers

    def _attend(self) -> None:
        """The first follower: from now on the leader is one of several, and holds up nobody."""
        if self._attended:
            return
        self._attended = True
        recording = self.recording
        recording.landed = self.land
        if self._leader.stream:
            recording.heard = self._hear_piece
            recording.balanced = self.balance
            if recording.slow and recording.source is not None:
                recording.source.resume()
        application(self._leader).outlive = self._outlive

    def _admit(self, newest: bytes = b"") -> None:
        """Those who wait get what was said before the newest piece, and hear the rest as it comes."""
        waiting, self._waiting = self._waiting, []
        for follower in waiting:
            if follower.over.done():
                continue
            if not (self.recording.fits and self._player.can_tell(follower.call, self.recording)):
                follower.end(Left())
                continue
            key = self._player.voice_key(follower.call)
            channel = self._channels.get(key) or self._open_channel(key, follower.call, newest)
            self._player.start(follower.call, self.recording)
            channel.followers.append(follower)
            follower.call.phase = "streaming"
            follower.call.client.follow(follower)
            follower.write(b"".join(channel.said))
            if channel.failure is not None:
                follower.end(channel.failure.copy())

    def _open_channel(self, key: tuple[object, ...], call: Call, newest: bytes) -> Channel:
        channel = self._channels[key] = Channel(self._player.voice(call, self.recording))
        pieces = self.recording.pieces
        for piece in pieces[:-1] if newest else pieces:
            channel.feed(piece, True)
        return channel

    def _leave(self, follower: Follower) -> None:
        if follower in self._waiting:
            self._waiting.remove(follower)
        for channel in self._channels.values():
            if follower in channel.followers:
                channel.followers.remove(follower)
        if self.over:
            return
        self.balance()
        client = application(self._leader)
        if not self.followers and client.gone:
            client.interrupt()

    # ---- pace

    def balance(self) -> None:
        """Nobody waits for anybody while the beginning is kept; after that the provider waits for the slowest."""
        source = self.recording.source
        if source is None or self.over:
            return
        held = not self.recording.fits and (self.recording.slow or any(each.slow for each in self._listening()))
        if held and not self._paused:
            self._paused = True
            source.pause()
            self._timer = self._loop.call_later(PATIENCE, self._cut_slow)
        elif not held and self._paused:
            self._paused = False
            self._stop_waiting()
            source.resume()

    def _cut_slow(self) -> None:
        """Nobody is cut who holds up nobody."""
        leader = application(self._leader)
        quick = not (leader.gone or self.recording.slow) or any(not each.slow for each in self._listening())
        if not quick:
            self._timer = self._loop.call_later(PATIENCE, self._cut_slow)
            return
        detail = f"the answer is shared, and this caller held it up for {PATIENCE:g} seconds"
        for follower in [each for each in self._listening() if each.slow]:
            failure = Failure("client_gone", detail)
            failure.midway = True
            follower.end(failure)
            self._leave(follower)
        if self.recording.slow:
            self.recording.slow = False
            leader.cut()
        self.balance()

    def _listening(self) -> list[Follower]:
        return [follower for channel in self._channels.values() for follower in channel.followers]

    def _outlive(self) -> bool:
        """The leader's application has gone: whether anyone listens."""
        self.recording.slow = False
        self.balance()
        return self.followers > 0

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _detach(self) -> None:
        """Calls and their clients are not held by what is over."""
        recording = self.recording
        recording.heard = recording.landed = recording.balanced = recording.source = None
        application(self._leader).outlive = None
        self._channels.clear()
        self._waiting.clear()
