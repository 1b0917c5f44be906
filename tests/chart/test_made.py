"""What is made of something else is what it would be if it were made now: `make chart` makes it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import proxy
from proxy.injector.template import packaged, parse
from tests.chart.programs import CHART, EXAMPLES, HELM, ROOT, program, run
from tests.chart.rendering import NEWEST, render

LIBRARY = HELM / "outrider-lib"


def read(path: Any) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def test_nothing_is_out_of_date() -> None:
    asked = [
        sys.executable,
        "scripts/chart.py",
        "--check",
        "--helm",
        program("helm4"),
        "--helm-docs",
        program("helm-docs"),
    ]
    ended = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ended.stdout == "", f"{ended.stdout}run `make chart`"
    assert ended.returncode == 0, ended.stderr


def test_there_is_one_version() -> None:
    own, library = read(CHART / "Chart.yaml"), read(LIBRARY / "Chart.yaml")
    versions = {
        own["version"],
        own["appVersion"],
        library["version"],
        library["appVersion"],
        own["dependencies"][0]["version"],
    }
    assert versions == {proxy.__version__}
    assert f'"outrider.version" -}}}}{proxy.__version__}{{{{-' in (LIBRARY / "templates" / "_names.tpl").read_text(
        "utf-8"
    )


def test_the_charts_have_the_same_defaults() -> None:
    own, library = read(CHART / "values.yaml"), read(LIBRARY / "values.yaml")
    own["injection"] = {
        name: value
        for name, value in own["injection"].items()
        if name not in ("mode", "defaultSelector", "checkOthers")
    }
    for section in ("config", "keys"):
        own[section] = {name: own[section][name] for name in library[section]}
    assert {name: own[name] for name in library} == library


def test_every_default_is_in_the_schema() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    assert set(read(CHART / "values.yaml")) == set(schema["properties"]) - {"outrider-lib"}


def test_the_template_in_the_cluster_is_the_packaged_one() -> None:
    found = render(kind="ConfigMap", name="-template")[0]["data"]["template.json"]
    assert parse(found) == packaged()


@pytest.mark.parametrize("mode", ["webhook", "policy", "none"])
def test_inject_takes_the_template_of_any_release(mode: str, tmp_path: Path) -> None:
    """As docs/injection.md and the notes of the chart say it, with the values of the release."""
    values = ("--set", f"image.registry=registry.example,injection.mode={mode}", "--kube-version", NEWEST)
    shown = run("helm4", "template", "r", CHART, *values, "-s", "templates/injector/template-configmap.yaml")
    assert shown.returncode == 0, shown.stderr
    (tmp_path / "template.yaml").write_text(shown.stdout, "utf-8")
    asked = ("inject", "--template", tmp_path / "template.yaml", "-f", EXAMPLES / "deployment.yaml")
    ended = run(str(Path(sys.executable).parent / "outrider"), *asked)
    assert ended.returncode == 0, ended.stderr
    first = yaml.safe_load(ended.stdout)["spec"]["template"]["spec"]["initContainers"][0]
    assert first["image"].startswith("registry.example/outrider:")


def test_the_version_is_the_image() -> None:
    assert packaged()["container"]["image"] == f"outrider:{proxy.__version__}"
    assert packaged()["chart"] == f"outrider-{proxy.__version__}"
