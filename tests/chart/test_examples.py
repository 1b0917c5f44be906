"""The examples do what they say: each asks on the pod, is valid Kubernetes, and comes out with a sidecar by the road it shows."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.injector.template import packaged
from tests.chart import schemas
from tests.chart.programs import CHART, EXAMPLES, HELMS, Ran, run
from tests.chart.programs import schemas as source
from tests.chart.rendering import Document, render

MANIFESTS = [EXAMPLES / f"{name}.yaml" for name in ("deployment", "job", "cronjob", "statefulset")]
OUTRIDER = Path(sys.executable).parent / "outrider"
KUBECTL = shutil.which("kubectl")


def read(path: Path) -> Document:
    found: Document = yaml.safe_load(path.read_text("utf-8"))
    return found


def pod_of(workload: Document) -> dict[str, Any]:
    spec = workload["spec"]["jobTemplate"]["spec"] if workload["kind"] == "CronJob" else workload["spec"]
    found: dict[str, Any] = spec["template"]
    return found


def is_injected(pod: dict[str, Any], image: str = "outrider:0.1.0") -> bool:
    first = pod["spec"]["initContainers"][0]
    return bool(
        first["name"] == "outrider"
        and first["image"] == image
        and pod["metadata"]["labels"]["outrider.dev/injected"] == "true"
    )


def injected(*asked: str | Path) -> Document:
    ended = outrider("inject", *asked)
    assert ended.returncode == 0, ended.stderr
    found: Document = yaml.safe_load(ended.stdout)
    return found


def outrider(*asked: str | Path) -> Ran:
    return run(str(OUTRIDER), *asked)


def validate(found: list[Document], folder: Path) -> None:
    known = folder / "schemas"
    known.mkdir()
    schemas.write(source(), "1.36", {schemas.file_name(each) for each in found}, known)
    (folder / "all.yaml").write_text(yaml.safe_dump_all(found), "utf-8")
    location = f"{known}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    ended = run(
        "kubeconform", "-strict", "-kubernetes-version", "1.36.0", "-schema-location", location, folder / "all.yaml"
    )
    assert ended.returncode == 0, ended.said


def test_all_of_them_are_tried() -> None:
    assert {path.name for path in EXAMPLES.iterdir()} == {
        *(path.name for path in MANIFESTS),
        *("argocd", "kustomize", "library-user", "post-renderer"),
    }


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_it_asks_on_the_pod_and_is_injected(path: Path, tmp_path: Path) -> None:
    asked = read(path)
    assert pod_of(asked)["metadata"]["labels"]["outrider.dev/inject"] == "true"
    assert "outrider.dev/inject" not in asked["metadata"].get("labels", {})
    answered = injected("-f", path)
    assert is_injected(pod_of(answered))
    validate([asked, answered], tmp_path)


def test_annotations_choose_for_one_workload() -> None:
    cron, stateful = (pod_of(injected("-f", EXAMPLES / f"{name}.yaml"))["spec"] for name in ("cronjob", "statefulset"))
    assert cron["volumes"][0]["configMap"]["name"] == "nightly-llm"
    assert cron["initContainers"][0]["resources"]["limits"]["memory"] == "512Mi"
    own, backup = stateful["containers"]
    assert {each["name"] for each in own["env"]} == {"OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_API_KEY"} | {
        f"CO_{each}" for each in ("API_URL", "BASE_URL", "API_KEY")
    }
    assert "env" not in backup


@pytest.mark.skipif(KUBECTL is None, reason="no kubectl, which has kustomize in it")
def test_the_component_adds_the_injectors_container(tmp_path: Path) -> None:
    ended = run(KUBECTL or "", "kustomize", EXAMPLES / "kustomize" / "shop")
    assert ended.returncode == 0, ended.stderr
    found = list(yaml.safe_load_all(ended.stdout))
    pod = pod_of(next(each for each in found if each["kind"] == "Deployment"))
    image = "registry.example/outrider:0.1.0"
    assert is_injected(pod, image)
    assert pod["spec"]["initContainers"][0] == {**packaged()["container"], "image": image}
    assert [each["name"] for each in pod["spec"]["initContainers"]] == ["outrider", "migrate"]
    assert pod["spec"]["volumes"] == packaged()["volumes"]
    validate(found, tmp_path)


def test_argo_cd_renders_the_chart_with_these_values() -> None:
    application = read(EXAMPLES / "argocd" / "application.yaml")
    source_of = application["spec"]["source"]
    assert CHART.parent.parent / source_of["path"] == CHART
    values = source_of["helm"]["valuesObject"] | {"monitoring": {"force": True, "podMonitor": {"enabled": True}}}
    kinds = {each["kind"] for each in render(values)}
    assert {"MutatingWebhookConfiguration", "ConfigMap", "PodMonitor"} <= kinds


@pytest.fixture
def others(tmp_path: Path) -> Path:
    """Somebody else's chart, whose templates cannot be changed."""
    chart = tmp_path / "shop"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("{apiVersion: v2, name: shop, version: 1.0.0}", "utf-8")
    shutil.copy(EXAMPLES / "deployment.yaml", chart / "templates")
    return chart


def rendering(helm: str, folder: Path) -> Iterator[str]:
    if helm == "helm3":
        yield from ("--post-renderer", str(OUTRIDER), "--post-renderer-args", "inject")
        return
    installed = run("helm4", "plugin", "install", EXAMPLES / "post-renderer", env=environment(folder / "home"))
    assert installed.returncode == 0, installed.said
    yield from ("--post-renderer", "outrider")


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "HELM_DATA_HOME": str(home), "PATH": f"{OUTRIDER.parent}:{os.environ['PATH']}"}


@pytest.mark.parametrize("helm", HELMS)
def test_the_post_renderer_injects_into_others_charts(helm: str, others: Path, tmp_path: Path) -> None:
    asked = list(rendering(helm, tmp_path))
    ended = run(helm, "template", "shop", others, *asked, env=environment(tmp_path / "home"))
    assert ended.returncode == 0, ended.said
    deployment = next(each for each in yaml.safe_load_all(ended.stdout) if each)
    assert is_injected(pod_of(deployment))


def test_the_library_user_shows_both_ways() -> None:
    whole, by_hand = render(chart=EXAMPLES / "library-user")
    image = "registry.example/outrider:0.1.0"
    assert is_injected(pod_of(whole), image)
    assert is_injected(pod_of(by_hand), image)
    assert pod_of(by_hand)["spec"]["initContainers"][0]["env"][-1] == {"name": "POD_WORKLOAD", "value": "once"}
