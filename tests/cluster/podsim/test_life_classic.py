"""The classic order, where there are no native sidecars: all containers are told to end at once, and the sidecar serves on."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.cluster.podsim.objects import Json
from tests.cluster.podsim.pod import Pod
from tests.cluster.podsim.probes import http_get
from tests.cluster.podsim.stage import (
    Stage,
    app,
    asking,
    calls,
    failed,
    manifest,
    sums_of_app,
    sums_of_sidecar,
)

QUIT = "http://127.0.0.1:11412/quitquitquit"
CLASSIC = {"outrider.dev/native": "never"}


def classic(*arguments: str, grace: int = 30) -> Json:
    spec: dict[str, Any] = {"restartPolicy": "Always", "terminationGracePeriodSeconds": grace}
    return manifest(app(*arguments), annotations=CLASSIC, **spec)


def span(pod: Pod) -> float:
    """Seconds between the two ends."""
    return pod.record.first("outrider", "Exited").at - pod.record.first("app", "Exited").at


async def test_the_application_waits_for_it_and_is_served_until_it_is_done(stage: Stage) -> None:
    async with stage.pod(classic("--after", "7")) as pod:
        assert [each.name for each in pod.sidecars] == []
        await asking(pod)
        assert await pod.delete() == "Succeeded", f"{pod.record}\n{pod.text('app')}"
    record = pod.record
    assert record.order(("outrider", "Initialized"), ("app", "Started"), ("app", "Exited"), ("outrider", "Exited"))
    # Its hook sleeps 5 s; then SIGTERM, while the application still has more than a second to go.
    assert record.order(("outrider", "Signalled"), ("app", "Exited"))
    assert failed(pod) == []
    assert sums_of_app(pod) == sums_of_sidecar(pod) == stage.told.sums()
    assert record.first("outrider", "Exited").detail == "0"


async def test_it_ends_when_nobody_asks_any_more(stage: Stage) -> None:
    """Five seconds of its hook, five at least of its own, two without a call: long before the pod's grace period is over."""
    async with stage.pod(classic(grace=60)) as pod:
        await asking(pod)
        assert await pod.delete() == "Succeeded"
    ended, signalled = pod.record.first("outrider", "Exited"), pod.record.first("outrider", "Signalled")
    assert 4.5 < ended.at - signalled.at < 15
    assert failed(pod) == []


async def test_it_is_over_in_time_when_the_application_does_not_end(stage: Stage) -> None:
    """Readiness goes at once, calls are served, and both seconds before the end of the grace period are enough for the rest."""
    async with stage.pod(classic("--deaf", "--stream", "no", grace=12)) as pod:
        await asking(pod)
        deleting = asyncio.create_task(pod.delete())
        await pod.record.wait("outrider", "Signalled")
        await asking(pod, 10)
        assert failed(pod) == []
        assert await http_get(pod.address, pod.network.ports[1], "/readyz") == 503
        await deleting
    assert pod.record.first("app", "Exited").detail == "137"
    assert pod.record.first("outrider", "Exited").detail == "0"
    assert pod.record.every("outrider", "Killed") == []


async def test_before_kubernetes_1_30_there_is_no_hook(stage: Stage) -> None:
    """SIGTERM comes to both at once; what the application still asks for seconds is served."""
    async with stage.pod(classic("--after", "4"), server=(1, 28)) as pod:
        await asking(pod)
        assert await pod.delete() == "Succeeded", f"{pod.record}\n{pod.text('app')}"
    signalled = [pod.record.first(name, "Signalled").at for name in ("app", "outrider")]
    assert abs(signalled[0] - signalled[1]) < 1
    assert pod.record.order(("app", "Exited"), ("outrider", "Exited"))
    assert failed(pod) == []
    assert sums_of_app(pod) == sums_of_sidecar(pod) == stage.told.sums()


async def test_a_job_is_refused(stage: Stage) -> None:
    """It would never complete: nothing ends the sidecar of a pod whose other containers have ended."""
    from proxy.injector.patch import Around, patch
    from proxy.injector.template import packaged

    answer = patch(manifest(app(), annotations=CLASSIC), packaged(), Around(server=(1, 28)))
    assert answer.refusal is not None
    assert "restartPolicy" in answer.refusal.message


async def test_a_classic_job_that_says_that_it_is_done(stage: Stage) -> None:
    """With the annotation that allows it, its last act is `POST /quitquitquit`."""
    allowed = {**CLASSIC, "outrider.dev/allow-classic-job": "true"}
    async with stage.pod(manifest(app("--calls", "5", "--quit", QUIT), annotations=allowed)) as pod:
        assert await pod.ended() == "Succeeded", f"{pod.record}\n{pod.text('app')}"
    assert failed(pod) == []
    assert pod.record.every("outrider", "Signalled") == []
    assert len(calls(pod)) == 5
