"""Cut at any place, no dialect's stream is made to look complete in any other: an error event, and then the connection ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.eventstream import EventStream  # type: ignore[import-untyped]
from botocore.exceptions import EventStreamError  # type: ignore[import-untyped]
from botocore.parsers import EventStreamJSONParser  # type: ignore[import-untyped]
from botocore.session import Session  # type: ignore[import-untyped]

from tests.promises.caller import Answer
from tests.promises.dialects import WIRES, alone, like, pairs, speaking_alone
from tests.promises.dialects.wire import Wire
from tests.promises.sidecars import InLoop, sidecar
from tests.promises.upstream import Asked, Link, Provider

WORDS = ["one", "two", "three"]


class Cutter:
    """Answers each request with the beginning of a stream; then it dies, or ends as if all were well."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.said = b""
        self.clean = False

    def __call__(self, asked: Asked) -> None:
        link: Link = asked.link
        link.start(self.wire.content_type)
        link.chunk(self.said)
        if self.clean:
            link.finish()
        else:
            link.cut()


def boundaries(wire: Wire) -> list[int]:
    """Behind each event, the last one's end left out."""
    events = wire.stream(WORDS).events
    return [sum(map(len, events[:count])) for count in range(len(events))]


def insides(wire: Wire) -> list[int]:
    """In each event near its beginning, in its middle and just before its payload's end."""
    events, places = wire.stream(WORDS).events, []
    for number, event in enumerate(events):
        start = sum(map(len, events[:number]))
        payload = event.removesuffix(b"\r\n\r\n").removesuffix(b"\n\n").removesuffix(b"\n")
        places += [start + 1, start + len(event) // 2, start + len(payload) - 1]
    return sorted({place for place in places if place})


async def ask(running: InLoop, ours: Wire) -> Answer:
    return await running.ask(ours.ask("up:m", True), ours.headers, ours.path_to("up:m", True))


def check(answer: Answer, ours: Wire, theirs: Wire, said: bytes) -> None:
    if answer.status != 200:
        assert answer.status == 502
        assert answer.complete
        assert ours.words_of(answer.json)
        return
    assert not answer.complete
    heard = ours.hear(answer.body)
    known = theirs.hear(said)
    assert heard.text == known.text, (said, answer.body)
    assert heard.finished <= known.finished
    assert len(heard.errors) == 1, (said, answer.body)


@pytest.mark.parametrize(("client", "target"), pairs(step=3))
async def test_a_translated_stream_that_is_cut(client: str, target: str, tmp_path: Path) -> None:
    ours, theirs = WIRES[client], WIRES[target]
    cutter = Cutter(theirs)
    data = theirs.stream(WORDS).data
    with speaking_alone():
        async with Provider(cutter) as provider, sidecar(tmp_path, {"up": alone(theirs, provider.url)}) as running:
            for place in [*boundaries(theirs), *insides(theirs)]:
                cutter.said = data[:place]
                check(await ask(running, ours), ours, theirs, cutter.said)
            await running.is_idle()
            assert await running.counted("llm_requests_success") == 0


@pytest.mark.parametrize(("client", "target"), pairs(step=3))
async def test_a_clean_end_before_the_model_had_finished(client: str, target: str, tmp_path: Path) -> None:
    ours, theirs = WIRES[client], WIRES[target]
    cutter = Cutter(theirs)
    cutter.clean = True
    data = theirs.stream(WORDS).data
    with speaking_alone():
        async with Provider(cutter) as provider, sidecar(tmp_path, {"up": alone(theirs, provider.url)}) as running:
            for place in [*boundaries(theirs), *insides(theirs)]:
                cutter.said = data[:place]
                answer = await ask(running, ours)
                if not theirs.hear(cutter.said).finished:
                    check(answer, ours, theirs, cutter.said)


@pytest.mark.parametrize("dialect", WIRES)
async def test_a_relay_that_is_cut(dialect: str, tmp_path: Path) -> None:
    """Between two events an error can be said; inside one, the end of the connection has to say it alone."""
    wire = WIRES[dialect]
    cutter = Cutter(wire)
    data = wire.stream(WORDS).data
    async with Provider(cutter) as provider, sidecar(tmp_path, {"up": like(wire, provider.url)}) as running:
        for place in [*boundaries(wire), *insides(wire)]:
            cutter.said = data[:place]
            answer = await ask(running, wire)
            if answer.status != 200:
                check(answer, wire, wire, cutter.said)
                continue
            assert not answer.complete
            assert answer.body.startswith(cutter.said)
            if answer.body == cutter.said:
                assert place not in boundaries(wire), place
            else:
                check(answer, wire, wire, cutter.said)
        await running.is_idle()
        assert await running.counted("llm_requests_success") == 0


@pytest.mark.parametrize("dialect", WIRES)
async def test_a_relay_that_ends_well_too_early(dialect: str, tmp_path: Path) -> None:
    wire = WIRES[dialect]
    cutter = Cutter(wire)
    cutter.clean = True
    said = wire.stream(WORDS)
    async with Provider(cutter) as provider, sidecar(tmp_path, {"up": like(wire, provider.url)}) as running:
        for count in range(1, len(said.words) + 1):
            cutter.said = b"".join([*said.opening, *said.words[:count]])
            answer = await ask(running, wire)
            assert answer.status == 200
            check(answer, wire, wire, cutter.said)
        await running.is_idle()
        assert await running.counted("llm_requests_failure", kind="provider_stream_cut") == len(said.words)


class Raw:
    """What botocore takes for the body of an answer."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self) -> Iterator[bytes]:
        yield self._data

    def close(self) -> None: ...


async def test_botocore_raises_on_the_frame_that_says_it(tmp_path: Path) -> None:
    """Read by the official SDK's own stream, with the model of the service that it ships."""
    ours, theirs = WIRES["bedrock"], WIRES["anthropic"]
    cutter = Cutter(theirs)
    cutter.said = b"".join(theirs.stream(WORDS).events[:4])
    async with Provider(cutter) as provider, sidecar(tmp_path, {"up": like(theirs, provider.url)}) as running:
        answer = await ask(running, ours)
    operation = Session().get_service_model("bedrock-runtime").operation_model("ConverseStream")
    shape = operation.output_shape.members["stream"]
    events = EventStream(Raw(answer.body), shape, EventStreamJSONParser(), "ConverseStream")
    heard: list[str] = []
    with pytest.raises(EventStreamError, match="in the middle of its answer") as caught:
        heard += (event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event)
    assert heard == WORDS[:2]
    assert caught.value.response["Error"]["Code"] == "modelStreamErrorException"
