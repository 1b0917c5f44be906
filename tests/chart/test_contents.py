"""What holds for everything that the chart renders, whatever the values: security, resources, names, sameness."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.command_line import parser
from proxy.injector.metrics import FAMILIES, PREFIX
from proxy.injector.template import packaged
from tests.chart.programs import CHART, HELMS, run
from tests.chart.rendering import CHANGING, CI, LOADER, Document, documents, render, text

CLUSTER_WIDE = ("ClusterRole", "ClusterRoleBinding", "MutatingWebhookConfiguration")
STEADY = [values for values in CI if values.name != CHANGING]


def name(path: Path) -> str:
    return path.stem


def pods(found: list[Document]) -> Iterator[tuple[str, dict[str, Any]]]:
    for each in found:
        if each["kind"] == "Pod":
            yield each["metadata"]["name"], each["spec"]
        elif "template" in each.get("spec", {}):
            yield each["metadata"]["name"], each["spec"]["template"]["spec"]


def containers(found: list[Document]) -> Iterator[dict[str, Any]]:
    for _, spec in pods(found):
        yield from (*spec.get("initContainers", ()), *spec["containers"])


@pytest.mark.parametrize("values", CI, ids=name)
def test_every_container_is_restricted_and_asks_for_what_it_needs(values: Path) -> None:
    found = list(containers(documents(values)))
    for each in found:
        context = each["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["readOnlyRootFilesystem"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["seccompProfile"]["type"] in ("RuntimeDefault", "Localhost")
        assert {"cpu", "memory"} <= set(each["resources"]["requests"])
        assert not {"runAsUser", "runAsGroup"} & set(context)
        assert each.get("imagePullPolicy") == "IfNotPresent"
    assert found


@pytest.mark.parametrize("values", CI, ids=name)
def test_probes_are_of_http(values: Path) -> None:
    for each in containers(documents(values)):
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert "exec" not in each.get(probe, {}), "a probe of Python's costs an interpreter each time"


@pytest.mark.parametrize("values", STEADY, ids=name)
def test_nothing_differs_from_one_rendering_to_the_next(values: Path) -> None:
    first = text("helm4", values)
    text.cache_clear()
    assert text("helm4", values) == first


@pytest.mark.parametrize("values", STEADY, ids=name)
def test_both_helms_render_the_same_objects(values: Path) -> None:
    third, fourth = (
        sorted(yaml.dump(each) for each in yaml.load_all(text(helm, values), LOADER) if each) for helm in HELMS
    )
    assert third == fourth


@pytest.mark.parametrize("values", CI, ids=name)
def test_the_authority_is_written_only_where_nobody_else_does(values: Path) -> None:
    found = [hook["clientConfig"] for each in documents(values) for hook in each.get("webhooks", ())]
    writes = values.stem in ("helm-tls-values", "secret-values")
    assert all(("caBundle" in config) == writes for config in found)


@pytest.mark.parametrize("values", CI, ids=name)
def test_no_right_reaches_a_secret_that_is_not_ours(values: Path) -> None:
    for each in documents(values):
        for rule in each.get("rules", ()) if each["kind"] in ("Role", "ClusterRole") else ():
            assert "*" not in str(rule)
            if "secrets" in rule.get("resources", ()):
                assert each["kind"] == "Role"
                assert rule["resourceNames"]
                assert set(rule["verbs"]) == {"get", "update"}


@pytest.mark.parametrize("values", CI, ids=name)
def test_every_object_says_whose_it_is(values: Path) -> None:
    seen = set()
    for each in documents(values):
        metadata = each["metadata"]
        assert metadata["labels"]["app.kubernetes.io/instance"] == "release"
        assert metadata["labels"]["app.kubernetes.io/part-of"] == "outrider"
        cluster_wide = each["kind"] in CLUSTER_WIDE or "AdmissionPolicy" in each["kind"]
        assert ("namespace" in metadata) != cluster_wide, metadata["name"]
        identity = (each["kind"], metadata.get("namespace"), metadata["name"])
        assert identity not in seen
        seen.add(identity)


@pytest.mark.parametrize("values", CI, ids=name)
def test_the_template_is_never_asked_for_twice(values: Path) -> None:
    """Our own pods are not sent to our own webhook: it could not start without itself."""
    labels = [
        each["spec"]["template"]["metadata"]["labels"] for each in documents(values) if each["kind"] == "Deployment"
    ]
    assert all(found["outrider.dev/inject"] == "false" for found in labels)


TEAMS: dict[str, Any] = {
    "commonLabels": {"team": "all", "app.kubernetes.io/version": "mine", "app.kubernetes.io/name": "mine"},
    "injector": {"podLabels": {"team": "injector"}},
    "gateway": {"enabled": True, "unauthenticated": True, "podLabels": {"team": "gateway"}},
    "monitoring": {
        "force": True,
        **{each: {"enabled": True, "labels": {"team": each}} for each in ("podMonitor", "prometheusRule", "dashboard")},
    },
}


class Strict(yaml.SafeLoader):
    """YAML in which a key may come once: others' post-renderers take no other."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [each.value for each, _ in node.value]
        assert len(keys) == len(set(keys)), f"{node.start_mark}: {keys}"
        return super().construct_mapping(node, deep)


