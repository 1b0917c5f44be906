"""Answers that are kept for who asks the same again, and calls that are shared by those who ask the same at once.

It stands outside budgets, breakers and attempts: what is kept is told although the provider is down, and costs nothing. Only
requests that fix their sampling are meant, unless the route or the request says otherwise: who draws twice wants two answers.
What is the same is the key's affair, how an answer is told in a dialect the player's; how it is kept the store's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from proxy.cache.key import is_fixed
from proxy.cache.recording import Recording
from proxy.cache.wish import HEADER, NONE, Wish, wish_of
from proxy.call import Call, Failure, Handler, Outcome
from proxy.config.cache import Rule
from proxy.policies.flight import Flight
from proxy.policies.followers import Left, application
from proxy.policies.keeping import NOTHING, Plan, Player, Store, free, refuse_only

#: What can be kept. Anything else is asked for each time.
KEPT = frozenset({"chat", "completions", "embeddings", "rerank"})
#: Streams that are read to see whether they are whole.
READ_AT_ONCE = 64
#: Failures that say nothing of what somebody else would get. Who shares a call has as much time as its leader, and as little luck
#: with the limits of targets.
OWN = frozenset({"budget_exceeded", "client_gone", "draining", "internal_error"})


class Cache:
    """A Policy. `rules` and `stores` are by the alias, "" for everything else; `key` writes down what a call asks.

    `time` is the clock of `Call.started`, `wall` tells seconds since the epoch.
    """

    def __init__(
        self,
        rules: Mapping[str, Rule],
        stores: Mapping[str, Store],
        key: Callable[[Call], Awaitable[str | None] | str | None],
        player: Player,
        loop: asyncio.AbstractEventLoop,
        time: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self.flights: dict[tuple[Any, ...], Flight] = {}
        self.joined = 0
        self._reading: set[asyncio.Task[None]] = set()
        self._rules = rules
        self._stores = stores
        self._key = key
        self._player = player
        self._loop = loop
        self._time = time
        self._wall = wall

    def __call__(self, call: Call, next: Handler) -> Awaitable[Outcome]:
        return self.around(next)(call)

    def around(self, next: Handler) -> Handler:
        rules, common, serve = self._rules, self._rules[""], self._serve

        def handler(call: Call) -> Awaitable[Outcome]:
            caller = call.caller
            said = "cache" in call.json or "cache-control" in caller or HEADER in caller
            wish = wish_of(call) if said else NONE
            if call.operation not in KEPT:
                refuse_only(wish)
                return next(call)
            rule = rules.get(call.model, common)
            meant = rule.enabled and (rule.every or wish.said or is_fixed(call))
            if wish.mode == "bypass" or not meant or (call.stream and not (rule.streams or rule.single_flight)):
                refuse_only(wish)
                call.cache = "bypass"
                return next(call)
            return serve(call, next, rule, wish)

        return handler

    async def _serve(self, call: Call, next: Handler, rule: Rule, wish: Wish) -> Outcome:
        key = self._key(call)
        if key is not None and not isinstance(key, str):
            key = await key
        if key is None:
            refuse_only(wish)
            call.cache = "bypass"
            return await next(call)
        store = self._stores.get(call.model) or self._stores[""]
        keeps = rule.streams or not call.stream
        if keeps and wish.mode != "refresh":
            found = store.find(key, call, wish.max_age)
            if found is not None and self._player.can_tell(call, found):
                return await self._hit(call, found, rule)
        plan = Plan(key, rule, wish, store if keeps else None)
        if not rule.single_flight or wish.mode in ("only", "refresh"):
            return await self._lead(call, next, plan, None)
        allowed = call.deadline and int((call.deadline - call.started) * 1000 + 0.5)
        same = (key, allowed, str(call.json["fallbacks"])) if "fallbacks" in call.json else (key, allowed)
        while (flight := self.flights.get(same)) is not None and flight.open:
            outcome = await self._follow(call, next, rule, flight)
            if outcome is not None:
                return outcome
        return await self._lead(call, next, plan, same)

    # ---- a kept answer

    async def _hit(self, call: Call, found: Recording, rule: Rule) -> Outcome:
        call.cache, call.age = "hit", found.age(self._wall())
        call.saved, call.cost = found.usage, NOTHING
        if not call.stream:
            self._player.tell_whole(call, found)
        else:
            await self._tell_stream(call, found, rule.paced)
        await call.client.finish()
        return free(call)

    async def _tell_stream(self, call: Call, found: Recording, paced: bool) -> None:
        voice = self._player.voice(call, found)
        if not paced:
            told = voice.feed(found.body) + voice.end()
            self._player.start(call, found)
            call.client.write(told)
            return
        self._player.start(call, found)
        call.phase = "streaming"
        said: list[bytes] = []
        began = self._time()
        try:
            async with asyncio.timeout_at(call.deadline):
                for at, piece in found.timeline():
                    if (wait := began + at - self._time()) > 0:
                        await asyncio.sleep(wait)
                    call.client.write(voice.feed(piece))
                    said.append(piece)
        except TimeoutError:
            failure = Failure("timeout", "the time for this call was over before all of the kept answer was told")
            failure.midway = self._player.end_of(call, found, said)[0]
            raise failure from None
        call.client.write(voice.end())

    # ---- a call that others may share

    async def _lead(self, call: Call, next: Handler, plan: Plan, same: tuple[Any, ...] | None) -> Outcome:
        """Ask the provider, and keep what it answers. Others find the call under `same`; None where it is nobody else's."""
        recording, targets = Recording(plan.rule.largest, self._time), call.targets
        flight = Flight(call, recording, self._player, self._loop)
        if same is not None:
            self.flights[same] = flight
        try:
            found = (
                await self._fetched(call, plan, plan.store) if plan.store is not None and plan.store.fetches else None
            )
            if found is None:
                refuse_only(plan.wish)
                call.cache, call.tape = "miss", recording
                outcome = await next(call)
                recording.usage = outcome.usage
                if plan.store is not None and self._is_fit(recording, call, targets):
                    self._keep(call, plan, plan.store, recording)
            else:
                flight.recording = found
                flight.land()
                outcome = await self._hit(call, found, plan.rule)
        except BaseException as end:
            own = (
                not isinstance(end, Failure) or end.kind in OWN or (application(call).gone and not call.client.started)
            )
            flight.fail(end, own)
            raise
        finally:
            call.tape = None
            if same is not None and self.flights.get(same) is flight:
                del self.flights[same]
        flight.land()
        if flight.joined and application(call).gone:
            raise Failure("client_gone", "the application hung up; others heard the answer")
        return outcome

    async def _fetched(self, call: Call, plan: Plan, store: Store) -> Recording | None:
        """What another pod has kept."""
        if plan.wish.mode == "refresh":
            return None
        found = await store.fetch(plan.key, call, plan.wish.max_age)
        return found if found is not None and self._player.can_tell(call, found) else None

    def _is_fit(self, tape: Recording, call: Call, targets: Any) -> bool:
        """Whether all of it is there, and it came from whom was asked for: another model's answer is a makeshift."""
        there = tape.complete and tape.fits and call.target is not None
        return there and (call.target is targets[0] or any(call.target is each for each in targets))

    def _keep(self, call: Call, plan: Plan, store: Store, tape: Recording) -> None:
        tape.kept_at, tape.ttl = self._wall(), plan.rule.ttl if plan.wish.ttl is None else plan.wish.ttl
        if not tape.stream:
            if self._player.is_whole(tape):
                store.keep(plan.key, call.model, tape)
        elif len(self._reading) < READ_AT_ONCE:
            task = self._loop.create_task(self._keep_stream(call.model, plan.key, store, tape))
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)

    async def _keep_stream(self, model: str, key: str, store: Store, tape: Recording) -> None:
        """Reading a whole stream takes as long as it is: not on the loop that others wait for, nor before its caller goes."""
        if await self._loop.run_in_executor(None, self._player.is_whole, tape):
            store.keep(key, model, tape)

    @property
    def reading(self) -> tuple[int, int]:
        """Streams that are read to see whether they are whole, and how many may be; more are not kept."""
        return len(self._reading), READ_AT_ONCE

    async def close(self) -> None:
        await asyncio.gather(*self._reading, return_exceptions=True)

    async def _follow(self, call: Call, next: Handler, rule: Rule, flight: Flight) -> Outcome | None:
        """None where the call it shared ended on its leader's own account, before anything was said."""
        self.joined += 1
        flight.joined += 1
        call.cache, call.phase, call.cost, began = "shared", "waiting", NOTHING, self._time()
        try:
            async with asyncio.timeout_at(call.deadline):
                await flight.hear(call)
            if not call.stream:
                self._tell_shared(call, flight.recording, began)
        except (Left, Failure) as end:
            if isinstance(end, Failure) and (call.client.started or not rule.retry):
                raise end.copy() from None
            call.cache, call.cost = "miss", None
            return None if isinstance(end, Left) and end.again else await next(call)
        except TimeoutError:
            failure = Failure("timeout", "the call that this one shares took too long")
            failure.midway = call.client.started and flight.is_midway(call)
            raise failure from None
        call.saved = flight.recording.usage
        call.upstream_seconds = max(0.0, self._time() - began)
        await call.client.finish()
        return free(call)

    def _tell_shared(self, call: Call, recording: Recording, began: float) -> None:
        """Left where there is nothing to tell."""
        if not (recording.complete and recording.fits and self._player.can_tell(call, recording)):
            raise Left
        call.upstream_seconds = max(0.0, self._time() - began)
        self._player.tell_whole(call, recording)
