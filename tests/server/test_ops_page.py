"""The status page over real sockets: what it may do, what it is told, and what its stream of events stands."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import aiohttp
import orjson
import pytest

from proxy.call import Failure, Outcome
from proxy.server import ops_page as subject
from proxy.server.feed import LISTENERS, REMEMBERED
from proxy.server.local import TOKEN
from proxy.server.ops_page import FILE, digest, inside
from tests.server.test_feed import call
from tests.server.test_ops import CANARY, Answer, Facts, ask, hang_up, running


class Reader:
    """A connection to the stream of events."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def event(self) -> dict[str, str]:
        """The fields of the next event, comments under "" and chunks' heads left out."""
        async with asyncio.timeout(5):
            lines: list[str] = []
            while not lines or lines[-1]:
                line = (await self.reader.readuntil(b"\n")).decode().rstrip("\n")
                if not line.endswith("\r"):
                    lines.append(line)
        return {name: value.removeprefix(" ") for name, _, value in (line.partition(":") for line in lines[:-1])}

    async def next(self, kind: str) -> Any:
        while (event := await self.event()).get("event") != kind:
            pass
        return orjson.loads(event["data"]) | ({"number": event["id"]} if "id" in event else {})


async def listen(url: str, query: str = "", headers: str = "") -> Reader:
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 22)
    writer.write(f"GET /status/events{query} HTTP/1.1\r\nHost: {host}:{port}\r\n{headers}\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    assert b"content-type: text/event-stream" in head.lower()
    return Reader(reader, writer)


@pytest.fixture
async def facts() -> Facts:
    return Facts()


@pytest.fixture
async def url(facts: Facts) -> AsyncIterator[str]:
    async with running(facts) as found:
        yield found


def end(facts: Facts, name: str) -> None:
    facts.feed.ended(call(name), Outcome(200), 0.5)


# ---- the page


async def test_the_page_may_run_what_stands_in_it_and_nothing_else(url: str) -> None:
    answer = await ask(f"{url}/status")
    assert (answer.status, answer.body) == (200, FILE.read_bytes())
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    rules = dict(rule.strip().split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split(";"))
    [script], [style] = inside("script", FILE.read_text("utf-8")), inside("style", FILE.read_text("utf-8"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == rules["frame-ancestors"] == "'none'"
    assert rules["script-src"] == f"'sha256-{digest(script)}'"
    assert rules["style-src"] == f"'sha256-{digest(style)}'"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_loads_nothing_and_writes_no_markup() -> None:
    page = FILE.read_text("utf-8")
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        " src=",
        "@import",
        " style=",
    ):
        assert word not in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "").replace("https://www.w3.org", "")


async def test_the_setup_has_the_token_for_this_machine_alone(facts: Facts) -> None:
    async with running(facts, status_for_all=True) as url:
        here = (await ask(f"{url}/status/setup.json")).json
        elsewhere = (await ask(f"{url}/status/setup.json", headers={"Host": "pod.example"})).json
    assert here["config"] == elsewhere["config"] == {"n": 1}
    assert len(here["token"]) >= 32
    assert elsewhere["token"] is None


@pytest.mark.parametrize("path", ["/status", "/status/setup.json", "/status/events"])
async def test_it_is_for_this_machine_unless_it_is_for_all(path: str, facts: Facts) -> None:
    elsewhere = {"Host": "pod.example"}
    async with running(facts) as url:
        assert (await ask(url + path, headers=elsewhere)).status == 403
    async with (
        running(Facts(), status_for_all=True) as url,
        aiohttp.ClientSession() as session,
        session.get(url + path, headers=elsewhere) as answer,
    ):
        assert answer.status == 200


# ---- events


async def test_calls_and_statuses_come_as_they_happen(facts: Facts, url: str) -> None:
    end(facts, "before")
    reader = await listen(url)
    assert await reader.event() == {"retry": "1000"}
    assert (await reader.next("status"))["calls_in_flight"] == 7
    end(facts, "one")
    facts.feed.ended(call("two"), Failure("timeout", "too long"), 0.5)
    first, second = await reader.next("call"), await reader.next("call")
    assert (first["id"], first["number"], first["party"]) == ("one", str(facts.feed.last - 1), None)
    assert (second["id"], second["kind"], second["party"]) == ("two", "timeout", "provider")
    await hang_up(reader.writer)


@pytest.mark.parametrize("way", ["query", "header", "both"])
async def test_it_goes_on_where_it_was(way: str, facts: Facts, url: str) -> None:
    for name in "abc":
        end(facts, name)
    query = {"query": f"?after={facts.feed.last - 1}", "header": "", "both": "?after=0"}[way]
    reader = await listen(url, query, "" if way == "query" else f"Last-Event-ID: {facts.feed.last - 1}\r\n")
    assert (await reader.next("call"))["id"] == "c"
    await hang_up(reader.writer)


async def test_what_was_missed_is_said_and_counted(facts: Facts, url: str) -> None:
    end(facts, "known")
    known = facts.feed.last
    for number in range(REMEMBERED + 5):
        end(facts, str(number))
    reader = await listen(url, f"?after={known}")
    while "" not in (event := await reader.event()):
        pass
    assert event[""] == "5 calls were missed"
    assert (await reader.next("call"))["id"] == "5"
    assert facts.feed.missed == 5
    await hang_up(reader.writer)


async def test_it_says_that_it_is_still_there(facts: Facts, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "COMMENT_SECONDS", 0.0)
    reader = await listen(url)
    while "" not in (event := await reader.event()):
        pass
    assert event == {"": "still here"}
    await hang_up(reader.writer)


@pytest.mark.parametrize("number", ["x", "-1", "1" * 30, "%00"])
async def test_a_number_that_is_none(number: str, url: str) -> None:
    answer = await ask(f"{url}/status/events?after={number}")
    assert (answer.status, answer.json["param"]) == (400, "after")


async def test_listeners_are_bounded_and_leave_room_when_they_go(facts: Facts, url: str) -> None:
    readers = [await listen(url) for _ in range(LISTENERS)]
    refused: Answer = await ask(f"{url}/status/events")
    assert (refused.status, refused.headers["Retry-After"]) == (503, "10")
    for reader in readers:
        await hang_up(reader.writer)
    async with asyncio.timeout(5):
        while facts.feed.listeners[0]:  # noqa: ASYNC110 - who has gone is noticed at the next status
            await asyncio.sleep(0.02)


async def test_a_reader_that_takes_nothing_is_let_go(facts: Facts, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "SEND_SECONDS", 0.2)
    monkeypatch.setattr(subject, "STATUS_SECONDS", 0.01)
    reader = await listen(url)
    reader.writer.transport.pause_reading()  # type: ignore[attr-defined]
    stuffed = b'"%b"' % (b"x" * 1_000_000)
    monkeypatch.setattr(subject.StatusPages, "_status_event", lambda self, now: b"data: %b\n\n" % stuffed)
    async with asyncio.timeout(10):
        while not facts.feed.let_go:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.02)
    assert facts.feed.listeners[0] == 0
    await hang_up(reader.writer)


