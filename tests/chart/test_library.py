"""A chart that carries the sidecar itself renders the very pod that the injector makes of the same one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.injector.patch import Around, patch
from proxy.injector.template import checked, packaged
from tests.chart.programs import EXAMPLES, ROOT
from tests.chart.rendering import refusal, render

USER = EXAMPLES / "library-user"
APP = {"name": "app", "image": "shop:1"}


def pod(*containers: Mapping[str, Any], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": list(containers or [APP]), **spec}}


def env(**values: str) -> dict[str, Any]:
    return {**APP, "env": [{"name": name, "value": value} for name, value in values.items()]}


PODS: Mapping[str, dict[str, Any]] = {
    "plain": pod(),
    "no labels": {"spec": {"containers": [APP]}},
    "several containers": pod(APP, {"name": "logs", "image": "logs:1"}),
    "an address of its own": pod(env(OPENAI_BASE_URL="https://api.openai.com/v1", MODE="x")),
    "a key of Azure's": pod(env(AZURE_OPENAI_API_KEY="$(SECRET)")),
    "a source": pod(
        {**APP, "env": [{"name": "OPENAI_API_KEY", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]}
    ),
    "an empty env": pod({**APP, "env": []}),
    "init containers": pod(
        initContainers=[{"name": "migrate", "image": "shop:1"}, {"name": "wait", "image": "wait:1"}]
    ),
    "istio": pod(
        initContainers=[
            {"name": "istio-init", "image": "i"},
            {"name": "istio-proxy", "image": "i", "restartPolicy": "Always"},
        ]
    ),
    "linkerd among others": pod(
        initContainers=[
            {"name": "first", "image": "a"},
            {"name": "linkerd-init", "image": "l"},
            {"name": "last", "image": "b"},
        ]
    ),
    "volumes": pod(
        volumes=[{"name": "data", "emptyDir": {}}, {"name": "outrider-keys", "secret": {"secretName": "mine"}}]
    ),
    "a proxy": pod(env(HTTPS_PROXY="http://proxy:3128")),
    "a proxy and exceptions": pod(env(http_proxy="http://proxy:3128", no_proxy="example.com, localhost", NO_PROXY="*")),
    "pull secrets": pod(imagePullSecrets=[{"name": "mine"}]),
    "what nobody here knows": pod({**APP, "future": {"a": [1, 2]}}, future=[{"b": 1}]),
    "numbers": pod(terminationGracePeriodSeconds=600, securityContext={"fsGroup": 1000}),
    "root": pod(securityContext={"runAsUser": 0}),
}
VALUES: Mapping[str, dict[str, Any]] = {
    "defaults": {},
    "all providers": {"injection": {"env": {"providers": sorted(packaged()["env"]["variables"], reverse=True)}}},
    "override": {
        "injection": {"env": {"mode": "override", "providers": ["openai", "azure"], "skipContainers": ["logs"]}}
    },
    "off": {"injection": {"env": {"mode": "off"}}},
    "named containers": {"injection": {"env": {"containers": ["app", "wait"], "noProxy": "off"}}},
    "no init containers": {"injection": {"env": {"initContainers": False}}},
    "others' ports and volumes": {
        "imagePullSecrets": [{"name": "regcred"}],
        "sidecar": {
            "ports": {"proxy": 15001, "ops": 15002},
            "extraVolumes": [{"name": "more", "emptyDir": {}}],
            "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
            "extraEnv": [{"name": "MORE", "value": "1"}],
        },
    },
    "an overlay": {
        "injection": {
            "overlay": {
                "resources": {"limits": {"cpu": "1"}},
                "env": [{"name": "OUTRIDER_DRAIN", "value": "native"}, {"name": "NEW", "value": "1"}],
                "volumeMounts": [
                    {"name": "other", "mountPath": "/etc/outrider/keys"},
                    {"name": "outrider-config", "mountPath": "/b"},
                ],
            }
        }
    },
    "a user": {"sidecar": {"securityContext": {"runAsUser": 1000}}},
    "root's own": {"injection": {"overlay": {"securityContext": {"runAsNonRoot": False}}}},
    "no limit of memory": {"sidecar": {"resources": {"limits": None}}},
}


def template(values: Mapping[str, Any]) -> dict[str, Any]:
    """The injection template that the application chart renders of the same values."""
    return checked(json.loads(render(values, kind="ConfigMap", name="-template")[0]["data"]["template.json"]))


def rendered(given: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    # The example has a registry and providers of its own.
    own: dict[str, Any] = {"image": {"registry": ""}, **values}
    own = {**own, "injection": {**own.get("injection", {})}}
    own["injection"]["env"] = {"providers": [], **own["injection"].get("env", {})}
    found = render({"podTemplate": given, "outrider-lib": own}, kind="Deployment", chart=USER)[0]
    made: dict[str, Any] = found["spec"]["template"]
    return made


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("given", PODS.values(), ids=PODS)
def test_the_pod_is_the_injectors(given: dict[str, Any], values: dict[str, Any]) -> None:
    answer = patch(given, template(values), INJECTOR)
    assert answer.allowed, answer.refusal
    made = rendered(given, values)
    assert made["spec"] == answer.pod["spec"]
    assert made["metadata"]["labels"] == {**given.get("metadata", {}).get("labels", {}), **LABELS}


#: The first keeps a webhook in the same cluster away.
LABELS = {"outrider.dev/inject": "false", "outrider.dev/injected": "true"}


CASES = sorted((ROOT / "tests" / "injector" / "cases").glob("*.yaml"))
#: A case with more is about what only injectors are told: options, annotations of namespaces.
OF_THE_POD = frozenset({"about", "pod", "expect"})
INJECTOR = Around(server=(1, 36), mode="library", workload="release")


def shared(path: Path) -> bool:
    """Whether the injector injects this pod without being asked more by annotations, which the library takes from values."""
    case = yaml.safe_load(path.read_text("utf-8"))
    if not set(case) <= OF_THE_POD or "null" in json.dumps(case["pod"]):
        return False
    answer = patch(case["pod"], packaged(), INJECTOR)
    annotated = "outrider.dev/" in json.dumps(((case["pod"] or {}).get("metadata") or {}).get("annotations") or {})
    if not answer.allowed or answer.skipped is not None or annotated:
        return False
    spec = case["pod"]["spec"]
    return all(each["name"] != "outrider" for each in (*spec["containers"], *spec.get("initContainers", ())))


SHARED = [path for path in CASES if shared(path)]


@pytest.mark.parametrize("path", SHARED, ids=lambda path: path.stem)
def test_the_injectors_own_cases(path: Path) -> None:
    given = yaml.safe_load(path.read_text("utf-8"))["pod"]
    assert rendered(given, {})["spec"] == patch(given, packaged(), INJECTOR).pod["spec"]


def test_there_are_such_cases() -> None:
    assert len(SHARED) > 10


#: Words of the refusal -> what makes it.
REFUSED: Mapping[str, dict[str, Any]] = {
    "the annotation outrider.dev/port is for injectors": {
        "podTemplate": {"metadata": {"annotations": {"outrider.dev/port": "1"}}, "spec": {"containers": [APP]}}
    },
    "the pod is on the node's network": {"podTemplate": pod(hostNetwork=True)},
    "the pod is for Windows": {"podTemplate": pod(os={"name": "windows"})},
    "the pod is for Windows (os.name or nodeSelector)": {
        "podTemplate": pod(nodeSelector={"kubernetes.io/os": "windows"})
    },
    "sidecar.extraEnv: OUTRIDER_PORT is what": {
        "outrider-lib": {"sidecar": {"extraEnv": [{"name": "OUTRIDER_PORT", "value": "1"}]}}
    },
    "the pod has a container called outrider already": {"podTemplate": pod({"name": "outrider", "image": "a"})},
    "container app has port 11411": {"podTemplate": pod({**APP, "ports": [{"containerPort": 11411}]})},
    "outrider-lib.injection.native is never": {"outrider-lib": {"injection": {"native": "never"}}},
    "additional properties 'mode' not allowed": {"outrider-lib": {"injection": {"mode": "webhook"}}},
}


@pytest.mark.parametrize(("words", "values"), REFUSED.items(), ids=REFUSED)
def test_what_the_library_cannot_do_is_refused(words: str, values: dict[str, Any]) -> None:
    assert words in refusal(values, chart=USER)


def test_an_old_kubernetes_is_refused() -> None:
    assert "chart requires kubeVersion: >=1.29.0-0" in refusal({}, kubernetes="1.28.0", chart=USER)
