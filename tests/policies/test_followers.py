"""One who listens holds back what cannot be taken yet; those who hear the same bytes hear them made once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from proxy.call import Failure
from proxy.policies.followers import Channel, Follower, Left, application
from tests.policies.sharing import Words, app, ask


def follower(**said: Any) -> Follower:
    call = ask(True)
    call.client.start(200, [])
    return Follower(call, lambda: None, asyncio.get_running_loop().create_future())


async def test_what_cannot_be_taken_is_held_back_and_told_in_one() -> None:
    balanced: list[bool] = []
    call = ask(True)
    call.client.start(200, [])
    slow = Follower(call, lambda: balanced.append(slow.slow), asyncio.get_running_loop().create_future())
    slow.write(b"one ")
    slow.pause()
    slow.write(b"two ")
    slow.write(b"three")
    assert app(call).heard == b"one "
    slow.resume()
    assert (app(call).heard, balanced) == (b"one two three", [True, False])
    slow.pause()
    slow.write(b" end")
    slow.resume()
    assert app(call).heard == b"one two three end"


async def test_it_ends_once() -> None:
    one = follower()
    one.end(Left())
    one.end()
    one.end(Failure("timeout", "no"))
    with pytest.raises(Left):
        await one.over


async def test_who_leaves_has_heard_how_it_ended() -> None:
    one = follower()
    one.pause()
    one.write(b"rest")
    one.end(Failure("timeout", "no"))
    one.leave()
    assert app(one.call).heard == b"rest"
    left = follower()
    left.over.cancel()
    left.leave()


class Counting(Words):
    def __init__(self) -> None:
        super().__init__(False)
        self.made = 0

    def feed(self, data: bytes) -> bytes:
        self.made += 1
        return super().feed(data)


async def test_what_many_hear_is_made_once() -> None:
    voice = Counting()
    channel = Channel(voice)
    channel.followers += [follower() for _ in range(50)]
    channel.feed(b"a", True)
    channel.feed(b"b", False)
    channel.finish()
    assert {app(each.call).heard for each in channel.followers} == {b"<a><b><end>"}
    assert (voice.made, channel.said) == (2, [b"<a>"])
    assert all(each.over.done() for each in channel.followers)


@pytest.mark.parametrize("at_the_end", [False, True])
async def test_what_cannot_be_said_ends_all_who_hear_it_so_each_with_a_failure_of_its_own(at_the_end: bool) -> None:
    class Unable(Words):
        def end(self) -> bytes:
            raise Failure("provider_error", "it cannot be said")

    channel = Channel(Unable(False))
    channel.followers += [follower() for _ in range(3)]
    channel.followers[0].pause()
    channel.feed(b"a", True)
    if at_the_end:
        channel.finish()
    else:
        channel.feed(b"b!", True)
        channel.feed(b"c", True)
        channel.finish()
    failures = [each.over.exception() for each in channel.followers]
    assert all(isinstance(failure, Failure) for failure in failures)
    assert len({id(failure) for failure in failures}) == 3
    assert [app(each.call).heard for each in channel.followers] == [b"<a>"] * 3


def test_the_application_of_a_call_is_its_client() -> None:
    call = ask()
    assert application(call) is call.client