async def test_closing_ends_the_stream_as_http_has_it() -> None:
    async with running(Facts()) as url:
        reader = await listen(url)
        await reader.next("status")
        closing = asyncio.create_task(reader.reader.read())
    async with asyncio.timeout(5):
        assert (await closing).endswith(b"0\r\n\r\n")
    await hang_up(reader.writer)


async def test_a_status_is_made_once_for_all_who_listen(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    made = count(1)
    counted = dataclasses.replace(facts.state(), calls_in_flight=lambda: next(made))
    monkeypatch.setattr(Facts, "state", lambda self: counted)
    async with running(facts) as url:
        readers = [await listen(url) for _ in range(10)]
        for reader in readers:
            assert (await reader.next("status"))["calls_in_flight"] <= 2
            await hang_up(reader.writer)


# ---- what may be done


@pytest.mark.parametrize("path", ["/drain", "/reload", "/breaker?target=openai:m&state=open", "/cache/invalidate"])
async def test_a_browser_needs_the_token_for_everything_that_changes(path: str, facts: Facts, url: str) -> None:
    token = (await ask(f"{url}/status/setup.json")).json["token"]
    page = {"Origin": url, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}
    for wrong in (
        {},
        {TOKEN: "x"},
        {TOKEN: token, "Content-Type": "text/plain"},
        {TOKEN: token, "Origin": "http://evil"},
    ):
        assert (await ask(url + path, "POST", {**page, **wrong})).status == 403
    assert (facts.drained, facts.forced) == (0, [])
    assert (await ask(url + path, "POST", {**page, TOKEN: token})).status != 403


async def test_no_key_is_shown(facts: Facts, url: str) -> None:
    for path in ("/status", "/status.json", "/status/setup.json"):
        assert CANARY.encode() not in (await ask(url + path)).body
