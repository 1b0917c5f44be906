"""A sidecar that dies while the application runs: it is started again, and the application's own retries bridge the gap."""

from __future__ import annotations

import signal

from tests.cluster.podsim.stage import Stage, app, asking, calls, failed, ledger, manifest

#: What an SDK's wait before the n-th retry is at most half a second doubled n times, up to eight: this bridges a restart by far.
RETRIES = "8"
#: Seconds of lines that may be lost with a process that is killed: they are gathered for 50 ms before they are written.
LOST = 0.3


async def test_the_retries_of_the_application_bridge_it(stage: Stage) -> None:
    """Even where the pod's own rule is Never, as in a Job."""
    async with stage.pod(manifest(app("--retries", RETRIES, "--stream", "no"))) as pod:
        await pod.until_ready()
        await asking(pod)
        pod.container("outrider").runs[0].signal(signal.SIGKILL)
        killed = await pod.record.wait("outrider", "Exited")
        back = await pod.record.wait("outrider", "Initialized", times=2)
        await asking(pod)
        assert await pod.delete() == "Succeeded", pod.text("app")
    assert killed.detail == "137"
    assert len(pod.container("outrider").runs) == 2
    assert len(pod.container("app").runs) == 1
    assert back.at - killed.at < 10
    assert failed(pod) == []
    written = {line["tokens_in"] for line in ledger(pod)}
    lost = [line for line in calls(pod) if line["input"] not in written]
    assert all(killed.at - LOST < line["at"] <= killed.at for line in lost), lost


async def test_without_retries_calls_fail_as_connection_errors_and_nothing_else(stage: Stage) -> None:
    async with stage.pod(manifest(app("--retries", "0"))) as pod:
        await pod.until_ready()
        await asking(pod)
        pod.container("outrider").runs[0].signal(signal.SIGKILL)
        await pod.record.wait("outrider", "Initialized", times=2)
        await asking(pod)
        await pod.delete()
    assert failed(pod)
    assert all(line["error"].startswith(("APIConnectionError", "RemoteProtocolError")) for line in failed(pod)), failed(
        pod
    )
    assert calls(pod)[-1]["ok"]
