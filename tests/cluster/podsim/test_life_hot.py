"""What changes while the application goes on asking: the configuration, the key, and objects that come late."""

from __future__ import annotations

from collections.abc import Callable

from tests.cluster.podsim.pod import Pod
from tests.cluster.podsim.probes import http_get
from tests.cluster.podsim.stage import (
    CONFIG,
    FIRST,
    KEYS,
    SECOND,
    Stage,
    app,
    asking,
    calls,
    failed,
    manifest,
    sums_of_app,
    sums_of_sidecar,
    until,
)


async def test_a_configuration_and_a_key_change_under_load(stage: Stage) -> None:
    async with stage.pod(manifest(app())) as pod:
        await pod.record.wait("app", "Started")
        await asking(pod)
        stage.configure(retry={"attempts": 2})
        pod.sync_volumes()
        await until(lambda: "read anew" in pod.text("outrider"), "the configuration is taken")
        stage.told.keys.add(SECOND)
        stage.give_key(SECOND)
        pod.sync_volumes()
        await until(lambda: stage.told.used[SECOND] > 3, "the key is taken")
        stage.told.keys.remove(FIRST)
        await asking(pod)
        assert await pod.delete() == "Succeeded", f"{pod.record}\n{pod.text('app')}"
    assert failed(pod) == []
    assert stage.told.refused.total() == 0
    assert sums_of_app(pod) == sums_of_sidecar(pod) == stage.told.sums()


async def test_a_faulty_configuration_changes_nothing(stage: Stage) -> None:
    async with stage.pod(manifest(app())) as pod:
        await asking(pod)
        stage.objects.put("ConfigMap", CONFIG, {"config.yaml": "providers: {openai: {base_url: 7}}"})
        pod.sync_volumes()
        await until(lambda: "base_url" in pod.text("outrider"), "the fault is said")
        await asking(pod)
        assert await http_get(pod.address, pod.network.ports[1], "/readyz") == 200
        assert await pod.delete() == "Succeeded"
    assert failed(pod) == []


async def say_503_then_work(stage: Stage, pod: Pod, words: str, give: Callable[[], None]) -> None:
    """The pod is ready and says why it has no answer; once the object is there, it has."""
    await pod.until_ready()
    assert await http_get(pod.address, pod.network.ports[1], "/readyz") == 200
    await until(lambda: len(failed(pod)) > 2, "the application asks")
    assert all("503" in line["error"] for line in failed(pod)), failed(pod)[0]
    assert words in failed(pod)[0]["error"], failed(pod)[0]
    give()
    pod.sync_volumes()
    await until(lambda: bool(calls(pod)[-1]["ok"]), "it is alive")
    refused = len(failed(pod))
    await asking(pod)
    assert len(failed(pod)) == refused


async def test_without_a_secret(stage: Stage) -> None:
    stage.objects.delete("Secret", KEYS)
    async with stage.pod(manifest(app())) as pod:
        await say_503_then_work(stage, pod, "no key for openai", stage.give_key)
        await pod.delete()
    assert len(pod.container("outrider").runs) == 1


async def test_without_a_config_map(stage: Stage) -> None:
    """Without it there are only the providers' own addresses: they are not asked, for there is no key either."""
    stage.objects.delete("ConfigMap", CONFIG)
    stage.objects.delete("Secret", KEYS)

    def give() -> None:
        stage.configure()
        stage.give_key()

    async with stage.pod(manifest(app())) as pod:
        await say_503_then_work(stage, pod, "/etc/outrider", give)
        await pod.delete()
    assert len(pod.container("outrider").runs) == 1


async def test_objects_that_vanish_change_nothing(stage: Stage) -> None:
    """Whoever deletes a Secret to make it anew means no outage."""
    async with stage.pod(manifest(app())) as pod:
        await asking(pod)
        stage.objects.delete("ConfigMap", CONFIG)
        stage.objects.delete("Secret", KEYS)
        pod.sync_volumes()
        await until(lambda: "empty now" in pod.text("outrider"), "it is said")
        await asking(pod, 20)
        assert await pod.delete() == "Succeeded", f"{failed(pod)[:1]}"
    assert failed(pod) == []