def test_a_label_of_the_values_comes_once_and_the_nearer_one_holds() -> None:
    found = [each for each in yaml.load_all(text(given=json.dumps(TEAMS)), Strict) if each]
    pods_of = {each["metadata"]["name"]: each["spec"]["template"] for each in found if each["kind"] == "Deployment"}
    assert [pods_of[f"release-outrider-{each}"]["metadata"]["labels"]["team"] for each in ("injector", "gateway")] == [
        "injector",
        "gateway",
    ]
    assert {each["metadata"]["labels"]["team"] for each in found if each["kind"] == "PodMonitor"} == {"podMonitor"}
    assert {each["metadata"]["labels"]["app.kubernetes.io/name"] for each in found} == {"outrider"}


def test_a_release_may_be_called_by_a_number() -> None:
    ended = run("helm4", "template", "2024", CHART)
    assert ended.returncode == 0, ended.stderr
    names = {
        each["metadata"]["labels"]["app.kubernetes.io/instance"] for each in yaml.safe_load_all(ended.stdout) if each
    }
    assert names == {"2024"}


def test_a_release_in_another_namespace_has_other_cluster_wide_names() -> None:
    role = render(kind="ClusterRole")[0]["metadata"]["name"]
    assert role == "release-outrider-injector-llm-system"


def test_the_two_entries_exclude_each_other() -> None:
    hooks = {hook["name"]: hook for hook in render(kind="MutatingWebhookConfiguration")[0]["webhooks"]}
    asked, silent = (
        hooks[f"{each}.outrider.dev"]["objectSelector"]["matchExpressions"] for each in ("pod", "namespace")
    )
    assert asked == [{"key": "outrider.dev/inject", "operator": "In", "values": ["true"]}]
    assert silent == [{"key": "outrider.dev/inject", "operator": "DoesNotExist"}]
    for hook in hooks.values():
        assert hook["failurePolicy"] == "Fail"
        assert hook["sideEffects"] == "None"
        assert hook["reinvocationPolicy"] == "IfNeeded"
        kept_out = hook["namespaceSelector"]["matchExpressions"][-1]
        assert kept_out["operator"] == "NotIn"
        assert "kube-system" in kept_out["values"]


def test_the_certificates_are_kept() -> None:
    secret = render(kind="Secret")[0]
    assert secret["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert "data" not in secret


@pytest.mark.parametrize("values", CI, ids=name)
def test_the_program_takes_the_arguments_that_it_is_given(values: Path) -> None:
    """Of containers of our image that start it as it is; others have a command of their own."""
    commands = [each["args"] for each in containers(documents(values)) if "args" in each and "command" not in each]
    for arguments in commands:
        assert parser().parse_args(arguments).command == arguments[0]
    parser().parse_args(packaged()["container"]["args"])


def test_the_alerts_are_about_metrics_that_there_are() -> None:
    rules = yaml.safe_load((CHART / "files" / "injector-rules.yaml").read_text("utf-8"))
    asked = {
        word
        for group in rules["groups"]
        for rule in group["rules"]
        for word in re.findall(r"outrider_\w+", rule["expr"])
    }
    assert asked
    assert asked <= {f"{PREFIX}{family}" for family in FAMILIES}
