"""The end of a pod that is deleted, with calls in flight: the application first, the sidecar after it."""

from __future__ import annotations

import asyncio

from tests.cluster.podsim.pod import Pod
from tests.cluster.podsim.probes import http_get
from tests.cluster.podsim.stage import (
    Stage,
    app,
    asking,
    calls,
    complaints,
    failed,
    ledger,
    lines,
    manifest,
    sums_of_app,
    sums_of_sidecar,
    until,
)
from tests.cluster.podsim.termination import LEAST

SLOW = ("--model", "gpt-slow", "--stream", "yes")


async def streaming(stage: Stage, pod: Pod) -> None:
    """Until the provider has been asked for the slow stream."""
    await until(lambda: stage.told.used.total() > stage.told.sums()[0], "a stream is open")
    await asyncio.sleep(0.5)


async def test_a_rolling_stop_with_an_open_stream(stage: Stage) -> None:
    """SIGTERM finds a stream of four seconds open: it is read to its end, and one more is made after it."""
    async with stage.pod(manifest(app(*SLOW, "--after", "3"))) as pod:
        await pod.until_ready()
        await streaming(stage, pod)
        assert await pod.delete() == "Succeeded", f"{pod.record}\n{pod.text('app')}"
    record = pod.record
    assert record.order(("app", "Signalled"), ("app", "Exited"), ("outrider", "Signalled"), ("outrider", "Exited"))
    assert record.every("outrider", "Killed") == record.every("app", "Killed") == []
    assert record.first("outrider", "Exited").at - record.first("outrider", "Signalled").at < 5
    assert [line for line in lines(pod.text("app")) if line.get("open")], "the stream was open at SIGTERM"
    assert failed(pod) == []
    assert sums_of_app(pod) == sums_of_sidecar(pod) == stage.told.sums()
    assert complaints(pod) == []


async def test_the_sidecar_serves_while_the_hook_of_the_application_runs(stage: Stage) -> None:
    hook = {"preStop": {"sleep": {"seconds": 2}}}
    async with stage.pod(manifest(app(lifecycle=hook))) as pod:
        await pod.until_ready()
        await asking(pod)
        deleting = asyncio.create_task(pod.delete())
        await asyncio.sleep(1)
        assert await http_get(pod.address, pod.network.ports[1], "/readyz") == 200
        assert await deleting == "Succeeded"
    killing, stopped = pod.record.first("app", "Killing"), pod.record.first("app", "Signalled")
    assert stopped.at - killing.at >= 2
    assert pod.record.order(("app", "PreStopped"), ("app", "Exited"), ("outrider", "Signalled"))
    assert failed(pod) == []


async def test_an_application_that_uses_up_the_grace_period(stage: Stage) -> None:
    """It is killed in the middle of a stream; the sidecar gets two seconds, and what was told is on record."""
    busy = app("--deaf", name="app")
    async with stage.pod(manifest(busy, app(*SLOW, "--deaf", name="slow"))) as pod:
        await pod.until_ready()
        await streaming(stage, pod)
        assert await pod.delete(3) == "Failed"
    record = pod.record
    assert record.first("app", "Exited").detail == record.first("slow", "Exited").detail == "137"
    signalled, ended = record.first("outrider", "Signalled"), record.first("outrider", "Exited")
    assert signalled.detail == f"{LEAST:.0f} s to end"
    assert ended.detail == "0"
    written = [(line["tokens_in"], line["tokens_out"]) for line in ledger(pod)]
    for line in calls(pod, "app", "slow"):
        assert (line["input"], line["output"]) in written
    assert failed(pod, "app", "slow") == []
    assert len(written) - len(calls(pod, "app", "slow")) in (0, 1, 2), "a call each may have been in flight"
