"""Embeddings asked for at about the same time go up as one request, and each caller gets its own part of the answer.

The first call of a group opens a batch, which leaves after the window, or as soon as it is full; a call that is alone in its
batch goes as it came. Everything further in happens once, to the merged call. What is the callers' fault is told to nobody
before each has gone alone: then only the faulty one fails. Which calls go together is said in merging.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from proxy.call import CUT, Call, Client, Failure, Handler, Json, Outcome
from proxy.config.batching import Batching as Section
from proxy.policies.merging import OPERATION, Group, group_of, inputs_of, merge, parts, unsaid
from proxy.policies.portions import split_money, split_usage

#: Inputs of all calls that wait for their batch or its answer; further calls go alone.
MOST_INPUTS = 10_000
#: What is counted: requests for several, calls that went in them, and those that went again alone.
MERGED, CALLS, APART = ("merged",), ("calls",), ("apart",)
#: Header of an answer: how many calls were asked as one.
BATCHED = "x-outrider-batched"
#: What each may be granted or forgiven alone, besides what is the caller's fault.
OF_ONE = frozenset({"budget_exceeded"})
#: What each caller is told of the merged call.
TOLD = ("target", "attempts", "dropped", "trail", "upstream_seconds", "credential")


class Words(Protocol):
    """Whoever knows dialects. `client` collects an answer for `hear`, which is unified; Failure where it is none."""

    def client(self) -> Client: ...
    def hear(self, merged: Call) -> Json: ...
    async def answer(self, call: Call, unified: Json, merged: Call) -> None: ...


class Member:
    """A call in a batch. `part` is its own of the answer, once there is one; without it the call goes alone."""

    __slots__ = ("call", "inputs", "part", "tokens")

    def __init__(self, call: Call, inputs: int, tokens: int) -> None:
        self.call = call
        self.inputs = inputs
        self.tokens = tokens
        self.part: Json | None = None


class Batch:
    """Members come until it is `full`, and leave at any time. `refusal` is what all of them are told."""

    __slots__ = ("full", "group", "inputs", "members", "merged", "refusal", "size", "task", "tokens")

    def __init__(self, group: Group, full: asyncio.Future[None]) -> None:
        self.group = group
        self.full = full
        self.members: list[Member] = []
        self.inputs = self.tokens = self.size = 0
        self.task: asyncio.Task[None] | None = None
        self.merged: Call | None = None
        self.refusal: Failure | None = None

    def enter(self, member: Member) -> None:
        self.members.append(member)
        self.inputs += member.inputs
        self.tokens += member.tokens

    def leave(self, member: Member) -> None:
        self.members.remove(member)
        self.inputs -= member.inputs
        self.tokens -= member.tokens


class Batching:
    """A Policy. `aliases` say otherwise than the section; `estimate` counts the tokens of a prompt; `time` is deadlines' clock.

    `counted` is of MERGED and so on. `waiting` is how many inputs are held.
    """

    def __init__(
        self,
        section: Section,
        aliases: Mapping[str, bool],
        words: Words,
        estimate: Callable[[Call], int],
        time: Callable[[], float],
        counted: Counter[tuple[str, ...]] | None = None,
    ) -> None:
        self.counted = Counter[tuple[str, ...]]() if counted is None else counted
        self.waiting = 0
        self._section = section
        self._aliases = aliases
        self._words = words
        self._estimate = estimate
        self._time = time
        self._open: dict[Group, Batch] = {}

    @property
    def fill(self) -> tuple[int, int]:
        return self.waiting, MOST_INPUTS

    def __call__(self, call: Call, next: Handler) -> Awaitable[Outcome]:
        return self.around(next)(call)

    def around(self, next: Handler) -> Handler:
        consider = self._consider

        def batched(call: Call) -> Awaitable[Outcome]:
            return next(call) if call.operation != OPERATION else consider(call, next)

        return batched

    def _consider(self, call: Call, next: Handler) -> Awaitable[Outcome]:
        if not self._aliases.get(call.model, self._section.enabled):
            return next(call)
        group = group_of(call)
        if group is None:
            return next(call)
        if call.tokens is None:
            call.tokens = self._estimate(call)
        member = Member(call, len(inputs_of(call.json)), max(1, call.tokens))
        return next(call) if self._fills(member) else self._together(member, group, next)

    def _fills(self, member: Member) -> bool:
        return member.inputs >= self._section.inputs or member.tokens >= self._section.tokens

    async def _together(self, member: Member, group: Group, next: Handler) -> Outcome:
        call = member.call
        if self.waiting + member.inputs > MOST_INPUTS:
            return await next(call)
        batch = self._enter(member, group, next)
        try:
            await self._end(batch, call)
        finally:
            self._tell(batch, call)
            await self._leave(batch, member)
        if batch.refusal is not None:
            raise unsaid(batch.refusal)
        if member.part is None or batch.merged is None:
            return await next(call)
        await self._words.answer(call, member.part, batch.merged)
        return Outcome(200, call.usage, call.target, None, call.attempts, call.cost)

    # ---- coming and going

    def _enter(self, member: Member, group: Group, next: Handler) -> Batch:
        batch = self._open.get(group)
        if batch is not None and not self._has_room(batch, member):
            self._close(batch)
            batch = None
        if batch is None:
            batch = self._open[group] = Batch(group, asyncio.get_running_loop().create_future())
            batch.task = asyncio.ensure_future(self._run(batch, next))
        batch.enter(member)
        self.waiting += member.inputs
        member.call.phase = "queued"
        if batch.inputs >= self._section.inputs or batch.tokens >= self._section.tokens:
            self._close(batch)
        return batch

    def _has_room(self, batch: Batch, member: Member) -> bool:
        inputs, tokens = batch.inputs + member.inputs, batch.tokens + member.tokens
        return inputs <= self._section.inputs and tokens <= self._section.tokens

    def _close(self, batch: Batch) -> None:
        """Nobody enters any more, and it leaves."""
        if self._open.get(batch.group) is batch:
            del self._open[batch.group]
        if not batch.full.done():
            batch.full.set_result(None)

    async def _end(self, batch: Batch, call: Call) -> None:
        """Wait for the answer, each as long as its own deadline allows."""
        assert batch.task is not None
        left = None if call.deadline is None else max(0.0, call.deadline - self._time())
        done, _ = await asyncio.wait([batch.task], timeout=left)
        if not done:
            raise Failure("timeout", "the call's time was over before the batch that it went in was answered")
        batch.task.result()

    async def _leave(self, batch: Batch, member: Member) -> None:
        """The last one to go before there is an answer ends it."""
        batch.leave(member)
        self.waiting -= member.inputs
        if batch.members:
            return
        self._close(batch)
        task, batch.task = batch.task, None  # which holds the batch
        if task is not None and not task.done():
            task.cancel()
            await asyncio.wait([task])

    def _tell(self, batch: Batch, call: Call) -> None:
        """What became of the merged call is what became of each, but for those that go alone now."""
        merged = batch.merged
        if merged is None:
            return
        for name in TOLD:
            setattr(call, name, getattr(merged, name))
        call.translated = [name for name in merged.translated if name not in merged.changed]
        call.phase = call.phase if call.phase == CUT else merged.phase
        call.notes = (*call.notes, *merged.notes, (BATCHED, str(batch.size)))

    # ---- the merged call

    async def _run(self, batch: Batch, next: Handler) -> None:
        await asyncio.wait([batch.full], timeout=self._section.window)
        self._close(batch)
        if len(batch.members) > 1:
            await self._ask(batch, tuple(batch.members), next)

    async def _ask(self, batch: Batch, members: tuple[Member, ...], next: Handler) -> None:
        calls, weights = [member.call for member in members], [member.tokens for member in members]
        merged = batch.merged = merge(calls, batch.group, self._words.client(), self._time())
        batch.size = len(members)
        self.counted[MERGED] += 1
        self.counted[CALLS] += len(members)
        try:
            outcome = await next(merged)
            unified = self._words.hear(merged)
            self._share(calls, weights, outcome, merged)
            found = parts(unified, [member.inputs for member in members], weights)
        except Failure as failure:
            if failure.party != "caller" and failure.kind not in OF_ONE:
                batch.refusal = unsaid(failure)
                return
            batch.merged = None
            self.counted[APART] += len(members)
            return
        for member, part in zip(members, found, strict=True):
            member.part = part

    def _share(self, calls: list[Call], weights: list[int], outcome: Outcome, merged: Call) -> None:
        """Tokens and money of the answer, whatever it is worth."""
        usage = outcome.usage or merged.usage
        cost = merged.cost if outcome.cost is None else outcome.cost
        if usage is not None:
            for call, portion in zip(calls, split_usage(usage, weights), strict=True):
                call.usage = portion
        if cost is not None:
            for call, dollars in zip(calls, split_money(cost, weights), strict=True):
                call.cost = dollars
