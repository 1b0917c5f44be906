"""What the charts have that is made of something else: schemas, the packaged template, an example's patch,
the README, and the golden of the default render.

    python scripts/chart.py [--check] [--helm PROGRAM] [--helm-docs PROGRAM]

The schemas are helm/schema/*.yaml together with the schema of the sidecar's own configuration, so that a mistake in
`config.data` is told before anything is installed. With --check nothing is written; what is out of date is listed, and the
exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from proxy.config import schema as configuration_schema

ROOT = Path(__file__).parent.parent
HELM = ROOT / "helm"
COMPONENT = HELM / "examples" / "kustomize" / "component"
SHOWN = "templates/injector/template-configmap.yaml"
#: Helm reads draft 7 from its first versions on; what stands beside a $ref is only read by people there.
DRAFT = "http://json-schema.org/draft-07/schema#"
#: Of no use to whoever writes values, and a third of the file.
LEFT_OUT = ("default", "title")
#: Go's expressions do not look ahead, nor count far. At the end, JSON has no newline that `$` would overlook; at the start, it
#: is a `not`.
AT_THE_END = r"(?!\n)"
MOST_REPEATS = 1000
OF_ONE_CLASS = re.compile(r"^\^(?P<class>\[[^]]+\])\{(?P<least>[0-9]+),(?P<most>[0-9]+)\}\$$")
AT_THE_START = re.compile(r"^\^\(\?!(?P<never>.*)\$\)(?P<rest>.*)$", re.DOTALL)


def adapted(node: Any, named: bool = False) -> Any:
    """A schema of 2020-12 as one of draft 7 that Go can read. `named`: the members are names of the user's, not keywords."""
    if isinstance(node, list):
        return [adapted(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: adapted(value, key in ("properties", "$defs"))
        for key, value in node.items()
        if named or key not in LEFT_OUT
    }
    if not named and isinstance(kept.get("$ref"), str):
        kept["$ref"] = kept["$ref"].replace("#/$defs/", "#/definitions/")
    if not named and isinstance(kept.get("pattern"), str):
        kept |= pattern(kept["pattern"])
    return kept


def pattern(expression: str) -> dict[str, Any]:
    expression = expression.removesuffix(AT_THE_END)
    found = AT_THE_START.match(expression)
    rules: dict[str, Any] = {"pattern": expression}
    counted = OF_ONE_CLASS.match(expression)
    if counted and int(counted["most"]) > MOST_REPEATS:
        rules = {
            "pattern": f"^{counted['class']}*$",
            "minLength": int(counted["least"]),
            "maxLength": int(counted["most"]),
        }
    elif found:
        rules = {"pattern": f"^{found['rest']}", "not": {"pattern": f"^{found['never']}$"}}
    if "(?" in rules["pattern"]:
        raise ValueError(f"Helm cannot read the expression {expression}: teach scripts/chart.py how to say it")
    return rules


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((HELM / "schema" / f"{name}.yaml").read_text("utf-8"))
    return found


def values_schema(name: str, title: str) -> dict[str, Any]:
    """The schema of the values of one chart: its own part, and in each section the shared one."""
    parts, own = read("parts"), read(name)
    configuration = adapted(configuration_schema())
    for section, members in parts["shared"].items():
        own["properties"][section]["properties"] |= members
    if name == "chart":
        own["properties"]["gateway"] = read("gateway")
    definitions = configuration["$defs"] | parts["definitions"]
    return {
        "$schema": DRAFT,
        "title": title,
        "type": "object",
        "additionalProperties": False,
        "properties": own["properties"],
        "definitions": definitions,
    }


def as_json(document: Any) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def template(helm: str) -> str:
    """The injection template as the chart renders it by default."""
    asked = [helm, "template", "outrider", str(HELM / "outrider"), "--show-only", SHOWN]
    rendered = subprocess.run(asked, check=True, capture_output=True, text=True, timeout=60).stdout
    return json.dumps(json.loads(yaml.safe_load(rendered)["data"]["template.json"]), indent=2) + "\n"


def golden(helm: str) -> str:
    """Everything that the chart renders by default: what a change of a template changes, for the review."""
    asked = [
        helm,
        "template",
        "outrider",
        str(HELM / "outrider"),
        "--namespace",
        "outrider-system",
        "--kube-version",
        "1.36.0",
    ]
    return subprocess.run(asked, check=True, capture_output=True, text=True, timeout=60).stdout


def component(helm: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A patch that adds the sidecar to any workload, and a ConfigMap with the variables: kustomize needs no more."""
    made = json.loads(template(helm))
    rows = [row for provider in sorted(made["env"]["providers"]) for row in made["env"]["variables"][provider]]
    spec = {"initContainers": [made["container"]], "volumes": made["volumes"]}
    labels = {f"{made['domain']}/inject": "false", f"{made['domain']}/injected": "true"}
    patch = {
        "apiVersion": "any/v1",
        "kind": "Any",
        "metadata": {"name": "any"},
        "spec": {"template": {"metadata": {"labels": labels}, "spec": spec}},
    }
    data = {row["name"]: row["value"].replace("{port}", str(made["port"])) for row in rows}
    return patch, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "outrider-env"}, "data": data}


def as_yaml(document: Any) -> str:
    return f"# Made of the chart by `make chart`.\n{yaml.safe_dump(document, sort_keys=False, width=130)}"


def readme(helm_docs: str) -> str:
    """The chart's README as helm-docs makes it of the comments in values.yaml."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "outrider"
        copy.mkdir()
        for name in ("Chart.yaml", "values.yaml", "README.md.gotmpl"):
            (copy / name).write_bytes((HELM / "outrider" / name).read_bytes())
        subprocess.run([helm_docs, "--chart-search-root", folder, "--log-level", "error"], check=True, timeout=60)
        return (copy / "README.md").read_text("utf-8")


def made(helm: str, helm_docs: str) -> Mapping[Path, Callable[[], str]]:
    """File -> how it is made. The schemas first: Helm checks values by them when it renders the template."""
    return {
        HELM / "outrider" / "values.schema.json": lambda: as_json(
            values_schema("chart", "Values of the chart outrider")
        ),
        HELM / "outrider-lib" / "values.schema.json": lambda: as_json(
            values_schema("library", "Values of the chart outrider-lib")
        ),
        ROOT / "proxy" / "injector" / "template.json": lambda: template(helm),
        COMPONENT / "patch.yaml": lambda: as_yaml(component(helm)[0]),
        COMPONENT / "env.yaml": lambda: as_yaml(component(helm)[1]),
        ROOT / "tests" / "chart" / "default.golden.yaml": lambda: golden(helm),
        HELM / "outrider" / "README.md": lambda: readme(helm_docs),
    }


def outdated(helm: str, helm_docs: str) -> list[Path]:
    """The files that are not what they would be if they were made now."""
    return [
        path for path, make in made(helm, helm_docs).items() if not path.exists() or path.read_text("utf-8") != make()
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, list what is out of date")
    parser.add_argument("--helm", default="helm", help="the program helm, 3 or 4")
    parser.add_argument("--helm-docs", default="helm-docs", help="the program helm-docs")
    asked = parser.parse_args()
    if asked.check:
        found = outdated(asked.helm, asked.helm_docs)
        sys.stdout.write("".join(f"out of date: {path.relative_to(ROOT)}\n" for path in found))
        return 1 if found else 0
    for path, make in made(asked.helm, asked.helm_docs).items():
        path.write_text(make(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
