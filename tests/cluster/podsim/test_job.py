"""A Job: the sidecar is there before the first instruction of the first init container, and ends when the application has."""

from __future__ import annotations

from tests.cluster.podsim.stage import (
    Stage,
    app,
    calls,
    complaints,
    failed,
    lines,
    manifest,
    sums_of_app,
    sums_of_sidecar,
)


async def test_no_call_fails_from_the_first_instruction_to_the_last(stage: Stage) -> None:
    init = (app("--calls", "3", "--at-once", name="warm-up"),)
    async with stage.pod(manifest(app("--calls", "12", "--at-once"), init=init)) as pod:
        assert await pod.ended() == "Succeeded", f"{pod.record}\n{pod.text('app')}"
    record = pod.record
    assert record.order(
        ("outrider", "Initialized"), ("warm-up", "Started"), ("warm-up", "Exited"), ("app", "Started"), ("app", "Exited"),
        ("outrider", "Signalled"), ("outrider", "Exited"), ("", "Succeeded"),
    )  # fmt: skip
    assert record.first("outrider", "Exited").detail == "0"
    assert failed(pod, "app", "warm-up") == []
    assert len(calls(pod, "warm-up")) == 4
    assert len(calls(pod, "app")) == 13
    assert sums_of_app(pod, "app", "warm-up") == sums_of_sidecar(pod) == stage.told.sums()
    assert complaints(pod) == []


async def test_the_last_line_sums_up(stage: Stage) -> None:
    """A short Job is gone before Prometheus has looked, so the log has what it used."""
    async with stage.pod(manifest(app("--calls", "5"))) as pod:
        assert await pod.ended() == "Succeeded", str(pod.record)
    last = lines(pod.text("outrider"))[-1]
    assert last["message"] == "stopped"
    [used] = [each for each in last["usage"] if each["provider"] == "openai"]
    assert (used["calls"], used["tokens"]["input"], used["tokens"]["output"]) == sums_of_app(pod)


async def test_anthropics_sdk(stage: Stage) -> None:
    async with stage.pod(manifest(app(script="claude"))) as pod:
        assert await pod.ended() == "Succeeded", pod.text("app")
    assert sums_of_app(pod) == sums_of_sidecar(pod) == stage.told.sums("anthropic")


async def test_how_the_application_ends_does(stage: Stage) -> None:
    """Its one call fails: the model is nobody's."""
    async with stage.pod(manifest(app("--calls", "1", "--model", "nobody:nothing"))) as pod:
        assert await pod.ended() == "Failed"
    assert pod.record.first("outrider", "Exited").detail == "0"
    assert "no provider for the model" in failed(pod)[0]["error"]
