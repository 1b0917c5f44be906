"""The order of KEP-753, with small scripts for containers: starts, gates, restarts, hooks, ends."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.podsim.network import Node
from tests.cluster.podsim.objects import Json, Objects
from tests.cluster.podsim.pod import Pod
from tests.cluster.podsim.supervised import Pace

#: Ends with 0 at SIGTERM, after `{}` seconds.
POLITE = """import signal, time, sys
signal.signal(signal.SIGTERM, lambda *_: (time.sleep({}), sys.exit(0)))
print('up', flush=True)
while True: time.sleep(0.01)"""
FAILING = (
    "import signal, time, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\nwhile True: time.sleep(0.01)"
)
DEAF = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\nwhile True: time.sleep(0.01)"
#: Answers 200 on its port once it has slept.
LATE = "import time, http.server as h\ntime.sleep(0.5)\nh.HTTPServer(('', 8080), h.SimpleHTTPRequestHandler).serve_forever()"
QUICK = Pace(notice=0.05, backoff=0.5, longest=1.0)

MakePod = Callable[..., Pod]


@pytest.fixture
def make(node: Node, tmp_path: Path) -> MakePod:
    def make(containers: list[Json], inits: list[Json] = [], **spec: Any) -> Pod:  # noqa: B006
        body = {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 5,
            "initContainers": inits,
            "containers": containers,
        }
        return Pod({"metadata": {"name": "p"}, "spec": {**body, **spec}}, node, Objects(), tmp_path, pace=QUICK)

    return make


def script(name: str, code: str, **members: Any) -> Json:
    return {"name": name, "image": "app", "args": ["-c", code], **members}


def sidecar(name: str, code: str = POLITE.format(0), **members: Any) -> Json:
    return script(name, code, restartPolicy="Always", **members)


async def up(pod: Pod, *names: str) -> None:
    for name in names:
        await pod.record.wait(name, "Started")
        while "up" not in pod.text(name):  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)


async def test_a_sidecar_gates_what_comes_after_it_by_its_startup_probe(make: MakePod) -> None:
    probe = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 0.1, "failureThreshold": 50}
    inits = [script("before", ""), sidecar("late", LATE, startupProbe=probe), script("after", "")]
    async with make([script("app", "")], inits) as pod:
        assert await pod.ended() == "Succeeded", str(pod.record)
    record = pod.record
    assert record.order(
        ("before", "Exited"), ("late", "Started"), ("late", "Initialized"), ("after", "Started"), ("after", "Exited"),
        ("app", "Started"), ("app", "Exited"), ("late", "Signalled"), ("late", "Exited"),
    )  # fmt: skip
    assert record.first("late", "Initialized").at - record.first("late", "Started").at > 0.5


async def test_how_a_sidecar_ends_does_not_count(make: MakePod) -> None:
    async with make([script("app", "import time; time.sleep(1)")], [sidecar("side", FAILING)]) as pod:
        assert await pod.ended() == "Succeeded"
    assert pod.record.first("side", "Exited").detail == "7"


async def test_an_init_container_that_fails_ends_a_pod_that_never_restarts(make: MakePod) -> None:
    async with make([script("app", "")], [sidecar("side"), script("bad", "raise SystemExit(3)")]) as pod:
        assert await pod.ended() == "Failed"
    assert pod.record.every("app", "Started") == []
    assert pod.record.first("bad", "Exited").detail == "3"
    assert pod.record.order(("bad", "Exited"), ("side", "Signalled"))


async def test_sidecars_end_after_the_application_and_in_reverse(make: MakePod) -> None:
    async with make([script("app", POLITE.format(0.3))], [sidecar("one"), sidecar("two", POLITE.format(0.3))]) as pod:
        await up(pod, "one", "two", "app")
        assert await pod.delete() == "Succeeded"
    order = [("app", "Exited"), ("two", "Signalled"), ("two", "Exited"), ("one", "Signalled"), ("one", "Exited")]
    assert pod.record.order(*order), str(pod.record)


async def test_a_grace_period_that_is_used_up_leaves_two_seconds(make: MakePod) -> None:
    """The application is deaf, and so is the second sidecar: it is killed, and the first one still has its own two."""
    async with make([script("app", DEAF)], [sidecar("one"), sidecar("two", DEAF)]) as pod:
        await up(pod, "one", "two", "app")
        assert await pod.delete(1) == "Failed"
    record = pod.record
    assert [record.first(name, "Exited").detail for name in ("app", "two", "one")] == ["137", "137", "0"]
    # Least of all is what the deaf application gets too.
    assert 1.9 < record.first("app", "Exited").at - record.first("app", "Signalled").at < 6
    assert 1.9 < record.first("two", "Exited").at - record.first("two", "Signalled").at < 6
    assert record.first("two", "Signalled").detail == "2 s to end"


async def test_a_sidecar_is_started_again_whatever_the_pods_rule_and_later_each_time(make: MakePod) -> None:
    async with make([script("app", POLITE.format(0))], [sidecar("side")]) as pod:
        for number in range(3):
            started = await pod.record.wait("side", "Started", number + 1)
            await up(pod, "app")
            pod.container("side").runs[-1].signal(signal.SIGKILL)
            await pod.record.wait("side", "Exited", number + 1)
        started = await pod.record.wait("side", "Started", 4)
        await asyncio.sleep(0.2)
        assert await pod.delete() == "Succeeded"
    waits = [
        b.at - a.at
        for a, b in zip(pod.record.every("side", "Exited"), pod.record.every("side", "Started")[1:], strict=False)
    ]
    assert [event.detail for event in pod.record.every("side", "Restarting")] == [
        "after 0 s",
        "after 0.5 s",
        "after 1 s",
    ]
    assert waits[1] >= 0.5
    assert waits[2] >= 1
    assert started == pod.record.every("side", "Started")[-1]
    assert len(pod.container("app").runs) == 1


async def test_hooks_of_all_containers_run_at_once(make: MakePod) -> None:
    """A sidecar's too: before its turn comes."""
    hook = {"preStop": {"exec": {"command": ["python3", "-c", "import time; time.sleep(0.5)"]}}}
    async with make([script("app", POLITE.format(1), lifecycle=hook)], [sidecar("side", lifecycle=hook)]) as pod:
        await up(pod, "side", "app")
        assert await pod.delete() == "Succeeded"
    record = pod.record
    assert record.order(("app", "PreStopped"), ("app", "Signalled"), ("app", "Exited"), ("side", "Signalled"))
    assert record.order(("side", "PreStopped"), ("app", "Exited"))


