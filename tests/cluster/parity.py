"""The four ways in, each as a function of a golden case: what becomes of its pod in the API server, or that it is refused.

The cases are tests/injector/cases. The command and the library have no say in the API server: what they made is created with a
label that keeps the webhook away. Everything is a dry run, with all of admission and nothing stored.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from proxy.injector.patch import patch
from tests.cluster.apiserver import ApiServer
from tests.cluster.client import Answer, Json
from tests.cluster.pods import DOMAIN, POLICY_DOMAIN, comparable
from tests.cluster.releases import ROOT, Release
from tests.injector.golden import Case, read_cases

REFUSED = "refused"
#: A pod that no API server has: a mirror pod that no kubelet made.
IMPOSSIBLE = ("skip-mirror",)
SERVER = (1, 36)
LIBRARY = ROOT / "helm" / "outrider-lib"
#: A chart that puts each pod of its values through the library, and gives them back by the names of their cases.
CHART = """
apiVersion: v2
name: cases
version: 0.1.0
dependencies: [{name: outrider-lib, version: "*", repository: "file://../outrider-lib"}]
"""
TEMPLATE = """
{{- range $name, $case := .Values.cases }}
---
case: {{ $name }}
template: {{- include "outrider.inject" (dict "root" $ "template" $case.pod "workload" $case.workload) | nindent 2 }}
{{- end }}
"""


def comparable_cases() -> list[Case]:
    """Those of the default template, on an API server as new as the test's, in a namespace of their own."""
    shared = (each for each in read_cases() if each.around.namespace == "default" and each.name not in IMPOSSIBLE)
    return [each for each in shared if not told(each)]


def told(case: Case) -> Mapping[str, Any]:
    """What the case's file says of the template or of an API server that is not the test's."""
    options: Mapping[str, Any] = (
        yaml.safe_load((ROOT / f"tests/injector/cases/{case.name}.yaml").read_text()).get("options") or {}
    )
    return {
        name: value
        for name, value in options.items()
        if name == "template" or (name == "server" and tuple(value) < (1, 32))
    }


def refuses(case: Case) -> bool:
    return not patch(case.pod, case.template, case.around._replace(server=SERVER)).allowed


def injects(case: Case) -> bool:
    return bool(patch(case.pod, case.template, case.around._replace(server=SERVER)).operations)


def by_admission(api: ApiServer, case: Case, domain: str) -> Json | str:
    """Through what is installed for this domain: the webhook or the policy."""
    whole = json.loads(json.dumps([case.pod, case.around.annotations]).replace(f"{DOMAIN}/", f"{domain}/"))
    namespace = api.namespace("parity", {f"{domain}/injection": "enabled"}, whole[1])
    return outcome(api.admin.create("Pod", named(whole[0]), namespace, dryRun="All"))


def as_made(api: ApiServer, namespace: str, pod: Json) -> Json | str:
    """A pod that was injected elsewhere, or left alone there."""
    for domain in (DOMAIN, POLICY_DOMAIN):
        pod["metadata"]["labels"] = (pod["metadata"].get("labels") or {}) | {f"{domain}/inject": "false"}
    return outcome(api.admin.create("Pod", named(pod), namespace, dryRun="All"))


def named(pod: Json) -> Json:
    metadata = pod.get("metadata") or {}
    return pod | {
        "metadata": metadata if metadata.get("name") or metadata.get("generateName") else metadata | {"name": "web"}
    }


def outcome(answer: Answer) -> Json | str:
    return comparable(answer.body) if answer.accepted else REFUSED


def by_command(cases: Iterable[Case], folder: Path) -> dict[str, Json]:
    """One run of `outrider inject` for all: a case's pod with the sidecar, or as it was."""
    listed = list(cases)
    path = folder / "cases.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [typed(each.pod) for each in listed]}))
    command = [
        sys.executable,
        "-m",
        "proxy",
        "inject",
        "--all",
        "--server-version",
        "1.36",
        "-o",
        "json",
        "-f",
        str(path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return dict(zip((each.name for each in listed), json.loads(done.stdout)["items"], strict=True))


def typed(pod: Json) -> Json:
    return {"apiVersion": "v1", "kind": "Pod"} | pod


def by_library(release: Release, cases: Iterable[tuple[Case, str]], folder: Path) -> dict[str, Json]:
    """One render of a chart that uses the library, for cases with the names of their workloads."""
    chart = folder / "cases"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text(CHART)
    (chart / "templates" / "cases.yaml").write_text(TEMPLATE)
    shutil.copytree(LIBRARY, chart / "charts" / "outrider-lib")
    values = {each.name: {"pod": each.pod, "workload": workload} for each, workload in cases}
    (folder / "values.json").write_text(json.dumps({"cases": values}))
    rendered = release.run("template", "cases", str(chart), "--values", str(folder / "values.json"))
    return {each["case"]: each["template"] for each in yaml.safe_load_all(rendered) if each}
