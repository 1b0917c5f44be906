"""Pods as the API server made them, injected by the chart's webhook, and run here: a Job, and a pod that is replaced."""

from __future__ import annotations

from tests.cluster.injectors import Injectors
from tests.cluster.podsim.objects import Json
from tests.cluster.podsim.stage import (
    Stage,
    app,
    asking,
    calls,
    complaints,
    failed,
    manifest,
    sums_of_app,
    sums_of_sidecar,
)

#: What kube-controller-manager puts into every namespace, for the volume of the account.
AUTHORITY = "kube-root-ca.crt"


def created(webhook: Injectors, pod: Json) -> Json:
    """As it comes back, in a namespace of its own."""
    api = webhook.release.api
    namespace = api.namespace()
    made = api.admin.create("Pod", {**pod, "metadata": {**pod["metadata"], "namespace": namespace}}, namespace).wanted()
    assert made["metadata"]["labels"]["outrider.dev/injected"] == "true"
    return made


async def test_a_job(webhook: Injectors, stage: Stage) -> None:
    stage.objects.put("ConfigMap", AUTHORITY, {"ca.crt": "PEM"})
    made = created(webhook, manifest(app("--calls", "8"), init=(app("--calls", "2", name="warm-up"),)))
    async with stage.pod(made) as pod:
        assert await pod.ended() == "Succeeded", f"{pod.record}\n{pod.text('app')}"
    assert failed(pod, "app", "warm-up") == []
    assert pod.record.order(
        ("outrider", "Initialized"), ("warm-up", "Started"), ("app", "Exited"), ("outrider", "Signalled")
    )
    assert sums_of_app(pod, "app", "warm-up") == sums_of_sidecar(pod) == stage.told.sums()


async def test_a_rolling_restart(webhook: Injectors, stage: Stage) -> None:
    """The new pod is ready before the old one is told to end, as with maxUnavailable 0; each uses what is its own."""
    stage.objects.put("ConfigMap", AUTHORITY, {"ca.crt": "PEM"})
    spec = manifest(app("--after", "1"), restartPolicy="Always")
    async with stage.pod(created(webhook, spec)) as old:
        await asking(old)
        async with stage.pod(created(webhook, manifest(app(), restartPolicy="Always"))) as new:
            await new.until_ready()
            await asking(new)
            assert await old.delete() == "Succeeded"
            await asking(new)
            assert await new.delete() == "Succeeded"
    for pod in (old, new):
        assert failed(pod) == []
        assert len(calls(pod)) > 5
        assert sums_of_app(pod) == sums_of_sidecar(pod)
        assert complaints(pod) == []
    assert stage.told.sums()[0] == len(calls(old)) + len(calls(new))


async def test_classic(webhook: Injectors, stage: Stage) -> None:
    stage.objects.put("ConfigMap", AUTHORITY, {"ca.crt": "PEM"})
    asked = manifest(app("--after", "6"), annotations={"outrider.dev/native": "never"}, restartPolicy="Always")
    async with stage.pod(created(webhook, asked)) as pod:
        await asking(pod)
        assert await pod.delete() == "Succeeded", f"{pod.record}\n{pod.text('app')}"
    assert failed(pod) == []
    assert pod.record.order(("outrider", "Signalled"), ("app", "Exited"), ("outrider", "Exited"))
    assert sums_of_app(pod) == sums_of_sidecar(pod) == stage.told.sums()
