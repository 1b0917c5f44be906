"""Tracing put together: who sends, what is hidden, and what a running one does."""

from __future__ import annotations

from proxy import __version__
from proxy.call import Call, Outcome
from proxy.config.tracing import Settings, TracingEntry, settings_of
from proxy.stack import compose
from proxy.traces import Traces, resource_of
from tests.tracing.calls import new_call
from tests.tracing.receiver import Receiver


def settings(url: str = "http://collector:4318", **entry: object) -> Settings:
    found = settings_of(TracingEntry(**{"otlp": url, "delay": 0.01, **entry}), {}, print)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_who_sends() -> None:
    found = resource_of(settings(service="shop", resource={"team": "red", "service.version": "9"}))
    assert len(found["service.instance.id"]) == 32
    assert {name: value for name, value in found.items() if name != "service.instance.id"} == {
        "service.name": "shop",
        "service.version": "9",
        "team": "red",
        "telemetry.sdk.name": "outrider",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.version": __version__,
    }


def test_headers_are_secrets() -> None:
    found = settings_of(
        TracingEntry(otlp="http://collector:4318"),
        {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20the-canary-token"},
        print,
    )
    assert found is not None
    hidden: list[str] = []
    Traces(found, hidden.append, bytes)
    assert hidden == ["Bearer the-canary-token", "the-canary-token"]


async def test_a_call_is_told() -> None:
    async def well(call: Call) -> Outcome:
        return Outcome(200)

    async with Receiver() as receiver:
        traces = Traces(settings(receiver.url, batch=9, queue=4), lambda secret: None, bytes)
        traces.start()
        await compose([traces.policy, traces.policy.attempts], well)(new_call())
        _, root = await receiver.has(2)
        assert (root.name, root.resource["service.name"]) == ("chat fast", "outrider")
        assert traces.collector.fill[1] == 4
        await traces.close(1)
