"""The ring of ended calls: what each listener reads of it, in which order, and what it costs a call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from proxy.call import KINDS, Call, Failure, Outcome, Target
from proxy.logs.redaction import Redactor
from proxy.server.feed import LISTENERS, REMEMBERED, Feed, TooMany

CANARY = "sk-canary-0123456789abcdef"


def call(name: str, model: str = "m") -> Call:
    return Call(name, "openai", "chat", b"{}", {}, model, False, {}, None, target=Target("up", model, None))  # type: ignore[arg-type]


def feed_of(count: int, wall: Callable[[], float] = lambda: 1000.0) -> Feed:
    feed = Feed(wall, lambda data: data)
    for number in range(count):
        feed.ended(call(str(number)), Outcome(200), 0.5)
    return feed


def read(events: bytes) -> list[tuple[int, dict[str, Any]]]:
    """Number and data of each event."""
    found = []
    for event in events.decode().split("\n\n")[:-1]:
        kind, number, data = event.split("\n")
        assert kind == "event: call"
        found.append((int(number.removeprefix("id: ")), orjson.loads(data.removeprefix("data: "))))
    return found


def ids(events: bytes) -> list[int]:
    return [int(data["id"]) for _, data in read(events)]


def test_everything_is_read_from_the_beginning() -> None:
    feed = feed_of(3)
    news = feed.since(0)
    assert [number for number, _ in read(news.events)] == [feed.last - 2, feed.last - 1, feed.last]
    assert (ids(news.events), news.last, news.missed) == ([0, 1, 2], feed.last, 0)


def test_the_rest_is_read_after_a_number() -> None:
    feed = feed_of(3)
    first = feed.since(0)
    assert feed.since(first.last) == (b"", first.last, 0)
    feed.ended(call("3"), Outcome(200), 0.5)
    feed.ended(call("4"), Outcome(200), 0.5)
    assert ids(feed.since(first.last).events) == [3, 4]
    assert ids(feed.since(first.last + 1).events) == [4]


def test_what_the_ring_let_go_was_missed() -> None:
    feed = feed_of(1)
    first = feed.last
    for number in range(REMEMBERED + 7):
        feed.ended(call(str(number)), Outcome(200), 0.5)
    news = feed.since(first)
    assert (news.missed, ids(news.events)) == (7, list(range(7, REMEMBERED + 7)))
    assert len(ids(feed.since(0).events)) == REMEMBERED


@pytest.mark.parametrize("number", [0, 7, 10**17])
def test_a_number_from_elsewhere_is_the_beginning(number: int) -> None:
    news = feed_of(2).since(number)
    assert (ids(news.events), news.missed) == ([0, 1], 0)


def test_numbers_rise_over_a_restart() -> None:
    before, after = feed_of(1000, lambda: 1000.0), feed_of(2, lambda: 1001.0)
    assert before.last < after.last - 2
    assert ids(after.since(before.last).events) == [0, 1]


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_says_who_is_at_fault(kind: str) -> None:
    feed = feed_of(0)
    feed.ended(call("1"), Failure(kind, "some words"), 0.25)
    [(_, data)] = read(feed.since(0).events)
    assert (data["kind"], data["party"], data["status"]) == (kind, KINDS[kind].party, KINDS[kind].status)
    assert (data["provider"], data["model"], data["duration_ms"]) == ("up", "m", 250.0)


def test_a_good_end_is_nobodys_fault() -> None:
    [(_, data)] = read(feed_of(1).since(0).events)
    assert (data["kind"], data["party"], data["status"], data["event"]) == (None, None, 200, "call")


def test_nothing_that_is_said_ends_an_event_or_shows_a_key() -> None:
    redactor = Redactor()
    feed = Feed(lambda: 1000.0, redactor.clean)
    feed.ended(call("a\r\n\r\nevent: status\ndata: {}", f"m\n\n{CANARY}\u2028"), Outcome(200), 0.5)
    [(_, data)] = read(feed.since(0).events)
    assert data["id"] == "a\r\n\r\nevent: status\ndata: {}"
    assert data["model"] == "m\n\n[redacted]\u2028"


def test_those_who_read_the_same_share_it() -> None:
    feed = feed_of(5)
    assert feed.since(0) is feed.since(0)
    feed.ended(call("5"), Outcome(200), 0.5)
    assert ids(feed.since(0).events) == [0, 1, 2, 3, 4, 5]


async def test_a_bell_rings_for_each_listener() -> None:
    feed = feed_of(1)
    with feed.listening() as one, feed.listening() as other:
        assert not one.is_set()
        feed.ended(call("1"), Outcome(200), 0.5)
        assert one.is_set()
        assert other.is_set()
        assert feed.listeners == (2, LISTENERS)
    assert feed.listeners == (0, LISTENERS)


async def test_listeners_are_few() -> None:
    feed = feed_of(0)
    held = [feed.listening() for _ in range(LISTENERS)]
    for each in held:
        each.__enter__()
    with pytest.raises(TooMany), feed.listening():
        pass
    held.pop().__exit__(None, None, None)
    with feed.listening():
        assert feed.listeners == (LISTENERS, LISTENERS)


async def test_closing_wakes_whoever_listens() -> None:
    feed = feed_of(0)
    with feed.listening() as bell:
        feed.close()
        async with asyncio.timeout(1):
            await bell.wait()
    assert feed.closed


def test_a_call_that_ends_makes_no_text() -> None:
    """What is shown is made when somebody looks: a call leaves a tuple of what it has, and holds on to no request."""
    feed = feed_of(3 * REMEMBERED)
    assert len(feed._ring) == REMEMBERED
    assert not any(isinstance(value, Call) for line in feed._ring for value in line)
