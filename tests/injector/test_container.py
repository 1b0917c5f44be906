"""The sidecar's container: what annotations, the platform and the user change of it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from proxy.injector.annotations import Settings
from proxy.injector.container import Facts, build
from proxy.injector.template import packaged
from tests.injector.golden import at

NATIVE = Facts(True, (1, 33), 30, "web")
CLASSIC = Facts(False, (1, 31), 30, "web")


def container(facts: Facts = NATIVE, own: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    template = packaged()
    found = build(template, Settings(**settings), facts, own or {})
    assert template == packaged(), "the template was changed"
    return found


def test_native_is_the_templates_with_the_workload() -> None:
    expected = deepcopy(packaged()["container"])
    expected["env"].append({"name": "POD_WORKLOAD", "value": "web"})
    assert container() == expected


def test_classic_differs_in_these() -> None:
    native, classic = container(), container(CLASSIC)
    changed = {name for name in native.keys() | classic.keys() if native.get(name) != classic.get(name)}
    assert changed == {"restartPolicy", "lifecycle", "env"}
    assert "restartPolicy" not in classic
    assert at(classic, "env.OUTRIDER_DRAIN.value") == "classic"
    assert at(classic, "lifecycle.preStop.sleep.seconds") == 5
    assert classic["lifecycle"]["postStart"]["exec"]["command"][0] == "/usr/bin/python3"


@pytest.mark.parametrize(
    ("server", "sleep", "grace"),
    [((1, 30), {"sleep": {"seconds": 5}}, "85"), ((1, 29), None, "90"), (None, None, "90")],
)
def test_the_hook_sleeps_where_the_api_server_knows_that_and_counts_towards_the_grace(
    server: tuple[int, int] | None, sleep: Any, grace: str
) -> None:
    found = container(Facts(False, server, 90, "web"))
    assert at(found, "lifecycle.preStop") == sleep
    assert at(found, "env.OUTRIDER_GRACE.value") == grace


def test_without_seconds_there_is_no_hook() -> None:
    template = packaged()
    template["classic"] = {
        "container": {"restartPolicy": None, "lifecycle": {"preStop": {"sleep": {"seconds": 0}}}},
        "preStopSeconds": 0,
    }
    assert "lifecycle" not in build(template, Settings(), CLASSIC, {})


def test_variables_keep_the_templates_order_and_a_name_counts_once() -> None:
    names = [
        item["name"]
        for item in container(
            port=9000, ops_port=9001, log_level="debug", extra_env=({"name": "POD_UID", "value": "x"}, {"name": "Z"})
        )["env"]
    ]
    template = [item["name"] for item in packaged()["container"]["env"]]
    assert names == [*template, "POD_WORKLOAD", "OUTRIDER_LOG_LEVEL", "OUTRIDER_PORT", "OUTRIDER_OPS_PORT", "Z"]


def test_a_member_of_the_users_own_container_wins_but_for_three() -> None:
    own = {
        "name": "outrider",
        "image": "auto",
        "restartPolicy": "Never",
        "args": ["x"],
        "resources": {"requests": {"cpu": "1"}},
    }
    found = container(own=own, cpu_request="50m", image="registry.example/o:2")
    assert (found["image"], found["restartPolicy"], found["args"]) == ("registry.example/o:2", "Always", ["x"])
    assert found["resources"]["requests"] == {"cpu": "1", "memory": "96Mi"}


def test_a_limit_that_an_annotation_brings_is_told_to_the_sidecar() -> None:
    template = packaged()
    template["container"]["resources"] = {}
    template["container"]["env"] = [
        item for item in template["container"]["env"] if item["name"] != "OUTRIDER_MEMORY_LIMIT"
    ]
    assert at(build(template, Settings(), NATIVE, {}), "env.OUTRIDER_MEMORY_LIMIT") is None
    found = build(template, Settings(memory_limit="1Gi"), NATIVE, {})
    assert at(found, "env.OUTRIDER_MEMORY_LIMIT.valueFrom.resourceFieldRef.resource") == "limits.memory"


def test_probes_that_the_platform_took_away_stay_away() -> None:
    template = {
        **packaged(),
        "overlay": {"livenessProbe": None, "readinessProbe": {"httpGet": None, "tcpSocket": {"port": 1}}},
    }
    found = build(template, Settings(metrics=False), NATIVE, {})
    assert "livenessProbe" not in found
    assert found["readinessProbe"]["tcpSocket"] == {"port": 1}
    assert found["startupProbe"]["httpGet"]["port"] == "outrider-ops"


def test_in_a_pod_of_root_the_sidecar_has_a_user_of_its_own() -> None:
    """Else the pod's would be its own, and the kubelet would never start it: runAsNonRoot."""
    root = NATIVE._replace(root=True)
    assert build(packaged(), Settings(), root, {})["securityContext"] == {
        **packaged()["container"]["securityContext"],
        "runAsUser": 65532,
    }
    assert "runAsUser" not in build(packaged(), Settings(), NATIVE, {})["securityContext"]
    for said in ({"runAsUser": 1000}, {"runAsNonRoot": False}):
        found = build(packaged(), Settings(), root, {"securityContext": said})["securityContext"]
        assert found == {**packaged()["container"]["securityContext"], **said}
    assert (
        build({**packaged(), "overlay": {"securityContext": None}}, Settings(), root, {}).get("securityContext") is None
    )
