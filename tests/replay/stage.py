"""One sidecar before one server that plays recordings: the recorded status, headers and body, cut anew at random."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from unittest.mock import patch
from urllib.parse import urlsplit

import orjson

from proxy.call import Json
from proxy.config.options import filled
from proxy.logs import sink
from proxy.wire.framing import FRAMINGS
from tests.matrix.recorded import RECORDINGS, Recording
from tests.promises.caller import Answer, Caller, until
from tests.promises.sidecars import KEY, InLoop, sidecar
from tests.promises.upstream import Asked, Link, Provider
from tests.replay.roads import Road, clients_of, road_of
from tests.replay.told import Told

MOST_PIECES = 24
#: What belongs to the connection and not to the answer; the body was recorded without its codings.
OF_THE_CONNECTION = frozenset(
    {"connection", "content-encoding", "content-length", "keep-alive", "trailer", "transfer-encoding"}
)


class Replayed(NamedTuple):
    """What the caller got, what the provider was asked, and what the log says of the call."""

    answer: Answer
    asked: Asked
    line: Json

    @property
    def usage(self) -> Told | None:
        """What the log says; None where it says that nobody was told."""
        if self.line["estimated"] or self.line["tokens_in"] is None:
            return None
        return Told(self.line["tokens_in"], self.line["tokens_out"])


class Recorded(Provider):
    """Lists no models when the sidecar asks for them in the background: a recording answers calls alone."""

    def take(self, asked: Asked) -> None:
        if asked.line.startswith("GET "):
            asked.link.whole({"data": [], "models": []})
        else:
            super().take(asked)


class Refused(Exception):
    """The sidecar answered without asking the provider."""


class Stage:
    def __init__(self, running: InLoop, provider: Provider) -> None:
        self._running = running
        self._provider = provider
        self._caller: Caller | None = None
        self._number = 0
        self._read = 0
        self._lines: dict[str, Json] = {}

    async def replay(self, recording: Recording, path: str, body: bytes) -> Replayed:
        """Ask for `path` with `body`, and be answered with the recording. Refused where the provider is not asked."""
        self._number += 1
        name = f"replay-{self._number}"
        caller = await self._running.caller()
        caller.post(body, {"x-request-id": name}, path)
        asked = asyncio.ensure_future(self._provider.asked())
        answer = asyncio.ensure_future(caller.answer())
        try:
            await asyncio.wait({asked, answer}, return_when=asyncio.FIRST_COMPLETED)
            if not asked.done():
                raise Refused((await answer).body)
            await play(asked.result().link, recording, Random(recording.name))
            heard = await answer
        finally:
            asked.cancel()
            answer.cancel()
            caller.hang_up()
        await until(lambda: self._has_line(name))
        return Replayed(heard, asked.result(), self._lines.pop(name))

    def _has_line(self, name: str) -> bool:
        with self._running.log_path.open("rb") as log:
            log.seek(self._read)
            data = log.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            fields = orjson.loads(line)
            if fields.get("event") == "call":
                self._lines[fields["id"]] = fields
        return name in self._lines


async def play(link: Link, recording: Recording, random: Random) -> None:
    """A piece at a time, each in a write and a turn of the loop of its own."""
    streamed = recording.is_stream
    head = "".join(f"{name}: {value}\r\n" for name, value in headers_of(recording).items())
    framing = "transfer-encoding: chunked" if streamed else f"content-length: {len(recording.body)}"
    link.send(f"HTTP/1.1 {recording.status} X\r\n{head}{framing}\r\n\r\n".encode("latin-1", "replace"))
    for piece in cut(recording.body, random):
        link.chunk(piece) if streamed else link.send(piece)
        await asyncio.sleep(0)
    if streamed:
        link.finish()


def cut(body: bytes, random: Random) -> list[bytes]:
    places = sorted(random.choices(range(len(body) + 1), k=random.randrange(MOST_PIECES)))
    return [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]


def headers_of(recording: Recording) -> dict[str, str]:
    """As recorded, but for those of the connection; a content type where none was kept."""
    usual = FRAMINGS[recording.dialect.framing].content_type if recording.is_stream else "application/json"
    kept = {name: value for name, value in recording.headers.items() if name not in OF_THE_CONNECTION}
    if recording.is_stream and recording.dialect.framing == "eventstream":
        kept.pop("content-type", None)
    return {"content-type": usual} | {
        name: value if isinstance(value, str) else value[0] for name, value in kept.items()
    }


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Stage]:
    async with Recorded() as provider:
        ways = [(name, client) for name in RECORDINGS for client in clients_of(name)]
        roads = {road.entry: road for road in (road_of(name, client) for name, client in ways)}
        entries = {name: entry_of(road, provider.url) for name, road in roads.items()}
        # Lines are gathered before they are written, and here each one is waited for.
        with patch.object(sink, "GATHER", 0.0):
            async with sidecar(folder, entries) as running:
                yield Stage(running, provider)


def entry_of(road: Road, url: str) -> dict[str, Any]:
    """The provider as an operator has it, but for its host."""
    options = dict(road.options)
    base = filled(road.provider.base_url or "http://x/v1", options) or ""
    return {"kind": road.kind, "base_url": f"{url}{urlsplit(base).path}", "api_key": KEY, "options": options}