async def test_a_hook_that_outlasts_the_grace_period(make: MakePod) -> None:
    async with make([script("app", POLITE.format(0), lifecycle={"preStop": {"sleep": {"seconds": 60}}})]) as pod:
        await up(pod, "app")
        assert await pod.delete(1) == "Succeeded"
    assert pod.record.order(("app", "FailedPreStopHook"), ("app", "Signalled"), ("app", "Exited"))


async def test_a_hook_after_the_start_holds_up_the_next_container(make: MakePod) -> None:
    hook = {"postStart": {"exec": {"command": ["python3", "-c", "import time; time.sleep(0.5)"]}}}
    async with make([script("first", POLITE.format(0), lifecycle=hook), script("app", POLITE.format(0))]) as pod:
        await up(pod, "first", "app")
        assert await pod.delete() == "Succeeded"
    assert pod.record.order(("first", "Initialized"), ("app", "Started"))


async def test_a_container_that_is_not_alive_is_started_again(make: MakePod) -> None:
    probe = {"exec": {"command": ["python3", "-c", "raise SystemExit(1)"]}, "periodSeconds": 0.1, "failureThreshold": 2}
    app = script("app", POLITE.format(0), livenessProbe=probe)
    async with make([app], restartPolicy="Always") as pod:
        await pod.record.wait("app", "Restarting")
        await pod.delete()
    assert pod.record.order(("app", "Unhealthy liveness"), ("app", "Exited"), ("app", "Restarting"))


@pytest.mark.parametrize(
    ("policy", "code", "runs"), [("Never", 1, 1), ("OnFailure", 1, 2), ("OnFailure", 0, 1), ("Always", 0, 2)]
)
async def test_when_an_application_runs_again(make: MakePod, policy: str, code: int, runs: int) -> None:
    async with make([script("app", f"raise SystemExit({code})")], restartPolicy=policy) as pod:
        if runs > 1:
            await pod.record.wait("app", "Started", runs)
        else:
            assert await pod.ended() == ("Failed" if code else "Succeeded")
        assert len(pod.container("app").runs) == runs
