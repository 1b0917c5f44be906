"""The charts rendered: by which helm, for which Kubernetes, with which values. Each once, for rendering is what takes time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.chart.programs import CHART, run

Document = dict[str, Any]

NEWEST = "1.36.0"
CI = sorted((CHART / "ci").glob("*-values.yaml"))
#: The mode whose certificates are made when the chart is rendered.
CHANGING = "helm-tls-values.yaml"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def text(
    helm: str = "helm4", values: Path | None = None, given: str = "{}", kubernetes: str = NEWEST, chart: Path = CHART
) -> str:
    """What `helm template` writes; `given` are more values, as JSON. A refusal fails the test, with helm's words."""
    ended = run(helm, *arguments(values, kubernetes, chart), given=given)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def arguments(values: Path | None, kubernetes: str, chart: Path) -> Iterator[str | Path]:
    yield from (
        "template",
        "release",
        chart,
        "--namespace",
        "llm-system",
        "--kube-version",
        kubernetes,
        "--values",
        "-",
    )
    if values is not None:
        yield from ("--values", values)


def documents(
    values: Path | None = None, given: Mapping[str, Any] | None = None, kubernetes: str = NEWEST, chart: Path = CHART
) -> list[Document]:
    rendered = text("helm4", values, json.dumps(given or {}), kubernetes, chart)
    return [found for found in yaml.load_all(rendered, LOADER) if found]


def render(given: Mapping[str, Any] | None = None, kind: str = "", name: str = "", **others: Any) -> list[Document]:
    """The documents of one kind, and with `name` those whose names end so."""
    return [
        found
        for found in documents(given=given, **others)
        if found["kind"] == (kind or found["kind"]) and found["metadata"]["name"].endswith(name)
    ]


def refusal(given: Mapping[str, Any], helm: str = "helm4", kubernetes: str = NEWEST, chart: Path = CHART) -> str:
    """Why the chart is not rendered with these values; a rendering fails the test."""
    ended = run(helm, *arguments(None, kubernetes, chart), given=json.dumps(given))
    assert ended.returncode != 0, f"rendered with {json.dumps(given)}"
    return ended.stderr
