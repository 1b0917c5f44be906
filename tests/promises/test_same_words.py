"""Whose fault is it? For each kind of failure metric, log line, span, page and error body name the same one, and its party."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from proxy.call import KINDS
from tests.promises.caller import Answer, Caller, until
from tests.promises.faults_of_kinds import FAULTS, Stage, answer, providers, sections_for
from tests.promises.sidecars import InLoop, sidecar
from tests.promises.upstream import Provider
from tests.tracing.receiver import SERVER, Receiver


def test_every_kind_has_its_fault() -> None:
    assert set(FAULTS) == set(KINDS)


def told(answer: Answer) -> dict[str, Any]:
    """The error, of a whole answer or the last event of a stream."""
    if not answer.headers["content-type"].startswith("text/event-stream"):
        return answer.error
    event = orjson.loads(answer.body.rpartition(b"data: ")[2])
    found: dict[str, Any] = event["error"]
    return found


def call_lines(running: InLoop) -> list[dict[str, Any]]:
    lines = [orjson.loads(line) for line in running.log().splitlines()]
    return [line for line in lines if line["event"] == "call"]


async def on_the_page(running: InLoop, call: str) -> tuple[str, str]:
    """What the page's events say of a call."""
    caller = await Caller.connect(running.ops)
    try:
        caller.send(b"GET /status/events?after=0 HTTP/1.1\r\nhost: localhost\r\n\r\n")
        await caller.head()
        heard = b""
        while f'"id":"{call}"'.encode() not in heard:
            heard += await caller.chunk() or b""
    finally:
        caller.hang_up()
    lines = [orjson.loads(line[6:]) for line in heard.split(b"\n") if line.startswith(b"data: ")]
    [found] = [line for line in lines if line.get("id") == call]
    return found["kind"], found["party"]


async def in_the_span(collector: Receiver, call: str) -> tuple[str, str]:
    def spans() -> list[dict[str, Any]]:
        of_calls = [span.attributes for span in collector.spans if span.span.kind == SERVER]
        return [each for each in of_calls if each["request.id"] == call]

    await until(lambda: bool(spans()))
    found = spans()[0]
    return found["error.type"], found["outrider.party"]


@pytest.mark.parametrize("kind", FAULTS)
async def test_the_same_words_everywhere(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with (
        Receiver() as collector,
        Provider(answer) as provider,
        sidecar(
            tmp_path, providers(provider.url), tracing={"otlp": collector.url, "delay": 0.01}, **sections_for(kind)
        ) as running,
    ):
        said = await FAULTS[kind](Stage(running, provider, monkeypatch))
        await running.is_idle()
        await until(lambda: any(line["kind"] == kind for line in call_lines(running)))
        line = call_lines(running)[-1]
        assert await running.counted("llm_requests_failure", kind=kind) == 1
        assert await running.counted("provider_error_total", kind=kind) == (
            KINDS[kind].party in ("provider", "operator")
        )
        assert (line["kind"], line["party"]) == (kind, KINDS[kind].party)
        assert await on_the_page(running, line["id"]) == (kind, KINDS[kind].party)
        assert await in_the_span(collector, line["id"]) == (kind, KINDS[kind].party)
        if said is None:
            assert kind == "client_gone"
            return
        assert told(said)["type"] == kind
        assert line["status"] in (said.status, KINDS[kind].status)
        assert said.headers["x-request-id"] == line["id"]
