"""What others' programs say of the charts: helm-unittest's suites, chart-testing's lint, promtool's view of the rules."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.chart.programs import CHART, HELM, HELMS, PYTHON, program, run
from tests.chart.rendering import CI, documents, render
from tests.prometheus.server import needs_promtool


def test_the_suites_of_helm_unittest_pass(tmp_path: Path) -> None:
    chart = shutil.copytree(HELM, tmp_path / "helm", symlinks=True) / "outrider"
    ended = run("helm-unittest", chart)
    assert ended.returncode == 0, ended.said


@pytest.mark.parametrize("helm", HELMS)
def test_chart_testing_finds_no_fault(helm: str, tmp_path: Path) -> None:
    """On a copy: it builds the dependencies, which works without a network because the library is a neighbour."""
    shutil.copytree(HELM, tmp_path / "helm", symlinks=True)
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "helm").symlink_to(program(helm))
    for name, module in (("yamllint", "yamllint"), ("yamale", "yamale.command_line")):
        (folder / name).write_text(f'#!/bin/sh\nexec {sys.executable} -m {module} "$@"\n', "utf-8")
        (folder / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": os.environ[PYTHON]}
    asked = [
        "--config",
        "helm/ct.yaml",
        "--lint-conf",
        "helm/lintconf.yaml",
        "--chart-yaml-schema",
        "helm/chart_schema.yaml",
    ]
    ended = run("ct", "lint", *asked, "--charts", "helm/outrider,helm/outrider-lib", cwd=tmp_path, env=environment)
    assert ended.returncode == 0, ended.said
    assert ended.said.count("✔︎") >= 2


@pytest.mark.parametrize("helm", HELMS)
def test_the_packaged_chart_renders_what_the_folder_does(helm: str, tmp_path: Path) -> None:
    """What goes into a registry holds the library itself and needs nothing beside it."""
    packaged = run(helm, "package", CHART, "--destination", tmp_path)
    assert packaged.returncode == 0, packaged.said
    found = documents(chart=next(tmp_path.glob("outrider-*.tgz")))
    assert found == documents()


@needs_promtool
@pytest.mark.parametrize(
    "values", [path for path in CI if "prometheusRule" in path.read_text("utf-8")], ids=lambda path: path.stem
)
def test_prometheus_takes_the_rendered_rules(values: Path, tmp_path: Path) -> None:
    rule = next(each for each in documents(values) if each["kind"] == "PrometheusRule")
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rule["spec"]), "utf-8")
    ended = promtool("check", "rules", tmp_path / "rules.yaml")
    assert ended.returncode == 0, ended.stderr


@needs_promtool
def test_the_injectors_alerts_hold_their_tests() -> None:
    ended = promtool("test", "rules", CHART / "files" / "injector_rules_test.yaml")
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_dashboard_is_whole() -> None:
    values = {"monitoring": {"force": True, "dashboard": {"enabled": True}}}
    found = render(values, kind="ConfigMap", name="-dashboard")[0]["data"]["outrider.json"]
    assert json.loads(found) == json.loads((CHART / "files" / "dashboard.json").read_text("utf-8"))


def test_the_injector_starts_anew_when_the_template_changes() -> None:
    first, second, same = (
        checksum(values) for values in ({}, {"sidecar": {"logLevel": "debug"}}, {"injector": {"replicas": 3}})
    )
    assert first != second
    assert first == same


def checksum(values: Mapping[str, object]) -> str:
    found = render(values, kind="Deployment", name="-injector")[0]["spec"]["template"]["metadata"]["annotations"]
    return str(found["checksum/template"])


def promtool(*asked: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *map(str, asked)], capture_output=True, text=True, timeout=60)
