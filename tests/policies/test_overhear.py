"""Whoever wants to know what calls say is told once for each, however it ends, and the tape is as it was afterwards."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from proxy.call import Call, Client, Failure, Outcome, Tape
from proxy.policies.overhear import Overhear


class Ear:
    def __init__(self, behind: Tape | None) -> None:
        self.behind = behind
        self.closed = False

    def close(self) -> None:
        self.closed = True


def new_call(operation: str = "chat") -> Call:
    return Call("1", "openai", operation, b"", {}, "m", True, {}, cast(Client, None))


async def run(call: Call, ends: BaseException | Outcome, answers: bool = True) -> list[Any]:
    told: list[Any] = []
    listen = cast(Any, Ear) if answers else None
    policy: Overhear[Any] = Overhear(listen, lambda *said: told.append(said))

    async def provider(call: Call) -> Outcome:
        told.append(call.tape)
        if isinstance(ends, Outcome):
            return ends
        raise ends

    if isinstance(ends, Outcome):
        assert await policy(call, provider) is ends
    else:
        with pytest.raises(type(ends)):
            await policy(call, provider)
    return told


@pytest.mark.parametrize("ends", [Outcome(200), Failure("timeout", "late"), asyncio.CancelledError(), ValueError()])
async def test_it_is_told_once_however_a_call_ends(ends: BaseException | Outcome) -> None:
    call, tape = new_call(), cast(Tape, object())
    call.tape = tape
    ear, (told, heard, failed) = await run(call, ends)
    assert isinstance(ear, Ear)
    assert (told, heard, failed) == (call, ear, not isinstance(ends, Outcome))
    assert ear.behind is tape
    assert ear.closed
    assert call.tape is tape


async def test_without_answers_no_tape_is_touched() -> None:
    call = new_call()
    assert await run(call, Outcome(200), answers=False) == [None, (call, None, False)]


@pytest.mark.parametrize("operation", ["embeddings", "rerank", "count_tokens"])
async def test_answers_that_are_no_words_are_not_listened_to(operation: str) -> None:
    call = new_call(operation)
    assert await run(call, Outcome(200)) == [None, (call, None, False)]
